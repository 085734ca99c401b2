/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scan of struct pages beside its bound, on one core.
 *
 * scan [-c] [-n ROUNDS] [-d LEVEL] [-b GIB] VMCORE
 *
 * One after the other, ROUNDS times: the scan (all sets and totals, in windows
 * of 16 GiB of memory), and the bound: the same struct pages, found and mapped
 * the same way, read in sequence, 8 bytes of every 64. -b: the bound reads
 * those of the first GIB GiB only (0: none). -c: nothing is mapped, struct pages
 * are copied by read().
 *
 * Prints one JSON object: frames, how many of them the level keeps, and for
 * scan and bound the number of struct pages, and the seconds and the CPU
 * seconds of every round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../src/base/bytes.h"
#include "../src/base/guard.h"
#include "../src/capture/scan.h"
#include "../src/capture/scan_read.h"

#define WINDOW_BYTES (16ull << 30)
#define MAX_ROUNDS 100

struct times {
	double wall, cpu;
};

struct bench {
	struct image *image;
	struct kernel *kernel;
	unsigned level;
	uint64_t bound_end;		/* frame */
	uint64_t scanned, read;		/* struct pages */
	uint64_t sum;
	struct scan_counts counts;
	struct times scan[MAX_ROUNDS], bound[MAX_ROUNDS];
	unsigned rounds;
};

static void need(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "scan: %s\n", error_message(err));
	exit(1);
}

static double clock_now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct times now(void)
{
	return (struct times){ clock_now(CLOCK_MONOTONIC),
			       clock_now(CLOCK_PROCESS_CPUTIME_ID) };
}

static struct times since(struct times start)
{
	struct times end = now();

	return (struct times){ end.wall - start.wall, end.cpu - start.cpu };
}

static void fill_present(const struct bench *b, struct pageset *present)
{
	unsigned shift = b->kernel->space.target.page_shift;

	for (size_t i = 0; i < b->image->nr_segments; i++) {
		const struct segment *s = &b->image->segments[i];
		uint64_t first = max_u64(s->paddr >> shift, present->first);
		uint64_t end = min_u64(segment_end_pfn(s, shift),
				       present->end);

		if (first < end)
			pageset_add_range(present, first, end);
	}
}

static void scan_all(struct bench *b, struct scan *scan,
		     struct scan_sets *sets)
{
	unsigned shift = b->kernel->space.target.page_shift;
	uint64_t end = b->kernel->end_pfn, window = WINDOW_BYTES >> shift;

	for (uint64_t pfn = 0; pfn < end; pfn += window) {
		for (unsigned i = 0; i < SCAN_NR_SETS; i++)
			scan_set_move(scan_set(sets, i), pfn,
				      min_u64(pfn + window, end));
		fill_present(b, &sets->present);
		need(scan_run(scan, sets, &b->counts, NULL, 0));
	}
}

static struct times time_scan(struct bench *b)
{
	uint64_t window = WINDOW_BYTES >> b->kernel->space.target.page_shift;
	struct scan_sets sets = { .present = { .bits = NULL } };
	struct times start, ret;
	struct scan *scan;

	b->counts = (struct scan_counts){ .free_found = 0 };
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		need(pageset_init(scan_set(&sets, i), 0, window));
	need(scan_create(b->kernel, b->level, NULL, 0, &scan));
	start = now();
	scan_all(b, scan, &sets);
	ret = since(start);
	scan_destroy(scan);
	for (unsigned i = 0; i < SCAN_NR_SETS; i++)
		pageset_deinit(scan_set(&sets, i));
	return ret;
}

static void sum_chunk(void *arg)
{
	const struct chunk *chunk = ((void **)arg)[0];
	uint64_t size = *(uint64_t *)((void **)arg)[1] * chunk->nr, sum = 0;

	for (uint64_t at = 0; at < size; at += 64)
		sum += *(const volatile uint64_t *)(chunk->pages + at);
	*(uint64_t *)((void **)arg)[2] += sum;
}

/* Reads the struct pages of an array. */
static void read_array(struct bench *b, struct scan_reader *reader,
		       const struct page_array *array, uint64_t pfn)
{
	uint64_t end = min_u64(array->first_pfn + array->nr_pages,
			       b->bound_end);
	uint64_t size = b->kernel->layout.size;

	while (pfn < end) {
		struct chunk chunk;
		void *arg[] = { &chunk, &size, &b->sum };

		need(scan_read(reader, array->vaddr +
			       (pfn - array->first_pfn) * size, end - pfn,
			       true, &chunk));
		if (chunk.pages && guard_call(sum_chunk, arg))
			b->read += chunk.nr;
		pfn += chunk.nr;
	}
}

