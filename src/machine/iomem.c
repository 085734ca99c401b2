/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/iomem and its like: see iomem.h. */
#include "iomem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"
#include "machine_file.h"

#define PAGE 4096	/* memblock never gives out the first page */

/* A line without its end, blanks and comment. */
struct line {
	const char *text;
	size_t len;
	unsigned number;	/* from 1 */
	bool indented;
};

static const char *const kind_words[NR_IOMEM_KINDS] = {
	[IOMEM_RAM] = "ram",
	[IOMEM_KERNEL] = "kernel",
	[IOMEM_RESERVED] = "reserved",
	[IOMEM_CRASH] = "crash",
};

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(text, word, len);
}

static bool begins(const char *text, size_t len, const char *word)
{
	return len >= strlen(word) && !strncmp(text, word, strlen(word));
}

/* Room is made by the caller. Memory that ends at 2^64 loses its last byte. */
static void add(struct iomem *iomem, uint64_t paddr, uint64_t last,
		enum iomem_kind kind)
{
	iomem->ranges[iomem->nr++] = (struct iomem_range){
		paddr, last == UINT64_MAX ? last : last + 1, kind };
}

static struct error *bad_line(const struct line *line, const char *why)
{
	AUTO_FREE char *text = text_escape(line->text, line->len < 80 ?
					   line->len : 80);

	return error_create(ERROR_INVALID, "line %u: %s: \"%s\"",
			    line->number, why, text ? text : "");
}

static bool parse_hex(const char **p, const char *end, uint64_t *ret)
{
	const char *start = *p;

	for (*ret = 0; *p < end && isxdigit((unsigned char)**p); (*p)++) {
		char digit = (char)tolower((unsigned char)**p);

		*ret = *ret << 4 | (uint64_t)(digit <= '9' ? digit - '0' :
					      digit - 'a' + 10);
	}
	return *p > start && *p - start <= 16;
}

/*
 * The names: Linux 7.2 kernel/crash_reserve.c, arch/arm64/kernel/setup.c,
 * arch/x86/kernel/setup.c, arch/riscv/kernel/setup.c (that capitalises them
 * differently), arch/s390/kernel/setup.c.
 */
static void add_named(struct iomem *iomem, uint64_t paddr, uint64_t last,
		      const char *name, size_t len, bool indented)
{
	if (is_word(name, len, "System RAM") && !indented) {
		add(iomem, paddr, last, IOMEM_RAM);
	} else if (begins(name, len, "Crash kernel")) {
		add(iomem, paddr, last, IOMEM_CRASH);
		/* s390x takes it out of its memory */
		add(iomem, paddr, last, IOMEM_RAM);
	} else if (begins(name, len, "Kernel ") && indented) {
		add(iomem, paddr, last, IOMEM_KERNEL);
	} else if (is_word(name, len, "reserved") && indented) {
		add(iomem, paddr, last, IOMEM_RESERVED);
	}
}

/* One of /proc/iomem's; false if it is none. */
static bool parse_proc_line(struct iomem *iomem, const struct line *line)
{
	const char *p = line->text, *end = p + line->len;
	uint64_t paddr, last;

	if (!parse_hex(&p, end, &paddr) || p == end || *p++ != '-' ||
	    !parse_hex(&p, end, &last) || end - p < 3 || memcmp(p, " : ", 3))
		return false;
	p += 3;
	if (last >= paddr && last)
		add_named(iomem, paddr, last, p, (size_t)(end - p),
			  line->indented);
	return true;
}

/* An address or a size: decimal or 0x..., and K M G T. */
static bool parse_amount(const char *text, size_t len, uint64_t *ret)
{
	static const char units[] = "KMGT";
	char number[32];
	const char *unit = NULL;
	unsigned shift;
	bool bad;
	struct error *err;

	if (!len || len >= sizeof(number))
		return false;
	memcpy(number, text, len);
	number[len] = '\0';
	unit = strchr(units, toupper((unsigned char)number[len - 1]));
	shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (unit)
		number[len - 1] = '\0';
	err = text_parse_number(number, UINT64_MAX >> shift, ret);
	bad = err;
	error_destroy(err);
	*ret <<= bad ? 0 : shift;
	return !bad;
}

