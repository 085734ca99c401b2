/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a CPU maps kernel addresses: one const struct an architecture, all of
 * them in every binary, chosen by the image's e_machine. An architecture says
 * what its page tables look like and where the kernel's are (init, entry);
 * table.h walks them.
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

/* A range of kernel virtual addresses, end exclusive (0: up to the top). */
struct vrange {
	uint64_t start, end;
};

/* Addresses that are mapped without page tables, or whatever these say. */
struct mapping {
	struct vrange range;
	uint64_t paddr;		/* of range.start */
};

/* By the start of their ranges. */
void mappings_sort(struct mapping *mappings, size_t nr);

/* Page tables have at most so many levels: arm64 with 4 KiB pages and LPA2,
 * x86_64, riscv64 sv57, s390x up to region-first tables. */
#define TABLE_LEVELS_MAX 5

/* An entry of a table of this level maps 2^shift bytes, and the table has
 * 2^bits of them. */
struct table_level {
	uint8_t shift, bits;
};

enum entry_kind { ENTRY_NONE, ENTRY_LEAF, ENTRY_TABLE };

/* Which byte orders the kernels of a machine come in. */
enum { ORDER_LITTLE = 1, ORDER_BIG = 2 };

struct space;

struct arch_ops {
	const char *name;	/* as uname -m has it */
	const char *name_little; /* a little-endian kernel's, if both orders
				 * are known; NULL: name */
	uint16_t elf_machine;
	unsigned byte_orders;	/* ORDER_ bits */
	unsigned page_shifts;	/* bit n: kernels may have pages of 2^n bytes */

	unsigned paddr_bits;	/* of physical addresses, at most */
	unsigned paddr_bits_least; /* the fewest a kernel is built for */

	/*
	 * Parts of the image that the kernel frees when it has booted: names of
	 * symbols, in pairs (first byte, end), in ascending order of their
	 * addresses, closed by NULL. NULL: not known.
	 */
	const char *const *freed;

	/*
	 * From VMCOREINFO, and the image where that is not enough: all of the
	 * space from `root` on. May call what table.h and this header have, as
	 * soon as the fields that they need are set. ERROR_INVALID names the
	 * key that is missing or senseless.
	 */
	struct error *(*init)(struct space *space, struct view *view,
			      const struct vmcoreinfo *vmcoreinfo,
			      struct log *log);

	/*
	 * What ENTRY of a table of LEVEL is. *PADDR: of a leaf, where VADDR (a
	 * multiple of the level's 2^shift) is mapped; of a table, where it is.
	 * A table never at level 1. Pure. The entry is as the CPU reads it
	 * (space.table_big_endian).
	 */
	enum entry_kind (*entry)(const struct space *space, uint64_t entry,
				 unsigned level, uint64_t vaddr,
				 uint64_t *paddr);
};

/* The kernel's address space. Immutable after space_init(); any thread. */
struct space {
	const struct arch_ops *ops;
	struct target target;

	uint64_t root;		/* paddr of the top page table */
	unsigned levels;	/* of page tables; level 1 has nothing below
				 * it, the root is at level `levels`; 0: there
				 * are none */
	struct table_level level[TABLE_LEVELS_MAX + 1];	/* [0] is not used */
	unsigned entry_len;	/* bytes of an entry: 4 or 8 */
	bool table_big_endian;
	struct vrange tables;	/* the kernel addresses that the tables map: the
				 * index of an entry is bits of the address, so
				 * it need not begin at the root's first */
	uint64_t phys_mask;	/* for ops->entry: bits that are an address */
	uint64_t encryption_mask; /* x86_64: cleared from each entry (sme_mask),
				   * and not part of phys_mask */

	struct vrange image;	/* where the kernel image is mapped, from first
				 * to last byte (there may be holes), as far as
				 * it is known; translated without tables */
	uint64_t image_offset;	/* image vaddr - paddr */

	bool has_linear;
	uint64_t linear_start;	/* vaddr of physical 0 in the linear map (which
				 * may begin above it); if has_linear */

	uint64_t phys_start;	/* where memory begins, as the kernel counts: of
				 * which frame mem_map[0] is, if it is flat */

	struct mapping *fixed;	/* ascending, disjoint; looked at before the
				 * tables; owned */
	size_t nr_fixed;
};

/* NULL if this machine is not supported. */
const struct arch_ops *arch_find(uint16_t elf_machine);

static inline const char *arch_name(const struct arch_ops *ops, bool big_endian)
{
	return ops->name_little && !big_endian ? ops->name_little : ops->name;
}

/* ERROR_UNSUPPORTED for an unknown machine, ERROR_INVALID if VMCOREINFO lacks
 * what is needed (names the key). After an error there is nothing to
 * deinitialise. */
struct error *space_init(struct space *space, const struct target *target,
			 struct view *view,
			 const struct vmcoreinfo *vmcoreinfo, struct log *log);
void space_deinit(struct space *space);

/* At most so many mappings are known without page tables, 24 MiB of them: ppc64
 * can have one for each 256 KiB of memory. A power of two. */
#define SPACE_FIXED_MAX (1u << 20)

/* For ops->init: adds a mapping that page tables do not show, in any order
 * (they are sorted after init; one that overlaps another is ERROR_INVALID
 * then). Before that, translations do not know them. */
struct error *space_add_fixed(struct space *space, uint64_t vaddr,
			      uint64_t paddr, uint64_t len);

/* ret->len 0 if not mapped. Any thread with its own view. */
struct error *space_translate(const struct space *space, struct view *view,
			      uint64_t vaddr, struct extent *ret);

/* Reads kernel virtual memory. PAGE_ABSENT: not mapped, or in no segment. */
struct error *space_read(const struct space *space, struct view *view,
			 uint64_t vaddr, void *buf, size_t len,
			 enum page_state *ret);

/* Reads a word of the kernel's: an unsigned long or a pointer, 4 or 8 bytes. *RET
 * is 0 if *STATE is not PAGE_OK. */
struct error *space_read_word(const struct space *space, struct view *view,
			      uint64_t vaddr, uint64_t *ret,
			      enum page_state *state);

/* VADDR as the kernel's arithmetic has it, which goes round at its word. */
static inline uint64_t space_wrap(const struct space *space, uint64_t vaddr)
{
	return space->target.word_size == 4 ? (uint32_t)vaddr : vaddr;
}

/* As space_read(); anything but PAGE_OK is an error that names WHAT and
 * vaddr. */
struct error *space_read_exact(const struct space *space, struct view *view,
			       uint64_t vaddr, void *buf, size_t len,
			       const char *what);

/*
 * Whether what the space maps is another kernel than VMCOREINFO is of: its name
 * (vmcoreinfo_utsname()) has another release. A kernel that was kexec'ed leaves
 * the one before in memory, with page tables as good as its own. False, if either
 * name can't be read. For ops->init, as soon as tables can be walked.
 */
struct error *space_is_foreign(const struct space *space, struct view *view,
			       const struct vmcoreinfo *vmcoreinfo, bool *ret);

extern const struct arch_ops arch_arm, arch_arm64, arch_i386, arch_loongarch64,
			     arch_ppc64, arch_riscv64, arch_s390x, arch_x86_64;

#endif
