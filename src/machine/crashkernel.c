/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crashkernel= as the kernel reads it: see crashkernel.h. Words end at a blank
 * and nothing else; the kernel looks for "crashkernel=" anywhere in the line,
 * in the middle of another word, too.
 */
#include "crashkernel.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME "crashkernel="
#define ROUND (128ull << 20)	/* firmware keeps some memory for itself */

enum suffix { HIGH, LOW, CMA, NO_SUFFIX, NR_SUFFIXES };

static const char *const suffixes[NR_SUFFIXES] = { ",high", ",low", ",cma", "" };

static unsigned digit_value(char c)
{
	if (isdigit((unsigned char)c))
		return (unsigned)(c - '0');
	return isxdigit((unsigned char)c) ?
	       (unsigned)(tolower((unsigned char)c) - 'a' + 10) : 99;
}

uint64_t crashkernel_number(const char *text, const char **end)
{
	static const char units[] = "kmgtpe";
	unsigned radix = 10;
	const char *p = text, *unit;
	uint64_t v = 0;

	if (*p == '0') {
		radix = 8;
		if (tolower((unsigned char)p[1]) == 'x' &&
		    isxdigit((unsigned char)p[2])) {
			radix = 16;
			p += 2;
		}
	}
	for (; digit_value(*p) < radix; p++)
		v = v * radix + digit_value(*p);
	*end = p;
	if (p == text || !*p)
		return v;
	unit = strchr(units, tolower((unsigned char)*p));
	if (unit) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);

		(*end)++;
		v = v > UINT64_MAX >> shift ? UINT64_MAX : v << shift;
	}
	return v;
}

static struct crashkernel_word word_at(const char *text)
{
	return (struct crashkernel_word){ text, strcspn(text, " ") };
}

static enum suffix suffix_of(struct crashkernel_word word, unsigned takes)
{
	for (unsigned i = 0; i < NO_SUFFIX; i++) {
		size_t len = strlen(suffixes[i]);

		if (i == CMA && (takes & CRASHKERNEL_NO_CMA))
			continue;
		if (word.len >= len &&
		    !memcmp(word.text + word.len - len, suffixes[i], len))
			return (enum suffix)i;
	}
	return NO_SUFFIX;
}

