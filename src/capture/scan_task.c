/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One task of the scan: walks the struct pages of up to 1 GiB of memory in
 * chunks, lets the filter judge them, 64 at a time or unit by unit, and marks
 * the frames. Mapped struct pages are judged where they lie; when that meets
 * SIGBUS, the chunk is begun again with copies.
 */
#include "scan_task.h"

#include "../base/bytes.h"
#include "../base/guard.h"
#include "../base/stop.h"

/* A compound page or buddy block that goes on. */
struct run {
	enum page_class class;
	uint64_t end;	/* frame; exclusive */
};

/* Where a task is. */
struct cursor {
	struct scan_worker *worker;
	struct scan_task *task;
	struct page_array array;
	struct marks marks;
	struct run run;
	uint64_t pfn;		/* what lies below is marked */
	uint64_t stop;		/* frame; the array or the task ends */
	struct chunk chunk;	/* struct pages from chunk_pfn on */
	uint64_t chunk_pfn;
	struct error *err;	/* of judge_chunk() */
};

struct error *scan_worker_init(struct scan_worker *worker,
			       const struct kernel *kernel, unsigned level,
			       const struct sparseset *never_drop)
{
	worker->level = level;
	worker->never_drop = never_drop;
	return scan_reader_init(&worker->reader, kernel);
}

void scan_worker_deinit(struct scan_worker *worker)
{
	scan_reader_deinit(&worker->reader);
}

static const struct page_layout *layout_of(const struct cursor *c)
{
	return &c->worker->reader.kernel->layout;
}

/* The struct page of PFN, which is in the chunk. */
static const uint8_t *page_of(const struct cursor *c, uint64_t pfn)
{
	return c->chunk.pages + (pfn - c->chunk_pfn) * layout_of(c)->size;
}

static uint64_t chunk_end(const struct cursor *c)
{
	return min_u64(c->chunk_pfn + c->chunk.nr, c->stop);
}

static uint64_t vaddr_of(const struct cursor *c, uint64_t pfn)
{
	return c->array.vaddr + (pfn - c->array.first_pfn) *
	       layout_of(c)->size;
}

/* The class of a compound tail and the end of its compound page, by its head. */
static struct error *judge_tail(struct cursor *c, uint64_t pfn,
				uint64_t vaddr, uint64_t head_vaddr,
				struct run *ret)
{
	const struct kernel *kernel = c->worker->reader.kernel;
	uint32_t size = kernel->layout.size;
	uint8_t pair[2 * SCAN_PAIR_SIZE];
	uint64_t head, len;
	bool ok;

	*ret = (struct run){ CLASS_KERNEL, pfn + 1 };
	if (head_vaddr < vaddr && head_vaddr >= c->array.vaddr &&
	    (head_vaddr - c->array.vaddr) % size == 0)
		head = c->array.first_pfn +
		       (head_vaddr - c->array.vaddr) / size;
	else if (!kernel_page_pfn(kernel, c->worker->reader.view, head_vaddr,
				  pfn, &head))
		goto nonsense;
	if (head >= pfn)
		goto nonsense;
	TRY(scan_read_pair(&c->worker->reader, head_vaddr, pair, &ok));
	if (!ok || filter_tail(&kernel->layout, pair, head_vaddr, &len))
		goto nonsense;
	ret->class = filter_classify(&kernel->layout, pair, head, 2, &len);
	if (head + len > pfn) {
		ret->end = head + len;
		return NULL;
	}
	ret->class = CLASS_KERNEL;
nonsense:
	c->marks.counts.nr_nonsense++;
	return NULL;
}

/*
 * Judges the unit that begins at PFN, or goes on there; sets c->run. *AGAIN: it
 * is a head at the chunk's end, to be looked at with what follows it.
 */
static struct error *judge(struct cursor *c, uint64_t pfn, bool *again)
{
	const struct page_layout *layout = layout_of(c);
	const uint8_t *page = page_of(c, pfn);
	uint64_t nr = c->chunk_pfn + c->chunk.nr - pfn;
	uint64_t vaddr = vaddr_of(c, pfn), head_vaddr, len;
	uint8_t pair[2 * SCAN_PAIR_SIZE];
	bool ok;

