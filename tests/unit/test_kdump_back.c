/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that asks for data again, at any byte and again while it comes again:
 * what it has at the end is the file's dump, byte for byte, and what came again
 * was the same. Pages that are not the same when read again are found out.
 */
#include "dump_model.h"

#include <stdlib.h>

#define PART (1u << 20)
#define MAX (256u << 20)
#define NR_FRAMES 44000u

static char dir[] = "/var/tmp/unit-back-XXXXXX";
static char path[64];

struct parts_sink {
	struct sink sink;
	uint64_t start, next;	/* of the data; that must come next */
	uint64_t needed, end;	/* of all data that ever came */
	uint64_t size;		/* commit()'s */
	uint64_t rate;		/* one call in so many fails; 0: none */
	uint64_t seed, nr_again, back, nr_commits;
	bool went_back;		/* data() may begin lower, once */
	bool want_last;		/* commit() asks for the last part again */
	bool differs;		/* what comes again is not what came */
	uint8_t *bytes;
};

static uint64_t next_random(struct parts_sink *p)
{
	return p->seed = model_hash(p->seed + 1);
}

static struct error *again(struct parts_sink *p, uint64_t needed)
{
	p->needed = max_u64(p->needed, needed);
	p->went_back = true;
	p->nr_again++;
	return error_create(ERROR_AGAIN, "%s", "");
}

/* Now and then some of the last three parts are wanted again. */
static struct error *maybe(struct parts_sink *p)
{
	uint64_t part = (p->next - p->start) / PART;

	if (!p->rate || next_random(p) % p->rate)
		return NULL;
	return again(p, p->start + (part - min_u64(part,
						   next_random(p) % 3)) * PART);
}

static struct error *parts_begin(struct sink *sink,
				 const struct dump_layout *layout)
{
	struct parts_sink *p = (struct parts_sink *)sink;

	p->start = p->next = p->needed = p->end = layout->data;
	return NULL;
}

static struct error *parts_data(struct sink *sink, uint64_t offset,
				const void *buf, size_t len)
{
	struct parts_sink *p = (struct parts_sink *)sink;
	size_t old = min_u64(len, p->end > offset ? p->end - offset : 0);

	if (p->went_back) {
		CHECK(offset <= p->needed);
		p->back += p->next - offset;
	} else {
		CHECK(offset == p->next);
	}
	p->went_back = false;
	CHECK(offset >= p->start && offset + len < MAX);
	CHECK(p->differs || !memcmp(p->bytes + offset, buf, old));
	TRY(maybe(p));
	memcpy(p->bytes + offset, buf, len);
	p->next = offset + len;
	p->end = max_u64(p->end, p->next);
	/* two parts may be on their way */
	if (p->next - p->start > 3 * PART)
		p->needed = max_u64(p->needed, p->start +
				    ((p->next - p->start) / PART - 2) * PART);
	return NULL;
}

static struct error *parts_meta(struct sink *sink, uint64_t offset,
				const void *buf, size_t len)
{
	struct parts_sink *p = (struct parts_sink *)sink;

	CHECK(offset + len <= p->start);
	if (p->end > p->start)
		TRY(maybe(p));
	memcpy(p->bytes + offset, buf, len);
	return NULL;
}

static struct error *parts_barrier(struct sink *sink)
{
	(void)sink;
	return NULL;
}

static struct error *parts_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct parts_sink *)sink)->next;
	return NULL;
}

static uint64_t parts_needed(const struct sink *sink)
{
	return ((const struct parts_sink *)sink)->needed;
}

static struct error *parts_commit(struct sink *sink, uint64_t offset,
				  const void *buf, size_t len, uint64_t size)
{
	struct parts_sink *p = (struct parts_sink *)sink;

	CHECK(size == p->next);
	p->nr_commits++;
	if (p->want_last) {
		p->want_last = false;
		return again(p, p->start + (size - p->start) / PART * PART);
	}
	TRY(maybe(p));
	memcpy(p->bytes + offset, buf, len);
	p->size = size;
	return NULL;
}

static uint64_t parts_room(struct sink *sink)
{
	(void)sink;
	return UINT64_MAX;
}

