/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Equal pages of a section: see kdump_same.h. Its table has room for all pages
 * of a section, so that no order of hashes has one forgotten. */
#include "kdump_same.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../image/view.h"

#define NR_HEADS 16384u
#define MAX_STEPS 16u		/* of a list: hashes can be made to meet */
#define NONE UINT16_MAX		/* SECTION_PAGES is less */

struct entry {
	uint64_t hash, pfn;
	struct kdump_desc desc;
};

struct kdump_same {
	struct view *view;	/* of a page: what is compared is asked for, and
				 * nothing beside it */
	struct codec *codec;	/* NULL: raw */
	uint32_t len;		/* of a page */
	uint8_t *old, *new;	/* LEN bytes each: contents to compare */
	uint64_t nr_pages;	/* of the section, so far */
	unsigned nr;		/* entries */
	struct entry entries[SECTION_PAGES];
	uint16_t next[SECTION_PAGES];	/* entry of the same list */
	uint16_t heads[NR_HEADS];	/* the newest entry of each */
};

_Static_assert(SECTION_PAGES < NONE && BATCH_PAGES <= 64, "");

static struct error *create(const struct dump_facts *facts, uint32_t len,
			    struct kdump_same **ret)
{
	struct kdump_same *same = *ret = calloc(1, sizeof(*same));

	if (!same)
		return error_nomem();
	same->len = len;
	same->nr_pages = SECTION_PAGES;	/* the first page begins one */
	same->old = malloc(len);
	same->new = malloc(len);
	if (!same->old || !same->new)
		return error_nomem();
	TRY(view_create(facts->image, len, 1, &same->view));
	return facts->codec ? codec_create(facts->codec, facts->codec_level,
					   &same->codec) : NULL;
}

struct error *kdump_same_create(const struct dump_facts *facts, uint32_t len,
				struct kdump_same **ret)
{
	struct error *err;

	*ret = NULL;
	if (!facts->dedup || facts->image->live)
		return NULL;
	err = create(facts, len, ret);
	if (!err)
		return NULL;
	kdump_same_destroy(*ret);
	*ret = NULL;
	if (error_kind(err) != ERROR_NOMEM)
		return err;
	log_warn(facts->log, "there is no memory to find equal pages with");
	error_destroy(err);
	return NULL;
}

void kdump_same_destroy(struct kdump_same *same)
{
	if (!same)
		return;
	codec_destroy(same->codec);
	view_destroy(same->view);
	free(same->old);
	free(same->new);
	free(same);
}

void kdump_same_restart(struct kdump_same *same)
{
	same->nr_pages = SECTION_PAGES;
}

static uint16_t *list(struct kdump_same *same, uint64_t hash)
{
	return &same->heads[hash >> 32 & (NR_HEADS - 1)];
}

/* The newest page with this HASH; NULL: none. */
static const struct entry *lookup(struct kdump_same *same, uint64_t hash)
{
	uint16_t i = *list(same, hash);

	for (unsigned n = 0; i != NONE && n < MAX_STEPS; n++) {
		if (same->entries[i].hash == hash)
			return &same->entries[i];
		i = same->next[i];
	}
	return NULL;
}

/* Whether the page at ENTRY is equal to that of SIZE bytes at P. Equal pages are
 * packed to the same bytes, so most that are not don't have to be read. (Those that
 * are copied from a dump may not be: two such are not found.) */
static bool is_equal(struct kdump_same *same, const struct entry *entry,
		     const uint8_t *p, uint32_t size)
{
	uint64_t paddr = entry->pfn * same->len;

	if (entry->desc.size != size)
		return false;
	if (size < same->len) {
		if (!same->codec->ops->unpack(same->codec, p, size, same->new,
					      same->len))
			return false;
		p = same->new;
	}
	return view_read(same->view, paddr, same->old, same->len) == PAGE_OK &&
	       !memcmp(same->old, p, same->len);
}

uint64_t kdump_same_find(struct kdump_same *same, const struct batch *batch,
			 struct kdump_desc *descs)
{
	const uint8_t *p = batch->data;
	uint64_t found = 0;

	same->nr_pages += batch->nr;
	if (same->nr_pages > SECTION_PAGES) {
		same->nr_pages = batch->nr;
		same->nr = 0;
		memset(same->heads, 0xff, sizeof(same->heads));
	}
	for (unsigned i = 0; i < batch->nr; p += batch->size[i++]) {
		const struct entry *entry = NULL;

		if (batch->size[i])
			entry = lookup(same, batch->word[i]);
		if (!entry || !is_equal(same, entry, p, batch->size[i]))
			continue;
		descs[i] = entry->desc;
		found |= 1ull << i;
	}
	return found;
}

void kdump_same_add(struct kdump_same *same, const struct batch *batch,
		    unsigned i, const struct kdump_desc *desc)
{
	struct entry *entry = &same->entries[same->nr];
	uint16_t *head = list(same, batch->word[i]);

	assert(same->nr < SECTION_PAGES);
	entry->hash = batch->word[i];
	entry->pfn = batch->pfn[i];
	entry->desc = *desc;
	same->next[same->nr] = *head;
	*head = (uint16_t)same->nr++;
}
