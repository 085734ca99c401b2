/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Equal pages are found, in a batch and in a section; pages that only their hash
 * has in common never are.
 */
#include "../../src/capture/worker.h"
#include "../../src/formats/kdump_same.h"
#include "dump_model.h"

#define PAGE 4096u
#define NR_PAGES 40000u

/* A machine: what each page holds, by a number. Those from COLLIDES on have the
 * hash of the number without it. */
#define COLLIDES 1000000u

static uint32_t contents[NR_PAGES];
static bool unreadable;			/* all of it, from now on */

/* Of even numbers some words and else zeroes, of odd ones noise. */
static void page_make(uint32_t number, uint8_t *page)
{
	static const int64_t factors[3] = { 1, -2, 1 };
	uint32_t from = number % COLLIDES;

	memset(page, 0, PAGE);
	for (unsigned i = 0; i < PAGE; i += 8)
		if (from % 2 || i % 1024 < 128)
			put_u64(page + i, model_hash(from * 4096ull + i),
				false);
	/* sums of 32 byte rows, and the sums of these, stay */
	for (unsigned k = 0; k < 3 && number != from; k++) {
		uint8_t *p = page + 8 + 32 * k;

		put_u64(p, get_u64(p, false) + (uint64_t)factors[k] *
			(number / COLLIDES), false);
	}
}

static enum page_state pages_read(const struct image *image, void *scratch,
				  uint64_t paddr, void *buf, size_t len,
				  const struct segment *segment)
{
	uint8_t page[PAGE];

	(void)image;
	(void)scratch;
	(void)segment;
	if (unreadable)
		return PAGE_UNREADABLE;
	for (size_t i = 0; i < len; i += PAGE) {
		size_t n = len - i < PAGE ? len - i : PAGE;

		page_make(contents[(paddr + i) / PAGE], page);
		memcpy((uint8_t *)buf + i, page + (paddr + i) % PAGE, n);
	}
	return PAGE_OK;
}

static const struct image_ops pages_ops = { .name = "pages",
					    .read = pages_read };
static struct segment pages_segment = {
	0, (uint64_t)NR_PAGES * PAGE, (uint64_t)NR_PAGES * PAGE, 0
};
static const struct image pages_image = {
	.ops = &pages_ops, .segments = &pages_segment, .nr_segments = 1,
	.target = { .page_shift = 12 },
};

static void test_hash(void)
{
	uint8_t page[PAGE], other[PAGE];
	uint64_t hash;

	for (uint32_t number = 1; number < 50; number++) {
		page_make(number, page);
		hash = worker_hash(page, PAGE);
		page_make(number + 3 * COLLIDES, other);
		CHECK(memcmp(page, other, PAGE));
		CHECK(worker_hash(other, PAGE) == hash);
		for (unsigned i = 0; i < PAGE; i += 57) {
			page[i] ^= 1u << i % 8;
			CHECK(worker_hash(page, PAGE) != hash);
			page[i] ^= 1u << i % 8;
		}
	}
	/* two words that change places */
	memset(page, 0, PAGE);
	put_u64(page + 64, 1, false);
	hash = worker_hash(page, PAGE);
	put_u64(page + 64, 0, false);
	put_u64(page + 128, 1, false);
	CHECK(worker_hash(page, PAGE) != hash);
	/* the same on every host */
	for (unsigned i = 0; i < PAGE; i++)
		page[i] = (uint8_t)(i * 7 + i / 256);
	CHECK(worker_hash(page, PAGE) == 0x927a556e56770442u);
}

/* Pages of a batch, through a worker; what is not BATCH_SAME must be right. */
static void test_worker(const struct codec_ops *codec, unsigned flags)
{
	/* 7 and what collides with it: neither is taken for the other, and of
	 * those with one hash only the first is compared */
	static const uint32_t numbers[] = { 1, 2, 1, 7, 7 + COLLIDES, 7, 2,
					    4, 4 + COLLIDES, 4 + COLLIDES };
	static const int same[] = { -1, -1, 0, -1, -1, 3, 1, -1, -1, -1 };
	struct worker worker = { .page_size = 0 };
	struct worker_job job = { .window = NULL };
	struct batch *batch = &job.batch;

	CHECK_OK(worker_job_init(&job, PAGE));
	CHECK_OK(worker_init(&worker, &pages_image, PAGE, codec, 0, flags));
	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++) {
		contents[i] = numbers[i];
		batch->pfn[batch->nr++] = i;
	}
	worker_run(&worker, &job);
	for (unsigned i = 0; i < batch->nr; i++) {
		int want = flags & WORKER_DEDUP ? same[i] : -1;

		CHECK((batch->kind[i] == BATCH_SAME) == (want >= 0));
		CHECK((batch->size[i] == 0) == (want >= 0));
		if (want >= 0)
			CHECK(batch->word[i] == (uint64_t)want);
	}
	worker_deinit(&worker);
	worker_job_deinit(&job);
}

