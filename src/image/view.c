/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread's own cached way into an image: see view.h. */
#include "view.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"

#define UNIT 4096u	/* what a bad block is narrowed down to */

enum unit_state { UNIT_PRESENT = 1, UNIT_BAD = 2 };

struct block {
	uint64_t paddr;		/* UINT64_MAX: empty */
	uint64_t start, end;	/* the part of it that was read */
	uint64_t used;		/* when, in reads */
	uint8_t *bytes;
	uint8_t *state;		/* of each UNIT: enum unit_state bits */
};

struct view {
	const struct image *image;
	void *scratch;
	size_t block_size;
	unsigned nr_blocks;
	uint64_t clock;
	uint64_t start, end;	/* view_limit() */
	struct block *blocks;
};

void view_destroy(struct view *view)
{
	if (!view)
		return;
	if (view->scratch && view->image->ops->scratch_deinit)
		view->image->ops->scratch_deinit(view->scratch);
	free(view->scratch);
	for (unsigned i = 0; view->blocks && i < view->nr_blocks; i++) {
		free(view->blocks[i].bytes);
		free(view->blocks[i].state);
	}
	free(view->blocks);
	free(view);
}

static bool blocks_create(struct view *view)
{
	view->blocks = calloc(view->nr_blocks, sizeof(*view->blocks));
	if (!view->blocks)
		return false;
	for (unsigned i = 0; i < view->nr_blocks; i++) {
		struct block *block = &view->blocks[i];

		block->paddr = UINT64_MAX;
		block->bytes = malloc(view->block_size);
		block->state = malloc(view->block_size / UNIT);
		if (!block->bytes || !block->state)
			return false;
	}
	return true;
}

struct error *view_create(const struct image *image, size_t block_size,
			  unsigned nr_blocks, struct view **ret)
{
	struct view *view = calloc(1, sizeof(*view));
	size_t scratch = image->ops->scratch_size ?
			 image->ops->scratch_size(image) : 0;

	assert(block_size >= UNIT && !(block_size & (block_size - 1)));
	if (!view)
		return error_nomem();
	view->image = image;
	view->block_size = block_size;
	view->nr_blocks = nr_blocks;
	view->end = UINT64_MAX;
	view->scratch = scratch ? calloc(1, scratch) : NULL;
	if ((scratch && !view->scratch) || !blocks_create(view)) {
		view_destroy(view);
		return error_nomem();
	}
	*ret = view;
	return NULL;
}

const struct image *view_image(const struct view *view)
{
	return view->image;
}

void view_limit(struct view *view, uint64_t start, uint64_t end)
{
	view->start = start;
	view->end = end;
}

/* Marks the units of [from, to) of the block. */
static void mark(struct view *view, struct block *block, uint64_t from,
		 uint64_t to, enum page_state state)
{
	uint8_t bits = state == PAGE_ABSENT ? 0 : state == PAGE_OK ?
		       UNIT_PRESENT : UNIT_PRESENT | UNIT_BAD;

	(void)view;
	for (uint64_t i = (from - block->paddr) / UNIT;
	     i <= (to - 1 - block->paddr) / UNIT; i++)
		block->state[i] |= bits;
}

/* Reads [from, to), which has contents in segment S, into the block. */
static void fill_range(struct view *view, struct block *block, uint64_t from,
		       uint64_t to, const struct segment *s)
{
	const struct image *image = view->image;
	uint8_t *dst = block->bytes + (from - block->paddr);
	enum page_state state;

	state = image->ops->read(image, view->scratch, from, dst,
				 (size_t)(to - from), s);
	if (state == PAGE_OK || to - from <= UNIT) {
		mark(view, block, from, to, state);
		if (state != PAGE_OK)
			memset(dst, 0, (size_t)(to - from));
		return;
	}
	while (from < to) {
		uint64_t end = min_u64(align_down(from, UNIT) + UNIT, to);

		dst = block->bytes + (from - block->paddr);
		state = image->ops->read(image, view->scratch, from, dst,
					 (size_t)(end - from), s);
		if (state != PAGE_OK)
			memset(dst, 0, (size_t)(end - from));
		mark(view, block, from, end, state);
		from = end;
	}
}

