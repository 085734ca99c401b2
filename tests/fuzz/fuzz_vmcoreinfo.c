/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCOREINFO's text, its numbers, and the layout that comes of it. */
#include "layout.h"

static void check_field(const struct page_layout *layout,
			const struct field *field)
{
	FUZZ_CHECK(field->size <= 8);
	FUZZ_CHECK(!field->size ||
		   field->offset + field->size <= layout->size);
}

static void check_layout(const struct page_layout *layout)
{
	check_field(layout, &layout->flags);
	check_field(layout, &layout->refcount);
	check_field(layout, &layout->mapping);
	check_field(layout, &layout->mapcount);
	check_field(layout, &layout->private);
	check_field(layout, &layout->compound);
	check_field(layout, &layout->order);
	check_field(layout, &layout->dtor);
	FUZZ_CHECK(layout->size > 0 && layout->size <= 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const kinds[] = { "SYMBOL", "SIZE", "OFFSET",
					     "LENGTH", "NUMBER" };
	static const char *const names[] = { "page", "page.flags", "mem_section",
		"phys_base", "PG_lru", "list_head.next", "init_top_pgt" };
	struct vmcoreinfo *vmcoreinfo = NULL;
	struct page_layout layout;
	uint64_t n;

	if (vmcoreinfo_parse((const char *)bytes, len, &vmcoreinfo))
		abort();
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			(void)vmcoreinfo_number(vmcoreinfo, kinds[k], names[i],
						&n);
	for (size_t i = 1; i < vmcoreinfo->nr; i++)
		FUZZ_CHECK(strcmp(vmcoreinfo->keys[i - 1],
				  vmcoreinfo->keys[i]) < 0);
	for (size_t i = 0; i < vmcoreinfo->nr; i++)
		FUZZ_CHECK(vmcoreinfo_get(vmcoreinfo, vmcoreinfo->keys[i]) ==
			   vmcoreinfo->values[i]);
	for (size_t i = 0; i < NR_FUZZ_MACHINES; i++)
		if (fuzz_layout(&fuzz_machines[i], vmcoreinfo, &layout))
			check_layout(&layout);
	vmcoreinfo_destroy(vmcoreinfo);
	return 0;
}
