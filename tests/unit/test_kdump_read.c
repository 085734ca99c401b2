/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading dumps: every kind of page, broken heads, and the counts of info. */
#include "../../src/formats/kdump_read.h"
#include "../../src/image/view.h"
#include "../../src/image/vmcoreinfo.h"
#include "dump_file.h"
#include "unit.h"

static const struct image_ops *const ops[] = { &kdump_image_ops, NULL };

static enum page_state expected(char kind)
{
	return strchr(".-", kind) ? PAGE_ABSENT :
	       strchr("un", kind) ? PAGE_UNREADABLE : PAGE_OK;
}

static void check_pages(const struct dump_file *f, const struct image *image)
{
	uint8_t page[DUMP_BLOCK], buf[DUMP_BLOCK];
	struct view *view;

	if (!CHECK_OK(view_create(image, VIEW_RANDOM, &view)))
		return;
	/* twice, the second time backwards: any order works */
	for (int i = 0; i < 2 * (int)DUMP_FRAMES; i++) {
		unsigned pfn = i < (int)DUMP_FRAMES ? (unsigned)i :
			       2 * DUMP_FRAMES - 1 - (unsigned)i;
		enum page_state state = view_read(view, pfn * DUMP_BLOCK, buf,
						  DUMP_BLOCK);

		CHECK(state == expected(f->kinds[pfn]));
		dump_page(f, pfn, page);
		if (state == PAGE_OK)
			CHECK(!memcmp(page, buf, DUMP_BLOCK));
	}
	view_destroy(view);

	/* a stream's blocks hold absent pages among others */
	if (!CHECK_OK(view_create(image, VIEW_STREAM, &view)))
		return;
	dump_page(f, 0, page);
	CHECK(view_read(view, 0, buf, DUMP_BLOCK) == PAGE_OK);
	CHECK(!memcmp(page, buf, DUMP_BLOCK));
	CHECK(view_read(view, 2 * DUMP_BLOCK, buf, DUMP_BLOCK) ==
	      expected(f->kinds[2]));
	view_destroy(view);
}

/* Every range of whole pages: absent pages in it read as zeroes, and nobody who
 * needs all of it takes them for such. */
static void check_ranges(const struct dump_file *f, const struct image *image)
{
	static uint8_t buf[DUMP_FRAMES * DUMP_BLOCK];
	static const uint8_t zeroes[DUMP_BLOCK];
	struct view *view;

	if (!CHECK_OK(view_create(image, VIEW_STREAM, &view)))
		return;
	for (unsigned first = 0; first < DUMP_FRAMES; first++) {
		bool absent = false, present = false, bad = false;

		for (unsigned end = first + 1; end <= DUMP_FRAMES; end++) {
			enum page_state state = expected(f->kinds[end - 1]);
			size_t len = (end - first) * DUMP_BLOCK;
			uint64_t paddr = first * DUMP_BLOCK;

			absent |= state == PAGE_ABSENT;
			bad |= state == PAGE_UNREADABLE;
			present |= state == PAGE_OK;
			memset(buf, 7, len);
			CHECK(view_read_whole(view, paddr, buf, len) ==
			      (bad ? PAGE_UNREADABLE : absent ? PAGE_ABSENT :
			       PAGE_OK));
			if (state == PAGE_ABSENT)
				CHECK(!memcmp(buf + len - DUMP_BLOCK, zeroes,
					      DUMP_BLOCK));
			CHECK(view_read(view, paddr, buf, len) ==
			      (bad ? PAGE_UNREADABLE : present ? PAGE_OK :
			       PAGE_ABSENT));
			if (bad || absent)
				CHECK_ERROR(view_read_exact(view, paddr, buf,
							    len, "it"), "it: ");
			else
				CHECK_OK(view_read_exact(view, paddr, buf, len,
							 "it"));
		}
	}
	view_destroy(view);
}