	*again = false;
	if (filter_tail(layout, page, vaddr, &head_vaddr))
		return judge_tail(c, pfn, vaddr, head_vaddr, &c->run);
	if (nr == 1 && pfn + 1 < c->array.first_pfn + c->array.nr_pages) {
		*again = pfn > c->chunk_pfn;
		if (*again)
			return NULL;
		/* the next one lies, or both do, across a border of pages that
		 * don't follow each other in memory */
		TRY(scan_read_pair(&c->worker->reader, vaddr, pair, &ok));
		if (ok) {
			page = pair;
			nr = 2;
		}
	}
	c->run.class = filter_classify(layout, page, pfn, nr, &len);
	c->run.end = add_overflows(pfn, len, &len) ? UINT64_MAX : len;
	return NULL;
}

/* Whether what is left of the run, from PFN on, can be marked without a look at
 * its struct pages: nothing of it is kept, so that it does not matter which of
 * its pages are poisoned. */
static bool marked_whole(const struct cursor *c, uint64_t pfn)
{
	const struct sparseset *never_drop = c->worker->never_drop;

	return level_drops(c->worker->level, c->run.class) &&
	       (!never_drop ||
		!sparseset_may_have(never_drop, pfn, c->run.end));
}

/* Marks frames of the run one by one, up to END, which lies within the chunk:
 * each may be poisoned. */
static void mark_run(struct cursor *c, uint64_t pfn, uint64_t end)
{
	uint64_t bits, nr;

	for (; pfn < end; pfn += nr) {
		nr = min_u64(end - pfn, 64);
		bits = filter_poisoned(layout_of(c), page_of(c, pfn),
				       (unsigned)nr);
		if (bits & 1) {
			nr = 1;
			marks_add(&c->marks, CLASS_HWPOISON, pfn, pfn + 1);
			continue;
		}
		if (bits)
			nr = (unsigned)__builtin_ctzll(bits);
		marks_add(&c->marks, c->run.class, pfn, pfn + nr);
	}
}

/* Notes a kernel page that is PG_reserved. */
static void mark_reserved(struct cursor *c, uint64_t pfn)
{
	const struct page_layout *layout = layout_of(c);
	uint64_t flags = get_uint(page_of(c, pfn) + layout->flags.offset,
				  layout->flags.size, layout->big_endian);

	if (flags & layout->reserved)
		marks_add_reserved(&c->marks, pfn);
}

/* Marks what is known of the run from PFN on; *RET: where that ends. */
static uint64_t go_on(struct cursor *c, uint64_t pfn)
{
	uint64_t upto;

	if (marked_whole(c, pfn)) {
		upto = min_u64(c->run.end, c->stop);
		marks_add(&c->marks, c->run.class, pfn, upto);
	} else {
		upto = min_u64(c->run.end, chunk_end(c));
		mark_run(c, pfn, upto);
	}
	return upto;
}

/* A unit that begins at PFN. */
static struct error *judge_unit(struct cursor *c, uint64_t pfn, bool *again,
				uint64_t *ret)
{
	*ret = pfn;
	TRY(judge(c, pfn, again));
	if (*again)
		return NULL;
	if (c->run.class == CLASS_KERNEL && layout_of(c)->reserved)
		mark_reserved(c, pfn);
	*ret = go_on(c, pfn);
	return NULL;
}

/* The 64 pages from *PFN on, or as far as the last unit among them goes; or up
 * to one that is to be looked at again. */
static struct error *judge_group(struct cursor *c, uint64_t *pfn, bool *again)
{
	uint64_t first = *pfn, end = first + GROUP_PAGES;
	struct page_group group;

	filter_group(layout_of(c), page_of(c, first), &group);
	while (*pfn < end && !*again) {
		uint64_t mask = UINT64_MAX << (*pfn - first);
		uint64_t units = group.unit & mask;

		if (!units) {
			marks_add_group(&c->marks, &group, mask, first);
			*pfn = end;
			break;
		}
		mask &= (units & -units) - 1;	/* below the first of them */
		if (mask)
			marks_add_group(&c->marks, &group, mask, first);
		TRY(judge_unit(c, first + (unsigned)__builtin_ctzll(units),
			       again, pfn));
	}
	return NULL;
}

/* The page at c->pfn, of a section that is not online. */
static void judge_offline(struct cursor *c)
{
	enum page_class class = filter_classify_offline(layout_of(c),
							page_of(c, c->pfn));

	marks_add(&c->marks, class, c->pfn, c->pfn + 1);
	c->pfn++;
}

