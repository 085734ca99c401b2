/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crashed arm64 machine with any kind of page tables, in memory: 16 MiB at
 * .base. In there, the kernel image at 2 MiB (its text from 64 KiB on, with a
 * gap where its init sections were), page tables at 8 MiB.
 */
#ifndef CAPDUMP_TESTS_ARM64_MACHINE_H
#define CAPDUMP_TESTS_ARM64_MACHINE_H

#include <elf.h>

#include "../../src/arch/arch.h"
#include "../../src/arch/table.h"
#include "../../src/base/bytes.h"
#include "../../src/image/image.h"
#include "../../src/image/view.h"
#include "said.h"
#include "unit.h"

#define say SAY

#define SIZE		0x1000000ull
#define IMAGE		0x200000ull
#define TEXT		0x10000ull	/* in the image, as what follows */
#define ROOT		0xf0000ull
#define GAP		0x100000ull
#define GAP_END		0x180000ull
#define IMAGE_LEN	0x200000ull
#define TABLES		0x800000ull
#define KASLR		0x5e00000ull
#define HIGH		0x9000000000000ull	/* bits 51 and 48 */
#define LOW		0x40000000ull

/* Bits that are no address: not global, accessed, not for users; execute never,
 * contiguous, dirty, guarded. Tables: execute never, accessed. */
#define LEAF_BITS	0x007c000000000c04ull
#define TABLE_BITS	0x1800000000000400ull
#define SHARED		0x300ull
#define BLOCK_NT	0x10000ull	/* of a block only */

struct paging {
	unsigned page_shift, built, used;
	bool wide;		/* descriptors of LPA or LPA2 */
	uint64_t base;
	bool old;		/* Linux 5.10's linear map */
};

struct arm {
	struct paging p;
	uint8_t *mem;
	uint64_t next_table, image_vaddr, phys_offset, linear;
	unsigned nr_tables;
	char text[4096];
	size_t text_len;
	struct segment segment;
	struct image image;
	struct view *view;
};

static inline unsigned shift_of(const struct paging *p, unsigned level)
{
	return p->page_shift + (level - 1) * (p->page_shift - 3);
}

static inline uint64_t span_of(const struct paging *p, unsigned level)
{
	return 1ull << shift_of(p, level);
}

/* The level of the root: the lowest that reaches all bits. */
static inline unsigned levels_of(const struct paging *p, unsigned va_bits)
{
	unsigned level = 1;

	while (shift_of(p, level + 1) < va_bits)
		level++;
	return level;
}

/* The highest level at which there are blocks. */
static inline unsigned block_level(const struct paging *p)
{
	if (p->page_shift == 12)
		return p->wide ? 4 : 3;
	return p->page_shift == 14 && !p->wide ? 2 : 3;
}

static inline uint64_t pack_address(const struct paging *p, uint64_t paddr)
{
	uint64_t above;

	if (!p->wide)
		return paddr;
	above = paddr >> (p->page_shift == 16 ? 48 : 50);
	return p->page_shift == 16 ? (paddr & 0xffffffffffff) | above << 12 :
	       (paddr & 0x3ffffffffffff) | above << 8;
}

static inline uint64_t *entry_of(struct arm *m, uint64_t vaddr,
				 unsigned leaf_level)
{
	const struct paging *p = &m->p;
	unsigned level = levels_of(p, p->used);
	uint64_t table = IMAGE + ROOT;
	uint64_t mask = levels_of(p, p->built) == level ?
			(1ull << p->built) - 1 : (1ull << p->used) - 1;

	for (;; level--) {
		uint64_t index = (vaddr & mask) >> shift_of(p, level);
		uint8_t *at = m->mem + table + 8 * index;

		if (level == leaf_level)
			return (uint64_t *)at;
		if (!get_u64(at, false)) {
			put_u64(at, pack_address(p, m->p.base +
						 m->next_table) | TABLE_BITS |
				3, false);
			m->next_table += 1ull << p->page_shift;
			m->nr_tables++;
			if (m->next_table > SIZE)
				abort();
		}
		/* the tables lie where the low bits tell */
		table = get_u64(at, false) & (SIZE - 1) &
			-(1ull << p->page_shift);
		mask = span_of(p, level) - 1;
	}
}

