/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before the page table of a dump: sizes and places as readers
 * compute them, notes of several PT_NOTEs, device dumps kept and left out,
 * notes that cannot be read; and that no note is ever held whole.
 */
#include "../../src/formats/kdump_head.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "unit.h"

/* A sink that keeps the head in memory and sees to it that no byte is written
 * twice. */
struct keeper {
	struct sink sink;
	struct sink_ops ops;
	uint8_t *bytes, *seen;
	size_t size;
	uint64_t total;
};

static struct error *keeper_meta(struct sink *sink, uint64_t offset,
				 const void *buf, size_t len)
{
	struct keeper *keeper = (struct keeper *)sink;

	keeper->total += len;
	if (!keeper->bytes)
		return NULL;
	if (!CHECK(offset + len <= keeper->size))
		return NULL;
	for (size_t i = 0; i < len; i++)
		if (keeper->seen[offset + i]++)
			CHECK(!"written twice");
	memcpy(keeper->bytes + offset, buf, len);
	return NULL;
}

static struct keeper *keeper_create(size_t size, bool rewrites)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));

	keeper->ops = (struct sink_ops){ .meta = keeper_meta,
					 .rewrites = rewrites };
	keeper->sink.ops = &keeper->ops;
	keeper->size = size;
	if (size) {
		keeper->bytes = calloc(1, size);
		keeper->seen = calloc(1, size);
	}
	return keeper;
}

static void keeper_destroy(struct keeper *keeper)
{
	free(keeper->bytes);
	free(keeper->seen);
	free(keeper);
}

/* A file of notes. */
static uint8_t file[1 << 20];
static size_t file_len;
static struct note_extent extents[4];
static struct image image = { .path = "notes", .notes = extents,
			      .target = { 62, 8, false, 12 } };

/* Appends a note; returns where its contents are. */
static uint64_t add_note(const char *name, uint32_t type, size_t desc_len)
{
	uint8_t *p = file + file_len;
	size_t name_len = strlen(name) + 1;
	size_t desc = file_len + 12 + align_up(name_len, 4);

	put_u32(p, name_len, false);
	put_u32(p + 4, desc_len, false);
	put_u32(p + 8, type, false);
	strcpy((char *)p + 12, name);
	for (size_t i = 0; i < desc_len; i++)
		file[desc + i] = type + i % 251 + 1;
	file_len = align_up(desc + desc_len, 4);
	return desc;
}

static void file_write(void)
{
	char name[] = "/tmp/unit-head-XXXXXX";

	image.file.fd = mkstemp(name);
	unlink(name);
	CHECK(pwrite(image.file.fd, file, file_len, 0) == (ssize_t)file_len);
}

/* Names the notes as crash and libkdumpfile walk them: a zero header is a note
 * of 12 bytes. */
static void walk(const uint8_t *p, size_t len, char *ret)
{
	size_t at = 0;

	*ret = 0;
	while (len - at >= 12) {
		uint32_t name_len = get_u32(p + at, false);
		uint32_t desc_len = get_u32(p + at + 4, false);

		sprintf(ret + strlen(ret), "%x ", get_u32(p + at + 8, false));
		at += 12 + align_up(name_len, 4) + align_up(desc_len, 4);
		if (at > len) {
			strcat(ret, "over");
			return;
		}
	}
}

static struct dump_facts facts = {
	.image = &image, .page_shift = 12, .end_pfn = 0x140000,
	.nr_kept = 1000, .level = 31,
	.codec = &codec_lzo, .max_size = UINT64_MAX, .nr_cpus = 2,
};

static void several(bool drop, const char *want)
{
	struct vmcoreinfo vmcoreinfo = { .note_len = 1999 };
	struct dump_layout layout = { 0 };
	struct kdump_head head = { 0 };
	struct keeper *keeper;
	char got[200];

	file_len = 100 * 4;
	extents[0].offset = file_len;
	add_note("CORE", 1, 336);
	add_note("LINUX", 0x700, 70001);
	add_note("CORE", 1, 336);
	file_len += 8;			/* zeroes, no header's length */
	extents[0].len = file_len - extents[0].offset;
	file_len += 4000;
	extents[1].offset = file_len;
	vmcoreinfo.offset = add_note("VMCOREINFO", 0, 1999);
	add_note("LINUX", 0x700, 300000);
	extents[1].len = file_len - extents[1].offset;
	extents[2].offset = file_len;
	add_note("QEMU", 3, 432);
	file_len += 1000;		/* filled up */
	extents[2].len = file_len - extents[2].offset;
	image.nr_notes = 3;
	file_write();
	facts.vmcoreinfo = &vmcoreinfo;
	facts.drop_device_dumps = drop;

	CHECK_OK(kdump_head_init(&facts, &head, &layout));
	keeper = keeper_create(layout.bitmap, false);
	CHECK_OK(kdump_head_write(&facts, &head, &layout, &keeper->sink));
	walk(keeper->bytes + head.note_offset, head.note_len, got);
	if (!CHECK(!strcmp(got, want)))
		fprintf(stderr, "  got %s\n", got);
	CHECK(head.vmcoreinfo_len == 1999 &&
	      !memcmp(keeper->bytes + head.vmcoreinfo_offset,
		      file + vmcoreinfo.offset, 1999));
	/* all of it, but for the status */
	for (size_t i = 0; i < layout.bitmap; i++)
		if (keeper->seen[i] != (i < 424 || i >= 428))
			CHECK(!"a byte that was not sent");
	keeper_destroy(keeper);
	facts.vmcoreinfo = NULL;
	facts.drop_device_dumps = false;
	close(image.file.fd);
}

