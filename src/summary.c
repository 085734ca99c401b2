/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers what capdump info tells. Memory is bounded, whatever the file says:
 * ranges beyond the first 64 are only counted, memory is scanned in windows, and
 * only where it has struct pages. */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "capture/scan.h"

#define WINDOW_BYTES SCAN_TASK_BYTES	/* 1 GiB of memory, for the scan */
#define MAX_WINDOWS 1024u		/* a few seconds */

static void range_add(struct summary *summary, uint64_t paddr, uint64_t end)
{
	uint64_t n = summary->nr_ranges;
	struct summary_range *last = n && n <= SUMMARY_MAX_RANGES ?
				     &summary->ranges[n - 1] : NULL;

	summary->memory += end - paddr;
	if (last && last->end == paddr) {
		last->end = end;
		return;
	}
	if (n < SUMMARY_MAX_RANGES)
		summary->ranges[n] = (struct summary_range){ paddr, end };
	summary->nr_ranges++;
}

static struct error *run_add(void *arg, uint64_t first, uint64_t end)
{
	struct summary *summary = arg;
	unsigned shift = summary->image->target.page_shift;

	range_add(summary, first << shift, end << shift);
	return NULL;
}

static struct error *gather_ranges(struct summary *summary)
{
	const struct image *image = summary->image;

	if (summary->header)
		return kdump_each_run(image, BITMAP_PRESENT, run_add, summary);
	for (size_t i = 0; i < image->nr_segments; i++)
		range_add(summary, image->segments[i].paddr,
			  image->segments[i].paddr + image->segments[i].memsz);
	return NULL;
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

/* Names and time, from VMCOREINFO or a dump's header. */
static void gather_names(struct summary *summary)
{
	const struct kdump_header *h = summary->header;
	const struct kernel *kernel = summary->kernel;
	const struct image *image = summary->image;
	const struct vmcoreinfo *v = kernel ? kernel->vmcoreinfo : NULL;
	const char *release = v ? vmcoreinfo_get(v, "OSRELEASE") : NULL;
	const char *time = v ? vmcoreinfo_get(v, "CRASHTIME") : NULL;
	const char *machine = h ? h->utsname[UTS_MACHINE] : NULL;

	if (!release && h)
		release = h->utsname[UTS_RELEASE];
	if (machine && !strcmp(machine, KDUMP_QEMU_UNKNOWN) &&
	    arch_find(image->target.elf_machine))
		machine = arch_name(arch_find(image->target.elf_machine),
				    image->target.big_endian);
	if (!machine && kernel && kernel->has_space)
		machine = arch_name(kernel->space.ops,
				    kernel->space.target.big_endian);
	summary->release = copy(release);
	summary->machine = copy(machine);
	summary->node = copy(h ? h->utsname[UTS_NODENAME] : NULL);
	if (time)
		error_destroy(text_parse_number(time, INT64_MAX,
						&summary->crash_time));
	if (!summary->crash_time && h)
		summary->crash_time = h->timestamp;
}

/* Counts pages by class, a window of memory at a time. */
struct census {
	const struct kernel *kernel;
	struct scan *scan;
	struct scan_sets sets;
	struct scan_counts counts;
	uint64_t done;		/* frames below were given */
	unsigned nr_windows;
};

/* Counts what is in the window. */
static struct error *census_count(struct census *c)
{
	return c->nr_windows ?
	       scan_run(c->scan, &c->sets, &c->counts, NULL, 0) : NULL;
}

/* Moves the window to where PFN is. */
static struct error *census_move(struct census *c, uint64_t pfn)
{
	uint64_t nr = WINDOW_BYTES >> c->kernel->space.target.page_shift;
	uint64_t first = align_down(pfn, nr);

	TRY(census_count(c));
	if (c->nr_windows++ == MAX_WINDOWS)
		return error_create(ERROR_UNSUPPORTED,
				    "more than 1 TiB with struct pages is not counted");
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		scan_set_move(scan_set(&c->sets, i), first,
			      min_u64(first + nr, c->kernel->end_pfn));
	return NULL;
}

/* Bytes [paddr, end) are memory. They come in ascending order; what they are read
 * by may be other than the kernel's pages. */
static struct error *census_add(void *arg, uint64_t paddr, uint64_t end)
{
	struct census *c = arg;
	struct pageset *present = &c->sets.present;
	unsigned shift = c->kernel->space.target.page_shift;
	/* two pieces of memory may share a frame */
	uint64_t first = max_u64(paddr >> shift, c->done);

