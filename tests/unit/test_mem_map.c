/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where struct pages lie: every memory model on a machine of 32 MiB with
 * sections of 4 MiB, of which one is absent.
 */
#include "../../src/base/log.h"
#include "../../src/kernel/kernel.h"
#include "machine.h"
#include "open_kernel.h"
#include "pages.h"

#define SECTION_PAGES	1024u
#define NR_SECTIONS	8u
#define HOLE		5u		/* this section has no struct pages */
#define ROOTS		0x800000ull	/* paddr */
#define SECTIONS	0x801000ull	/* paddr: the one root; or all, static */

/* As 5.10.45 and before, which don't say how large a section is. */
static void say_sparse_old(struct machine *m, unsigned length,
			   uint64_t symbol)
{
	machine_say(m, "%sSYMBOL(mem_section)=%llx\nLENGTH(mem_section)=%u\n"
		    "SIZE(mem_section)=32\n"
		    "OFFSET(mem_section.section_mem_map)=8\n"
		    "NUMBER(MAX_PHYSMEM_BITS)=36\n",
		    pages_kernels[R6_12].text, (unsigned long long)symbol,
		    length);
}

static void say_sparse(struct machine *m, unsigned length, uint64_t symbol)
{
	say_sparse_old(m, length, symbol);
	machine_say(m, "NUMBER(SECTION_SIZE_BITS)=22\n");
}

/* Section NR's array, as the kernel encodes it, at VADDR; FLAGS below. */
static void put_section(struct machine *m, unsigned nr, uint64_t vaddr,
			uint64_t flags)
{
	machine_put(m, SECTIONS + 32 * nr + 8, (vaddr - (uint64_t)nr *
		    SECTION_PAGES * 64) | flags);
}

/* One array for all of memory, with all the flags that 7.2 has. */
static void put_vmemmap(struct machine *m, uint64_t flags)
{
	machine_put(m, ROOTS, LINEAR + SECTIONS);
	for (unsigned i = 0; i < NR_SECTIONS; i++)
		if (i != HOLE)
			put_section(m, i, VMEMMAP + i * SECTION_PAGES * 64,
				    flags);
}

static struct page_array array_at(struct machine *m, struct kernel *k,
				  uint64_t pfn, bool *unreadable)
{
	struct page_array a = { 0 };

	CHECK_OK(kernel_page_array(k, m->view, pfn, &a, unreadable));
	return a;
}

/* What is expected with put_vmemmap(). */
static void check_vmemmap(struct machine *m, struct kernel *k)
{
	struct page_array a;
	bool unreadable;
	uint64_t pfn;

	if (!CHECK(k->has_pages))
		return;
	a = array_at(m, k, 0, &unreadable);
	CHECK(a.first_pfn == 0 && a.nr_pages == HOLE * SECTION_PAGES);
	CHECK(a.vaddr == VMEMMAP && !unreadable);
	a = array_at(m, k, 2 * SECTION_PAGES + 7, &unreadable);
	CHECK(a.first_pfn == 2 * SECTION_PAGES);
	CHECK(a.nr_pages == (HOLE - 2) * SECTION_PAGES);
	CHECK(a.vaddr == VMEMMAP + a.first_pfn * 64 && !unreadable);
	a = array_at(m, k, HOLE * SECTION_PAGES + 5, &unreadable);
	CHECK(!a.nr_pages && a.first_pfn == (HOLE + 1) * SECTION_PAGES);
	a = array_at(m, k, (HOLE + 1) * SECTION_PAGES, &unreadable);
	CHECK(a.nr_pages == 2 * SECTION_PAGES && !unreadable);
	a = array_at(m, k, NR_SECTIONS * SECTION_PAGES, &unreadable);
	CHECK(!a.nr_pages && a.first_pfn == UINT64_MAX && !unreadable);

	CHECK(kernel_page_pfn(k, m->view, VMEMMAP + 64 * 1000, 1001, &pfn) &&
	      pfn == 1000);
	CHECK(kernel_page_pfn(k, m->view, VMEMMAP + 64 * 1000, 5000, &pfn) &&
	      pfn == 1000);
	CHECK(!kernel_page_pfn(k, m->view, VMEMMAP + 64 * 1000 + 8, 1001,
			       &pfn));
	CHECK(!kernel_page_pfn(k, m->view, VMEMMAP + 64 * 5500, 5501, &pfn));
	CHECK(!kernel_page_pfn(k, m->view, 0, 0, &pfn));
	CHECK(!kernel_page_pfn(k, m->view, VMEMMAP - 64, 0, &pfn));
}

