/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the tables of what was left out: see left_out.h. The layout of an entry is
 * part of the interface (Linux Documentation/admin-guide/kdump/vmcoreinfo.rst as
 * patched): u64 start, u64 last byte, u32 reason, u32 unused, and what newer
 * kernels add behind. */
#include "left_out.h"

#include "../base/bytes.h"

#define MAX_ENTRIES	1024u	/* kernels have 16 and 64 */
#define MAX_ENTRY	256u	/* bytes */

static const struct {
	const char *key, *reason;
} reasons[] = {
	[LEFT_OUT_UNUSED] = { "other", "for a reason that is not known here" },
	[LEFT_OUT_CRASH] = { "crash", "the crash kernel's" },
	[LEFT_OUT_CRASH_LOW] = { "crash_low", "the crash kernel's, low" },
	[LEFT_OUT_CRASH_CMA] = { "crash_cma", "CMA area, the crash kernel's" },
	[LEFT_OUT_FADUMP] = { "fadump", "reserved for fadump" },
	[LEFT_OUT_FADUMP_CMA] = { "fadump_cma", "CMA area, fadump's" },
	[LEFT_OUT_LOW_1M] = { "low_1m", "the first megabyte, reserved" },
	[LEFT_OUT_DEVICE_MEMMAP] = { "device_memmap",
				     "a device's struct pages" },
};

static unsigned known_reason(uint32_t why)
{
	return why < sizeof(reasons) / sizeof(*reasons) ? why :
	       LEFT_OUT_UNUSED;
}

const char *left_out_reason(uint32_t why)
{
	return reasons[known_reason(why)].reason;
}

const char *left_out_key(uint32_t why)
{
	return reasons[known_reason(why)].key;
}

void left_out_add(struct left_out *ret, const uint8_t *bytes, bool big_endian)
{
	struct left_out_range r = {
		.paddr = get_uint(bytes, 8, big_endian),
		.end = get_uint(bytes + 8, 8, big_endian),
		.why = (uint32_t)get_uint(bytes + 16, 4, big_endian),
	};
	unsigned i;

	if (r.why == LEFT_OUT_UNUSED || r.end < r.paddr || r.end == UINT64_MAX)
		return;
	r.end++;
	if (ret->nr == LEFT_OUT_RANGES) {
		ret->more = true;
		return;
	}
	for (i = ret->nr++; i && ret->ranges[i - 1].paddr > r.paddr; i--)
		ret->ranges[i] = ret->ranges[i - 1];
	ret->ranges[i] = r;
}

struct error *left_out_read(const struct kernel *kernel, struct view *view,
			    enum left_out_table table, struct log *log,
			    struct left_out *ret)
{
	const struct vmcoreinfo *v = kernel->vmcoreinfo;
	const struct target *target = &kernel->space.target;
	const char *name = table == LEFT_OUT_MEMORY ? "crash_left_out" :
			   "crash_device_memmaps";
	uint64_t vaddr, nr = 0, size = 0;
	enum page_state state = PAGE_ABSENT;
	uint8_t entry[LEFT_OUT_ENTRY];

	*ret = (struct left_out){ .known = false };
	if (!v || !kernel->has_space ||
	    !vmcoreinfo_number(v, "SYMBOL", name, &vaddr))
		return NULL;
	vmcoreinfo_number(v, "LENGTH", name, &nr);
	vmcoreinfo_number(v, "SIZE", "crash_range", &size);
	ret->known = nr && nr <= MAX_ENTRIES && size >= LEFT_OUT_ENTRY &&
		     size <= MAX_ENTRY;
	for (uint64_t i = 0; ret->known && i < nr; i++) {
		TRY(space_read(&kernel->space, view, space_wrap(&kernel->space,
			       vaddr + i * size), entry, sizeof(entry),
			       &state));
		if (state == PAGE_OK)
			left_out_add(ret, entry, target->big_endian);
		else
			ret->known = false;
	}
	if (!ret->known) {
		log_warn(log, "the kernel's table of what is left out (%s) can't be read",
			 name);
		*ret = (struct left_out){ .known = false };
	}
	return NULL;
}
