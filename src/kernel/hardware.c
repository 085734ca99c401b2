/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware errors that the kernel survived: see hardware.h. */
#include "hardware.h"

#include "../base/bytes.h"

#define COUNT_SIZE	4u	/* atomic_t */
#define TIME_SIZE	8u	/* time64_t */
#define SIZE_MAX_SANE	256u	/* of struct hwerr_info; Linux 7.2: 16 */

const char *hardware_kind_name(unsigned kind)
{
	static const char *const kinds[] = {
		"CPU", "memory", "PCI", "CXL", "other",
	};

	return kind < sizeof(kinds) / sizeof(*kinds) ? kinds[kind] : NULL;
}

static bool number(const struct kernel *kernel, const char *what,
		   const char *name, uint64_t *ret)
{
	return vmcoreinfo_number(kernel->vmcoreinfo, what, name, ret);
}

struct error *hardware_errors_read(const struct kernel *kernel,
				   struct view *view,
				   struct hardware_errors *ret)
{
	bool big = kernel->space.target.big_endian;
	uint64_t vaddr, nr, size, count, time;
	enum page_state state;
	uint8_t buf[HARDWARE_KINDS * SIZE_MAX_SANE];

	*ret = (struct hardware_errors){ 0 };
	if (!number(kernel, "SYMBOL", "hwerr_data", &vaddr) ||
	    !number(kernel, "LENGTH", "hwerr_data", &nr) ||
	    !number(kernel, "SIZE", "hwerr_info", &size) ||
	    !number(kernel, "OFFSET", "hwerr_info.count", &count) ||
	    !number(kernel, "OFFSET", "hwerr_info.timestamp", &time))
		return NULL;
	if (size > SIZE_MAX_SANE || size < TIME_SIZE ||
	    count > size - COUNT_SIZE || time > size - TIME_SIZE)
		return error_create(ERROR_INVALID, "VMCOREINFO describes no "
				    "possible hwerr_info");
	ret->nr = (unsigned)min_u64(nr, HARDWARE_KINDS);
	TRY(space_read(&kernel->space, view, vaddr, buf, ret->nr * size,
		       &state));
	if (state != PAGE_OK)
		return error_create(ERROR_INVALID, "hwerr_data can't be read at "
				    "virtual address %#llx",
				    (unsigned long long)vaddr);
	for (unsigned i = 0; i < ret->nr; i++)
		ret->kinds[i] = (struct hardware_error){
			.count = get_u32(buf + i * size + count, big),
			.last = get_u64(buf + i * size + time, big),
		};
	ret->known = true;
	return NULL;
}
