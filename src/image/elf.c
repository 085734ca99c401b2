/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF vmcores of both classes: /proc/vmcore, copies of it, QEMU's
 * dump-guest-memory. Program headers are read in pieces, so that a header that
 * claims millions of them costs no memory.
 */
#include <errno.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "elf_read.h"
#include "image.h"
#include "maps.h"
#include "segments.h"

/* Program headers that we look at: 224 MiB of them. */
#define MAX_PHDRS (1u << 22)

/* PT_NOTEs that we look at. Kernels and kexec-tools make one for each CPU (8192
 * at most) and a few more. */
#define MAX_NOTES (1u << 16)

#define PHDRS_AT_ONCE 512u

/* No machine's physical addresses are longer: 52 bits on x86_64 and arm64, 57
 * of s390x's region tables at most. */
#define MAX_PADDR (1ull << 57)

/* The kernel's own mapping on x86_64 and its like: no linear map there. */
#define KERNEL_MAP_START 0xffffffff00000000ull

struct reader {
	struct image *image;
	struct log *log;
	size_t phdr_len;		/* of this class, bytes */
	size_t segments_size, notes_size;	/* elements allocated */
	uint64_t notes_len;		/* bytes of all PT_NOTEs */
	bool page_offset_differs;
	bool cut_off;			/* that was said */
	uint64_t nr_empty;		/* PT_NULLs */
	uint64_t nr_absurd;		/* PT_LOADs at no possible address */
	uint64_t nr_notes_left_out;
};

static bool elf_probe(const uint8_t *head, size_t len)
{
	return len >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG);
}

/* Makes room for one more element of SIZE bytes in *ARRAY. */
static struct error *grow(void *array, size_t *allocated, size_t nr,
			  size_t size)
{
	size_t more = *allocated ? *allocated * 2 : 16;
	void *p;

	if (nr < *allocated)
		return NULL;
	p = reallocarray(*(void **)array, more, size);
	if (!p)
		return error_nomem();
	*(void **)array = p;
	*allocated = more;
	return NULL;
}

/* A range of the file must lie within it, where its size is known. */
static struct error *check_extent(struct reader *reader, const Elf64_Phdr *phdr,
				  uint64_t at)
{
	const struct image *image = reader->image;
	uint64_t end;

	if (add_overflows(phdr->p_offset, phdr->p_filesz, &end))
		return error_create(ERROR_INVALID,
				    "program header at offset %#llx: p_offset %#llx + p_filesz %#llx overflows",
				    (unsigned long long)at,
				    (unsigned long long)phdr->p_offset,
				    (unsigned long long)phdr->p_filesz);
	if (!image->file.size || end <= image->file.size)
		return NULL;
	if (phdr->p_type == PT_LOAD && image->salvage) {
		if (!reader->cut_off)
			log_warn(reader->log,
				 "%s is cut off at offset %#llx; memory that should follow is unreadable",
				 image->path,
				 (unsigned long long)image->file.size);
		reader->cut_off = true;
		return NULL;
	}
	return error_create(ERROR_INVALID,
			    "cut off: the program header at offset %#llx claims %#llx bytes at offset %#llx, the file ends at %#llx%s",
			    (unsigned long long)at,
			    (unsigned long long)phdr->p_filesz,
			    (unsigned long long)phdr->p_offset,
			    (unsigned long long)image->file.size,
			    phdr->p_type == PT_LOAD ?
			    " (--salvage takes what is there)" : "");
}

static void note_page_offset(struct reader *reader, const Elf64_Phdr *phdr)
{
	uint64_t offset = phdr->p_vaddr - phdr->p_paddr;

	/* QEMU writes 0; old kexec-tools -1 or the physical address, and -1 for
	 * what a 32-bit kernel does not always map */
	if (!phdr->p_vaddr || phdr->p_vaddr >= KERNEL_MAP_START ||
	    phdr->p_vaddr == phdr->p_paddr ||
	    (reader->image->target.word_size == 4 &&
	     phdr->p_vaddr >= UINT32_MAX))
		return;
	if (!reader->image->page_offset && !reader->page_offset_differs)
		reader->image->page_offset = offset;
	if (reader->image->page_offset != offset) {
		reader->page_offset_differs = true;
		reader->image->page_offset = 0;
	}
}

