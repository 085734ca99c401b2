/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One task of the scan: walks the struct pages of up to 1 GiB of memory in
 * chunks, lets the filter judge each, and marks the frames. Struct pages come
 * from a mapped window where the memmap is contiguous, else through a view.
 */
#include "scan_task.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/stop.h"

#define CHUNK_PAGES 1024u		/* struct pages read at a time */
#define WINDOW_BYTES (4u << 20)
#define WINDOW_MIN 65536u		/* below that a view will do */
#define PAIR_SIZE 256u			/* two struct pages up to this size each
					 * are read through a view */

/* A compound page of which a chunk holds only the beginning. */
struct run {
	enum page_class class;
	uint64_t end;	/* frame; exclusive */
};

/* Where a task is. */
struct cursor {
	struct scan_worker *worker;
	struct scan_task *task;
	struct page_array array;
	struct run run;
};

struct error *scan_worker_init(struct scan_worker *worker,
			       const struct kernel *kernel, unsigned level)
{
	worker->kernel = kernel;
	worker->level = level;
	TRY(view_create(kernel->image, VIEW_RANDOM, &worker->view));
	TRY(view_create(kernel->image, VIEW_STREAM, &worker->stream));
	if (kernel->has_pages) {
		worker->buf = malloc((size_t)CHUNK_PAGES *
				     kernel->layout.size);
		if (!worker->buf)
			return error_nomem();
	}
	return NULL;
}

void scan_worker_deinit(struct scan_worker *worker)
{
	window_put(worker->window);
	free(worker->buf);
	view_destroy(worker->stream);
	view_destroy(worker->view);
}

/* The set that remembers a class, NULL for none. */
static struct pageset *rank_set(struct scan_sets *sets, enum page_class class)
{
	switch (class) {
	case CLASS_SLAB:
		return &sets->slab;
	case CLASS_HWPOISON:
		return &sets->poisoned;
	case CLASS_KERNEL:
	case CLASS_UNKNOWN:
		return NULL;
	default:
		return &sets->user;
	}
}

/* [first, end) is of one class: counts and marks what of it is present. */
static void mark(struct cursor *c, enum page_class class, uint64_t first,
		 uint64_t end)
{
	struct scan_sets *sets = c->task->sets;
	struct pageset *rank = rank_set(sets, class);
	bool kept = !level_drops(c->worker->level, class);
	uint64_t nr;

	end = min_u64(end, c->task->end);
	if (class == CLASS_FREE || class == CLASS_UNACCEPTED)
		c->task->counts.free_found += end - first;
	nr = pageset_count(&sets->present, first, end);
	c->task->counts.present[class] += nr;
	if (kept) {
		c->task->counts.kept[class] += nr;
		pageset_add_masked(&sets->kept, &sets->present, first, end);
	}
	if (rank && (kept || class == CLASS_HWPOISON))
		pageset_add_masked(rank, &sets->present, first, end);
}

/* A window over the struct pages at PADDR, of which LEN bytes follow each other
 * in memory; NULL if that is too little or can't be mapped. */
static struct error *get_window(struct scan_worker *w, uint64_t paddr,
				uint64_t len, struct window **ret)
{
	uint64_t page = 1ull << w->kernel->space.target.page_shift;
	uint64_t start = align_down(paddr, page);

	*ret = NULL;
	if (len < WINDOW_MIN)
		return NULL;
	if (!w->window || !window_covers(w->window, paddr, WINDOW_MIN)) {
		window_put(w->window);
		w->window = NULL;
		TRY(window_create(w->kernel->image, start,
				  min_u64(align_down(paddr + len, page) -
					  start, WINDOW_BYTES), &w->window));
	}
	*ret = w->window;
	return NULL;
}

/* Reads LEN bytes of struct pages at PADDR; *RET: whether all of it is good. */
static struct error *read_memmap(struct scan_worker *w, uint64_t paddr,
				 uint64_t follow, size_t len, bool *ret)
{
	struct window *window;

	/* where pages of the memmap are missing, each is looked at by itself:
	 * nothing may pass for zeroes */
	*ret = false;
	if (!image_covers(w->kernel->image, paddr, len))
		return NULL;
	TRY(get_window(w, paddr, follow, &window));
	if (window && window_covers(window, paddr, len) &&
	    window_read(window, paddr, w->buf, len) == PAGE_OK) {
		*ret = true;
		return NULL;
	}
	*ret = view_read_whole(w->stream, paddr, w->buf, len) == PAGE_OK;
	return NULL;
}

/*
 * Reads struct pages from PFN's on, at most MAX, into the buffer: *NR of them,
 * or, if not *GOOD, the next *NR can't be read.
 */
