/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages, in which order: see plan.h. */
#include "plan.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/stop.h"

uint64_t plan_memory(uint64_t window_pages, uint64_t end_pfn)
{
	uint64_t pages = window_pages ? min_u64(window_pages, end_pfn) :
			 end_pfn;

	return pages / 8 * SCAN_NR_SETS + pages / PLAN_BLOCK * 8;
}

void plan_destroy(struct plan *plan)
{
	if (!plan)
		return;
	scan_destroy(plan->scan);
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		pageset_deinit(scan_set(&plan->sets, i));
	plan_store_deinit(&plan->store);
	free(plan->prefix);
	free(plan->base);
	free(plan->holds);
	free(plan);
}

static struct error *create(struct plan *plan, unsigned level,
			    const struct memory_budget *budget)
{
	uint64_t blocks = plan->window_pages / PLAN_BLOCK + 2;

	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		TRY(pageset_init(scan_set(&plan->sets, i), 0,
				 plan->window_pages));
	plan->first = &plan->sets.reserved;
	plan->memmap = &plan->sets.poisoned;
	TRY(plan_store_init(&plan->store, plan->nr_windows, plan->nr_windows >
			    1 ? budget->store_bytes : 0));
	plan->prefix = calloc(blocks, sizeof(*plan->prefix));
	plan->base = calloc(plan->nr_windows + 1, sizeof(*plan->base));
	plan->holds = calloc(plan->nr_windows + 1, sizeof(*plan->holds));
	if (!plan->prefix || !plan->base || !plan->holds)
		return error_nomem();
	return scan_create(plan->kernel, level, &plan->overlay->never_drop,
			   budget->nr_threads, &plan->scan);
}

struct error *plan_create(const struct kernel *kernel,
			  const struct overlay *overlay, unsigned level,
			  bool by_value, const struct memory_budget *budget,
			  struct plan **ret)
{
	uint64_t window_pages = budget->window_pages;
	struct plan *plan = calloc(1, sizeof(*plan));
	struct error *err;

	if (!plan)
		return error_nomem();
	plan->kernel = kernel;
	plan->overlay = overlay;
	plan->by_value = by_value;
	plan->end_pfn = kernel->end_pfn;
	plan->window_pages = align_up(max_u64(window_pages ? min_u64(
				window_pages, kernel->end_pfn) :
				kernel->end_pfn, 64), 64);
	plan->nr_windows = (size_t)((kernel->end_pfn + plan->window_pages - 1) /
				    plan->window_pages);
	plan->loaded = SIZE_MAX;
	err = create(plan, level, budget);
	if (err) {
		plan_destroy(plan);
		return err;
	}
	*ret = plan;
	return NULL;
}

struct frames_arg {
	struct pageset *set;	/* NULL: they are counted only */
	unsigned shift;
	uint64_t counted;	/* up to this frame */
	uint64_t nr;
};

/* Frames that are at least partly in [paddr, end). */
static struct error *add_frames(void *p, uint64_t paddr, uint64_t end)
{
	struct frames_arg *arg = p;
	uint64_t first = max_u64(paddr >> arg->shift, arg->counted);

	end = ((end - 1) >> arg->shift) + 1;
	if (first >= end)
		return NULL;
	arg->counted = end;
	arg->nr += end - first;
	if (arg->set)
		pageset_add_range(arg->set, first, end);
	return NULL;
}

/* Makes sets.present those of the window's frames that are of FRAMES. */
static struct error *load_frames(struct plan *plan, enum image_frames frames)
{
	struct pageset *present = &plan->sets.present;
	struct frames_arg arg = {
		.set = present,
		.shift = plan->kernel->space.target.page_shift,
	};

	pageset_clear(present);
	return image_runs(plan->kernel->image, frames,
			  present->first << arg.shift,
			  present->end << arg.shift, add_frames, &arg);
}

static struct error *count_frames(const struct plan *plan,
				  enum image_frames frames, uint64_t first,
				  uint64_t end, uint64_t *ret)
{
	struct frames_arg arg = {
		.shift = plan->kernel->space.target.page_shift,
	};

	TRY(image_runs(plan->kernel->image, frames, first << arg.shift,
		       end << arg.shift, add_frames, &arg));
	*ret = arg.nr;
	return NULL;
}

/* Whether the image may lack pages that the machine had. */
static bool is_dump(const struct plan *plan)
{
	return plan->kernel->image->ops->runs;
}

/*
 * Brings in what the overlay knows, forgets what is poisoned or reserved for
 * plan->first and plan->memmap, and makes the ranks disjoint: the first
 * that matches of first, memmap, reserved, slab, user; the rest is the
 * kernel's. A poisoned page stays out even of the kernel image: to touch it
 * may kill the machine that writes the dump. So may an offline one: a VMSA of an
 * SNP guest (Linux 6.16+ arch/x86/coco/sev/core.c: shutdown_all_aps()), or what
 * has no memory behind it.
 */
