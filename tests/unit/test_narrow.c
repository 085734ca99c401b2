/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Struct pages of kernels of 32 bits: the same pages written down in words of 8
 * bytes and in words of 4, of either byte order, are judged alike, one by one,
 * in groups and as units; the layouts come from what the kernels say.
 */
#include "../../src/base/log.h"
#include "../../src/filter/filter.h"
#include "pages.h"

#define NR	128u			/* struct pages at hand */
#define WIDE	0xffffea0000400000ull	/* vaddr of the first, of 8-byte words */
#define NARROW	0xd4000000ull		/* of 4-byte words */
#define PFN	0x10000ull

/* Where a field of the wide struct page stands in the narrow one; in page[1],
 * which the folio's offsets count on to, too. */
static const struct { unsigned wide, narrow; } moves[] = {
	{ 0, 0 }, { 8, 4 }, { 16, 8 }, { 17, 9 }, { 24, 12 }, { 40, 20 },
	{ 48, 24 }, { 52, 28 }, { 64 + 16, 40 + 8 }, { 64 + 17, 40 + 9 },
};

static unsigned moved(unsigned wide)
{
	for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
		if (moves[i].wide == wide)
			return moves[i].narrow;
	abort();
}

/* TEXT as a kernel of 32 bits would say it: 40 bytes are those of Linux 6.1 on
 * i386, a power of two is needed where tails hold masks. */
static void narrow_text(const char *text, char *ret)
{
	bool masks = strstr(text, "page.compound_info");
	char line[128], name[64];
	unsigned at;

	for (*ret = '\0'; *text; text = strchr(text, '\n') + 1) {
		size_t len = (size_t)(strchr(text, '\n') - text);

		memcpy(line, text, len);
		line[len] = '\0';
		if (sscanf(line, "OFFSET(%63[^)])=%u", name, &at) == 2)
			sprintf(line, "OFFSET(%s)=%u", name, moved(at));
		else if (!strncmp(line, "SIZE(page)", 10))
			sprintf(line, "SIZE(page)=%u", masks ? 32 : 40);
		strcat(strcat(ret, line), "\n");
	}
}

static struct error *narrow_layout(const char *text, bool big_endian,
				   struct log *log, struct page_layout *ret)
{
	const struct target target = { 3, 4, big_endian, 12 };
	struct vmcoreinfo *v;
	struct error *err;

	if (vmcoreinfo_parse(text, strlen(text), &v))
		abort();
	err = layout_init(ret, &target, v, log);
	vmcoreinfo_destroy(v);
	return err;
}

/* A pointer to a wide struct page, or a mask over some: to the narrow one. */
static uint32_t narrow_pointer(const struct page_layout *l, uint64_t word)
{
	uint64_t index = ((word & ~1ull) - WIDE) / 64;

	if (!(word & 1))
		return (uint32_t)word;
	if (word > -(1ull << 32))
		return (uint32_t)-(-(word & ~1ull) / 64 * l->size) | 1;
	return (uint32_t)(NARROW + index * l->size) | 1;
}

/* The NR wide struct pages at FROM, in L's narrow layout. */
static void narrow_pages(const struct page_layout *l, const uint8_t *from,
			 uint8_t *to)
{
	bool big = l->big_endian;

	memset(to, 0x5a, NR * l->size);
	for (unsigned i = 0; i < NR; i++, from += 64, to += l->size) {
		/* order and dtor: bytes */
		memcpy(to + 8, from + 16, 4);
		put_u32(to + moved(PAGE_FLAGS),
			(uint32_t)get_u64(from + PAGE_FLAGS, false), big);
		put_u32(to + moved(PAGE_COMPOUND),
			narrow_pointer(l, get_u64(from + PAGE_COMPOUND,
						  false)), big);
		put_u32(to + moved(PAGE_MAPPING),
			(uint32_t)get_u64(from + PAGE_MAPPING, false), big);
		put_u32(to + moved(PAGE_PRIVATE),
			(uint32_t)get_u64(from + PAGE_PRIVATE, false), big);
		put_u32(to + moved(PAGE_MAPCOUNT),
			get_u32(from + PAGE_MAPCOUNT, false), big);
	}
}

static uint64_t any(unsigned nr)
{
	return (uint64_t)random() % nr;
}

/* NR pages, wide: units of all kinds, and what makes no sense. */
static void make_pages(const struct pages_kernel *k,
		       const struct page_layout *l, uint8_t *pages)
{
	const uint32_t types[] = {
		k->buddy, k->offline, k->slab ? k->slab : k->table,
		k->hugetlb ? k->hugetlb : k->table, k->table, k->other,
		k->unaccepted ? k->unaccepted : k->table,
	};
	uint64_t mask = l->lru | l->private_flag | l->swapcache |
			l->swapbacked | l->slab_flag;

	for (unsigned i = 0; i < NR; i++) {
		uint8_t *page = pages + i * 64;
		bool rare = !any(8);

		memset(page, 0, 64);
		put_u64(page + PAGE_FLAGS, (uint64_t)random() & mask, false);
		if (rare && !any(2))
			put_u64(page + PAGE_FLAGS, (uint64_t)random() &
				0xffffff, false);
		put_u64(page + PAGE_COMPOUND, 0xffff888012345670, false);
		put_u64(page + PAGE_MAPPING, any(4) | 0xffff888003456780,
			false);
		put_u64(page + PAGE_PRIVATE, any(12), false);
		put_u32(page + PAGE_MAPCOUNT, rare ? types[any(7)] :
			0xffffffff, false);
		if (!any(40))
			memset(page, 0xff, 64);
	}
	for (unsigned at = 0; at < NR; at += 16) {
		unsigned order = 1 + (unsigned)any(4);
		uint8_t *head = pages + at * 64;
		uint64_t word = k->masks && any(2) ? -(64ull << order) | 1 :
				(WIDE + at * 64) | 1;

		if (!any(3))
			continue;
		put_u64(head, get_u64(head, false) | l->head, false);
		for (unsigned i = 1; i < 1u << order; i++)
			put_u64(head + i * 64 + PAGE_COMPOUND, word, false);
		head[64 + 16] = 2;	/* hugetlb's destructor */
		head[64 + 17] = (uint8_t)order;
		if (l->order_rule == ORDER_FLAGS_BYTE)
			head[64] = (uint8_t)order;
	}
}

