/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crashed x86_64 machine of 32 MiB, in memory: page tables, a VMCOREINFO
 * note, and whatever a test puts there. Physical memory:
 *   0x0000000  16 pages in no segment
 *   0x0200000  the kernel image, 2 MiB; its last page is the top page table
 *   0x0400000  page tables
 *   0x0600000  struct pages (the vmemmap's)
 *   0x0800000  free for the test
 */
#ifndef CAPDUMP_TESTS_MACHINE_H
#define CAPDUMP_TESTS_MACHINE_H

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/image/image.h"
#include "../../src/image/view.h"
#include "said.h"
#include "unit.h"

#define machine_say SAY

#define MACHINE_SIZE	0x2000000ull
#define IMAGE_PADDR	0x200000ull
#define IMAGE_VADDR	0xffffffff9e000000ull	/* moved by KASLR */
#define KERNEL_MAP	0xffffffff80000000ull
#define PHYS_BASE	(IMAGE_PADDR - (IMAGE_VADDR - KERNEL_MAP))
#define ROOT_PADDR	0x3ff000ull
#define TABLES_PADDR	0x400000ull
#define PAGES_PADDR	0x600000ull
#define LINEAR		0xffff9a0040000000ull	/* moved by KASLR */
#define VMEMMAP		0xffffd40040000000ull
#define FIRST_PADDR	0x10000ull

struct machine {
	uint8_t *mem;
	uint64_t next_table;
	unsigned levels;
	uint64_t sme_mask;
	char text[16384];	/* VMCOREINFO so far */
	size_t text_len;
	uint64_t bad_paddr;	/* this page can't be read; 0: none */
	struct segment segment;
	struct note_extent note;
	struct image image;
	struct view *view;
};

static inline void machine_put(struct machine *m, uint64_t paddr, uint64_t v)
{
	put_u64(m->mem + paddr, v, false);
}

static inline void machine_put32(struct machine *m, uint64_t paddr, uint32_t v)
{
	put_u32(m->mem + paddr, v, false);
}

static inline uint64_t machine_get(struct machine *m, uint64_t paddr)
{
	return get_u64(m->mem + paddr, false);
}

/* The physical address of something in the image or the linear map. */
static inline uint64_t machine_paddr(uint64_t vaddr)
{
	return vaddr >= KERNEL_MAP ? vaddr - IMAGE_VADDR + IMAGE_PADDR :
	       vaddr - LINEAR;
}

static inline uint64_t *machine_entry(struct machine *m, uint64_t vaddr,
				      unsigned leaf_level)
{
	uint64_t table = ROOT_PADDR;

	for (unsigned level = m->levels;; level--) {
		uint64_t at = table + 8 * (vaddr >> (3 + 9 * level) & 511);
		uint64_t entry = machine_get(m, at);

		if (level == leaf_level)
			return (uint64_t *)(m->mem + at);
		if (!entry) {
			entry = m->next_table | 0x63 | m->sme_mask;
			m->next_table += 4096;
			machine_put(m, at, entry);
		}
		table = entry & 0xffffffffff000ull & ~m->sme_mask;
	}
}

/* Maps one page of LEVEL (1: 4 KiB, 2: 2 MiB, 3: 1 GiB); global, no-execute. */
static inline void machine_map(struct machine *m, uint64_t vaddr,
			       uint64_t paddr, unsigned level)
{
	put_u64(machine_entry(m, vaddr, level), paddr | m->sme_mask | 0x163 |
		1ull << 63 | (level > 1 ? 0x80 : 0), false);
}

static inline enum page_state machine_read(const struct image *image,
					   void *scratch, uint64_t paddr,
					   void *buf, size_t len,
					   const struct segment *segment)
{
	struct machine *m = image->impl;

	(void)scratch;
	(void)segment;
	if (m->bad_paddr && paddr < m->bad_paddr + 4096 &&
	    paddr + len > m->bad_paddr)
		return PAGE_UNREADABLE;
	memcpy(buf, m->mem + paddr, len);
	return PAGE_OK;
}

static const struct image_ops machine_ops = {
	.name = "test machine",
	.read = machine_read,
};

/* Writes the note and makes the view. */
static inline void machine_open(struct machine *m)
{
	uint8_t head[12] = { 11 };
	int fd = memfd_create("machine", MFD_CLOEXEC);
	size_t len = 24 + ((m->text_len + 3) & ~(size_t)3);

	put_u32(head + 4, (uint32_t)m->text_len, false);
	if (fd < 0 || write(fd, head, 12) != 12 ||
	    write(fd, "VMCOREINFO\0", 12) != 12 ||
	    write(fd, m->text, m->text_len) != (ssize_t)m->text_len ||
	    ftruncate(fd, (off_t)len))
		abort();
	m->segment = (struct segment){ FIRST_PADDR, MACHINE_SIZE - FIRST_PADDR,
				       MACHINE_SIZE - FIRST_PADDR, 0 };
	m->note = (struct note_extent){ 0, len };
	m->image = (struct image){
		.ops = &machine_ops, .path = (char *)"machine", .file.fd = fd,
		.file.size = len,
		.target = { EM_X86_64, 8, false, 12 },
		.segments = &m->segment, .nr_segments = 1,
		.notes = &m->note, .nr_notes = m->text_len > 0,
		.impl = m,
	};
	if (view_create(&m->image, VIEW_RANDOM, &m->view))
		abort();
}

static inline void machine_close(struct machine *m)
{
	view_destroy(m->view);
	close(m->image.file.fd);
	free(m->mem);
}

/* Page tables of LEVELS that map the image and the linear map, and what the
 * kernel says of them. */
static inline void machine_init(struct machine *m, unsigned levels,
				uint64_t sme_mask)
{
	*m = (struct machine){ .levels = levels, .sme_mask = sme_mask };
	m->mem = calloc(1, MACHINE_SIZE);
	if (!m->mem)
		abort();
	m->next_table = TABLES_PADDR;
	machine_map(m, IMAGE_VADDR, IMAGE_PADDR, 2);
	for (uint64_t p = 0; p < MACHINE_SIZE; p += 2u << 20)
		machine_map(m, LINEAR + p, p, 2);
	machine_map(m, VMEMMAP, PAGES_PADDR, 2);
	machine_say(m, "OSRELEASE=6.12.0-test\nPAGESIZE=4096\n"
		    "NUMBER(phys_base)=%lld\nNUMBER(pgtable_l5_enabled)=%d\n"
		    "NUMBER(sme_mask)=%llu\nNUMBER(KERNEL_IMAGE_SIZE)=%d\n"
		    "SYMBOL(init_top_pgt)=%llx\nSYMBOL(_stext)=%llx\n",
		    (long long)PHYS_BASE, levels == 5,
		    (unsigned long long)sme_mask, 1 << 30,
		    IMAGE_VADDR + (ROOT_PADDR - IMAGE_PADDR), IMAGE_VADDR);
}

#endif
