/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify on good dumps, and on dumps with one bit flipped: every bit of header,
 * sub-header, notes' headers, bitmaps and descriptors. It must object wherever
 * a reader would notice; what it may let pass is listed here, with the reason.
 */
#include "../../src/formats/kdump_read.h"
#include "../../src/formats/verify.h"
#include "../../src/formats/verify_impl.h"
#include "dump_file.h"
#include "unit.h"

static const struct image_ops *const ops[] = { &kdump_image_ops, NULL };

static FILE *devnull;

/* True if the dump opens and verify finds nothing. */
static bool passes(const struct dump_file *f, struct verify_report *report)
{
	struct verify_report own;
	struct error *err;
	struct image *image;
	struct log log;
	bool ok;

	report = report ? report : &own;
	memset(report, 0, sizeof(*report));
	log_init(&log, devnull, 0);
	err = image_open(f->path, ops, 0, &log, &image);
	if (!err) {
		err = verify_dump(image, &log, report);
		image_close(image);
	}
	ok = !err && !report->nr_problems;
	error_destroy(err);
	log_deinit(&log);
	return ok;
}

static void flip(struct dump_file *f, uint64_t offset, unsigned bit)
{
	uint8_t byte = 0;

	if (pread(f->fd, &byte, 1, (off_t)offset) != 1)
		abort();
	byte ^= (uint8_t)(1u << bit);
	dump_put(f, offset, &byte, 1);
}

struct pass {
	uint64_t offset, big, len;	/* bytes of the file; big: the offset
					 * in a big-endian dump */
	uint8_t bits;		/* of each byte; 0: all */
	const char *why;
};

#define UTS(i) (12 + 65 * (i))
/* The I-th lowest byte of the number of SIZE bytes at OFFSET: in a dump of one
 * order, and of the other. */
#define LOW(offset, size, i) (offset) + (i), (offset) + (size) - 1 - (i), 1

static const struct pass passes_head[] = {
	{ UTS(1), UTS(1), 5, 0, "the node's name" },
	{ UTS(3), UTS(3), 7, 0, "the build's name" },
	{ UTS(5), UTS(5), 1, 0, "the domain's name" },
	{ LOW(424, 4, 0), 0x18, "INCOMPLETE and EXCLUDED_VMEMMAP are valid" },
	{ 444, 444, 12, 0, "numbers of blocks: nobody reads them" },
	{ LOW(456, 4, 0), 0x01, "current_cpu 1 of 2" },
	{ LOW(DUMP_BLOCK + 8, 4, 0), 0x1f, "another dump level" },
	{ LOW(416, 8, 0), 0, "tv_usec: then the time is makedumpfile's" },
	{ LOW(416, 8, 1), 0, "the same" },
	{ LOW(416, 8, 2), 0x0f, "the same, below a million" },
};

static bool may_pass(uint64_t offset, unsigned bit)
{
	for (size_t i = 0; i < sizeof(passes_head) / sizeof(passes_head[0]);
	     i++) {
		const struct pass *p = &passes_head[i];
		uint64_t at = dump_big ? p->big : p->offset;

		if (offset >= at && offset < at + p->len &&
		    (!p->bits || p->bits >> bit & 1))
			return true;
	}
	return false;
}

/* Flips each bit of [offset, offset + len), one at a time. */
static void flip_each(struct dump_file *f, uint64_t offset, size_t len,
		      const char *what)
{
	for (size_t i = 0; i < 8 * len; i++) {
		uint64_t at = offset + i / 8;
		bool ok;

		flip(f, at, i % 8);
		ok = passes(f, NULL);
		if (ok && !may_pass(at, i % 8))
			fprintf(stderr, "  %s: byte %llu bit %zu\n", what,
				(unsigned long long)(at - offset), i % 8);
		CHECK(!ok || may_pass(at, i % 8));
		flip(f, at, i % 8);
	}
}

