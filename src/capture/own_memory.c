/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capture kernel over the crashed one's memory: see own_memory.h. */
#include "own_memory.h"

#include <elf.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"
#include "../image/segments.h"
#include "../machine/machine_file.h"

#define BLOCKS "/sys/devices/system/memory/"
#define LOW_MEMORY (1ull << 20)
#define MAX_IOMEM (256u << 10)	/* bytes of text */

static void add_overlap(struct own_memory *own, uint64_t paddr, uint64_t len)
{
	if (!own->size)
		own->paddr = paddr;
	own->size += len;
}

/* [start, end) is RAM of this kernel. */
static void find_in(const struct image *image, uint64_t start, uint64_t end,
		    uint64_t block_size, own_memory_online *online, void *arg,
		    struct own_memory *own)
{
	size_t i = image_find_segment(image, start);

	for (; i < image->nr_segments; i++) {
		const struct segment *segment = &image->segments[i];
		uint64_t at = max_u64(start, segment->paddr), len;
		uint64_t stop = min_u64(end, segment->paddr + segment->memsz);

		for (; at < stop; at += len) {
			len = min_u64(stop - at, block_size - at % block_size);
			if (online(arg, at))
				add_overlap(own, at, len);
		}
	}
}

void own_memory_find(const struct image *image, const char *iomem,
		     uint64_t block_size, own_memory_online *online, void *arg,
		     struct own_memory *ret)
{
	static const char ram[] = "System RAM";
	unsigned long long first, last;
	const char *line;
	int name;

	*ret = (struct own_memory){ 0 };
	for (line = iomem; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		/* what is indented lies in a range that was counted */
		name = 0;
		if (*line == ' ' ||
		    sscanf(line, "%llx-%llx : %n", &first, &last, &name) < 2 ||
		    !name || strncmp(line + name, ram, sizeof(ram) - 1))
			continue;
		if (first >= LOW_MEMORY && last >= first && last + 1)
			find_in(image, first, last + 1, block_size, online,
				arg, ret);
	}
}

/* A small text file of the kernel's; NULL if it can't be read. */
static char *read_text(const char *path, size_t max)
{
	char *text = NULL;
	size_t len;

	error_destroy(machine_file_try(NULL, path, max, &text, &len));
	return text;
}

/* Linux Documentation/admin-guide/mm/memory-hotplug.rst; a block without a
 * folder is not a block of this kernel's. */
static bool block_online(void *arg, uint64_t paddr)
{
	const uint64_t *block_size = arg;
	AUTO_FREE char *text = NULL;
	char path[80];

	snprintf(path, sizeof(path), BLOCKS "memory%llu/online",
		 (unsigned long long)(paddr / *block_size));
	text = read_text(path, 16);
	return text && text[0] == '1';
}

static bool is_proc_vmcore(const struct image *image)
{
	struct statfs fs;

	return !fstatfs(image->file.fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

struct error *own_memory_cut(struct image *image,
			     const struct reservations *reserved, bool cma,
			     struct log *log)
{
	uint64_t page = 1ull << image->target.page_shift, size;
	char text[16];

	for (size_t i = 0; i < reserved->nr; i++) {
		const struct reservation *r = &reserved->at[i];
		uint64_t paddr = align_up(r->paddr, page);
		uint64_t end = align_down(r->end, page);

		if (paddr < r->paddr || paddr >= end ||
		    (r->source == RESERVATION_CMA && !cma))
			continue;
		TRY(segments_cut(&image->segments, &image->nr_segments, paddr,
				 end, &size));
		/* nothing is missed of a running kernel's */
		if (size && !image->live)
			log_warn(log, "%s of the vmcore at %#llx-%#llx are the capture kernel's own memory (%s): left out",
				 text_size(size, text),
				 (unsigned long long)paddr,
				 (unsigned long long)end - 1,
				 reservation_source_name(r->source));
	}
	return NULL;
}

struct error *own_memory_leave_out(struct image *image, const char *root,
				   bool cma, struct log *log)
{
	struct reservations reserved;
	struct error *err;

	if (!root && !is_proc_vmcore(image))
		return NULL;
	err = reservations_read(root, &reserved);
	if (err && root)
		return err;
	if (err) {
		log_warn(log, "what memory the capture kernel has for its own is not known: %s",
			 error_message(err));
		error_destroy(err);
		return NULL;
	}
	return own_memory_cut(image, &reserved, cma, log);
}

struct error *own_memory_reserved(const struct kernel *kernel,
				  struct view *view, struct log *log,
				  struct reservations *ret)
{
	struct kernel_reservation all[2];
	size_t nr;

	ret->nr = 0;
	TRY(kernel_reservations(kernel, view, all, &nr));
	for (size_t i = 0; i < nr; i++) {
		log_print(log, LOG_DEBUG,
			  "the crashed kernel had reserved %#llx-%#llx",
			  (unsigned long long)all[i].paddr,
			  (unsigned long long)all[i].end - 1);
		if (image_has(kernel->image, all[i].paddr,
			      all[i].end - all[i].paddr))
			ret->at[ret->nr++] = (struct reservation){
				all[i].paddr, all[i].end, RESERVATION_SYMBOL };
	}
	if (ret->nr == nr)
		ret->nr = 0;
	return NULL;
}

void own_memory_check(const struct image *image, struct log *log)
{
	AUTO_FREE char *iomem = NULL, *block = NULL;
	uint64_t block_size;
	struct own_memory own;
	char text[16];

	/* s390x moves its memory about before it captures; powerpc's fadump
	 * captures in the crashed kernel's */
	if ((image->target.elf_machine != EM_X86_64 &&
	     image->target.elf_machine != EM_AARCH64) ||
	    !is_proc_vmcore(image) || image->live)
		return;
	iomem = read_text("/proc/iomem", MAX_IOMEM);
	block = read_text(BLOCKS "block_size_bytes", 32);
	block_size = block ? strtoull(block, NULL, 16) : 0;
	if (!iomem || !block_size)
		return;
	own_memory_find(image, iomem, block_size, block_online, &block_size,
			&own);
	if (own.size)
		log_warn(log, "this kernel uses %s of the crashed kernel's memory, from %#llx on: what was there may be overwritten (acpi_no_memhotplug on its command line prevents that)",
			 text_size(own.size, text),
			 (unsigned long long)own.paddr);
}
