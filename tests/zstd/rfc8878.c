/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A second decoder of zstd frames: see rfc8878.h. Sections are RFC 8878's. */
#include "rfc8878.h"

#include <stdlib.h>
#include <string.h>

#include "entropy.h"

#define BLOCK_MAX (128u << 10)

struct decoder {
	uint8_t *dst;
	size_t cap, len;
	uint64_t window;
	size_t block_max;
	struct tree tree;
	struct fse_cells tables[RFC_NR_KINDS];
	uint32_t repeats[3];
	uint8_t literals[BLOCK_MAX];
	size_t nr_literals;
	struct rfc_seen *seen;
};

/* Code -> baseline and bits (section 3.1.1.3.2.1.1); offsets have a rule. */
static const struct { uint32_t base; uint8_t nr_bits; } codes_from_16[20] = {
	{ 16, 1 }, { 18, 1 }, { 20, 1 }, { 22, 1 }, { 24, 2 }, { 28, 2 },
	{ 32, 3 }, { 40, 3 }, { 48, 4 }, { 64, 6 }, { 128, 7 }, { 256, 8 },
	{ 512, 9 }, { 1024, 10 }, { 2048, 11 }, { 4096, 12 }, { 8192, 13 },
	{ 16384, 14 }, { 32768, 15 }, { 65536, 16 },
}, codes_from_32[21] = {
	{ 35, 1 }, { 37, 1 }, { 39, 1 }, { 41, 1 }, { 43, 2 }, { 47, 2 },
	{ 51, 3 }, { 59, 3 }, { 67, 4 }, { 83, 4 }, { 99, 5 }, { 131, 7 },
	{ 259, 8 }, { 515, 9 }, { 1027, 10 }, { 2051, 11 }, { 4099, 12 },
	{ 8195, 13 }, { 16387, 14 }, { 32771, 15 }, { 65539, 16 },
};

/* Section 3.1.1.3.2.2: default distributions. */
static const int default_ll[36] = {
	4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
	2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
}, default_ml[53] = {
	1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1,
	-1, -1, -1, -1, -1, -1,
}, default_of[29] = {
	1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	-1, -1, -1, -1, -1,
};

/* An offset code above this is refused; it would reach back 2 GiB. */
static const struct {
	unsigned max_symbol, max_log, default_log, nr_default;
	const int *defaults;
} kinds[RFC_NR_KINDS] = {
	[RFC_LL] = { 35, 9, 6, 36, default_ll },
	[RFC_OF] = { 30, 8, 5, 29, default_of },
	[RFC_ML] = { 52, 9, 6, 53, default_ml },
};

static uint64_t little(const uint8_t *p, unsigned nr)
{
	uint64_t v = 0;

	while (nr--)
		v = v << 8 | p[nr];
	return v;
}

/* 4 streams, after the table of the first three's sizes (3.1.1.3.1.6). */
static const char *four_streams(struct decoder *d, const uint8_t *p, size_t len)
{
	size_t part = (d->nr_literals + 3) / 4, at = 6;

	if (d->nr_literals < 6 || len < 10)
		return "literals: too few for 4 streams";
	for (unsigned i = 0; i < 4; i++) {
		size_t size = i < 3 ? little(p + 2 * i, 2) : len - at;

		if (size > len - at)
			return "literals: a stream beyond the section";
		REFUSE(tree_decode(&d->tree, p + at, size,
				   d->literals + i * part, i < 3 ? part :
				   d->nr_literals - 3 * part));
		at += size;
	}
	return NULL;
}

static const char *packed_literals(struct decoder *d, unsigned type,
				   unsigned format, const uint8_t **bytes,
				   size_t *len)
{
	unsigned head = format < 2 ? 3 : format + 2;
	unsigned nr_bits = format < 2 ? 10 : format == 2 ? 14 : 18;
	uint64_t sizes;
	size_t packed;
	const uint8_t *p;

	if (*len < head)
		return "literals: cut off";
	sizes = little(*bytes, head) >> 4;
	d->nr_literals = sizes & ((1u << nr_bits) - 1);
	packed = sizes >> nr_bits;
	*bytes += head;
	*len -= head;
	p = *bytes;
	if (packed > *len || !packed)
		return "literals: cut off";
	if (d->nr_literals > d->block_max)
		return "literals: more than a block holds";
	*bytes += packed;
	*len -= packed;
	if (type == 2)
		REFUSE(tree_describe(&p, &packed, &d->tree, d->seen));
	else if (!d->tree.there)
		return "literals: no tree to take again";
	if (format)
		return four_streams(d, p, packed);
	return tree_decode(&d->tree, p, packed, d->literals, d->nr_literals);
}

