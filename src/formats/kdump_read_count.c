/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts pages by their descriptors. Zero pages all share one block, and so do
 * pages that could not be read: a small table of blocks seen lately finds the
 * shared ones, and only these are looked into.
 */
#include <stdlib.h>

#include "../base/bytes.h"
#include "kdump_read_impl.h"

#define AT_ONCE 512u		/* descriptors */
#define SEEN 4096u
#define HASH UINT64_C(11400714819323198485)	/* 2^64 / golden ratio */
#define HASH_SHIFT 52				/* leaves SEEN values */
#define MAX_SHARED 16u

struct count {
	const struct image *image;
	uint64_t seen[SEEN];		/* offsets of blocks, by hash */
	struct kdump_desc shared[MAX_SHARED];
	uint64_t nr_uses[MAX_SHARED];
	unsigned nr_shared;
	uint64_t nr_reached;
	struct kdump_counts counts;
};

typedef void desc_fn(struct count *count, const struct kdump_desc *desc);

static struct error *each_desc(struct count *count, desc_fn *fn)
{
	uint8_t buf[AT_ONCE * KDUMP_D_LEN];
	struct kdump_desc descs[AT_ONCE];
	uint64_t index = 0;
	size_t nr;

	do {
		index = kdump_descs_skip(count->image, index);
		TRY(kdump_descs_read(count->image, index, AT_ONCE, buf, descs,
				     &nr));
		for (size_t i = 0; i < nr; i++)
			fn(count, &descs[i]);
		index += nr;
	} while (nr);
	return NULL;
}

/* Its place among the shared ones; nr_shared if it is none. */
static unsigned find_shared(const struct count *count,
			    const struct kdump_desc *desc)
{
	unsigned i = 0;

	while (i < count->nr_shared &&
	       (count->shared[i].offset != desc->offset ||
		count->shared[i].size != desc->size ||
		count->shared[i].flags != desc->flags))
		i++;
	return i;
}

static void find(struct count *count, const struct kdump_desc *desc)
{
	uint64_t *seen = &count->seen[desc->offset * HASH >> HASH_SHIFT];

	if (!kdump_desc_reached(count->image, desc))
		return;
	count->nr_reached++;
	count->counts.codecs |= desc->flags & KDUMP_STATUS_CODECS;
	if (desc->flags)
		count->counts.nr_packed++;
	else
		count->counts.nr_raw++;
	if (*seen == desc->offset && count->nr_shared < MAX_SHARED &&
	    find_shared(count, desc) == count->nr_shared)
		count->shared[count->nr_shared++] = *desc;
	*seen = desc->offset;
}

static void use(struct count *count, const struct kdump_desc *desc)
{
	unsigned i = find_shared(count, desc);

	if (!kdump_desc_empty(desc) && i < count->nr_shared)
		count->nr_uses[i]++;
}

/* What the shared blocks are. */
static struct error *settle(struct count *count)
{
	uint32_t size = kdump_image_header(count->image)->block_size;
	struct kdump_counts *counts = &count->counts;
	struct kdump_unpacker *unpacker = NULL;
	uint8_t *page = malloc(size);
	struct error *err = page ? NULL : error_nomem();

	if (!err)
		err = kdump_unpacker_create(count->image, &unpacker);
	for (unsigned i = 0; !err && i < count->nr_shared; i++) {
		const struct kdump_desc *desc = &count->shared[i];
		uint64_t *kind = NULL;

		if (kdump_unpack(unpacker, desc, page))
			continue;
		if (kdump_page_unreadable(page, size))
			kind = &counts->nr_unreadable;
		else if (!page[0] && !memcmp(page, page + 1, size - 1))
			kind = &counts->nr_zero;
		if (!kind)
			continue;
		*kind += count->nr_uses[i];
		*(desc->flags ? &counts->nr_packed : &counts->nr_raw) -=
			count->nr_uses[i];
	}
	kdump_unpacker_destroy(unpacker);
	free(page);
	return err;
}

static struct error *count_file(const struct image *image,
				struct kdump_counts *ret)
{
	const struct kdump *kdump = image->impl;
	struct count *count = calloc(1, sizeof(*count));
	struct error *err;

	if (!count)
		return error_nomem();
	count->image = image;
	err = each_desc(count, find);
	if (!err)
		err = each_desc(count, use);
	if (!err)
		err = settle(count);
	count->counts.nr_unreached = kdump->header.nr_kept -
				     count->nr_reached;
	*ret = count->counts;
	free(count);
	return err;
}

struct error *kdump_count(const struct image *image, struct kdump_counts *ret)
{
	const struct kdump *kdump = image->impl;
	struct kdump_counts one;

	if (!kdump->parts)
		return count_file(image, ret);
	*ret = (struct kdump_counts){ 0 };
	for (size_t i = 0; i < kdump->nr_parts; i++) {
		TRY(count_file(kdump->parts[i], &one));
		ret->nr_unreached += one.nr_unreached;
		ret->nr_zero += one.nr_zero;
		ret->nr_unreadable += one.nr_unreadable;
		ret->nr_raw += one.nr_raw;
		ret->nr_packed += one.nr_packed;
		ret->codecs |= one.codecs;
	}
	return NULL;
}