/* The places follow from the header alone, as readers compute them. */
static void places(unsigned page_shift, uint64_t end_pfn, size_t note_len)
{
	struct dump_layout layout = { 0 };
	struct kdump_head head = { 0 };
	uint64_t block = 1ull << page_shift;
	struct keeper *keeper;
	uint64_t sub, bitmap;

	file_len = 0;
	add_note("CORE", 1, note_len);
	extents[0] = (struct note_extent){ 0, file_len };
	image.nr_notes = 1;
	facts.page_shift = page_shift;
	file_write();
	facts.end_pfn = end_pfn;
	CHECK_OK(kdump_head_init(&facts, &head, &layout));
	keeper = keeper_create(layout.bitmap, true);
	CHECK_OK(kdump_head_write(&facts, &head, &layout, &keeper->sink));
	CHECK(keeper->total == layout.bitmap);
	/* no dump yet */
	CHECK(!keeper->bytes[0] && !memcmp(keeper->bytes, keeper->bytes + 1,
					   head.block_size - 1));
	memset(keeper->seen, 0, head.block_size);
	CHECK_OK(kdump_head_open(&facts, &head, &layout, &keeper->sink));
	sub = get_u32(keeper->bytes + 432, false);
	bitmap = get_u32(keeper->bytes + 436, false);
	CHECK(get_u32(keeper->bytes + 428, false) == block);
	CHECK(layout.bitmap == (1 + sub) * block);
	CHECK(layout.table == (1 + sub + bitmap) * block);
	CHECK(layout.table % 4096 == 0 && layout.data % 4096 == 0);
	CHECK(layout.data >= layout.table + 24000);
	CHECK(bitmap % 2 == 0 && bitmap / 2 * block == layout.bitmap_len);
	CHECK(layout.bitmap_len * 8 >= end_pfn);
	CHECK(layout.bitmap_len * 8 < end_pfn + block * 8 || !end_pfn);
	/* crash: dump_is_partial() */
	CHECK(bitmap >= ((end_pfn + 7) / 8 + block - 1) / block * 2);
	CHECK(get_u32(keeper->bytes + 440, false) ==
	      (end_pfn > UINT32_MAX ? UINT32_MAX : end_pfn));
	CHECK(get_u64(keeper->bytes + block + 96, false) == end_pfn);
	CHECK(get_u32(keeper->bytes + 424, false) == (8 | 2));
	CHECK(!memcmp(keeper->bytes + block + 104, file, file_len));
	keeper_destroy(keeper);
	close(image.file.fd);
}

static void refused(void)
{
	struct dump_layout layout;
	struct kdump_head head;

	image.nr_notes = 0;
	facts.page_shift = 12;
	facts.page_shift = 18;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "262144");
	facts.page_shift = 200;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "pages of");
	facts.page_shift = 12;
	facts.end_pfn = UINT64_MAX;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "do not fit");
	facts.end_pfn = 1ull << 50;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "do not fit");
	facts.end_pfn = 1000;
	facts.nr_kept = UINT64_MAX / 24 + 5;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "do not fit");
	facts.nr_kept = 1000;
	extents[0] = (struct note_extent){ 0, UINT64_MAX - 1 };
	image.nr_notes = 1;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "notes");
	extents[0].len = INT64_MAX - 8;
	extents[1] = extents[0];
	image.nr_notes = 2;
	CHECK_ERROR(kdump_head_init(&facts, &head, &layout), "");
}

/* A device dump of 512 MiB in a sparse file passes through; a hole at its end
 * costs those bytes, not the dump. */
static void large(void)
{
	struct dump_layout layout = { 0 };
	struct kdump_head head = { 0 };
	uint64_t len = 512 << 20;
	struct keeper *keeper = keeper_create(0, true);
	struct rusage usage;
	struct log log;

	log_init(&log, stderr, 0);
	file_len = 0;
	add_note("CORE", 1, 336);
	file_write();
	CHECK(!ftruncate(image.file.fd, len - 5000));
	extents[0] = (struct note_extent){ 0, len };
	image.nr_notes = 1;
	facts.log = &log;
	CHECK_OK(kdump_head_init(&facts, &head, &layout));
	CHECK_OK(kdump_head_write(&facts, &head, &layout, &keeper->sink));
	CHECK(keeper->total == layout.bitmap && layout.bitmap > len);
	/* 104 bytes after the header precede the notes in the dump, so pieces
	 * do not end where pages do */
	CHECK(log.nr_warnings == 3);
	getrusage(RUSAGE_SELF, &usage);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	CHECK(usage.ru_maxrss < 64 << 10);
#endif
	log_deinit(&log);
	facts.log = NULL;
	keeper_destroy(keeper);
	close(image.file.fd);
}

int main(void)
{
	static const uint64_t ends[] = { 0, 1, 32767, 32768, 32769, 524288,
					 524289, 5ull << 30 };

	several(false, "1 700 1 0 700 3 ");
	several(true, "1 1 0 3 ");
	for (unsigned i = 0; i < 8; i++) {
		places(12, ends[i], 10);
		places(12, ends[i], 4096 - 104 - 20);
		places(12, ends[i], 4096 - 104 - 16);
		places(14, ends[i], 700000);
		places(16, ends[i], 65536);
	}
	facts.page_shift = 12;
	facts.end_pfn = 1000;
	large();
	refused();
	return unit_end();
}