/* Section 3.1.1.3.1. */
static const char *literals(struct decoder *d, const uint8_t **bytes,
			    size_t *len)
{
	unsigned type, format, head, shift;

	if (!*len)
		return "literals: cut off";
	type = **bytes & 3;
	format = **bytes >> 2 & 3;
	d->seen->literals[type][format]++;
	if (type >= 2)
		return packed_literals(d, type, format, bytes, len);
	head = format == 1 ? 2 : format == 3 ? 3 : 1;
	shift = head == 1 ? 3 : 4;
	if (*len < head)
		return "literals: cut off";
	d->nr_literals = (size_t)(little(*bytes, head) >> shift);
	*bytes += head;
	*len -= head;
	if (d->nr_literals > d->block_max)
		return "literals: more than a block holds";
	if (*len < (type ? 1 : d->nr_literals))
		return "literals: cut off";
	if (type)
		memset(d->literals, **bytes, d->nr_literals);
	else
		memcpy(d->literals, *bytes, d->nr_literals);
	*bytes += type ? 1 : d->nr_literals;
	*len -= type ? 1 : d->nr_literals;
	return NULL;
}

/* The table of one kind of codes, by its mode (3.1.1.3.2.1). */
static const char *sequence_table(struct decoder *d, unsigned kind,
				  unsigned mode, const uint8_t **bytes,
				  size_t *len)
{
	struct fse_cells *table = &d->tables[kind];

	d->seen->modes[kind][mode]++;
	switch (mode) {
	case 0:
		fse_spread(kinds[kind].defaults, kinds[kind].nr_default,
			   kinds[kind].default_log, table);
		return NULL;
	case 1:
		if (!*len)
			return "sequences: cut off";
		if (**bytes > kinds[kind].max_symbol)
			return "sequences: a code that there is not";
		fse_single(**bytes, table);
		++*bytes, --*len;
		return NULL;
	case 2:
		REFUSE(fse_describe(bytes, len, kinds[kind].max_log,
				    kinds[kind].max_symbol, table, d->seen));
		d->seen->logs[kind][table->log]++;
		return NULL;
	}
	return table->there ? NULL : "sequences: no table to take again";
}

/* Section 3.1.1.5. */
static const char *offset_of(struct decoder *d, uint32_t value, bool no_literals,
			     uint32_t *ret)
{
	uint32_t *repeats = d->repeats;
	unsigned which = value - 1 + no_literals;

	d->seen->repeats[no_literals][value > 3 ? 0 : value]++;
	if (value > 3 || which == 3) {
		*ret = value > 3 ? value - 3 : repeats[0] - 1;
		which = 2;
	} else {
		*ret = repeats[which];
	}
	if (!*ret)
		return "an offset of 0";
	for (; which; which--)
		repeats[which] = repeats[which - 1];
	repeats[0] = *ret;
	return NULL;
}

static const char *emit(struct decoder *d, const uint8_t *from, size_t len,
			size_t block_end)
{
	if (len > block_end - d->len || len > d->cap - d->len)
		return "more than the block or the frame may hold";
	for (size_t i = 0; i < len; i++)	/* may overlap */
		d->dst[d->len + i] = from[i];
	d->len += len;
	return NULL;
}

/* One sequence: literals, then a match (3.1.1.4). */
static const char *execute(struct decoder *d, size_t *literal, uint32_t ll,
			   uint32_t of, uint32_t ml, size_t block_end)
{
	uint32_t offset;

	if (ll > d->nr_literals - *literal)
		return "sequences: more literals than there are";
	REFUSE(emit(d, d->literals + *literal, ll, block_end));
	*literal += ll;
	REFUSE(offset_of(d, of, !ll, &offset));
	if (offset > d->len || offset > d->window)
		return "sequences: an offset beyond the window";
	d->seen->overlaps += offset < ml;
	return emit(d, d->dst + d->len - offset, ml, block_end);
}