/* START-LAST=KIND or START+SIZE=KIND. */
static struct error *parse_plain_line(struct iomem *iomem,
				      const struct line *line)
{
	const char *equals = memchr(line->text, '=', line->len);
	const char *word = equals + 1, *mark;
	size_t len = equals ? (size_t)(equals - line->text) : 0, word_len;
	uint64_t paddr, last;

	if (!equals)
		return bad_line(line, "neither \"START-END : NAME\" nor START-END=KIND");
	word_len = line->len - len - 1;
	mark = memchr(line->text, '-', len);
	if (!mark)
		mark = memchr(line->text, '+', len);
	if (!mark ||
	    !parse_amount(line->text, (size_t)(mark - line->text), &paddr) ||
	    !parse_amount(mark + 1, (size_t)(equals - mark - 1), &last))
		return bad_line(line, "no START-END or START+SIZE before \"=\"");
	if (*mark == '+' && (!last || add_overflows(paddr, last - 1, &last)))
		return bad_line(line, "the size is 0 or too large");
	if (last < paddr)
		return bad_line(line, "the end is below the start");
	for (unsigned kind = 0; kind < NR_IOMEM_KINDS; kind++) {
		if (!is_word(word, word_len, kind_words[kind]))
			continue;
		add(iomem, paddr, last, (enum iomem_kind)kind);
		return NULL;
	}
	return bad_line(line, "the kind is none of ram, kernel, reserved, crash");
}

static int compare(const void *a, const void *b)
{
	const struct iomem_range *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->paddr < y->paddr ? -1 : x->paddr > y->paddr;
}

/* Joins what overlaps or touches, and finds where each kind begins. */
static void settle(struct iomem *iomem)
{
	size_t nr = 0;

	qsort(iomem->ranges, iomem->nr, sizeof(*iomem->ranges), compare);
	for (size_t i = 0; i < iomem->nr; i++) {
		struct iomem_range *range = &iomem->ranges[i];
		struct iomem_range *before = nr ? &iomem->ranges[nr - 1] : NULL;

		if (range->paddr == range->end)
			continue;
		if (before && before->kind == range->kind &&
		    before->end >= range->paddr)
			before->end = max_u64(before->end, range->end);
		else
			iomem->ranges[nr++] = *range;
	}
	iomem->nr = nr;
	for (size_t kind = 0, i = 0; kind <= NR_IOMEM_KINDS; kind++) {
		while (i < nr && iomem->ranges[i].kind < kind)
			i++;
		iomem->first[kind] = i;
	}
}

/* riscv64 shows a crash kernel's memory as reserved, too: it is not taken by
 * anything else. False without room. */
static bool cut_crash(struct iomem *iomem)
{
	for (size_t i = iomem->first[IOMEM_RESERVED]; i < iomem->nr; i++) {
		struct iomem_range *range = &iomem->ranges[i], crash;

		if (range->kind != IOMEM_RESERVED ||
		    !iomem_overlaps(iomem, IOMEM_CRASH, range->paddr,
				    range->end, &crash))
			continue;
		if (crash.end < range->end) {
			if (iomem->nr == IOMEM_MAX_RANGES)
				return false;
			iomem->ranges[iomem->nr++] = (struct iomem_range){
				crash.end, range->end, IOMEM_RESERVED };
		}
		range->end = max_u64(crash.paddr, range->paddr);
	}
	settle(iomem);
	return true;
}

static struct line next_line(const char **text, const char *end,
			     unsigned number)
{
	const char *newline = memchr(*text, '\n', (size_t)(end - *text));
	const char *stop = newline ? newline : end, *hash;
	struct line line = { .text = *text, .number = number };

	*text = newline ? newline + 1 : end;
	hash = memchr(line.text, '#', (size_t)(stop - line.text));
	if (hash)
		stop = hash;
	line.indented = line.text < stop && *line.text == ' ';
	while (line.text < stop && isspace((unsigned char)*line.text))
		line.text++;
	while (stop > line.text && isspace((unsigned char)stop[-1]))
		stop--;
	line.len = (size_t)(stop - line.text);
	return line;
}

static struct error *too_many(void)
{
	return error_create(ERROR_INVALID, "more than %d ranges",
			    IOMEM_MAX_RANGES);
}

