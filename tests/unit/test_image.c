/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF cores: headers, views, windows, notes, VMCOREINFO, and what is broken. */
#include "../../src/base/bytes.h"
#include "../../src/base/guard.h"
#include "../../src/image/notes.h"
#include "../../src/image/segments.h"
#include "../../src/image/view.h"
#include "../../src/image/vmcoreinfo.h"
#include "../../src/image/window.h"
#include "elf_file.h"
#include "unit.h"

static const struct image_ops *const inputs[] = { &elf_image_ops, NULL };

static struct error *open_image(struct elf_file *f, unsigned flags,
				struct image **ret)
{
	*ret = NULL;
	return image_open(f->path, inputs, flags, NULL, ret);
}

/* Byte I of every test memory. */
static uint8_t pattern(uint64_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 3 + 1);
}

static void put_pattern(struct elf_file *f, uint64_t offset, uint64_t paddr,
			size_t len)
{
	uint8_t *buf = malloc(len);

	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(paddr + i);
	elf_file_put(f, offset, buf, len);
	free(buf);
}

/* 0x1800..0x4400 from the file, 0x4400..0x9000 zeroes, 0x20000..0x21000. */
static void make_memory(struct elf_file *f)
{
	elf_file_create(f);
	put_pattern(f, 0x4800, 0x1800, 0x2c00);
	put_pattern(f, 0x10000, 0x20000, 0x1000);
	elf_file_phdr(f, PT_LOAD, 0x10000, 0x20000, 0x1000, 0x1000);
	elf_file_phdr(f, PT_LOAD, 0x4800, 0x1800, 0x2c00, 0x7800);
}

static int byte_at(uint64_t paddr)
{
	if ((paddr >= 0x1800 && paddr < 0x4400) ||
	    (paddr >= 0x20000 && paddr < 0x21000))
		return pattern(paddr);
	return 0;
}

static bool present_at(uint64_t paddr)
{
	return (paddr >= 0x1800 && paddr < 0x9000) ||
	       (paddr >= 0x20000 && paddr < 0x21000);
}

static void check_buf(const uint8_t *buf, uint64_t paddr, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!CHECK(buf[i] == byte_at(paddr + i)))
			return;
}

static void test_reading(size_t block_size, unsigned nr_blocks)
{
	static const uint64_t at[] = { 0, 0x1000, 0x17f0, 0x4000, 0x4300,
				       0x8ff0, 0x1f800, 0x20800 };
	struct window *window;
	struct image *image;
	struct elf_file f;
	struct view *view;
	uint8_t buf[0x1000];

	make_memory(&f);
	if (!CHECK_OK(open_image(&f, 0, &image)))
		return;
	CHECK(image->nr_segments == 2 && image_end_paddr(image) == 0x21000);
	CHECK_OK(view_create(image, block_size, nr_blocks, &view));
	CHECK_OK(window_create(image, 0, 0x30000, &window));
	CHECK(window && window_covers(window, 0x2f000, 0x1000) &&
	      !window_covers(window, 0x2f001, 0x1000));
	for (size_t i = 0; i < sizeof(at) / sizeof(*at); i++) {
		enum page_state want = PAGE_ABSENT;

		for (uint64_t p = at[i]; p < at[i] + sizeof(buf); p++)
			if (present_at(p))
				want = PAGE_OK;
		memset(buf, 0xaa, sizeof(buf));
		CHECK(view_read(view, at[i], buf, sizeof(buf)) == want);
		check_buf(buf, at[i], sizeof(buf));
		memset(buf, 0xaa, sizeof(buf));
		CHECK(window_read(window, at[i], buf, sizeof(buf)) == want);
		check_buf(buf, at[i], sizeof(buf));
	}
	CHECK_OK(view_read_exact(view, 0x20ff0, buf, 16, "x"));
	CHECK_ERROR(view_read_exact(view, 0xa000, buf, 16, "the x"),
		    "the x: 16 bytes at physical address 0xa000");
	window_put(window);
	view_destroy(view);
	image_close(image);
	elf_file_remove(&f);
}

