/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a dump a stream has sent: see flat_parts.h. */
#include "flat_parts.h"

#include <errno.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "kdump_read_impl.h"

#define DESCS_AT_ONCE 1024u

void flat_parts_add(struct flat_parts *parts, uint64_t offset, uint64_t len)
{
	struct flat_run run = { offset, offset + len };

	if (!len)
		return;
	for (size_t i = 0; i < parts->nr;) {
		struct flat_run *other = &parts->run[i];

		if (other->end < run.start || run.end < other->start) {
			i++;
			continue;
		}
		run.start = min_u64(run.start, other->start);
		run.end = max_u64(run.end, other->end);
		*other = parts->run[--parts->nr];
		i = 0;		/* it may touch one that was passed */
	}
	if (parts->nr < FLAT_PARTS_MAX)
		parts->run[parts->nr++] = run;
	else
		parts->forgot = true;
}

static bool came(const struct flat_parts *parts, uint64_t offset, uint64_t len)
{
	for (size_t i = 0; i < parts->nr; i++)
		if (parts->run[i].start <= offset &&
		    parts->run[i].end >= offset + len)
			return true;
	return false;
}

/* Whether the descriptor at AT is what the stream had, and what it names came. */
static bool is_whole(const struct flat_parts *parts, uint64_t at,
		     const struct kdump_desc *desc)
{
	uint64_t end;

	/* nonsense stays, for verify to tell */
	return came(parts, at, KDUMP_D_LEN) &&
	       (add_overflows(desc->offset, desc->size, &end) ||
		came(parts, desc->offset, desc->size));
}

static struct error *table_settle(const struct flat_parts *parts,
				  const struct image *image, int fd)
{
	static const uint8_t empty[KDUMP_D_LEN];
	const struct kdump_header *h = kdump_image_header(image);
	struct kdump_desc descs[DESCS_AT_ONCE];
	uint8_t buf[DESCS_AT_ONCE * KDUMP_D_LEN];
	size_t nr;

	for (uint64_t i = kdump_descs_skip(image, 0); i < h->nr_kept;
	     i = kdump_descs_skip(image, i + nr)) {
		uint64_t at = h->table + i * KDUMP_D_LEN;

		TRY(kdump_descs_read(image, i, DESCS_AT_ONCE, buf, descs,
				     &nr));
		if (!nr)
			break;
		for (size_t k = 0; k < nr; k++, at += KDUMP_D_LEN)
			if (!kdump_desc_empty(&descs[k]) &&
			    !is_whole(parts, at, &descs[k]))
				TRY(io_pwrite(fd, empty, sizeof(empty), at));
	}
	return NULL;
}

struct error *flat_parts_settle(const struct flat_parts *parts,
				const struct image *image, int fd)
{
	const struct kdump_header *h = kdump_image_header(image);
	uint64_t end = h->table + h->table_len;

	if (parts->forgot)
		return NULL;
	/* also one that the file has in part, at its end */
	if (image->file.size < end && TEMP_FAILURE_RETRY(ftruncate(fd, (off_t)end)))
		return error_errno(errno, "setting the size of %s",
				   image->path);
	return table_settle(parts, image, fd);
}
