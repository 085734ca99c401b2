/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own encoder of the zstd format: see zstd_page.h. */
#include "zstd_page.h"

#include <stdlib.h>

#include "zstd_huf.h"
#include "zstd_match.h"

/* A sequence's three codes. */
enum kind { LITERALS, OFFSET, MATCH, NR_KINDS };

/* Symbol_Compression_Modes: RFC 8878, section 3.1.1.3.2.1. */
enum mode { MODE_PREDEFINED, MODE_RLE, MODE_TABLE };

struct zstd_page {
	struct zstd_match match;
	struct zstd_huf huf;
	uint8_t codes[NR_KINDS][ZSTD_PAGE_MAX / ZSTD_MATCH_MIN];
	struct zstd_fse_table tables[NR_KINDS], predefined[NR_KINDS];
};

/* RFC 8878, section 3.1.1.3.2.2. */
static const struct zstd_fse_norm predefined[NR_KINDS] = {
	[LITERALS] = {
		.states = { 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2,
			    2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1,
			    -1, -1, -1 },
		.nr_symbols = 36, .log = 6,
	},
	[OFFSET] = {
		.states = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
			    1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 },
		.nr_symbols = 29, .log = 5,
	},
	[MATCH] = {
		.states = { 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
			    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1,
			    -1, -1, -1 },
		.nr_symbols = 53, .log = 6,
	},
};

/* RFC 8878, section 3.1.1.3.2.1: Accuracy_Log's maxima. */
static const unsigned log_max[NR_KINDS] = {
	[LITERALS] = 9, [OFFSET] = 8, [MATCH] = 9,
};

/* Codes and how many bits of the number follow them: RFC 8878, section
 * 3.1.1.3.2.1.1. */
static const uint8_t literals_code[64] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17, 17,
	18, 18, 19, 19, 20, 20, 20, 20, 21, 21, 21, 21, 22, 22, 22, 22, 22, 22,
	22, 22, 23, 23, 23, 23, 23, 23, 23, 23, 24, 24, 24, 24, 24, 24, 24, 24,
	24, 24, 24, 24, 24, 24, 24, 24,
};

static const uint8_t literals_bits[36] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3,
	4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
};

static const uint8_t match_code[128] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
	20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 32, 33, 33, 34, 34,
	35, 35, 36, 36, 36, 36, 37, 37, 37, 37, 38, 38, 38, 38, 38, 38, 38, 38,
	39, 39, 39, 39, 39, 39, 39, 39, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40,
	40, 40, 40, 40, 40, 40, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41,
	41, 41, 41, 41, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
	42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
};

static const uint8_t match_bits[53] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10,
	11, 12, 13, 14, 15, 16,
};

struct error *zstd_page_create(struct zstd_page **ret)
{
	struct zstd_page *page = calloc(1, sizeof(*page));

	if (!page)
		return error_nomem();
	for (unsigned k = 0; k < NR_KINDS; k++)
		zstd_fse_table_make(&predefined[k], &page->predefined[k]);
	zstd_huf_init(&page->huf);
	*ret = page;
	return NULL;
}

void zstd_page_destroy(struct zstd_page *page)
{
	free(page);
}

static void make_codes(struct zstd_page *page,
		       uint32_t count[NR_KINDS][ZSTD_FSE_SYMBOLS])
{
	const struct zstd_match *match = &page->match;

	for (unsigned i = 0; i < match->nr; i++) {
		const struct zstd_sequence *seq = &match->sequences[i];
		unsigned literals = seq->literals, len = seq->match, offset;

		literals = literals < 64 ? literals_code[literals] :
			   zstd_high_bit(literals) + 19;
		len = len < 128 ? match_code[len] : zstd_high_bit(len) + 36;
		offset = zstd_high_bit(seq->offset);
		page->codes[LITERALS][i] = (uint8_t)literals;
		page->codes[OFFSET][i] = (uint8_t)offset;
		page->codes[MATCH][i] = (uint8_t)len;
		count[LITERALS][literals]++;
		count[OFFSET][offset]++;
		count[MATCH][len]++;
	}
}

/* How the codes of KIND are encoded; writes to P what stands of that in the
 * block. Returns where that ends, NULL: no room. */
static uint8_t *choose_table(struct zstd_page *page, enum kind kind,
			     const uint32_t count[ZSTD_FSE_SYMBOLS],
			     const struct zstd_fse_table **table,
			     enum mode *mode, uint8_t *p, uint8_t *end)
{
	unsigned nr_symbols = ZSTD_FSE_SYMBOLS, nr = page->match.nr, log;
	struct zstd_fse_norm norm;
	uint32_t cost, own_cost;
	uint8_t *own_end;

	while (!count[nr_symbols - 1])
		nr_symbols--;
	if (count[nr_symbols - 1] == nr) {
		if (p == end)
			return NULL;
		zstd_fse_table_make_rle(nr_symbols - 1, &page->tables[kind]);
		*table = &page->tables[kind];
		*mode = MODE_RLE;
		*p = (uint8_t)(nr_symbols - 1);
		return p + 1;
	}
	*table = &page->predefined[kind];
	*mode = MODE_PREDEFINED;
	cost = zstd_fse_norm_cost(&predefined[kind], count, nr_symbols);
	if (nr < 16)
		return p;
	log = nr < 512 ? 6 : zstd_high_bit(nr) - 2;
	log = log < log_max[kind] ? log : log_max[kind];
	zstd_fse_norm_make(count, nr_symbols, nr, log, &norm);
	own_cost = zstd_fse_norm_cost(&norm, count, nr_symbols);
	own_end = zstd_fse_norm_write(&norm, p, end);
	if (!own_end)
		return NULL;
	if (cost <= own_cost + 256 * 8 * (uint32_t)(own_end - p))
		return p;
	zstd_fse_table_make(&norm, &page->tables[kind]);
	*table = &page->tables[kind];
	*mode = MODE_TABLE;
	return own_end;
}

