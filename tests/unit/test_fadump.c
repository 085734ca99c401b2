/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware-assisted dumps: the firmware's table, the crash header in either byte
 * order and version, and where a vmcore has it. */
#include "../../src/machine/fadump.h"

#include "../../src/base/bytes.h"
#include "elf_file.h"
#include "unit.h"

#define SECTION 40u

static void put_section(uint8_t *at, uint16_t type, uint16_t flags,
			uint64_t source, uint64_t asked, uint64_t dumped,
			uint64_t destination)
{
	put_u32(at, 1, true);
	put_u16(at + 4, type, true);
	put_u16(at + 6, flags, true);
	put_u64(at + 8, source, true);
	put_u64(at + 16, asked, true);
	put_u64(at + 24, dumped, true);
	put_u64(at + 32, destination, true);
}

/* Two pieces of boot memory, as Linux 7.2 registers them. */
static size_t put_table(uint8_t *bytes)
{
	memset(bytes, 0, 440);
	put_u32(bytes, 1, true);
	put_u16(bytes + 4, 4, true);
	put_u16(bytes + 6, 0xc000, true);
	put_u32(bytes + 8, 40, true);
	put_section(bytes + 40, 1, 0, 0, 0xa00, 0xa00, 0x30000000);
	put_section(bytes + 80, 2, 0, 0, 0, 0, 0x30000a00);
	put_section(bytes + 120, 0x11, 0, 0, 0x1000000, 0x1000000, 0x30010000);
	put_section(bytes + 160, 0x11, 0, 0x8000000, 0x2000000, 0x2000000,
		    0x31010000);
	return 200;
}

struct said {
	unsigned nr;
	char last[256];
};

static void hear(void *arg, const char *text)
{
	struct said *said = arg;

	said->nr++;
	snprintf(said->last, sizeof(said->last), "%s", text);
}

/* How many problems the table has; the last of them has TEXT. */
static bool has_problems(const uint8_t *bytes, size_t len, unsigned nr,
			 const char *text)
{
	struct fadump_table table;
	struct said said = { .nr = 0 };

	if (!CHECK_OK(fadump_table_parse(bytes, len, &table)))
		return false;
	fadump_table_check(&table, len, hear, &said);
	if (said.nr != nr || !strstr(said.last, text))
		fprintf(stderr, "  %u: %s\n", said.nr, said.last);
	return said.nr == nr && strstr(said.last, text);
}

static void test_table(void)
{
	uint8_t bytes[440];
	size_t len = put_table(bytes);
	struct fadump_table table;

	CHECK(has_problems(bytes, len, 0, ""));
	CHECK_OK(fadump_table_parse(bytes, len, &table));
	CHECK(table.version == 1 && table.status == 0xc000 && table.nr == 4 &&
	      table.nr_claimed == 4);
	CHECK(table.sections[3].type == FADUMP_BOOT_MEMORY &&
	      table.sections[3].offset == 160 &&
	      table.sections[3].source == 0x8000000 &&
	      table.sections[3].asked == 0x2000000 &&
	      table.sections[3].destination == 0x31010000 &&
	      fadump_section_good(&table.sections[3]));
	for (size_t cut = 0; cut < len; cut++) {
		if (cut < 40)
			CHECK_ERROR(fadump_table_parse(bytes, cut, &table),
				    "its header alone");
		else
			CHECK(!fadump_table_parse(bytes, cut, &table) &&
			      table.nr == (cut - 40) / SECTION);
	}
}

static void test_problems(void)
{
	uint8_t bytes[440];
	size_t len = put_table(bytes);

	put_u64(bytes + 120 + 24, 0xfffff, true);
	CHECK(has_problems(bytes, len, 1, "0xfffff bytes were copied (offset 0x90), 0x1000000"));
	put_table(bytes);
	put_u16(bytes + 160 + 6, 0x4000, true);
	CHECK(has_problems(bytes, len, 1, "error flags are 0x4000 (offset 0xa6)"));
	put_table(bytes);
	put_u16(bytes + 6, 0xe000, true);
	CHECK(has_problems(bytes, len, 1, "aborted"));
	put_u16(bytes + 6, 0x4000, true);
	CHECK(has_problems(bytes, len, 1, "did not perform the dump: status 0x4000 (offset 0x6)"));
	put_table(bytes);
	put_u16(bytes + 4, 2, true);
	CHECK(has_problems(bytes, len, 1, "names no boot memory"));
	put_u16(bytes + 4, 65535, true);
	CHECK(has_problems(bytes, len, 1, "65535 sections (offset 0x4): 4 of them"));
	/* six that hold nothing: of no type, and not to be copied */
	CHECK(has_problems(bytes, sizeof(bytes), 13, "section 9"));
	put_table(bytes);
	put_u32(bytes + 8, 0xfffffff0, true);
	CHECK(has_problems(bytes, len, 2, "names no boot memory"));
	put_table(bytes);
	put_u64(bytes + 120 + 16, UINT64_MAX, true);
	put_u64(bytes + 120 + 24, UINT64_MAX, true);
	CHECK(has_problems(bytes, len, 2, "sections 2 and 3 were copied over each other, at 0x31010000"));
	/* the first by one byte; nothing lies in none */
	put_table(bytes);
	put_u64(bytes + 160 + 32, 0x31000fff, true);
	CHECK(has_problems(bytes, len, 1, "sections 2 and 3 were copied over each other, at 0x31000fff"));
	put_u64(bytes + 160 + 32, 0x31010000, true);
	put_u64(bytes + 80 + 32, 0x30010000, true);
	CHECK(has_problems(bytes, len, 0, ""));
}

