/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image: a crashed machine's memory by physical address, and the ELF notes
 * that came with it. Immutable once open; any thread may use it.
 *
 * Two ways to its bytes:
 *  - a *window* (window.h): a range mapped once, shared by many threads;
 *  - a *view* (view.h): one thread's own small cache, for random access and
 *    wherever mapping is refused.
 */
#ifndef CAPDUMP_IMAGE_IMAGE_H
#define CAPDUMP_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/log.h"
#include "file.h"

struct target {
	uint16_t elf_machine;	/* EM_X86_64 ... */
	uint8_t word_size;	/* the kernel's, bytes: 4 or 8 */
	bool big_endian;
	unsigned page_shift;	/* from VMCOREINFO's PAGESIZE; 12 without */
};

enum page_state { PAGE_OK, PAGE_ABSENT, PAGE_UNREADABLE };

/* Physical memory [paddr, paddr + memsz); what lies beyond filesz is zero. */
struct segment {
	uint64_t paddr, memsz, filesz;	/* bytes; memsz >= filesz */
	uint64_t offset;		/* in the file */
};

/* One past the last page frame that is at least partly in the segment, which is
 * not empty. */
static inline uint64_t segment_end_pfn(const struct segment *segment,
				       unsigned page_shift)
{
	return ((segment->paddr + segment->memsz - 1) >> page_shift) + 1;
}

/* Where the file says that memory is mapped: as they come, maps may overlap. */
struct image_map {
	uint64_t paddr, len, vaddr;	/* len is not 0 */
};

/* One PT_NOTE: bytes of the file. */
struct note_extent {
	uint64_t offset, len;
};

/* Which frames of a dump. */
enum image_frames {
	FRAMES_PRESENT,		/* that the machine had */
	FRAMES_NAMED,		/* that the dump says it has */
	FRAMES_HELD,		/* and does: in a dump that was cut short, or
				 * cut off, these are less */
};

/* Bytes [paddr, end) of memory, all of the same kind. */
typedef struct error *image_run_fn(void *arg, uint64_t paddr, uint64_t end);

/* A page as it lies in its file. */
struct image_block {
	const void *bytes;	/* the view's, until it reads again */
	size_t size;		/* bytes; 0: not known. As many as the page has:
				 * it would not get smaller */
	uint32_t codec;		/* who packed it, or tried to: a number of the
				 * file's format */
};

struct image;

struct image_ops {
	const char *name;	/* "ELF vmcore", "kdump-compressed dump" */

	/* Whether the first bytes of a file are of this kind. */
	bool (*probe)(const uint8_t *head, size_t len);

	/* Fills image (zeroed but for ops, path, file, flags). */
	struct error *(*open)(struct image *image, struct log *log);

	/*
	 * Reads [paddr, paddr + len), which lies within one segment and below
	 * its filesz. PAGE_ABSENT: no such page here; PAGE_UNREADABLE: there
	 * is, but it can't be read, in part or whole. SCRATCH is the view's
	 * own state of scratch_size() bytes, zeroed at first. Any thread.
	 */
	enum page_state (*read)(const struct image *image, void *scratch,
				uint64_t paddr, void *buf, size_t len,
				const struct segment *segment);

	/*
	 * As read(), of one whole page (target.page_shift) that lies within one
	 * segment; BLOCK, zeroed, gets what it was made from if that is PAGE_OK.
	 * May be NULL.
	 */
	enum page_state (*read_block)(const struct image *image, void *scratch,
				      uint64_t paddr, void *buf, size_t len,
				      struct image_block *block);

	/* See image_runs(). NULL: all memory that the machine had is here, and
	 * is what lies in segments. */
	struct error *(*runs)(const struct image *image,
			      enum image_frames frames, uint64_t paddr,
			      uint64_t end, image_run_fn *fn, void *arg);

	size_t (*scratch_size)(const struct image *image);  /* may be NULL */
	void (*scratch_deinit)(void *scratch);		    /* may be NULL */
	void (*close)(struct image *image);
};

struct image {
	const struct image_ops *ops;
	char *path;		/* owned */
	struct image_file file;	/* owned */
	bool can_map;		/* windows may map the file at segment offsets */
	bool salvage;		/* a cut-off file is no error; nor is it if it
				 * is flattened */
	bool part;		/* one file of several is none */
	bool live;		/* /proc/kcore: of the running kernel, and
				 * changing while it is read */
	struct target target;
	struct segment *segments;	/* sorted by paddr, disjoint; owned */
	size_t nr_segments;
	struct note_extent *notes;	/* in file order; owned */
	size_t nr_notes;
	struct note_extent vmcoreinfo;	/* its text, where that is in no note; len
					 * 0: there is none such */
	struct image_map *maps;		/* in file order; owned: maps.h */
	size_t nr_maps;
	uint32_t elf_flags;	/* e_flags of an ELF file */
	bool incomplete;	/* they say that it is: ELF_INCOMPLETE */
	uint64_t page_offset;	/* p_vaddr - p_paddr of the linear map, if the
				 * program headers agree on one; else 0 */
	void *impl;		/* the ops' own; owned by them */
};

#define IMAGE_NO_MAP 1u		/* --non-mmap */
#define IMAGE_SALVAGE 2u	/* --salvage: take a cut-off file; what is missing
				 * is unreadable */

#define IMAGE_PART 4u		/* it may be one of several files */

/*
 * Opens PATH by content, not by name: tries each of OPS (NULL-terminated).
 * Errors name path, offset and value. LOG gets warnings (may be NULL).
 */
struct error *image_open(const char *path, const struct image_ops *const *ops,
			 unsigned flags, struct log *log, struct image **ret);
void image_close(struct image *image);	/* NULL is fine */

/* One past the last byte of physical memory; 0 if there is none. */
uint64_t image_end_paddr(const struct image *image);

/* The index of the first segment that ends after PADDR (nr_segments: none). */
size_t image_find_segment(const struct image *image, uint64_t paddr);

/* Whether any byte of [paddr, paddr + len) lies in a segment. */
bool image_has(const struct image *image, uint64_t paddr, uint64_t len);

/* Whether all of [paddr, paddr + len) lies in segments. */
bool image_covers(const struct image *image, uint64_t paddr, uint64_t len);

/*
 * Calls FN for what of [paddr, end) is of FRAMES, ascending and disjoint. Any
 * thread. A dump's frames are found in its file, which may fail.
 */
struct error *image_runs(const struct image *image, enum image_frames frames,
			 uint64_t paddr, uint64_t end, image_run_fn *fn,
			 void *arg);

/* In e_flags of an ELF dump: it was not finished (makedumpfile.c:
 * DUMP_ELF_INCOMPLETE; crash warns of it). */
#define ELF_INCOMPLETE 0x1u

/* The bits that we set for it: one alone is an ABI on ppc64, see is_incomplete() in
 * elf.c. */
uint32_t elf_incomplete_bits(uint16_t elf_machine, bool big_endian);

/* ELF vmcore: /proc/vmcore, a copy of it, QEMU's dump-guest-memory. */
extern const struct image_ops elf_image_ops;

#endif
