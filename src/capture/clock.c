/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Setting the clock: see clock.h. */
#include "clock.h"

#include <string.h>
#include <time.h>

#include "../base/error.h"

#define DAY 86400
#define SECONDS_MAX 253402300799ull	/* 9999-12-31T23:59:59Z */

static struct error *wrong(const char *text)
{
	return error_create(ERROR_USAGE,
			    "--time takes crash, YYYY-MM-DDThh:mm:ssZ or @seconds since 1970, not \"%s\"",
			    text);
}

static struct error *parse_seconds(const char *text, uint64_t *ret)
{
	const char *digits = text + 1;

	*ret = 0;
	for (; *digits >= '0' && *digits <= '9'; digits++) {
		*ret = *ret * 10 + (uint64_t)(*digits - '0');
		if (*ret > SECONDS_MAX)
			return wrong(text);
	}
	return *digits || digits == text + 1 ? wrong(text) : NULL;
}

struct error *clock_parse(const char *text, struct clock_wanted *ret)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm tm = { 0 }, same;
	time_t seconds;

	*ret = (struct clock_wanted){ CLOCK_CRASH, 0 };
	if (!strcmp(text, "crash"))
		return NULL;
	ret->source = CLOCK_GIVEN;
	if (*text == '@')
		return parse_seconds(text, &ret->seconds);
	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' :
		    text[i] != form[i])
			return wrong(text);
	if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return wrong(text);
	same = tm;
	seconds = timegm(&tm);
	/* there is no 30th of February */
	if (seconds < 0 || tm.tm_mday != same.tm_mday ||
	    tm.tm_hour != same.tm_hour || tm.tm_min != same.tm_min ||
	    tm.tm_sec != same.tm_sec)
		return wrong(text);
	ret->seconds = (uint64_t)seconds;
	return NULL;
}

static void print(time_t seconds, char text[32])
{
	struct tm tm;

	strcpy(text, "?");
	if (gmtime_r(&seconds, &tm))
		strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

struct error *clock_set(const struct clock_wanted *wanted, uint64_t crash_time,
			struct log *log)
{
	struct timespec to = { .tv_sec = (time_t)wanted->seconds };
	time_t now = time(NULL);
	char text[2][32];

	if (wanted->source == CLOCK_AS_IT_IS)
		return NULL;
	if (wanted->source == CLOCK_CRASH) {
		to.tv_sec = (time_t)crash_time;
		if (!crash_time || crash_time > SECONDS_MAX)
			return error_create(ERROR_UNSUPPORTED,
					    "--time crash: the vmcore does not say when the machine crashed: give a time, as in --time 2026-11-20T10:00:00Z");
		if (now >= to.tv_sec && now - to.tv_sec < DAY)
			return NULL;
	}
	print(now, text[0]);
	print(to.tv_sec, text[1]);
	if (clock_settime(CLOCK_REALTIME, &to))
		return error_create(ERROR_UNSUPPORTED,
				    "--time: this machine's clock can't be set to %s: %m",
				    text[1]);
	log_print(log, LOG_MESSAGE, "This machine's clock was at %s: it is set to %s.",
		  text[0], text[1]);
	return NULL;
}
