/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel virtual memory of any machine: the table of machines, and reading
 * through an extent at a time.
 */
#include "arch.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "table.h"

static const struct arch_ops *const machines[] = {
	&arch_arm,
	&arch_arm64,
	&arch_i386,
	&arch_loongarch64,
	&arch_ppc64,
	&arch_riscv64,
	&arch_s390x,
	&arch_x86_64,
};

const struct arch_ops *arch_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i]->elf_machine == elf_machine)
			return machines[i];
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	return x->range.start < y->range.start ? -1 :
	       x->range.start > y->range.start;
}

void mappings_sort(struct mapping *mappings, size_t nr)
{
	if (nr)
		qsort(mappings, nr, sizeof(*mappings), by_start);
}

static struct error *fixed_sort(struct space *space)
{
	mappings_sort(space->fixed, space->nr_fixed);
	for (size_t i = 1; i < space->nr_fixed; i++) {
		const struct vrange *last = &space->fixed[i - 1].range;

		if (last->end - 1 >= space->fixed[i].range.start)
			return error_create(ERROR_INVALID,
					    "virtual address %#llx would be mapped twice",
					    (unsigned long long)
					    space->fixed[i].range.start);
	}
	return NULL;
}

struct error *space_init(struct space *space, const struct target *target,
			 struct view *view,
			 const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	struct error *err;

	*space = (struct space){
		.ops = arch_find(target->elf_machine),
		.target = *target,
	};
	if (!space->ops)
		return error_create(ERROR_UNSUPPORTED,
				    "ELF machine %u is not supported",
				    target->elf_machine);
	err = space->ops->init(space, view, vmcoreinfo, log);
	if (!err)
		err = fixed_sort(space);
	if (err)
		space_deinit(space);
	return err;
}

void space_deinit(struct space *space)
{
	free(space->fixed);
	space->fixed = NULL;
	space->nr_fixed = 0;
}

struct error *space_add_fixed(struct space *space, uint64_t vaddr,
			      uint64_t paddr, uint64_t len)
{
	size_t nr = space->nr_fixed;
	uint64_t end;

	if (!len || add_overflows(paddr, len, &end) ||
	    add_overflows(vaddr, len - 1, &end))
		return error_create(ERROR_INVALID,
				    "virtual address %#llx can't map %#llx bytes at %#llx",
				    (unsigned long long)vaddr,
				    (unsigned long long)len,
				    (unsigned long long)paddr);
	if (nr == SPACE_FIXED_MAX)
		return error_create(ERROR_INVALID,
				    "more than %u mappings outside of the page tables",
				    SPACE_FIXED_MAX);
	if (!(nr & (nr - 1))) {		/* 0 or a power of two: full */
		struct mapping *more = reallocarray(space->fixed,
						    nr ? 2 * nr : 1,
						    sizeof(*more));

		if (!more)
			return error_nomem();
		space->fixed = more;
	}
	space->fixed[space->nr_fixed++] = (struct mapping){
		.range = { vaddr, vaddr + len },
		.paddr = paddr,
	};
	return NULL;
}

/* The fixed mapping that holds VADDR, or NULL; then *NEXT is where the next one
 * begins, 0 if there is none. */
static const struct mapping *fixed_find(const struct space *space,
					uint64_t vaddr, uint64_t *next)
{
	size_t low = 0, high = space->nr_fixed;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct mapping *m = &space->fixed[mid];

		if (vaddr < m->range.start)
			high = mid;
		else if (vaddr > m->range.end - 1)
			low = mid + 1;
		else
			return m;
	}
	*next = low < space->nr_fixed ? space->fixed[low].range.start : 0;
	return NULL;
}

/* What the tables do not map from VADDR on may be mapped from START on. */
static void end_hole(struct extent *extent, uint64_t vaddr, uint64_t start)
{
	if (!extent->len && start > vaddr)
		extent->hole = min_u64(extent->hole, start - vaddr);
}

struct error *space_translate(const struct space *space, struct view *view,
			      uint64_t vaddr, struct extent *ret)
{
	uint64_t start = space->image.start, next = 0;
	const struct mapping *fixed;

	/* .end is exclusive and may be 0, the top: hence the differences */
	if (vaddr - start < space->image.end - start) {
		*ret = (struct extent){
			.paddr = vaddr - space->image_offset,
			.len = space->image.end - vaddr,
		};
		return NULL;
	}
	fixed = fixed_find(space, vaddr, &next);
	if (fixed) {
		*ret = (struct extent){
			.paddr = fixed->paddr + (vaddr - fixed->range.start),
			.len = fixed->range.end - vaddr,
		};
		return NULL;
	}
	TRY(table_translate(space, view, vaddr, ret));
	end_hole(ret, vaddr, next);
	end_hole(ret, vaddr, start);
	return NULL;
}

/* Reads [paddr, paddr + len) page by page: every page must be there. */
static enum page_state read_physical(struct view *view, uint64_t paddr,
				     uint8_t *buf, size_t len)
{
	while (len) {
		size_t n = (size_t)min_u64(len, 4096 - paddr % 4096);
		enum page_state state = view_read(view, paddr, buf, n);

		if (state != PAGE_OK)
			return state;
		paddr += n;
		buf += n;
		len -= n;
	}
	return PAGE_OK;
}

struct error *space_read(const struct space *space, struct view *view,
			 uint64_t vaddr, void *buf, size_t len,
			 enum page_state *ret)
{
	uint8_t *p = buf;

	*ret = PAGE_OK;
	while (len && *ret == PAGE_OK) {
		struct extent extent;
		size_t n;

		TRY(space_translate(space, view, vaddr, &extent));
		if (!extent.len) {
			*ret = PAGE_ABSENT;
			break;
		}
		n = (size_t)min_u64(len, extent.len);
		*ret = read_physical(view, extent.paddr, p, n);
		vaddr += n;
		p += n;
		len -= n;
	}
	return NULL;
}

struct error *space_read_word(const struct space *space, struct view *view,
			      uint64_t vaddr, uint64_t *ret,
			      enum page_state *state)
{
	unsigned size = space->target.word_size;
	uint8_t buf[8];

	TRY(space_read(space, view, vaddr, buf, size, state));
	*ret = *state == PAGE_OK ?
	       get_uint(buf, size, space->target.big_endian) : 0;
	return NULL;
}

struct error *space_read_exact(const struct space *space, struct view *view,
			       uint64_t vaddr, void *buf, size_t len,
			       const char *what)
{
	enum page_state state;

	TRY(space_read(space, view, vaddr, buf, len, &state));
	if (state == PAGE_OK)
		return NULL;
	return error_create(ERROR_INVALID,
			    "%s: %zu bytes at virtual address %#llx %s", what,
			    len, (unsigned long long)vaddr,
			    state == PAGE_UNREADABLE ? "can't be read" :
			    "are not in the image");
}

struct error *space_is_foreign(const struct space *space, struct view *view,
			       const struct vmcoreinfo *vmcoreinfo, bool *ret)
{
	const char *release = vmcoreinfo_get(vmcoreinfo, "OSRELEASE");
	char names[3][65];		/* sysname, nodename, release */
	enum page_state state;
	uint64_t vaddr;

	*ret = false;
	if (!release || !vmcoreinfo_utsname(vmcoreinfo, &vaddr))
		return NULL;
	TRY(space_read(space, view, vaddr, names, sizeof(names), &state));
	*ret = state == PAGE_OK && !strncmp(names[0], "Linux", 6) &&
	       strncmp(names[2], release, 64);
	return NULL;
}