/* A batch of pages that are stored raw, or packed by CODEC. */
static void batch_make(struct batch *batch, struct codec *codec, uint64_t pfn,
		       unsigned nr)
{
	batch->nr = 0;
	batch->len = 0;
	for (unsigned i = 0; i < nr; i++) {
		uint8_t page[PAGE], *into = batch->data + batch->len;
		size_t size = 0;

		page_make(contents[pfn + i], page);
		if (codec)
			size = codec->ops->pack(codec, page, PAGE, into,
						PAGE - 1);
		batch->kind[i] = size ? BATCH_PACKED : BATCH_RAW;
		if (!size)
			memcpy(into, page, size = PAGE);
		batch->pfn[i] = pfn + i;
		batch->word[i] = worker_hash(page, PAGE);
		batch->size[i] = (uint32_t)size;
		batch->len += size;
		batch->nr++;
	}
}

/* Pages [PFN, PFN + NR) by batches; how many were found. Each of those must stand
 * where one before it with these contents does; page N stands at 1 + N. */
static unsigned feed(struct kdump_same *same, struct codec *codec, uint64_t pfn,
		     unsigned nr)
{
	static uint8_t bytes[BATCH_BYTES];
	struct batch batch = { .data = bytes };
	unsigned nr_found = 0;

	for (unsigned at = 0; at < nr; at += batch.nr) {
		struct kdump_desc descs[BATCH_PAGES];
		uint64_t found;

		batch_make(&batch, codec, pfn + at,
			   nr - at < BATCH_PAGES ? nr - at : BATCH_PAGES);
		found = kdump_same_find(same, &batch, descs);
		for (unsigned i = 0; i < batch.nr; i++) {
			struct kdump_desc desc = {
				.offset = 1 + batch.pfn[i],
				.size = batch.size[i],
			};

			if (!(found >> i & 1)) {
				kdump_same_add(same, &batch, i, &desc);
				continue;
			}
			nr_found++;
			CHECK(contents[descs[i].offset - 1] ==
			      contents[batch.pfn[i]]);
			CHECK(descs[i].offset - 1 < batch.pfn[i] &&
			      descs[i].size == batch.size[i]);
		}
	}
	return nr_found;
}

static void test_sections(const struct codec_ops *ops)
{
	struct image image = pages_image;
	struct dump_facts facts = { .image = &image, .codec = ops,
				    .dedup = true };
	struct kdump_same *same = NULL;
	struct codec *codec = NULL;

	if (ops)
		CHECK_OK(codec_create(ops, CODEC_LEVEL_DEFAULT, &codec));
	CHECK_OK(kdump_same_create(&facts, PAGE, &same));
	for (unsigned i = 0; i < NR_PAGES; i++)
		contents[i] = i;
	/* in other batches of the section: the last page of it, but not the
	 * first of the next; pages of another section's contents */
	contents[500] = contents[SECTION_PAGES - 1] = 3;
	contents[SECTION_PAGES] = 3;
	contents[SECTION_PAGES + 700] = 3;
	contents[SECTION_PAGES + 701] = 8;
	/* and those that only seem to be equal; one of them twice */
	contents[600] = 10 + COLLIDES;
	contents[601] = 11 + COLLIDES;
	contents[800] = 11 + COLLIDES;
	contents[801] = 11 + 2 * COLLIDES;
	CHECK(feed(same, codec, 0, 1000) == 2);
	CHECK(feed(same, codec, 1000, SECTION_PAGES - 1000) == 1);
	CHECK(feed(same, codec, SECTION_PAGES, 1000) == 1);

	/* what can't be read again is not believed */
	contents[SECTION_PAGES + 1000] = SECTION_PAGES + 5;
	contents[SECTION_PAGES + 1001] = SECTION_PAGES + 5;
	unreadable = true;
	CHECK(feed(same, codec, SECTION_PAGES + 1000, 1) == 0);
	unreadable = false;
	CHECK(feed(same, codec, SECTION_PAGES + 1001, 1) == 1);
	kdump_same_destroy(same);
	codec_destroy(codec);

	image.live = true;
	CHECK_OK(kdump_same_create(&facts, PAGE, &same));
	CHECK(!same);
	image.live = facts.dedup = false;
	CHECK_OK(kdump_same_create(&facts, PAGE, &same));
	CHECK(!same);
}

/* Whatever their hashes are: in the worst case all pages' are one. */
static void test_one_hash(void)
{
	struct dump_facts facts = { .image = &pages_image, .dedup = true };
	struct kdump_same *same = NULL;

	CHECK_OK(kdump_same_create(&facts, PAGE, &same));
	for (unsigned i = 0; i < SECTION_PAGES; i++)
		contents[i] = 5 + i % 4000 * COLLIDES;
	/* only the newest is compared: the last before this batch */
	contents[SECTION_PAGES - 1] = contents[SECTION_PAGES - 65];
	CHECK(feed(same, NULL, 0, SECTION_PAGES) == 1);
	kdump_same_destroy(same);
}

int main(void)
{
	test_hash();
	test_worker(NULL, WORKER_DEDUP);
	test_worker(NULL, 0);
	test_sections(NULL);
	for (unsigned i = 0; codecs[i]; i++) {
		if (!codecs[i]->create)
			continue;
		test_worker(codecs[i], WORKER_DEDUP);
		test_worker(codecs[i], WORKER_DEDUP | WORKER_PARANOID);
		test_worker(codecs[i], WORKER_PARANOID);
		test_sections(codecs[i]);
	}
	test_one_hash();
	return unit_end();
}