static inline void add_numbers(struct zstd_bits *bits,
			       const struct zstd_sequence *seq,
			       unsigned literals, unsigned offset,
			       unsigned match)
{
	unsigned nr = literals_bits[literals];

	zstd_bits_add(bits, seq->literals & ((1u << nr) - 1), nr);
	nr = match_bits[match];
	zstd_bits_add(bits, seq->match & ((1u << nr) - 1), nr);
	zstd_bits_add(bits, seq->offset & ((1u << offset) - 1), offset);
}

/* From the last sequence to the first. RFC 8878, section 3.1.1.3.2.1.2. */
static uint8_t *write_codes(const struct zstd_page *page,
			    const struct zstd_fse_table *const tables[],
			    uint8_t *p, uint8_t *end)
{
	const struct zstd_fse_table *literals_table = tables[LITERALS];
	const struct zstd_fse_table *offset_table = tables[OFFSET];
	const struct zstd_fse_table *match_table = tables[MATCH];
	unsigned i = page->match.nr - 1;
	unsigned literals = page->codes[LITERALS][i];
	unsigned offset = page->codes[OFFSET][i];
	unsigned match = page->codes[MATCH][i];
	uint32_t literals_state, offset_state, match_state;
	struct zstd_bits bits;

	if (!zstd_bits_init(&bits, p, end))
		return NULL;
	literals_state = zstd_fse_begin(literals_table, literals);
	offset_state = zstd_fse_begin(offset_table, offset);
	match_state = zstd_fse_begin(match_table, match);
	add_numbers(&bits, &page->match.sequences[i], literals, offset, match);
	zstd_bits_flush(&bits);
	while (i-- > 0) {
		literals = page->codes[LITERALS][i];
		offset = page->codes[OFFSET][i];
		match = page->codes[MATCH][i];
		/* 9 + 9 + 8 bits at most */
		zstd_fse_add(offset_table, &bits, &offset_state, offset);
		zstd_fse_add(match_table, &bits, &match_state, match);
		zstd_fse_add(literals_table, &bits, &literals_state, literals);
		/* 7 that were there, 26 and 23 are ZSTD_BITS_MAX */
		if (literals_bits[literals] + offset + match_bits[match] > 23)
			zstd_bits_flush(&bits);
		add_numbers(&bits, &page->match.sequences[i], literals, offset,
			    match);
		zstd_bits_flush(&bits);
	}
	zstd_fse_end(match_table, &bits, match_state);
	zstd_fse_end(offset_table, &bits, offset_state);
	zstd_fse_end(literals_table, &bits, literals_state);
	return zstd_bits_close(&bits);
}

/* RFC 8878, section 3.1.1.3.2.1: Sequences_Section_Header and what follows. */
static uint8_t *write_sequences(struct zstd_page *page, uint8_t *p,
				uint8_t *end)
{
	uint32_t count[NR_KINDS][ZSTD_FSE_SYMBOLS] = { 0 };
	const struct zstd_fse_table *tables[NR_KINDS];
	enum mode mode[NR_KINDS];
	unsigned nr = page->match.nr;
	uint8_t *modes;

	if (end - p < 3)
		return NULL;
	if (nr >= 128)		/* it is below 0x7f00 */
		*p++ = (uint8_t)((nr >> 8) + 128);
	*p++ = (uint8_t)nr;
	if (!nr)
		return p;
	modes = p++;
	make_codes(page, count);
	for (enum kind k = 0; k < NR_KINDS; k++) {
		p = choose_table(page, k, count[k], &tables[k], &mode[k], p,
				 end);
		if (!p)
			return NULL;
	}
	*modes = (uint8_t)(mode[LITERALS] << 6 | mode[OFFSET] << 4 |
			   mode[MATCH] << 2);
	return write_codes(page, tables, p, end);
}

/* RFC 8878, section 3.1.1.1.1: the frame is one segment, and 2 bytes hold its
 * length less 256: 65791 at most. */
static uint8_t *write_head(size_t len, uint8_t *p)
{
	put_u32(p, 0xfd2fb528, false);
	p[4] = 1 << 6 | 1 << 5;
	put_u16(p + 5, (uint16_t)(len - 256), false);
	return p + 7;
}

size_t zstd_page_pack(struct zstd_page *page, bool fast, const void *src,
		      size_t len, void *dst, size_t cap)
{
	uint8_t *p = dst, *end = p + cap, *block;
	uint32_t head;

	if (len < ZSTD_PAGE_LEN_MIN || len > ZSTD_PAGE_LEN_MAX || cap < 16)
		return 0;
	zstd_match_find(&page->match, fast, src, len);
	block = write_head(len, p);
	p = zstd_huf_write(&page->huf, !fast, page->match.literals,
			   page->match.nr_literals, block + 3, end);
	if (p)
		p = write_sequences(page, p, end);
	if (!p)
		return 0;
	/* the last block, compressed: RFC 8878, section 3.1.1.2 */
	head = (uint32_t)(p - block - 3) << 3 | 2 << 1 | 1;
	block[0] = (uint8_t)head;
	block[1] = (uint8_t)(head >> 8);
	block[2] = (uint8_t)(head >> 16);
	return (size_t)(p - (uint8_t *)dst);
}