static struct error *load(struct cursor *c, uint64_t pfn, uint64_t max,
			  uint64_t *nr, bool *good)
{
	struct scan_worker *w = c->worker;
	const struct kernel *kernel = w->kernel;
	uint64_t size = kernel->layout.size, len, left;
	uint64_t page = 1ull << kernel->space.target.page_shift;
	uint64_t vaddr = c->array.vaddr + (pfn - c->array.first_pfn) * size;
	enum page_state state;

	if (!w->extent.len || vaddr - w->extent_vaddr >= w->extent.len) {
		TRY(space_translate(&kernel->space, w->view, vaddr,
				    &w->extent));
		w->extent_vaddr = vaddr;
	}
	if (!w->extent.len && w->extent.hole > size) {
		*nr = min_u64(max, w->extent.hole / size);
		*good = false;
		return NULL;
	}
	left = w->extent.len ? w->extent.len - (vaddr - w->extent_vaddr) : 0;
	*nr = min_u64(min_u64(max, CHUNK_PAGES), left / size);
	if (!*nr) {	/* not mapped, or it straddles two extents */
		TRY(space_read(&kernel->space, w->view, vaddr, w->buf, size,
			       &state));
		*nr = 1;
		*good = state == PAGE_OK;
		return NULL;
	}
	len = *nr * size;
	TRY(read_memmap(w, w->extent.paddr + (vaddr - w->extent_vaddr), left,
			(size_t)len, good));
	if (*good)
		return NULL;
	/* only as far as the page that the first one begins in */
	len = min_u64(len, page - (vaddr & (page - 1)));
	*nr = max_u64(len / size, 1);
	TRY(space_read(&kernel->space, w->view, vaddr, w->buf, *nr * size,
		       &state));
	*good = state == PAGE_OK;
	return NULL;
}

/* The struct page at VADDR and the one behind it; *RET: whether they could be
 * read. */
static struct error *read_pair(struct cursor *c, uint64_t vaddr,
			       uint8_t pair[2 * PAIR_SIZE], bool *ret)
{
	const struct kernel *kernel = c->worker->kernel;
	uint32_t size = kernel->layout.size;
	enum page_state state;

	*ret = false;
	if (size > PAIR_SIZE)
		return NULL;
	TRY(space_read(&kernel->space, c->worker->view, vaddr, pair, 2 * size,
		       &state));
	*ret = state == PAGE_OK;
	return NULL;
}

/* The class of a compound tail and the end of its compound page, by its head. */
static struct error *judge_tail(struct cursor *c, uint64_t pfn,
				uint64_t vaddr, uint64_t head_vaddr,
				struct run *ret)
{
	const struct kernel *kernel = c->worker->kernel;
	uint32_t size = kernel->layout.size;
	uint8_t pair[2 * PAIR_SIZE];
	uint64_t head, len;
	bool ok;

	*ret = (struct run){ CLASS_KERNEL, pfn + 1 };
	if (head_vaddr < vaddr && head_vaddr >= c->array.vaddr &&
	    (head_vaddr - c->array.vaddr) % size == 0)
		head = c->array.first_pfn +
		       (head_vaddr - c->array.vaddr) / size;
	else if (!kernel_page_pfn(kernel, c->worker->view, head_vaddr, pfn,
				  &head))
		goto nonsense;
	if (head >= pfn)
		goto nonsense;
	TRY(read_pair(c, head_vaddr, pair, &ok));
	if (!ok || filter_tail(&kernel->layout, pair, head_vaddr, &len))
		goto nonsense;
	ret->class = filter_classify(&kernel->layout, pair, head, 2, &len);
	if (head + len > pfn) {
		ret->end = head + len;
		return NULL;
	}
	ret->class = CLASS_KERNEL;
nonsense:
	c->task->counts.nr_nonsense++;
	return NULL;
}

/* Marks frames of a compound page one by one, since each may be poisoned. PAGE
 * is the struct page of PFN; END lies within the chunk. */
static void mark_run(struct cursor *c, const uint8_t *page, uint64_t pfn,
		     uint64_t end)
{
	const struct page_layout *layout = &c->worker->kernel->layout;
	uint64_t from = pfn;

	for (; pfn < end; pfn++, page += layout->size) {
		if (!filter_poisoned(layout, page))
			continue;
		mark(c, c->run.class, from, pfn);
		mark(c, CLASS_HWPOISON, pfn, pfn + 1);
		from = pfn + 1;
	}
	mark(c, c->run.class, from, end);
}

/* Notes a kernel page that is PG_reserved. */
static void mark_reserved(struct cursor *c, const uint8_t *page, uint64_t pfn)
{
	const struct page_layout *layout = &c->worker->kernel->layout;
	uint64_t flags = get_uint(page + layout->flags.offset,
				  layout->flags.size, layout->big_endian);

	if ((flags & layout->reserved) &&
	    pageset_test(&c->task->sets->present, pfn))
		pageset_add(&c->task->sets->reserved, pfn);
}

