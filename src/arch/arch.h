/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a CPU maps kernel addresses: one const struct an architecture, all of
 * them in every binary, chosen by the image's e_machine.
 */
#ifndef CAPDUMP_ARCH_ARCH_H
#define CAPDUMP_ARCH_ARCH_H

#include "../image/view.h"
#include "../image/vmcoreinfo.h"

/* A translation, and for how far it holds. len 0: not mapped, then `hole`
 * bytes from vaddr on are known to be unmapped (0: unknown). */
struct extent {
	uint64_t paddr, len;	/* bytes */
	uint64_t hole;		/* bytes; only if len is 0 */
};

struct space;

/* Page tables a walk() visits: those of 16 TiB of 2 MiB mappings, and more
 * than any vmalloc area seen. Of these it remembers a quarter (4 MiB). */
#define WALK_MAX (1u << 20)

/* Leaves of one page table that continue each other, virtually and physically,
 * or a page table itself. Straight from the crashed kernel's tables: paddr may
 * lie in no segment. The callback returns NULL to go on. */
struct leaf {
	uint64_t vaddr;		/* sign-extended; of a table: where what it
				 * maps starts */
	uint64_t paddr, len;	/* bytes; of a table: its page */
	bool table;		/* a page of the page tables itself */
};
typedef struct error *leaf_fn(void *arg, const struct leaf *leaf);

/* A range of kernel virtual addresses, end exclusive (0: up to the top). */
struct vrange {
	uint64_t start, end;
};

struct arch_ops {
	const char *name;	/* as uname -m has it */
	uint16_t elf_machine;
	bool big_endian;	/* its kernels' byte order */
	unsigned page_shifts;	/* bit n: kernels may have pages of 2^n bytes */

	unsigned paddr_bits;	/* of physical addresses, at most */
	unsigned paddr_bits_least; /* the fewest a kernel is built for */

	/* Finds the kernel's page tables from VMCOREINFO. */
	struct error *(*init)(struct space *space, struct view *view,
			      const struct vmcoreinfo *vmcoreinfo,
			      struct log *log);

	/* Walks the page tables (after the shortcut of the kernel's own
	 * mapping). A table that can't be read: *ret.len is 0, no error. */
	struct error *(*translate)(const struct space *space,
				   struct view *view, uint64_t vaddr,
				   struct extent *ret);

	/*
	 * Calls FN for every readable page table of the kernel half, and for
	 * the present leaves whose address is in none of the NR_SKIP ranges
	 * (in the skipped ranges, tables of leaves only are not even read).
	 * Each table is visited once at each level it is used at, whatever
	 * points to it, and at most WALK_MAX of them: it ends, in bounded
	 * memory, on nonsense too.
	 */
	struct error *(*walk)(const struct space *space, struct view *view,
			      const struct vrange *skip, size_t nr_skip,
			      leaf_fn *fn, void *arg);
};

/* The kernel's address space. Immutable after space_init(); any thread. */
struct space {
	const struct arch_ops *ops;
	struct target target;
	uint64_t root;		/* paddr of the top page table */
	unsigned levels;	/* of page tables */
	uint64_t encryption_mask; /* cleared from every entry (sme_mask) */
	uint64_t phys_mask;	/* bits of an entry that are an address */
	struct vrange image;	/* where the kernel image is mapped, from first
				 * to last byte (there may be holes) */
	uint64_t image_offset;	/* image vaddr - paddr (x86_64: known before
				 * any page table is) */
	uint64_t linear_start;	/* vaddr of physical 0 in the linear map; 0:
				 * not known */
};

/* NULL if this machine is not supported. */
const struct arch_ops *arch_find(uint16_t elf_machine);

/* ERROR_UNSUPPORTED for an unknown machine, ERROR_INVALID if VMCOREINFO lacks
 * what is needed (names the key). */
struct error *space_init(struct space *space, const struct target *target,
			 struct view *view,
			 const struct vmcoreinfo *vmcoreinfo, struct log *log);

/* ret->len 0 if not mapped. Any thread with its own view. */
struct error *space_translate(const struct space *space, struct view *view,
			      uint64_t vaddr, struct extent *ret);

/* Reads kernel virtual memory. PAGE_ABSENT: not mapped, or in no segment. */
struct error *space_read(const struct space *space, struct view *view,
			 uint64_t vaddr, void *buf, size_t len,
			 enum page_state *ret);

/* The same; anything but PAGE_OK is an error that names WHAT and vaddr. */
struct error *space_read_exact(const struct space *space, struct view *view,
			       uint64_t vaddr, void *buf, size_t len,
			       const char *what);

extern const struct arch_ops arch_x86_64;

#endif
