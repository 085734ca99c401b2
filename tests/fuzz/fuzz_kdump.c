/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kdump-compressed dump, plain or flattened: opened, read as an image, its pages counted, its
 * kernel's log read, verified. */
#include "../../src/formats/verify.h"
#include "read_dump.h"

static const struct image_ops *const kinds[] = { &kdump_image_ops, NULL };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct verify_report report;
	int fd = fuzz_file(bytes, len);
	struct image_file file = { .fd = fd, .size = len };
	struct image *image = NULL;
	struct error *err;
	struct log log;
	char path[32];
	bool ready;

	log_init(&log, fuzz_null(), 31);
	error_destroy(verify_has_metadata(&file, &ready));
	err = image_open(fuzz_path(fd, path), kinds, 0, &log, &image);
	if (!err) {
		read_dump(image, &log);
		err = verify_dump(image, &log, &report);
	}
	error_destroy(err);
	image_close(image);
	log_deinit(&log);
	close(fd);
	return 0;
}
