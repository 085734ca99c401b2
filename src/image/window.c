/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapped windows: see window.h. A window is a few pieces, one for each segment
 * it touches, since their file offsets need not continue each other.
 */
#include "window.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/guard.h"

#define MAX_PIECES 16

struct piece {
	uint64_t paddr, len;	/* bytes; of this segment's part */
	uint64_t in_file;	/* of len; less where the file is cut off. The
				 * rest of its last page would read as zero */
	const uint8_t *bytes;	/* NULL: zeroes */
	void *map;		/* what munmap() wants; NULL: nothing */
	size_t map_len;
};

struct window {
	uint64_t paddr, len;
	atomic_uint refs;
	unsigned nr_pieces;
	struct piece pieces[MAX_PIECES];
};

static void unmap(struct window *window)
{
	for (unsigned i = 0; i < window->nr_pieces; i++)
		if (window->pieces[i].map)
			munmap(window->pieces[i].map,
			       window->pieces[i].map_len);
	free(window);
}

/* Adds [paddr, paddr + len); false if the system refuses. */
static bool add_piece(struct window *window, const struct image *image,
		      uint64_t paddr, uint64_t len, bool zero, uint64_t offset)
{
	static const uint64_t host_page = 65536;	/* largest in use */
	struct piece *piece = &window->pieces[window->nr_pieces];
	uint64_t page = min_u64((uint64_t)sysconf(_SC_PAGESIZE), host_page);
	uint64_t map_offset = align_down(offset, page);

	if (window->nr_pieces == MAX_PIECES)
		return false;
	*piece = (struct piece){ .paddr = paddr, .len = len, .in_file = len };
	if (!zero) {
		if (image->file.size)
			piece->in_file = offset >= image->file.size ? 0 :
				min_u64(len, image->file.size - offset);
		piece->map_len = (size_t)(offset + len - map_offset);
		piece->map = mmap(NULL, piece->map_len, PROT_READ, MAP_PRIVATE,
				  image->file.fd, (off_t)map_offset);
		if (piece->map == MAP_FAILED) {
			piece->map = NULL;
			return false;
		}
		piece->bytes = (uint8_t *)piece->map + (offset - map_offset);
	}
	window->nr_pieces++;
	return true;
}

static bool add_pieces(struct window *window, const struct image *image)
{
	uint64_t end = window->paddr + window->len;

	for (size_t i = image_find_segment(image, window->paddr);
	     i < image->nr_segments && image->segments[i].paddr < end; i++) {
		const struct segment *s = &image->segments[i];
		uint64_t from = max_u64(s->paddr, window->paddr);
		uint64_t mid = min_u64(s->paddr + s->filesz, end);
		uint64_t to = min_u64(s->paddr + s->memsz, end);

		if (from < mid && !add_piece(window, image, from, mid - from,
					     false, s->offset +
					     (from - s->paddr)))
			return false;
		from = max_u64(from, s->paddr + s->filesz);
		if (from < to && !add_piece(window, image, from, to - from,
					    true, 0))
			return false;
	}
	return true;
}

struct error *window_create(const struct image *image, uint64_t paddr,
			    uint64_t len, struct window **ret)
{
	struct window *window;

	*ret = NULL;
	if (!image->can_map)
		return NULL;
	window = calloc(1, sizeof(*window));
	if (!window)
		return error_nomem();
	window->paddr = paddr;
	window->len = len;
	atomic_init(&window->refs, 1);
	if (!add_pieces(window, image)) {
		unmap(window);
		return NULL;
	}
	*ret = window;
	return NULL;
}

struct window *window_get(struct window *window)
{
	if (window)
		atomic_fetch_add(&window->refs, 1);
	return window;
}

void window_put(struct window *window)
{
	if (window && atomic_fetch_sub(&window->refs, 1) == 1)
		unmap(window);
}

bool window_covers(const struct window *window, uint64_t paddr, uint64_t len)
{
	return paddr >= window->paddr && len <= window->len &&
	       paddr - window->paddr <= window->len - len;
}

enum page_state window_read(const struct window *window, uint64_t paddr,
			    void *buf, size_t len)
{
	uint64_t end = paddr + len;
	uint64_t filled = 0;
	bool found = false;

	for (unsigned i = 0; i < window->nr_pieces; i++) {
		const struct piece *piece = &window->pieces[i];
		uint64_t from = max_u64(piece->paddr, paddr);
		uint64_t to = min_u64(piece->paddr + piece->len, end);
		uint8_t *dst = (uint8_t *)buf + (from - paddr);

		if (from >= to)
			continue;
		found = true;
		if (!piece->bytes)
			continue;
		/* what lies before this piece and after the last is zero */
		if (from - paddr > filled)
			memset((uint8_t *)buf + filled, 0,
			       (size_t)(from - paddr - filled));
		if (to - piece->paddr > piece->in_file ||
		    !guard_copy(dst, piece->bytes + (from - piece->paddr),
				(size_t)(to - from)))
			return PAGE_UNREADABLE;
		filled = to - paddr;
	}
	if (filled < len)
		memset((uint8_t *)buf + filled, 0, (size_t)(len - filled));
	return found ? PAGE_OK : PAGE_ABSENT;
}

const void *window_at(const struct window *window, uint64_t paddr,
		      uint64_t *len)
{
	for (unsigned i = 0; i < window->nr_pieces; i++) {
		const struct piece *piece = &window->pieces[i];
		uint64_t at = paddr - piece->paddr;

		if (paddr < piece->paddr || at >= piece->in_file)
			continue;
		*len = piece->in_file - at;
		return piece->bytes ? piece->bytes + at : NULL;
	}
	return NULL;
}
