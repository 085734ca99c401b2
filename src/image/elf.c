/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF64 vmcores: /proc/vmcore, copies of it, QEMU's dump-guest-memory. libelf
 * decodes the headers; program headers are read in pieces, so that a header
 * that claims millions of them costs no memory.
 */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "image.h"
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
	size_t segments_size, notes_size;	/* elements allocated */
	uint64_t notes_len;		/* bytes of all PT_NOTEs */
	bool page_offset_differs;
	bool cut_off;			/* that was said */
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
	if (!image->size || end <= image->size)
		return NULL;
	if (phdr->p_type == PT_LOAD && image->salvage) {
		if (!reader->cut_off)
			log_warn(reader->log,
				 "%s is cut off at offset %#llx; memory that should follow is unreadable",
				 image->path, (unsigned long long)image->size);
		reader->cut_off = true;
		return NULL;
	}
	return error_create(ERROR_INVALID,
			    "cut off: the program header at offset %#llx claims %#llx bytes at offset %#llx, the file ends at %#llx%s",
			    (unsigned long long)at,
			    (unsigned long long)phdr->p_filesz,
			    (unsigned long long)phdr->p_offset,
			    (unsigned long long)image->size,
			    phdr->p_type == PT_LOAD ?
			    " (--salvage takes what is there)" : "");
}

