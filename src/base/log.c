/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages and warnings: see log.h. */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

#define MAX_WARNINGS 1000
#define PATIENCE_MS 5000	/* a serial line of 9600 baud sends 4 KiB */

void log_init(struct log *log, FILE *file, unsigned levels)
{
	*log = (struct log){ .file = file, .levels = levels };
}

void log_deinit(struct log *log)
{
	for (size_t i = 0; i < log->nr_warnings; i++)
		free(log->warnings[i]);
	free(log->warnings);
	log->warnings = NULL;
	log->nr_warnings = 0;
}

static void end_line(struct log *log)
{
	if (log->line_open)
		fputc('\n', log->file);
	log->line_open = false;
}

/* Without memory for more: cut off, and with ? for what is not ASCII. */
static void print_poorly(struct log *log, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	for (char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	fprintf(log->file, "%s\n", text);
}

bool log_ready(const struct log *log, int ms)
{
	struct pollfd pollfd = { fileno(log->file), POLLOUT, 0 };
	struct stat st;

	/* nothing else blocks, and /dev/kmsg never says that it is ready */
	if (fstat(pollfd.fd, &st) || !(S_ISFIFO(st.st_mode) ||
				       S_ISSOCK(st.st_mode) ||
				       isatty(pollfd.fd)))
		return true;
	return TEMP_FAILURE_RETRY(poll(&pollfd, 1, ms));
}

/* A message is one line whatever names it quotes, and drives no terminal. */
void log_print(struct log *log, enum log_level level, const char *fmt, ...)
{
	char *text, *escaped = NULL;
	va_list args;

	if (!(log->levels & level))
		return;
	log->stuck = !log_ready(log, log->stuck ? 0 : PATIENCE_MS);
	if (log->stuck)
		return;
	end_line(log);
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) >= 0) {
		escaped = text_escape(text, strlen(text));
		free(text);
	}
	va_end(args);
	va_start(args, fmt);
	if (escaped)
		fprintf(log->file, "%s\n", escaped);
	else
		print_poorly(log, fmt, args);
	va_end(args);
	free(escaped);
	fflush(log->file);
}

/* Whether it is to be shown: it is not there already, nor are there too many. *KEPT: TEXT
 * was taken over, for which there may be no memory. */
static bool keep_warning(struct log *log, char *text, bool *kept)
{
	char **more;

	*kept = false;
	for (size_t i = 0; i < log->nr_warnings; i++)
		if (!strcmp(log->warnings[i], text))
			return false;
	if (log->nr_warnings >= MAX_WARNINGS)
		return false;
	more = realloc(log->warnings, (log->nr_warnings + 1) * sizeof(*more));
	if (!more)
		return true;
	log->warnings = more;
	log->warnings[log->nr_warnings++] = text;
	*kept = true;
	return true;
}

void log_warn(struct log *log, const char *fmt, ...)
{
	char cut[512], *text;
	bool kept = true;
	va_list args;
	int n;

	if (!log)
		return;
	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {	/* no memory is what it may be about */
		va_start(args, fmt);
		vsnprintf(cut, sizeof(cut), fmt, args);
		va_end(args);
		text = cut;
	}
	if (n < 0 || keep_warning(log, text, &kept))
		log_print(log, LOG_ERROR, "warning: %s", text);
	if (!kept)
		free(text);
}
