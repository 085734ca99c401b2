/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter: a VMCOREINFO up to the first zero byte, struct pages after it.
 * They stand in memory of exactly their size, so that reading beyond NR pages
 * is seen.
 */
#include "../../src/filter/filter.h"
#include "layout.h"

#define MAX_PAGES 64u

/* All of them at once, and each by itself. */
static void group_all(const struct page_layout *layout, const uint8_t *pages,
		      uint64_t vaddr)
{
	struct page_group group;

	filter_group(layout, pages, &group);
	for (unsigned i = 0; i < GROUP_PAGES; i++) {
		const uint8_t *page = pages + (size_t)i * layout->size;
		enum page_class class;
		uint64_t run, head;

		if (group.unit >> i & 1)
			continue;
		FUZZ_CHECK(!filter_tail(layout, page, vaddr, &head));
		class = filter_classify(layout, page, i, 1, &run);
		FUZZ_CHECK(run == 1);
		FUZZ_CHECK((class == CLASS_ANON) == (group.anon >> i & 1));
		FUZZ_CHECK((class == CLASS_CACHE) == (group.cache >> i & 1));
		FUZZ_CHECK((class == CLASS_CACHE_PRIVATE) ==
			   (group.cache_private >> i & 1));
	}
}

static void classify_all(const struct page_layout *layout,
			 struct fuzz_source *source)
{
	uint64_t first = fuzz_u64(source) >> 12, vaddr = fuzz_u64(source);
	uint64_t nr = source->len / layout->size, run, head;
	uint8_t *pages;

	nr = nr < MAX_PAGES ? nr : MAX_PAGES;
	pages = malloc(nr * layout->size + 1);
	if (!pages)
		abort();
	fuzz_take(source, pages, nr * layout->size);
	if (nr == GROUP_PAGES)
		group_all(layout, pages, vaddr);
	for (uint64_t i = 0; i < nr; i++) {
		/* the last one first: pages end where the memory does */
		uint64_t left = i + 1;
		const uint8_t *page = pages + (nr - left) * layout->size;
		uint8_t *alone = malloc(layout->size * left);
		enum page_class class;

		if (!alone)
			abort();
		memcpy(alone, page, layout->size * left);
		(void)filter_poisoned(layout, alone, 1);
		if (!filter_tail(layout, alone, vaddr, &head)) {
			class = filter_classify(layout, alone, first + i, left,
						&run);
			FUZZ_CHECK(class < NR_CLASSES && run >= 1);
			FUZZ_CHECK(run <= 1ull << 22);
			FUZZ_CHECK(class_name(class) && class_key(class));
			for (unsigned level = 0; level <= LEVEL_MAX; level++)
				FUZZ_CHECK(class != CLASS_KERNEL ||
					   !level_drops(level, class));
		}
		free(alone);
	}
	free(pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const uint8_t *end = len ? memchr(bytes, 0, len) : NULL;
	struct vmcoreinfo *vmcoreinfo = NULL;
	struct page_layout layout;
	struct fuzz_source source;

	if (!end)
		return 0;
	source = (struct fuzz_source){ end + 1, len - (size_t)(end - bytes) -
				       1 };
	if (vmcoreinfo_parse((const char *)bytes, (size_t)(end - bytes),
			     &vmcoreinfo))
		abort();
	for (size_t i = 0; i < NR_FUZZ_MACHINES; i++) {
		struct fuzz_source rest = source;

		if (fuzz_layout(&fuzz_machines[i], vmcoreinfo, &layout))
			classify_all(&layout, &rest);
	}
	vmcoreinfo_destroy(vmcoreinfo);
	return 0;
}
