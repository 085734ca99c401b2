/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing two images: see diff.h. */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/pageset.h"
#include "../base/stop.h"
#include "../image/view.h"

#define WINDOW_PAGES ((uint64_t)1 << 22)
#define UPDATE_PAGES 1024u	/* between looks at the clock */

struct side {
	const struct image *image;
	struct view *view;
	struct pageset held;
	bool filled;		/* held has members */
	uint8_t *page;
};

struct diff {
	struct side a, b;
	unsigned shift;
	struct progress *progress;
	diff_run_fn *fn;
	void *arg;
	struct diff_counts *counts;
	uint64_t nr_seen;
	/* the run that is being found: frames [first, end) */
	enum diff_kind kind;
	uint64_t first, end;
};

static void run_end(struct diff *diff)
{
	if (diff->kind != DIFF_SAME)
		diff->fn(diff->arg, diff->kind, diff->first << diff->shift,
			 diff->end << diff->shift);
	diff->kind = DIFF_SAME;
}

static void run_add(struct diff *diff, enum diff_kind kind, uint64_t pfn,
		    uint64_t end)
{
	diff->counts->nr[kind] += end - pfn;
	if (kind != diff->kind || pfn != diff->end) {
		run_end(diff);
		diff->kind = kind;
		diff->first = pfn;
	}
	diff->end = end;
}

static enum diff_kind compare(const struct diff *diff, uint64_t pfn)
{
	size_t size = diff->counts->page_size;
	uint64_t paddr = pfn << diff->shift;

	if (view_read(diff->a.view, paddr, diff->a.page, size) != PAGE_OK ||
	    view_read(diff->b.view, paddr, diff->b.page, size) != PAGE_OK)
		return DIFF_UNREADABLE;
	return memcmp(diff->a.page, diff->b.page, size) ? DIFF_OTHER :
	       DIFF_SAME;
}

struct held {
	struct side *side;
	unsigned shift;
};

static struct error *add_held(void *arg, uint64_t paddr, uint64_t end)
{
	const struct held *held = arg;

	held->side->filled = true;
	pageset_add_range(&held->side->held, paddr >> held->shift,
			  ((end - 1) >> held->shift) + 1);
	return NULL;
}

static struct error *side_load(struct side *side, uint64_t window,
			       unsigned shift)
{
	struct held held = { .side = side, .shift = shift };

	/* most windows of what claims to be a huge machine have nothing */
	if (side->filled)
		pageset_clear(&side->held);
	side->filled = false;
	side->held.first = window;
	side->held.end = window + WINDOW_PAGES;
	return image_runs(side->image, FRAMES_HELD, window << shift,
			  (window + WINDOW_PAGES) << shift, add_held, &held);
}

/* How far memory from PFN on is zeroes that are not in the file; PFN: it is not. */
static uint64_t zero_end(const struct side *side, uint64_t pfn, unsigned shift)
{
	const struct image *image = side->image;
	uint64_t paddr = pfn << shift;
	size_t i = image_find_segment(image, paddr);
	const struct segment *s = &image->segments[i];

	if (i == image->nr_segments || paddr < s->paddr ||
	    paddr - s->paddr < s->filesz)
		return pfn;
	return (s->paddr + s->memsz) >> shift;
}

/* Adds PFN, which one of the two has at least, and what follows it and is of its kind
 * without being looked at: a header may claim any amount of such. Returns where
 * that ends. */
static uint64_t compare_at(struct diff *diff, uint64_t pfn)
{
	const struct pageset *a = &diff->a.held, *b = &diff->b.held;
	bool in_a = pageset_test(a, pfn), in_b = pageset_test(b, pfn);
	uint64_t end = min_u64(in_a ? pageset_next_absent(a, pfn) :
			       pageset_next(a, pfn),
			       in_b ? pageset_next_absent(b, pfn) :
			       pageset_next(b, pfn));

	if (in_a != in_b) {
		run_add(diff, in_a ? DIFF_ONLY_A : DIFF_ONLY_B, pfn, end);
		return end;
	}
	end = min_u64(end, min_u64(zero_end(&diff->a, pfn, diff->shift),
				   zero_end(&diff->b, pfn, diff->shift)));
	if (end > pfn) {
		run_add(diff, DIFF_SAME, pfn, end);
		return end;
	}
	run_add(diff, compare(diff, pfn), pfn, pfn + 1);
	return pfn + 1;
}

static struct error *compare_window(struct diff *diff, uint64_t window)
{
	const struct pageset *a = &diff->a.held, *b = &diff->b.held;
	uint64_t pfn = window;

	TRY(side_load(&diff->a, window, diff->shift));
	TRY(side_load(&diff->b, window, diff->shift));
	if (!diff->a.filled && !diff->b.filled)
		return NULL;
	while ((pfn = min_u64(pageset_next(a, pfn), pageset_next(b, pfn))) <
	       window + WINDOW_PAGES) {
		pfn = compare_at(diff, pfn);
		if (++diff->nr_seen % UPDATE_PAGES)
			continue;
		TRY(stop_check());
		progress_update(diff->progress, pfn, 0);
	}
	return NULL;
}

/* The first window at or after PADDR that the image has memory in. */
static uint64_t next_window(const struct image *image, uint64_t window,
			    unsigned shift)
{
	size_t i = image_find_segment(image, window << shift);

	if (i == image->nr_segments)
		return UINT64_MAX;
	return max_u64(window, align_down(image->segments[i].paddr >> shift,
					  WINDOW_PAGES));
}

static struct error *compare_all(struct diff *diff, uint64_t end)
{
	uint64_t window = 0;

	for (;; window += WINDOW_PAGES) {
		window = min_u64(next_window(diff->a.image, window,
					     diff->shift),
				 next_window(diff->b.image, window,
					     diff->shift));
		if (window >= end)
			break;
		TRY(stop_check());
		progress_update(diff->progress, window, 0);
		TRY(compare_window(diff, window));
	}
	run_end(diff);
	return NULL;
}

static struct error *side_init(struct side *side, const struct image *image,
			       size_t page_size)
{
	side->image = image;
	side->page = malloc(page_size);
	if (!side->page)
		return error_nomem();
	TRY(pageset_init(&side->held, 0, WINDOW_PAGES));
	return view_create(image, VIEW_STREAM, &side->view);
}

static void side_deinit(struct side *side)
{
	view_destroy(side->view);
	pageset_deinit(&side->held);
	free(side->page);
}

struct error *diff_images(const struct image *a, const struct image *b,
			  struct progress *progress, diff_run_fn *fn,
			  void *arg, struct diff_counts *ret)
{
	uint64_t last = max_u64(image_end_paddr(a), image_end_paddr(b));
	struct diff diff = {
		.shift = max_u64(a->target.page_shift, b->target.page_shift),
		.progress = progress, .fn = fn, .arg = arg, .counts = ret,
	};
	struct error *err;

	*ret = (struct diff_counts){ .page_size = 1u << diff.shift };
	progress_begin(progress, "compare", last >> diff.shift);
	err = side_init(&diff.a, a, ret->page_size);
	if (!err)
		err = side_init(&diff.b, b, ret->page_size);
	if (!err)
		err = compare_all(&diff, last ? ((last - 1) >> diff.shift) + 1 :
				  0);
	progress_end(progress, last >> diff.shift, 0);
	side_deinit(&diff.a);
	side_deinit(&diff.b);
	return err;
}