/* A file that shrinks under us: SIGBUS in a window, short reads in a view. */
static void test_unreadable(void)
{
	struct window *window;
	struct image *image;
	struct elf_file f;
	struct view *view;
	uint8_t buf[0x1000];

	make_memory(&f);
	CHECK_OK(guard_install());
	if (!CHECK_OK(open_image(&f, 0, &image)))
		return;
	CHECK_OK(window_create(image, 0, 0x30000, &window));
	CHECK_OK(view_create(image, 65536, 2, &view));
	CHECK(!ftruncate(f.fd, 0x6000));
	/* 0x1800 is at 0x4800, so 0x3000 is the first that is gone */
	CHECK(window_read(window, 0x2000, buf, 0x1000) == PAGE_OK);
	check_buf(buf, 0x2000, 0x1000);
	CHECK(window_read(window, 0x3000, buf, 0x1000) == PAGE_UNREADABLE);
	CHECK(view_read(view, 0x2000, buf, 0x1000) == PAGE_OK);
	check_buf(buf, 0x2000, 0x1000);
	CHECK(view_read(view, 0x3000, buf, 0x1000) == PAGE_UNREADABLE);
	CHECK(view_read(view, 0x5000, buf, 0x1000) == PAGE_OK);
	CHECK(view_read(view, 0x20000, buf, 0x1000) == PAGE_UNREADABLE);
	window_put(window);
	view_destroy(view);
	image_close(image);

	CHECK_ERROR(open_image(&f, 0, &image), "cut off");
	CHECK_OK(open_image(&f, IMAGE_SALVAGE, &image));
	image_close(image);
	elf_file_remove(&f);
}

static struct error *count_note(void *arg, const struct note *note)
{
	unsigned *n = arg;

	(void)note;
	(*n)++;
	return NULL;
}

static void put_note(struct elf_file *f, uint64_t *offset, const char *name,
		     uint32_t type, const void *desc, uint32_t len)
{
	uint32_t name_len = (uint32_t)strlen(name) + 1;
	uint32_t head[3] = { elf_u32(name_len), elf_u32(len), elf_u32(type) };
	char padded[64] = "";

	strcpy(padded, name);
	elf_file_put(f, *offset, head, 12);
	elf_file_put(f, *offset + 12, padded, align_up(name_len, 4));
	*offset += 12 + align_up(name_len, 4);
	elf_file_put(f, *offset, desc, len);
	*offset += align_up(len, 4);
}

static void test_notes(void)
{
	static const char text[] = "OSRELEASE=6.1\nSYMBOL(a)=ff\nnonsense\n"
		"NUMBER(n)=-2\nNUMBER(x)=0x10\nOSRELEASE=6.2\nSIZE(s)=12z\n";
	static const char zeroes[100];
	uint64_t offset = 0x1000, end, n;
	struct vmcoreinfo *v;
	struct image *image;
	struct elf_file f;
	unsigned nr = 0;

	elf_file_create(&f);
	put_note(&f, &offset, "CORE", NT_PRSTATUS, text, 17);
	put_note(&f, &offset, "VMCOREINFO", 0, text, sizeof(text) - 1);
	end = offset;
	offset = 0x2000;
	put_note(&f, &offset, "LINUX", 0x700, text, 5);
	put_note(&f, &offset, "XYZ", 7, zeroes, sizeof(zeroes));
	elf_file_phdr(&f, PT_NOTE, 0x1000, 0, end - 0x1000 + 64, 0);
	/* the last note runs over its segment: ignored */
	elf_file_phdr(&f, PT_NOTE, 0x2000, 0, offset - 0x2000 - 50, 0);
	elf_file_phdr(&f, PT_LOAD, 0x1000, 0x1000, 0x1000, 0x1000);
	elf_file_put(&f, 0x2fff, "", 1);
	if (!CHECK_OK(open_image(&f, 0, &image)))
		return;
	CHECK_OK(notes_each(image, NULL, count_note, &nr));
	CHECK(nr == 3);
	CHECK_OK(vmcoreinfo_read(image, NULL, &v));
	if (CHECK(v)) {
		CHECK(!strcmp(vmcoreinfo_get(v, "OSRELEASE"), "6.2"));
		CHECK(!vmcoreinfo_get(v, "nonsense"));
		CHECK(vmcoreinfo_number(v, "SYMBOL", "a", &n) && n == 255);
		CHECK(vmcoreinfo_number(v, "NUMBER", "n", &n) &&
		      n == UINT64_MAX - 1);
		CHECK(vmcoreinfo_number(v, "NUMBER", "x", &n) && n == 16);
		CHECK(!vmcoreinfo_number(v, "SIZE", "s", &n));
		CHECK(!vmcoreinfo_number(v, "SIZE", "none", &n));
		CHECK(v->note_len == sizeof(text) - 1);
	}
	vmcoreinfo_destroy(v);
	image_close(image);
	elf_file_remove(&f);
}

/* One change to a good header, and what must be said of it. */
static void broken(uint64_t offset, const void *bytes, size_t len,
		   const char *want)
{
	struct image *image;
	struct elf_file f;

	make_memory(&f);
	elf_file_put(&f, offset, bytes, len);
	if (!CHECK_ERROR(open_image(&f, 0, &image), want))
		image_close(image);
	elf_file_remove(&f);
}