	end = min_u64(((end - 1) >> shift) + 1, c->kernel->end_pfn);
	while (first < end) {
		uint64_t stop;

		TRY(scan_gap(c->scan, first, &stop));
		stop = min_u64(stop, end);
		if (stop > first) {
			c->counts.present[CLASS_UNKNOWN] += stop - first;
		} else {
			if (first >= present->end)
				TRY(census_move(c, first));
			stop = min_u64(end, present->end);
			pageset_add_range(present, first, stop);
		}
		first = stop;
	}
	c->done = max_u64(c->done, end);
	return NULL;
}

static struct error *census_run(struct census *c, const struct image *image)
{
	uint64_t nr = WINDOW_BYTES >> c->kernel->space.target.page_shift;

	for (unsigned i = 0; i < SCAN_NR_SETS; i++) {
		struct pageset *set = scan_set(&c->sets, i);

		TRY(pageset_init(set, 0, nr));
		set->end = 0;
	}
	TRY(scan_create(c->kernel, 0, NULL, 0, &c->scan));
	TRY(image_runs(image, FRAMES_PRESENT, 0, image_end_paddr(image),
		       census_add, c));
	return census_count(c);
}

/* The pages in memory by class: by the struct pages, which are in a dump too,
 * unless it was cut short. */
static struct error *gather_classes(struct summary *summary)
{
	struct census c = { .kernel = summary->kernel };
	struct error *err;

	if (!c.kernel || !c.kernel->has_pages || summary->counts.nr_unreached)
		return NULL;
	err = census_run(&c, summary->image);
	if (!err && !(summary->header && c.counts.nr_unreadable)) {
		memcpy(summary->classes, c.counts.present,
		       sizeof(summary->classes));
		summary->classes[CLASS_LOST] = summary->lost.nr;
		summary->classes_known = true;
	}
	scan_destroy(c.scan);
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		pageset_deinit(scan_set(&c.sets, i));
	return err;
}

/* Turns an error into a warning: the rest is still worth printing. */
static void tolerate(struct error *err, struct log *log, const char *what)
{
	if (err)
		log_warn(log, "%s: %s", what, error_message(err));
	error_destroy(err);
}

/* Whether it is a firmware-assisted dump, and what that lost. */
static struct error *gather_fadump(struct summary *summary, const char *tree,
				   const char *root, struct log *log)
{
	struct fadump_range ranges[FADUMP_MAX_RANGES];
	size_t nr = 0;

	for (; nr < summary->nr_ranges && nr < SUMMARY_MAX_RANGES &&
	       nr < FADUMP_MAX_RANGES; nr++)
		ranges[nr] = (struct fadump_range){ summary->ranges[nr].paddr,
						    summary->ranges[nr].end };
	TRY(fadump_gather(summary->view, ranges, nr, tree, root, log,
			  &summary->fadump));
	if (!summary->fadump.known || !summary->kernel ||
	    summary->counts.nr_unreached)
		return NULL;
	tolerate(lost_count(summary->kernel, summary->fadump.area,
			    summary->fadump.area_end, &summary->lost), log,
		 "what fadump lost");
	return NULL;
}

struct error *summary_gather(struct summary *summary,
			     const struct image *image,
			     const struct vmcoreinfo *given, const char *tree,
			     const char *root, struct log *log)
{
	struct error *err;

	memset(summary, 0, sizeof(*summary));
	summary->image = image;
	summary->header = kdump_image_header(image);
	TRY(view_create(image, VIEW_RANDOM, &summary->view));
	tolerate(kernel_open_given(image, summary->view, given, log,
				   &summary->kernel), log, "the kernel");
	gather_names(summary);
	TRY(gather_ranges(summary));
	tolerate(registers_gather(image, log, &summary->cpus), log,
		 "the notes");
	if (summary->header)
		TRY(kdump_count(image, &summary->counts));
	TRY(gather_fadump(summary, tree, root, log));
	tolerate(gather_classes(summary), log, "pages by kind");
	if (summary->kernel) {
		tolerate(device_map_find(summary->kernel, summary->view, log,
					 &summary->devices), log,
			 "devices' memory");
		tolerate(left_out_map_find(summary->kernel, summary->view, log,
					   &summary->left_out), log,
			 "what was left out");
	}
	if (!summary->kernel || !summary->kernel->has_space)
		return NULL;
	err = crash_log_read(summary->kernel, summary->view, log,
			     &summary->crash);
	summary->log_known = !err;
	tolerate(err, log, "the kernel's log");
	return NULL;
}

void summary_deinit(struct summary *summary)
{
	fadump_deinit(&summary->fadump);
	kernel_close(summary->kernel);
	view_destroy(summary->view);
	registers_list_deinit(&summary->cpus);
	free(summary->release);
	free(summary->machine);
	free(summary->node);
}
