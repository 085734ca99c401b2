/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel log of a sound vmcore with some words changed. */
#include "../../src/kernel/printk.h"
#include "patched.h"

static struct error *on_record(void *arg, const struct printk_record *record)
{
	unsigned *sum = arg;

	for (size_t i = 0; i < record->len; i++)
		*sum += (uint8_t)record->text[i];
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_source source = { bytes, len };
	const struct image *image = patched_image(&source);
	struct kernel *kernel = NULL;
	struct view *view = NULL;
	struct log log;
	unsigned sum = 0;
	uint64_t nr;

	log_init(&log, fuzz_null(), 31);
	if (view_create(image, VIEW_RANDOM, &view))
		abort();
	if (fuzz_ok(kernel_open(image, view, &log, &kernel))) {
		error_destroy(printk_each(kernel, view, &log, on_record,
					  &sum));
		error_destroy(printk_print(kernel, view, &log, fuzz_null(),
					   &nr));
	}
	kernel_close(kernel);
	view_destroy(view);
	log_deinit(&log);
	return 0;
}
