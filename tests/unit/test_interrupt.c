/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signal ends what a large or a lying machine can make long: looking for the
 * kernel, its memmap and what it names. (riscv64's and the 32-bit machines'
 * searches: test_riscv64, test_lowmem.)
 */
#include "../../src/arch/ppc64.h"
#include "../../src/kernel/kernel.h"
#include "machine.h"
#include "pages.h"
#include "stopped.h"

#define LIST	0x900000ull	/* what ppc64's list is made of */

static struct error *on_range(void *arg, uint64_t paddr, uint64_t len)
{
	(void)paddr;
	*(uint64_t *)arg += len;
	return NULL;
}

/* A list of the memmap's pages with one element, which a hash MMU maps in pages
 * of 4 KiB. */
static struct error *read_list(struct machine *m)
{
	static const struct vrange areas = {
		0xf000000000000000, 0xf001000000000000
	};
	struct space space = { .ops = &arch_ppc64,
			       .target = { EM_PPC64, 8, false, 16 } };
	struct vmcoreinfo *v;
	struct error *err;
	char text[512];
	int len = snprintf(text, sizeof(text), "SYMBOL(vmemmap_list)=%llx\n"
			   "OFFSET(vmemmap_backing.list)=0\n"
			   "OFFSET(vmemmap_backing.phys)=8\n"
			   "OFFSET(vmemmap_backing.virt_addr)=16\n"
			   "SYMBOL(mmu_vmemmap_psize)=%llx\n"
			   "SYMBOL(mmu_psize_defs)=%llx\n"
			   "SIZE(mmu_psize_def)=16\n"
			   "OFFSET(mmu_psize_def.shift)=0\n",
			   PPC64_LINEAR + LIST, PPC64_LINEAR + LIST + 8,
			   PPC64_LINEAR + LIST + 16);

	machine_put(m, LIST, PPC64_LINEAR + LIST + 0x100);
	machine_put32(m, LIST + 16, 12);
	machine_put(m, LIST + 0x108, 0x5000);
	machine_put(m, LIST + 0x110, areas.start);
	CHECK_OK(vmcoreinfo_parse(text, (size_t)len, &v));
	err = ppc64_add_vmemmap(&space, m->view, v, &areas, NULL);
	if (!err)
		CHECK(space.nr_fixed == 1 && space.fixed[0].paddr == 0x5000);
	vmcoreinfo_destroy(v);
	space_deinit(&space);
	return err;
}

int main(void)
{
	struct kernel *k, *never = NULL;
	struct machine m;
	uint64_t len = 0;

	machine_init(&m, 4, 0);
	machine_say(&m, "%sSYMBOL(mem_map)=%llx\nSYMBOL(contig_page_data)=%llx\n"
		    "SIZE(pglist_data)=4096\n", pages_kernels[R6_12].text,
		    IMAGE_VADDR + 0x1000, LINEAR + 0x800000);
	machine_put(&m, IMAGE_PADDR + 0x1000, LINEAR + PAGES_PADDR);
	machine_open(&m);
	if (!CHECK_OK(kernel_open(&m.image, m.view, NULL, &k)))
		return unit_end();
	CHECK(k->has_pages);
	CHECK_OK(kernel_named_ranges(k, m.view, on_range, &len));
	CHECK_OK(kernel_image_ranges(k, m.view, on_range, on_range, &len));
	CHECK(len);
	CHECK_OK(read_list(&m));

	stop_now();
	CHECK_ERROR(kernel_named_ranges(k, m.view, on_range, &len), STOPPED);
	CHECK_ERROR(kernel_image_ranges(k, m.view, on_range, on_range, &len),
		    STOPPED);
	CHECK_ERROR(read_list(&m), STOPPED);
	CHECK_ERROR(space_init(&(struct space){ 0 }, &m.image.target, m.view,
			       k->vmcoreinfo, NULL), STOPPED);
	CHECK_ERROR(kernel_open(&m.image, m.view, NULL, &never), STOPPED);
	kernel_close(k);
	machine_close(&m);
	return unit_end();
}
