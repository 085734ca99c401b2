/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a crash kernel needs: see need.h.
 *
 * Measured: in capture kernels of Debian's kernels under QEMU with nr_cpus=1, of
 * the reservation what MemTotal lacks, and of MemTotal what MemFree, the pages on
 * the CPUs' free lists, and the unpacked initramfs (Shmem) leave. x86_64: 6.1,
 * 6.12 and 7.2.13; all others 7.2.13. In a reservation of 112 MiB, x86_64's 7.2
 * with an initramfs of 26 MiB (8 MiB packed) dies while it unpacks that, in one of
 * 128 MiB it writes a dump and 19 MiB stay free.
 */
#include "need.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "reserve_impl.h"

/* What an architecture's kernels take, MiB. */
struct need_defaults {
	const char *arch;
	unsigned kernel;	/* /proc/iomem: Kernel code to bss */
	unsigned boot;		/* what MemTotal lacks, without that, the struct
				 * pages and SWIOTLB */
	unsigned use;		/* MemTotal to MemFree, as above */
	unsigned cma;		/* Debian's CONFIG_CMA_SIZE_MBYTES */
};

static const struct need_defaults defaults[] = {
	/* 50 (6.1: 52); 2 to 6; 22 to 29 */
	{ "x86_64", 52, 8, 32, 0 },
	/* 47; 4 to 9; 24 to 34 */
	{ "arm64", 47, 10, 34, 64 },
	/* 36; 36; 25 to 28 (6.12: 34) */
	{ "riscv64", 36, 36, 34, 128 },
	/* 32; 32; 90 */
	{ "loongarch64", 32, 32, 90, 128 },
	/* 44; 20 to 26; 30, with pages of 64 KiB: see USE_64K */
	{ "ppc64", 48, 28, 32, 0 },
	/* not measured but with a small kernel (6; 2; 11): as x86_64 */
	{ "s390x", 48, 8, 32, 0 },
};

#define USE_64K (50 * MIB)	/* 47 to 50, ppc64le */
/* 4 CPUs: 0.3 MiB of per-CPU areas, 0.7 of slabs, 0.1 of stacks for each more;
 * the rest for drivers' queues */
#define PER_CPU (2 * MIB)
#define INITRAMFS_PACKED (32 * MIB)
#define UNPACKED_RATIO 4
#define PROGRAMS (32 * MIB)
/* O_DIRECT needs none (docs/performance.md); file systems' own, libraries */
#define OUTPUT (8 * MIB)
#define MARGIN_LEAST (16 * MIB)
#define MARGIN_DIVISOR 10
/* Linux 7.2 arch/powerpc/platforms/pseries/rtas-fadump.h:
 * RTAS_FADUMP_MIN_BOOT_MEM; kernel/fadump.c: MAX_BOOT_MEM_RATIO */
#define FADUMP_LEAST (320 * MIB)
#define FADUMP_RATIO 4
/* Linux 7.2 arch/powerpc/kexec/core.c: where ppc64 puts its reservation at the
 * most; the kernel has struct pages from 0 on */
#define PPC64_BEFORE (512 * MIB)
/* beyond SWIOTLB: Linux 7.2 arch/x86/include/asm/crash_reserve.h */
#define LOW_BESIDES (8 * MIB)

static const struct { const char *key, *name; } parts[NR_NEED_PARTS] = {
	[NEED_KERNEL] = { "kernel_image", "kernel image" },
	[NEED_PAGES] = { "struct_pages", "struct pages" },
	[NEED_BOOT] = { "boot", "page tables, per-CPU areas" },
	[NEED_UNPACKED] = { "initramfs_unpacked", "initramfs, unpacked" },
	[NEED_PACKED] = { "initramfs_packed", "initramfs, packed" },
	[NEED_KERNEL_USE] = { "kernel_use", "slabs, stacks, drivers" },
	[NEED_CPUS] = { "more_cpus", "CPUs beyond the first" },
	[NEED_SWIOTLB] = { "swiotlb", "bounce buffers (SWIOTLB)" },
	[NEED_PROGRAMS] = { "programs", "init, udev, shells" },
	[NEED_CAPDUMP] = { "capdump", "capdump" },
	[NEED_OUTPUT] = { "output", "page cache of the output" },
	[NEED_CMA] = { "cma", "left over in the CMA area" },
	[NEED_MARGIN] = { "margin", "margin" },
};

const char *need_part_name(enum need_part part)
{
	return parts[part].name;
}

const char *need_part_key(enum need_part part)
{
	return parts[part].key;
}

static const struct need_defaults *defaults_of(const struct reserve_arch *arch)
{
	for (size_t i = 1; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!strcmp(defaults[i].arch, arch->name))
			return &defaults[i];
	return &defaults[0];
}

