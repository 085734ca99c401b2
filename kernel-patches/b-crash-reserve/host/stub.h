/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/crash_reserve.c and others use of the kernel, for the host: the headers in
 * linux/ and asm/ are this one.
 */
#ifndef STUB_H
#define STUB_H

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
#define CONFIG_CRASH_RESERVE 1
#define CONFIG_ARCH_HAS_GENERIC_CRASHKERNEL_RESERVATION 1

#define __always_unused	__attribute__((unused))

typedef uint64_t phys_addr_t, u64;
struct range { uint64_t start, end; };
struct resource {
	const char *name;
	phys_addr_t start, end;
	unsigned long flags, desc;
};
enum { IORESOURCE_BUSY, IORESOURCE_SYSTEM_RAM, IORES_DESC_CRASH_KERNEL };
static struct resource iomem_resource __always_unused;

#define __init
#define __initdata
#define __ro_after_init
#define early_param(name, function) \
	static int (*const param_##function)(char *) __always_unused = function

#define PAGE_SIZE 4096UL

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ALIGN_DOWN(x, a) ((x) / (a) * (a))
#define ALIGN(x, a)	ALIGN_DOWN((x) + (a) - 1, a)
#define roundup(x, a)	ALIGN(x, a)
#define min(a, b)	((a) < (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max(a, b)	((a) > (b) ? (a) : (b))
#define check_add_overflow(a, b, sum)	__builtin_add_overflow(a, b, sum)

/* How often WARN() and pr_err() logged */
static int warned __always_unused, errors __always_unused;
#define pr_err(...)	(errors++, printk(__VA_ARGS__))
#define WARN(condition, ...) ((condition) ? warned++, printk(__VA_ARGS__), true : false)

static phys_addr_t arch_low_max __always_unused, arch_high_max __always_unused;
static phys_addr_t arch_low_size __always_unused;
static bool arch_64bit __always_unused, arch_extra __always_unused;
#define IS_ENABLED(option)	arch_64bit	/* it is asked for CONFIG_64BIT alone */

static inline int kstrtobool(const char *s, bool *value)
{
	if (strcmp(s, "on") && strcmp(s, "off"))
		return -EINVAL;
	*value = !strcmp(s, "on");
	return 0;
}

static inline int sysfs_emit_at(char *buf, int at, const char *format,
				unsigned long long size, const char *state, const char *who)
{
	return sprintf(buf + at, format, size, state, who);
}

static inline void insert_resource(struct resource *root, struct resource *new)
{
	(void)root;
	if (new->start >= new->end)
		abort();
}

static inline void kmemleak_ignore_phys(phys_addr_t base)
{
	(void)base;
}

/* what is there, ascending; end is not in it */
static struct range memory[2] __always_unused;
#define for_each_mem_range(i, first, last) \
	for (i = 0; i < ARRAY_SIZE(memory) && (*(first) = memory[i].start, \
					       *(last) = memory[i].end, true); i++)
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end);
void memblock_phys_free(phys_addr_t base, phys_addr_t size);

#endif
