/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A view: one thread's way of reading an image by physical address, through a
 * few cached blocks. A block that cannot be read is read page by page, so one
 * bad page never hides its neighbours.
 */
#ifndef CAPDUMP_IMAGE_VIEW_H
#define CAPDUMP_IMAGE_VIEW_H

#include "image.h"

struct view;

/*
 * NR_BLOCKS blocks of BLOCK_SIZE bytes (a power of two, a multiple of 4096).
 * VIEW_RANDOM suits page tables and lists, VIEW_STREAM long ranges.
 */
struct error *view_create(const struct image *image, size_t block_size,
			  unsigned nr_blocks, struct view **ret);
void view_destroy(struct view *view);	/* NULL is fine */

#define VIEW_RANDOM 4096, 32
#define VIEW_STREAM 65536, 2

const struct image *view_image(const struct view *view);

/*
 * From here on the view reads ahead within [start, end) only (and elsewhere the
 * pages of 4 KiB that are asked for, no more): beyond may lie what must not be
 * touched. At first it reads ahead to the ends of a block.
 */
void view_limit(struct view *view, uint64_t start, uint64_t end);

/*
 * Reads LEN bytes at PADDR; parts in no segment read as zeroes. PAGE_ABSENT
 * if no byte of the range is in a segment, PAGE_UNREADABLE if any page of it
 * cannot be read (what could be is in BUF, the rest zero).
 */
enum page_state view_read(struct view *view, uint64_t paddr, void *buf,
			  size_t len);

/* The same, but PAGE_ABSENT if any page of it (4 KiB) is wholly in no segment,
 * or, in a dump, not there, and none is unreadable. */
enum page_state view_read_whole(struct view *view, uint64_t paddr, void *buf,
				size_t len);

/*
 * view_read(), which also tells in *BLOCK how these bytes are packed in the image's
 * file, if they are there as one page; else its size is 0. Of such nothing is read
 * ahead, nor kept.
 */
enum page_state view_read_block(struct view *view, uint64_t paddr, void *buf,
				size_t len, struct image_block *block);

/* view_read() that fails unless every page touched is there and readable.
 * WHAT names the thing for the error ("mem_section[3]"). */
struct error *view_read_exact(struct view *view, uint64_t paddr, void *buf,
			      size_t len, const char *what);

#endif
