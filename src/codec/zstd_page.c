/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our own encoder of the zstd format: see zstd_page.h. */
#include "zstd_page.h"

#include <assert.h>
#include <stdlib.h>

#include "zstd_huf.h"
#include "zstd_match.h"

/* So many sequences until a table of their own can be worth its description;
 * so many, and it is so nearly always. */
#define OWN_TABLE_MIN 16
#define OWN_TABLE_SURE 96

/* Symbol_Compression_Modes: RFC 8878, section 3.1.1.3.2.1. */
enum mode { MODE_PREDEFINED, MODE_RLE, MODE_TABLE };

struct zstd_page {
	struct zstd_match match;
	struct zstd_huf huf;
	struct zstd_fse_table tables[ZSTD_NR_KINDS], predefined[ZSTD_NR_KINDS];
};

/* RFC 8878, section 3.1.1.3.2.2. */
static const struct zstd_fse_norm predefined[ZSTD_NR_KINDS] = {
	[ZSTD_LITERALS] = {
		.states = { 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2,
			    2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1,
			    -1, -1, -1 },
		.nr_symbols = 36, .log = 6,
	},
	[ZSTD_OFFSET] = {
		.states = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
			    1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1 },
		.nr_symbols = 29, .log = 5,
	},
	[ZSTD_MATCH] = {
		.states = { 1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1,
			    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
			    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1,
			    -1, -1, -1 },
		.nr_symbols = 53, .log = 6,
	},
};

/* RFC 8878, section 3.1.1.3.2.1: Accuracy_Log's maxima. */
static const unsigned log_max[ZSTD_NR_KINDS] = {
	[ZSTD_LITERALS] = 9, [ZSTD_OFFSET] = 8, [ZSTD_MATCH] = 9,
};

struct error *zstd_page_create(struct zstd_page **ret)
{
	struct zstd_page *page = calloc(1, sizeof(*page));

	if (!page)
		return error_nomem();
	for (unsigned k = 0; k < ZSTD_NR_KINDS; k++)
		zstd_fse_table_make(&predefined[k], &page->predefined[k]);
	zstd_huf_init(&page->huf);
	*ret = page;
	return NULL;
}

void zstd_page_destroy(struct zstd_page *page)
{
	free(page);
}

/* How the codes of KIND are encoded; writes to P what stands of that in the
 * block. Returns where that ends, NULL: no room. */
static uint8_t *choose_table(struct zstd_page *page, enum zstd_kind kind,
			     const struct zstd_fse_table **table,
			     enum mode *mode, uint8_t *p, uint8_t *end)
{
	const uint32_t *count = page->match.count[kind];
	unsigned nr_symbols = ZSTD_FSE_SYMBOLS, nr = page->match.nr, log;
	struct zstd_fse_norm norm;
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
	if (nr < OWN_TABLE_MIN)
		return p;
	log = nr < 512 ? 6 : zstd_high_bit(nr) - 2;
	log = log < log_max[kind] ? log : log_max[kind];
	zstd_fse_norm_make(count, nr_symbols, nr, log, &norm);
	own_end = zstd_fse_norm_write(&norm, p, end);
	if (!own_end)
		return NULL;
	if (nr < OWN_TABLE_SURE &&
	    zstd_fse_norm_cost(&predefined[kind], count, nr_symbols) <=
	    zstd_fse_norm_cost(&norm, count, nr_symbols) +
	    256 * 8 * (uint32_t)(own_end - p))
		return p;
	zstd_fse_table_make(&norm, &page->tables[kind]);
	*table = &page->tables[kind];
	*mode = MODE_TABLE;
	return own_end;
}

/* From the last sequence to the first. RFC 8878, section 3.1.1.3.2.1.2. */
static uint8_t *write_codes(const struct zstd_match *match,
			    const struct zstd_fse_table *const tables[],
			    uint8_t *p, uint8_t *end)
{
	const struct zstd_fse_table *literals = tables[ZSTD_LITERALS];
	const struct zstd_fse_table *offset = tables[ZSTD_OFFSET];
	const struct zstd_fse_table *length = tables[ZSTD_MATCH];
	const struct zstd_sequence *seq = &match->sequences[match->nr - 1];
	uint32_t literals_state, offset_state, length_state;
	struct zstd_bits bits;

	if (!zstd_bits_init(&bits, p, end))
		return NULL;
	literals_state = zstd_fse_begin(literals, zstd_sequence_literals(seq));
	offset_state = zstd_fse_begin(offset, zstd_sequence_offset(seq));
	length_state = zstd_fse_begin(length, zstd_sequence_match(seq));
	zstd_bits_add(&bits, seq->bits, zstd_sequence_nr_bits(seq));
	zstd_bits_flush(&bits);
	while (seq-- > match->sequences) {
		/* 8 + 9 + 9 bits at most */
		zstd_fse_add(offset, &bits, &offset_state,
			     zstd_sequence_offset(seq));
		zstd_fse_add(length, &bits, &length_state,
			     zstd_sequence_match(seq));
		zstd_fse_add(literals, &bits, &literals_state,
			     zstd_sequence_literals(seq));
		/* 7 that were there, 26 and 23 are ZSTD_BITS_MAX */
		if (zstd_sequence_nr_bits(seq) > 23)
			zstd_bits_flush(&bits);
		zstd_bits_add(&bits, seq->bits, zstd_sequence_nr_bits(seq));
		zstd_bits_flush(&bits);
	}
	zstd_fse_end(length, &bits, length_state);
	zstd_fse_end(offset, &bits, offset_state);
	zstd_fse_end(literals, &bits, literals_state);
	return zstd_bits_close(&bits);
}

/* RFC 8878, section 3.1.1.3.2.1: Sequences_Section_Header and what follows. */
static uint8_t *write_sequences(struct zstd_page *page, uint8_t *p,
				uint8_t *end)
{
	const struct zstd_fse_table *tables[ZSTD_NR_KINDS];
	enum mode mode[ZSTD_NR_KINDS];
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
	for (enum zstd_kind k = 0; k < ZSTD_NR_KINDS; k++) {
		p = choose_table(page, k, &tables[k], &mode[k], p, end);
		if (!p)
			return NULL;
	}
	*modes = (uint8_t)(mode[ZSTD_LITERALS] << 6 | mode[ZSTD_OFFSET] << 4 |
			   mode[ZSTD_MATCH] << 2);
	return write_codes(&page->match, tables, p, end);
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
	uint8_t *p = dst, *end = p + min_u64(cap, len), *block;
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
	/*
	 * Nothing is written beyond END: all that writes is told of it. With
	 * more room a frame could have 10 bytes of heads, the literals and 3
	 * for them, 3 for the number of sequences and the modes, 3 descriptions
	 * of 53 symbols of 10 bits, and 26 + 48 bits a sequence, which covers 4
	 * bytes at least: 2.4 times the page and 220 bytes. A block must not
	 * be longer than the page (RFC 8878, section 3.1.1.2.4).
	 */
	assert(p <= end && (size_t)(p - block) < len);
	/* the last block, compressed: RFC 8878, section 3.1.1.2 */
	head = (uint32_t)(p - block - 3) << 3 | 2 << 1 | 1;
	block[0] = (uint8_t)head;
	block[1] = (uint8_t)(head >> 8);
	block[2] = (uint8_t)(head >> 16);
	return (size_t)(p - (uint8_t *)dst);
}