/* The flag bits below the array's address: up to 6 in 7.2, and any more. */
static void test_extreme(uint64_t flags, bool symbol)
{
	struct machine m;
	struct kernel *k;

	machine_init(&m, 4, 0);
	say_sparse(&m, 128, LINEAR + ROOTS);
	if (symbol)
		machine_say(&m, "SYMBOL(vmemmap)=%llx\n", VMEMMAP);
	put_vmemmap(&m, flags);
	k = open_kernel(&m, NULL);
	CHECK(k->model == MEMORY_SPARSE_EXTREME && k->nr_roots == 128);
	check_vmemmap(&m, k);
	kernel_close(k);
	machine_close(&m);
}

/*
 * What sections are: 0 and 1 online, 2 a device's, 3 shared, the others online;
 * and beyond the image's end 8 online, 9 and 11 a device's, 10 none.
 */
static void test_use(void)
{
	static const struct { uint64_t first, nr; enum section_use use; } runs[] = {
		{ 0, 2, SECTION_ONLINE }, { 2, 1, SECTION_OFFLINE },
		{ 3, 1, SECTION_SHARED }, { 4, 1, SECTION_ONLINE },
		{ HOLE, 0, SECTION_ONLINE }, { 6, 3, SECTION_ONLINE },
		{ 9, 1, SECTION_OFFLINE }, { 10, 0, SECTION_ONLINE },
		{ 11, 1, SECTION_OFFLINE },
	};
	static const uint8_t more[] = { 0x2f, 3, 0, 0x13 };
	enum section_use use;
	struct page_array a;
	struct machine m;
	struct kernel *k;
	bool unreadable;

	machine_init(&m, 4, 0);
	say_sparse(&m, 128, LINEAR + ROOTS);
	put_vmemmap(&m, 15);
	put_section(&m, 2, VMEMMAP + 2 * SECTION_PAGES * 64, 3);
	put_section(&m, 3, VMEMMAP + 3 * SECTION_PAGES * 64, 0x17);
	for (unsigned i = 0; i < 4; i++)
		if (more[i])
			put_section(&m, 8 + i, VMEMMAP + (8 + i) *
				    SECTION_PAGES * 64, more[i]);
	k = open_kernel(&m, NULL);
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		uint64_t pfn = runs[i].first * SECTION_PAGES;

		CHECK_OK(kernel_page_array_beyond(k, m.view, pfn, &a,
						  &unreadable));
		CHECK(!unreadable && a.use == runs[i].use &&
		      a.nr_pages == runs[i].nr * SECTION_PAGES);
		CHECK(a.first_pfn == (runs[i].nr ? pfn : pfn + SECTION_PAGES));
		CHECK_OK(kernel_section_use(k, m.view, pfn + 1, &use));
		CHECK(use == runs[i].use);
		/* the same within the image, nothing beyond it */
		a = array_at(&m, k, pfn, &unreadable);
		CHECK(a.use == (runs[i].first < 8 ? runs[i].use :
				SECTION_ONLINE));
		CHECK(a.nr_pages == SECTION_PAGES *
		      (runs[i].first > 8 ? 0 : min_u64(runs[i].nr, 2)));
	}
	CHECK_OK(kernel_page_array_beyond(k, m.view, 12 * SECTION_PAGES, &a,
					  &unreadable));
	CHECK(!a.nr_pages && a.first_pfn == UINT64_MAX);
	CHECK_OK(kernel_page_array_beyond(k, m.view, UINT64_MAX, &a,
					  &unreadable));
	CHECK(!a.nr_pages && a.first_pfn == UINT64_MAX);
	CHECK_OK(kernel_section_use(k, m.view, UINT64_MAX, &use));
	CHECK(use == SECTION_ONLINE);
	kernel_close(k);
	machine_close(&m);
}

