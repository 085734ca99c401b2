/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the targets do with a kdump-compressed dump that opens: its notes and
 * bitmaps, pages here and there, its kernel's log. */
#ifndef CAPDUMP_TESTS_READ_DUMP_H
#define CAPDUMP_TESTS_READ_DUMP_H

#include "../../src/formats/kdump_read.h"
#include "../../src/image/notes.h"
#include "../../src/image/view.h"
#include "../../src/image/vmcoreinfo.h"
#include "../../src/kernel/printk.h"
#include "fuzz.h"

static struct error *on_note(void *arg, const struct note *note)
{
	(void)arg;
	FUZZ_CHECK(note->len);
	return NULL;
}

static struct error *on_run(void *arg, uint64_t first, uint64_t end)
{
	uint64_t *last = arg;

	FUZZ_CHECK(first < end && first >= *last);
	*last = end;
	return NULL;
}

static void count_pages(const struct image *image)
{
	const struct kdump_header *h = kdump_image_header(image);
	struct kdump_counts counts;

	if (fuzz_ok(kdump_count(image, &counts)))
		FUZZ_CHECK(counts.nr_unreached + counts.nr_zero +
			   counts.nr_unreadable + counts.nr_raw +
			   counts.nr_packed == h->nr_kept);
}

static struct error *on_record(void *arg, const struct printk_record *record)
{
	unsigned *sum = arg;

	for (size_t i = 0; i < record->len; i++)
		*sum += (uint8_t)record->text[i];
	return NULL;
}

static void read_kernel(const struct image *image, struct view *view,
			struct log *log)
{
	struct kernel *kernel = NULL;
	unsigned sum = 0;

	if (fuzz_ok(kernel_open(image, view, log, &kernel)))
		error_destroy(printk_each(kernel, view, log, on_record, &sum));
	kernel_close(kernel);
}

/* Whole pages here and there, and what they were packed as. */
static void read_blocks(const struct image *image, struct view *view)
{
	size_t len = (size_t)1 << image->target.page_shift;
	uint64_t nr = image_end_paddr(image) / len;
	uint8_t *page = malloc(len);
	volatile uint8_t byte;		/* all of them are read */
	struct image_block block;

	for (uint64_t i = 0; page && i < 64; i++) {
		enum page_state state = view_read_block(
			view, (nr / 64 * i + i % 7) * len, page, len, &block);

		FUZZ_CHECK(block.size <= len);
		FUZZ_CHECK(!block.size || state == PAGE_OK);
		FUZZ_CHECK(block.size < len ||
			   !memcmp(block.bytes, page, len));
		for (size_t k = 0; k < block.size; k++)
			byte = ((const uint8_t *)block.bytes)[k];
	}
	(void)byte;
	free(page);
}

static inline void read_dump(const struct image *image, struct log *log)
{
	const struct kdump_header *h = kdump_image_header(image);
	struct vmcoreinfo *vmcoreinfo = NULL;
	struct view *view = NULL;
	uint64_t last = 0, end = image_end_paddr(image);
	uint8_t buf[64];

	error_destroy(notes_each(image, log, on_note, NULL));
	error_destroy(vmcoreinfo_read(image, log, &vmcoreinfo));
	vmcoreinfo_destroy(vmcoreinfo);
	for (enum kdump_bitmap i = BITMAP_PRESENT; i <= BITMAP_KEPT; i++) {
		last = 0;
		error_destroy(kdump_each_run(image, i, on_run, &last));
		FUZZ_CHECK(last <= h->first_pfn + h->nr_frames);
	}
	count_pages(image);
	if (view_create(image, VIEW_RANDOM, &view))
		abort();
	for (uint64_t i = 0; i < 64; i++)
		view_read(view, end / 64 * i, buf, sizeof(buf));
	if (end)
		view_read(view, end - 1, buf, sizeof(buf));
	read_blocks(image, view);
	read_kernel(image, view, log);
	view_destroy(view);
}

#endif