/* What a code and the bits behind it stand for. */
static bool read_value(struct back_bits *bits, unsigned kind, unsigned code,
		       uint32_t *ret)
{
	unsigned nr_bits = kind == RFC_OF ? code : 0;
	uint32_t base = kind == RFC_OF ? 1u << code : kind == RFC_ML ?
			code + 3 : code, more;

	if (kind == RFC_LL && code >= 16) {
		base = codes_from_16[code - 16].base;
		nr_bits = codes_from_16[code - 16].nr_bits;
	} else if (kind == RFC_ML && code >= 32) {
		base = codes_from_32[code - 32].base;
		nr_bits = codes_from_32[code - 32].nr_bits;
	}
	if (!back_read(bits, nr_bits, &more))
		return false;
	*ret = base + more;
	return true;
}

static const char *sequence_stream(struct decoder *d, const uint8_t *p,
				   size_t len, size_t nr, size_t *literal,
				   size_t block_end)
{
	/* states are read in the order of kinds */
	static const uint8_t values[3] = { RFC_OF, RFC_ML, RFC_LL };
	static const uint8_t updates[3] = { RFC_LL, RFC_ML, RFC_OF };
	uint32_t state[RFC_NR_KINDS], value[RFC_NR_KINDS], more;
	struct back_bits bits;

	REFUSE(back_open(&bits, p, len));
	for (unsigned k = 0; k < RFC_NR_KINDS; k++)
		if (!back_read(&bits, d->tables[k].log, &state[k]))
			return "sequences: the stream is too short";
	for (size_t i = 0; i < nr; i++) {
		for (unsigned k = 0; k < 3; k++) {
			unsigned kind = values[k];
			unsigned code =
				d->tables[kind].cells[state[kind]].symbol;

			d->seen->codes[kind][code]++;
			if (!read_value(&bits, kind, code, &value[kind]))
				return "sequences: the stream is too short";
		}
		REFUSE(execute(d, literal, value[RFC_LL], value[RFC_OF],
			       value[RFC_ML], block_end));
		for (unsigned k = 0; k < 3 && i + 1 < nr; k++) {
			const struct fse_cell *cell = &d->tables[updates[k]].
				cells[state[updates[k]]];

			if (!back_read(&bits, cell->nr_bits, &more))
				return "sequences: the stream is too short";
			state[updates[k]] = cell->base + more;
		}
	}
	return bits.left ? "sequences: bits are left over" : NULL;
}

/* Number_of_Sequences, off the front of *BYTES (3.1.1.3.2.1). */
static const char *sequence_count(struct decoder *d, const uint8_t **bytes,
				  size_t *len, size_t *ret)
{
	unsigned head;
	const uint8_t *p = *bytes;

	if (!*len)
		return "sequences: cut off";
	head = p[0] < 128 ? 1 : p[0] < 255 ? 2 : 3;
	if (*len < head)
		return "sequences: cut off";
	*ret = head == 1 ? p[0] : head == 2 ?
	       (size_t)(p[0] - 128) << 8 | p[1] : little(p + 1, 2) + 0x7f00;
	*bytes += head;
	*len -= head;
	d->seen->nr_sequences[*ret ? head : 0]++;
	d->seen->nr_matches += *ret;
	return NULL;
}