/* SYMBOL(mem_section) is the address of the pointer. */
static void test_extreme_pointer(void)
{
	struct machine m;
	struct kernel *k;

	machine_init(&m, 4, 0);
	say_sparse(&m, 128, IMAGE_VADDR + 0x1000);
	machine_put(&m, IMAGE_PADDR + 0x1000, LINEAR + ROOTS);
	put_vmemmap(&m, 3);
	k = open_kernel(&m, NULL);
	check_vmemmap(&m, k);
	kernel_close(k);
	machine_close(&m);
}

static void test_static(void)
{
	struct machine m;
	struct kernel *k;

	machine_init(&m, 4, 0);
	say_sparse(&m, 16384, LINEAR + SECTIONS);
	put_vmemmap(&m, 0xf);
	k = open_kernel(&m, NULL);
	CHECK(k->model == MEMORY_SPARSE && k->nr_roots == 16384);
	check_vmemmap(&m, k);
	kernel_close(k);
	machine_close(&m);
}

/* The size of a section follows from the number of roots, if at all. */
static void test_no_section_bits(void)
{
	static const unsigned refused[] = { 0, 64 + 128, 256, 16384 };
	struct machine m;
	struct kernel *k;

	machine_init(&m, 4, 0);
	say_sparse_old(&m, 128, LINEAR + ROOTS);
	put_vmemmap(&m, 3);
	k = open_kernel(&m, NULL);
	CHECK(k->model == MEMORY_SPARSE_EXTREME && k->nr_roots == 128);
	check_vmemmap(&m, k);
	kernel_close(k);
	machine_close(&m);

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		machine_init(&m, 4, 0);
		say_sparse_old(&m, refused[i], LINEAR + ROOTS);
		put_vmemmap(&m, 3);
		k = open_kernel(&m, NULL);
		CHECK(!k->has_pages && strstr(k->why_not_pages,
					      "SECTION_SIZE_BITS"));
		kernel_close(k);
		machine_close(&m);
	}
}

/* Sparse without vmemmap: the arrays lie anywhere. */
static void test_scattered(void)
{
	static const unsigned order[NR_SECTIONS] = { 3, 4, 2, 7, 6, 0, 0, 1 };
	struct machine m;
	struct page_array a;
	struct kernel *k;
	bool unreadable;
	uint64_t pfn;

	machine_init(&m, 4, 0);
	say_sparse(&m, 128, LINEAR + ROOTS);
	machine_put(&m, ROOTS, LINEAR + SECTIONS);
	for (unsigned i = 0; i < NR_SECTIONS; i++)
		if (i != HOLE)
			put_section(&m, i, LINEAR + 0x900000 + order[i] *
				    0x10000, 3);
	k = open_kernel(&m, NULL);
	if (!CHECK(k->has_pages))
		return;
	/* 0 and 1 continue each other */
	a = array_at(&m, k, 5, &unreadable);
	CHECK(a.nr_pages == 2 * SECTION_PAGES && a.first_pfn == 0);
	CHECK(a.vaddr == LINEAR + 0x930000);
	a = array_at(&m, k, 2 * SECTION_PAGES, &unreadable);
	CHECK(a.nr_pages == SECTION_PAGES && a.vaddr == LINEAR + 0x920000);
	a = array_at(&m, k, 7 * SECTION_PAGES + 1023, &unreadable);
	CHECK(a.nr_pages == SECTION_PAGES && a.vaddr == LINEAR + 0x910000);
	CHECK(kernel_page_pfn(k, m.view, LINEAR + 0x910000 + 64 * 9,
			      NR_SECTIONS * SECTION_PAGES - 1, &pfn) &&
	      pfn == 7 * SECTION_PAGES + 9);
	/* the head lies in a section before */
	CHECK(kernel_page_pfn(k, m.view, LINEAR + 0x970000 + 64 * 9,
			      NR_SECTIONS * SECTION_PAGES - 1, &pfn) &&
	      pfn == 3 * SECTION_PAGES + 9);
	kernel_close(k);
	machine_close(&m);
}