static struct times time_bound(struct bench *b)
{
	struct scan_reader reader = { .kernel = NULL };
	struct times start, ret;
	uint64_t pfn = 0;

	need(scan_reader_init(&reader, b->kernel));
	b->read = 0;
	start = now();
	while (pfn < b->bound_end) {
		struct page_array array;
		bool unreadable;

		need(kernel_page_array(b->kernel, reader.view, pfn, &array,
				       &unreadable));
		if (array.nr_pages) {
			read_array(b, &reader, &array, pfn);
			pfn = array.first_pfn + array.nr_pages;
		} else {
			pfn = max_u64(array.first_pfn, pfn + 1);
		}
	}
	ret = since(start);
	scan_reader_deinit(&reader);
	return ret;
}

/* Struct pages that there are, of frames up to the last in a segment. */
static uint64_t count_pages(const struct bench *b)
{
	struct view *view;
	uint64_t pfn = 0, nr = 0;

	need(view_create(b->image, VIEW_RANDOM, &view));
	while (pfn < b->kernel->end_pfn) {
		struct page_array array;
		bool unreadable;
		uint64_t end;

		need(kernel_page_array(b->kernel, view, pfn, &array,
				       &unreadable));
		end = array.nr_pages ? min_u64(array.first_pfn +
				array.nr_pages, b->kernel->end_pfn) : pfn;
		nr += end - pfn;
		pfn = array.nr_pages ? end : max_u64(array.first_pfn, pfn + 1);
	}
	view_destroy(view);
	return nr;
}

static void print_times(const struct bench *b, const char *name,
			const struct times *times, uint64_t pages)
{
	printf(", \"%s\": { \"pages\": %llu, \"seconds\": [", name,
	       (unsigned long long)pages);
	for (unsigned i = 0; i < b->rounds; i++)
		printf("%s%.6f", i ? ", " : "", times[i].wall);
	printf("], \"cpu\": [");
	for (unsigned i = 0; i < b->rounds; i++)
		printf("%s%.6f", i ? ", " : "", times[i].cpu);
	printf("] }");
}

static void print(const struct bench *b)
{
	uint64_t present = 0, kept = 0;

	for (unsigned i = 0; i < NR_CLASSES; i++) {
		present += b->counts.present[i];
		kept += b->counts.kept[i];
	}
	printf("{ \"frames\": %llu, \"present\": %llu, \"kept\": %llu",
	       (unsigned long long)b->kernel->end_pfn,
	       (unsigned long long)present, (unsigned long long)kept);
	print_times(b, "scan", b->scan, b->scanned);
	if (b->bound_end)
		print_times(b, "bound", b->bound, b->read);
	printf(" }\n");
}

int main(int argc, char **argv)
{
	static const struct image_ops *const ops[] = { &elf_image_ops, NULL };
	struct bench b = { .level = LEVEL_MAX, .rounds = 5 };
	uint64_t bound_gib = UINT64_MAX;
	struct view *view;
	unsigned flags = 0;
	int option;

	while ((option = getopt(argc, argv, "cn:d:b:")) != -1) {
		if (option == 'c')
			flags = IMAGE_NO_MAP;
		else if (option == 'n')
			b.rounds = (unsigned)atoi(optarg);
		else if (option == 'd')
			b.level = (unsigned)atoi(optarg);
		else if (option == 'b')
			bound_gib = strtoull(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind + 1 != argc || !b.rounds || b.rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: scan [-c] [-n ROUNDS] [-d LEVEL] [-b GIB] VMCORE\n");
		return 2;
	}
	need(guard_install());
	need(image_open(argv[optind], ops, flags, NULL, &b.image));
	need(view_create(b.image, VIEW_RANDOM, &view));
	need(kernel_open(b.image, view, NULL, &b.kernel));
	if (!b.kernel->has_pages) {
		fprintf(stderr, "scan: no struct pages: %s\n",
			b.kernel->why_not_pages);
		return 1;
	}
	b.bound_end = bound_gib < 1ull << 40 ? min_u64(b.kernel->end_pfn,
		bound_gib << (30 - b.kernel->space.target.page_shift)) :
		b.kernel->end_pfn;
	b.scanned = count_pages(&b);
	for (unsigned i = 0; i < b.rounds; i++) {
		b.scan[i] = time_scan(&b);
		if (b.bound_end)
			b.bound[i] = time_bound(&b);
	}
	print(&b);
	kernel_close(b.kernel);
	view_destroy(view);
	image_close(b.image);
	return 0;
}