static void note_page_offset(struct reader *reader, const Elf64_Phdr *phdr)
{
	uint64_t offset = phdr->p_vaddr - phdr->p_paddr;

	/* QEMU writes 0; old kexec-tools -1 or the physical address */
	if (!phdr->p_vaddr || phdr->p_vaddr >= KERNEL_MAP_START ||
	    phdr->p_vaddr == phdr->p_paddr)
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

	if (!segment.memsz)
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
	    (image->size && reader->notes_len > image->size)) {
		if (!reader->nr_notes_left_out++)
			log_warn(reader->log,
				 "%s: from the program header at offset %#llx on, the PT_NOTEs are left out: more than %u, or more bytes than the file has",
				 image->path, (unsigned long long)at,
				 MAX_NOTES);
		reader->notes_len = image->size;
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
static struct error *check_count(const struct image *image, uint64_t phoff,
				 uint64_t nr)
{
	uint64_t end = phoff + nr * sizeof(Elf64_Phdr);

	if (image->size && end > image->size)
		return error_create(ERROR_INVALID,
				    "%llu program headers at offset %#llx would end at %#llx, the file ends at %#llx",
				    (unsigned long long)nr,
				    (unsigned long long)phoff,
				    (unsigned long long)end,
				    (unsigned long long)image->size);
	if (nr > MAX_PHDRS)
		return error_create(ERROR_UNSUPPORTED,
				    "%llu program headers: more than %u are not read",
				    (unsigned long long)nr, MAX_PHDRS);
	return NULL;
}

static struct error *read_phdrs(struct reader *reader, const Elf64_Ehdr *ehdr,
				uint64_t nr)
{
	static const size_t size = sizeof(Elf64_Phdr);
	AUTO_FREE Elf64_Phdr *raw = malloc(PHDRS_AT_ONCE * size);
	AUTO_FREE Elf64_Phdr *phdrs = malloc(PHDRS_AT_ONCE * size);

	if (!raw || !phdrs)
		return error_nomem();
	TRY(check_count(reader->image, ehdr->e_phoff, nr));
	for (uint64_t i = 0; i < nr; i += PHDRS_AT_ONCE) {
		size_t n = (size_t)min_u64(nr - i, PHDRS_AT_ONCE);
		uint64_t at = ehdr->e_phoff + i * size;
		Elf_Data src = { .d_buf = raw, .d_size = n * size,
				 .d_type = ELF_T_PHDR, .d_version = EV_CURRENT };
		Elf_Data dst = { .d_buf = phdrs, .d_size = n * size,
				 .d_type = ELF_T_PHDR, .d_version = EV_CURRENT };
		struct error *err = io_pread_exact(reader->image->fd, raw,
						   n * size, at);

		if (!err)
			err = stop_check();
		if (err)
			return error_wrap(err, "%llu program headers",
					  (unsigned long long)nr);
		if (!elf64_xlatetom(&dst, &src, ehdr->e_ident[EI_DATA]))
			return error_create(ERROR_INVALID,
					    "program headers: %s",
					    elf_errmsg(-1));
		for (size_t k = 0; k < n; k++) {
			const Elf64_Phdr *phdr = &phdrs[k];

			if (phdr->p_type == PT_LOAD)
				TRY(add_load(reader, phdr, at + k * size));
			else if (phdr->p_type == PT_NOTE)
				TRY(add_note(reader, phdr, at + k * size));
		}
	}
	return NULL;
}

/* The number of program headers; PN_XNUM: it is in section header 0. */
static struct error *count_phdrs(Elf *elf, const Elf64_Ehdr *ehdr,
				 uint64_t *ret)
{
	Elf64_Shdr *shdr;
	Elf_Scn *scn;

	*ret = ehdr->e_phnum;
	if (ehdr->e_phnum != PN_XNUM)
		return NULL;
	scn = elf_getscn(elf, 0);
	shdr = scn ? elf64_getshdr(scn) : NULL;
	if (!shdr)
		return error_create(ERROR_INVALID,
				    "e_phnum is PN_XNUM, but there is no section header 0 at e_shoff %#llx",
				    (unsigned long long)ehdr->e_shoff);
	*ret = shdr->sh_info;
	return NULL;
}

static struct error *check_ehdr(struct image *image, const Elf64_Ehdr *ehdr)
{
	if (ehdr->e_type != ET_CORE)
		return error_create(ERROR_INVALID,
				    "an ELF file, but not a core: e_type is %u (offset 0x10)",
				    ehdr->e_type);
	if (ehdr->e_phentsize != sizeof(Elf64_Phdr))
		return error_create(ERROR_INVALID,
				    "e_phentsize is %u (offset 0x36), not %zu",
				    ehdr->e_phentsize, sizeof(Elf64_Phdr));
	if (ehdr->e_phoff > INT64_MAX)
		return error_create(ERROR_INVALID,
				    "e_phoff is %#llx (offset 0x20)",
				    (unsigned long long)ehdr->e_phoff);
	image->target.elf_machine = ehdr->e_machine;
	image->target.word_size = 8;
	image->target.big_endian = ehdr->e_ident[EI_DATA] == ELFDATA2MSB;
	return NULL;
}

static struct error *read_headers(struct reader *reader, Elf *elf)
{
	struct image *image = reader->image;
	size_t ident_len = 0;
	const char *ident;
	Elf64_Ehdr *ehdr;
	uint64_t nr;

	ident = elf ? elf_getident(elf, &ident_len) : NULL;
	if (!ident || ident_len < EI_NIDENT)
		return error_create(ERROR_INVALID,
				    "no ELF header: the file ends at %#llx",
				    (unsigned long long)image->size);
	if (ident[EI_CLASS] == ELFCLASS32)
		return error_create(ERROR_UNSUPPORTED,
				    "an ELF32 core: 32-bit machines are not supported yet");
	if (ident[EI_CLASS] != ELFCLASS64 ||
	    (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB))
		return error_create(ERROR_INVALID,
				    "ELF class %u, byte order %u (offset 4)",
				    (uint8_t)ident[EI_CLASS],
				    (uint8_t)ident[EI_DATA]);
	ehdr = elf64_getehdr(elf);
	if (!ehdr)
		return error_create(ERROR_INVALID,
				    "no whole ELF header: the file ends at %#llx",
				    (unsigned long long)image->size);
	TRY(check_ehdr(image, ehdr));
	TRY(count_phdrs(elf, ehdr, &nr));
	TRY(read_phdrs(reader, ehdr, nr));
	if (!image->nr_segments)
		return error_create(ERROR_INVALID,
				    "none of its %llu program headers is a PT_LOAD%s: no memory",
				    (unsigned long long)nr, reader->nr_absurd ?
				    " with a physical address" : "");
	return segments_normalize(&image->segments, &image->nr_segments);
}

static struct error *elf_open(struct image *image, struct log *log)
{
	struct reader reader = { .image = image, .log = log };
	struct error *err;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(image->fd, ELF_C_READ, NULL);
	err = read_headers(&reader, elf);
	elf_end(elf);
	return err;
}

static enum page_state elf_read(const struct image *image, void *scratch,
				uint64_t paddr, void *buf, size_t len,
				const struct segment *segment)
{
	struct error *err;
	size_t done;

	(void)scratch;
	err = io_pread(image->fd, buf, len,
		       segment->offset + (paddr - segment->paddr), &done);
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
};
