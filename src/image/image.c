/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening images and finding their segments: see image.h. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

#define PROBE_LEN 4096

static struct error *open_with(struct image *image,
			       const struct image_ops *const *ops,
			       struct log *log)
{
	uint8_t head[PROBE_LEN];
	size_t len;

	if (image->file.flat)
		image->can_map = false;
	if (image->file.cut_off)
		image->salvage = true;
	TRY(image_file_read(&image->file, head, sizeof(head), 0, &len));
	if (!len)
		return error_create(ERROR_INVALID, image->file.flat ?
				    "the flattened stream has nothing of a dump" :
				    "the file is empty");
	for (; *ops; ops++) {
		if (!(*ops)->probe(head, len))
			continue;
		image->ops = *ops;
		return (*ops)->open(image, log);
	}
	return error_create(ERROR_INVALID,
			    "not a vmcore: begins with %02x %02x %02x %02x, neither ELF nor a dump",
			    head[0], len > 1 ? head[1] : 0,
			    len > 2 ? head[2] : 0, len > 3 ? head[3] : 0);
}

struct error *image_open(const char *path, const struct image_ops *const *ops,
			 unsigned flags, struct log *log, struct image **ret)
{
	struct image *image = calloc(1, sizeof(*image));
	struct error *err;

	if (!image)
		return error_nomem();
	image->file.fd = -1;
	image->can_map = !(flags & IMAGE_NO_MAP);
	image->salvage = flags & IMAGE_SALVAGE;
	image->part = flags & IMAGE_PART;
	image->target.page_shift = 12;
	image->path = strdup(path);
	if (!image->path) {
		image_close(image);
		return error_nomem();
	}
	err = image_file_open(path, log, &image->file);
	if (!err) {
		err = open_with(image, ops, log);
		if (err)
			err = error_wrap(err, "%s", path);
	}
	if (err) {
		image_close(image);
		return err;
	}
	*ret = image;
	return NULL;
}

void image_close(struct image *image)
{
	if (!image)
		return;
	if (image->ops && image->ops->close)
		image->ops->close(image);
	free(image->maps);
	image_file_close(&image->file);
	free(image->segments);
	free(image->notes);
	free(image->path);
	free(image);
}

uint64_t image_end_paddr(const struct image *image)
{
	const struct segment *last;

	if (!image->nr_segments)
		return 0;
	last = &image->segments[image->nr_segments - 1];
	return last->paddr + last->memsz;
}

size_t image_find_segment(const struct image *image, uint64_t paddr)
{
	size_t low = 0, high = image->nr_segments;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct segment *s = &image->segments[mid];

		if (s->paddr + s->memsz <= paddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool image_has(const struct image *image, uint64_t paddr, uint64_t len)
{
	size_t i = image_find_segment(image, paddr);

	return i < image->nr_segments &&
	       (image->segments[i].paddr <= paddr ||
		image->segments[i].paddr - paddr < len);
}

bool image_covers(const struct image *image, uint64_t paddr, uint64_t len)
{
	uint64_t end = paddr + len;

	for (size_t i = image_find_segment(image, paddr);
	     paddr < end && i < image->nr_segments; i++) {
		if (image->segments[i].paddr > paddr)
			return false;
		paddr = image->segments[i].paddr + image->segments[i].memsz;
	}
	return paddr >= end;
}

struct error *image_runs(const struct image *image, enum image_frames frames,
			 uint64_t paddr, uint64_t end, image_run_fn *fn,
			 void *arg)
{
	if (image->ops->runs)
		return image->ops->runs(image, frames, paddr, end, fn, arg);
	for (size_t i = image_find_segment(image, paddr);
	     i < image->nr_segments && image->segments[i].paddr < end; i++) {
		const struct segment *s = &image->segments[i];

		TRY(fn(arg, max_u64(s->paddr, paddr),
		       min_u64(s->paddr + s->memsz, end)));
	}
	return NULL;
}
