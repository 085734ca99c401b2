/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The beginning of a text, and a ring of its end: see log_text.h. */
#include "log_text.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

static ssize_t log_text_write(void *cookie, const char *buf, size_t size)
{
	struct log_text *text = cookie;
	size_t left = size, n;

	n = (size_t)min_u64(left, LOG_TEXT_HEAD - text->head_len);
	memcpy(text->head + text->head_len, buf, n);
	text->head_len += n;
	for (buf += n, left -= n; left; buf += n, left -= n) {
		size_t at = (size_t)(text->tail_len % LOG_TEXT_TAIL);

		n = (size_t)min_u64(left, LOG_TEXT_TAIL - at);
		memcpy(text->tail + at, buf, n);
		text->tail_len += n;
	}
	return (ssize_t)size;
}

struct error *log_text_init(struct log_text *text)
{
	static const cookie_io_functions_t functions = {
		.write = log_text_write };

	*text = (struct log_text){ .head = malloc(LOG_TEXT_HEAD),
				   .tail = malloc(LOG_TEXT_TAIL) };
	text->file = fopencookie(text, "w", functions);
	return text->head && text->tail && text->file ? NULL : error_nomem();
}

void log_text_deinit(struct log_text *text)
{
	if (text->file)
		fclose(text->file);
	free(text->head);
	free(text->tail);
}

/* Where in the ring what is printed begins, as tail_len counts: at a line. */
static uint64_t tail_start(const struct log_text *text)
{
	uint64_t at;

	if (text->tail_len <= LOG_TEXT_TAIL)
		return 0;
	for (at = text->tail_len - LOG_TEXT_TAIL; at < text->tail_len; at++)
		if (text->tail[at % LOG_TEXT_TAIL] == '\n')
			return at + 1;
	return text->tail_len - LOG_TEXT_TAIL;
}

uint64_t log_text_left_out(struct log_text *text)
{
	fflush(text->file);
	return tail_start(text);
}

void log_text_print(struct log_text *text, FILE *file)
{
	uint64_t at = log_text_left_out(text);

	fwrite(text->head, 1, text->head_len, file);
	if (at)
		fprintf(file, "\n[... %llu bytes of the log are left out ...]\n",
			(unsigned long long)at);
	while (at < text->tail_len) {
		size_t from = (size_t)(at % LOG_TEXT_TAIL);
		size_t n = (size_t)min_u64(text->tail_len - at,
					   LOG_TEXT_TAIL - from);

		fwrite(text->tail + from, 1, n, file);
		at += n;
	}
}
