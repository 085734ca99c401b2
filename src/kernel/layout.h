/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a kernel's struct page, as data. THE place with knowledge of
 * kernel versions: every difference is settled here, once, from what
 * VMCOREINFO *has*, never from a release number.
 */
#ifndef CAPDUMP_KERNEL_LAYOUT_H
#define CAPDUMP_KERNEL_LAYOUT_H

#include "../image/vmcoreinfo.h"

struct field {
	uint16_t offset;	/* bytes, within struct page */
	uint8_t size;		/* bytes; 0: this kernel has none */
};

/* Holds if (word & mask) == value. mask 0: never. */
struct test {
	uint64_t mask, value;
};

enum hugetlb_rule {
	HUGETLB_UNKNOWN,	/* hugetlb pages can't be told: kept */
	HUGETLB_DTOR,		/* a destructor number in page[1] */
	HUGETLB_FLAG,		/* a flag in page[1].flags (6.6-6.8) */
	HUGETLB_TYPE,		/* the page type of the head (6.9+) */
};

enum order_rule {
	ORDER_UNKNOWN,
	ORDER_FIELD,		/* a field of page[1] */
	ORDER_FLAGS_BYTE,	/* low byte of page[1].flags (6.6+), which is
				 * `order` too: a field of one byte */
};

/* What leads from a compound page's tail to its head. */
enum tail_rule {
	TAIL_POINTER,		/* the address of the head's struct page */
	TAIL_MASK,		/* what that has in common with the tail's */
	TAIL_EITHER,		/* one of these (7.1+): its value tells */
};

struct page_layout {
	uint32_t size;		/* of struct page, bytes: a multiple of word */
	uint8_t word;		/* of the kernel's unsigned long and pointers:
				 * the size of flags, mapping, private and
				 * compound; 4 or 8 bytes */
	bool big_endian;
	struct field flags, refcount, mapping, mapcount, private, compound;
	struct field order;	/* within page[1] */
	struct field dtor;	/* within page[1] */
	enum order_rule order_rule;
	enum hugetlb_rule hugetlb_rule;
	/* on flags: single-bit masks, 0 if not known */
	uint64_t lru, private_flag, swapcache, swapbacked, hwpoison, head;
	uint64_t slab_flag;	/* older kernels: PG_slab in flags */
	uint64_t reserved;	/* PG_reserved; for ranks only. Not exported:
				 * kernel_open() derives it from the struct
				 * pages of the kernel's text; 0 when unsure */
	/* on mapcount (32 bits, zero-extended) */
	struct test buddy, offline, unaccepted, slab_type, hugetlb_type;
	struct test table, large_kmalloc, zsmalloc, guard;
	int32_t typed_below;	/* a mapcount below is a page type, known or
				 * not: the page is the kernel's own */
	uint64_t hugetlb_value;	/* the dtor number, or the flag's mask */
	unsigned max_order;	/* highest buddy order, inclusive */
	unsigned max_folio_order;	/* highest compound order, inclusive */
	enum tail_rule tail_rule;
};

/*
 * Settles the layout. An ERROR_INVALID names the first missing key without
 * which no page can be judged. What is missing but can be lived without is
 * warned about, and its pages will be kept.
 */
struct error *layout_init(struct page_layout *layout,
			  const struct target *target,
			  const struct vmcoreinfo *vmcoreinfo,
			  struct log *log);

#endif
