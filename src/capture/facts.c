/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dump's head says of the crashed machine: see facts.h. */
#include "facts.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../formats/kdump_format.h"
#include "../formats/kdump_read.h"
#include "../image/notes.h"

static struct error *count_cpu(void *arg, const struct note *note)
{
	unsigned *nr_cpus = arg;

	*nr_cpus += note_is_prstatus(note);
	return NULL;
}

/* What is left when the name can't be read. Readers go by the machine. */
static void fill_utsname(const struct kernel *kernel, struct dump_facts *ret)
{
	const struct arch_ops *arch =
		arch_find(kernel->image->target.elf_machine);
	const char *release = kernel->vmcoreinfo ?
		vmcoreinfo_get(kernel->vmcoreinfo, "OSRELEASE") : NULL;

	memset(ret->utsname, 0, sizeof(ret->utsname));
	strcpy((char *)ret->utsname[0], "Linux");
	if (release)
		memcpy(ret->utsname[2], release, strnlen(release, 64));
	if (arch)
		strcpy((char *)ret->utsname[4],
		       arch_name(arch, kernel->image->target.big_endian));
}

/* Readers go by the machine's name, ours too, so that a damaged one would make all
 * of the dump unreadable. */
static void check_machine(const struct kernel *kernel, struct log *log,
			  struct dump_facts *ret)
{
	const struct target *target = &kernel->image->target;
	const struct arch_ops *arch = arch_find(target->elf_machine);
	char *name = (char *)ret->utsname[UTS_MACHINE];

	name[64] = '\0';
	if (!arch || kdump_machine(name) == target->elf_machine)
		return;
	log_warn(log, "the kernel's name for its machine is damaged: it is taken to be %s",
		 arch_name(arch, target->big_endian));
	memset(name, 0, 65);
	strcpy(name, arch_name(arch, target->big_endian));
}

static struct error *read_utsname(const struct kernel *kernel,
				  struct view *view, struct log *log,
				  struct dump_facts *ret)
{
	const struct vmcoreinfo *v = kernel->vmcoreinfo;
	enum page_state state = PAGE_ABSENT;
	uint64_t vaddr = 0;

	if (kernel->has_space && vmcoreinfo_utsname(v, &vaddr))
		TRY(space_read(&kernel->space, view, vaddr, ret->utsname,
			       sizeof(ret->utsname), &state));
	if (state != PAGE_OK || memcmp(ret->utsname[0], "Linux", 6)) {
		log_warn(log,
			 "the kernel's name can't be read at %#llx: node and build are not known",
			 (unsigned long long)vaddr);
		fill_utsname(kernel, ret);
	}
	check_machine(kernel, log, ret);
	return NULL;
}

static struct error *note_first(void *arg, uint64_t paddr, uint64_t end)
{
	uint64_t *first = arg;

	(void)end;
	*first = min_u64(*first, paddr);
	return NULL;
}

/* Linux arch/arm/kernel/head.S: what the start of RAM is a multiple of */
#define RAM_ALIGN (2u << 20)

/*
 * On arm a dump counts frames from the start of RAM, and its sub-header says
 * where that is, in 32 bits. A kernel has no memory below; if there is some in
 * the image, or RAM begins beyond 4 GiB, frames are counted from 0. Of a kernel
 * that is not understood the image tells (as makedumpfile has it, arch/arm.c:
 * get_phys_base_arm()).
 */
static struct error *find_first(const struct kernel *kernel, struct log *log,
				struct dump_facts *ret)
{
	const struct image *image = kernel->image;
	uint64_t start = kernel->space.phys_start, first = UINT64_MAX;

	if (image->target.elf_machine != EM_ARM)
		return NULL;
	ret->phys_base = 0;
	/* a dump's only segment may begin below: QEMU counts from 0 */
	TRY(image_runs(image, FRAMES_PRESENT, 0, image_end_paddr(image),
		       note_first, &first));
	if (!kernel->has_space)
		start = align_down(first, RAM_ALIGN);
	if (start > UINT32_MAX || first < start) {
		log_warn(log, "memory begins at %#llx, for the kernel at %#llx: crash won't find it in the dump",
			 (unsigned long long)first,
			 (unsigned long long)start);
		return NULL;
	}
	ret->phys_base = start;
	ret->first_pfn = start >> kernel->space.target.page_shift;
	return NULL;
}

