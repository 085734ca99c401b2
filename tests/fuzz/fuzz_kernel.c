/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that reads a crashed kernel's own data, on a sound vmcore with
 * some words changed: page tables, memory sections, nodes, symbols, struct
 * pages. What comes of it must be consistent.
 */
#include "../../src/capture/facts.h"
#include "../../src/capture/left_out_map.h"
#include "../../src/capture/overlay.h"
#include "../../src/capture/plan.h"
#include "patched.h"

static void check_plan(const struct plan *plan)
{
	uint64_t present = 0, kept = 0, ranks = 0;

	for (unsigned i = 0; i < NR_CLASSES; i++) {
		FUZZ_CHECK(plan->counts.kept[i] <= plan->counts.present[i]);
		present += plan->counts.present[i];
		kept += plan->counts.kept[i];
	}
	FUZZ_CHECK(present == plan->nr_present);
	FUZZ_CHECK(plan->nr_kept <= plan->nr_present);
	FUZZ_CHECK(kept <= plan->nr_kept);
	for (unsigned i = 0; i < NR_RANKS; i++)
		ranks += plan->ranks[i];
	FUZZ_CHECK(ranks == plan->nr_kept);
}

static void left_out(const struct kernel *kernel, struct view *view,
		     struct log *log)
{
	struct left_out_map map;
	char line[LEFT_OUT_LINE_LEN];

	if (!fuzz_ok(left_out_map_find(kernel, view, log, &map)))
		return;
	FUZZ_CHECK(map.known || !map.nr);
	FUZZ_CHECK(map.nr <= LEFT_OUT_RANGES);
	for (unsigned i = 0; i < map.nr; i++) {
		const struct left_out_hole *hole = &map.holes[i];

		FUZZ_CHECK(hole->range.paddr < hole->range.end);
		FUZZ_CHECK(hole->there <= hole->range.end - hole->range.paddr);
		FUZZ_CHECK(left_out_text(hole, line)[0]);
	}
}

static void scan(const struct kernel *kernel, struct view *view,
		 struct log *log)
{
	struct memory_budget budget = { .nr_threads = 0 };
	struct dump_facts facts = { .nr_kept = 0 };
	struct overlay *overlay = NULL;
	struct plan *plan = NULL;
	uint64_t nr;
	bool found;

	error_destroy(facts_gather(kernel, view, log, &facts));
	left_out(kernel, view, log);
	if (kernel->has_pages)
		error_destroy(kernel_free_pages(kernel, view, &nr, &found));
	if (fuzz_ok(overlay_create(kernel, view, log, &overlay)) &&
	    fuzz_ok(plan_create(kernel, overlay, 31, true, &budget, &plan)) &&
	    fuzz_ok(plan_scan(plan, NULL)))
		check_plan(plan);
	plan_destroy(plan);
	overlay_destroy(overlay);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_source source = { bytes, len };
	const struct image *image = patched_image(&source);
	struct kernel *kernel = NULL;
	struct view *view = NULL;
	struct log log;

	log_init(&log, fuzz_null(), 31);
	if (view_create(image, VIEW_RANDOM, &view))
		abort();
	if (fuzz_ok(kernel_open(image, view, &log, &kernel)))
		scan(kernel, view, &log);
	kernel_close(kernel);
	view_destroy(view);
	log_deinit(&log);
	return 0;
}