/*
 * Sections whose arrays are smaller than a page, as on ppc64 with pages of 64
 * KiB: what is encoded for a page-aligned array is not page-aligned. Forty of
 * them are one array, the others scattered.
 */
static void test_small_sections(void)
{
	enum { PAGES = 32, ONE = 40, NR = 64 };
	struct page_array a;
	struct machine m;
	struct kernel *k;
	bool unreadable;

	machine_init(&m, 4, 0);
	say_sparse_old(&m, 4096, LINEAR + ROOTS);
	machine_say(&m, "NUMBER(SECTION_SIZE_BITS)=17\n");
	machine_put(&m, ROOTS, LINEAR + SECTIONS);
	for (uint64_t i = 0; i < NR; i++) {
		uint64_t vaddr = i < ONE ? VMEMMAP + i * PAGES * 64 :
				 LINEAR + 0x900000 + i * 8192;

		machine_put(&m, SECTIONS + 32 * i + 8,
			    (vaddr - i * PAGES * 64) | 0x3f);
	}
	k = open_kernel(&m, NULL);
	a = array_at(&m, k, 0, &unreadable);
	CHECK(a.vaddr == VMEMMAP && a.nr_pages == ONE * PAGES);
	for (uint64_t i = ONE; i < NR; i++) {
		a = array_at(&m, k, i * PAGES + 3, &unreadable);
		CHECK(a.first_pfn == i * PAGES && a.nr_pages == PAGES &&
		      a.vaddr == LINEAR + 0x900000 + i * 8192);
	}
	kernel_close(k);
	machine_close(&m);
}

static void test_flat(bool node)
{
	struct machine m;
	struct page_array a;
	struct kernel *k;
	bool unreadable;
	uint64_t pfn;

	machine_init(&m, 4, 0);
	machine_say(&m, "%sSYMBOL(mem_map)=%llx\n", pages_kernels[R5_10].text,
		    IMAGE_VADDR + 0x1000);
	machine_put(&m, IMAGE_PADDR + 0x1000, LINEAR + PAGES_PADDR);
	if (node) {
		machine_say(&m, "SYMBOL(contig_page_data)=%llx\n"
			    "OFFSET(pglist_data.node_start_pfn)=8\n"
			    "OFFSET(pglist_data.node_spanned_pages)=16\n",
			    IMAGE_VADDR + 0x2000);
		machine_put(&m, IMAGE_PADDR + 0x2008, 1);
		machine_put(&m, IMAGE_PADDR + 0x2010, 6999);
	}
	k = open_kernel(&m, NULL);
	if (!CHECK(k->has_pages && k->model == MEMORY_FLAT))
		return;
	a = array_at(&m, k, 4711, &unreadable);
	CHECK(!a.first_pfn && a.nr_pages == (node ? 7000 : 8192));
	CHECK(a.vaddr == LINEAR + PAGES_PADDR && !unreadable);
	a = array_at(&m, k, 8192, &unreadable);
	CHECK(!a.nr_pages && a.first_pfn == UINT64_MAX);
	CHECK(kernel_page_pfn(k, m.view, a.vaddr = LINEAR + PAGES_PADDR + 640,
			      11, &pfn) && pfn == 10);
	CHECK(!kernel_page_pfn(k, m.view, LINEAR + PAGES_PADDR - 64, 11,
			       &pfn));
	kernel_close(k);
	machine_close(&m);
}