/*
 * Judges the page PFN, I-th of NR in the chunk; sets c->run. *AGAIN: it is a
 * head at the chunk's end, to be looked at with what follows it.
 */
static struct error *judge(struct cursor *c, uint64_t pfn, uint64_t i,
			   uint64_t nr, bool *again)
{
	const struct page_layout *layout = &c->worker->kernel->layout;
	const uint8_t *page = c->worker->buf + i * layout->size;
	uint64_t vaddr = c->array.vaddr +
			 (pfn - c->array.first_pfn) * layout->size;
	uint8_t pair[2 * PAIR_SIZE];
	uint64_t head_vaddr, len;
	bool ok;

	*again = false;
	if (filter_tail(layout, page, vaddr, &head_vaddr))
		return judge_tail(c, pfn, vaddr, head_vaddr, &c->run);
	nr -= i;
	if (nr == 1 && pfn + 1 < c->array.first_pfn + c->array.nr_pages) {
		*again = i;
		if (i)
			return NULL;
		/* the next one lies, or both do, across a border of pages that
		 * don't follow each other in memory */
		TRY(read_pair(c, vaddr, pair, &ok));
		if (ok) {
			page = pair;
			nr = 2;
		}
	}
	c->run.class = filter_classify(layout, page, pfn, nr, &len);
	c->run.end = add_overflows(pfn, len, &len) ? UINT64_MAX : len;
	if (layout->reserved && c->run.class == CLASS_KERNEL)
		mark_reserved(c, page, pfn);
	return NULL;
}

/* Whether the whole run can be marked without a look at its other struct pages:
 * nothing of it is kept, and none says that it is poisoned (what is free or
 * offline has no flags, hugetlb has them on the head). */
static bool marked_whole(const struct cursor *c)
{
	enum page_class class = c->run.class;

	return level_drops(c->worker->level, class) &&
	       class != CLASS_ANON && class != CLASS_CACHE &&
	       class != CLASS_CACHE_PRIVATE;
}

/* Goes through a chunk of NR struct pages from PFN on; *RET: the frame after
 * the last one that is done. */
static struct error *judge_chunk(struct cursor *c, uint64_t pfn, uint64_t nr,
			      uint64_t stop, uint64_t *ret)
{
	const uint8_t *buf = c->worker->buf;
	uint32_t size = c->worker->kernel->layout.size;
	uint64_t first = pfn, end = min_u64(first + nr, stop), upto;
	bool again;

	while (pfn < end) {
		if (pfn >= c->run.end) {
			TRY(judge(c, pfn, pfn - first, nr, &again));
			if (again)
				break;
		}
		if (marked_whole(c)) {
			upto = min_u64(c->run.end, stop);
			mark(c, c->run.class, pfn, upto);
		} else {
			upto = min_u64(c->run.end, end);
			mark_run(c, buf + (pfn - first) * size, pfn, upto);
		}
		pfn = upto;
	}
	*ret = pfn;
	return NULL;
}

/* The frames [pfn, stop), all of one array of struct pages. */
static struct error *scan_array(struct cursor *c, uint64_t pfn, uint64_t stop)
{
	uint64_t array_end = c->array.first_pfn + c->array.nr_pages;

	while (pfn < stop) {
		uint64_t nr;
		bool good;

		TRY(stop_check());
		/* one more than the task's, for a head at its end */
		TRY(load(c, pfn, min_u64(stop + 1, array_end) - pfn, &nr,
			 &good));
		if (good) {
			TRY(judge_chunk(c, pfn, nr, stop, &pfn));
			continue;
		}
		nr = min_u64(nr, stop - pfn);
		mark(c, CLASS_UNKNOWN, pfn, pfn + nr);
		c->task->counts.nr_unreadable += nr;
		pfn += nr;
	}
	return NULL;
}

static struct error *run(struct cursor *c)
{
	const struct kernel *kernel = c->worker->kernel;
	uint64_t pfn = c->task->first, end = c->task->end;

	while (pfn < end) {
		bool unreadable = false;
		uint64_t stop;

		TRY(stop_check());
		c->array = (struct page_array){ .first_pfn = UINT64_MAX };
		if (kernel->has_pages)
			TRY(kernel_page_array(kernel, c->worker->view, pfn,
					      &c->array, &unreadable));
		if (!c->array.nr_pages) {
			stop = min_u64(end, max_u64(c->array.first_pfn,
						    pfn + 1));
			if (unreadable)
				c->task->counts.nr_unreadable += stop - pfn;
			mark(c, CLASS_UNKNOWN, pfn, stop);
		} else {
			stop = min_u64(end, c->array.first_pfn +
				       c->array.nr_pages);
			TRY(scan_array(c, pfn, stop));
		}
		pfn = stop;
	}
	return NULL;
}

void scan_task_run(void *local, void *job)
{
	struct cursor c = { .worker = local, .task = job };

	c.task->err = run(&c);
}
