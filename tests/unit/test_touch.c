/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages that must not be touched are not, where memory is read and not mapped:
 * reading ahead ends where what was asked for does.
 */
#include "../../src/capture/scan_read.h"
#include "../../src/capture/worker.h"
#include "machine.h"

#define NR_PAGES 512u

/* An image of NR_PAGES pages, the I-th full of I's low byte. */
struct record {
	uint8_t touched[MACHINE_SIZE / 4096];
	unsigned nr_reads;
};

static struct record record;

static void note(uint64_t paddr, size_t len)
{
	record.nr_reads++;
	for (uint64_t p = paddr >> 12; p <= (paddr + len - 1) >> 12; p++)
		record.touched[p] = 1;
}

static enum page_state plain_read(const struct image *image, void *scratch,
				  uint64_t paddr, void *buf, size_t len,
				  const struct segment *segment)
{
	(void)image;
	(void)scratch;
	(void)segment;
	note(paddr, len);
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = (uint8_t)((paddr + i) >> 12);
	return PAGE_OK;
}

static const struct image_ops plain_ops = { .name = "plain",
					    .read = plain_read };
static struct segment plain_segment = { 0, NR_PAGES << 12, NR_PAGES << 12, 0 };
static const struct image plain = {
	.ops = &plain_ops, .segments = &plain_segment, .nr_segments = 1,
	.target = { .page_shift = 12 },
};

/* Limits and reads at random: the right bytes, and nothing touched but what was
 * asked for and what the limits allow. */
static void test_view(size_t block_size, unsigned nr_blocks)
{
	uint8_t allowed[NR_PAGES] = { 0 }, buf[0x5000];
	struct view *view;

	memset(&record, 0, sizeof(record));
	CHECK_OK(view_create(&plain, block_size, nr_blocks, &view));
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t start = (uint64_t)random() % 200 << 12;
		uint64_t end = start + ((uint64_t)random() % 30 << 12);
		uint64_t at = (uint64_t)random() % (210 << 12);
		size_t len = 1 + (size_t)random() % sizeof(buf);
		bool right = true;

		if (i % 3 == 0) {
			view_limit(view, start, end);
			memset(allowed + (start >> 12), 1,
			       (end - start) >> 12);
		}
		memset(allowed + (at >> 12), 1,
		       ((at + len - 1) >> 12) - (at >> 12) + 1);
		CHECK(view_read_whole(view, at, buf, len) == PAGE_OK);
		for (size_t k = 0; k < len; k++)
			right &= buf[k] == (uint8_t)((at + k) >> 12);
		CHECK(right);
		if (i > 20)
			continue;	/* soon all may be touched */
		for (unsigned p = 0; p < NR_PAGES; p++)
			CHECK(allowed[p] || !record.touched[p]);
	}
	view_destroy(view);
}

/* A batch without a window: its pages are touched and no others, and those that
 * follow each other are not read one by one. */
static void test_worker(void)
{
	struct worker worker = { .page_size = 0 };
	struct worker_job job = { .window = NULL };
	struct batch *batch = &job.batch;
	unsigned nr;

	memset(&record, 0, sizeof(record));
	CHECK_OK(worker_job_init(&job, 4096));
	CHECK_OK(worker_init(&worker, &plain, 4096, NULL, 0, 0));
	nr = worker_batch_pages(4096);
	for (unsigned pfn = 7; batch->nr < nr && pfn < 2 * nr; pfn++)
		/* runs of 32, 1 and 2 pages, holes of 1 */
		if (pfn % 40 != 0 && pfn % 40 != 33 && pfn % 40 != 35 &&
		    pfn % 40 != 38)
			batch->pfn[batch->nr++] = pfn;
	worker_run(&worker, &job);
	for (unsigned i = 0, next = 0; i < NR_PAGES; i++) {
		bool in = next < batch->nr && batch->pfn[next] == i;

		CHECK(record.touched[i] == in);
		next += in;
	}
	for (unsigned i = 0; i < batch->nr; i++)
		CHECK(batch->kind[i] == BATCH_FILL &&
		      (uint8_t)batch->word[i] == (uint8_t)batch->pfn[i]);
	CHECK(record.nr_reads < batch->nr / 2);
	worker_deinit(&worker);
	worker_job_deinit(&job);
}

static enum page_state machine_noted(const struct image *image, void *scratch,
				     uint64_t paddr, void *buf, size_t len,
				     const struct segment *segment)
{
	note(paddr, len);
	return machine_read(image, scratch, paddr, buf, len, segment);
}

/* Struct pages at VMEMMAP and their neighbours, one 2 MiB leaf: only the pages
 * that hold those that are wanted, and page tables, are touched. */
static void test_struct_pages(uint64_t first, uint64_t nr)
{
	static struct image_ops ops;
	struct scan_reader reader = { .view = NULL };
	struct kernel *kernel = NULL;
	struct chunk chunk;
	struct machine m;

	machine_init(&m, 4, 0);
	machine_open(&m);
	CHECK_OK(kernel_open(&m.image, m.view, NULL, &kernel));
	kernel->has_pages = true;
	kernel->layout.size = 64;
	ops = machine_ops;
	ops.read = machine_noted;
	m.image.ops = &ops;
	memset(&record, 0, sizeof(record));
	CHECK_OK(scan_reader_init(&reader, kernel));
	for (uint64_t at = first; at < first + nr; at += chunk.nr) {
		CHECK_OK(scan_read(&reader, VMEMMAP + at * 64,
				   first + nr - at, true, &chunk));
		if (!CHECK(chunk.pages && !chunk.mapped && chunk.nr))
			break;
		CHECK(!memcmp(chunk.pages, m.mem + PAGES_PADDR + at * 64,
			      chunk.nr * 64));
	}
	for (uint64_t p = PAGES_PADDR >> 12; p < (PAGES_PADDR >> 12) + 512; p++) {
		uint64_t from = (p << 12) - PAGES_PADDR;

		CHECK(record.touched[p] == (from < (first + nr) * 64 &&
					    from + 4096 > first * 64));
	}
	scan_reader_deinit(&reader);
	kernel_close(kernel);
	machine_close(&m);
}

int main(void)
{
	srandom(1);
	test_view(VIEW_STREAM);
	test_view(VIEW_RANDOM);
	test_view(8192, 3);
	test_worker();
	test_struct_pages(0, 64);
	test_struct_pages(65, 100);
	test_struct_pages(1000, 5000);
	test_struct_pages(32000, 768);
	return unit_end();
}
