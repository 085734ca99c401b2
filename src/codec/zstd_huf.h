/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The literals section of a zstd block (RFC 8878, section 3.1.1.3.1): the
 * bytes that no match covers, raw or coded by a Huffman tree of their own.
 */
#ifndef CAPDUMP_CODEC_ZSTD_HUF_H
#define CAPDUMP_CODEC_ZSTD_HUF_H

#include "zstd_fse.h"

/* The state of one thread. */
struct zstd_huf {
	struct zstd_fse_table weights;	/* the same for all trees ... */
	uint8_t described[32];		/* ... and so is its description */
	size_t described_len;
	uint16_t code[256];
	uint8_t nr_bits[256];		/* of each code; 0: does not occur */
};

void zstd_huf_init(struct zstd_huf *huf);

/* Writes the section for SRC (LEN <= 65536) to BUF, before END (exclusive),
 * coded if CODE and if that seems worth its time. Returns where it ends, NULL:
 * no room. */
uint8_t *zstd_huf_write(struct zstd_huf *huf, bool code, const uint8_t *src,
			size_t len, uint8_t *buf, uint8_t *end);

#endif