static void test_heads(struct dump_file *f)
{
	uint64_t notes = f->sub.offset_note;

	flip_each(f, 0, sizeof(f->header), "header");
	flip_each(f, DUMP_BLOCK, sizeof(f->sub), "sub-header");
	flip_each(f, sizeof(f->header), 64, "after the header");
	flip_each(f, notes, 17, "first note");
	flip_each(f, notes + 20 + 336, 17, "second note");
	/* lengths and name; its type and padding are nobody's */
	flip_each(f, f->sub.offset_vmcoreinfo - 24, 8, "VMCOREINFO's lengths");
	flip_each(f, f->sub.offset_vmcoreinfo - 12, 11, "VMCOREINFO's name");
	flip_each(f, notes + f->notes_len, 64, "after the notes");
	flip_each(f, 2 * DUMP_BLOCK - 8, 8, "before the bitmaps");
}

/* Bits that say of a page not kept whether it is memory are not told twice. */
static void test_bitmaps(struct dump_file *f)
{
	for (unsigned pfn = 0; pfn < 8 * DUMP_BLOCK; pfn++) {
		bool within = pfn < strlen(f->kinds);
		char kind = within ? f->kinds[pfn] : 0;
		uint64_t offset = 2 * DUMP_BLOCK + pfn / 8;

		if (pfn >= 64 && pfn % 101 && pfn < 8 * DUMP_BLOCK - 8)
			continue;
		flip(f, offset, pfn % 8);
		CHECK(passes(f, NULL) == (kind == '.' || kind == '-'));
		flip(f, offset, pfn % 8);
		flip(f, offset + DUMP_BLOCK, pfn % 8);
		CHECK(!passes(f, NULL));
		flip(f, offset + DUMP_BLOCK, pfn % 8);
	}
}

/* Whether descriptor I, changed, is what another one is: that is sharing. */
static bool is_another(const struct dump_file *f, unsigned i)
{
	struct dump_desc d;

	if (pread(f->fd, &d, sizeof(d), (off_t)(f->table + i * sizeof(d))) !=
	    sizeof(d))
		abort();
	dump_order_desc(&d);
	for (unsigned j = 0; j < f->nr_descs; j++)
		if (j != i && !memcmp(&d, &f->descs[j], sizeof(d)))
			return true;
	return false;
}

static void test_descs(struct dump_file *f)
{
	for (unsigned i = 0; i < f->nr_descs; i++) {
		for (unsigned bit = 0; bit < 8 * sizeof(f->descs[0]); bit++) {
			uint64_t at = f->table + i * sizeof(f->descs[0]) +
				      bit / 8;

			flip(f, at, bit % 8);
			if (!is_another(f, i) && !CHECK(!passes(f, NULL)))
				fprintf(stderr, "  descriptor %u bit %u\n", i,
					bit);
			flip(f, at, bit % 8);
		}
	}
	flip_each(f, f->table + f->nr_descs * sizeof(f->descs[0]), 64,
		  "after the table");
	flip_each(f, f->data - 64, 64, "before the contents");
}

/* Packed contents: a flip is seen, or gives a page all the same; raw ones have
 * nothing to tell. A shared block that is changed is no zero page any more. */
static void test_contents(struct dump_file *f)
{
	struct verify_report report;

	flip(f, f->zero + 17, 3);
	CHECK(passes(f, &report) && !report.nr_zero);
	flip(f, f->zero + 17, 3);
	if (ftruncate(f->fd, (off_t)f->size - 1))
		abort();
	CHECK(!passes(f, NULL));
}

static void test_flips(const struct codec_ops *codec)
{
	struct verify_report r;
	struct dump_file f;

	dump_create(&f, NULL, codec, 6);
	if (CHECK(passes(&f, &r))) {
		CHECK(r.nr_raw == (codec ? 3 : 8) && r.nr_zero == 4);
		CHECK(r.nr_packed == (codec ? 5 : 0));
		CHECK(r.nr_unreadable == 2 && r.unreadable[0] == 9 &&
		      r.unreadable[1] == 10);
		CHECK(!r.nr_unreached && !r.nr_bad);
		test_heads(&f);
		test_bitmaps(&f);
		test_descs(&f);
		test_contents(&f);
	}
	dump_destroy(&f);
}

static void test_versions(void)
{
	struct dump_file f;

	for (int version = 1; version <= 6; version++) {
		dump_create(&f, NULL, dump_codec(), version);
		CHECK(passes(&f, NULL));
		dump_destroy(&f);
	}
}

static bool has_metadata(const struct dump_file *f, uint64_t size)
{
	struct image_file file = { .fd = f->fd, .size = size };
	bool ret = false;

	CHECK_OK(verify_has_metadata(&file, &ret));
	return ret;
}

