/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/crash_reserve.c and kernel/crash_ranges.c use of the kernel, for the
 * host: the headers in linux/, asm/ and kunit/ are this one.
 */
#ifndef STUB_H
#define STUB_H

#include <assert.h>
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "../../host/kernel.h"

#define CONFIG_64BIT 1
#define CONFIG_CMA 1
#define CONFIG_CRASH_RESERVE 1
#define CONFIG_VMCORE_INFO 1
#ifndef OWN_RESERVATION		/* arm, mips, s390, sh */
#define CONFIG_ARCH_HAS_GENERIC_CRASHKERNEL_RESERVATION 1
#endif

typedef uint8_t u8;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef uint64_t phys_addr_t;
struct range { u64 start, end; };
struct resource {
	const char *name;
	u64 start, end;
	unsigned long flags, desc;
};
enum { IORESOURCE_BUSY, IORESOURCE_SYSTEM_RAM, IORES_DESC_CRASH_KERNEL };
static struct resource iomem_resource __attribute__((unused));

#define __init
#define __initdata
#define __always_unused	__attribute__((unused))
#define early_param(name, function) \
	static int (*const param_##function)(char *) __always_unused = function
#define early_initcall(function) \
	static int (*const initcall_early)(void) __always_unused = function
#define postcore_initcall(function) \
	static int (*const initcall_postcore)(void) __always_unused = function
#define subsys_initcall(function) \
	static int (*const initcall_subsys)(void) = function

/* the locks: nobody else is there */
#define DEFINE_SPINLOCK(name)	int name
#define scoped_guard(kind, lock) if ((*(lock))++, true)
#define guard(kind)		(void)
#define smp_store_release(p, v)	(*(p) = (v))
#define WRITE_ONCE(x, v)	((x) = (v))
#define EXPORT_SYMBOL_IF_KUNIT(name)	typedef int exported_##name
#define VMCOREINFO_STRUCT_SIZE(name) \
	printk("SIZE(" #name ")=%zu\n", sizeof(struct name))
#define VMCOREINFO_SYMBOL_ARRAY(name) \
	printk("SYMBOL(" #name ")=%016zx\n", (size_t)(name))
#define VMCOREINFO_LENGTH(name, value) \
	printk("LENGTH(" #name ")=%zu\n", (size_t)(value))

#define SZ_2M	0x200000
#define SZ_4G	0x100000000ULL
#define SZ_128M	0x8000000
#define PAGE_SIZE 4096ULL
/* a pageblock */
static u64 pageblock_size __attribute__((unused)) = SZ_2M;
#define CMA_MIN_ALIGNMENT_BYTES pageblock_size
#define ENOSPC	28

#define ALIGN(x, a)	(((x) + (a) - 1) / (a) * (a))
#define roundup(x, a)	ALIGN(x, a)

#define pr_warn_once printk
#define pr_err	printk

static inline void insert_resource(struct resource *root, struct resource *new)
{
	(void)root;
	(void)new;
}

static inline void kmemleak_ignore_phys(phys_addr_t base)
{
	(void)base;
}

struct cma;
phys_addr_t cma_get_base(const struct cma *cma);
unsigned long cma_get_size(const struct cma *cma);
int cma_declare_contiguous(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
			   phys_addr_t alignment, unsigned int order_per_bit,
			   bool fixed, const char *name, struct cma **res);
phys_addr_t memblock_end_of_DRAM(void);
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end);
void memblock_phys_free(phys_addr_t base, phys_addr_t size);

#endif
