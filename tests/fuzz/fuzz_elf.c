/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF vmcore, whole or cut off: the first byte says how it is opened, the
 * rest is the file. Reads through a view and through windows, and what is not
 * large compares with itself.
 */
#include "../../src/base/bytes.h"
#include "../../src/formats/diff.h"
#include "../../src/formats/verify_elf.h"
#include "../../src/image/notes.h"
#include "../../src/image/view.h"
#include "../../src/image/vmcoreinfo.h"
#include "../../src/image/window.h"
#include "fuzz.h"

static const struct image_ops *const kinds[] = { &elf_image_ops, NULL };

static void check_segments(const struct image *image)
{
	uint64_t end = 0;

	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];

		FUZZ_CHECK(s->paddr >= end && s->memsz >= s->filesz);
		FUZZ_CHECK(s->memsz && !add_overflows(s->paddr, s->memsz,
						      &end));
	}
	FUZZ_CHECK(image_end_paddr(image) == end);
}

/* Whole pages read the same by either way. */
static void read_around(const struct image *image, struct view *view,
			uint64_t paddr)
{
	static uint8_t a[8192], b[8192];
	struct window *window = NULL;
	enum page_state by_view, by_window;
	uint64_t start = align_down(paddr, 4096);

	view_read(view, paddr, a, 100);
	by_view = view_read(view, start, a, sizeof(a));
	if (start > UINT64_MAX - (64 << 10))
		return;
	error_destroy(window_create(image, start, 16384, &window));
	if (!window)
		return;
	by_window = window_read(window, start, b, sizeof(b));
	FUZZ_CHECK(by_view == by_window);
	FUZZ_CHECK(by_view != PAGE_OK || !memcmp(a, b, sizeof(a)));
	window_put(window);
}

static struct error *on_note(void *arg, const struct note *note)
{
	FUZZ_CHECK(note->len && note->desc_len <= note->len);
	FUZZ_CHECK(strlen(note->name) < NOTE_NAME_MAX);
	++*(unsigned *)arg;
	return NULL;
}

static void no_run(void *arg, enum diff_kind kind, uint64_t paddr,
		   uint64_t end)
{
	(void)arg;
	FUZZ_CHECK(kind == DIFF_UNREADABLE && paddr < end);
}

static void compare(const struct image *image, struct log *log)
{
	struct progress progress;
	struct diff_counts counts;
	uint64_t nr = 0;

	for (size_t i = 0; i < image->nr_segments; i++)
		nr += image->segments[i].memsz >> 12;
	progress_init(&progress, log, -1);
	if (nr < 4096)
		error_destroy(diff_images(image, image, &progress, no_run,
					  NULL, &counts));
}

static void read_all(const struct image *image, struct log *log)
{
	struct vmcoreinfo *vmcoreinfo = NULL;
	struct view *view = NULL;
	unsigned nr = 0;

	check_segments(image);
	error_destroy(notes_each(image, log, on_note, &nr));
	error_destroy(vmcoreinfo_read(image, log, &vmcoreinfo));
	vmcoreinfo_destroy(vmcoreinfo);
	if (view_create(image, VIEW_RANDOM, &view))
		abort();
	for (size_t i = 0; i < image->nr_segments && i < 16; i++) {
		const struct segment *s = &image->segments[i];

		read_around(image, view, s->paddr);
		read_around(image, view, s->paddr + s->memsz - 1);
		read_around(image, view, s->paddr + s->filesz);
		read_around(image, view, s->paddr - 1);
	}
	view_destroy(view);
	compare(image, log);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct verify_elf report;
	struct image *image = NULL;
	struct error *err;
	struct log log;
	char path[32];
	int fd;

	if (!len)
		return 0;
	fuzz_guard();
	log_init(&log, fuzz_null(), 31);
	fd = fuzz_file(bytes + 1, len - 1);
	err = image_open(fuzz_path(fd, path), kinds,
			 (bytes[0] & 1 ? IMAGE_NO_MAP : 0) |
			 (bytes[0] & 2 ? IMAGE_SALVAGE : 0), &log, &image);
	if (!err)
		read_all(image, &log);
	if (!err)
		error_destroy(verify_elf(image, &log, &report));
	FUZZ_CHECK(!err || strlen(error_message(err)) > 10);
	error_destroy(err);
	image_close(image);
	log_deinit(&log);
	close(fd);
	return 0;
}
