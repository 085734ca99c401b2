/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heads of dumps of machines of 32 bits: each field at the offset that crash
 * and libkdumpfile read it from, and read back; the heads that others write.
 */
#include "../../src/formats/kdump_head.h"

#include <elf.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/formats/kdump_read.h"
#include "unit.h"

#define BLOCK	4096u
#define NOTE	"\13\0\0\0\4\0\0\0\0\0\0\0VMCOREINFO\0\0A=1\n"
#define NOTE_LEN 28u

/* Offsets of the header's and the sub-header's fields, by the comment before
 * arm_kdump_header_adjust() of crash's diskdump.c. */
struct machine_head {
	const char *name;
	uint16_t machine;
	uint64_t phys_base;
	unsigned size_note, offset_note, size_vmcoreinfo, offset_vmcoreinfo;
	unsigned max_mapnr_64, len;
	bool wide;		/* as words of 8 bytes have it */
};

static const struct machine_head i386 = {
	"i686", EM_386, 0, 40, 32, 28, 20, 72, 80, false
};
static const struct machine_head arm = {
	"armv7l", EM_ARM, 0x40000000, 48, 40, 32, 24, 88, 96, false
};

/* QEMU's for a PC without long mode, if it has a ROM at the top of 4 GiB */
static const struct machine_head i386_wide = {
	"i686", EM_386, 0, 56, 48, 40, 32, 96, 104, true
};

struct file_sink {
	struct sink sink;
	int fd;
};

static struct error *file_meta(struct sink *sink, uint64_t offset,
			       const void *buf, size_t len)
{
	CHECK(pwrite(((struct file_sink *)sink)->fd, buf, len,
		     (off_t)offset) == (ssize_t)len);
	return NULL;
}

static const struct codec_ops codec = { .name = "zlib", .flag = 1 };

static int temporary(void)
{
	char path[] = "/tmp/capdump-test-XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path))
		abort();
	return fd;
}

/* The head of a dump of M as we write it, into BYTES; *RET: the file. */
static void write_head(const struct machine_head *m, bool rewrites,
		       uint8_t bytes[2 * BLOCK], int *ret)
{
	struct note_extent extent = { 0, NOTE_LEN };
	struct image image = {
		.path = "notes", .file.fd = temporary(), .notes = &extent,
		.nr_notes = 1, .target = { m->machine, m->wide ? 8 : 4, false, 12 },
	};
	struct vmcoreinfo vmcoreinfo = { .offset = 24, .note_len = 4 };
	struct dump_facts facts = {
		.image = &image, .vmcoreinfo = &vmcoreinfo, .page_shift = 12,
		.first_pfn = m->phys_base / BLOCK,
		.end_pfn = m->phys_base / BLOCK + 0x12345, .nr_kept = 7,
		.level = 31, .codec = &codec,
		.crash_time = 1700000000, .phys_base = m->phys_base,
		.nr_cpus = 3, .max_size = UINT64_MAX,
	};
	struct sink_ops ops = { .meta = file_meta, .rewrites = rewrites };
	struct file_sink sink = { { &ops }, temporary() };
	struct dump_layout layout;
	struct kdump_head head;
	uint8_t status[4];

	strcpy((char *)facts.utsname[0], "Linux");
	strcpy((char *)facts.utsname[4], m->name);
	if (pwrite(image.file.fd, NOTE, NOTE_LEN, 0) != NOTE_LEN)
		abort();
	CHECK_OK(kdump_head_init(&facts, &head, &layout));
	CHECK_OK(kdump_head_write(&facts, &head, &layout, &sink.sink));
	kdump_head_status(&facts, false, status);
	if (rewrites)
		CHECK_OK(kdump_head_open(&facts, &head, &layout, &sink.sink));
	else	/* the status comes last */
		CHECK(pwrite(sink.fd, status, 4, kdump_shape_at(head.shape,
			     KDUMP_H_STATUS)) == 4);
	CHECK(layout.bitmap == 2 * BLOCK && layout.bitmap_len == 3 * BLOCK);
	if (ftruncate(sink.fd, (off_t)layout.data) ||
	    pread(sink.fd, bytes, 2 * BLOCK, 0) != 2 * BLOCK)
		abort();
	close(image.file.fd);
	*ret = sink.fd;
}

static uint32_t at32(const uint8_t *p, unsigned offset)
{
	return get_u32(p + offset, false);
}

