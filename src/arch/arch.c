/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel virtual memory of any machine: the table of machines, and reading
 * through an extent at a time.
 */
#include "arch.h"

#include "../base/bytes.h"

static const struct arch_ops *const machines[] = {
	&arch_x86_64,
};

const struct arch_ops *arch_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i]->elf_machine == elf_machine)
			return machines[i];
	return NULL;
}

struct error *space_init(struct space *space, const struct target *target,
			 struct view *view,
			 const struct vmcoreinfo *vmcoreinfo, struct log *log)
{
	*space = (struct space){
		.ops = arch_find(target->elf_machine),
		.target = *target,
	};
	if (!space->ops)
		return error_create(ERROR_UNSUPPORTED,
				    "ELF machine %u is not supported",
				    target->elf_machine);
	return space->ops->init(space, view, vmcoreinfo, log);
}

struct error *space_translate(const struct space *space, struct view *view,
			      uint64_t vaddr, struct extent *ret)
{
	uint64_t start = space->image.start;

	/* .end is exclusive and may be 0, the top: hence the differences */
	if (vaddr - start < space->image.end - start) {
		*ret = (struct extent){
			.paddr = vaddr - space->image_offset,
			.len = space->image.end - vaddr,
		};
		return NULL;
	}
	return space->ops->translate(space, view, vaddr, ret);
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
