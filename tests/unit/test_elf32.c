/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF cores of the smaller class, and which word the machine in them has. */
#include "../../src/base/bytes.h"
#include "../../src/image/notes.h"
#include "elf_file.h"
#include "unit.h"

#include "../../src/image/image.h"

static const struct image_ops *const inputs[] = { &elf_image_ops, NULL };

/* A core of PHDRS; their count in section header 0 if XNUM. In the byte order
 * of this host. */
static void make_core(struct elf_file *f, uint16_t machine,
		      const Elf32_Phdr *phdrs, unsigned nr, bool xnum)
{
	uint32_t shoff = (uint32_t)(sizeof(Elf32_Ehdr) + nr * sizeof(*phdrs));
	Elf32_Shdr shdr = { .sh_info = nr };
	Elf32_Ehdr e = {
		.e_type = ET_CORE, .e_machine = machine, .e_version = 1,
		.e_phoff = sizeof(e), .e_ehsize = sizeof(e),
		.e_phentsize = sizeof(*phdrs),
		.e_phnum = xnum ? PN_XNUM : (uint16_t)nr,
		.e_shoff = xnum ? shoff : 0,
		.e_shentsize = xnum ? sizeof(shdr) : 0, .e_shnum = xnum,
	};

	memcpy(e.e_ident, ELFMAG, SELFMAG);
	e.e_ident[EI_CLASS] = ELFCLASS32;
	e.e_ident[EI_DATA] = BYTES_HOST_BIG ? ELFDATA2MSB : ELFDATA2LSB;
	e.e_ident[EI_VERSION] = EV_CURRENT;
	elf_file_create(f);
	if (ftruncate(f->fd, 0))
		abort();
	elf_file_put(f, 0, &e, sizeof(e));
	elf_file_put(f, sizeof(e), phdrs, nr * sizeof(*phdrs));
	if (xnum)
		elf_file_put(f, shoff, &shdr, sizeof(shdr));
	if (ftruncate(f->fd, 8 << 20))
		abort();
}

static struct image *open_core(struct elf_file *f)
{
	struct image *image = NULL;

	CHECK_OK(image_open(f->path, inputs, 0, NULL, &image));
	return image;
}

static struct error *count_note(void *arg, const struct note *note)
{
	CHECK(note->type == 1 && !strcmp(note->name, "CORE"));
	CHECK(note->desc_len == 144);
	++*(unsigned *)arg;
	return NULL;
}

static void test_headers(bool xnum)
{
	/* struct elf_prstatus of i386: 144 bytes */
	static const uint32_t note[5] = { 5, 144, 1 };
	const Elf32_Phdr phdrs[] = {
		{ .p_type = PT_NOTE, .p_offset = 0x1000, .p_filesz = 164,
		  .p_memsz = 164 },
		{ .p_type = PT_LOAD, .p_offset = 0x2000, .p_vaddr = 0xc0001000,
		  .p_paddr = 0x1000, .p_filesz = 0x1800, .p_memsz = 0x3000 },
		{ .p_type = PT_LOAD, .p_offset = 0x5000, .p_vaddr = 0xc0100000,
		  .p_paddr = 0x100000, .p_filesz = 0x2000, .p_memsz = 0x2000 },
		/* what is not always mapped, up to the top */
		{ .p_type = PT_LOAD, .p_offset = 0x8000, .p_vaddr = UINT32_MAX,
		  .p_paddr = 0xfff00000, .p_filesz = 0x100000,
		  .p_memsz = 0x100000 },
	};
	struct elf_file f;
	struct image *image;
	unsigned nr = 0;

	make_core(&f, EM_386, phdrs, 4, xnum);
	elf_file_put(&f, 0x1000, note, sizeof(note));
	elf_file_put(&f, 0x100c, "CORE", 5);
	image = open_core(&f);
	if (!image)
		return;
	CHECK(image->target.elf_machine == EM_386);
	CHECK(image->target.word_size == 4);
	CHECK(image->target.big_endian == BYTES_HOST_BIG);
	CHECK(image->nr_segments == 3 && image->nr_notes == 1);
	CHECK(image->segments[0].paddr == 0x1000 &&
	      image->segments[0].memsz == 0x3000 &&
	      image->segments[0].filesz == 0x1800 &&
	      image->segments[0].offset == 0x2000);
	CHECK(image->segments[1].paddr == 0x100000);
	CHECK(image_end_paddr(image) == 1ull << 32);
	CHECK(image->page_offset == 0xc0000000);
	CHECK_OK(notes_each(image, NULL, count_note, &nr));
	CHECK(nr == 1);
	image_close(image);
	elf_file_remove(&f);
}

/* The class says nothing of the machine, but most have only one. */
static void test_word(void)
{
	static const struct {
		uint16_t machine;
		uint8_t elf32, elf64;	/* its word in a core of each class; 0:
					 * refused */
	} words[] = {
		{ EM_386, 4, 4 }, { EM_ARM, 4, 4 }, { EM_X86_64, 8, 8 },
		{ EM_AARCH64, 0, 8 }, { EM_RISCV, 0, 8 }, { EM_S390, 0, 8 },
		{ EM_PPC64, 0, 8 }, { 258, 0, 8 },	/* EM_LOONGARCH */
	};
	const Elf32_Phdr load = {
		.p_type = PT_LOAD, .p_offset = 0x1000, .p_filesz = 0x1000,
		.p_memsz = 0x1000,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		uint8_t machine[2];
		struct elf_file f;
		struct image *image = NULL;

		make_core(&f, words[i].machine, &load, 1, false);
		if (words[i].elf32) {
			image = open_core(&f);
			CHECK(image && image->target.word_size ==
			      words[i].elf32);
		} else {
			CHECK_ERROR(image_open(f.path, inputs, 0, NULL, &image),
				    "ELF class 1, of 32 bits (offset 4), for machine");
		}
		image_close(image);
		elf_file_remove(&f);

		elf_file_create(&f);
		elf_file_phdr(&f, PT_LOAD, 0, 0x1000, 0, 0x1000);
		put_u16(machine, words[i].machine, false);
		elf_file_put(&f, 18, machine, 2);
		image = open_core(&f);
		CHECK(image && image->target.word_size == words[i].elf64);
		image_close(image);
		elf_file_remove(&f);
	}
}

static void test_broken(void)
{
	const Elf32_Phdr load = {
		.p_type = PT_LOAD, .p_offset = 0x1000, .p_paddr = 0xfffff000,
		.p_filesz = 0x1000, .p_memsz = 0x1000,
	};
	struct image *image = NULL;
	struct elf_file f;

	make_core(&f, EM_ARM, &load, 1, false);
	CHECK(!ftruncate(f.fd, 0x1800));
	CHECK_ERROR(image_open(f.path, inputs, 0, NULL, &image), "cut off");
	CHECK(!ftruncate(f.fd, 0x40));
	CHECK_ERROR(image_open(f.path, inputs, 0, NULL, &image),
		    "program headers");
	CHECK(!ftruncate(f.fd, 0x30));
	CHECK_ERROR(image_open(f.path, inputs, 0, NULL, &image), "ELF header");
	elf_file_remove(&f);
	make_core(&f, EM_ARM, &load, 1, false);
	elf_file_put(&f, 0x2a, "\70\0", 2);
	CHECK_ERROR(image_open(f.path, inputs, 0, NULL, &image),
		    "(offset 0x2a), not 32");
	elf_file_remove(&f);
}

int main(void)
{
	test_headers(false);
	test_headers(true);
	test_word();
	if (!BYTES_HOST_BIG)
		test_broken();
	return unit_end();
}