static void parts_destroy(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops parts_ops = {
	.name = "parts",
	.order = SINK_PARTS,
	.begin = parts_begin,
	.data = parts_data,
	.meta = parts_meta,
	.barrier = parts_barrier,
	.needed = parts_needed,
	.drain = parts_drain,
	.commit = parts_commit,
	.room = parts_room,
	.destroy = parts_destroy,
};

/* A driver as capture/level.c is one. CHANGED: this frame reads as another page
 * the second time; UINT64_MAX: none does. */
struct driver {
	struct model model;
	struct writer *writer;
	struct codec *codec;
	uint64_t changed;
	bool second, nothing_left;
};

static void pack(struct driver *d, struct batch *batch, uint64_t pfn,
		 uint64_t index)
{
	unsigned i = batch->nr;

	if (pfn != d->changed || !d->second) {
		model_pack(&d->model, d->codec, batch, pfn, index);
		return;
	}
	batch->pfn[i] = pfn;
	batch->index[i] = index;
	batch->kind[i] = BATCH_RAW;
	batch->size[i] = MODEL_PAGE;
	memset(batch->data + batch->len, 0x5a, MODEL_PAGE);
	batch->len += MODEL_PAGE;
	batch->nr++;
}

static struct error *pages(struct driver *d, struct writer_place from)
{
	static uint8_t bytes[BATCH_BYTES];
	struct batch batch = { .data = bytes };
	uint64_t index = from.index, nr = from.index;

	for (uint64_t pfn = from.pfn; pfn < d->model.nr_frames; pfn++) {
		if (!model_kept(pfn))
			continue;
		pack(d, &batch, pfn, index++);
		if (batch.nr == BATCH_PAGES)
			TRY(model_flush(&d->model, d->writer, &batch, &nr));
	}
	return batch.nr ? model_flush(&d->model, d->writer, &batch, &nr) :
	       NULL;
}

static struct error *drive(struct driver *d)
{
	struct writer_place from = { 0 };
	struct error *err;
	bool back;

	TRY(d->writer->ops->begin(d->writer));
	TRY(model_bitmaps(&d->model, d->writer));
	do {
		err = pages(d, from);
		if (!err)
			err = d->writer->ops->finish(d->writer, true);
		back = err && error_kind(err) == ERROR_AGAIN;
		if (!back)
			break;
		error_destroy(err);
		from = d->writer->ops->back(d->writer);
		d->second = true;
	} while (back);
	if (err) {		/* it must not stand */
		struct error *late = d->writer->ops->finish(d->writer, false);

		d->nothing_left = late;
		error_destroy(late);
	}
	return err;
}

static struct error *run(struct driver *d, struct parts_sink *sink)
{
	struct image image = { .target = { 62, 8, false, 12 }, .path = path };
	struct dump_facts facts = {
		.image = &image, .page_shift = 12,
		.end_pfn = d->model.nr_frames, .level = 31,
		.codec = d->model.codec, .crash_time = 1700000000,
		.phys_base = 0x123400000, .nr_cpus = 3,
		.utsname = { "Linux", "node", "6.1.0", "#1", "x86_64", "" },
		.max_size = UINT64_MAX,
	};
	struct error *err;

	sink->sink.ops = &parts_ops;
	sink->bytes = calloc(1, MAX);
	for (uint64_t pfn = 0; pfn < d->model.nr_frames; pfn++)
		facts.nr_kept += model_kept(pfn);
	d->codec = NULL;
	if (d->model.codec)
		CHECK_OK(codec_create(d->model.codec, CODEC_LEVEL_DEFAULT,
				      &d->codec));
	CHECK_OK(kdump_writer_ops.create(&sink->sink, &facts, &d->writer));
	err = drive(d);
	d->model.totals = *d->writer->ops->totals(d->writer);
	d->writer->ops->destroy(d->writer);
	codec_destroy(d->codec);
	return err;
}

static void compare(const struct parts_sink *sink)
{
	struct mapped map;

	if (!CHECK(mapped_open(&map, path)))
		return;
	CHECK(sink->size == map.size &&
	      !memcmp(sink->bytes, map.bytes, map.size));
	mapped_close(&map);
}

static void test_back(bool light, const struct codec_ops *codec)
{
	struct model model = { .nr_frames = NR_FRAMES, .light = light,
			       .address_order = true, .codec = codec };
	uint64_t nr_again = 0, back = 0;
	struct sink *file = NULL;
	struct error *late;

	CHECK_OK(sink_file_create(path, SINK_FORCE, &file));
	CHECK_OK(model_write(&model, file, &late));
	CHECK_OK(late);
	for (unsigned i = 0; i < 4; i++) {
		struct parts_sink sink = { .seed = i,
					   .rate = i ? 1500 / (i * i) : 0,
					   .want_last = i % 2 };
		struct driver d = { .model = model, .changed = UINT64_MAX };

		CHECK_OK(run(&d, &sink));
		compare(&sink);
		CHECK(!memcmp(&d.model.totals, &model.totals,
			      offsetof(struct writer_totals, nr_checkpoints)));
		CHECK(sink.nr_commits >= 1 + (i % 2));
		nr_again += sink.nr_again;
		back += sink.back;
		free(sink.bytes);
	}
	CHECK(nr_again > 10);
	printf("%llu times back, %llu KiB\n", (unsigned long long)nr_again,
	       (unsigned long long)back >> 10);
}

/* A page that is larger when it is read again. */
static void test_changed(void)
{
	struct driver d = { .model = { .nr_frames = NR_FRAMES },
			    .changed = 0 };
	struct parts_sink sink = { .want_last = true, .differs = true };
	struct error *err;

	/* the last that has no data of its own, in what comes again */
	d.changed = NR_FRAMES - 1;
	while (!model_kept(d.changed) ||
	       model_kind(&d.model, d.changed) != MODEL_ZERO)
		d.changed--;
	err = run(&d, &sink);
	CHECK(d.nothing_left);
	CHECK(err && error_kind(err) == ERROR_INVALID);
	CHECK(err && strstr(error_message(err), "not the same"));
	CHECK(sink.nr_commits == 1 && !sink.size);
	error_destroy(err);
	free(sink.bytes);
}

int main(void)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	test_back(false, NULL);
	test_back(true, codec_by_letter('l'));
	test_changed();
	unlink(path);
	rmdir(dir);
	return unit_end();
}