/* Joins SEGMENT to the one before it, if the two continue each other in memory
 * and file, either way round. */
static bool join(struct image *image, const struct segment *segment)
{
	bool zero = !segment->filesz;
	struct segment *last;

	if (!image->nr_segments)
		return false;
	last = &image->segments[image->nr_segments - 1];
	if (!last->filesz != zero ||
	    (!zero && (last->filesz != last->memsz ||
		       segment->filesz != segment->memsz)))
		return false;
	if (last->paddr + last->memsz == segment->paddr &&
	    (zero || last->offset + last->filesz == segment->offset)) {
		/* as it is */
	} else if (segment->paddr + segment->memsz == last->paddr &&
		   (zero || segment->offset + segment->filesz ==
		    last->offset)) {
		last->paddr = segment->paddr;
		last->offset = segment->offset;
	} else {
		return false;
	}
	last->memsz += segment->memsz;
	last->filesz += segment->filesz;
	return true;
}

static struct error *add_load(struct reader *reader, const Elf64_Phdr *phdr,
			      uint64_t at)
{
	struct image *image = reader->image;
	struct segment segment = {
		.paddr = phdr->p_paddr,
		.memsz = max_u64(phdr->p_memsz, phdr->p_filesz),
		.filesz = phdr->p_filesz,
		.offset = phdr->p_offset,
	};
	uint64_t end;

	/* Linux fs/proc/kcore.c: what is no RAM by its address (vmalloc...) */
	if (segment.paddr == UINT64_MAX && !image->file.flat)
		image->live = true;
	if (!segment.memsz || segment.paddr == UINT64_MAX)
		return NULL;
	if (add_overflows(segment.paddr, segment.memsz, &end) ||
	    end > MAX_PADDR) {
		if (!reader->nr_absurd++)
			log_warn(reader->log,
				 "%s: the program header at offset %#llx claims %#llx bytes of memory at %#llx: left out, no machine has that",
				 image->path, (unsigned long long)at,
				 (unsigned long long)segment.memsz,
				 (unsigned long long)segment.paddr);
		return NULL;
	}
	TRY(check_extent(reader, phdr, at));
	note_page_offset(reader, phdr);
	if (image->nr_maps < SEGMENTS_MAX)
		TRY(image_map_add(image, segment.paddr, segment.memsz,
				  phdr->p_vaddr));
	if (join(image, &segment))
		return NULL;
	if (image->nr_segments == SEGMENTS_MAX)
		return segments_too_many();
	TRY(grow(&image->segments, &reader->segments_size, image->nr_segments,
		 sizeof(*image->segments)));
	image->segments[image->nr_segments++] = segment;
	return NULL;
}

/* PT_NOTEs that share bytes of the file are read as often as they are many:
 * all together may claim no more than it has. */
static struct error *add_note(struct reader *reader, const Elf64_Phdr *phdr,
			      uint64_t at)
{
	struct image *image = reader->image;

	if (!phdr->p_filesz)
		return NULL;
	TRY(check_extent(reader, phdr, at));
	if (image->nr_notes == MAX_NOTES ||
	    add_overflows(reader->notes_len, phdr->p_filesz,
			  &reader->notes_len) ||
	    (image->file.size && reader->notes_len > image->file.size)) {
		if (!reader->nr_notes_left_out++)
			log_warn(reader->log,
				 "%s: from the program header at offset %#llx on, the PT_NOTEs are left out: more than %u, or more bytes than the file has",
				 image->path, (unsigned long long)at,
				 MAX_NOTES);
		reader->notes_len = image->file.size;
		return NULL;
	}
	TRY(grow(&image->notes, &reader->notes_size, image->nr_notes,
		 sizeof(*image->notes)));
	image->notes[image->nr_notes++] = (struct note_extent){
		.offset = phdr->p_offset,
		.len = phdr->p_filesz,
	};
	return NULL;
}

