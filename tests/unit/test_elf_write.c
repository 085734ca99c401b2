/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF writer over a sink of memory that looks at every step: no header ever
 * claims data that is not durable, whenever it ends. And more segments than
 * e_phnum can count.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/base/bytes.h"
#include "../../src/formats/writer.h"
#include "unit.h"

#define PAGE 4096u

struct memory_sink {
	struct sink sink;
	uint8_t *bytes;		/* of the file; owned */
	uint64_t held, start;	/* bytes allocated; of the data's begin */
	uint64_t data_end, durable;	/* data below was given; made durable */
	uint64_t fail_at;	/* the data that ends beyond is refused */
	bool failed;
	uint64_t nr_barriers, nr_looks;
	uint64_t size;		/* of commit() */
};

/* What the headers claim lies below END. Counts PT_LOADs. */
static uint64_t look(struct memory_sink *m, uint64_t end)
{
	uint64_t nr = 0;

	for (uint64_t at = 64; at + 56 <= m->start; at += 56) {
		const uint8_t *p = m->bytes + at;
		uint64_t offset = get_u64(p + 8, false);

		if (get_u32(p, false) == PT_LOAD) {
			CHECK(offset + get_u64(p + 32, false) <= end);
			nr++;
		} else if (get_u32(p, false) != PT_NOTE) {
			break;
		}
	}
	m->nr_looks++;
	return nr;
}

static struct error *memory_begin(struct sink *sink,
				  const struct dump_layout *layout)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->start = m->data_end = m->durable = layout->data;
	m->bytes = calloc(1, m->held);
	CHECK(m->bytes && m->start <= m->held);
	return NULL;
}

static struct error *memory_data(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	CHECK(offset == m->data_end && offset + len <= m->held && !m->failed);
	if (offset + len > m->fail_at) {
		m->failed = true;
		return error_create(ERROR_IO, "no more");
	}
	memcpy(m->bytes + offset, buf, len);
	m->data_end += len;
	return NULL;
}

static struct error *memory_meta(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	CHECK(offset + len <= m->start);
	memcpy(m->bytes + offset, buf, len);
	look(m, m->durable);
	return NULL;
}

static struct error *memory_barrier(struct sink *sink)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->durable = m->data_end;
	m->nr_barriers++;
	return NULL;
}

static uint64_t memory_reached(struct sink *sink)
{
	return ((struct memory_sink *)sink)->nr_barriers;
}

static struct error *memory_drain(struct sink *sink, uint64_t *ret)
{
	*ret = ((struct memory_sink *)sink)->data_end;
	return NULL;
}

static struct error *memory_commit(struct sink *sink, uint64_t offset,
				   const void *buf, size_t len, uint64_t size)
{
	struct memory_sink *m = (struct memory_sink *)sink;

	m->size = size;
	look(m, size);
	return len ? memory_meta(sink, offset, buf, len) : NULL;
}

static uint64_t memory_room(struct sink *sink)
{
	return ((struct memory_sink *)sink)->held;
}

static const struct sink_ops memory_ops = {
	.name = "memory",
	.rewrites = true,
	.begin = memory_begin,
	.data = memory_data,
	.meta = memory_meta,
	.barrier = memory_barrier,
	.reached = memory_reached,
	.drain = memory_drain,
	.commit = memory_commit,
	.room = memory_room,
};

/* Machines whose every STEPth frame is free, up to END; LEVEL 1: all pages are
 * zeroes. */
struct made {
	uint64_t end, step;
	unsigned level;
};

static bool kept(const struct made *made, uint64_t pfn)
{
	return !made->step || pfn % made->step;
}

static struct error *feed(const struct made *made, struct writer *writer,
			  bool survey)
{
	static uint8_t data[BATCH_PAGES * PAGE];
	struct batch batch = { .data = data };
	struct error *err = NULL;

	for (uint64_t pfn = 0; !err && pfn < made->end; pfn++) {
		unsigned i = batch.nr;

		if (kept(made, pfn)) {
			batch.pfn[i] = pfn;
			batch.kind[i] = made->level ? BATCH_FILL : BATCH_RAW;
			batch.size[i] = made->level ? 0 : PAGE;
			memset(data + i * PAGE, (int)(pfn * 7 + 1), PAGE);
			batch.nr++;
		}
		if (batch.nr < BATCH_PAGES && pfn + 1 < made->end)
			continue;
		err = survey ? writer->ops->survey(writer, &batch) :
		      writer->ops->pages(writer, &batch);
		batch.nr = 0;
	}
	return err || !survey ? err : writer->ops->survey(writer, NULL);
}

