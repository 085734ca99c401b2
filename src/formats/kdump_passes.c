/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All pages several times: see kdump_passes.h. */
#include "kdump_passes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "kdump_format.h"
#include "kdump_marks.h"
#include "kdump_same.h"
#include "kdump_write.h"

#define DESCS 4096u		/* 96 KiB: descriptors sent at a time */

/* What is remembered of a page: 0: its block is new, and raw; up to SIZE_LAST:
 * new, and packed to so many bytes; above: one of NR_EARLIER earlier blocks. */
#define SIZE_LAST 0xfeffu
#define NR_EARLIER 256u

enum pass { PASS_SIZES, PASS_TABLE, PASS_DATA };

struct kdump_passes {
	const struct dump_facts *facts;		/* borrowed */
	uint32_t page_size;
	enum pass pass;
	bool surveying;
	struct sink *target, *nothing;	/* the writer's, while it surveys; and
					 * what it writes to then; owned */
	bool table_sent;
	uint64_t nr;			/* pages of this pass so far */
	uint64_t end;			/* of their blocks, in the dump */
	uint64_t hash;			/* of the section's descriptors */
	uint64_t *hashes;		/* of all sections; owned */
	uint16_t *sizes;		/* of all pages; NULL: no room; owned */
	struct kdump_desc earlier[NR_EARLIER];	/* blocks that several pages
						 * stand on */
	unsigned nr_earlier;
	uint64_t table;			/* in the dump, of descs[0] */
	unsigned nr_descs;		/* held */
	uint8_t descs[DESCS * KDUMP_D_LEN];
};

struct error *kdump_passes_create(const struct dump_facts *facts,
				  uint32_t page_size,
				  struct kdump_passes **ret)
{
	uint64_t nr_sections = facts->nr_kept / SECTION_PAGES + 1;
	struct kdump_passes *passes = calloc(1, sizeof(*passes));

	if (!passes)
		return error_nomem();
	passes->facts = facts;
	passes->page_size = page_size;
	passes->hashes = calloc(nr_sections, sizeof(*passes->hashes));
	if (!passes->hashes) {
		kdump_passes_destroy(passes);
		return error_nomem();
	}
	/* without them it only takes longer */
	if (facts->nr_kept && facts->nr_kept <= facts->sizes_max / 2)
		passes->sizes = malloc(facts->nr_kept * sizeof(uint16_t));
	*ret = passes;
	return NULL;
}

void kdump_passes_destroy(struct kdump_passes *passes)
{
	if (!passes)
		return;
	sink_destroy(passes->nothing);
	free(passes->hashes);
	free(passes->sizes);
	free(passes);
}

/* All that depends on the pages that came before. */
static struct error *pass_begin(struct kdump_writer *kdump, enum pass pass)
{
	struct kdump_passes *passes = kdump->passes;

	passes->pass = pass;
	passes->nr = passes->hash = 0;
	passes->nr_descs = 0;
	passes->table = kdump->layout.table;
	passes->end = kdump->data_end = kdump->layout.data;
	kdump->failed = kdump->settled = kdump->sent = false;
	kdump->nr_described = 0;
	kdump->totals = (struct writer_totals){ 0 };
	kdump_fill_destroy(kdump->fill);
	kdump_same_destroy(kdump->same);
	kdump->fill = NULL;
	kdump->same = NULL;
	TRY(kdump_fill_create(passes->facts->codec, passes->facts->codec_level,
			      passes->page_size, &kdump->fill));
	return kdump_same_create(passes->facts, passes->page_size,
				 &kdump->same);
}

enum writer_survey kdump_surveys(const struct writer *writer)
{
	const struct kdump_writer *kdump = (const struct kdump_writer *)writer;
	const struct kdump_passes *passes = kdump->passes;

	if (!passes || (passes->pass == PASS_DATA &&
			(passes->sizes || passes->table_sent)))
		return SURVEY_NONE;
	return SURVEY_CONTENTS;
}

static struct error *survey_begin(struct kdump_writer *kdump)
{
	struct kdump_passes *passes = kdump->passes;

	TRY(pass_begin(kdump, passes->pass == PASS_SIZES ? PASS_SIZES :
		       PASS_TABLE));
	sink_destroy(passes->nothing);
	passes->nothing = NULL;
	TRY(sink_null_create(&passes->nothing));
	TRY(passes->nothing->ops->begin(passes->nothing, &kdump->layout));
	passes->target = kdump->sink;
	kdump->sink = passes->nothing;
	kdump->ready = passes->surveying = true;
	return NULL;
}

struct error *kdump_passes_check(const struct kdump_writer *kdump, size_t len)
{
	const struct kdump_passes *passes = kdump->passes;

	/* the sections' hashes come later than their bytes */
	if (!passes->surveying && len > kdump->layout.size - kdump->data_end)
		return kdump_read_differently(passes->nr);
	return NULL;
}

static struct error *section_end(struct kdump_passes *passes)
{
	uint64_t *hash = &passes->hashes[(passes->nr - 1) / SECTION_PAGES];

	if (passes->pass == PASS_SIZES)
		*hash = passes->hash;
	else if (*hash != passes->hash)
		return kdump_read_differently(passes->nr - 1);
	return NULL;
}

/* All pages have come. */
static struct error *pass_end(struct kdump_writer *kdump)
{
	struct kdump_passes *passes = kdump->passes;

	if (kdump->nr_described != passes->facts->nr_kept)
		return error_create(ERROR_INVALID, "%" PRIu64 " of %" PRIu64
				    " pages came", kdump->nr_described,
				    passes->facts->nr_kept);
	return passes->nr ? section_end(passes) : NULL;
}