static bool invalid(struct crashkernel *ret, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Says why; always false. */
static bool invalid(struct crashkernel *ret, const char *fmt, ...)
{
	va_list args;

	ret->verdict = CRASHKERNEL_INVALID;
	va_start(args, fmt);
	vsnprintf(ret->why, sizeof(ret->why), fmt, args);
	va_end(args);
	return false;
}

/* SIZE, then what the word must end with: ",high" and the like. */
static bool parse_suffixed(struct crashkernel *ret,
			   struct crashkernel_word word, enum suffix suffix,
			   uint64_t *size)
{
	const char *value = word.text + strlen(NAME), *end;
	const char *want = suffixes[suffix];
	size_t len = strlen(want);

	*size = crashkernel_number(value, &end);
	if (end == value)
		return invalid(ret, "there is no size before %s", want);
	if (strncmp(end, want, len) || (end[len] && end[len] != ' '))
		return invalid(ret, "between the size and %s stands what does not belong there",
			       want);
	return true;
}

/* One range of the form START-[END]:SIZE; *P is moved behind it. */
static bool parse_range(struct crashkernel *ret, const char **p, uint64_t ram,
			uint64_t *size, bool *match)
{
	uint64_t start, last = UINT64_MAX;
	const char *end;

	start = crashkernel_number(*p, &end);
	if (end == *p)
		return invalid(ret, "a range begins without a number");
	if (*end != '-')
		return invalid(ret, "a range has no \"-\" after its start");
	*p = end + 1;
	if (**p != ':') {
		last = crashkernel_number(*p, &end);
		if (end == *p)
			return invalid(ret, "a range ends without a number");
		*p = end;
		if (last <= start)
			return invalid(ret, "a range ends where it starts, or below");
	}
	if (**p != ':')
		return invalid(ret, "a range has no \":\" before its size");
	(*p)++;
	*size = crashkernel_number(*p, &end);
	if (end == *p)
		return invalid(ret, "a range has no size");
	*p = end;
	if (*size >= ram)
		return invalid(ret, "a size is as large as all memory, or larger");
	*match = ram >= start && ram < last;
	return true;
}

/* RANGE:SIZE[,RANGE:SIZE...][@BASE]: the first range that holds the size of
 * memory counts, and those behind it are not looked at. */
static bool parse_ranges(struct crashkernel *ret, uint64_t ram, unsigned takes)
{
	const char *p = ret->main.text + strlen(NAME), *end;
	bool match = false;
	uint64_t size = 0;

	if (!(takes & CRASHKERNEL_NO_ROUND))
		ram += (ROUND - ram % ROUND) % ROUND;
	do {
		if (!parse_range(ret, &p, ram, &size, &match))
			return false;
	} while (!match && *p++ == ',');
	if (!match)
		return invalid(ret, "no range is for a machine with %llu MiB",
			       (unsigned long long)(ram >> 20));
	if (!size)
		return invalid(ret, "the range for a machine with %llu MiB has size 0",
			       (unsigned long long)(ram >> 20));
	ret->size = size;
	p += strcspn(p, " @");
	if (*p != '@')
		return true;
	ret->base = crashkernel_number(p + 1, &end);
	return end != p + 1 || invalid(ret, "there is no number after \"@\"");
}

/* SIZE[@BASE]; whatever follows BASE is not looked at. */
static bool parse_simple(struct crashkernel *ret, unsigned takes)
{
	const char *value = ret->main.text + strlen(NAME), *end;

	ret->size = crashkernel_number(value, &end);
	if (end == value)
		return invalid(ret, "there is no size");
	if (*end == '@')
		ret->base = crashkernel_number(end + 1, &end);
	else if ((takes & CRASHKERNEL_NO_CMA) && suffix_of(ret->main, 0) == CMA)
		return invalid(ret, "kernels before 6.17 know no ,cma and take this for a bad crashkernel=SIZE");
	else if (*end && *end != ' ')
		return invalid(ret, "after the size stands what does not belong there");
	return true;
}

static void ignore(struct crashkernel *ret, struct crashkernel_word word)
{
	if (ret->nr_ignored < CRASHKERNEL_MAX_IGNORED)
		ret->ignored[ret->nr_ignored] = word;
	ret->nr_ignored++;
}

/* The last word of each suffix; the others have no effect. */
static void find_words(const char *cmdline, unsigned takes,
		       struct crashkernel *ret,
		       struct crashkernel_word found[NR_SUFFIXES])
{
	const char *p = cmdline;

	while ((p = strstr(p, NAME))) {
		struct crashkernel_word word = word_at(p);
		enum suffix suffix = suffix_of(word, takes);

		if (found[suffix].len)
			ignore(ret, found[suffix]);
		found[suffix] = word;
		p++;
	}
}

static bool parse_low(struct crashkernel *ret, struct crashkernel_word low,
		      unsigned takes)
{
	struct crashkernel scratch = { 0 };

	if (!low.len)
		return true;
	if ((takes & CRASHKERNEL_LENIENT) &&
	    !parse_suffixed(&scratch, low, LOW, &ret->low_size)) {
		ret->low_size = 0;
		ignore(ret, low);
		return true;
	}
	ret->low = low;
	ret->low_given = true;
	return parse_suffixed(ret, low, LOW, &ret->low_size);
}

static bool parse_high(struct crashkernel *ret, struct crashkernel_word high,
		       struct crashkernel_word low, unsigned takes)
{
	ret->main = high;
	ret->high = true;
	if (!parse_suffixed(ret, high, HIGH, &ret->size))
		return false;
	if (!ret->size)
		return invalid(ret, "the size of ,high is 0");
	return parse_low(ret, low, takes);
}

static bool parse_plain(struct crashkernel *ret, uint64_t ram, unsigned takes)
{
	bool ok = memchr(ret->main.text, ':', ret->main.len) ?
		  parse_ranges(ret, ram, takes) : parse_simple(ret, takes);

	if (ok && !ret->size)
		return invalid(ret, "its size is 0");
	return ok;
}

static bool parse_main(struct crashkernel *ret, uint64_t ram, unsigned takes,
		       const struct crashkernel_word found[NR_SUFFIXES])
{
	if (found[NO_SUFFIX].len) {
		ret->main = found[NO_SUFFIX];
		if (parse_plain(ret, ram, takes))
			return !(takes & CRASHKERNEL_LENIENT) ||
			       parse_low(ret, found[LOW], takes);
		if (!(takes & CRASHKERNEL_LENIENT) || !found[HIGH].len)
			return false;
		ignore(ret, ret->main);
		ret->verdict = CRASHKERNEL_OK;
		ret->base = 0;
	}
	if (found[HIGH].len && !(takes & CRASHKERNEL_TAKES_HIGH))
		return invalid(ret, "this kernel knows no ,high, and there is no crashkernel=SIZE");
	if (!found[HIGH].len)
		return invalid(ret, "there is neither a crashkernel=SIZE nor a ,high: the other forms only add to those");
	return parse_high(ret, found[HIGH], found[LOW], takes);
}

/* Of a bad ,cma the kernel keeps the number that it had read by then. */
static void parse_cma(struct crashkernel *ret, struct crashkernel_word cma)
{
	struct crashkernel scratch = { 0 };

	parse_suffixed(&scratch, cma, CMA, &ret->cma_size);
	if (ret->cma_size)
		ret->cma = cma;
	else
		ignore(ret, cma);
}

void crashkernel_parse(const char *cmdline, uint64_t ram, unsigned takes,
		       struct crashkernel *ret)
{
	struct crashkernel_word found[NR_SUFFIXES] = { { 0 } };
	bool ok;

	*ret = (struct crashkernel){ .verdict = CRASHKERNEL_NONE };
	find_words(cmdline, takes, ret, found);
	if (!found[HIGH].len && !found[LOW].len && !found[CMA].len &&
	    !found[NO_SUFFIX].len)
		return;
	ret->verdict = CRASHKERNEL_OK;
	ok = parse_main(ret, ram, takes, found);
	if (!ret->high && found[HIGH].len)
		ignore(ret, found[HIGH]);
	if (!ret->high && found[LOW].len &&
	    (!ok || !(takes & CRASHKERNEL_LENIENT)))
		ignore(ret, found[LOW]);
	if (found[CMA].len && !(takes & CRASHKERNEL_TAKES_CMA))
		ignore(ret, found[CMA]);
	else if (found[CMA].len)
		parse_cma(ret, found[CMA]);
	if (ok && ret->size >= ram && !(takes & CRASHKERNEL_ANY_SIZE))
		invalid(ret, "its size is as large as all memory, or larger");
}
