/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each machine's kernel runs, by variables that it has set itself: they
 * lie in its image, at a distance that the linker settled.
 */
#include "locate_place.h"

#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "../base/bytes.h"

/* The variable NAME, of SIZE bytes, OFFSET into it. */
static bool variable(const struct place *p, const char *name, uint64_t offset,
		     unsigned size, uint64_t *ret)
{
	uint64_t vaddr;
	uint8_t raw[8];

	if (!vmcoreinfo_number(p->given, "SYMBOL", name, &vaddr) ||
	    view_read_whole(p->view, p->paddr + (vaddr - p->names) + offset,
			    raw, size) != PAGE_OK)
		return false;
	*ret = get_uint(raw, size, p->big_endian);
	return true;
}

static void __attribute__((format(printf, 2, 3)))
add(struct place *p, const char *fmt, ...)
{
	size_t len = strlen(p->lines);
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->lines + len, sizeof(p->lines) - len, fmt, args);
	va_end(args);
}

/* Linux arch/x86/include/asm/page_64_types.h: __START_KERNEL_map, the image is
 * moved within 1 GiB by multiples of CONFIG_PHYSICAL_ALIGN, 2 MiB or more. */
#define X86_MAP		0xffffffff80000000ull
#define X86_SIZE	(1ull << 30)
#define X86_ALIGN	(2ull << 20)

#define X86_VARIANTS	(2 * (unsigned)(X86_SIZE / X86_ALIGN))

/* Without these variables (a file of makedumpfile -g) all places in the virtual
 * range are tried, with 4 and 5 levels; the page tables tell. */
static bool settle_x86_64(struct place *p, unsigned variant)
{
	uint64_t phys_base, five = variant % 2, mask = 0;

	if (variable(p, "phys_base", 0, 8, &phys_base)) {
		if (variant > 1)
			return false;
		p->moved = p->paddr - phys_base + X86_MAP - p->names;
	} else {
		p->moved = variant / 2 * X86_ALIGN;
		phys_base = p->paddr - (p->names + p->moved - X86_MAP);
	}
	if (p->moved >= X86_SIZE || p->moved % X86_ALIGN)
		return false;
	if (variable(p, "__pgtable_l5_enabled", 0, 4, &five) && variant % 2)
		return false;
	five = five != 0;
	variable(p, "sme_me_mask", 0, 8, &mask);
	add(p, "NUMBER(phys_base)=%" PRId64 "\n", (int64_t)phys_base);
	add(p, "NUMBER(KERNEL_IMAGE_SIZE)=%llu\n", X86_SIZE);
	add(p, "NUMBER(pgtable_l5_enabled)=%u\n", (unsigned)five);
	add(p, "NUMBER(sme_mask)=%" PRIu64 "\n", mask);
	/* Linux arch/x86/include/asm/sparsemem.h */
	add(p, "NUMBER(MAX_PHYSMEM_BITS)=%u\n", five ? 52 : 46);
	return true;
}

/*
 * VA_BITS is a macro; the lowest that the kernel can run with shows in where it
 * was linked: at -2^(bits-1) and a few hundred MiB (Linux 5.10 to 7.2
 * arch/arm64/include/asm/memory.h: KIMAGE_VADDR, _PAGE_END(VA_BITS_MIN)). It is
 * that, or 52; with that one or the other its linear map is where it should be.
 */
static bool settle_arm64(struct place *p, unsigned variant)
{
	unsigned bits = 65 - (unsigned)__builtin_clzll(~p->names | 1);
	bool most = variant == 1;
	uint64_t voffset, start;

	p->doubtful = variant == 0;
	if ((most && (bits < 47 || bits > 48)) ||
	    !variable(p, "kimage_voffset", 0, 8, &voffset) || !voffset ||
	    !variable(p, "memstart_addr", 0, 8, &start))
		return false;
	p->moved = p->paddr + voffset - p->names;
	if (p->moved % 4096 || p->moved >> 52)
		return false;
	add(p, "NUMBER(kimage_voffset)=0x%" PRIx64 "\n", voffset);
	add(p, "NUMBER(PHYS_OFFSET)=0x%" PRIx64 "\n", start);
	add(p, "NUMBER(VA_BITS)=%u\n", most ? 52 : bits);
	add(p, "NUMBER(MAX_PHYSMEM_BITS)=%u\n", most ? 52 : 48);
	return true;
}

/* What runs where the linear map has it: Linux arch/powerpc/include/asm/page.h:
 * PAGE_OFFSET; book3s/64/mmu.h: [HR]_MAX_PHYSMEM_BITS. */
static bool settle_ppc64(struct place *p, unsigned variant)
{
	(void)variant;
	p->moved = p->paddr + 0xc000000000000000ull - p->names;
	add(p, "NUMBER(MAX_PHYSMEM_BITS)=51\n");
	return true;
}

/* Linux arch/loongarch/include/asm/addrspace.h: CACHE_BASE; sparsemem.h */
static bool settle_loongarch64(struct place *p, unsigned variant)
{
	(void)variant;
	p->moved = p->paddr + 0x9000000000000000ull - p->names;
	add(p, "NUMBER(MAX_PHYSMEM_BITS)=48\n");
	return true;
}

/* Linux 5.13+ arch/riscv/include/asm/page.h: struct kernel_mapping */
static bool settle_riscv64(struct place *p, unsigned variant)
{
	uint64_t at, page_at, offset, page_offset, ram;

	(void)variant;
	if (!vmcoreinfo_number(p->given, "OFFSET",
			       "kernel_mapping.va_kernel_pa_offset", &at) ||
	    !vmcoreinfo_number(p->given, "OFFSET",
			       "kernel_mapping.page_offset", &page_at) ||
	    !variable(p, "kernel_map", at, 8, &offset) ||
	    !variable(p, "kernel_map", page_at, 8, &page_offset))
		return false;
	p->moved = p->paddr + offset - p->names;
	if (p->moved % 4096)
		return false;
	add(p, "NUMBER(va_kernel_pa_offset)=0x%" PRIx64 "\n", offset);
	add(p, "NUMBER(PAGE_OFFSET)=0x%" PRIx64 "\n", page_offset);
	if (variable(p, "phys_ram_base", 0, 8, &ram))
		add(p, "NUMBER(phys_ram_base)=%" PRIu64 "\n", ram);
	add(p, "NUMBER(MAX_PHYSMEM_BITS)=56\n");
	return true;
}

static const struct place_rule rules[] = {
	{ EM_X86_64, X86_ALIGN, X86_VARIANTS, settle_x86_64 },
	/* Linux drivers/firmware/efi/libstub/arm64-stub.c: EFI_KIMG_ALIGN */
	{ EM_AARCH64, 64u << 10, 3, settle_arm64 },
	{ EM_PPC64, 64u << 10, 1, settle_ppc64 },
	{ EM_RISCV, 2u << 20, 1, settle_riscv64 },
	{ 258 /* EM_LOONGARCH */, 64u << 10, 1, settle_loongarch64 },
};

const struct place_rule *place_rule_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].elf_machine == elf_machine)
			return &rules[i];
	return NULL;
}