/* Pages and what they were packed as, which is told of whole pages only. */
static void check_blocks(const struct dump_file *f, const struct image *image)
{
	uint8_t page[2 * DUMP_BLOCK], buf[2 * DUMP_BLOCK];
	struct codec *codec = NULL;
	struct image_block block;
	struct view *view;

	if (f->codec)
		CHECK_OK(codec_create(f->codec, CODEC_LEVEL_DEFAULT, &codec));
	CHECK_OK(view_create(image, VIEW_STREAM, &view));
	for (unsigned i = 0; i < 2 * DUMP_FRAMES; i++) {
		unsigned pfn = i % 2 ? DUMP_FRAMES - 1 - i / 2 : i / 2;
		char kind = f->kinds[pfn];
		enum page_state state = view_read_block(
			view, pfn * DUMP_BLOCK, buf, DUMP_BLOCK, &block);

		CHECK(state == expected(kind));
		CHECK((block.size > 0) == (state == PAGE_OK));
		if (state != PAGE_OK)
			continue;
		dump_page(f, pfn, page);
		CHECK(!memcmp(buf, page, DUMP_BLOCK));
		CHECK(block.codec == (f->codec ? f->codec->flag : 0));
		if (kind == 'p' && codec)
			CHECK(block.size < DUMP_BLOCK &&
			      codec->ops->unpack(codec, block.bytes, block.size,
						 buf, DUMP_BLOCK));
		else
			CHECK(block.size == DUMP_BLOCK);
		CHECK(!memcmp(kind == 'p' && codec ? buf : block.bytes, page,
			      DUMP_BLOCK));
	}
	for (unsigned k = 0; k < 3; k++) {
		static const struct { uint64_t paddr; size_t len; } no[] = {
			{ 0, DUMP_BLOCK / 2 }, { DUMP_BLOCK / 2, DUMP_BLOCK },
			{ 0, 2 * DUMP_BLOCK } };
		enum page_state state = view_read(view, no[k].paddr, page,
						  no[k].len);

		CHECK(view_read_block(view, no[k].paddr, buf, no[k].len,
				      &block) == state);
		CHECK(!block.size && !memcmp(buf, page, no[k].len));
	}
	CHECK(view_read_block(view, DUMP_FRAMES * DUMP_BLOCK, buf, DUMP_BLOCK,
			      &block) == PAGE_ABSENT && !block.size);
	view_destroy(view);
	codec_destroy(codec);
}

static unsigned count_kinds(const char *kinds, const char *which)
{
	unsigned n = 0;

	for (; *kinds; kinds++)
		n += strchr(which, *kinds) != NULL;
	return n;
}

static void check_counts(const struct dump_file *f, const struct image *image)
{
	const struct kdump_header *h = kdump_image_header(image);
	unsigned packed = f->codec ? count_kinds(f->kinds, "p") : 0;
	struct kdump_counts c;

	CHECK(h->nr_present == DUMP_FRAMES - count_kinds(f->kinds, "."));
	CHECK(h->nr_kept == f->nr_descs);
	if (!CHECK_OK(kdump_count(image, &c)))
		return;
	CHECK(c.nr_packed == packed);
	CHECK(c.nr_raw == count_kinds(f->kinds, "rp") - packed);
	CHECK(c.nr_zero == count_kinds(f->kinds, "z"));
	CHECK(c.nr_unreadable == count_kinds(f->kinds, "u"));
	CHECK(c.nr_unreached == count_kinds(f->kinds, "n"));
}

struct runs {
	const struct dump_file *f;
	const char *set;
	unsigned next;
};

static struct error *check_run(void *arg, uint64_t first, uint64_t end)
{
	struct runs *runs = arg;

	for (; runs->next < end; runs->next++)
		CHECK(!strchr(runs->set, runs->f->kinds[runs->next]) ==
		      (runs->next >= first));
	/* the run ends where it says */
	CHECK(!runs->f->kinds[end] || strchr(runs->set, runs->f->kinds[end]));
	return NULL;
}

static void check_runs(const struct dump_file *f, const struct image *image)
{
	struct runs present = { f, ".", 0 }, kept = { f, ".-", 0 };

	CHECK_OK(kdump_each_run(image, BITMAP_PRESENT, check_run, &present));
	CHECK_OK(kdump_each_run(image, BITMAP_KEPT, check_run, &kept));
	CHECK(present.next && kept.next);
}

static void test_dump(const char *kinds, const struct codec_ops *codec,
		      int version)
{
	struct vmcoreinfo *v = NULL;
	struct image *image;
	struct dump_file f;

	dump_create(&f, kinds, codec, version);
	if (CHECK_OK(image_open(f.path, ops, 0, NULL, &image))) {
		const struct kdump_header *h = kdump_image_header(image);

		CHECK(h->version == (unsigned)version);
		CHECK(h->nr_frames == DUMP_FRAMES && h->level == 31);
		CHECK(h->complete == !strchr(f.kinds, 'n'));
		CHECK(!strcmp(h->utsname[UTS_RELEASE], "6.12.1-test"));
		CHECK(h->nr_cpus == 2 && h->timestamp == 1700000000);
		CHECK(image->target.page_shift == 12);
		CHECK(image_end_paddr(image) == DUMP_FRAMES * DUMP_BLOCK);
		check_pages(&f, image);
		check_ranges(&f, image);
		check_blocks(&f, image);
		check_counts(&f, image);
		check_runs(&f, image);
		CHECK_OK(vmcoreinfo_read(image, NULL, &v));
		CHECK(!v == (version < 4));
		CHECK(!v || !strcmp(vmcoreinfo_get(v, "PAGESIZE"), "4096"));
		vmcoreinfo_destroy(v);
		image_close(image);
	}
	dump_destroy(&f);
}

