/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a crash without what differs each time: see signature.h. Each step
 * takes the text of the one before, and none makes it longer. */
#include <ctype.h>
#include <string.h>

#include "../base/bytes.h"
#include "signature.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Leaves out [from, to) of a string. */
static void cut(char *from, const char *to)
{
	memmove(from, to, strlen(to) + 1);
}

static void cut_tails(char *text)
{
	/* the word itself is cut off as well, or stays */
	static const struct {
		const char *word;
		bool stays;
	} tails[] = {
		{ " [#", false }, { ", CPU#", false }, { " in process ", false },
		{ "scheduling while atomic:", true }, { "CPUs/tasks:", true },
		{ "{", false },
	};
	char *p, *end = text + strlen(text);

	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		p = strstr(text, tails[i].word);
		if (p)
			p[tails[i].stays ? strlen(tails[i].word) : 0] = '\0';
	}
	/* "[kworker/0:1:123]": a name may hold anything */
	end = text + strlen(text);
	p = strstr(text, " [");
	if (p && end[-1] == ']') {
		for (end--; end > p && isdigit((unsigned char)end[-1]); end--)
			;
		if (end[-1] == ':' && *end != ']')
			*p = '\0';
	}
}

static void cut_names(char *text)
{
	char *p = strstr(text, "task "), *end;

	end = p ? strstr(p, " blocked for ") : NULL;
	if (end)
		cut(p + 5, end + 1);
	p = strstr(text, "(device ");
	end = p ? strchr(p, ')') : NULL;
	if (end)
		cut(p + 7, end);
	p = strstr(text, "CPU: ");
	end = p ? strstr(p, " PID: ") : NULL;
	if (end && isdigit((unsigned char)end[6])) {
		for (end += 6; isdigit((unsigned char)*end); end++)
			;
		cut(p, end + (*end == ' '));
	}
	for (p = strchr(text, '"'); p; p = strchr(p + 2, '"')) {
		end = strchr(p + 1, '"');
		if (!end)
			break;
		cut(p + 1, end);
	}
}

/* "/build/linux-6.1/mm/slub.c:379" becomes "slub.c:379". */
static void cut_paths(char *text)
{
	for (char *word = text; *word;) {
		size_t len = strcspn(word, " ");
		char *colon = memchr(word, ':', len);
		char *slash = colon ? memrchr(word, '/',
					      (size_t)(colon - word)) : NULL;
		const char *dot = slash ? memchr(slash, '.',
						 (size_t)(colon - slash)) :
				  NULL;

		if (dot && isdigit((unsigned char)colon[1])) {
			len -= (size_t)(slash + 1 - word);
			cut(word, slash + 1);
		}
		word += len;
		word += *word == ' ';
	}
}

/* Behind "+0x1/0x2" at P; P if that is not there. */
static const char *skip_offset(const char *p)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	const char *q = p;

	if (strncmp(q, "+0x", 3))
		return p;
	q += 3 + strspn(q + 3, hex);
	if (!strncmp(q, "/0x", 3))
		q += 3 + strspn(q + 3, hex);
	return q;
}

/* How many bytes of the word at P, which begins there, are a number. */
static size_t number_len(const char *p)
{
	size_t decimal = strspn(p, "0123456789");
	size_t hex = strspn(p, "0123456789abcdef");

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		return 2 + strspn(p + 2, "0123456789abcdefABCDEF");
	if (!is_word(p[hex]) && (hex >= 8 || (hex >= 4 &&
	    strcspn(p, "0123456789") < hex)))
		return hex;
	return decimal;
}

/* Numbers, offsets and white space; into RET. */
static void rewrite(const char *p, char *ret)
{
	static const char hidden[] = "(____ptrval____)";
	bool starts = true;	/* a word may begin here */
	char *out = ret;

	while (*p) {
		const char *q = out > ret ? skip_offset(p) : p;
		size_t len = starts ? number_len(p) : 0;

		if (!strncmp(p, hidden, strlen(hidden)))
			len = strlen(hidden);
		if (q > p) {
			p = q;
		} else if (len) {
			p += len;
			if (out == ret || out[-1] != '#')
				*out++ = '#';
			starts = false;
		} else if (isspace((unsigned char)*p)) {
			p++;
			if (out > ret && out[-1] != ' ')
				*out++ = ' ';
			starts = true;
		} else {
			*out++ = *p++;
			starts = !is_word(out[-1]) ||
				 (out - ret >= 3 &&
				  !strncasecmp(out - 3, "cpu", 3));
		}
	}
	while (out > ret && strchr(" :,.!#-", out[-1]))
		out--;
	*out = '\0';
}

void signature_kind(const char *text, size_t len, char *ret)
{
	char work[CRASH_LINE_MAX + 1];

	len = (size_t)min_u64(len, CRASH_LINE_MAX);
	memcpy(work, text, len);
	work[len] = '\0';
	cut_tails(work);
	cut_names(work);
	cut_paths(work);
	rewrite(work, ret);
}