/* What can't be read, or contradicts itself, is kept and said. */
static void test_unreadable(void)
{
	struct machine m;
	struct page_array a;
	struct kernel *k;
	bool unreadable;

	machine_init(&m, 4, 0);
	say_sparse(&m, 128, LINEAR + ROOTS);
	machine_say(&m, "SYMBOL(vmemmap)=%llx\n", VMEMMAP);
	put_vmemmap(&m, 0x3f);
	/* this one says it lies elsewhere */
	put_section(&m, 3, VMEMMAP + 2 * SECTION_PAGES * 64, 3);
	k = open_kernel(&m, NULL);
	a = array_at(&m, k, 0, &unreadable);
	CHECK(a.nr_pages == 3 * SECTION_PAGES && !unreadable);
	a = array_at(&m, k, 3 * SECTION_PAGES + 1, &unreadable);
	CHECK(!a.nr_pages && unreadable && a.first_pfn == 4 * SECTION_PAGES);
	kernel_close(k);

	m.bad_paddr = SECTIONS;
	view_destroy(m.view);
	close(m.image.file.fd);
	k = open_kernel(&m, NULL);
	CHECK(!k->has_pages && strstr(k->why_not_pages, "no memory section"));
	kernel_close(k);
	machine_close(&m);

	/* a root that leads nowhere */
	machine_init(&m, 4, 0);
	say_sparse(&m, 128, LINEAR + ROOTS);
	put_vmemmap(&m, 3);
	k = open_kernel(&m, NULL);
	machine_put(&m, ROOTS, LINEAR + (1ull << 40));
	view_destroy(m.view);
	CHECK_OK(view_create(&m.image, VIEW_RANDOM, &m.view));
	a = array_at(&m, k, 5, &unreadable);
	CHECK(!a.nr_pages && unreadable && a.first_pfn == SECTION_PAGES);
	kernel_close(k);
	machine_close(&m);
}

static void test_refused(void)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "SIZE(mem_section)=0\n", "no possible mem_section" },
		{ "SIZE(mem_section)=100000\n", "no possible mem_section" },
		{ "OFFSET(mem_section.section_mem_map)=25\n",
		  "no possible mem_section" },
		{ "NUMBER(SECTION_SIZE_BITS)=12\n", "no possible" },
		{ "NUMBER(SECTION_SIZE_BITS)=64\n", "no possible" },
		{ "NUMBER(MAX_PHYSMEM_BITS)=64\n", "no possible" },
		{ "NUMBER(MAX_PHYSMEM_BITS)=21\n", "no possible" },
		{ "NUMBER(SECTION_SIZE_BITS)=nonsense\n", "VMCOREINFO lacks" },
		{ "LENGTH(mem_section)=77\n", "LENGTH(mem_section) is 77" },
		{ "SYMBOL(mem_section)=ffff800000000000\n",
		  "no memory section has struct pages" },
		/* the pages before the first segment */
		{ "SYMBOL(mem_section)=ffff9a0040000100\n",
		  "mem_section, at physical address 0x100, is in no segment" },
		{ "PAGESIZE=8191\n", "PAGESIZE is 8191" },
		{ "PAGESIZE=\n", "PAGESIZE is " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct machine m;
		struct kernel *k;
		struct log log;

		log_init(&log, stderr, 0);
		machine_init(&m, 4, 0);
		say_sparse(&m, 128, LINEAR + ROOTS);
		machine_say(&m, "%s", cases[i].line);
		put_vmemmap(&m, 3);
		k = open_kernel(&m, &log);
		CHECK(!k->has_pages && k->why_not_pages &&
		      strstr(k->why_not_pages, cases[i].why));
		CHECK(log.nr_warnings >= 1 &&
		      strstr(log.warnings[log.nr_warnings - 1],
			     cases[i].why));
		kernel_close(k);
		log_deinit(&log);
		machine_close(&m);
	}
}

int main(void)
{
	for (unsigned flags = 2; flags < 0x1000; flags += flags < 64 ? 1 : 97)
		if (flags & 2)
			test_extreme(flags, flags & 1);
	test_use();
	test_extreme_pointer();
	test_static();
	test_no_section_bits();
	test_scattered();
	test_small_sections();
	test_flat(false);
	test_flat(true);
	test_unreadable();
	test_refused();
	return unit_end();
}
