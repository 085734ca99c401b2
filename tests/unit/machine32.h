/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crashed machine of 32 bits with 32 MiB of memory from PHYS_START on, mapped
 * at PAGE_OFFSET, in any of the four kinds of page tables. At these offsets of
 * memory:
 *   0x0100000  the kernel image, 2 MiB; the top page table at its end
 *   0x0400000  page tables
 *   0x0800000  free for the test
 */
#ifndef CAPDUMP_TESTS_MACHINE32_H
#define CAPDUMP_TESTS_MACHINE32_H

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/image/image.h"
#include "../../src/image/view.h"
#include "said.h"
#include "unit.h"

#define say32 SAY

#define MEMORY		0x2000000ull
#define IMAGE		0x100000ull
#define ROOT		0x2f0000ull
#define TABLES		0x400000ull

enum paging { PAE, CLASSIC, LPAE, SHORT, NR_PAGINGS };

static const struct paging_kind {
	const char *name, *config;
	uint16_t machine;
	unsigned len;		/* of an entry */
	unsigned levels, bits, root_bits;
	uint64_t table, page, large;	/* bits of such entries */
} pagings[NR_PAGINGS] = {
	[PAE] = { "i386 PAE", "CONFIG_X86_PAE=y\n", EM_386, 8, 3, 9, 2,
		  0x63, 0x163 | 1ull << 63, 0x1e3 | 1ull << 63 },
	[CLASSIC] = { "i386", "", EM_386, 4, 2, 10, 10, 0x63, 0x163, 0x1e3 },
	[LPAE] = { "arm LPAE", "CONFIG_ARM_LPAE=y\n", EM_ARM, 8, 3, 9, 2,
		   0x3, 0x70f | 1ull << 54, 0x70d | 1ull << 54 },
	[SHORT] = { "arm", "", EM_ARM, 4, 2, 8, 12, 0x1, 0x45e, 0x1140e },
};

struct machine32 {
	const struct paging_kind *kind;
	uint8_t *mem;
	uint64_t phys_start, page_offset;
	uint64_t next_table;
	uint64_t bad;		/* this page of memory can't be read; 0: none */
	char text[16384];	/* VMCOREINFO so far */
	size_t text_len;
	struct segment segment;
	struct note_extent note;
	struct image image;
	struct view *view;
};

static inline void put32(struct machine32 *m, uint64_t offset, uint32_t v)
{
	put_u32(m->mem + offset, v, false);
}

/* The virtual address of what is at OFFSET of memory. */
static inline uint32_t linear(const struct machine32 *m, uint64_t offset)
{
	return (uint32_t)(m->page_offset + offset);
}

static inline unsigned shift_of(const struct machine32 *m, unsigned level)
{
	return 12 + m->kind->bits * (level - 1);
}

/* The entry for VADDR in a table of LEVEL; makes the tables that lead to it. */
static inline uint8_t *entry_of(struct machine32 *m, uint32_t vaddr,
				unsigned level)
{
	const struct paging_kind *k = m->kind;
	uint64_t table = ROOT;

	for (unsigned at = k->levels;; at--) {
		unsigned bits = at == k->levels ? k->root_bits : k->bits;
		uint64_t index = vaddr >> shift_of(m, at) &
				 ((1u << bits) - 1);
		uint8_t *entry = m->mem + table + index * k->len;
		uint64_t v = get_uint(entry, k->len, false);

		if (at == level)
			return entry;
		if (!v) {
			v = (m->phys_start + m->next_table) | k->table;
			/* as many bytes as the table has, no more */
			m->next_table += (uint64_t)k->len << k->bits;
			if (k->len == 8)
				put_u64(entry, v, false);
			else
				put_u32(entry, (uint32_t)v, false);
		}
		table = (v & 0xfffffffffull & -(uint64_t)(k->len << k->bits)) -
			m->phys_start;
	}
}

static inline void map_entry(struct machine32 *m, uint32_t vaddr,
			     unsigned level, uint64_t entry)
{
	if (m->kind->len == 8)
		put_u64(entry_of(m, vaddr, level), entry, false);
	else
		put_u32(entry_of(m, vaddr, level), (uint32_t)entry, false);
}

/* Maps one page of LEVEL, 1 or 2. */
static inline void map32(struct machine32 *m, uint32_t vaddr, uint64_t paddr,
			 unsigned level)
{
	map_entry(m, vaddr, level, paddr | (level == 1 ? m->kind->page :
					    m->kind->large));
}

static inline enum page_state read32(const struct image *image, void *scratch,
				     uint64_t paddr, void *buf, size_t len,
				     const struct segment *segment)
{
	struct machine32 *m = image->impl;
	uint64_t offset = paddr - segment->paddr;

	(void)scratch;
	if (m->bad && offset < m->bad + 4096 && offset + len > m->bad)
		return PAGE_UNREADABLE;
	memcpy(buf, m->mem + offset, len);
	return PAGE_OK;
}

static const struct image_ops machine32_ops = {
	.name = "test machine",
	.read = read32,
};

static inline void machine32_open(struct machine32 *m)
{
	uint32_t head[3] = { 11, (uint32_t)m->text_len, 0 };
	int fd = memfd_create("machine", MFD_CLOEXEC);
	size_t len = 24 + ((m->text_len + 3) & ~(size_t)3);

	if (fd < 0 || write(fd, head, 12) != 12 ||
	    write(fd, "VMCOREINFO\0", 12) != 12 ||
	    write(fd, m->text, m->text_len) != (ssize_t)m->text_len ||
	    ftruncate(fd, (off_t)len))
		abort();
	m->segment = (struct segment){ m->phys_start, MEMORY, MEMORY, 0 };
	m->note = (struct note_extent){ 0, len };
	m->image = (struct image){
		.ops = &machine32_ops, .path = (char *)"machine", .file.fd = fd,
		.file.size = len, .target = { m->kind->machine, 4, false, 12 },
		.segments = &m->segment, .nr_segments = 1,
		.notes = &m->note, .nr_notes = 1, .impl = m,
	};
	if (view_create(&m->image, VIEW_RANDOM, &m->view))
		abort();
}

static inline void machine32_close(struct machine32 *m)
{
	view_destroy(m->view);
	close(m->image.file.fd);
	free(m->mem);
}

/* Memory mapped at PAGE_OFFSET by large leaves, and what the kernel says. */
static inline void machine32_init(struct machine32 *m, enum paging paging,
				  uint64_t phys_start, uint32_t page_offset)
{
	*m = (struct machine32){
		.kind = &pagings[paging], .phys_start = phys_start,
		.page_offset = page_offset, .next_table = TABLES,
		.mem = calloc(1, MEMORY),
	};
	if (!m->mem)
		abort();
	for (uint64_t p = 0; p < MEMORY; p += 1ull << shift_of(m, 2))
		map32(m, linear(m, p), phys_start + p, 2);
	say32(m, "OSRELEASE=6.1.0-test\nPAGESIZE=4096\n%s"
	      "SYMBOL(swapper_pg_dir)=%x\nSYMBOL(_stext)=%x\n",
	      m->kind->config, linear(m, ROOT), linear(m, IMAGE));
}

#endif