/* Whether so many program headers can be. */
static struct error *check_count(const struct reader *reader, uint64_t phoff,
				 uint64_t nr)
{
	const struct image *image = reader->image;
	uint64_t end = phoff + nr * reader->phdr_len;

	if (image->file.size && end > image->file.size)
		return error_create(ERROR_INVALID,
				    "%llu program headers at offset %#llx would end at %#llx, the file ends at %#llx",
				    (unsigned long long)nr,
				    (unsigned long long)phoff,
				    (unsigned long long)end,
				    (unsigned long long)image->file.size);
	if (nr > MAX_PHDRS)
		return error_create(ERROR_UNSUPPORTED,
				    "%llu program headers: more than %u are not read",
				    (unsigned long long)nr, MAX_PHDRS);
	return NULL;
}

static struct error *read_phdrs(struct reader *reader, const Elf64_Ehdr *ehdr,
				uint64_t nr)
{
	const size_t size = reader->phdr_len;
	AUTO_FREE uint8_t *phdrs = malloc(PHDRS_AT_ONCE * size);

	if (!phdrs)
		return error_nomem();
	TRY(check_count(reader, ehdr->e_phoff, nr));
	for (uint64_t i = 0; i < nr; i += PHDRS_AT_ONCE) {
		size_t n = (size_t)min_u64(nr - i, PHDRS_AT_ONCE);
		uint64_t at = ehdr->e_phoff + i * size;
		struct error *err = image_file_read_exact(&reader->image->file,
							  phdrs, n * size, at);

		if (!err)
			err = stop_check();
		if (err)
			return error_wrap(err, "%llu program headers",
					  (unsigned long long)nr);
		for (size_t k = 0; k < n; k++) {
			Elf64_Phdr phdr;

			elf_get_phdr(ehdr, phdrs + k * size, &phdr);
			reader->nr_empty += phdr.p_type == PT_NULL;
			if (phdr.p_type == PT_LOAD)
				TRY(add_load(reader, &phdr, at + k * size));
			else if (phdr.p_type == PT_NOTE)
				TRY(add_note(reader, &phdr, at + k * size));
		}
	}
	return NULL;
}

/* The kernel's word: all others that we know have 64 bits. */
static uint8_t word_size(uint16_t machine)
{
	return machine == EM_386 || machine == EM_ARM ? 4 : 8;
}

/*
 * The class is that of the file, not of the machine: kexec-tools writes either
 * for i386, arm and x86_64 (--elf32-core-headers, --elf64-core-headers; the
 * latter by default if there is memory above 4 GiB), QEMU too (target/i386/
 * arch_dump.c: cpu_get_dump_info()). Of any other machine ELF32 is of a kernel of
 * 32 bits (riscv32, s390, ppc), which no one here can read.
 */
static struct error *check_class(const Elf64_Ehdr *ehdr)
{
	switch (ehdr->e_machine) {
	case EM_386:
	case EM_ARM:
	case EM_X86_64:
		return NULL;
	default:
		if (ehdr->e_ident[EI_CLASS] != ELFCLASS32)
			return NULL;
	}
	return error_create(ERROR_UNSUPPORTED,
			    "ELF class %u, of 32 bits (offset 4), for machine %u (offset 0x12): supported for i386, arm and x86_64 only",
			    ehdr->e_ident[EI_CLASS], ehdr->e_machine);
}

static struct error *check_ehdr(struct reader *reader, const Elf64_Ehdr *ehdr)
{
	bool narrow = ehdr->e_ident[EI_CLASS] == ELFCLASS32;
	struct target *target = &reader->image->target;

	reader->phdr_len = narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	if (ehdr->e_type != ET_CORE)
		return error_create(ERROR_INVALID,
				    "an ELF file, but not a core: e_type is %u (offset 0x10)",
				    ehdr->e_type);
	TRY(check_class(ehdr));
	if (ehdr->e_phentsize != reader->phdr_len)
		return error_create(ERROR_INVALID,
				    "e_phentsize is %u (offset %#x), not %zu",
				    ehdr->e_phentsize, narrow ? 0x2a : 0x36,
				    reader->phdr_len);
	if (ehdr->e_phoff > INT64_MAX)
		return error_create(ERROR_INVALID,
				    "e_phoff is %#llx (offset 0x20)",
				    (unsigned long long)ehdr->e_phoff);
	target->elf_machine = ehdr->e_machine;
	target->word_size = word_size(ehdr->e_machine);
	target->big_endian = ehdr->e_ident[EI_DATA] == ELFDATA2MSB;
	reader->image->elf_flags = ehdr->e_flags;
	return NULL;
}

