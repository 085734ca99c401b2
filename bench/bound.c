/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bound: what no dumper with this compressor can beat. The pages that a
 * dump holds, out of the vmcore, which is mapped and in memory: each is copied,
 * tested for one repeated word and packed, and the result is thrown away.
 *
 * bound [-n ROUNDS] [-t THREADS] CODEC[:LEVEL] VMCORE DUMP
 * bound [-n ROUNDS] [-t THREADS] -s SIZE CODEC[:LEVEL] VMCORE
 *
 * The second form takes the pages of the vmcore, of SIZE bytes, that are not one
 * repeated word.
 * Prints one JSON object: pages, how many of them are one repeated word, bytes
 * after packing, and for each number of threads (1, THREADS) the seconds and
 * CPU seconds of the fastest round. CODEC "none" copies and tests only.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../src/capture/worker.h"
#include "../src/codec/codec.h"
#include "../src/formats/kdump_read.h"
#include "../src/image/image.h"

#define PAGES_AT_ONCE 64u
#define MAX_THREADS 64u

struct pages {
	const struct image *image;
	const uint8_t *map;		/* of the vmcore */
	size_t page_size;
	const uint8_t **at;
	size_t nr, allocated;
	size_t nr_left_out;		/* not wholly in the file */
};

struct run {
	const struct pages *pages;
	const struct codec_ops *ops;	/* NULL: none */
	int level;
	atomic_size_t next;
	atomic_size_t nr_fill, nr_raw, bytes;
	pthread_barrier_t ready;
};

/* One thread's; of its own clocks, as another one may be late to look. */
struct thread {
	pthread_t id;
	struct run *run;
	double start, end, cpu;		/* seconds */
};

struct result {
	double seconds, cpu;
};

static void die(struct error *err)
{
	fprintf(stderr, "bound: %s\n", error_message(err));
	exit(1);
}

static void *need(void *p)
{
	if (!p)
		die(error_nomem());
	return p;
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct error *add_run(void *arg, uint64_t first, uint64_t end)
{
	struct pages *pages = arg;
	const struct image *image = pages->image;

	for (uint64_t pfn = first; pfn < end; pfn++) {
		uint64_t paddr = pfn * pages->page_size;
		size_t i = image_find_segment(image, paddr);
		const struct segment *s = &image->segments[i];

		if (i == image->nr_segments || paddr < s->paddr ||
		    paddr - s->paddr + pages->page_size > s->filesz) {
			pages->nr_left_out++;
			continue;
		}
		if (pages->nr == pages->allocated) {
			pages->allocated = pages->allocated * 2 + 65536;
			pages->at = need(reallocarray(pages->at,
						      pages->allocated,
						      sizeof(*pages->at)));
		}
		pages->at[pages->nr++] =
			pages->map + s->offset + (paddr - s->paddr);
	}
	return NULL;
}

static void *work(void *arg)
{
	uint64_t word;
	struct thread *thread = arg;
	struct run *run = thread->run;
	const struct pages *pages = run->pages;
	size_t len = pages->page_size, at, end, nr_fill = 0, nr_raw = 0;
	size_t bytes = 0, size;
	uint8_t *page = need(aligned_alloc(64, len));
	uint8_t *packed = need(malloc(len));
	struct codec *codec = NULL;
	struct error *err;

	err = run->ops ? codec_create(run->ops, run->level, &codec) : NULL;
	if (err)
		die(err);
	pthread_barrier_wait(&run->ready);
	thread->start = now(CLOCK_MONOTONIC);
	thread->cpu = now(CLOCK_THREAD_CPUTIME_ID);
	while ((at = atomic_fetch_add(&run->next, PAGES_AT_ONCE)) <
	       pages->nr) {
		end = at + PAGES_AT_ONCE;
		if (end > pages->nr)
			end = pages->nr;
		for (; at < end; at++) {
			memcpy(page, pages->at[at], len);
			if (worker_is_fill(page, len, &word)) {
				nr_fill++;
				continue;
			}
			size = codec ? codec->ops->pack(codec, page, len,
							packed, len - 1) : 0;
			nr_raw += !size;
			bytes += size ? size : len;
		}
	}
	thread->cpu = now(CLOCK_THREAD_CPUTIME_ID) - thread->cpu;
	thread->end = now(CLOCK_MONOTONIC);
	atomic_fetch_add(&run->nr_fill, nr_fill);
	atomic_fetch_add(&run->nr_raw, nr_raw);
	atomic_fetch_add(&run->bytes, bytes);
	codec_destroy(codec);
	free(packed);
	free(page);
	return NULL;
}

static struct result measure(struct run *run, unsigned nr_threads)
{
	struct thread threads[MAX_THREADS] = { 0 };
	struct result result = { 0 };
	double start = 0, end = 0;

	run->next = run->nr_fill = run->nr_raw = run->bytes = 0;
	pthread_barrier_init(&run->ready, NULL, nr_threads);
	for (unsigned i = 0; i < nr_threads; i++) {
		threads[i].run = run;
		if (pthread_create(&threads[i].id, NULL, work, &threads[i]))
			die(error_nomem());
	}
	for (unsigned i = 0; i < nr_threads; i++) {
		pthread_join(threads[i].id, NULL);
		start = i && start < threads[i].start ? start :
			threads[i].start;
		end = i && end > threads[i].end ? end : threads[i].end;
		result.cpu += threads[i].cpu;
	}
	result.seconds = end - start;
	pthread_barrier_destroy(&run->ready);
	return result;
}

static void report(struct run *run, unsigned nr_rounds, unsigned nr_threads)
{
	struct result best[2] = { { 0 } }, result;
	unsigned threads[2] = { 1, nr_threads };
	unsigned nr = nr_threads > 1 ? 2 : 1;

	for (unsigned round = 0; round < nr_rounds; round++) {
		for (unsigned i = 0; i < nr; i++) {
			result = measure(run, threads[i]);
			if (!round || result.seconds < best[i].seconds)
				best[i] = result;
		}
	}
	printf("{\"pages\": %zu, \"left_out\": %zu, \"fill\": %zu, "
	       "\"raw\": %zu, \"bytes\": %zu", run->pages->nr,
	       run->pages->nr_left_out, run->nr_fill, run->nr_raw, run->bytes);
	for (unsigned i = 0; i < nr; i++)
		printf(", \"%u\": {\"seconds\": %.4f, \"cpu\": %.4f}",
		       threads[i], best[i].seconds, best[i].cpu);
	printf("}\n");
}

/* All pages of SIZE bytes but the filled ones. */
static void collect_all(struct pages *pages, size_t size)
{
	uint64_t word;
	const struct image *image = pages->image;
	size_t nr = 0;

	pages->page_size = size;
	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];

		add_run(pages, s->paddr / size,
			(s->paddr + s->filesz + size - 1) / size);
	}
	for (size_t i = 0; i < pages->nr; i++) {
		if (!worker_is_fill(pages->at[i], size, &word))
			pages->at[nr++] = pages->at[i];
	}
	pages->nr = nr;
}

