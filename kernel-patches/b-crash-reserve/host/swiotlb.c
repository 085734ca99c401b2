// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is required for the crash kernel's buffer, against what that one takes:
 * kernel/dma/swiotlb.c as it is, from its parameter to the allocation, with one CPU:
 * swiotlb_crash_reserve() assumes a crash kernel with nr_cpus=1.
 */
#include "stub.h"

#define CONFIG_SWIOTLB 1
#define BITS_PER_LONG	64
#define PAGE_SHIFT	12
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)	ALIGN(x, PAGE_SIZE)
#define PFN_DOWN(x)	((x) >> PAGE_SHIFT)
#define DIV_ROUND_UP(a, b) (((a) + (b) - 1) / (b))
#define clamp(x, low, high) min(max(x, low), high)
#define unlikely(condition) (condition)
#define is_power_of_2(x) ((x) && !((x) & ((x) - 1)))
#define roundup_pow_of_two(x) ((x) < 2 ? 1 : 1UL << (64 - __builtin_clzl((x) - 1)))
#define array_size(a, b) ((a) * (b))
#define simple_strtoul	strtoul
#define SMP_CACHE_BYTES 64
#define INVALID_PHYS_ADDR (~0UL)
#define DMA_MAPPING_ERROR (~0UL)
#define pr_warn_once	printk

typedef uint32_t u32;
typedef uint64_t dma_addr_t;
typedef unsigned int gfp_t;
typedef int spinlock_t;
enum { __GFP_NOWARN, GFP_KERNEL, __GFP_ZERO };
enum { CC_ATTR_MEM_ENCRYPT, DMA_ATTR_NO_WARN, DMA_ATTR_SKIP_CPU_SYNC };
enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE };
struct device {
	struct io_tlb_mem *dma_io_tlb_mem;
	u64 *dma_mask, bus_dma_limit;
};

/* A buffer is allocated, and nothing is done with it. */
#define NOT_USED(type, name) \
	static type __always_unused name() { abort(); }
NOT_USED(int, PhysHighMem)
NOT_USED(unsigned long, __get_free_pages)
NOT_USED(int, arch_sync_dma_flush)
NOT_USED(int, arch_sync_dma_for_device)
NOT_USED(int, cc_platform_has)
NOT_USED(int, dev_WARN_ONCE)
NOT_USED(int, dev_is_dma_coherent)
NOT_USED(int, dev_warn_ratelimited)
NOT_USED(int, dma_capable)
NOT_USED(int, dma_get_min_align_mask)
NOT_USED(int, dma_get_seg_boundary)
NOT_USED(int, dma_reset_need_sync)
NOT_USED(int, free_pages)
NOT_USED(int, get_order)
NOT_USED(int, iommu_is_span_boundary)
NOT_USED(int, kmsan_unpoison_memory)
NOT_USED(int, local_irq_restore)
NOT_USED(int, local_irq_save)
NOT_USED(int, memblock_free)
NOT_USED(int, memcpy_from_page)
NOT_USED(int, memcpy_to_page)
NOT_USED(void *, pfn_to_page)
NOT_USED(u64, phys_to_dma_unencrypted)
NOT_USED(u64, phys_to_dma)
NOT_USED(void *, phys_to_virt)
NOT_USED(int, raw_smp_processor_id)
NOT_USED(int, set_memory_decrypted)
NOT_USED(int, set_memory_encrypted)
NOT_USED(int, spin_lock_init)
NOT_USED(int, spin_lock_irqsave)
NOT_USED(int, spin_unlock_irqrestore)
NOT_USED(int, trace_swiotlb_bounced)
NOT_USED(u64, virt_to_phys)
NOT_USED(u64, __pa)

static u64 buffer;	/* what is taken */

static int num_possible_cpus(void)
{
	return 1;
}

static void *memblock_alloc_low(size_t size, size_t align)
{
	static char somewhere[1];

	(void)align;
	buffer = size;
	return somewhere;
}

/* The slots, after the buffer: nothing is done with that one then. */
static void *memblock_alloc(size_t size, size_t align)
{
	(void)size, (void)align;
	return NULL;
}

#include "kernel/dma/swiotlb.c"

#define M	(1ULL << 20)
#define K	(1ULL << 10)
#define NONE	(~0ULL)

static u64 required;
static int bad;

void crash_reserve_require_low(const char *who, unsigned long long size)
{
	if (strcmp(who, "SWIOTLB"))
		abort();
	required = size;
}

void memblock_phys_free(phys_addr_t base, phys_addr_t size)
{
	(void)base, (void)size;
	abort();
}

static const struct {
	const char *parameter;	/* swiotlb=; NULL: there is none */
	bool bounces;		/* for another reason, such as SEV */
	u64 required;
} buffers[] = {
	{ "force", false, 64 * M },
	{ "32768,force", false, 64 * M },
	{ "65536,force", false, 128 * M },
	{ "128,force", false, 256 * K },
	/* no power of two */
	{ "40000,force", false, 128 * M },
	{ "20000,force", false, 64 * M },
	{ "65537,force", false, 256 * M },
	/* less than a segment, less than one for each area */
	{ "0,force", false, 256 * K },
	{ "1,force", false, 256 * K },
	{ "100,3,force", false, M },
	{ "1000,0,force", false, 2 * M },
	/* what is beyond an unsigned long, in bytes or rounded up to segments */
	{ "0x10000000000000,force", false, 1ULL << 63 },
	{ "0x20000000000000,force", false, 1ULL << 63 },
	{ "0xffffffffffffff80,force", false, 1ULL << 63 },
	{ "0xffffffffffffffff,force", false, 256 * K },
	/* the size is no reason */
	{ "40000", false, NONE },
	{ "noforce", false, NONE },
	{ NULL, false, NONE },
	/* another one: the default, but for a parameter */
	{ NULL, true, 64 * M },
	{ "40000", true, 128 * M },
	{ "force", true, 64 * M },
	{ "noforce", true, 0 },
	{ "40000,noforce", true, 0 },
};

static void boot(const char *parameter)
{
	char text[100];

	default_nslabs = crash_nslabs = IO_TLB_DEFAULT_SIZE >> IO_TLB_SHIFT;
	default_nareas = 0;
	swiotlb_force_bounce = swiotlb_force_disable = false;
	kernel_log[0] = 0;
	if (parameter)
		setup_io_tlb_npages(strcpy(text, parameter));
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		const char *parameter = buffers[i].parameter;
		u64 wanted = buffers[i].required;

		required = NONE;
		boot(parameter);
		if (buffers[i].bounces) {
			/* this kernel's size is not the crash kernel's */
			swiotlb_adjust_size(1024 * M);
			swiotlb_crash_reserve();
		}
		if (required != wanted) {
			printf("%s: %llu, not %llu\n", parameter ? parameter : "-",
			       (unsigned long long)required, (unsigned long long)wanted);
			bad++;
		}

		/* the crash kernel; none has that much */
		if (wanted == 1ULL << 63)
			continue;
		boot(parameter);
		buffer = 0;
		swiotlb_init_remap(buffers[i].bounces, 0, NULL);
		if (buffer != (wanted == NONE ? 0 : wanted)) {
			printf("%s: it takes %llu, not %llu\n", parameter ? parameter : "-",
			       (unsigned long long)buffer, (unsigned long long)wanted);
			bad++;
		}
	}
	printf("%zu buffers, %d bad\n", ARRAY_SIZE(buffers), bad);
	return !!bad;
}