/* As the wide byte of page[1].flags is the first, and the last if the byte
 * order is the other one: the same in either. */
static void check_pages(const struct page_layout *wide, const uint8_t *a,
			const struct page_layout *narrow, const uint8_t *b,
			uint64_t counts[NR_CLASSES], uint64_t *tails)
{
	for (unsigned i = 0; i < NR; i++) {
		const uint8_t *page = a + i * 64, *same = b + i * narrow->size;
		uint64_t run_a, run_b, head_a = 0, head_b = 0;
		enum page_class class;
		bool tail = filter_tail(wide, page, WIDE + i * 64, &head_a);

		CHECK(filter_tail(narrow, same, NARROW + i * narrow->size,
				  &head_b) == tail);
		CHECK(filter_poisoned(wide, page, 1) ==
		      filter_poisoned(narrow, same, 1));
		if (tail) {
			CHECK(!head_a == !head_b);
			CHECK(!head_a || (head_a - WIDE) / 64 ==
			      (head_b - NARROW) / narrow->size);
			*tails += head_a != 0;
			continue;
		}
		class = filter_classify(wide, page, PFN + i, NR - i, &run_a);
		CHECK(filter_classify(narrow, same, PFN + i, NR - i, &run_b) ==
		      class && run_a == run_b);
		counts[class]++;
	}
	for (unsigned i = 0; i + GROUP_PAGES <= NR; i += GROUP_PAGES) {
		struct page_group one, two;

		filter_group(wide, a + i * 64, &one);
		filter_group(narrow, b + i * narrow->size, &two);
		CHECK(!memcmp(&one, &two, sizeof(one)));
		CHECK(filter_poisoned(wide, a + i * 64, GROUP_PAGES) ==
		      filter_poisoned(narrow, b + i * narrow->size,
				      GROUP_PAGES));
	}
}

static void test_alike(void)
{
	static uint8_t a[NR * 64], b[NR * 40];
	uint64_t counts[NR_CLASSES] = { 0 }, tails = 0;
	char text[8192];

	for (unsigned i = 0; i < NR_RELEASES * 400; i++) {
		const struct pages_kernel *k = &pages_kernels[i % NR_RELEASES];
		struct page_layout wide, narrow;
		struct log log;

		log_init(&log, stderr, 0);
		narrow_text(k->text, text);
		CHECK_OK(pages_layout(k->text, NULL, &wide));
		CHECK_OK(narrow_layout(text, i & 8, &log, &narrow));
		CHECK(!log.nr_warnings);
		log_deinit(&log);
		make_pages(k, &wide, a);
		narrow_pages(&narrow, a, b);
		check_pages(&wide, a, &narrow, b, counts, &tails);
	}
	/* none of these kernels tells its own types */
	for (unsigned c = 0; c < NR_CLASSES; c++)
		CHECK((c >= CLASS_TABLE && c <= CLASS_GUARD) ||
		      c == CLASS_UNKNOWN || c == CLASS_DEVICE ||
		      c == CLASS_LOST || c == CLASS_LEFT_OUT ||
		      c == CLASS_UNREACHED || counts[c]);
	CHECK(tails > 10000);
}

/* A struct of 32, 36 or 40 bytes is one; a field that does not fit its own
 * struct, or a flag beyond the word, is none. */
static void test_layout(void)
{
	char text[8192], copy[8192];
	struct page_layout l;
	char *at;

	narrow_text(pages_kernels[R6_1].text, text);
	at = strstr(text, "SIZE(page)=40");
	for (unsigned size = 30; size < 44; size++) {
		char number[8];

		strcpy(copy, text);
		sprintf(number, "%u", size);
		memcpy(copy + (at - text) + 11, number, 2);
		if (size >= 32 && size % 4 == 0)
			CHECK_OK(narrow_layout(copy, false, NULL, &l));
		else
			CHECK_ERROR(narrow_layout(copy, false, NULL, &l),
				    "SIZE(page)");
	}
	CHECK_OK(narrow_layout(text, false, NULL, &l));
	CHECK(l.size == 40 && l.word == 4 && l.flags.size == 4);
	CHECK(l.mapping.offset == 12 && l.mapping.size == 4);
	CHECK(l.order.offset == 9 && l.dtor.offset == 8);
	strcpy(copy, text);
	strcat(copy, "NUMBER(PG_hwpoison)=32\n");
	CHECK_OK(narrow_layout(copy, false, NULL, &l));
	CHECK(!l.hwpoison);
	narrow_text(pages_kernels[R6_6].text, text);
	CHECK_OK(narrow_layout(text, true, NULL, &l));
	CHECK(l.order_rule == ORDER_FLAGS_BYTE && l.order.offset == 3);
	CHECK_OK(narrow_layout(text, false, NULL, &l));
	CHECK(l.order_rule == ORDER_FLAGS_BYTE && l.order.offset == 0);
}

int main(void)
{
	srandom(1);
	test_layout();
	test_alike();
	return unit_end();
}
