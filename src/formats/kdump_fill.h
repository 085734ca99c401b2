/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks that pages share: pages filled with one repeated 64-bit word (most of
 * all zero; all equal pages of a -d 31 dump but 0.4 % are such), and pages that
 * could not be read. The first page of a kind brings the block.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_FILL_H
#define CAPDUMP_FORMATS_KDUMP_FILL_H

#include "../codec/codec.h"
#include "kdump_table.h"

#define KDUMP_FILL_SLOTS 512u	/* number 0 is zero's alone */

struct kdump_fill;

/* What it remembers; 12 KiB. */
struct kdump_fill_state {
	struct kdump_desc unreadable;
	struct {
		uint64_t word;
		struct kdump_desc desc;	/* offset 0: empty */
	} slots[KDUMP_FILL_SLOTS];
};

/* Pages of LEN bytes, packed by OPS (NULL: raw) at LEVEL. */
struct error *kdump_fill_create(const struct codec_ops *ops, int level,
				uint32_t len, struct kdump_fill **ret);
void kdump_fill_destroy(struct kdump_fill *fill);	/* NULL is fine */

/* Where the block of WORD stands; offset 0: not written yet. All zeroes is
 * never forgotten, other words may be. Owned by FILL. */
struct kdump_desc *kdump_fill_find(struct kdump_fill *fill, uint64_t word);

/* The same for unreadable pages. */
struct kdump_desc *kdump_fill_unreadable(struct kdump_fill *fill);

/* The contents of the block DESC, which kdump_fill_find(WORD) or _unreadable()
 * gave: sets desc->size and flags, returns the bytes (valid until next call).
 * A million pages may stand on one block: it is always unpacked again, and raw
 * where that gives something else; then *WRONG is set. */
const uint8_t *kdump_fill_pack(struct kdump_fill *fill,
			       struct kdump_desc *desc, uint64_t word,
			       bool *wrong);

/* Goes back to what it remembered then. */
void kdump_fill_save(const struct kdump_fill *fill,
		     struct kdump_fill_state *ret);
void kdump_fill_restore(struct kdump_fill *fill,
			const struct kdump_fill_state *state);

#endif