static inline void map(struct arm *m, uint64_t vaddr, uint64_t paddr,
		       unsigned level)
{
	put_u64(entry_of(m, vaddr, level), pack_address(&m->p, paddr) |
		LEAF_BITS | (level == 1 ? 3 : 1 | BLOCK_NT) |
		(m->p.wide && m->p.page_shift < 16 ? 0 : SHARED), false);
}

static inline void map_pages(struct arm *m, uint64_t vaddr, uint64_t paddr,
			     uint64_t len)
{
	for (uint64_t at = 0; at < len; at += 1ull << m->p.page_shift)
		map(m, vaddr + at, paddr + at, 1);
}

static inline enum page_state arm_read(const struct image *image,
				       void *scratch, uint64_t paddr,
				       void *buf, size_t len,
				       const struct segment *segment)
{
	const struct arm *m = image->impl;

	(void)scratch;
	(void)segment;
	memcpy(buf, m->mem + (paddr - m->p.base), len);
	return PAGE_OK;
}

static const struct image_ops arm_ops = { .name = "test", .read = arm_read };

static inline void arm_init(struct arm *m, const struct paging *p)
{
	uint64_t bottom = -(1ull << p->built);

	*m = (struct arm){ .p = *p, .next_table = TABLES, .nr_tables = 1 };
	m->mem = calloc(1, SIZE);
	if (!m->mem)
		abort();
	m->image_vaddr = -(1ull << ((p->used < 48 ? p->used : 48) - 1)) +
			 (2ull << 30) + KASLR;
	/* KASLR moves it below the lowest memory, and below 0 */
	m->phys_offset = p->base - (3ull << 30);
	if (p->old)
		bottom = -(1ull << p->used);
	else
		m->phys_offset -= -(1ull << p->used) - bottom;
	m->linear = bottom - m->phys_offset;
	map_pages(m, m->image_vaddr + TEXT, p->base + IMAGE + TEXT, GAP - TEXT);
	map_pages(m, m->image_vaddr + GAP_END, p->base + IMAGE + GAP_END,
		  IMAGE_LEN - GAP_END);
	map_pages(m, m->linear + p->base, p->base, SIZE);
	say(m, "NUMBER(VA_BITS)=%u\n", p->built);
	say(m, "NUMBER(kimage_voffset)=0x%llx\n",
	    (unsigned long long)(m->image_vaddr - p->base - IMAGE));
	say(m, "NUMBER(PHYS_OFFSET)=0x%llx\n",
	    (unsigned long long)m->phys_offset);
	say(m, "SYMBOL(swapper_pg_dir)=%llx\n",
	    (unsigned long long)(m->image_vaddr + ROOT));
	say(m, "SYMBOL(_stext)=%llx\n",
	    (unsigned long long)(m->image_vaddr + TEXT));
}

static inline struct error *arm_open(struct arm *m, struct space *space)
{
	struct vmcoreinfo *v;
	struct error *err;

	m->segment = (struct segment){ m->p.base, SIZE, SIZE, 0 };
	m->image = (struct image){
		.ops = &arm_ops, .path = (char *)"machine", .file.fd = -1,
		.target = { EM_AARCH64, 8, false, m->p.page_shift },
		.segments = &m->segment, .nr_segments = 1, .impl = m,
	};
	if (view_create(&m->image, VIEW_RANDOM, &m->view) ||
	    vmcoreinfo_parse(m->text, m->text_len, &v))
		abort();
	err = space_init(space, &m->image.target, m->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

static inline void arm_close(struct arm *m, struct space *space)
{
	space_deinit(space);
	view_destroy(m->view);
	free(m->mem);
}

static inline void arm_refused(struct arm *m, const char *text)
{
	struct space space;

	CHECK_ERROR(arm_open(m, &space), text);
	view_destroy(m->view);
	free(m->mem);
}

static inline struct extent translate(struct arm *m, struct space *space,
				      uint64_t vaddr)
{
	struct extent extent = { 1, 1, 1 };

	CHECK_OK(space_translate(space, m->view, vaddr, &extent));
	return extent;
}

#endif