/* Reads the block at PADDR: what [start, end) of it touches, and ahead. */
static void fill(struct view *view, struct block *block, uint64_t paddr,
		 uint64_t start, uint64_t end)
{
	const struct image *image = view->image;

	start = align_down(start, UNIT);
	end = align_up(end, UNIT);
	if (view->start <= end && view->end >= start) {
		start = max_u64(min_u64(start, view->start), paddr);
		end = min_u64(max_u64(end, view->end),
			      paddr + view->block_size);
	}
	block->paddr = paddr;
	block->start = start;
	block->end = end;
	memset(block->bytes, 0, view->block_size);
	memset(block->state, 0, view->block_size / UNIT);
	for (size_t i = image_find_segment(image, start);
	     i < image->nr_segments && image->segments[i].paddr < end; i++) {
		const struct segment *s = &image->segments[i];
		uint64_t from = max_u64(s->paddr, start);
		uint64_t mid = min_u64(s->paddr + s->filesz, end);
		uint64_t to = min_u64(s->paddr + s->memsz, end);

		if (from < mid)
			fill_range(view, block, from, mid, s);
		from = max_u64(from, s->paddr + s->filesz);
		if (from < to)
			mark(view, block, from, to, PAGE_OK);
	}
}

/* The block at PADDR, of which at least [start, end) was read. */
static struct block *find(struct view *view, uint64_t paddr, uint64_t start,
			  uint64_t end)
{
	struct block *oldest = &view->blocks[0];

	for (unsigned i = 0; i < view->nr_blocks; i++) {
		struct block *block = &view->blocks[i];

		if (block->paddr == paddr) {
			if (start < block->start || end > block->end)
				fill(view, block, paddr, start, end);
			block->used = ++view->clock;
			return block;
		}
		if (block->used < oldest->used)
			oldest = block;
	}
	fill(view, oldest, paddr, start, end);
	oldest->used = ++view->clock;
	return oldest;
}

/* Reads as view_read() does. *ANY and *ALL: bits that any unit of the range has,
 * or all of them have. */
static void read_units(struct view *view, uint64_t paddr, uint8_t *buf,
		       size_t len, uint8_t *any, uint8_t *all)
{
	*any = 0;
	*all = UNIT_PRESENT | UNIT_BAD;
	while (len) {
		uint64_t start = align_down(paddr, view->block_size);
		size_t in = (size_t)(paddr - start);
		size_t n = (size_t)min_u64(len, view->block_size - in);
		struct block *block;

		if (start > UINT64_MAX - 2 * view->block_size) {
			memset(buf, 0, len);	/* no memory up there */
			*all = 0;
			return;
		}
		block = find(view, start, paddr, paddr + n);
		memcpy(buf, block->bytes + in, n);
		for (size_t i = in / UNIT; i <= (in + n - 1) / UNIT; i++) {
			*any |= block->state[i];
			*all &= block->state[i];
		}
		buf += n;
		paddr += n;
		len -= n;
	}
}

enum page_state view_read(struct view *view, uint64_t paddr, void *buf,
			  size_t len)
{
	uint8_t any, all;

	read_units(view, paddr, buf, len, &any, &all);
	return !(any & UNIT_PRESENT) ? PAGE_ABSENT :
	       any & UNIT_BAD ? PAGE_UNREADABLE : PAGE_OK;
}

enum page_state view_read_whole(struct view *view, uint64_t paddr, void *buf,
				size_t len)
{
	uint8_t any, all;

	read_units(view, paddr, buf, len, &any, &all);
	return any & UNIT_BAD ? PAGE_UNREADABLE :
	       all & UNIT_PRESENT ? PAGE_OK : PAGE_ABSENT;
}

enum page_state view_read_block(struct view *view, uint64_t paddr, void *buf,
				size_t len, struct image_block *block)
{
	const struct image *image = view->image;

	*block = (struct image_block){ .size = 0 };
	if (!image->ops->read_block || len >> image->target.page_shift != 1 ||
	    paddr % len || !image_covers(image, paddr, len))
		return view_read(view, paddr, buf, len);
	return image->ops->read_block(image, view->scratch, paddr, buf, len,
				      block);
}

struct error *view_read_exact(struct view *view, uint64_t paddr, void *buf,
			      size_t len, const char *what)
{
	enum page_state state = PAGE_ABSENT;
	uint64_t end;

	if (!add_overflows(paddr, len, &end))
		state = view_read_whole(view, paddr, buf, len);
	if (state == PAGE_OK)
		return NULL;
	return error_create(ERROR_INVALID,
			    "%s: %zu bytes at physical address %#llx %s", what,
			    len, (unsigned long long)paddr,
			    state == PAGE_UNREADABLE ? "can't be read" :
			    "are not in the image");
}