/* The pages of a dump. */
static void collect(struct pages *pages, const char *dump)
{
	static const struct image_ops *const kdump[] = {
		&kdump_image_ops, NULL
	};
	struct image *kept;
	struct error *err;

	err = image_open(dump, kdump, 0, NULL, &kept);
	if (err)
		die(err);
	pages->page_size = kdump_image_header(kept)->block_size;
	err = kdump_each_run(kept, BITMAP_KEPT, add_run, pages);
	if (err)
		die(err);
	image_close(kept);
}

static void open_vmcore(struct pages *pages, const char *vmcore)
{
	static const struct image_ops *const elf[] = { &elf_image_ops, NULL };
	struct image *image;
	struct error *err;
	void *map;

	err = image_open(vmcore, elf, 0, NULL, &image);
	if (err)
		die(err);
	map = mmap(NULL, image->file.size, PROT_READ, MAP_SHARED | MAP_POPULATE,
		   image->file.fd, 0);
	if (map == MAP_FAILED)
		die(error_errno(errno, "%s: mmap", vmcore));
	pages->image = image;
	pages->map = map;
}

/* CODEC[:LEVEL]; the level of capdump --fast is "fast". */
static void choose(struct run *run, char *name)
{
	char *level = strchr(name, ':');

	run->level = CODEC_LEVEL_DEFAULT;
	if (level) {
		*level++ = '\0';
		run->level = strcmp(level, "fast") ? atoi(level) :
			CODEC_LEVEL_FAST;
	}
	run->ops = codec_by_name(name);
	if (!run->ops && strcmp(name, "none"))
		die(error_create(ERROR_USAGE, "no codec %s", name));
}

int main(int argc, char **argv)
{
	unsigned nr_rounds = 3, nr_threads = 2;
	size_t size = 0;
	struct pages pages = { 0 };
	struct run run = { .pages = &pages };
	int option;

	while ((option = getopt(argc, argv, "n:t:s:")) != -1) {
		if (option == 'n')
			nr_rounds = (unsigned)atoi(optarg);
		else if (option == 't')
			nr_threads = (unsigned)atoi(optarg);
		else if (option == 's')
			size = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	if (argc - optind != (size ? 2 : 3) || !nr_rounds || !nr_threads ||
	    nr_threads > MAX_THREADS || size % 64 || size > CODEC_LEN_MAX) {
		fprintf(stderr, "bound: see the top of bench/bound.c\n");
		return 2;
	}
	choose(&run, argv[optind]);
	open_vmcore(&pages, argv[optind + 1]);
	if (size)
		collect_all(&pages, size);
	else
		collect(&pages, argv[optind + 2]);
	report(&run, nr_rounds, nr_threads);
	return 0;
}