/* Writes LEN bytes of V at OFFSET of a good dump; it must not open. */
static void test_broken(uint64_t offset, uint64_t v, size_t len,
			const char *text)
{
	struct image *image;
	struct dump_file f;

	dump_create(&f, NULL, NULL, 6);
	if (len == 8)
		dump_put_u64(&f, offset, v);
	else if (len == 4)
		dump_put_u32(&f, offset, (uint32_t)v);
	else
		dump_put(&f, offset, "", 1);
	CHECK_ERROR(image_open(f.path, ops, 0, NULL, &image), text);
	dump_destroy(&f);
}

static void test_heads(void)
{
	struct image *image;
	struct dump_file f;

	test_broken(0, 0, 1, "not a vmcore");
	test_broken(8, 7, 4, "version 7");
	test_broken(8, 0, 4, "version 0");
	test_broken(428, 0, 4, "block_size");
	test_broken(428, 5000, 4, "block_size");
	test_broken(428, 1u << 31, 4, "block_size");
	test_broken(432, 0, 4, "sub_hdr_size");
	test_broken(432, 0xffffffff, 4, "sub_hdr_size");
	test_broken(432, 0x7fffffff, 4, "the file ends");
	test_broken(436, 0, 4, "bitmap_blocks");
	test_broken(436, 3, 4, "bitmap_blocks");
	test_broken(436, 0xfffffffe, 4, "the file ends");
	test_broken(DUMP_BLOCK + 12, 1, 4, "--split");
	test_broken(DUMP_BLOCK + 32, 1ull << 63, 8, "VMCOREINFO");
	test_broken(DUMP_BLOCK + 56, UINT64_MAX, 8, "notes");
	test_broken(DUMP_BLOCK + 96, 0, 8, "max_mapnr");
	test_broken(DUMP_BLOCK + 96, UINT64_MAX, 8, "max_mapnr");
	test_broken(DUMP_BLOCK + 96, 8 * DUMP_BLOCK + 1, 8, "bitmaps have");

	/* cut off anywhere: a message, or what there is */
	dump_create(&f, NULL, NULL, 6);
	for (off_t size = (off_t)f.size; size >= 0; size -= 333) {
		struct error *err;

		if (ftruncate(f.fd, size))
			abort();
		err = image_open(f.path, ops, 0, NULL, &image);
		CHECK(!err == (size >= 4 * (off_t)DUMP_BLOCK));
		if (!err)
			image_close(image);
		error_destroy(err);
	}
	dump_destroy(&f);
}

/* A sparse file whose head claims as much as it may: quick and small. */
static void test_huge(void)
{
	uint32_t blocks = 1u << 26;	/* 2^40 frames in 4 KiB blocks */
	uint64_t end = UINT64_C(1) << 40, table;
	const struct kdump_header *h;
	struct image *image;
	struct kdump_counts c;
	struct dump_file f;
	uint8_t bits = 0x81;

	dump_create(&f, NULL, NULL, 6);
	dump_put_u32(&f, 436, blocks);
	dump_put_u64(&f, DUMP_BLOCK + 96, end);
	/* the first and the last frame of a byte at the end of both bitmaps */
	table = 2 * DUMP_BLOCK + (uint64_t)blocks * DUMP_BLOCK;
	dump_put(&f, table - 1, &bits, 1);
	if (ftruncate(f.fd, (off_t)(table + (1 << 20))))
		abort();
	if (CHECK_OK(image_open(f.path, ops, 0, NULL, &image))) {
		h = kdump_image_header(image);
		CHECK(h->nr_frames == end);
		CHECK(h->nr_kept == 2);	/* bitmap 2 has moved */
		CHECK_OK(kdump_count(image, &c));
		CHECK(c.nr_unreached == 2);
		image_close(image);
	}
	dump_destroy(&f);
}

static void test_all(bool big_endian)
{
	dump_big = big_endian;
	for (int version = 1; version <= 6; version++)
		test_dump(NULL, dump_codec(), version);
	for (size_t i = 0; codecs[i]; i++)
		if (codecs[i]->create)
			test_dump(NULL, codecs[i], 6);
	test_dump(NULL, NULL, 6);
	test_dump("rnnpzz-.rr..uunnzzrp-", dump_codec(), 6);
	test_heads();
	test_huge();
}

int main(void)
{
	test_all(false);
	test_all(true);
	return unit_end();
}