/* A whole capture; the error of the pages, if there was one, is no failure. */
static void capture(const struct made *made, struct memory_sink *m)
{
	struct segment segment = { 0, made->end * PAGE, made->end * PAGE, 0 };
	struct image_map map = { 0, made->end * PAGE, 1ull << 63 };
	struct image image = { .file.fd = -1, .segments = &segment,
			       .nr_segments = 1, .maps = &map, .nr_maps = 1,
			       .target = { EM_X86_64, 8, false, 12 } };
	struct dump_facts facts = { .image = &image, .page_shift = 12,
				    .end_pfn = made->end,
				    .level = made->level,
				    .max_size = UINT64_MAX };
	struct writer *writer = NULL;
	struct error *err;

	m->sink.ops = &memory_ops;
	for (uint64_t pfn = 0; pfn < made->end; pfn++)
		facts.nr_kept += kept(made, pfn);
	CHECK_OK(elf_writer_ops.create(&m->sink, &facts, &writer));
	CHECK_OK(feed(made, writer, true));
	CHECK_OK(writer->ops->begin(writer));
	CHECK_OK(writer->ops->metadata(writer));
	err = feed(made, writer, false);
	CHECK(!err == !m->failed);
	CHECK_OK(writer->ops->finish(writer, !err));
	CHECK(writer->ops->totals(writer)->size == m->size);
	error_destroy(err);
	writer->ops->destroy(writer);
}

/* Each page of a PT_LOAD is the one that was given. */
static uint64_t check_pages(const struct made *made, struct memory_sink *m)
{
	uint64_t nr = look(m, m->size), pages = 0;

	for (uint64_t i = 0; i < nr; i++) {
		const uint8_t *p = m->bytes + 64 + 56 * (i + 1);
		uint64_t paddr = get_u64(p + 24, false);
		uint64_t len = get_u64(p + 32, false);
		const uint8_t *at = m->bytes + get_u64(p + 8, false);

		CHECK(get_u64(p + 16, false) == paddr + (1ull << 63));
		CHECK(get_u64(p + 40, false) == len);
		for (; len; len -= PAGE, at += PAGE, paddr += PAGE, pages++) {
			CHECK(kept(made, paddr / PAGE));
			CHECK(*at == (uint8_t)(paddr / PAGE * 7 + 1) &&
			      !memcmp(at, at + 1, PAGE - 1));
		}
	}
	CHECK(m->size == m->start + pages * PAGE);
	return pages;
}

/* Data that the sink refuses at any place: what it took is there. */
static void test_refused(void)
{
	const struct made made = { 20000, 2, 0 };

	for (uint64_t at = 0; at < 40 << 20; at += 7 << 20) {
		struct memory_sink m = { .held = 64 << 20,
					 .fail_at = at ? at : UINT64_MAX };
		uint64_t pages;

		capture(&made, &m);
		pages = check_pages(&made, &m);
		CHECK(m.failed ? pages < 10000 && m.size + PAGE > at :
		      pages == 10000);
		CHECK(get_u32(m.bytes + 48, false) == m.failed);
		CHECK(m.failed == !!at);
		CHECK(at || m.nr_looks > 30);
		free(m.bytes);
	}
}

/* PN_XNUM; and from 65,534 PT_LOADs on, not before. */
static void test_many(void)
{
	for (uint64_t nr = 65533; nr <= 65535; nr++) {
		const struct made made = { nr * 2, 2, 1 };
		struct memory_sink m = { .held = 8 << 20,
					 .fail_at = UINT64_MAX };
		bool many = nr > 65533;
		const uint8_t *shdr;

		capture(&made, &m);
		CHECK(m.size == m.start && !get_u32(m.bytes + 48, false));
		CHECK(get_u16(m.bytes + 56, false) ==
		      (many ? PN_XNUM : nr + 1));
		for (uint64_t i = 0; i < nr; i++) {
			const uint8_t *p = m.bytes + 64 + 56 * (i + 1);

			CHECK(get_u32(p, false) == PT_LOAD);
			CHECK(get_u64(p + 24, false) == (2 * i + 1) * PAGE);
			CHECK(get_u64(p + 32, false) == 0);
			CHECK(get_u64(p + 40, false) == PAGE);
		}
		CHECK(get_u64(m.bytes + 40, false) ==
		      (many ? 64 + 56 * (nr + 1) : 0));
		shdr = m.bytes + 64 + 56 * (nr + 1);
		CHECK(!many || get_u32(shdr + 44, false) == nr + 1);
		CHECK(get_u16(m.bytes + 60, false) == many);
		free(m.bytes);
	}
}

int main(void)
{
	test_refused();
	test_many();
	return unit_end();
}
