/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entropy decoding for the second decoder: see entropy.h. */
#include "entropy.h"

#include <string.h>

/* As deep as a tree may be (RFC 8878, section 4.2.1). */
#define MAX_BITS 11u
/* Accuracy_Log of the distribution of weights (section 4.2.1.2). */
#define WEIGHTS_MAX_LOG 6u

const char *back_open(struct back_bits *bits, const uint8_t *bytes, size_t len)
{
	unsigned top = 8;

	if (!len)
		return "a bit stream of no bytes";
	if (!bytes[len - 1])
		return "a bit stream without an end mark";
	while (!(bytes[len - 1] >> (top - 1)))
		top--;
	*bits = (struct back_bits){ bytes, 8 * (len - 1) + top - 1 };
	return NULL;
}

uint32_t back_peek(const struct back_bits *bits, unsigned nr)
{
	uint64_t word = 0;
	size_t have = bits->left < nr ? bits->left : nr;
	size_t first = bits->left - have;

	if (!have)
		return 0;
	for (size_t i = first / 8; i <= (bits->left - 1) / 8; i++)
		word |= (uint64_t)bits->bytes[i] << 8 * (i - first / 8);
	word = word >> first % 8 & ((1ull << have) - 1);
	return (uint32_t)(word << (nr - have));
}

bool back_read(struct back_bits *bits, unsigned nr, uint32_t *ret)
{
	if (nr > bits->left)
		return false;
	*ret = back_peek(bits, nr);
	bits->left -= nr;
	return true;
}

/* A stream that is read from its first bit on. */
struct forward_bits {
	const uint8_t *bytes;
	size_t at, end;		/* bits */
};

static bool forward_read(struct forward_bits *bits, unsigned nr, unsigned *ret)
{
	*ret = 0;
	if (nr > bits->end - bits->at)
		return false;
	for (unsigned i = 0; i < nr; i++, bits->at++)
		*ret |= (bits->bytes[bits->at / 8] >> bits->at % 8 & 1u) << i;
	return true;
}

/* One number from 0 to MAX (section 4.1.1: small values take a bit less). */
static bool read_probability(struct forward_bits *bits, unsigned max,
			     unsigned *ret)
{
	unsigned nr = 0, shorter, high;

	while (1u << nr <= max)
		nr++;
	shorter = (1u << nr) - 1 - max;
	if (!forward_read(bits, nr - 1, ret))
		return false;
	if (*ret < shorter)
		return true;
	if (!forward_read(bits, 1, &high))
		return false;
	if (high)
		*ret += (1u << (nr - 1)) - shorter;
	return true;
}

/* How many zeroes follow a probability of zero. */
static bool read_zeroes(struct forward_bits *bits, unsigned *ret,
			struct rfc_seen *seen)
{
	unsigned flag;

	*ret = 0;
	do {
		if (!forward_read(bits, 2, &flag))
			return false;
		*ret += flag;
		seen->zero_runs += flag == 3;
	} while (flag == 3);
	return true;
}

void fse_spread(const int *probability, unsigned nr, unsigned log,
		struct fse_cells *ret)
{
	unsigned size = 1u << log, last = size, at = 0;
	unsigned next[256];
	bool taken[512] = { false };

	ret->there = true;
	ret->log = log;
	for (unsigned s = 0; s < nr; s++) {
		next[s] = probability[s] < 0 ? 1 : (unsigned)probability[s];
		if (probability[s] < 0) {
			ret->cells[--last].symbol = (uint8_t)s;
			taken[last] = true;
		}
	}
	for (unsigned s = 0; s < nr; s++) {
		for (int i = 0; i < probability[s]; i++) {
			while (taken[at])
				at = (at + size / 2 + size / 8 + 3) % size;
			ret->cells[at].symbol = (uint8_t)s;
			taken[at] = true;
		}
	}
	/* N cells of a symbol share all states: the K-th, from N on, takes the
	 * states that begin with the bits of N + K */
	for (unsigned i = 0; i < size; i++) {
		struct fse_cell *cell = &ret->cells[i];
		unsigned n = next[cell->symbol]++, high = 0;

		while (n >> (high + 1))
			high++;
		cell->nr_bits = (uint8_t)(log - high);
		cell->base = (uint16_t)((n << cell->nr_bits) - size);
	}
}

void fse_single(uint8_t symbol, struct fse_cells *ret)
{
	ret->there = true;
	ret->log = 0;
	ret->cells[0] = (struct fse_cell){ symbol, 0, 0 };
}

const char *fse_describe(const uint8_t **bytes, size_t *len, unsigned max_log,
			 unsigned max_symbol, struct fse_cells *ret,
			 struct rfc_seen *seen)
{
	struct forward_bits bits = { *bytes, 0, 8 * *len };
	unsigned log, left, nr = 0, nr_there = 0, value, zeroes;
	int probability[256] = { 0 };

