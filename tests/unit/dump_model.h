/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of the output side: a made-up machine whose every page is known
 * from its frame number, writing it as a dump, and reading a dump back with
 * offsets written down here from the format description alone.
 */
#ifndef CAPDUMP_TESTS_DUMP_MODEL_H
#define CAPDUMP_TESTS_DUMP_MODEL_H

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/formats/writer.h"
#include "unit.h"

#define MODEL_PAGE 4096u
#define MODEL_WINDOW 8192u		/* frames */

enum model_kind { MODEL_TEXT, MODEL_NOISE, MODEL_ZERO, MODEL_FILL, MODEL_BAD };

struct model {
	uint64_t nr_frames;
	bool address_order;
	const struct codec_ops *codec;
	uint64_t max_size;
	const char *notes;		/* bytes of a file, NULL: none */
	size_t notes_len;
	uint64_t stop_after;		/* pages, 0: all */
	bool light;			/* nearly all pages are zero */
	bool torn;			/* model_check(): descriptors across
					 * 4 KiB of the file may be torn */
	/* called after each batch; NULL */
	void (*step)(void *arg, uint64_t nr_pages);
	void *arg;
	/* results */
	struct writer_totals totals;
	bool settle;	/* wait until the metadata is out */
	bool ready;	/* the dump opens */
};

