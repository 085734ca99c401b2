/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a worker of the scan comes by struct pages: mapped and in place where
 * that can be, else copied. Private to the scan.
 */
#ifndef CAPDUMP_CAPTURE_SCAN_READ_H
#define CAPDUMP_CAPTURE_SCAN_READ_H

#include "../image/window.h"
#include "../kernel/kernel.h"

/* A worker's own. */
struct scan_reader {
	const struct kernel *kernel;	/* borrowed */
	struct view *view;		/* random access: tables, heads */
	struct view *stream;		/* struct pages where mapping fails */
	uint8_t *buf;			/* struct pages that were copied */
	struct window *window;		/* over struct pages; NULL: none */
	struct extent extent;		/* last translation */
	uint64_t extent_vaddr;
};

struct error *scan_reader_init(struct scan_reader *reader,
			       const struct kernel *kernel);
void scan_reader_deinit(struct scan_reader *reader);

/* Struct pages that follow each other. */
struct chunk {
	const uint8_t *pages;	/* the reader's, until the next call; NULL: they
				 * can't be read */
	uint64_t nr;		/* of them, >= 1 */
	bool mapped;		/* to be read within guard_call() only, and
				 * what is read twice may differ */
};

/* Those from the one at VADDR on, MAX at most. MAY_MAP false: a copy. */
struct error *scan_read(struct scan_reader *reader, uint64_t vaddr,
			uint64_t max, bool may_map, struct chunk *ret);

#define SCAN_PAIR_SIZE 256u	/* struct pages up to this size come in pairs */

/* Copies the struct page at VADDR and the one behind it; *RET: whether they
 * could be read. */
struct error *scan_read_pair(struct scan_reader *reader, uint64_t vaddr,
			     uint8_t pair[2 * SCAN_PAIR_SIZE], bool *ret);

#endif
