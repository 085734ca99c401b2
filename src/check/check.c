/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of checks, and what they say with: see check.h. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"

/* In the order in which they are told. */
static const struct check checks[] = {
	{ "crash-kernel", check_crash_kernel },
	{ "reservation", check_reservation },
	{ "fadump", check_fadump },
	{ "initramfs", check_initramfs },
	{ "target", check_target },
	{ "encryption", check_encryption },
	{ "hotplug", check_hotplug },
	{ "device-memmap", check_device_memmap },
	{ "acpi", check_acpi },
};

_Static_assert(sizeof(checks) / sizeof(checks[0]) == NR_CHECKS,
	       "struct check_report has another number of them");

static struct error *run_one(const struct check *check,
			     const struct check_machine *machine,
			     struct check_result *ret)
{
	struct error *err;

	ret->check = check;
	ret->nr = 0;
	err = check->run(machine, ret);
	if (!err || error_kind(err) == ERROR_NOMEM ||
	    error_kind(err) == ERROR_STOPPED)
		return err;
	check_say(ret, CHECK_NOTICE, "unreadable", "this can't be told: %s",
		  error_message(err));
	error_destroy(err);
	return NULL;
}

struct error *check_run(const struct check_machine *machine,
			struct check_report *ret)
{
	for (unsigned i = 0; i < NR_CHECKS; i++)
		TRY(run_one(&checks[i], machine, &ret->results[i]));
	return NULL;
}

enum check_severity check_worst(const struct check_result *result)
{
	enum check_severity worst = CHECK_OK;

	for (unsigned i = 0; i < result->nr; i++)
		if (result->findings[i].severity > worst)
			worst = result->findings[i].severity;
	return worst;
}

enum check_severity check_report_worst(const struct check_report *report)
{
	enum check_severity worst = CHECK_OK;

	for (unsigned i = 0; i < NR_CHECKS; i++)
		if (check_worst(&report->results[i]) > worst)
			worst = check_worst(&report->results[i]);
	return worst;
}

const char *check_severity_name(enum check_severity severity)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok",
		[CHECK_NOTICE] = "notice",
		[CHECK_WARNING] = "warning",
		[CHECK_FATAL] = "fatal",
	};

	return names[severity];
}

static void add(struct check_result *result, enum check_severity severity,
		const char *id, const char *fmt, va_list args)
{
	struct check_finding *finding;

	if (result->nr == CHECK_MAX_FINDINGS)
		return;
	finding = &result->findings[result->nr++];
	finding->id = id;
	finding->severity = severity;
	finding->fix[0] = '\0';
	vsnprintf(finding->text, sizeof(finding->text), fmt, args);
}

void check_say(struct check_result *result, enum check_severity severity,
	       const char *id, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(result, severity, id, fmt, args);
	va_end(args);
}

void check_good(struct check_result *result, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(result, CHECK_OK, result->check->name, fmt, args);
	va_end(args);
}

void check_fix(struct check_result *result, const char *fmt, ...)
{
	struct check_finding *last = &result->findings[result->nr - 1];
	va_list args;

	va_start(args, fmt);
	/* half a command is none */
	if (vsnprintf(last->fix, sizeof(last->fix), fmt, args) >=
	    (int)sizeof(last->fix))
		last->fix[0] = '\0';
	va_end(args);
}

const char *check_quote(const char *word, char buf[CHECK_WORD_SIZE])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ/._-+=:,@%";
	size_t len = strlen(word), used = 0;

	if (len && len < CHECK_WORD_SIZE && strspn(word, plain) == len)
		return memcpy(buf, word, len + 1);
	buf[used++] = '\'';
	for (const char *p = word; *p; p++) {
		/* the longest, the last quote and the end */
		if (used + 6 > CHECK_WORD_SIZE)
			return strcpy(buf, "...");
		if (*p == '\'') {
			memcpy(buf + used, "'\\'", 3);
			used += 3;
		}
		buf[used++] = *p;
	}
	strcpy(buf + used, "'");
	return buf;
}
