/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --time: what it takes, and when the clock is set to what. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "../../src/capture/clock.h"
#include "../../src/base/error.h"
#include "unit.h"

static time_t now, set_to;
static int set_errno;

time_t time(time_t *ret)
{
	if (ret)
		*ret = now;
	return now;
}

int clock_settime(clockid_t clock, const struct timespec *to)
{
	CHECK(clock == CLOCK_REALTIME);
	errno = set_errno;
	set_to = to->tv_sec;
	return set_errno ? -1 : 0;
}

static void check_parsed(void)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{ "@0", 0 },
		{ "@1763638800", 1763638800 },
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2024-02-29T23:59:59Z", 1709251199 },
		{ "2026-11-20T10:00:00Z", 1795168800 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	static const char *const bad[] = {
		"", "@", "@-1", "@1x", "@99999999999999999999", "now", "crash ",
		"2026-11-20", "2026-11-20T10:00:00", "2026-11-20T10:00:00+01",
		"2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z",
		"2026-11-20T24:00:00Z", "2026-11-20T10:60:00Z",
		"2026-11-20T10:00:60Z", "1969-12-31T23:59:59Z",
		"2026-11-20 10:00:00Z", "2026-1-20T010:00:00Z",
	};
	struct clock_wanted wanted;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		CHECK_OK(clock_parse(good[i].text, &wanted));
		CHECK(wanted.source == CLOCK_GIVEN &&
		      wanted.seconds == good[i].seconds);
	}
	CHECK_OK(clock_parse("crash", &wanted));
	CHECK(wanted.source == CLOCK_CRASH);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error *err = clock_parse(bad[i], &wanted);

		CHECK(err && error_kind(err) == ERROR_USAGE);
		error_destroy(err);
	}
}

/* What the clock is set to at NOW; -1: it is not, and no error. */
static time_t set(enum clock_source source, time_t at, uint64_t crash_time)
{
	const struct clock_wanted wanted = { source, 5000 };
	struct log log = { .levels = 0 };

	now = at;
	set_to = -1;
	CHECK_OK(clock_set(&wanted, crash_time, &log));
	return set_to;
}

static void check_set(void)
{
	const struct clock_wanted wanted = { CLOCK_CRASH, 0 };
	struct log log = { .levels = 0 };
	struct error *err;

	CHECK(set(CLOCK_AS_IT_IS, 100, 1000000) == -1);
	CHECK(set(CLOCK_GIVEN, 100, 0) == 5000);
	CHECK(set(CLOCK_GIVEN, 5000, 1000000) == 5000);
	CHECK(set(CLOCK_CRASH, 100, 1000000) == 1000000);
	CHECK(set(CLOCK_CRASH, 999999, 1000000) == 1000000);
	CHECK(set(CLOCK_CRASH, 1000000, 1000000) == -1);
	CHECK(set(CLOCK_CRASH, 1086399, 1000000) == -1);
	CHECK(set(CLOCK_CRASH, 1086400, 1000000) == 1000000);
	err = clock_set(&wanted, 0, &log);
	CHECK(err && strstr(error_message(err), "does not say when"));
	error_destroy(err);
	set_errno = EPERM;
	now = 100;
	err = clock_set(&wanted, 1000000, &log);
	CHECK(err && strstr(error_message(err), "1970-01-12T13:46:40Z"));
	CHECK(err && strstr(error_message(err), "not permitted"));
	error_destroy(err);
}

int main(void)
{
	check_parsed();
	check_set();
	return unit_end();
}
