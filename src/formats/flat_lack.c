/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rearranged dump lacks: see flat_lack.h. */
#include "flat_lack.h"

#include "../base/bytes.h"
#include "../image/image.h"
#include "image_kinds.h"
#include "kdump_read.h"

/* Bytes of memory that lie beyond the end of the file. */
static uint64_t missing_bytes(const struct image *image)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];
		uint64_t end = s->offset + s->filesz;

		if (end > image->file.size)
			sum += end - max_u64(s->offset, image->file.size);
	}
	return sum;
}

static struct error *tell(const char *path, const struct image *image,
			  struct log *log)
{
	const struct kdump_header *h = kdump_image_header(image);
	struct kdump_counts counts;

	if (!h) {
		log_warn(log,
			 "%s lacks %llu bytes of the memory that its program headers name",
			 path, (unsigned long long)missing_bytes(image));
		return NULL;
	}
	TRY(kdump_count(image, &counts));
	log_warn(log, "%s lacks %llu of the %llu pages that it names", path,
		 (unsigned long long)counts.nr_unreached,
		 (unsigned long long)h->nr_kept);
	return NULL;
}

void flat_lack_warn(const char *path, struct log *log)
{
	struct image *image = NULL;
	struct error *err;

	err = image_open(path, image_kinds, IMAGE_SALVAGE, NULL, &image);
	if (!err)
		err = tell(path, image, log);
	if (err)
		log_warn(log, "it can't be read yet: %s", error_message(err));
	error_destroy(err);
	image_close(image);
}