/*
 * Whether e_flags say INCOMPLETE. In the same bits machines have their ABI, of
 * which kernels write into a core: on riscv 0 and not EF_RISCV_RVC; on ppc64 0 or 2
 * (ELF_CORE_EFLAGS in /proc/kcore; fadump: arch/powerpc/kernel/fadump.c,
 * fadump_init_elfcore_header()), and 1 of a kernel of ABI 1, which is big-endian.
 * There the mark is 3 (capdump), or 1 with a program header that was not written.
 */
static bool is_incomplete(const struct reader *reader)
{
	const struct image *image = reader->image;
	bool abi_1 = image->target.elf_machine == EM_PPC64 &&
		     image->target.big_endian &&
		     (image->elf_flags & EF_PPC64_ABI) == 1;

	return image->elf_flags & ELF_INCOMPLETE &&
	       (!abi_1 || reader->nr_empty);
}

uint32_t elf_incomplete_bits(uint16_t elf_machine, bool big_endian)
{
	return elf_machine == EM_PPC64 && big_endian ? EF_PPC64_ABI :
	       ELF_INCOMPLETE;
}

static struct error *elf_open(struct image *image, struct log *log)
{
	struct reader reader = { .image = image, .log = log,
				 .cut_off = image->file.cut_off };
	Elf64_Ehdr ehdr;
	uint64_t nr;

	TRY(elf_read_ehdr(&image->file, &ehdr));
	TRY(check_ehdr(&reader, &ehdr));
	TRY(elf_count_phdrs(&image->file, &ehdr, &nr));
	TRY(read_phdrs(&reader, &ehdr, nr));
	image->incomplete = is_incomplete(&reader);
	if (!image->nr_segments)
		return error_create(ERROR_INVALID,
				    "none of its %llu program headers is a PT_LOAD%s: no memory",
				    (unsigned long long)nr, reader.nr_absurd ?
				    " with a physical address" : "");
	return segments_normalize(&image->segments, &image->nr_segments);
}

/*
 * /proc/kcore has one buffer for each time it was opened, and no lock: of two
 * reads at once one gets what the other asked for (Linux 7.2 fs/proc/kcore.c:
 * read_kcore_iter(), file->private_data). So each view opens it for itself.
 */
struct elf_scratch {
	int fd_plus_1;
};

static size_t elf_scratch_size(const struct image *image)
{
	return image->live ? sizeof(struct elf_scratch) : 0;
}

static void elf_scratch_deinit(void *p)
{
	struct elf_scratch *scratch = p;

	if (scratch->fd_plus_1)
		close(scratch->fd_plus_1 - 1);
}

static struct error *open_again(const struct image *image,
				struct elf_scratch *scratch)
{
	char path[32];
	int fd = -1;

	if (scratch->fd_plus_1)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image->file.fd);
	TRY(io_open_read(path, &fd));
	scratch->fd_plus_1 = fd + 1;
	return NULL;
}

static enum page_state elf_read(const struct image *image, void *p,
				uint64_t paddr, void *buf, size_t len,
				const struct segment *segment)
{
	uint64_t offset = segment->offset + (paddr - segment->paddr);
	struct elf_scratch *scratch = p;
	struct error *err;
	size_t done = 0;

	if (!image_file_has(&image->file, offset, len))
		return PAGE_UNREADABLE;
	err = scratch ? open_again(image, scratch) : NULL;
	if (!err && scratch)
		err = io_pread(scratch->fd_plus_1 - 1, buf, len, offset, &done);
	else if (!err)
		err = image_file_read(&image->file, buf, len, offset, &done);
	if (!err && done == len)
		return PAGE_OK;
	error_destroy(err);
	return PAGE_UNREADABLE;
}

const struct image_ops elf_image_ops = {
	.name = "ELF vmcore",
	.probe = elf_probe,
	.open = elf_open,
	.read = elf_read,
	.scratch_size = elf_scratch_size,
	.scratch_deinit = elf_scratch_deinit,
};