/* Sections 3.1.1.3 and 3.1.1.4. */
static const char *compressed_block(struct decoder *d, const uint8_t *p,
				    size_t len)
{
	size_t nr, literal = 0, block_end = d->len + d->block_max;
	const uint8_t *end = p + len, *last_table = NULL;
	unsigned modes;

	REFUSE(literals(d, &p, &len));
	d->seen->nr_literals += d->nr_literals;
	REFUSE(sequence_count(d, &p, &len, &nr));
	if (nr) {
		if (!len)
			return "sequences: cut off";
		modes = *p++;
		len--;
		if (modes & 3)
			return "sequences: reserved bits are set";
		for (unsigned k = 0; k < RFC_NR_KINDS; k++) {
			unsigned mode = modes >> (6 - 2 * k) & 3;

			last_table = mode == 2 ? p : last_table;
			REFUSE(sequence_table(d, k, mode, &p, &len));
		}
		d->seen->tiny_tables += last_table && end - last_table < 4;
		REFUSE(sequence_stream(d, p, len, nr, &literal, block_end));
	} else if (len) {
		return "bytes after a block without sequences";
	}
	d->seen->tail_literals += literal < d->nr_literals;
	return emit(d, d->literals + literal, d->nr_literals - literal,
		    block_end);
}

/* Section 3.1.1.2. */
static const char *block(struct decoder *d, const uint8_t **bytes, size_t *len,
			 bool *last)
{
	unsigned type;
	size_t size, held;

	if (*len < 3)
		return "block: cut off";
	size = (size_t)little(*bytes, 3);
	*last = size & 1;
	type = size >> 1 & 3;
	size >>= 3;
	*bytes += 3;
	*len -= 3;
	if (type == 3)
		return "block: reserved type";
	if (size > d->block_max)
		return "block: too large";
	held = type == 1 ? 1 : size;
	if (held > *len)
		return "block: cut off";
	d->seen->blocks[type]++;
	if (type == 2) {
		REFUSE(compressed_block(d, *bytes, size));
	} else {
		memset(d->literals, type ? **bytes : 0, size);
		REFUSE(emit(d, type ? d->literals : *bytes, size,
			    d->len + d->block_max));
	}
	*bytes += held;
	*len -= held;
	return NULL;
}

/* Section 3.1.1.1. *SIZE: UINT64_MAX if the frame does not say. */
static const char *frame_header(struct decoder *d, const uint8_t **bytes,
				size_t *len, uint64_t *size)
{
	unsigned flags, held;
	bool single;

	if (*len < 5 || little(*bytes, 4) != 0xfd2fb528)
		return "frame: not of zstd";
	flags = (*bytes)[4];
	*bytes += 5;
	*len -= 5;
	if (flags & 0x18)
		return "frame: unused or reserved bits are set";
	if (flags & 7)
		return "frame: checksums and dictionaries are not supported";
	single = flags >> 5 & 1;
	held = flags >> 6 ? 1u << flags / 64 : single;
	if (*len < held + !single)
		return "frame: cut off";
	if (!single) {
		unsigned exponent = **bytes >> 3, mantissa = **bytes & 7;

		d->window = 1ull << (10 + exponent);
		d->window += d->window / 8 * mantissa;
		++*bytes, --*len;
	}
	*size = held ? little(*bytes, held) + (held == 2 ? 256 : 0) :
		UINT64_MAX;
	if (single)
		d->window = *size;
	*bytes += held;
	*len -= held;
	d->seen->content_size[held]++;
	d->block_max = d->window < BLOCK_MAX ? (size_t)d->window : BLOCK_MAX;
	return NULL;
}

static const char *frame(struct decoder *d, const uint8_t *p, size_t len)
{
	bool last = false;
	uint64_t size;

	REFUSE(frame_header(d, &p, &len, &size));
	while (!last)
		REFUSE(block(d, &p, &len, &last));
	if (len)
		return "bytes after the frame";
	if (size != UINT64_MAX && size != d->len)
		return "frame: not as long as it says";
	d->seen->frames++;
	return NULL;
}

const char *rfc8878_decode(const void *src, size_t src_len, void *dst,
			   size_t cap, size_t *ret_len, struct rfc_seen *seen)
{
	struct decoder *d = calloc(1, sizeof(*d));
	struct rfc_seen unused = { 0 };
	const char *why;

	if (!d)
		return "no memory";
	d->dst = dst;
	d->cap = cap;
	d->seen = seen ? seen : &unused;
	d->repeats[0] = 1;
	d->repeats[1] = 4;
	d->repeats[2] = 8;
	why = frame(d, src, src_len);
	*ret_len = d->len;
	free(d);
	return why;
}
