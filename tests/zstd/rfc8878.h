/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second decoder of zstd frames, written from RFC 8878 alone: it shares no
 * code with src/codec nor with libzstd. It is strict and slow: what the format
 * does not allow, and what no encoder has a reason to write (unused bits that
 * are set, bits that nobody reads), it refuses. It tells what it has seen, so
 * that tests can ask whether every feature was tried.
 *
 * One frame of any number of blocks; neither dictionaries nor checksums.
 */
#ifndef CAPDUMP_TESTS_RFC8878_H
#define CAPDUMP_TESTS_RFC8878_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rfc_kind { RFC_LL, RFC_OF, RFC_ML, RFC_NR_KINDS };

/* How often each feature was met; added up over calls. */
struct rfc_seen {
	unsigned long frames;
	unsigned long content_size[9];	/* bytes of Frame_Content_Size */
	unsigned long blocks[3];	/* raw, RLE, compressed */
	unsigned long literals[4][4];	/* Literals_Block_Type; Size_Format */
	unsigned long nr_literals, nr_matches;	/* bytes, sequences: all */
	unsigned long tree_direct, tree_fse;
	unsigned long tree_bits[12];	/* Max_Number_of_Bits */
	unsigned long nr_sequences[4];	/* bytes of Number_of_Sequences; [0]:
					 * there were none */
	unsigned long modes[RFC_NR_KINDS][4];	/* predefined, RLE, FSE, repeat */
	unsigned long logs[RFC_NR_KINDS][10];	/* Accuracy_Log of FSE mode */
	unsigned long less_than_one;	/* probabilities of -1 described */
	unsigned long zero_runs;	/* repeat flags of 3 described */
	unsigned long codes[RFC_NR_KINDS][53];
	unsigned long repeats[2][4];	/* [literals_length is 0][offset_value;
					 * 0: none] */
	unsigned long overlaps;		/* matches longer than their offset */
	unsigned long tail_literals;	/* blocks that end in literals */
	/* libzstd up to 1.3.4 refuses a block whose last FSE table begins less
	 * than 4 bytes before its end (zstd's doc/decompressor_errata.md) */
	unsigned long tiny_tables;
};

/* Decodes the frame that SRC is, whole, to DST (CAP bytes) and sets *RET_LEN.
 * SEEN may be NULL. Returns NULL, or why the frame is refused. */
const char *rfc8878_decode(const void *src, size_t src_len, void *dst,
			   size_t cap, size_t *ret_len, struct rfc_seen *seen);

#endif