static struct error *descs_send(struct kdump_passes *passes,
				struct sink *sink)
{
	size_t len = passes->nr_descs * KDUMP_D_LEN;

	if (!len)
		return NULL;
	TRY(sink->ops->meta(sink, passes->table, passes->descs, len));
	passes->table += len;
	passes->nr_descs = 0;
	return NULL;
}

static struct error *survey_end(struct kdump_writer *kdump)
{
	struct kdump_passes *passes = kdump->passes;
	enum pass pass = passes->pass;

	kdump->sink = passes->target;
	kdump->ready = passes->surveying = false;
	TRY(pass_end(kdump));
	if (pass == PASS_TABLE)
		TRY(descs_send(passes, kdump->sink));
	passes->table_sent = pass == PASS_TABLE;
	kdump->layout.size = kdump->data_end;
	return pass_begin(kdump, PASS_DATA);
}

struct error *kdump_survey(struct writer *writer, const struct batch *batch)
{
	struct kdump_writer *kdump = (struct kdump_writer *)writer;

	if (!kdump->passes->surveying)
		TRY(survey_begin(kdump));
	if (!batch)
		return survey_end(kdump);
	return writer->ops->pages(writer, batch);
}

/* The number of the block at DESC among the earlier ones; NR_EARLIER: there are
 * too many. */
static unsigned earlier_find(struct kdump_passes *passes,
			     const struct kdump_desc *desc)
{
	unsigned i = 0;

	while (i < passes->nr_earlier &&
	       passes->earlier[i].offset != desc->offset)
		i++;
	if (i == passes->nr_earlier && i < NR_EARLIER)
		passes->earlier[passes->nr_earlier++] = *desc;
	return i;
}

static void size_remember(struct kdump_passes *passes,
			  const struct kdump_desc *desc)
{
	uint16_t *size = &passes->sizes[passes->nr];
	unsigned i;

	if (desc->offset == passes->end) {
		*size = desc->flags ? (uint16_t)desc->size : 0;
		if (!desc->flags || desc->size <= SIZE_LAST)
			return;
	} else {
		i = earlier_find(passes, desc);
		*size = (uint16_t)(SIZE_LAST + 1 + i);
		if (i < NR_EARLIER)
			return;
	}
	free(passes->sizes);
	passes->sizes = NULL;
}

static struct error *desc_add(struct kdump_passes *passes, struct sink *sink,
			      const struct kdump_desc *desc)
{
	bool big = passes->facts->image->target.big_endian;
	uint8_t *p = passes->descs + passes->nr_descs++ * KDUMP_D_LEN;

	put_u64(p + KDUMP_D_OFFSET, desc->offset, big);
	put_u32(p + KDUMP_D_SIZE, desc->size, big);
	put_u32(p + KDUMP_D_FLAGS, desc->flags, big);
	put_u64(p + KDUMP_D_PAGE_FLAGS, 0, big);
	return passes->nr_descs < DESCS ? NULL : descs_send(passes, sink);
}

struct error *kdump_passes_add(struct kdump_writer *kdump,
			       const struct kdump_desc *desc)
{
	struct kdump_passes *passes = kdump->passes;

	assert(passes->nr < passes->facts->nr_kept);
	if (passes->pass == PASS_SIZES && passes->sizes)
		size_remember(passes, desc);
	else if (passes->pass == PASS_TABLE)
		TRY(desc_add(passes, passes->target, desc));
	if (desc->offset == passes->end)
		passes->end += desc->size;
	if (passes->nr % SECTION_PAGES == 0)
		passes->hash = 0;
	passes->hash = kdump_desc_hash(passes->hash, desc);
	passes->nr++;
	return passes->nr % SECTION_PAGES ? NULL : section_end(passes);
}

struct error *kdump_passes_begin(struct kdump_writer *kdump)
{
	struct kdump_passes *passes = kdump->passes;

	/* a survey that sends may have been broken off */
	if (passes->surveying)
		kdump->sink = passes->target;
	passes->table_sent = passes->surveying = kdump->ready = false;
	kdump->nr_bits = kdump->bitmap_end = 0;
	return pass_begin(kdump, PASS_DATA);
}

/* The descriptors, from what is remembered of the pages. */
struct error *kdump_passes_table(struct kdump_writer *kdump)
{
	struct kdump_passes *passes = kdump->passes;
	uint32_t flag = passes->facts->codec ? passes->facts->codec->flag : 0;
	uint64_t end = kdump->layout.data;

	if (passes->table_sent)
		return NULL;
	for (uint64_t i = 0; i < passes->facts->nr_kept; i++) {
		unsigned size = passes->sizes[i];
		struct kdump_desc desc = { end, size, flag };

		if (size > SIZE_LAST)
			desc = passes->earlier[size - SIZE_LAST - 1];
		else if (!size)
			desc = (struct kdump_desc){ end, passes->page_size, 0 };
		if (size <= SIZE_LAST)
			end += desc.size;
		TRY(desc_add(passes, kdump->sink, &desc));
	}
	TRY(descs_send(passes, kdump->sink));
	passes->table_sent = true;
	return NULL;
}

struct error *kdump_passes_finish(struct kdump_writer *kdump)
{
	const struct sink_ops *ops = kdump->sink->ops;
	uint64_t size = kdump->data_end;

	if (!kdump->ready)
		return NULL;
	kdump->ready = false;
	TRY(pass_end(kdump));
	assert(size == kdump->layout.size);
	TRY(ops->commit(kdump->sink, 0, NULL, 0, size));
	kdump->totals.size = size;
	kdump->totals.nr_pages = kdump->nr_described;
	return NULL;
}
