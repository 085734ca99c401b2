/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the crashed kernel had set aside for its crash kernel: Linux 7.2
 * kernel/crash_reserve.c: crashk_res, crashk_low_res (since 3.9; before 6.7 in
 * kernel/kexec_core.c), which its symbol table knows with
 * CONFIG_KALLSYMS_ALL. Where there is none, base and size are 0.
 */
#include "../base/bytes.h"
#include "kallsyms.h"
#include "kernel.h"

/* Linux include/linux/ioport.h: struct resource, where phys_addr_t has 64 bits:
 * start, end (inclusive) and a pointer to the name. */
#define RESOURCE_SIZE 24

static struct error *read_resource(const struct kernel *kernel,
				   struct view *view, uint64_t vaddr,
				   struct kernel_reservation *ret, bool *valid)
{
	static const char name[] = "Crash kernel";
	bool big_endian = kernel->space.target.big_endian;
	uint8_t resource[RESOURCE_SIZE];
	char text[sizeof(name)];
	enum page_state state;
	uint64_t last;

	*valid = false;
	TRY(space_read(&kernel->space, view, vaddr, resource,
		       sizeof(resource), &state));
	if (state != PAGE_OK)
		return NULL;
	ret->paddr = get_u64(resource, big_endian);
	last = get_u64(resource + 8, big_endian);
	/* before there is one, both are 0 */
	if (ret->paddr >= last || last == UINT64_MAX)
		return NULL;
	ret->end = last + 1;
	TRY(space_read(&kernel->space, view, get_u64(resource + 16, big_endian),
		       text, sizeof(text), &state));
	*valid = state == PAGE_OK && !memcmp(text, name, sizeof(name));
	return NULL;
}

struct error *kernel_reservations(const struct kernel *kernel,
				  struct view *view,
				  struct kernel_reservation ret[2], size_t *nr)
{
	struct kallsyms_symbol symbols[2] = {
		{ "crashk_res", 0 }, { "crashk_low_res", 0 }
	};
	bool found, valid;

	*nr = 0;
	if (!kernel->has_space || kernel->space.target.word_size != 8)
		return NULL;
	TRY(kallsyms_find(kernel, view, symbols, 2, &found));
	for (unsigned i = 0; found && i < 2; i++) {
		if (!symbols[i].vaddr)
			continue;
		TRY(read_resource(kernel, view, symbols[i].vaddr, &ret[*nr],
				  &valid));
		*nr += valid;
	}
	return NULL;
}