static void put_header(uint8_t *bytes, bool big, unsigned version,
		       uint32_t cpu)
{
	memset(bytes, 0, FADUMP_HEADER_LEN);
	if (version) {
		put_u64(bytes, 0x4641444d50534947, big);
		put_u32(bytes + 8, version, big);
		put_u32(bytes + 0xc, cpu, big);
		put_u64(bytes + 0x10, 0x22710000, big);
		put_u64(bytes + 0x18, 0x10024, big);
		put_u32(bytes + 0x20, 0x180, big);
		put_u32(bytes + 0x24, 0x100, big);
	} else {
		put_u64(bytes, 0x4641444d50494e46, big);
		put_u64(bytes + 8, 0x31000000, big);
		put_u32(bytes + 0x10, cpu, big);
	}
}

static void test_header(void)
{
	uint8_t bytes[FADUMP_HEADER_LEN];
	struct fadump_header h;

	for (unsigned big = 0; big < 2; big++) {
		put_header(bytes, big, 1, 3);
		CHECK(fadump_header_parse(bytes, big, &h) && h.version == 1 &&
		      h.crashing_cpu == 3 && h.vmcoreinfo == 0x22710000 &&
		      h.vmcoreinfo_len == 0x10024 && h.size == 0x2a8);
		/* a kernel of the other byte order */
		CHECK(!fadump_header_parse(bytes, !big, &h));
		put_header(bytes, big, 2, 3);
		CHECK(!fadump_header_parse(bytes, big, &h));
		put_header(bytes, big, 0, FADUMP_NO_CPU);
		CHECK(fadump_header_parse(bytes, big, &h) && !h.version &&
		      h.crashing_cpu == FADUMP_NO_CPU && !h.size &&
		      h.elfcorehdr == 0x31000000);
	}
	/* "GISPMDAF": what is in a little-endian kernel's memory */
	put_header(bytes, false, 1, 0);
	CHECK(!memcmp(bytes, "GISPMDAF", 8));
}

/* A vmcore of two segments; the second begins at PADDR, and the file has BYTES
 * below it, as the kernel rounds. */
static bool included(uint64_t paddr, const uint8_t *bytes, uint64_t end,
		     uint16_t machine)
{
	uint64_t below = paddr % 4096;
	char path[] = "/tmp/capdump-test-XXXXXX";
	struct segment segments[] = {
		{ .paddr = 0, .memsz = end, .filesz = end, .offset = 0x1000 },
		{ .paddr = paddr, .memsz = 0x1000, .filesz = 0x1000,
		  .offset = 0x3000 + below },
	};
	struct image image = {
		.ops = &elf_image_ops, .file.fd = mkstemp(path), .segments = segments,
		.nr_segments = 2, .target = { .elf_machine = machine },
	};
	bool ret;

	unlink(path);
	if (pwrite(image.file.fd, bytes, FADUMP_HEADER_LEN, 0x3000) < 0 ||
	    ftruncate(image.file.fd, 0x5000))
		abort();
	ret = fadump_header_include(&image);
	CHECK(segments[1].paddr == (ret ? paddr - below : paddr));
	CHECK(segments[1].offset == (ret ? 0x3000 : 0x3000 + below));
	CHECK(segments[1].memsz == (ret ? 0x1000 + below : 0x1000));
	CHECK(segments[1].filesz == segments[1].memsz);
	close(image.file.fd);
	return ret;
}

static void test_include(void)
{
	uint8_t bytes[FADUMP_HEADER_LEN];

	put_header(bytes, false, 1, 0);
	CHECK(included(0x400102a8, bytes, 0x1000, EM_PPC64));
	CHECK(!included(0x400102a8, bytes, 0x1000, EM_X86_64));
	/* memory there already; another size; not inside a page */
	CHECK(!included(0x400102a8, bytes, 0x40010100, EM_PPC64));
	CHECK(included(0x400102a8, bytes, 0x40010000, EM_PPC64));
	CHECK(!included(0x400102a0, bytes, 0x1000, EM_PPC64));
	CHECK(!included(0x40010010, bytes, 0x1000, EM_PPC64));
	CHECK(!included(0x40010000, bytes, 0x1000, EM_PPC64));
	put_header(bytes, true, 1, 0);
	CHECK(!included(0x400102a8, bytes, 0x1000, EM_PPC64));
	put_header(bytes, false, 0, 0);
	CHECK(!included(0x400102a8, bytes, 0x1000, EM_PPC64));
}

static void test_ranges(void)
{
	struct segment segments[80];
	struct fadump_range ranges[FADUMP_MAX_RANGES];
	struct image image = { .segments = segments };
	size_t nr;

	for (unsigned i = 0; i < 80; i++)
		segments[i] = (struct segment){ .paddr = i * 0x3000ull +
			(i > 3 ? 0x1000 : 0), .memsz = i < 3 ? 0x3000 : 0x1000 };
	fadump_ranges(&image, ranges, &nr);
	CHECK(nr == 0);
	image.nr_segments = 5;
	fadump_ranges(&image, ranges, &nr);
	CHECK(nr == 2 && ranges[0].paddr == 0 && ranges[0].end == 0xa000 &&
	      ranges[1].paddr == 0xd000);
	image.nr_segments = 80;
	fadump_ranges(&image, ranges, &nr);
	CHECK(nr == FADUMP_MAX_RANGES);
}

int main(void)
{
	test_table();
	test_problems();
	test_header();
	test_include();
	test_ranges();
	return unit_end();
}