	if (!forward_read(&bits, 4, &log))
		return "FSE table: cut off";
	log += 5;
	if (log > max_log)
		return "FSE table: Accuracy_Log too large";
	for (left = 1u << log; left;) {
		if (nr > max_symbol)
			return "FSE table: a symbol that there is not";
		if (!read_probability(&bits, left + 1, &value))
			return "FSE table: cut off";
		probability[nr++] = (int)value - 1;
		left -= value ? value - 1 : 1;
		seen->less_than_one += !value;
		nr_there += value != 1;
		if (value != 1)
			continue;
		if (!read_zeroes(&bits, &zeroes, seen))
			return "FSE table: cut off";
		if (zeroes > max_symbol + 1 - nr)
			return "FSE table: a symbol that there is not";
		nr += zeroes;
	}
	if (nr_there < 2)
		return "FSE table: fewer than two symbols";
	*bytes += (bits.at + 7) / 8;
	*len -= (bits.at + 7) / 8;
	fse_spread(probability, nr, log, ret);
	return NULL;
}

/* Weights as two states in turn (section 4.2.1.2). */
static const char *fse_weights(const uint8_t *bytes, size_t len,
			       uint8_t weights[256], unsigned *nr,
			       struct rfc_seen *seen)
{
	struct fse_cells table;
	struct back_bits bits;
	uint32_t state[2], more;

	REFUSE(fse_describe(&bytes, &len, WEIGHTS_MAX_LOG, MAX_BITS, &table,
			    seen));
	REFUSE(back_open(&bits, bytes, len));
	if (!back_read(&bits, table.log, &state[0]) ||
	    !back_read(&bits, table.log, &state[1]))
		return "weights: no two states";
	for (*nr = 0;;) {
		const struct fse_cell *cell = &table.cells[state[*nr % 2]];

		if (*nr > 253)
			return "weights: more than 255";
		weights[(*nr)++] = cell->symbol;
		if (cell->nr_bits > bits.left)
			break;
		back_read(&bits, cell->nr_bits, &more);
		state[(*nr - 1) % 2] = cell->base + more;
	}
	/* they would be filled up with zeroes, but nobody writes so */
	if (bits.left)
		return "weights: bits are left over";
	weights[*nr] = table.cells[state[*nr % 2]].symbol;
	(*nr)++;
	return NULL;
}

static const char *direct_weights(const uint8_t **bytes, size_t *len,
				  uint8_t weights[256], unsigned nr)
{
	if (*len < (nr + 1) / 2)
		return "weights: cut off";
	for (unsigned i = 0; i < nr; i++)
		weights[i] = (*bytes)[i / 2] >> (i % 2 ? 0 : 4) & 15;
	*bytes += (nr + 1) / 2;
	*len -= (nr + 1) / 2;
	return NULL;
}

/* The last symbol's weight fills the tree (section 4.2.1). */
static const char *fill_tree(uint8_t weights[256], unsigned *nr,
			     unsigned *max_bits)
{
	uint32_t sum = 0, rest;
	unsigned nr_ones = 0, last = 1;

	for (unsigned i = 0; i < *nr; i++) {
		if (weights[i] > MAX_BITS)
			return "tree: a weight above 11";
		sum += weights[i] ? 1u << (weights[i] - 1) : 0;
	}
	if (!sum)
		return "tree: fewer than two symbols";
	for (*max_bits = 1; 1u << *max_bits <= sum;)
		(*max_bits)++;
	if (*max_bits > MAX_BITS)
		return "tree: deeper than 11 bits";
	rest = (1u << *max_bits) - sum;
	if (rest & (rest - 1))
		return "tree: no last weight fills it";
	while (rest >>= 1)
		last++;
	weights[(*nr)++] = (uint8_t)last;
	for (unsigned i = 0; i < *nr; i++)
		nr_ones += weights[i] == 1;
	return nr_ones ? NULL : "tree: no weight of 1";
}

const char *tree_describe(const uint8_t **bytes, size_t *len, struct tree *ret,
			  struct rfc_seen *seen)
{
	uint8_t weights[257];
	unsigned nr, head, at = 0;

	if (!*len)
		return "tree: cut off";
	head = **bytes;
	++*bytes, --*len;
	if (head < 128) {
		if (head > *len)
			return "tree: cut off";
		REFUSE(fse_weights(*bytes, head, weights, &nr, seen));
		*bytes += head;
		*len -= head;
		seen->tree_fse++;
	} else {
		nr = head - 127;
		REFUSE(direct_weights(bytes, len, weights, nr));
		seen->tree_direct++;
	}
	REFUSE(fill_tree(weights, &nr, &ret->max_bits));
	ret->there = true;
	for (unsigned w = 1; w <= ret->max_bits; w++) {
		for (unsigned s = 0; s < nr; s++) {
			if (weights[s] != w)
				continue;
			for (unsigned i = 0; i < 1u << (w - 1); i++, at++) {
				ret->codes[at].symbol = (uint8_t)s;
				ret->codes[at].nr_bits =
					(uint8_t)(ret->max_bits + 1 - w);
			}
		}
	}
	seen->tree_bits[ret->max_bits]++;
	return NULL;
}

const char *tree_decode(const struct tree *tree, const uint8_t *bytes,
			size_t len, uint8_t *dst, size_t nr)
{
	struct back_bits bits;

	REFUSE(back_open(&bits, bytes, len));
	for (size_t i = 0; i < nr; i++) {
		uint32_t at = back_peek(&bits, tree->max_bits);
		unsigned used = tree->codes[at].nr_bits;

		if (used > bits.left)
			return "literals: the stream is too short";
		bits.left -= used;
		dst[i] = tree->codes[at].symbol;
	}
	return bits.left ? "literals: bits are left over" : NULL;
}
