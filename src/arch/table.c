/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks page tables of any machine: see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "seen.h"

/* How much of a table a translation reads to see for how far it holds. */
#define PIECE_LEN 4096u

static uint64_t entry_span(const struct space *space, unsigned level)
{
	return 1ull << space->level[level].shift;
}

static unsigned table_entries(const struct space *space, unsigned level)
{
	return 1u << space->level[level].bits;
}

static uint64_t table_len(const struct space *space, unsigned level)
{
	return (uint64_t)table_entries(space, level) * space->entry_len;
}

static unsigned entry_index(const struct space *space, unsigned level,
			    uint64_t vaddr)
{
	return (unsigned)(vaddr >> space->level[level].shift) &
	       (table_entries(space, level) - 1);
}

/* What the entry at RAW, for VADDR, is. */
static enum entry_kind entry_at(const struct space *space, const uint8_t *raw,
				unsigned level, uint64_t vaddr,
				uint64_t *paddr)
{
	return space->ops->entry(space, get_uint(raw, space->entry_len,
						 space->table_big_endian),
				 level, vaddr, paddr);
}

void table_levels(struct space *space, unsigned page_shift, unsigned bits,
		  unsigned levels, unsigned root_bits)
{
	space->levels = levels;
	for (unsigned i = 1; i <= levels; i++)
		space->level[i] = (struct table_level){
			.shift = (uint8_t)(page_shift + bits * (i - 1)),
			.bits = (uint8_t)(i == levels ? root_bits : bits),
		};
}

/* How many of the NR entries at RAW are the same as the first and so, if it is
 * none, none either: most of a table. At least 1. */
static unsigned same_holes(const struct space *space, const uint8_t *raw,
			   unsigned nr, enum entry_kind kind)
{
	unsigned n = 1;

	while (kind == ENTRY_NONE && n < nr &&
	       !memcmp(raw, raw + n * space->entry_len, space->entry_len))
		n++;
	return n;
}

/* How many of the NR entries at RAW continue the first, for VADDR, which is no
 * table: leaves one after the other, or holes. */
static unsigned entries_run(const struct space *space, const uint8_t *raw,
			    unsigned nr, unsigned level, uint64_t vaddr)
{
	uint64_t span = entry_span(space, level), first = 0, paddr;
	enum entry_kind kind = entry_at(space, raw, level, vaddr, &first);
	unsigned n = same_holes(space, raw, nr, kind);

	while (n < nr && entry_at(space, raw + n * space->entry_len, level,
				  vaddr + n * span, &paddr) == kind &&
	       (kind == ENTRY_NONE || paddr == first + n * span))
		n++;
	return n;
}

/* The entries from VADDR's on, in TABLE of LEVEL: how far the first holds. */
static void extent_of(const struct space *space, struct view *view,
		      uint64_t table, unsigned level, uint64_t vaddr,
		      struct extent *ret)
{
	uint64_t span = entry_span(space, level), paddr = 0, len;
	unsigned index = entry_index(space, level, vaddr), nr;
	uint64_t at = (uint64_t)index * space->entry_len;
	uint8_t piece[PIECE_LEN];

	nr = (unsigned)(min_u64(table_len(space, level) - at,
				PIECE_LEN - at % PIECE_LEN) /
			space->entry_len);
	if (view_read(view, table + at, piece, nr * space->entry_len) !=
	    PAGE_OK)
		return;
	nr = entries_run(space, piece, nr, level, align_down(vaddr, span));
	len = nr * span - vaddr % span;
	if (entry_at(space, piece, level, align_down(vaddr, span), &paddr) ==
	    ENTRY_NONE) {
		ret->hole = len;
	} else {
		ret->paddr = paddr + vaddr % span;
		ret->len = len;
	}
}