bool need_init(struct need_asked *asked, const char *name,
	       const char *release)
{
	*asked = (struct need_asked){
		.version = reserve_kernel_of(release),
		.page_size = 4096, .struct_page_size = 64,
		.swiotlb = 64 * MIB, .nr_cpus = 1,
	};
	name = reserve_arch_name(name);
	if (name)
		asked->arch = reserve_arch_of(name, asked->version);
	return asked->arch;
}

uint64_t need_swiotlb(const struct reserve_machine *machine)
{
	/* a guest's share of memory is less than the least in a crash kernel */
	return reserve_swiotlb(machine, 0);
}

/* 16 MiB at a time, 32 from 512 MiB on, 64 from 2 GiB on. */
static uint64_t round_size(uint64_t size)
{
	if (size > UINT64_MAX / 2)
		return size;
	return align_up(size, size <= 512 * MIB ? 16 * MIB :
			      size <= 2 * GIB ? 32 * MIB : 64 * MIB);
}

static uint64_t struct_pages(const struct need_asked *asked, uint64_t reserved)
{
	uint64_t seen = reserved;

	if (asked->fadump)
		seen = max_u64(asked->ram, reserved);
	else if (asked->arch->style == RESERVE_PPC64)
		seen += PPC64_BEFORE;
	return seen / asked->page_size * asked->struct_page_size;
}

/* What does not depend on how much is reserved. */
static void fixed_parts(const struct need_asked *asked, bool high,
			struct need *need)
{
	const struct need_defaults *d = defaults_of(asked->arch);
	uint64_t *bytes = need->bytes;
	bool unpacked = asked->unpacked;

	*need = (struct need){ .bytes = {
		[NEED_KERNEL] = asked->kernel,
		[NEED_BOOT] = d->boot * MIB,
		[NEED_PACKED] = asked->packed,
		[NEED_UNPACKED] = asked->unpacked,
		[NEED_KERNEL_USE] = asked->page_size >= 65536 ? USE_64K :
				    d->use * MIB,
		[NEED_CPUS] = (asked->nr_cpus - 1) * (uint64_t)PER_CPU,
		[NEED_PROGRAMS] = PROGRAMS,
		[NEED_CAPDUMP] = asked->capdump,
		[NEED_OUTPUT] = OUTPUT,
	} };
	need->assumed[NEED_KERNEL] = !asked->kernel;
	if (!asked->kernel)
		bytes[NEED_KERNEL] = d->kernel * MIB;
	need->assumed[NEED_PACKED] = !asked->packed;
	if (!asked->packed)
		bytes[NEED_PACKED] = unpacked ? asked->unpacked / UNPACKED_RATIO :
				     INITRAMFS_PACKED;
	need->assumed[NEED_UNPACKED] = !unpacked;
	if (!unpacked)
		bytes[NEED_UNPACKED] = bytes[NEED_PACKED] * UNPACKED_RATIO;
	need->assumed[NEED_BOOT] = need->assumed[NEED_KERNEL_USE] = true;
	need->assumed[NEED_PROGRAMS] = need->assumed[NEED_OUTPUT] = true;
	if (high || asked->encryption != RESERVE_PLAIN)
		bytes[NEED_SWIOTLB] = asked->swiotlb;
	if (high)
		need->low = round_size(max_u64(asked->arch->default_low,
					       asked->swiotlb + LOW_BESIDES));
}

static void add_up(const struct need_asked *asked, bool high,
		   struct need *need)
{
	uint64_t cma = defaults_of(asked->arch)->cma * MIB, movable, most;
	uint64_t *bytes = need->bytes;
	uint64_t always = bytes[NEED_KERNEL] + bytes[NEED_PAGES] +
			  bytes[NEED_BOOT] + bytes[NEED_UNPACKED] +
			  bytes[NEED_KERNEL_USE] + bytes[NEED_CPUS];

	if (!high)	/* else it is below 4 GiB */
		always += bytes[NEED_SWIOTLB];
	need->boot = always + bytes[NEED_PACKED];
	need->run = always + bytes[NEED_PROGRAMS] + bytes[NEED_CAPDUMP] +
		    bytes[NEED_OUTPUT];
	most = max_u64(need->boot, need->run);
	/* capdump takes half of what it finds free: see capture/memory.c */
	bytes[NEED_MARGIN] = max_u64(max_u64(MARGIN_LEAST,
					     most / MARGIN_DIVISOR),
				     bytes[NEED_CAPDUMP]);
	/* slabs, stacks, modules, struct pages can't be in CMA's area */
	movable = bytes[NEED_UNPACKED] + bytes[NEED_PROGRAMS] +
		  bytes[NEED_CAPDUMP] + bytes[NEED_OUTPUT] +
		  bytes[NEED_MARGIN];
	bytes[NEED_CMA] = cma > movable ? cma - movable : 0;
	need->boot += bytes[NEED_CMA];
	need->run += bytes[NEED_CMA];
	need->total = max_u64(need->boot, need->run) + bytes[NEED_MARGIN];
	need->total = round_size(need->total);
	if (asked->fadump)
		need->total = max_u64(need->total, FADUMP_LEAST);
}