static void apply_overlay(struct plan *plan)
{
	struct scan_sets *sets = &plan->sets;
	uint64_t first_pfn = sets->kept.first;
	uint64_t nr = (sets->kept.end - first_pfn + 63) / 64;

	for (uint64_t i = 0; i < nr; i++) {
		uint64_t pfn = first_pfn + i * 64, kept = sets->kept.bits[i];
		uint64_t first, memmap;

		kept |= sparseset_word(&plan->overlay->never_drop, pfn) &
			sets->present.bits[i] & ~sets->poisoned.bits[i];
		if (plan->keep_all)
			kept = sets->present.bits[i];
		first = sparseset_word(&plan->overlay->first, pfn) & kept;
		memmap = sparseset_word(&plan->overlay->memmap, pfn) & kept &
			 ~first;
		first |= sets->reserved.bits[i] & kept & ~memmap;
		first &= ~sparseset_word(&plan->overlay->late, pfn);
		if (plan->first_only) {
			kept = first;
			memmap = 0;
		}
		sets->kept.bits[i] = kept;
		sets->slab.bits[i] &= kept & ~first & ~memmap;
		sets->user.bits[i] &= kept & ~first & ~memmap;
		plan->first->bits[i] = first;
		plan->memmap->bits[i] = memmap;
	}
}

static void count_prefix(struct plan *plan)
{
	const struct pageset *kept = &plan->sets.kept;
	uint64_t n = 0, i = 0;

	for (uint64_t pfn = kept->first; pfn < kept->end; pfn += PLAN_BLOCK) {
		plan->prefix[i++] = n;
		n += pageset_count(kept, pfn, pfn + PLAN_BLOCK);
	}
	plan->prefix[i] = n;
}

static void window_frames(const struct plan *plan, size_t window,
			  uint64_t *first, uint64_t *end)
{
	*first = window * plan->window_pages;
	*end = min_u64(*first + plan->window_pages, plan->end_pfn);
}

/* Empty sets over the frames of WINDOW. */
static void move_to(struct plan *plan, size_t window)
{
	uint64_t first, end;

	window_frames(plan, window, &first, &end);
	plan->loaded = SIZE_MAX;
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		scan_set_move(scan_set(&plan->sets, i), first, end);
}

static uint64_t count_all(const struct pageset *set)
{
	return pageset_count(set, set->first, set->end);
}

/* Pages of one window. */
struct tally {
	uint64_t present, held;
	uint64_t kept, judged;		/* judged: kept but for the overlay */
	uint64_t ranks[NR_RANKS];
};

/* Scans the window: of a dump what it holds, which is all that can be kept. */
static struct error *scan_window(struct plan *plan, struct scan_counts *counts,
				 struct progress *progress,
				 struct tally *tally)
{
	struct scan_sets *sets = &plan->sets;

	TRY(load_frames(plan, FRAMES_HELD));
	tally->held = count_all(&sets->present);
	TRY(scan_run(plan->scan, sets, counts, progress, sets->kept.first));
	tally->judged = count_all(&sets->kept);
	apply_overlay(plan);
	return is_dump(plan) ? load_frames(plan, FRAMES_PRESENT) : NULL;
}

/* The sets that are remembered: all the others are in the first. */
#define NR_STORED 5
static void stored_sets(struct plan *plan, struct pageset *ret[NR_STORED])
{
	ret[0] = &plan->sets.kept;
	ret[1] = &plan->sets.slab;
	ret[2] = &plan->sets.user;
	ret[3] = plan->first;
	ret[4] = plan->memmap;
}

struct error *plan_load(struct plan *plan, size_t window)
{
	struct scan_counts ignored = { .free_found = 0 };
	struct pageset *stored[NR_STORED];
	struct tally tally;

	if (plan->loaded == window)
		return NULL;
	move_to(plan, window);
	stored_sets(plan, stored);
	if (plan_store_get(&plan->store, window, stored, NR_STORED))
		TRY(load_frames(plan, FRAMES_PRESENT));
	else
		TRY(scan_window(plan, &ignored, NULL, &tally));
	count_prefix(plan);
	plan->loaded = window;
	return NULL;
}

static struct error *tally_scan(struct plan *plan, size_t window,
				struct progress *progress, struct tally *tally)
{
	const struct scan_sets *sets = &plan->sets;
	struct pageset *stored[NR_STORED];
	uint64_t *ranks = tally->ranks;

	move_to(plan, window);
	TRY(scan_window(plan, &plan->counts, progress, tally));
	count_prefix(plan);
	plan->loaded = window;
	tally->kept = count_all(&sets->kept);
	ranks[RANK_FIRST] = count_all(plan->first);
	ranks[RANK_SLAB] = count_all(&sets->slab);
	ranks[RANK_USER] = count_all(&sets->user);
	ranks[RANK_MEMMAP] = count_all(plan->memmap);
	ranks[RANK_KERNEL] = tally->kept - ranks[RANK_FIRST] -
			     ranks[RANK_SLAB] - ranks[RANK_USER] -
			     ranks[RANK_MEMMAP];
	stored_sets(plan, stored);
	if (plan->nr_windows > 1)	/* else they stay */
		plan_store_put(&plan->store, window, stored, NR_STORED);
	return NULL;
}