struct error *table_translate(const struct space *space, struct view *view,
			      uint64_t vaddr, struct extent *ret)
{
	uint64_t last = space->tables.end - 1, table = space->root;

	*ret = (struct extent){ 0 };
	if (!space->levels)
		return NULL;
	if (vaddr < space->tables.start || vaddr > last) {
		ret->hole = vaddr > last ? -vaddr :
			    space->tables.start - vaddr;
		return NULL;
	}
	for (unsigned level = space->levels; level; level--) {
		uint64_t span = entry_span(space, level), child = 0;
		unsigned index = entry_index(space, level, vaddr);
		uint8_t raw[8];

		if (view_read(view, table + (uint64_t)index * space->entry_len,
			      raw, space->entry_len) != PAGE_OK)
			return NULL;
		if (entry_at(space, raw, level, align_down(vaddr, span),
			     &child) != ENTRY_TABLE) {
			extent_of(space, view, table, level, vaddr, ret);
			return NULL;
		}
		table = child;
	}
	return NULL;
}

struct walk {
	const struct space *space;
	struct view *view;
	const struct vrange *skip;
	size_t nr_skip;
	leaf_fn *fn;
	void *arg;
	struct seen seen;
	unsigned nr_tables;
	uint8_t *tables[TABLE_LEVELS_MAX + 1];	/* one a level */
};

/* Whether [vaddr, vaddr + len) is all in one of the ranges to skip. */
static bool skips(const struct walk *w, uint64_t vaddr, uint64_t len)
{
	for (size_t i = 0; i < w->nr_skip; i++)
		if (vaddr >= w->skip[i].start &&
		    vaddr + (len - 1) <= w->skip[i].end - 1)
			return true;
	return false;
}

/*
 * Whether to visit the table at PADDR: once at each level, lest a stray pointer
 * to it from another level hides what is below. When the memory of tables seen
 * is full, those of the last level, which have nothing below, are visited
 * without being remembered, others not at all. (Tables are aligned to 64 bytes
 * and more: there is room for the level.)
 */
static bool table_enter(struct walk *w, uint64_t paddr, unsigned level)
{
	bool full;

	if (w->nr_tables == WALK_MAX ||
	    !image_has(view_image(w->view), paddr,
		       table_len(w->space, level)) ||
	    !seen_add(&w->seen, paddr | level, &full) || (full && level > 1))
		return false;
	w->nr_tables++;
	return true;
}

static struct error *walk_leaves(struct walk *w, const uint8_t *raw,
				 unsigned nr, unsigned level, uint64_t vaddr,
				 unsigned *ret)
{
	uint64_t span = entry_span(w->space, level);
	struct leaf leaf = { .vaddr = vaddr };
	unsigned run;

	*ret = 1;
	if (skips(w, vaddr, 1))
		return NULL;
	run = entries_run(w->space, raw, nr, level, vaddr);
	while (*ret < run && !skips(w, vaddr + *ret * span, 1))
		(*ret)++;
	entry_at(w->space, raw, level, vaddr, &leaf.paddr);
	leaf.len = *ret * span;
	return w->fn(w->arg, &leaf);
}

/* The table at PADDR; VADDR is what its first entry that counts maps. */
static struct error *walk_table(struct walk *w, uint64_t paddr, unsigned level,
				uint64_t vaddr)
{
	const struct space *space = w->space;
	uint64_t span = entry_span(space, level);
	unsigned len = space->entry_len, nr = table_entries(space, level), n;
	unsigned first = entry_index(space, level, vaddr);
	uint8_t *buf = w->tables[level];
	struct leaf self = { .vaddr = vaddr, .paddr = paddr,
			     .len = (uint64_t)nr * len, .table = true };
	enum page_state state;

	if (level == 1 && skips(w, vaddr, nr * span))
		return w->fn(w->arg, &self);
	state = view_read(w->view, paddr, buf, self.len);
	/* of a table of several pages, what can be read counts */
	if (state == PAGE_ABSENT ||
	    (state == PAGE_UNREADABLE && self.len <= PIECE_LEN))
		return NULL;
	TRY(w->fn(w->arg, &self));
	for (unsigned i = first; i < nr; i += n) {
		uint64_t at = vaddr + (i - first) * span, child = 0;

		n = 1;
		if (at > space->tables.end - 1)
			break;
		switch (entry_at(space, buf + i * len, level, at, &child)) {
		case ENTRY_NONE:
			n = same_holes(space, buf + i * len, nr - i,
				       ENTRY_NONE);
			break;
		case ENTRY_LEAF:
			TRY(walk_leaves(w, buf + i * len, nr - i, level, at,
					&n));
			break;
		case ENTRY_TABLE:
			if (table_enter(w, child, level - 1))
				TRY(walk_table(w, child, level - 1, at));
			break;
		}
	}
	return NULL;
}

