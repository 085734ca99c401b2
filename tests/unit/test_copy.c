/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker takes what the same codec has packed already as it is, and nothing
 * else: a made-up image tells how its pages are packed.
 */
#include "../../src/capture/worker.h"
#include "dump_file.h"
#include "unit.h"

#define PAGE 4096u

enum kind {
	PACKED,		/* by the worker's codec, but not as it would */
	OTHER_CODEC,
	WRONG,		/* another page */
	RAW,		/* did not get smaller */
	RAW_NOT_TRIED,	/* by this codec */
	ZERO,		/* packed */
	UNREADABLE,
	UNKNOWN,	/* how it is packed */
	NR_KINDS,
};

/* An image's file: each frame is of the kind of that number. */
struct made {
	struct codec *codec;
	const uint8_t *packed[NR_KINDS];
	size_t size[NR_KINDS];
};

static void page_make(unsigned kind, uint8_t *page)
{
	for (unsigned i = 0; i < PAGE; i++)
		page[i] = kind == ZERO ? 0 : (uint8_t)(i / 64 + kind);
}

static enum page_state made_read_block(const struct image *image, void *scratch,
				       uint64_t paddr, void *buf, size_t len,
				       struct image_block *block)
{
	const struct made *made = image->impl;
	unsigned kind = (unsigned)(paddr / PAGE);

	(void)scratch;
	CHECK(paddr % PAGE == 0 && len == PAGE);
	page_make(kind, buf);
	block->bytes = made->packed[kind];
	block->size = made->size[kind];
	block->codec = kind == OTHER_CODEC || kind == RAW_NOT_TRIED ? 0x40 :
		       made->codec->ops->flag;
	return kind == UNREADABLE ? PAGE_UNREADABLE : PAGE_OK;
}

static const struct image_ops made_ops = { .name = "made",
					   .read_block = made_read_block };
static struct segment made_segment = { 0, NR_KINDS * PAGE, NR_KINDS * PAGE, 0 };

static void made_init(struct made *made, uint8_t (*bytes)[PAGE])
{
	for (unsigned kind = 0; kind < NR_KINDS; kind++) {
		uint8_t page[PAGE];

		page_make(kind == WRONG ? 77 : kind, page);
		made->packed[kind] = bytes[kind];
		if (kind == RAW || kind == RAW_NOT_TRIED) {
			memcpy(bytes[kind], page, PAGE);
			made->size[kind] = PAGE;
		} else if (kind != UNKNOWN) {
			made->size[kind] = made->codec->ops->pack(
				made->codec, page, PAGE, bytes[kind], PAGE - 1);
			CHECK(made->size[kind]);
		}
	}
}

static void check_batch(const struct batch *batch, const struct made *made,
			struct codec *codec, unsigned flags)
{
	bool copies = flags & WORKER_COPY;
	uint8_t page[PAGE], anew[PAGE];
	size_t at = 0;

	for (unsigned kind = 0; kind < NR_KINDS; at += batch->size[kind++]) {
		const uint8_t *p = batch->data + at;
		size_t size;

		if (kind == ZERO || kind == UNREADABLE) {
			CHECK(batch->kind[kind] == (kind == ZERO ? BATCH_FILL :
						    BATCH_UNREADABLE));
			CHECK(!batch->size[kind]);
			continue;
		}
		page_make(kind, page);
		if (kind == RAW && copies) {
			CHECK(batch->kind[kind] == BATCH_RAW);
			CHECK(batch->size[kind] == PAGE);
			CHECK(!memcmp(p, page, PAGE));
			continue;
		}
		CHECK(batch->kind[kind] == BATCH_PACKED);
		size = codec->ops->pack(codec, page, PAGE, anew, PAGE - 1);
		/* WRONG is believed, but with --paranoid: who says so has
		 * unpacked it */
		if (copies && (kind == PACKED ||
			       (kind == WRONG && !(flags & WORKER_PARANOID)))) {
			CHECK(batch->size[kind] == made->size[kind]);
			CHECK(!memcmp(p, made->packed[kind], made->size[kind]));
			continue;
		}
		CHECK(batch->size[kind] == size && !memcmp(p, anew, size));
	}
	CHECK(batch->len == at && !batch->nr_mispacked);
}

/* LEVEL: of the worker's codec, other than that of what is there. */
static void test_codec(const struct codec_ops *ops, int level, unsigned flags)
{
	static uint8_t bytes[NR_KINDS][PAGE];
	struct worker worker = { .page_size = 0 };
	struct worker_job job = { .window = NULL };
	struct made made = { .codec = NULL };
	struct image image = {
		.ops = &made_ops, .segments = &made_segment, .nr_segments = 1,
		.target = { .page_shift = 12 }, .impl = &made,
	};
	struct codec *codec;

	CHECK_OK(codec_create(ops, CODEC_LEVEL_DEFAULT, &made.codec));
	CHECK_OK(codec_create(ops, level, &codec));
	made_init(&made, bytes);
	CHECK_OK(worker_job_init(&job, PAGE));
	CHECK_OK(worker_init(&worker, &image, PAGE, ops, level, flags));
	for (unsigned kind = 0; kind < NR_KINDS; kind++)
		job.batch.pfn[job.batch.nr++] = kind;
	worker_run(&worker, &job);
	check_batch(&job.batch, &made, codec, flags);
	worker_deinit(&worker);
	worker_job_deinit(&job);
	codec_destroy(codec);
	codec_destroy(made.codec);
}

int main(void)
{
	static const unsigned flags[] = { 0, WORKER_COPY, WORKER_PARANOID,
					  WORKER_COPY | WORKER_PARANOID,
					  WORKER_COPY | WORKER_DEDUP };

	for (size_t i = 0; codecs[i]; i++)
		for (size_t k = 0; codecs[i]->create &&
		     k < sizeof(flags) / sizeof(*flags); k++)
			test_codec(codecs[i], codecs[i]->level_max, flags[k]);
	return unit_end();
}