/* Where there is no memory, or there are no struct pages and nothing is known
 * of any frame, there is nothing to scan: what is present is kept. *RET:
 * whether it is so. */
static struct error *tally_plain(struct plan *plan, size_t window,
				 struct progress *progress,
				 struct tally *tally, bool *ret)
{
	uint64_t first, end, gap;

	window_frames(plan, window, &first, &end);
	TRY(stop_check());
	TRY(scan_gap(plan->scan, first, &gap));
	TRY(count_frames(plan, FRAMES_PRESENT, first, end, &tally->present));
	*ret = !tally->present ||
	       (gap >= end && !overlay_may_have(plan->overlay, first, end));
	if (!*ret)
		return NULL;
	tally->held = tally->present;
	if (is_dump(plan))
		TRY(count_frames(plan, FRAMES_HELD, first, end, &tally->held));
	tally->judged = tally->held;
	tally->kept = plan->first_only ? 0 : tally->held;
	tally->ranks[RANK_KERNEL] = tally->kept;
	plan->counts.present[CLASS_UNKNOWN] += tally->held;
	plan->counts.kept[CLASS_UNKNOWN] += tally->held;
	if (progress)
		progress_update(progress, end, 0);
	return NULL;
}

/* What of the window's frames the image does not hold. */
static struct error *tally_missing(struct plan *plan, size_t window,
				   const struct tally *tally)
{
	uint64_t *present = plan->counts.present, first, end, named;

	if (tally->held == tally->present)
		return NULL;
	window_frames(plan, window, &first, &end);
	TRY(count_frames(plan, FRAMES_NAMED, first, end, &named));
	present[CLASS_LEFT_OUT] += tally->present - named;
	present[CLASS_UNREACHED] += named - tally->held;
	return NULL;
}

static void tally_add(struct plan *plan, size_t window,
		      const struct tally *tally)
{
	plan->base[window] = plan->nr_kept;
	plan->holds[window] = (tally->present ? PLAN_PRESENT : 0) |
			      (tally->kept ? PLAN_KEPT : 0);
	for (unsigned i = 0; i < NR_RANKS; i++) {
		plan->ranks[i] += tally->ranks[i];
		plan->holds[window] |= (uint8_t)(!!tally->ranks[i] << i);
	}
	plan->nr_kept += tally->kept;
	plan->nr_present += tally->present;
	if (tally->kept > tally->judged)
		plan->nr_forced += tally->kept - tally->judged;
}

struct error *plan_scan(struct plan *plan, struct progress *progress)
{
	plan->nr_kept = plan->nr_present = plan->nr_forced = 0;
	plan->counts = (struct scan_counts){ .free_found = 0 };
	for (unsigned i = 0; i < NR_RANKS; i++)
		plan->ranks[i] = 0;
	for (size_t w = 0; w < plan->nr_windows; w++) {
		struct tally tally = { 0 };
		bool plain;

		TRY(tally_plain(plan, w, progress, &tally, &plain));
		if (!plain)
			TRY(tally_scan(plan, w, progress, &tally));
		TRY(tally_missing(plan, w, &tally));
		tally_add(plan, w, &tally);
	}
	plan->base[plan->nr_windows] = plan->nr_kept;
	if (plan->nr_windows == 1) {	/* it stays loaded */
		TRY(plan_load(plan, 0));
		scan_destroy(plan->scan);
		plan->scan = NULL;
	}
	return NULL;
}

static uint64_t kept_below(const struct plan *plan, uint64_t pfn)
{
	const struct pageset *kept = &plan->sets.kept;
	uint64_t block = (pfn - kept->first) / PLAN_BLOCK;

	return plan->base[plan->loaded] + plan->prefix[block] +
	       pageset_count(kept, kept->first + block * PLAN_BLOCK, pfn);
}

struct error *plan_index(struct plan *plan, uint64_t pfn, uint64_t *ret)
{
	size_t window = (size_t)(pfn / plan->window_pages);

	*ret = plan->nr_kept;
	if (pfn >= plan->end_pfn)
		return NULL;
	TRY(plan_load(plan, window));
	*ret = kept_below(plan, pfn);
	return NULL;
}

struct error *plan_find(struct plan *plan, uint64_t index, uint64_t *ret)
{
	const struct pageset *kept = &plan->sets.kept;
	size_t window = 0;
	uint64_t pfn, nr;

	*ret = plan->end_pfn;
	if (index >= plan->nr_kept)
		return NULL;
	while (plan->base[window + 1] <= index)
		window++;
	TRY(plan_load(plan, window));
	index -= plan->base[window];
	pfn = kept->first;
	for (uint64_t i = 0; pfn + PLAN_BLOCK < kept->end &&
	     plan->prefix[i + 1] <= index; i++)
		pfn += PLAN_BLOCK;
	nr = index - plan->prefix[(pfn - kept->first) / PLAN_BLOCK];
	pfn = pageset_next(kept, pfn);
	while (nr--)
		pfn = pageset_next(kept, pfn + 1);
	*ret = pfn;
	return NULL;
}