static void test_broken(void)
{
	static const uint8_t ones[8] = { 255, 255, 255, 255, 255, 255, 255,
					 255 };
	struct image *image;
	struct elf_file f;

	broken(0, "KELF", 4, "not a vmcore");
	broken(EI_CLASS, "\1", 1, "e_phentsize");
	broken(EI_CLASS, "\7", 1, "ELF");
	broken(EI_DATA, "\7", 1, "ELF");
	broken(16, "\2\2", 2, "not a core");
	broken(32, ones, 8, "e_phoff");
	broken(35, "\1\1", 2, "program headers");
	broken(54, "\7\7", 2, "e_phentsize");
	broken(56, ones, 2, "PN_XNUM");
	broken(64 + 8, ones, 8, "p_offset");
	broken(64 + 32 + 3, "\1\1", 2, "cut off");
	elf_file_create(&f);
	CHECK_ERROR(open_image(&f, 0, &image), "no memory");
	CHECK(!ftruncate(f.fd, 0));
	CHECK_ERROR(open_image(&f, 0, &image), "empty");
	elf_file_remove(&f);
	CHECK_ERROR(open_image(&f, 0, &image), "No such file");
	CHECK_ERROR(image_open("/tmp", inputs, 0, NULL, &image), "directory");
}

/* Segments where no machine has memory: the rest is what there is. */
static void test_absurd(void)
{
	static const uint64_t far[] = { UINT64_MAX, 1ull << 57, 0x1000 };
	struct image *image;
	struct elf_file f;

	for (unsigned i = 0; i < 3; i++) {
		make_memory(&f);
		elf_file_phdr(&f, PT_LOAD, 0, far[i], 0, i < 2 ? 0x1000 :
			      UINT64_MAX - 0x10);
		if (CHECK_OK(open_image(&f, 0, &image)))
			CHECK(image->nr_segments == 2 &&
			      image_end_paddr(image) == 0x21000);
		image_close(image);
		elf_file_remove(&f);
	}
	elf_file_create(&f);
	elf_file_phdr(&f, PT_LOAD, 0, 1ull << 57, 0, 0x1000);
	CHECK_ERROR(open_image(&f, 0, &image), "with a physical address");
	elf_file_remove(&f);
}

/* Too many program headers for e_phnum: the count is in section header 0. */
static void put_count(struct elf_file *f, uint32_t nr)
{
	Elf64_Shdr shdr = { .sh_info = elf_u32(nr) };
	uint16_t sizes[2] = { elf_u16(64), elf_u16(1) };
	uint64_t shoff = 64 + 56 * (uint64_t)f->nr, raw = elf_u64(shoff);

	elf_file_header(f, PN_XNUM);
	elf_file_put(f, 40, &raw, 8);		/* e_shoff */
	elf_file_put(f, 58, sizes, 4);		/* e_shentsize, e_shnum */
	elf_file_put(f, shoff, &shdr, sizeof(shdr));
}

static void test_pn_xnum(void)
{
	enum { NR = 70000 };
	struct image *image;
	struct elf_file f;

	elf_file_create(&f);
	for (unsigned i = 0; i < NR; i++)
		elf_file_phdr(&f, PT_LOAD, 0x1000, 0x2000 * (uint64_t)i,
			      0x10, 0x1000);
	put_count(&f, NR);
	if (CHECK_OK(open_image(&f, 0, &image)))
		CHECK(image->nr_segments == NR);
	image_close(image);
	put_count(&f, UINT32_MAX);
	CHECK_ERROR(open_image(&f, 0, &image), "the file ends at");
	CHECK(!ftruncate(f.fd, 56ll << 32));
	CHECK_ERROR(open_image(&f, 0, &image), "4294967295 program headers");
	elf_file_remove(&f);
}

/* Pieces that continue each other, in whatever order, are one from the start;
 * others are held up to a limit. */