static struct error *walk_buffers(struct walk *w)
{
	for (unsigned i = 1; i <= w->space->levels; i++) {
		w->tables[i] = malloc(table_len(w->space, i));
		if (!w->tables[i])
			return error_nomem();
	}
	return seen_init(&w->seen, WALK_MAX / 4);
}

struct error *table_walk(const struct space *space, struct view *view,
			 const struct vrange *skip, size_t nr_skip,
			 leaf_fn *fn, void *arg)
{
	struct walk w = { .space = space, .view = view, .skip = skip,
			  .nr_skip = nr_skip, .fn = fn, .arg = arg };
	struct error *err;

	if (!space->levels)
		return NULL;
	err = walk_buffers(&w);
	if (!err && table_enter(&w, space->root, space->levels))
		err = walk_table(&w, space->root, space->levels,
				 space->tables.start);
	seen_deinit(&w.seen);
	for (unsigned i = 1; i <= space->levels; i++)
		free(w.tables[i]);
	return err;
}

struct error *table_find_image(struct space *space, struct view *view,
			       const struct vrange *within)
{
	struct vrange image = { 0 };
	uint64_t at = within->start, len;

	for (; at - within->start < within->end - within->start; at += len) {
		struct extent extent;

		TRY(stop_check());
		TRY(table_translate(space, view, at, &extent));
		if (extent.len && extent.paddr == at - space->image_offset) {
			image.start = image.start ? image.start : at;
			image.end = at + extent.len;
		}
		len = extent.len ? extent.len : extent.hole;
		/* a table that can't be read: the next one */
		len = len ? len : entry_span(space, 2) - at %
		      entry_span(space, 2);
	}
	if (!image.start)
		return error_create(ERROR_INVALID, "the page tables at "
				    "physical address %#llx do not map the "
				    "kernel image, or can't be read",
				    (unsigned long long)space->root);
	space->image = image;
	return NULL;
}

struct error *table_try_linear(struct space *space, struct view *view,
			       uint64_t linear, uint64_t align,
			       const struct vrange *within)
{
	uint64_t vaddr = linear + space->root;
	struct extent extent;

	if (linear % align || vaddr < within->start || vaddr > within->end - 1)
		return NULL;
	TRY(table_translate(space, view, vaddr, &extent));
	if (extent.len && extent.paddr == space->root) {
		space->linear_start = linear;
		space->has_linear = true;
	}
	return NULL;
}

struct error *table_find_linear(struct space *space, struct view *view,
				const struct vmcoreinfo *vmcoreinfo,
				uint64_t align, const struct vrange *within,
				struct log *log)
{
	uint64_t candidates[2] = { 0 }, node_data;

	vmcoreinfo_number(vmcoreinfo, "SYMBOL", "mem_section", &candidates[0]);
	if (vmcoreinfo_number(vmcoreinfo, "SYMBOL", "node_data", &node_data)) {
		enum page_state state;
		uint8_t buf[8];

		TRY(space_read(space, view, node_data, buf, 8, &state));
		if (state == PAGE_OK)
			candidates[1] = get_u64(buf, space->target.big_endian);
	}
	for (unsigned i = 0; i < 2 && !space->has_linear; i++) {
		struct extent extent;

		TRY(table_translate(space, view, candidates[i], &extent));
		if (extent.len)
			TRY(table_try_linear(space, view, candidates[i] -
					     extent.paddr, align, within));
	}
	if (!space->has_linear)
		TRY(table_try_linear(space, view, view_image(view)->page_offset,
				     align, within));
	if (!space->has_linear)
		log_warn(log, "the linear map was not found");
	return NULL;
}