static struct error *parse_lines(const char *text, size_t len,
				 struct iomem *iomem)
{
	const char *end = text + len;

	for (unsigned number = 1; text < end; number++) {
		struct line line = next_line(&text, end, number);

		if (iomem->nr + 2 > IOMEM_MAX_RANGES)
			return too_many();
		if (line.len && !parse_proc_line(iomem, &line))
			TRY(parse_plain_line(iomem, &line));
	}
	settle(iomem);
	if (!cut_crash(iomem))
		return too_many();
	if (!iomem->first[IOMEM_KERNEL])
		return error_create(ERROR_INVALID,
				    "names no System RAM (the running machine's addresses are shown to root only)");
	return NULL;
}

struct error *iomem_parse(const char *text, size_t len, struct iomem *ret)
{
	struct error *err;

	*ret = (struct iomem){ 0 };
	ret->ranges = malloc(IOMEM_MAX_RANGES * sizeof(*ret->ranges));
	if (!ret->ranges)
		return error_nomem();
	err = parse_lines(text, len, ret);
	if (err)
		iomem_deinit(ret);
	return err;
}

struct error *iomem_read(const char *root, struct iomem *ret)
{
	AUTO_FREE char *text = NULL;
	struct error *err;
	size_t len;

	*ret = (struct iomem){ 0 };
	TRY(machine_file_read(root, "/proc/iomem", IOMEM_MAX_TEXT, &text,
			      &len));
	err = iomem_parse(text, len, ret);
	return err ? error_wrap(err, "%s/proc/iomem", root ? root : "") : NULL;
}

void iomem_deinit(struct iomem *iomem)
{
	free(iomem->ranges);
	*iomem = (struct iomem){ 0 };
}

uint64_t iomem_ram_size(const struct iomem *iomem)
{
	uint64_t size = 0;

	for (size_t i = 0; i < iomem->first[IOMEM_KERNEL]; i++)
		size += iomem->ranges[i].end - iomem->ranges[i].paddr;
	return size;
}

uint64_t iomem_ram_start(const struct iomem *iomem)
{
	return iomem->ranges[0].paddr;
}

uint64_t iomem_ram_end(const struct iomem *iomem)
{
	return iomem->ranges[iomem->first[IOMEM_KERNEL] - 1].end;
}

bool iomem_overlaps(const struct iomem *iomem, enum iomem_kind kind,
		    uint64_t paddr, uint64_t end, struct iomem_range *ret)
{
	for (size_t i = iomem->first[kind]; i < iomem->first[kind + 1]; i++) {
		const struct iomem_range *range = &iomem->ranges[i];

		if (range->paddr < end && range->end > paddr) {
			*ret = *range;
			return true;
		}
	}
	return false;
}

/* In [start, end), all RAM. Each turn passes a range that is taken, so there
 * are not more of them than ranges. */
static uint64_t find_in(const struct iomem *iomem, uint64_t size,
			uint64_t align, uint64_t start, uint64_t end,
			enum iomem_taken taken)
{
	while (end >= start && end - start >= size) {
		uint64_t paddr = align_down(end - size, align), stop = end;
		struct iomem_range used;

		if (paddr < start)
			return 0;
		if (taken >= IOMEM_TAKEN_KERNEL &&
		    iomem_overlaps(iomem, IOMEM_KERNEL, paddr, paddr + size,
				   &used))
			stop = used.paddr;
		if (taken >= IOMEM_TAKEN_RESERVED &&
		    iomem_overlaps(iomem, IOMEM_RESERVED, paddr, paddr + size,
				   &used))
			stop = min_u64(stop, used.paddr);
		if (stop == end)
			return paddr;
		end = stop;
	}
	return 0;
}

uint64_t iomem_find_free(const struct iomem *iomem, uint64_t size,
			 uint64_t align, uint64_t start, uint64_t end,
			 enum iomem_taken taken)
{
	start = max_u64(start, PAGE);
	for (size_t i = iomem->first[IOMEM_KERNEL]; i--; ) {
		const struct iomem_range *ram = &iomem->ranges[i];
		uint64_t paddr = find_in(iomem, size, align,
					 max_u64(ram->paddr, start),
					 min_u64(ram->end, end),
					 taken);

		if (paddr)
			return paddr;
	}
	return 0;
}
