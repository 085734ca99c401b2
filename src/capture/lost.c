/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts what was lost: see lost.h. A scan of its own, over the area alone: the
 * capture's passes over whatever is in no segment, and so shall it.
 */
#include "lost.h"

#include <inttypes.h>

#include "../base/bytes.h"
#include "scan.h"

#define WINDOW_BYTES SCAN_TASK_BYTES

/*
 * CMA gives its memory to movable pages alone. What else is there is the area
 * before it was given away (PG_reserved with fadump=nocma) or was not (free), or
 * has no contents to lose.
 */
bool lost_class(enum page_class class)
{
	switch (class) {
	case CLASS_CACHE:
	case CLASS_CACHE_PRIVATE:
	case CLASS_ANON:
	case CLASS_HUGETLB:
		return true;
	default:
		return false;
	}
}

/* The frames [first, end) but for those that are, in part, in a segment. Those of
 * a dump's are its bitmap's: no frame of an area that was found between two of
 * them is memory. */
static void set_window(struct scan_sets *sets, const struct kernel *kernel,
		       uint64_t first, uint64_t end)
{
	const struct image *image = kernel->image;
	unsigned shift = kernel->space.target.page_shift;
	uint64_t pages = WINDOW_BYTES >> shift, at = align_down(first, pages);

	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		scan_set_move(scan_set(sets, i), at, at + pages);
	pageset_add_range(&sets->present, first, end);
	for (size_t i = image_find_segment(image, first << shift);
	     image->ops == &elf_image_ops && i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];
		uint64_t from = max_u64(s->paddr >> shift, first);

		if (from >= end)
			break;
		pageset_remove_range(&sets->present, from,
				     min_u64(segment_end_pfn(s, shift), end));
	}
}

static struct error *count(const struct kernel *kernel, uint64_t first,
			   uint64_t end, struct scan_sets *sets,
			   struct scan_counts *counts)
{
	uint64_t pages = WINDOW_BYTES >> kernel->space.target.page_shift;
	struct scan *scan = NULL;
	struct error *err = NULL;

	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		TRY(pageset_init(scan_set(sets, i), 0, pages));
	TRY(scan_create(kernel, 0, NULL, 0, &scan));
	for (uint64_t stop; first < end && !err; first = stop) {
		stop = min_u64(align_down(first, pages) + pages, end);
		set_window(sets, kernel, first, stop);
		err = scan_run(scan, sets, counts, NULL, 0);
	}
	scan_destroy(scan);
	return err;
}

struct error *lost_count(const struct kernel *kernel, uint64_t paddr,
			 uint64_t end, struct lost *ret)
{
	unsigned shift = kernel->space.target.page_shift;
	uint64_t first = paddr >> shift;
	struct scan_counts counts = { .free_found = 0 };
	struct scan_sets sets = { .present = { .first = 0 } };
	struct error *err;

	*ret = (struct lost){ .known = false };
	if (!kernel->has_pages || paddr >= end)
		return NULL;
	end = min_u64(((end - 1) >> shift) + 1, kernel->end_pfn);
	if (first >= end || (end - first) << shift > LOST_MAX_BYTES)
		return NULL;
	err = count(kernel, first, end, &sets, &counts);
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		pageset_deinit(scan_set(&sets, i));
	TRY(err);
	for (enum page_class class = 0; class < NR_CLASSES; class++) {
		ret->pages[class] = counts.present[class];
		if (lost_class(class))
			ret->nr += counts.present[class];
	}
	ret->known = true;
	return NULL;
}

void lost_print_json(const struct lost *lost, FILE *file)
{
	const char *comma = "";

	if (!lost || !lost->known) {
		fputs("null", file);
		return;
	}
	fputc('{', file);
	for (unsigned i = 0; i < NR_CLASSES; i++) {
		if (!lost_class(i))
			continue;
		fprintf(file, "%s\"%s\": %" PRIu64, comma, class_key(i),
			lost->pages[i]);
		comma = ", ";
	}
	fputc('}', file);
}