static void test_incomplete(void)
{
	uint32_t status = dump_codec() ? dump_codec()->flag : 0;
	struct verify_report r;
	struct dump_file f;

	dump_create(&f, "rnnpzz-.rr..uunnzzrp-", dump_codec(), 6);
	CHECK(passes(&f, &r));
	CHECK(r.nr_unreached == 4 && r.nr_bad == 0);
	CHECK(has_metadata(&f, f.size));
	CHECK(!has_metadata(&f, 4 * DUMP_BLOCK - 1));
	/* complete, and yet not reached */
	dump_put_u32(&f, 424, status);
	CHECK(!passes(&f, &r) && r.nr_problems == 1);
	dump_destroy(&f);

	dump_create(&f, NULL, NULL, 6);
	CHECK(has_metadata(&f, f.size));
	for (unsigned i = 0; i < DUMP_BLOCK; i += 8)
		dump_put(&f, i, "\0\0\0\0\0\0\0\0", 8);
	CHECK(!has_metadata(&f, f.size));
	if (ftruncate(f.fd, 0))
		abort();
	CHECK(!has_metadata(&f, 0));
	dump_destroy(&f);
}

/* Contents within others, and one block with two sizes. */
static void test_overlaps(void)
{
	const struct codec_ops *codec = dump_codec();
	struct verify_report r;
	struct dump_file f;
	struct dump_desc d;

	dump_create(&f, "rrrrrrrr", codec, 6);
	d = f.descs[5];
	d.offset -= 100;
	dump_put_desc(&f, 5, &d);
	CHECK(!passes(&f, &r));
	CHECK(r.nr_problems == 1 && r.nr_bad == 0);
	d = f.descs[2];
	dump_put_desc(&f, 5, &d);
	CHECK(passes(&f, &r));	/* shared */
	dump_destroy(&f);
}

static uint64_t count_overlaps(const struct dump_file *f, size_t max_blocks)
{
	struct verify_report report = { 0 };
	struct verify verify = { .report = &report, .max_blocks = max_blocks };
	struct image *image;
	struct log log;

	log_init(&log, devnull, 0);
	if (!CHECK_OK(image_open(f->path, ops, 0, &log, &image)))
		return 0;
	verify.image = image;
	verify.header = kdump_image_header(image);
	verify.log = &log;
	CHECK_OK(verify_overlaps(&verify));
	image_close(image);
	log_deinit(&log);
	return report.nr_problems;
}

/* Few blocks at a time, and so many passes, find what one pass finds. */
static void test_windows(void)
{
	struct dump_file f;
	struct dump_desc d;
	uint64_t n;

	dump_create(&f, "rprzprprupprzrprupprr", dump_codec(), 6);
	CHECK(count_overlaps(&f, 4) == 0);
	for (unsigned i = 0; i < f.nr_descs; i++) {
		d = f.descs[i];
		d.size -= 1 + i % 3;	/* still within, or another length */
		d.offset += i % 2;
		dump_put_desc(&f, 20 - i, &d);
		n = count_overlaps(&f, VERIFY_MAX_BLOCKS);
		CHECK(n == count_overlaps(&f, 4));
		CHECK(n == count_overlaps(&f, 5));
		CHECK(n > 0 || f.descs[20 - i].offset == f.descs[i].offset);
		dump_put_desc(&f, 20 - i, &f.descs[20 - i]);
	}
	/* many lengths at one place are not held at once */
	for (unsigned i = 0; i < 8; i++) {
		d = f.descs[0];
		d.size -= i;
		dump_put_desc(&f, i, &d);
	}
	CHECK(count_overlaps(&f, VERIFY_MAX_BLOCKS) == 7);
	CHECK(count_overlaps(&f, 4) >= 1);
	dump_destroy(&f);
}

static void test_all(bool big_endian)
{
	dump_big = big_endian;
	test_versions();
	test_incomplete();
	test_overlaps();
	test_windows();
	if (dump_codec())	/* a codec without packed pages harms nobody */
		test_flips(dump_codec());
	if (codec_by_name("zstd")->create)
		test_flips(codec_by_name("zstd"));
}

int main(void)
{
	devnull = fopen("/dev/null", "w");
	if (!devnull)
		return 1;
	test_all(false);
	test_all(true);
	fclose(devnull);
	return unit_end();
}
