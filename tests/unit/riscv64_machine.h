/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A riscv64 machine in the memory of machine.h, 32 MiB from RAM on:
 *   +0x0200000  the kernel image, 4 MiB; its last page is the top page table
 *   +0x0800000  page tables
 *   +0x1000000  free for the test
 */
#ifndef CAPDUMP_TESTS_RISCV64_MACHINE_H
#define CAPDUMP_TESTS_RISCV64_MACHINE_H

#include "../../src/arch/arch.h"
#include "machine.h"

#define RAM	0x80000000ull
#define IMAGE	(RAM + 0x200000)
#define ROOT	(IMAGE + 0x3ff000)
#define LINK	0xffffffff80000000ull
#define V	0x1ull
#define RW	0x6ull
#define PROT	0xe7ull	/* dirty, accessed, global, write, read, valid */

static const uint64_t page_offsets[] = {
	[3] = 0xffffffd600000000, [4] = 0xffffaf8000000000,
	[5] = 0xff60000000000000,
};

static inline enum page_state ram_read(const struct image *image,
				       void *scratch, uint64_t paddr, void *buf,
				       size_t len,
				       const struct segment *segment)
{
	return machine_read(image, scratch, paddr - RAM, buf, len, segment);
}

static const struct image_ops ram_ops = { .name = "RAM", .read = ram_read };

/* The entry of LEVEL for VADDR; tables above it are made. */
static inline uint64_t *entry_of(struct machine *m, uint64_t vaddr,
				 unsigned level)
{
	uint64_t table = ROOT - RAM;

	for (unsigned i = m->levels;; i--) {
		uint64_t at = table + 8 * (vaddr >> (3 + 9 * i) & 511);

		if (i == level)
			return (uint64_t *)(m->mem + at);
		if (!machine_get(m, at)) {
			machine_put(m, at, (m->next_table >> 2) | V);
			m->next_table += 4096;
		}
		table = ((machine_get(m, at) & ~0x3ffull) << 2) - RAM;
	}
}

static inline void map(struct machine *m, uint64_t vaddr, uint64_t paddr,
		unsigned level, uint64_t bits)
{
	put_u64(entry_of(m, vaddr, level), paddr >> 2 | PROT | bits, false);
}

/* Tables of LEVELS, the image at VADDR, all of RAM at OFFSET; nothing said. */
static inline void rv_init(struct machine *m, unsigned levels, uint64_t vaddr,
		    uint64_t offset)
{
	*m = (struct machine){ .levels = levels, .next_table = RAM + 0x800000 };
	m->mem = calloc(1, MACHINE_SIZE);
	if (!m->mem)
		abort();
	map(m, vaddr, IMAGE, 2, 0);
	map(m, vaddr + 0x200000, IMAGE + 0x200000, 2, 0);
	for (uint64_t p = 0; p < MACHINE_SIZE; p += 2u << 20)
		map(m, offset + p, RAM + p, 2, 0);
	machine_say(m, "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)=%llx\n"
		    "SYMBOL(_stext)=%llx\n",
		    (unsigned long long)vaddr + 0x3ff000,
		    (unsigned long long)vaddr + 0x2000);
}

/* What 6.2 and later say. */
static inline void rv_say(struct machine *m, uint64_t vaddr)
{
	machine_say(m, "NUMBER(va_kernel_pa_offset)=0x%llx\n"
		    "NUMBER(PAGE_OFFSET)=0x%llx\nNUMBER(phys_ram_base)=%lld\n",
		    vaddr - IMAGE, (unsigned long long)page_offsets[m->levels],
		    RAM);
}

static inline void rv_usual(struct machine *m, unsigned levels)
{
	rv_init(m, levels, LINK, page_offsets[levels]);
	rv_say(m, LINK);
}

static inline struct error *rv_open(struct machine *m, struct space *space)
{
	struct vmcoreinfo *v;
	struct error *err;

	machine_open(m);
	m->image.ops = &ram_ops;
	m->segment.paddr = RAM;
	m->segment.memsz = m->segment.filesz = MACHINE_SIZE;
	m->image.target.elf_machine = EM_RISCV;
	if (vmcoreinfo_parse(m->text, m->text_len, &v))
		abort();
	err = space_init(space, &m->image.target, m->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

#endif
