/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Struct pages for the scan: see scan_read.h. A translation is made once for
 * each extent of the memmap, of 2 MiB or more as kernels map it, and what of it
 * is contiguous in the file is mapped a few MiB at a time.
 */
#include "scan_read.h"

#include <stdlib.h>

#include "../base/bytes.h"

#define COPY_PAGES 1024u		/* struct pages copied at a time */
#define WINDOW_BYTES (4u << 20)
#define WINDOW_MIN 65536u		/* below that a view will do */

struct error *scan_reader_init(struct scan_reader *reader,
			       const struct kernel *kernel)
{
	reader->kernel = kernel;
	TRY(view_create(kernel->image, VIEW_RANDOM, &reader->view));
	TRY(view_create(kernel->image, VIEW_STREAM, &reader->stream));
	if (kernel->has_pages) {
		reader->buf = malloc((size_t)COPY_PAGES *
				     kernel->layout.size);
		if (!reader->buf)
			return error_nomem();
	}
	return NULL;
}

void scan_reader_deinit(struct scan_reader *reader)
{
	window_put(reader->window);
	free(reader->buf);
	view_destroy(reader->stream);
	view_destroy(reader->view);
}

/* Where PADDR is mapped and for how many bytes; NULL: it is not. LEFT bytes
 * follow each other in memory from there on. */
static struct error *map(struct scan_reader *r, uint64_t paddr, uint64_t left,
			 const uint8_t **ret, uint64_t *len)
{
	uint64_t page = 1ull << r->kernel->space.target.page_shift;
	uint64_t start = align_down(paddr, page);
	const uint32_t size = r->kernel->layout.size;

	*ret = NULL;
	*len = 0;
	if (r->window && window_covers(r->window, paddr, 1))
		*ret = window_at(r->window, paddr, len);
	if ((*ret && *len >= size) || left < WINDOW_MIN)
		return NULL;
	if (r->window && window_covers(r->window, paddr,
				       min_u64(left, WINDOW_BYTES) - page))
		return NULL;	/* to map it again makes it no better */
	window_put(r->window);
	r->window = NULL;
	TRY(window_create(r->kernel->image, start,
			  min_u64(align_down(paddr + left, page) - start,
				  WINDOW_BYTES), &r->window));
	if (r->window)
		*ret = window_at(r->window, paddr, len);
	*len = min_u64(*len, left);
	return NULL;
}

/* Copies LEN bytes of struct pages at PADDR; *RET: whether all of it is good.
 * AHEAD: for how many bytes there are struct pages. */
static struct error *copy(struct scan_reader *r, uint64_t paddr, size_t len,
			  uint64_t ahead, bool *ret)
{
	/* where pages of the memmap are missing, each is looked at by itself:
	 * nothing may pass for zeroes */
	*ret = false;
	if (!image_covers(r->kernel->image, paddr, len))
		return NULL;
	if (r->window && window_covers(r->window, paddr, len) &&
	    window_read(r->window, paddr, r->buf, len) == PAGE_OK) {
		*ret = true;
		return NULL;
	}
	/* beyond may lie what must not be touched */
	view_limit(r->stream, paddr, paddr + ahead);
	*ret = view_read_whole(r->stream, paddr, r->buf, len) == PAGE_OK;
	return NULL;
}

/* Copies NR struct pages at VADDR, a few; they may straddle two extents. */
static struct error *copy_few(struct scan_reader *r, uint64_t vaddr,
			      uint64_t nr, struct chunk *ret)
{
	enum page_state state;

	TRY(space_read(&r->kernel->space, r->view, vaddr, r->buf,
		       nr * r->kernel->layout.size, &state));
	ret->nr = nr;
	ret->pages = state == PAGE_OK ? r->buf : NULL;
	return NULL;
}

struct error *scan_read(struct scan_reader *r, uint64_t vaddr, uint64_t max,
			bool may_map, struct chunk *ret)
{
	const struct kernel *kernel = r->kernel;
	uint64_t size = kernel->layout.size, left, len, paddr;
	uint64_t page = 1ull << kernel->space.target.page_shift;
	bool good;

	*ret = (struct chunk){ .pages = NULL };
	if (!r->extent.len || vaddr - r->extent_vaddr >= r->extent.len) {
		TRY(space_translate(&kernel->space, r->view, vaddr,
				    &r->extent));
		r->extent_vaddr = vaddr;
	}
	if (!r->extent.len && r->extent.hole > size) {
		ret->nr = min_u64(max, r->extent.hole / size);
		return NULL;
	}
	left = r->extent.len ? r->extent.len - (vaddr - r->extent_vaddr) : 0;
	if (left < size)	/* not mapped, or it straddles two extents */
		return copy_few(r, vaddr, 1, ret);
	paddr = r->extent.paddr + (vaddr - r->extent_vaddr);
	if (may_map) {
		TRY(map(r, paddr, left, &ret->pages, &len));
		ret->nr = min_u64(max, min_u64(len, left) / size);
		ret->mapped = ret->pages && ret->nr;
		if (ret->mapped)
			return NULL;
	}
	ret->nr = min_u64(min_u64(max, COPY_PAGES), left / size);
	TRY(copy(r, paddr, (size_t)(ret->nr * size),
		 min_u64(max, left / size) * size, &good));
	ret->pages = r->buf;
	if (good)
		return NULL;
	/* only as far as the page that the first one begins in */
	len = min_u64(ret->nr * size, page - (vaddr & (page - 1)));
	return copy_few(r, vaddr, max_u64(len / size, 1), ret);
}

struct error *scan_read_pair(struct scan_reader *r, uint64_t vaddr,
			     uint8_t pair[2 * SCAN_PAIR_SIZE], bool *ret)
{
	uint32_t size = r->kernel->layout.size;
	enum page_state state;

	*ret = false;
	if (size > SCAN_PAIR_SIZE)
		return NULL;
	TRY(space_read(&r->kernel->space, r->view, vaddr, pair, 2 * size,
		       &state));
	*ret = state == PAGE_OK;
	return NULL;
}
