/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting all pages and packing some: see estimate.h. */
#include "estimate.h"

#include <stdlib.h>
#include <time.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "../formats/kdump_format.h"
#include "../formats/kdump_head.h"
#include "plan_cursor.h"
#include "worker.h"

/* Where a kind's samples come from: pages of RANK in a plan of PLAN_LEVEL, which
 * keeps no others of that rank. Level L keeps them if (L & MASK) == VALUE. */
static const struct {
	unsigned plan_level;
	enum plan_rank rank;
	unsigned mask, value;
} kinds[NR_ESTIMATE_KINDS] = {
	[ESTIMATE_FIRST] = { LEVEL_MAX, RANK_FIRST, 0, 0 },
	[ESTIMATE_SLAB] = { LEVEL_MAX, RANK_SLAB, 0, 0 },
	[ESTIMATE_KERNEL] = { LEVEL_MAX, RANK_KERNEL, 0, 0 },
	[ESTIMATE_MEMMAP] = { LEVEL_MAX, RANK_MEMMAP, 0, 0 },
	[ESTIMATE_PRIVATE] = { LEVEL_MAX & ~LEVEL_CACHE_PRIVATE, RANK_USER,
			       LEVEL_CACHE | LEVEL_CACHE_PRIVATE, LEVEL_CACHE },
	[ESTIMATE_CACHE] = { LEVEL_MAX & ~(LEVEL_CACHE | LEVEL_CACHE_PRIVATE),
			     RANK_USER, LEVEL_CACHE | LEVEL_CACHE_PRIVATE, 0 },
	[ESTIMATE_USER] = { LEVEL_MAX & ~LEVEL_USER, RANK_USER, LEVEL_USER, 0 },
	[ESTIMATE_FREE] = { LEVEL_MAX & ~LEVEL_FREE, RANK_USER, LEVEL_FREE, 0 },
};

#define MAX_WORDS 256u	/* that are remembered */

struct sampler {
	struct estimate *estimate;
	struct view *view;
	struct codec *codecs[ESTIMATE_CODECS_MAX];
	uint8_t *page, *packed;
	size_t page_size;
	uint64_t max;		/* pages of each kind */
	uint64_t words[MAX_WORDS];	/* of filled pages, the last ones */
	unsigned nr_words;
};

static void sampler_deinit(struct sampler *s)
{
	for (unsigned i = 0; i < ESTIMATE_CODECS_MAX; i++)
		codec_destroy(s->codecs[i]);
	view_destroy(s->view);
	free(s->page);
	free(s->packed);
}

static struct error *sampler_init(struct sampler *s, const struct image *image)
{
	struct estimate *e = s->estimate;

	s->page_size = e->page_size;
	s->page = aligned_alloc(64, s->page_size);
	s->packed = malloc(s->page_size);
	if (!s->page || !s->packed)
		return error_nomem();
	for (unsigned i = 0; i < e->nr_codecs; i++)
		if (e->codecs[i].ops)
			TRY(codec_create(e->codecs[i].ops, e->codecs[i].level,
					 &s->codecs[i]));
	return view_create(image, VIEW_RANDOM, &s->view);
}

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whether a page of that word came before: then it shares its block. */
static bool word_seen(struct sampler *s, uint64_t word)
{
	for (unsigned i = 0; i < MAX_WORDS && i < s->nr_words; i++)
		if (s->words[i] == word)
			return true;
	s->words[s->nr_words++ % MAX_WORDS] = word;
	return false;
}

static void sample_page(struct sampler *s, uint64_t pfn,
			struct estimate_sample *sample)
{
	const struct estimate *e = s->estimate;
	uint64_t word;

	if (view_read(s->view, pfn * s->page_size, s->page, s->page_size) !=
	    PAGE_OK)
		return;
	sample->nr_sampled++;
	if (worker_is_fill(s->page, s->page_size, &word) &&
	    word_seen(s, word)) {
		sample->nr_shared++;
		return;
	}
	for (unsigned i = 0; i < e->nr_codecs; i++) {
		struct codec *codec = s->codecs[i];
		double start = cpu_now();
		size_t len = codec ? codec->ops->pack(codec, s->page,
						      s->page_size, s->packed,
						      s->page_size - 1) : 0;

		sample->bytes[i] += len ? len : s->page_size;
		sample->seconds[i] += cpu_now() - start;
	}
}

/* Which of the STEP pages of group I is looked at: any, but the same each time.
 * Neighbours go in twos, fours and eights (stacks, slabs), so that every n-th
 * page would often be the same one of them. */
static uint64_t pick(uint64_t i, uint64_t step)
{
	i = (i + 1) * 0x9e3779b97f4a7c15ull;	/* 2^64 by the golden ratio */
	return (i ^ i >> 32) % step;
}

/* One of each STEP pages of the plan's rank. What a level keeps beyond the
 * highest is more than its RANK_USER: some of it is mapped where it is of a
 * higher rank. */
static struct error *sample_rank(struct sampler *s, struct plan *plan,
				 enum plan_rank rank,
				 struct estimate_sample *sample)
{
	uint64_t pfn[BATCH_PAGES], index[BATCH_PAGES], seen = 0, next, step;
	uint64_t group = 0;
	struct plan_cursor cursor;
	uint64_t least = estimate_pages(s->estimate, LEVEL_MAX);
	unsigned nr;
	bool end;

