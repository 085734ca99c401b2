/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entropy decoding of RFC 8878, section 4, for the second decoder. */
#ifndef CAPDUMP_TESTS_ENTROPY_H
#define CAPDUMP_TESTS_ENTROPY_H

#include "rfc8878.h"

/* Leaves the function with why, if there is one. */
#define REFUSE(what)							\
	do {								\
		const char *refuse_why = (what);			\
		if (refuse_why)						\
			return refuse_why;				\
	} while (0)

/* A stream that is read from its last bit to its first. */
struct back_bits {
	const uint8_t *bytes;
	size_t left;		/* bits not read yet */
};

/* NULL, or why BYTES is no such stream. */
const char *back_open(struct back_bits *bits, const uint8_t *bytes, size_t len);
/* The next NR (<= 32) bits; those beyond the beginning are zeroes. */
uint32_t back_peek(const struct back_bits *bits, unsigned nr);
/* False if there are not as many. */
bool back_read(struct back_bits *bits, unsigned nr, uint32_t *ret);

struct fse_cell {
	uint8_t symbol, nr_bits;
	uint16_t base;
};

struct fse_cells {
	bool there;		/* for Repeat_Mode */
	unsigned log;
	struct fse_cell cells[512];
};

/* Reads a table's description off the front of *BYTES, of *LEN. */
const char *fse_describe(const uint8_t **bytes, size_t *len, unsigned max_log,
			 unsigned max_symbol, struct fse_cells *ret,
			 struct rfc_seen *seen);
void fse_spread(const int *probability, unsigned nr, unsigned log,
		struct fse_cells *ret);
void fse_single(uint8_t symbol, struct fse_cells *ret);

struct tree {
	bool there;		/* for treeless blocks */
	unsigned max_bits;
	struct { uint8_t symbol, nr_bits; } codes[1 << 11];
};

/* Reads a tree's description off the front of *BYTES, of *LEN. */
const char *tree_describe(const uint8_t **bytes, size_t *len, struct tree *ret,
			  struct rfc_seen *seen);
/* All of the stream is NR symbols, to DST. */
const char *tree_decode(const struct tree *tree, const uint8_t *bytes,
			size_t len, uint8_t *dst, size_t nr);

#endif