static void test_many(void)
{
	static const struct {
		int64_t step;		/* from one's paddr to the next's */
		uint32_t filesz;
		size_t want;		/* 0: too many */
	} cases[] = {
		{ 0x1000, 0, 1 }, { -0x1000, 0, 1 }, { 0x1000, 0x1000, 1 },
		{ -0x1000, 0x1000, 1 }, { 0x2000, 0, 0 }, { -0x2000, 0, 0 },
		{ 0x800, 0, 0 }, { 0x1000, 0x800, 0 },
	};
	enum { NR = SEGMENTS_MAX + 1 };
	static Elf64_Phdr phdrs[NR];
	const uint64_t middle = 1ull << 40;

	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		struct image *image;
		struct elf_file f;

		for (int64_t i = 0; i < NR; i++) {
			uint64_t at = middle + (uint64_t)(i * cases[c].step);

			phdrs[i] = (Elf64_Phdr){
				.p_type = elf_u32(PT_LOAD),
				.p_paddr = elf_u64(at),
				.p_memsz = elf_u64(0x1000),
				.p_filesz = elf_u64(cases[c].filesz),
				.p_offset = elf_u64(at),
			};
		}
		elf_file_create(&f);
		elf_file_put(&f, 64, phdrs, sizeof(phdrs));
		f.nr = NR;
		put_count(&f, NR);
		CHECK(!ftruncate(f.fd, 2ll << 40));
		if (!cases[c].want) {
			CHECK_ERROR(open_image(&f, 0, &image), "131072 pieces");
		} else if (CHECK_OK(open_image(&f, 0, &image))) {
			CHECK(image->nr_segments == cases[c].want);
			image_close(image);
		}
		elf_file_remove(&f);
	}
}

/* PT_NOTEs: no more of them, of their bytes and of notes than makes sense. */
static void test_many_notes(void)
{
	const uint32_t note[4] = { elf_u32(1), 0, elf_u32(7), 'X' };
	static uint32_t notes[NOTES_MAX + 1][4];
	enum { NR_EXTENTS = 1 << 16 };
	struct image *image;
	struct elf_file f;
	unsigned nr = 0;

	for (unsigned i = 0; i < NOTES_MAX + 1; i++)
		memcpy(notes[i], note, sizeof(note));
	elf_file_create(&f);
	elf_file_put(&f, 4096, notes, sizeof(notes));
	elf_file_phdr(&f, PT_LOAD, 0, 0x1000, 0, 0x1000);
	elf_file_phdr(&f, PT_NOTE, 4096, 0, sizeof(notes), 0);
	/* the same bytes again: more than the file has */
	elf_file_phdr(&f, PT_NOTE, 4096, 0, sizeof(notes), 0);
	elf_file_phdr(&f, PT_NOTE, 4096, 0, 16, 0);
	if (CHECK_OK(open_image(&f, 0, &image))) {
		CHECK(image->nr_notes == 1);
		CHECK_OK(notes_each(image, NULL, count_note, &nr));
		CHECK(nr == NOTES_MAX);
		image_close(image);
	}
	elf_file_remove(&f);
	elf_file_create(&f);
	elf_file_phdr(&f, PT_LOAD, 0, 0x1000, 0, 0x1000);
	for (unsigned i = 0; i < NR_EXTENTS + 2; i++)
		elf_file_phdr(&f, PT_NOTE, 4096 + i, 0, 1, 0);
	put_count(&f, NR_EXTENTS + 3);
	if (CHECK_OK(open_image(&f, 0, &image))) {
		CHECK(image->nr_notes == NR_EXTENTS);
		image_close(image);
	}
	elf_file_remove(&f);
}

static unsigned open_files(void)
{
	unsigned nr = 0;

	for (int fd = 0; fd < 256; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

/* Views of /proc/kcore must not share its one buffer: each opens it. */
static void test_live(bool live)
{
	struct image *image;
	struct view *views[2];
	struct elf_file f;
	uint8_t buf[64];
	unsigned before;

	make_memory(&f);
	if (live)	/* what is no RAM by its address */
		elf_file_phdr(&f, PT_LOAD, 0x4800, UINT64_MAX, 0x1000, 0x1000);
	if (!CHECK_OK(open_image(&f, 0, &image)))
		return;
	CHECK(image->live == live);
	before = open_files();
	for (int i = 0; i < 2; i++) {
		CHECK_OK(view_create(image, VIEW_RANDOM, &views[i]));
		CHECK(view_read(views[i], 0x20000, buf, sizeof(buf)) ==
		      PAGE_OK);
		check_buf(buf, 0x20000, sizeof(buf));
	}
	CHECK(open_files() == before + 2u * live);
	for (int i = 0; i < 2; i++)
		view_destroy(views[i]);
	CHECK(open_files() == before);
	image_close(image);
	elf_file_remove(&f);
}

static void test_all(bool big_endian)
{
	elf_file_big = big_endian;
	test_reading(4096, 32);
	test_reading(4096, 1);
	test_reading(65536, 2);
	test_unreadable();
	test_notes();
	test_broken();
	test_absurd();
	test_pn_xnum();
	test_many();
	test_many_notes();
	test_live(false);
	test_live(true);
}

int main(void)
{
	test_all(false);
	test_all(true);
	return unit_end();
}