	/* a running kernel's pages change from scan to scan */
	sample->nr_pages = rank == RANK_USER ?
			   max_u64(plan->nr_kept, least) - least :
			   plan->ranks[rank];
	step = plan->ranks[rank] / s->max + 1;
	next = pick(group, step);
	TRY(plan_cursor_init(&cursor, plan, 0, plan->end_pfn, false));
	cursor.rank = rank;
	while (next < plan->ranks[rank]) {
		TRY(stop_check());
		TRY(plan_next(&cursor, 4ull << 20, BATCH_PAGES, pfn, index,
			      &nr, &end));
		if (end || cursor.rank != rank)
			return NULL;
		while (next < seen + nr) {
			sample_page(s, pfn[next - seen], sample);
			group++;
			next = group * step + pick(group, step);
		}
		seen += nr;
	}
	return NULL;
}

/* All kinds whose pages a plan of LEVEL tells. */
static struct error *sample_level(struct sampler *s, const struct input *input,
				  unsigned level, struct progress *progress)
{
	struct estimate *e = s->estimate;
	double start = progress_now();
	struct plan *plan;
	struct error *err;

	TRY(plan_create(input->kernel, input->overlay, level, true,
			&input->budget, &plan));
	progress_begin(progress, "scan", input->kernel->end_pfn);
	err = plan_scan(plan, progress);
	progress_end(progress, input->kernel->end_pfn, 0);
	e->scan_seconds = progress_now() - start;
	e->nr_present = plan->nr_present;
	if (!err && level == kinds[0].plan_level)
		input_warn(input, plan);
	for (unsigned i = 0; i < NR_ESTIMATE_KINDS && !err; i++)
		if (kinds[i].plan_level == level)
			err = sample_rank(s, plan, kinds[i].rank, &e->kinds[i]);
	plan_destroy(plan);
	return err;
}

static void choose_codecs(struct estimate *e)
{
	e->codecs[e->nr_codecs++] = (struct estimate_codec){ .option = "" };
	for (size_t i = 0; codecs[i]; i++) {
		const struct codec_ops *ops = codecs[i];
		static const char *const options[] = {
			['c'] = "-c", ['l'] = "-l", ['p'] = "-p", ['z'] = "-z",
		};

		if (!ops->create || !ops->letter)
			continue;
		e->codecs[e->nr_codecs++] = (struct estimate_codec){
			ops, CODEC_LEVEL_DEFAULT, options[(int)ops->letter],
		};
		if (ops->has_fast)
			e->codecs[e->nr_codecs++] = (struct estimate_codec){
				ops, CODEC_LEVEL_FAST, "-z --fast",
			};
	}
}

static struct error *measure_metadata(const struct input *input,
				      struct estimate *e)
{
	struct dump_facts facts = input->facts;
	struct dump_layout layout;
	struct kdump_head head;

	facts.max_size = UINT64_MAX;
	TRY(kdump_head_init(&facts, &head, &layout));
	e->metadata_bytes = layout.data;
	return NULL;
}

static struct error *run(struct sampler *s, const struct input *input,
			 struct progress *progress)
{
	TRY(sampler_init(s, input->image));
	for (unsigned i = 0; i < NR_ESTIMATE_KINDS; i++)
		if (!i || kinds[i].plan_level != kinds[i - 1].plan_level)
			TRY(sample_level(s, input, kinds[i].plan_level,
					 progress));
	return NULL;
}

struct error *estimate_run(const struct input *input, uint64_t max_samples,
			   struct progress *progress, struct estimate *ret)
{
	struct sampler s = { .estimate = ret, .max = max_samples };
	struct error *err;

	*ret = (struct estimate){
		.page_size = 1u << input->kernel->space.target.page_shift,
	};
	choose_codecs(ret);
	TRY(measure_metadata(input, ret));
	err = run(&s, input, progress);
	sampler_deinit(&s);
	return err;
}

static bool keeps(unsigned level, enum estimate_kind kind)
{
	return (level & kinds[kind].mask) == kinds[kind].value;
}

uint64_t estimate_pages(const struct estimate *estimate, unsigned level)
{
	uint64_t nr = 0;

	for (unsigned i = 0; i < NR_ESTIMATE_KINDS; i++)
		nr += keeps(level, i) ? estimate->kinds[i].nr_pages : 0;
	return nr;
}

/* WHAT is of the sampled pages of KIND: what would it be of all? */
static double scaled(const struct estimate *estimate, enum estimate_kind kind,
		     double what)
{
	const struct estimate_sample *sample = &estimate->kinds[kind];

	return sample->nr_sampled ? what / (double)sample->nr_sampled *
				    (double)sample->nr_pages : 0;
}

uint64_t estimate_size(const struct estimate *estimate, unsigned level,
		       unsigned codec, unsigned nr_files)
{
	double bytes = (double)(estimate->metadata_bytes * nr_files +
				estimate_pages(estimate, level) * KDUMP_D_LEN);

	for (unsigned i = 0; i < NR_ESTIMATE_KINDS; i++)
		if (keeps(level, i))
			bytes += scaled(estimate, i, (double)
					estimate->kinds[i].bytes[codec]);
	return (uint64_t)bytes;
}

double estimate_seconds(const struct estimate *estimate, unsigned level,
			unsigned codec)
{
	double seconds = estimate->scan_seconds;

	for (unsigned i = 0; i < NR_ESTIMATE_KINDS; i++)
		if (keeps(level, i))
			seconds += scaled(estimate, i,
					  estimate->kinds[i].seconds[codec]);
	return seconds;
}