/*
 * A dump's head goes into the one that is made of it. Frames count from where it
 * counts them, if that can be: the writer's do from a multiple of 64.
 */
static void carry_over(const struct kernel *kernel, const struct kdump_header *h,
		       struct dump_facts *ret)
{
	unsigned shift = kernel->space.target.page_shift;
	uint64_t first = h->first_pfn * h->block_size >> shift;
	const struct vmcoreinfo *v = kernel->vmcoreinfo;

	if (h->timestamp || !kdump_by_qemu(h)) {
		ret->crash_time = h->timestamp;
		ret->crash_usec = h->timestamp_usec;
	}
	ret->vmemmap_excluded = h->status & KDUMP_STATUS_EXCLUDED_VMEMMAP;
	if (h->nr_cpus)
		ret->nr_cpus = h->nr_cpus;
	/* QEMU counts frames from 0 on arm, too, and misreads the phys_base of
	 * x86_64's VMCOREINFO: dump/dump.c, vmcoreinfo_update_phys_base(), takes
	 * a decimal number for a hexadecimal one (7.2 to 11.1) */
	if (kdump_by_qemu(h)) {
		if (kernel->image->target.elf_machine != EM_ARM &&
		    !(v && vmcoreinfo_phys_base(v, &ret->phys_base)))
			ret->phys_base = h->phys_base;
		return;
	}
	if (kernel->image->target.elf_machine != EM_ARM) {
		ret->phys_base = h->phys_base;
	} else if (first % 64 == 0) {
		ret->phys_base = h->phys_base;
		ret->first_pfn = first;
	}
	for (unsigned i = 0; i < 6; i++)
		memcpy(ret->utsname[i], h->utsname[i], 65);
}

/* For formats that tell where memory is mapped. */
static void find_maps(const struct kernel *kernel, struct dump_facts *ret)
{
	const struct space *space = &kernel->space;

	if (!kernel->has_space)
		return;
	if (space->has_linear)
		ret->linear_start = space->linear_start;
	if (space->image.end > space->image.start)
		ret->kernel_map = (struct image_map){
			space->image.start - space->image_offset,
			space->image.end - space->image.start,
			space->image.start };
}

struct error *facts_gather(const struct kernel *kernel, struct view *view,
			   struct log *log, struct dump_facts *ret)
{
	const struct vmcoreinfo *v = kernel->vmcoreinfo;
	const char *time = v ? vmcoreinfo_get(v, "CRASHTIME") : NULL;
	const struct kdump_header *dump = kdump_image_header(kernel->image);

	*ret = (struct dump_facts){
		.image = kernel->image,
		.vmcoreinfo = v,
		.page_shift = kernel->space.target.page_shift,
		.end_pfn = kernel->end_pfn,
		.crash_time = time ? strtoull(time, NULL, 10) : 0,
		.log = log,
	};
	TRY(notes_each(kernel->image, log, count_cpu, &ret->nr_cpus));
	fill_utsname(kernel, ret);
	if (v)
		vmcoreinfo_phys_base(v, &ret->phys_base);
	TRY(find_first(kernel, log, ret));
	find_maps(kernel, ret);
	if (v && !(dump && !kdump_by_qemu(dump)))
		TRY(read_utsname(kernel, view, log, ret));
	if (dump)
		carry_over(kernel, dump, ret);
	return NULL;
}

void facts_check_free(uint64_t found, uint64_t kernel, struct log *log,
		      bool *understood)
{
	uint64_t off = found > kernel ? found - kernel : kernel - found;

	*understood = found >= kernel / 2;
	if (!*understood)
		log_warn(log,
			 "this kernel is not understood: %llu free pages were found, it says it has %llu",
			 (unsigned long long)found,
			 (unsigned long long)kernel);
	else if (off > kernel / 100 + 1024)
		log_warn(log,
			 "%llu free pages were found, the kernel says it has %llu",
			 (unsigned long long)found,
			 (unsigned long long)kernel);
}
