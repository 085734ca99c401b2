/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A window: a range of physical memory, mapped by the main thread, read by
 * many, gone when the last reference is.
 */
#ifndef CAPDUMP_IMAGE_WINDOW_H
#define CAPDUMP_IMAGE_WINDOW_H

#include "image.h"

struct window;

/*
 * Maps [paddr, paddr + len) (page aligned; any part may be absent). *RET is
 * NULL, and no error, if the image cannot map or the system refuses: read
 * through a view then. The caller holds the one reference.
 */
struct error *window_create(const struct image *image, uint64_t paddr,
			    uint64_t len, struct window **ret);

/* One reference more, or less; NULL is fine. Any thread. */
struct window *window_get(struct window *window);
void window_put(struct window *window);

bool window_covers(const struct window *window, uint64_t paddr, uint64_t len);

/*
 * Copies memory, zeroes where no segment is. PAGE_ABSENT if no byte of the
 * range is in a segment, PAGE_UNREADABLE if SIGBUS struck. The range must be
 * covered. Any thread.
 */
enum page_state window_read(const struct window *window, uint64_t paddr,
			    void *buf, size_t len);

/*
 * Where the memory at PADDR is mapped, and *LEN, how many bytes follow each
 * other from there on; NULL where it is not, or the file is cut off. To be read
 * within guard_call() only. Any thread.
 */
const void *window_at(const struct window *window, uint64_t paddr,
		      uint64_t *len);

#endif