static void check_read(int fd, const struct machine_head *m)
{
	struct image_file file = { .fd = fd, .size = 1 << 20 };
	struct kdump_header h;

	if (!CHECK_OK(kdump_header_read(&file, &h)))
		return;
	CHECK(h.version == 6 && h.level == 31 && h.block_size == BLOCK);
	CHECK(h.status == 9 && !h.complete && h.nr_cpus == 3);
	CHECK(h.timestamp == 1700000000 && !h.timestamp_usec);
	CHECK(h.sub_header_blocks == 1 && h.bitmap_blocks == 6);
	CHECK(h.nr_frames == 0x12345 && h.phys_base == m->phys_base);
	CHECK(h.first_pfn == m->phys_base / BLOCK);
	CHECK(h.note_len == NOTE_LEN && h.vmcoreinfo_len == 4);
	CHECK(h.vmcoreinfo_offset == h.note_offset + 24);
	CHECK(h.shape->word == (m->wide ? 8 : 4));
}

static void test_written(const struct machine_head *m, bool rewrites)
{
	uint8_t bytes[2 * BLOCK], *sub = bytes + BLOCK;
	int fd;

	write_head(m, rewrites, bytes, &fd);
	CHECK(at32(bytes, 8) == 6 && at32(bytes, 404) == 1700000000);
	CHECK(at32(bytes, 412) == 9);		/* zlib, INCOMPLETE */
	CHECK(at32(bytes, 416) == BLOCK && at32(bytes, 420) == 1);
	CHECK(at32(bytes, 424) == 6 && at32(bytes, 428) == 0x12345);
	CHECK(at32(bytes, 448) == 3);
	CHECK(at32(sub, 0) == m->phys_base && at32(sub, 4) == 31);
	CHECK(get_u64(sub + m->offset_note, false) == BLOCK + m->len);
	CHECK(at32(sub, m->size_note) == NOTE_LEN);
	CHECK(get_u64(sub + m->offset_vmcoreinfo, false) ==
	      BLOCK + m->len + 24);
	CHECK(at32(sub, m->size_vmcoreinfo) == 4);
	CHECK(get_u64(sub + m->max_mapnr_64, false) == 0x12345);
	CHECK(!memcmp(sub + m->len, NOTE, NOTE_LEN));
	check_read(fd, m);
	close(fd);
}

/* QEMU packs the sub-header whatever the machine; a time_t of 8 bytes moves
 * what follows the timestamp. */
static void test_others(void)
{
	uint8_t bytes[2 * BLOCK], moved[2 * BLOCK];
	int fd, other;

	write_head(&arm, true, bytes, &fd);
	write_head(&i386, true, moved, &other);
	put_u32(moved + BLOCK, (uint32_t)arm.phys_base, false);
	memcpy(moved + 12 + 4 * 65, bytes + 12 + 4 * 65, 65);
	CHECK(pwrite(other, moved, 2 * BLOCK, 0) == 2 * BLOCK);
	check_read(other, &arm);
	close(other);

	memcpy(moved, bytes, 2 * BLOCK);
	memset(moved + 402, 0, BLOCK - 402);
	put_u64(moved + 408, 1700000000, false);
	memcpy(moved + 424, bytes + 412, 40);
	CHECK(pwrite(fd, moved, 2 * BLOCK, 0) == 2 * BLOCK);
	check_read(fd, &arm);
	close(fd);

	/* a name that says nothing: QEMU's for arm, which it packs */
	write_head(&i386, true, moved, &fd);
	strcpy((char *)moved + 12 + 4 * 65, "Unknown");
	CHECK(pwrite(fd, moved, 2 * BLOCK, 0) == 2 * BLOCK);
	check_read(fd, &i386);
	close(fd);
	write_head(&i386_wide, true, moved, &fd);
	check_read(fd, &i386_wide);
	strcpy((char *)moved + 12 + 4 * 65, "Unknown");
	CHECK(pwrite(fd, moved, 2 * BLOCK, 0) == 2 * BLOCK);
	check_read(fd, &i386_wide);
	close(fd);
}

static void test_names(void)
{
	CHECK(kdump_machine("i686") == EM_386);
	CHECK(kdump_machine("armv7l") == EM_ARM);
	CHECK(kdump_machine("s390x") == EM_S390);
	CHECK(kdump_machine("S390X") == EM_S390);
	CHECK(kdump_machine("X86_64") == EM_NONE);
	CHECK(kdump_machine("Unknown") == EM_NONE);
}

int main(void)
{
	for (int rewrites = 0; rewrites < 2; rewrites++) {
		test_written(&i386, rewrites);
		test_written(&arm, rewrites);
	}
	test_others();
	test_names();
	return unit_end();
}