void need_plan(const struct need_asked *asked, bool high, struct need *ret)
{
	fixed_parts(asked, high, ret);
	/* struct pages are a 64th of what is reserved: it settles soon */
	for (unsigned i = 0; i < 8; i++) {
		ret->bytes[NEED_PAGES] = struct_pages(asked, ret->total);
		add_up(asked, high, ret);
	}
}

enum need_verdict need_judge(const struct need_asked *asked, bool high,
			     uint64_t main, uint64_t low)
{
	struct need need;
	uint64_t least;

	need_plan(asked, high, &need);
	need.bytes[NEED_PAGES] = struct_pages(asked, main);
	add_up(asked, high, &need);
	least = max_u64(need.boot, need.run);
	if (main < least || (high && low < need.bytes[NEED_SWIOTLB] +
					   LOW_BESIDES))
		return NEED_NOT_MET;
	return main < least + need.bytes[NEED_MARGIN] ? NEED_TIGHT : NEED_MET;
}

/* CMDLINE without its crashkernel= words, and with WORDS. */
static struct error *replace_words(const char *cmdline, const char *words,
				   char **ret)
{
	static const char key[] = "crashkernel=";
	char *out = malloc(strlen(cmdline) + strlen(words) + 2), *p = out;

	if (!out)
		return error_nomem();
	while (*cmdline) {
		size_t len = strcspn(cmdline, " ");

		if (strncmp(cmdline, key, sizeof(key) - 1)) {
			memcpy(p, cmdline, len);
			p += len;
			*p++ = ' ';
		}
		cmdline += len;
		cmdline += strspn(cmdline, " ");
	}
	strcpy(p, words);
	*ret = out;
	return NULL;
}

static struct error *ask_kernel(const struct reserve_machine *machine,
				unsigned version, const char *words,
				struct reserve_plan *ret)
{
	struct reserve_machine asked = *machine;
	AUTO_FREE char *cmdline = NULL;

	TRY(replace_words(machine->cmdline, words, &cmdline));
	asked.cmdline = cmdline;
	asked.kernel = version;
	reserve_plan(&asked, ret);
	/* nobody may follow it from here on */
	ret->asked.main = ret->asked.low = ret->asked.cma =
		(struct crashkernel_word){ NULL, 0 };
	ret->asked.nr_ignored = 0;
	return NULL;
}

static void choose_words(const struct need_asked *asked, bool high,
			 struct need_advice *ret)
{
	uint64_t total = ret->need.total >> 20, low = ret->need.low >> 20;

	if (high)
		snprintf(ret->words, sizeof(ret->words), "crashkernel=%" PRIu64
			 "M,high crashkernel=%" PRIu64 "M,low", total, low);
	else
		snprintf(ret->words, sizeof(ret->words), "%scrashkernel=%" PRIu64
			 "M", asked->fadump ? "fadump=on " : "", total);
}

static struct error *try_words(const struct need_asked *asked, bool high,
			       const struct reserve_machine *machine,
			       struct need_advice *ret)
{
	AUTO_FREE struct reserve_plan *plan = malloc(sizeof(*plan));

	if (!plan)
		return error_nomem();
	need_plan(asked, high, &ret->need);
	choose_words(asked, high, ret);
	TRY(ask_kernel(machine, asked->version, ret->words, plan));
	ret->high_bytes = reserve_plan_size(plan, true);
	ret->low_bytes = reserve_plan_size(plan, false);
	ret->certain = plan->certain;
	ret->granted = high ? ret->high_bytes >= ret->need.total &&
			      ret->low_bytes >= ret->need.low :
		       !ret->high_bytes && ret->low_bytes >= ret->need.total;
	return NULL;
}

struct error *need_advise(const struct need_asked *asked,
			  const struct reserve_machine *machine,
			  struct need_advice *ret)
{
	struct need_advice high = { .checked = true };

	*ret = (struct need_advice){ .checked = machine != NULL };
	if (!machine || asked->fadump) {
		need_plan(asked, false, &ret->need);
		choose_words(asked, false, ret);
		ret->granted = ret->certain = asked->fadump &&
			ret->need.total <= asked->ram / FADUMP_RATIO;
		return NULL;
	}
	TRY(try_words(asked, false, machine, ret));
	/* where nothing is below 4 GiB, all reservations are high */
	if (ret->granted || !(asked->arch->takes & CRASHKERNEL_TAKES_HIGH))
		return NULL;
	TRY(try_words(asked, true, machine, &high));
	if (high.granted)
		*ret = high;
	return NULL;
}