static inline uint64_t model_hash(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline bool model_present(uint64_t pfn)
{
	return pfn % 97 != 5;
}

static inline bool model_kept(uint64_t pfn)
{
	return model_present(pfn) && pfn % 5 != 3;
}

static inline unsigned model_rank(uint64_t pfn)
{
	return model_hash(pfn / 16) % 3;
}

static inline enum model_kind model_kind(const struct model *model,
					 uint64_t pfn)
{
	if (model->light && model_hash(pfn) / 1024 % 64)
		return MODEL_ZERO;
	switch (model_hash(pfn) % 16) {
	case 0:
		return MODEL_NOISE;
	case 1:
		return MODEL_ZERO;
	case 2:
		return MODEL_FILL;
	case 3:
		return model_hash(pfn) / 16 % 8 ? MODEL_TEXT : MODEL_BAD;
	default:
		return MODEL_TEXT;
	}
}

/* The word of a MODEL_FILL page; more of them than the writer remembers. */
static inline uint64_t model_word(uint64_t pfn)
{
	return model_hash(model_hash(pfn) % 700 + 1);
}

/* What the dump must say of PFN. */
static inline void model_page(const struct model *model, uint64_t pfn,
			      uint8_t *page)
{
	static const char text[] = "capdump: unreadable page";
	uint64_t word = model_hash(pfn);

	memset(page, 0, MODEL_PAGE);
	switch (model_kind(model, pfn)) {
	case MODEL_ZERO:
		break;
	case MODEL_BAD:
		for (unsigned i = 0; i < MODEL_PAGE; i++)
			page[i] = text[i % 24];
		break;
	case MODEL_FILL:
		for (unsigned i = 0; i < MODEL_PAGE; i += 8)
			put_u64(page + i, model_word(pfn), false);
		break;
	case MODEL_NOISE:
		for (unsigned i = 0; i < MODEL_PAGE; i += 8) {
			word = model_hash(word + i);
			memcpy(page + i, &word, 8);
		}
		break;
	case MODEL_TEXT:
		for (unsigned i = 0; i + 8 <= MODEL_PAGE; i += 8 + pfn % 200) {
			word += i;
			memcpy(page + i, &word, 8);
		}
	}
}

static inline void model_pack(const struct model *model, struct codec *codec,
			      struct batch *batch, uint64_t pfn,
			      uint64_t index)
{
	uint8_t *into = batch->data + batch->len;
	uint8_t page[MODEL_PAGE];
	unsigned i = batch->nr++;
	size_t size = 0;

	batch->pfn[i] = pfn;
	batch->index[i] = index;
	batch->size[i] = 0;
	switch (model_kind(model, pfn)) {
	case MODEL_ZERO:
		batch->kind[i] = BATCH_FILL;
		batch->word[i] = 0;
		return;
	case MODEL_FILL:
		batch->kind[i] = BATCH_FILL;
		batch->word[i] = model_word(pfn);
		return;
	case MODEL_BAD:
		batch->kind[i] = BATCH_UNREADABLE;
		return;
	default:
		break;
	}
	model_page(model, pfn, page);
	if (codec)
		size = codec->ops->pack(codec, page, MODEL_PAGE, into,
					MODEL_PAGE - 1);
	batch->kind[i] = size ? BATCH_PACKED : BATCH_RAW;
	if (!size)
		memcpy(into, page, size = MODEL_PAGE);
	batch->size[i] = size;
	batch->len += size;
}

static inline struct error *model_flush(struct model *model,
					struct writer *writer,
					struct batch *batch, uint64_t *nr)
{
	struct error *err = writer->ops->pages(writer, batch);

	*nr += batch->nr;
	if (!err && model->step)
		model->step(model->arg, *nr);
	batch->nr = 0;
	batch->len = 0;
	return err;
}

/* All pages of RANK (UINT_MAX: of all), ascending. */
static inline struct error *model_rank_write(struct model *model,
					     struct writer *writer,
					     struct codec *codec,
					     struct batch *batch,
					     unsigned rank, uint64_t *nr)
{
	uint64_t index = 0;

	for (uint64_t pfn = 0; pfn < model->nr_frames; pfn++) {
		if (!model_kept(pfn))
			continue;
		if (rank == UINT_MAX || model_rank(pfn) == rank)
			model_pack(model, codec, batch, pfn,
				   index);
		index++;
		if (model->stop_after && *nr + batch->nr >= model->stop_after)
			break;
		if (batch->nr == BATCH_PAGES)
			TRY(model_flush(model, writer, batch, nr));
	}
	return batch->nr ? model_flush(model, writer, batch, nr) : NULL;
}

static inline struct error *model_bitmaps(const struct model *model,
					  struct writer *writer)
{
	struct error *err = NULL;

	for (uint64_t at = 0; !err && at < model->nr_frames;
	     at += MODEL_WINDOW) {
		uint64_t end = min_u64(at + MODEL_WINDOW, model->nr_frames);
		struct pageset present = { 0 }, kept = { 0 };

		err = pageset_init(&present, at, end);
		if (!err)
			err = pageset_init(&kept, at, end);
		for (uint64_t pfn = at; !err && pfn < end; pfn++) {
			if (model_present(pfn))
				pageset_add(&present, pfn);
			if (model_kept(pfn))
				pageset_add(&kept, pfn);
		}
		if (!err)
			err = writer->ops->bitmap(writer, &present, &kept);
		pageset_deinit(&present);
		pageset_deinit(&kept);
	}
	return err ? err : writer->ops->metadata(writer);
}

static inline struct error *model_run(struct model *model, struct sink *sink,
				      struct writer *writer)
{
	static uint8_t bytes[BATCH_BYTES];
	struct batch batch = { .data = bytes };
	struct codec *codec = NULL;
	struct error *err = NULL;
	uint64_t nr = 0;

	TRY(writer->ops->begin(writer));
	TRY(model_bitmaps(model, writer));
	if (model->settle)
		TRY(sink->ops->drain(sink, &nr));
	model->ready = model->settle;
	nr = 0;
	if (model->codec)
		TRY(codec_create(model->codec, CODEC_LEVEL_DEFAULT, &codec));
	if (model->step)
		model->step(model->arg, 0);
	if (model->address_order)
		err = model_rank_write(model, writer, codec, &batch, UINT_MAX,
				       &nr);
	for (unsigned rank = 0; !err && !model->address_order && rank < 3;
	     rank++)
		err = model_rank_write(model, writer, codec, &batch, rank,
				       &nr);
	codec_destroy(codec);
	return err;
}

/* Writes the model to SINK (which it destroys). *LATE: finish()'s error. */
static inline struct error *model_write(struct model *model,
					struct sink *sink, struct error **late)
{
	char name[] = "/tmp/unit-model-XXXXXX";
	struct note_extent extent = { 512, model->notes_len };
	struct image image = { .target = { 62, 8, false, 12 }, .path = name,
			       .notes = &extent,
			       .nr_notes = model->notes ? 1 : 0 };
	struct vmcoreinfo vmcoreinfo = { .offset = 512 + 24,
					 .note_len = model->notes_len - 24 };
	struct dump_facts facts = {
		.image = &image, .page_shift = 12,
		.end_pfn = model->nr_frames, .level = 31,
		.vmcoreinfo = model->notes ? &vmcoreinfo : NULL,
		.codec = model->codec, .crash_time = 1700000000,
		.phys_base = 0x123400000, .nr_cpus = 3,
		.utsname = { "Linux", "node", "6.1.0", "#1", "x86_64", "" },
		.max_size = model->max_size ? model->max_size : UINT64_MAX,
	};
	struct writer *writer = NULL;
	struct error *err;

	for (uint64_t pfn = 0; pfn < model->nr_frames; pfn++)
		facts.nr_kept += model_kept(pfn);
	model->ready = false;
	image.file.fd = mkstemp(name);
	unlink(name);
	if (model->notes)
		CHECK(pwrite(image.file.fd, model->notes, model->notes_len, 512) ==
		      (ssize_t)model->notes_len);
	*late = NULL;
	err = kdump_writer_ops.create(sink, &facts, &writer);
	if (!err) {
		err = model_run(model, sink, writer);
		*late = writer->ops->finish(writer,
					    !err && !model->stop_after);
		model->totals = *writer->ops->totals(writer);
		model->ready |= model->totals.size != 0;
		writer->ops->destroy(writer);
	}
	sink_destroy(sink);
	close(image.file.fd);
	return err;
}

/* What a dump turned out to be. */
struct seen {
	uint32_t status;
	uint64_t nr_there;	/* kept pages with a descriptor */
	uint64_t nr_lost;	/* bits without */
	uint64_t nr_torn;	/* of those: half a descriptor */
	uint64_t size;		/* of the file */
	uint64_t note_offset, note_len;
	uint64_t vmcoreinfo_offset, vmcoreinfo_len;
};

/* A file in memory. */
struct mapped {
	uint8_t *bytes;
	uint64_t size;
};

static inline bool mapped_open(struct mapped *map, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st = { 0 };

	*map = (struct mapped){ 0 };
	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		return false;
	map->size = st.st_size;
	map->bytes = mmap(NULL, map->size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return map->bytes != MAP_FAILED;
}

static inline void mapped_close(struct mapped *map)
{
	munmap(map->bytes, map->size);
}

static inline const uint8_t *mapped_at(const struct mapped *map,
				       uint64_t offset, uint64_t len)
{
	if (offset > map->size || len > map->size - offset)
		return NULL;
	return map->bytes + offset;
}

/* All ones beyond the end. */
static inline uint64_t seen_get(const struct mapped *map, uint64_t offset,
				unsigned n)
{
	const uint8_t *p = mapped_at(map, offset, n);

	return p ? get_uint(p, n, false) : UINT64_MAX;
}

/* Whether page PFN at the descriptor at TABLE is right; *there: it is. */
static inline bool seen_page(const struct mapped *map,
			     const struct model *model, struct codec *codec,
			     uint64_t pfn, uint64_t desc, bool *there,
			     uint64_t *zero)
{
	uint8_t want[MODEL_PAGE], page[MODEL_PAGE];
	uint64_t offset = seen_get(map, desc, 8);
	uint32_t size = seen_get(map, desc + 8, 4);
	uint32_t flags = seen_get(map, desc + 12, 4);
	const uint8_t *raw = mapped_at(map, offset, size);

	*there = offset != 0;
	if (!offset)
		return size == 0 && flags == 0;
	if (seen_get(map, desc + 16, 8) || size > MODEL_PAGE || !size || !raw)
		return false;
	if (model_kind(model, pfn) == MODEL_ZERO &&
	    *zero == (offset ^ (uint64_t)size << 48 ^ flags))
		return true;		/* looked at before */
	if (!flags && size == MODEL_PAGE)
		memcpy(page, raw, MODEL_PAGE);
	else if (!model->codec || flags != model->codec->flag ||
		 !codec->ops->unpack(codec, raw, size, page, MODEL_PAGE))
		return false;
	model_page(model, pfn, want);
	if (memcmp(want, page, MODEL_PAGE))
		return false;
	if (model_kind(model, pfn) == MODEL_ZERO)
		*zero = offset ^ (uint64_t)size << 48 ^ flags;
	return true;
}

/* Reads the dump at PATH; checks all that is there against MODEL. FLAT: it
 * was a cut-off stream, bits may be missing. */
static inline bool model_check(const struct model *model, const char *path,
			       bool flat, struct seen *seen)
{
	uint64_t bitmap1, bitmap2, table, desc, bytes, zero = 0;
	struct codec *codec = NULL;
	struct mapped map;
	bool ok = true;

	*seen = (struct seen){ 0 };
	if (!CHECK(mapped_open(&map, path)))
		return false;
	seen->size = map.size;
	ok &= map.size > 8 && !memcmp(map.bytes, "KDUMP   ", 8);
	ok &= seen_get(&map, 8, 4) == 6 && seen_get(&map, 428, 4) == 4096;
	seen->status = seen_get(&map, 424, 4);
	ok &= seen_get(&map, 440, 4) == model->nr_frames &&
	      seen_get(&map, 4096 + 96, 8) == model->nr_frames;
	seen->vmcoreinfo_offset = seen_get(&map, 4096 + 32, 8);
	seen->vmcoreinfo_len = seen_get(&map, 4096 + 40, 8);
	seen->note_offset = seen_get(&map, 4096 + 48, 8);
	seen->note_len = seen_get(&map, 4096 + 56, 8);
	bitmap1 = (1 + seen_get(&map, 432, 4)) * 4096;
	bytes = seen_get(&map, 436, 4) * 4096;
	table = bitmap1 + bytes;
	bitmap2 = bitmap1 + bytes / 2;
	ok &= bytes / 2 * 8 >= model->nr_frames && table % 4096 == 0;
	if (!CHECK(ok)) {
		mapped_close(&map);
		return false;
	}
	if (model->codec)
		CHECK_OK(codec_create(model->codec, CODEC_LEVEL_DEFAULT, &codec));
	desc = table;
	for (uint64_t pfn = 0; ok && pfn < bytes / 2 * 8; pfn++) {
		unsigned bit1 = seen_get(&map, bitmap1 + pfn / 8, 1) >> pfn % 8;
		unsigned bit2 = seen_get(&map, bitmap2 + pfn / 8, 1) >> pfn % 8;
		bool in = pfn < model->nr_frames, there;

		ok = (bit1 & 1) == (in && model_present(pfn));
		if (!(bit2 & 1)) {
			ok &= flat || !in || !model_kept(pfn);
			seen->nr_lost += in && model_kept(pfn);
			continue;
		}
		ok &= in && model_kept(pfn);
		if (!seen_page(&map, model, codec, pfn, desc, &there,
			       &zero)) {
			ok &= model->torn && desc % 4096 > 4096 - 24;
			there = false;
			seen->nr_torn++;
		}
		seen->nr_there += there;
		seen->nr_lost += !there;
		desc += 24;
		if (!ok)
			fprintf(stderr, "%s: page %llu is wrong\n", path,
				(unsigned long long)pfn);
	}
	codec_destroy(codec);
	mapped_close(&map);
	return CHECK(ok);
}

/* Whether two files have the same bytes. */
static inline bool same_files(const char *a, const char *b)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command), "cmp %s %s", a, b);
	return system(command) == 0;
}

#endif