/* Goes through the chunk, as far as can be. */
static void judge_chunk(void *arg)
{
	struct cursor *c = arg;
	uint64_t end = chunk_end(c);
	bool again = false;

	if (c->array.use == SECTION_OFFLINE) {
		while (c->pfn < end)
			judge_offline(c);
		return;
	}

	while (c->pfn < end && !again && !c->err) {
		if (c->pfn < c->run.end)
			c->pfn = go_on(c, c->pfn);
		else if (c->pfn % GROUP_PAGES == 0 &&
			 end - c->pfn >= GROUP_PAGES)
			c->err = judge_group(c, &c->pfn, &again);
		else
			c->err = judge_unit(c, c->pfn, &again, &c->pfn);
	}
}

/* The same for a mapped chunk. False: it can't be read in place, and is not
 * done. */
static bool judge_mapped(struct cursor *c)
{
	const struct cursor before = *c;

	if (guard_call(judge_chunk, c))
		return true;
	*c = before;
	marks_rewind(&c->marks);
	return false;
}

/* The struct pages from c->pfn up to END can't be read. It is of no account for
 * frames that are not there. */
static void mark_unreadable(struct cursor *c, uint64_t end)
{
	c->marks.counts.nr_unreadable +=
		pageset_count(&c->task->sets->present, c->pfn, end);
	marks_add(&c->marks, CLASS_UNKNOWN, c->pfn, end);
}

/* The frames up to c->stop, all of one array of struct pages. */
static struct error *scan_array(struct cursor *c)
{
	uint64_t array_end = c->array.first_pfn + c->array.nr_pages;
	uint64_t copied = 0, nr;	/* copied: up to where */

	while (c->pfn < c->stop) {
		TRY(stop_check());
		/* one more than the task's, for a head at its end */
		nr = min_u64(c->stop + 1, array_end) - c->pfn;
		TRY(scan_read(&c->worker->reader, vaddr_of(c, c->pfn), nr,
			      c->pfn >= copied, &c->chunk));
		c->chunk_pfn = c->pfn;
		if (!c->chunk.pages) {
			nr = min_u64(c->chunk.nr, c->stop - c->pfn);
			mark_unreadable(c, c->pfn + nr);
			c->pfn += nr;
		} else if (!c->chunk.mapped) {
			judge_chunk(c);
		} else if (!judge_mapped(c)) {
			copied = chunk_end(c);
		}
		TRY(c->err);
	}
	return NULL;
}

/*
 * What of c->array, up to END, is in a segment. Where not all of a section is
 * online, struct pages of other frames may be no struct pages: a device's first
 * ones never are. Nor is it an error where those can't be read.
 */
static struct error *scan_present(struct cursor *c, uint64_t end)
{
	const struct pageset *present = &c->task->sets->present;

	c->run = (struct run){ CLASS_KERNEL, 0 };
	for (;;) {
		c->pfn = min_u64(pageset_next(present, c->pfn), end);
		if (c->pfn == end)
			return NULL;
		c->stop = min_u64(pageset_next_absent(present, c->pfn), end);
		TRY(scan_array(c));
	}
}

static struct error *run(struct cursor *c)
{
	const struct kernel *kernel = c->worker->reader.kernel;
	struct view *view = c->worker->reader.view;
	uint64_t end = c->task->end;

	while (c->pfn < end) {
		bool unreadable = false;

		TRY(stop_check());
		c->array = (struct page_array){ .first_pfn = UINT64_MAX };
		if (kernel->has_pages)
			TRY(kernel_page_array(kernel, view, c->pfn, &c->array,
					      &unreadable));
		if (c->array.nr_pages) {
			c->stop = min_u64(end, c->array.first_pfn +
					       c->array.nr_pages);
			TRY(c->array.use == SECTION_ONLINE ? scan_array(c) :
			    scan_present(c, c->stop));
			continue;
		}
		c->stop = min_u64(end, max_u64(c->array.first_pfn,
					       c->pfn + 1));
		if (unreadable)
			mark_unreadable(c, c->stop);
		else
			marks_add(&c->marks, CLASS_UNKNOWN, c->pfn, c->stop);
		c->pfn = c->stop;
	}
	return NULL;
}

void scan_task_run(void *local, void *job)
{
	struct scan_task *task = job;
	struct cursor c = { .worker = local, .task = task,
			    .pfn = task->first };

	marks_init(&c.marks, task->sets, c.worker->level, task->first,
		   task->end);
	task->err = run(&c);
	marks_finish(&c.marks);
	task->counts = c.marks.counts;
}
