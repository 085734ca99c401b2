/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents of two pages are the same or apart. Contents stand in any order, so
 * this sorts: window after window of the file, each as large as what fits in
 * memory, with one pass over the table a window.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "kdump_read_impl.h"
#include "verify_impl.h"

#define AT_ONCE 512u		/* descriptors */

struct block {
	uint64_t offset;
	uint32_t size, flags;
};

struct window {
	struct verify *verify;
	uint64_t start, end;	/* offsets of the blocks in it; end exclusive,
				 * but for UINT64_MAX */
	struct block *blocks;
	size_t nr, max;
	uint64_t last_offset;	/* the block that reaches furthest of those */
	uint64_t last_end;	/* before the window */
};

static int by_offset(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return x->flags < y->flags ? -1 : x->flags > y->flags;
}

/* Sorts and leaves one of each. */
static void sort(struct window *window)
{
	size_t n = 0;

	qsort(window->blocks, window->nr, sizeof(*window->blocks), by_offset);
	for (size_t i = 0; i < window->nr; i++)
		if (!n || by_offset(&window->blocks[n - 1],
				    &window->blocks[i]))
			window->blocks[n++] = window->blocks[i];
	window->nr = n;
}

/* Makes room: without doubles, then without the upper half of the window. */
static void shrink(struct window *window)
{
	size_t nr;

	sort(window);
	nr = window->max / 2;
	if (window->nr <= nr)
		return;
	/* what shares an offset stays together */
	while (nr && window->blocks[nr - 1].offset ==
		     window->blocks[nr].offset)
		nr--;
	if (!nr) {	/* one offset has them all: the first two tell */
		nr = 2;
		window->end = window->blocks[0].offset + 1;
	} else {
		window->end = window->blocks[nr].offset;
	}
	window->nr = nr;
}

static void add(struct window *window, const struct kdump_desc *desc)
{
	struct block *block = &window->blocks[window->nr];

	if (kdump_desc_empty(desc) || desc->offset < window->start ||
	    (window->end != UINT64_MAX && desc->offset >= window->end))
		return;
	*block = (struct block){ desc->offset, desc->size, desc->flags };
	if (window->nr && !by_offset(block - 1, block))
		return;		/* runs of shared zeroes */
	if (++window->nr == window->max)
		shrink(window);
}

static void compare(struct window *window)
{
	for (size_t i = 0; i < window->nr; i++) {
		const struct block *block = &window->blocks[i];
		uint64_t end = block->offset + block->size;

		if (end < block->offset)
			continue;	/* said with its page */
		if (block->offset < window->last_end)
			verify_problem(window->verify,
				       "the contents at %" PRIu64 " (%u bytes) overlap those at %" PRIu64 ", which end at %" PRIu64,
				       block->offset, block->size,
				       window->last_offset,
				       window->last_end);
		if (end > window->last_end) {
			window->last_end = end;
			window->last_offset = block->offset;
		}
	}
}

static struct error *fill(struct window *window)
{
	const struct image *image = window->verify->image;
	uint8_t buf[AT_ONCE * KDUMP_D_LEN];
	struct kdump_desc descs[AT_ONCE];
	uint64_t index = 0;
	size_t nr;

	for (;;) {
		index = kdump_descs_skip(image, index);
		TRY(kdump_descs_read(image, index, AT_ONCE, buf, descs, &nr));
		if (!nr)
			return NULL;
		for (size_t i = 0; i < nr; i++)
			add(window, &descs[i]);
		index += nr;
	}
}

struct error *verify_overlaps(struct verify *verify)
{
	uint64_t max = min_u64(max_u64(verify->header->nr_kept + 1, 4),
			       verify->max_blocks);
	AUTO_FREE struct block *blocks = malloc(max * sizeof(*blocks));
	struct window window = {
		.verify = verify,
		.blocks = blocks,
		.max = (size_t)max,
	};

	if (!blocks)
		return error_nomem();
	do {
		window.end = UINT64_MAX;
		window.nr = 0;
		TRY(fill(&window));
		sort(&window);
		compare(&window);
		window.start = window.end;
	} while (window.end != UINT64_MAX);
	return NULL;
}
