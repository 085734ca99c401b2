/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Untrusted text and numbers people write: see text.h. */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The length of the valid UTF-8 sequence at TEXT (1-4), 0 if there is none.
 * Overlong forms and surrogates are not valid (RFC 3629).
 */
static size_t utf8_len(const unsigned char *text, size_t len, uint32_t *ret)
{
	size_t n = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 :
		   text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 :
		   text[0] < 0xf5 ? 4 : 0;
	uint32_t code;

	if (!n || n > len)
		return 0;
	code = n == 1 ? text[0] : text[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret = code;
	return n;
}

/* What can drive a terminal: C0, DEL, C1, and the characters that turn or
 * hide text (Unicode's bidirectional and line controls). */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

void text_print_escaped(FILE *file, const char *text, size_t len,
			int keep_lines)
{
	const unsigned char *p = (const unsigned char *)text;

	while (len) {
		uint32_t code = 0;
		size_t n = utf8_len(p, len, &code);

		if (n && (!is_control(code) ||
			  (keep_lines && (code == '\n' || code == '\t')))) {
			fwrite(p, 1, n, file);
		} else {
			n = n ? n : 1;
			for (size_t i = 0; i < n; i++)
				fprintf(file, "\\x%02x", p[i]);
		}
		p += n;
		len -= n;
	}
}

char *text_escape(const char *text, size_t len)
{
	char *buf = NULL;
	size_t size;
	FILE *file = open_memstream(&buf, &size);

	if (!file)
		return NULL;
	text_print_escaped(file, text, len, 0);
	if (fclose(file)) {
		free(buf);
		return NULL;
	}
	return buf;
}

void text_print_json(FILE *file, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	fputc('"', file);
	while (len) {
		uint32_t code = 0;
		size_t n = utf8_len(p, len, &code);

		if (!n) {
			fprintf(file, "\\u%04x", *p);
			n = 1;
		} else if (code == '"' || code == '\\') {
			fprintf(file, "\\%c", (int)code);
		} else if (is_control(code)) {
			fprintf(file, "\\u%04x", code);
		} else {
			fwrite(p, 1, n, file);
		}
		p += n;
		len -= n;
	}
	fputc('"', file);
}

struct error *text_parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t v;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	errno = 0;
	v = strtoull(text, &end, hex ? 16 : 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return error_create(ERROR_USAGE, "'%s' is not a number", text);
	if (v > max)
		return error_create(ERROR_USAGE, "%s is more than %llu", text,
				    (unsigned long long)max);
	*ret = v;
	return NULL;
}

struct error *text_parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	const char *unit;
	unsigned shift = 0;
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno)
		goto bad;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			goto bad;
		shift = 10 * (unsigned)(unit - units + 1);
	}
	if (v > UINT64_MAX >> shift)
		goto bad;
	*ret = v << shift;
	return NULL;
bad:
	return error_create(ERROR_USAGE,
			    "'%s' is not a size (a number, then K, M, G or T)",
			    text);
}

const char *text_size(uint64_t size, char *buf)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB",
					 "PiB", "EiB" };
	double v = (double)size;
	unsigned i = 0;

	while (v >= 1024 && i < 6) {
		v /= 1024;
		i++;
	}
	snprintf(buf, 16, i ? "%.1f %s" : "%.0f %s", v, units[i]);
	return buf;
}
