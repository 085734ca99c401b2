/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ppc64 address spaces, of both MMUs, page sizes and byte orders: translation,
 * walks, the memmap by its list, what is refused. Physical memory:
 *   0x0100000  the top page table, in the image
 *   0x0180000  what VMCOREINFO names: vmemmap_list, mmu_vmemmap_psize, ...
 *   0x0400000  page tables
 *   0x0600000  the list's elements
 *   0x0800000  free for the test
 */
#include "../../src/arch/arch.h"
#include "../../src/arch/table.h"
#include "machine.h"
#include "translate.h"

#define LINEAR_MAP	0xc000000000000000ull
#define TOP		0x100000ull
#define NAMES		0x180000ull
#define SIZES		0x180100ull	/* mmu_psize_defs */
#define LIST		0x600000ull

#define PRESENT		0x8000000000000000ull
/* of a leaf, and what else it may have: above the address and below it */
#define LEAF		0x4e6000000000098eull

struct shape {
	const char *name;
	bool radix, big_endian;
	unsigned page_shift;
	uint64_t vmalloc, io, vmemmap, end;
	unsigned shift[5], bits[5];
};

static const struct shape shapes[] = {
	{ "radix 4K", true, false, 12,
	  0xc008000000000000, 0xc00a000000000000, 0xc00c000000000000,
	  0xc010000000000000, { 0, 12, 21, 30, 39 }, { 0, 9, 9, 9, 13 } },
	{ "radix 64K", true, false, 16,
	  0xc008000000000000, 0xc00a000000000000, 0xc00c000000000000,
	  0xc010000000000000, { 0, 16, 21, 30, 39 }, { 0, 5, 9, 9, 13 } },
	{ "hash 4K", false, false, 12,
	  0xc0003d0000000000, 0xc0003e0000000000, 0xc0003f0000000000,
	  0xc000400000000000, { 0, 12, 21, 28, 37 }, { 0, 9, 7, 9, 9 } },
	{ "hash 64K", false, false, 16,
	  0xc008000000000000, 0xc00a000000000000, 0xc00c000000000000,
	  0xc010000000000000, { 0, 16, 24, 34, 44 }, { 0, 8, 10, 10, 8 } },
	{ "radix 64K, big-endian", true, true, 16,
	  0xc008000000000000, 0xc00a000000000000, 0xc00c000000000000,
	  0xc010000000000000, { 0, 16, 21, 30, 39 }, { 0, 5, 9, 9, 13 } },
	{ "hash 4K, big-endian", false, true, 12,
	  0xc0003d0000000000, 0xc0003e0000000000, 0xc0003f0000000000,
	  0xc000400000000000, { 0, 12, 21, 28, 37 }, { 0, 9, 7, 9, 9 } },
};

enum { RADIX_4K, RADIX_64K, HASH_4K, HASH_64K, RADIX_64K_BIG, HASH_4K_BIG,
       NR_SHAPES };

struct power {
	struct machine m;
	const struct shape *shape;
};

static void put_number(struct power *p, uint64_t paddr, uint64_t number)
{
	put_u64(p->m.mem + paddr, number, p->shape->big_endian);
}

/* Page tables are big-endian in memory. */
static void put_entry(struct power *p, uint64_t paddr, uint64_t entry)
{
	put_u64(p->m.mem + paddr, entry, true);
}

static uint64_t entry_paddr(struct power *p, uint64_t vaddr, unsigned level)
{
	const struct shape *s = p->shape;
	uint64_t table = TOP;

	for (unsigned i = 4;; i--) {
		uint64_t index = vaddr >> s->shift[i] & ((1u << s->bits[i]) -
							 1);
		uint64_t at = table + 8 * index, entry;

		if (i == level)
			return at;
		entry = get_u64(p->m.mem + at, true);
		if (!entry) {
			uint64_t len = 8ull << s->bits[i - 1];

			/* with 64 KiB pages the hash MMU's slots follow the
			 * entries: noise to us */
			if (!s->radix && i == 2 && s->page_shift == 16) {
				memset(p->m.mem + p->m.next_table + len, 0xff,
				       len);
				len *= 2;
			}
			entry = p->m.next_table | PRESENT |
				(s->radix ? s->bits[i - 1] : 0);
			p->m.next_table += len;
			put_entry(p, at, entry);
		}
		table = entry & 0x3fffffffffffff00;
	}
}

static void map(struct power *p, uint64_t vaddr, uint64_t paddr,
		unsigned level)
{
	put_entry(p, entry_paddr(p, vaddr, level), paddr | PRESENT | LEAF);
}

static void power_init(struct power *p, unsigned shape)
{
	struct machine *m = &p->m;

	*p = (struct power){ .shape = &shapes[shape] };
	m->mem = calloc(1, MACHINE_SIZE);
	if (!m->mem)
		abort();
	m->next_table = TABLES_PADDR;
	if (p->shape->radix)
		for (uint64_t at = 0; at < MACHINE_SIZE; at += 2u << 20)
			map(p, LINEAR_MAP + at, at, 2);
	machine_say(m, "PAGESIZE=%u\nSYMBOL(swapper_pg_dir)=%llx\n"
		    "SYMBOL(_stext)=%llx\nNUMBER(RADIX_MMU)=%d\n",
		    1u << p->shape->page_shift, LINEAR_MAP + TOP, LINEAR_MAP,
		    p->shape->radix);
}

/* The list of the memmap's pages, each of 2^SHIFT bytes, is empty. */
static void power_list(struct power *p, unsigned shift)
{
	machine_say(&p->m, "SYMBOL(vmemmap_list)=%llx\n"
		    "SYMBOL(mmu_vmemmap_psize)=%llx\n"
		    "SYMBOL(mmu_psize_defs)=%llx\n"
		    "SIZE(mmu_psize_def)=96\nOFFSET(mmu_psize_def.shift)=4\n"
		    "SIZE(vmemmap_backing)=24\nOFFSET(vmemmap_backing.list)=0\n"
		    "OFFSET(vmemmap_backing.phys)=8\n"
		    "OFFSET(vmemmap_backing.virt_addr)=16\n",
		    LINEAR_MAP + NAMES, LINEAR_MAP + NAMES + 8,
		    LINEAR_MAP + SIZES);
	put_u32(p->m.mem + NAMES + 8, 10, p->shape->big_endian);
	put_u32(p->m.mem + SIZES + 10 * 96 + 4, shift, p->shape->big_endian);
}

/* Element NR is the list's head; next is element NEXT, or none (-1). */
static void power_element(struct power *p, int nr, int next, uint64_t vaddr,
			  uint64_t paddr)
{
	uint64_t at = LIST + 24 * (uint64_t)nr;

	put_number(p, NAMES, LINEAR_MAP + at);
	put_number(p, at, next < 0 ? 0 :
		   LINEAR_MAP + LIST + 24 * (uint64_t)next);
	put_number(p, at + 8, paddr);
	put_number(p, at + 16, vaddr);
}

static struct error *open_space(struct power *p, struct space *space)
{
	struct machine *m = &p->m;
	struct vmcoreinfo *v;
	struct error *err;

	machine_open(m);
	m->image.target = (struct target){ EM_PPC64, 8, p->shape->big_endian,
					   p->shape->page_shift };
	if (vmcoreinfo_parse(m->text, m->text_len, &v))
		abort();
	err = space_init(space, &m->image.target, m->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

static void power_close(struct power *p, struct space *space)
{
	if (space)
		space_deinit(space);
	machine_close(&p->m);
}

static void test_leaves(unsigned shape, bool says)
{
	struct power p;
	struct space space;
	struct extent e;
	uint64_t page, at;
	char buf[16];

	power_init(&p, shape);
	if (!says)
		memcpy(strstr(p.m.text, "RADIX_MMU"), "UNKNOWN_1", 9);
	page = 1ull << p.shape->page_shift;
	at = p.shape->vmalloc;
	/* three pages in a row but for the last, a gap, one elsewhere */
	map(&p, at, 0x900000, 1);
	map(&p, at + page, 0x900000 + page, 1);
	map(&p, at + 2 * page, 0xa00000, 1);
	map(&p, at + 9 * page, 0xb00000, 1);
	map(&p, p.shape->io + 5 * page, 0x3fe0000000000ull, 1);
	if (p.shape->radix) {
		map(&p, at + (2u << 20), 0xc00000, 2);
		map(&p, at + (4u << 20), 0xe00000, 2);
		map(&p, at + (1u << 30), 0x40000000, 3);
	}
	if (!CHECK_OK(open_space(&p, &space)))
		return;
	CHECK(space.root == TOP && space.has_linear &&
	      space.linear_start == LINEAR_MAP);
	CHECK(space.image.start == LINEAR_MAP &&
	      space.image.end == LINEAR_MAP + TOP + page);

	e = translate(&space, p.m.view, LINEAR_MAP + 0x1234);
	CHECK(e.paddr == 0x1234 && e.len);
	e = translate(&space, p.m.view, LINEAR_MAP + 0x300008);
	CHECK(e.paddr == 0x300008 && e.len == MACHINE_SIZE - 0x300008);
	e = translate(&space, p.m.view, LINEAR_MAP + MACHINE_SIZE);
	CHECK(!e.len && e.hole);
	e = translate(&space, p.m.view, at + 0x10);
	CHECK(e.paddr == 0x900010 && e.len == 2 * page - 0x10);
	e = translate(&space, p.m.view, at + 2 * page + 1);
	CHECK(e.paddr == 0xa00001 && e.len == page - 1);
	e = translate(&space, p.m.view, at + 3 * page + 1);
	CHECK(!e.len && e.hole == 6 * page - 1);
	e = translate(&space, p.m.view, p.shape->io + 5 * page);
	CHECK(e.paddr == 0x3fe0000000000 && e.len == page);
	e = translate(&space, p.m.view, p.shape->end);
	CHECK(!e.len && e.hole == -p.shape->end);
	e = translate(&space, p.m.view, 0x1000);
	CHECK(!e.len && e.hole == LINEAR_MAP - 0x1000);
	if (p.shape->radix) {
		e = translate(&space, p.m.view, at + (2u << 20) + 0x1008);
		CHECK(e.paddr == 0xc01008 && e.len == (4u << 20) - 0x1008);
		e = translate(&space, p.m.view, at + (1u << 30) + 0x123456);
		CHECK(e.paddr == 0x40123456 && e.len == (1u << 30) - 0x123456);
	}
	memcpy(p.m.mem + 0x900000 + 2 * page - 8, "abcdefgh", 8);
	memcpy(p.m.mem + 0xa00000, "ijklmnop", 8);
	CHECK_OK(space_read_exact(&space, p.m.view, at + 2 * page - 8, buf, 16,
				  "text"));
	CHECK(!memcmp(buf, "abcdefghijklmnop", 16));
	power_close(&p, &space);
}

struct walked {
	uint64_t nr_tables, nr_leaves, leaf_bytes, skip_from;
};

static struct error *on_leaf(void *arg, const struct leaf *leaf)
{
	struct walked *w = arg;

	if (leaf->table) {
		w->nr_tables++;
		return NULL;
	}
	CHECK(leaf->vaddr >= w->skip_from);
	w->nr_leaves++;
	w->leaf_bytes += leaf->len;
	return NULL;
}

static void test_walk(unsigned shape)
{
	struct power p;
	struct space space;
	struct vrange linear = { LINEAR_MAP, LINEAR_MAP + MACHINE_SIZE };
	struct walked w = { .skip_from = shapes[shape].vmalloc };
	uint64_t page = 1ull << shapes[shape].page_shift, entry;

	power_init(&p, shape);
	map(&p, p.shape->vmalloc, 0x900000, 1);
	map(&p, p.shape->vmalloc + page, 0x900000 + page, 1);
	map(&p, p.shape->end - page, 0xa00000, 1);
	if (!CHECK_OK(open_space(&p, &space)))
		return;
	CHECK_OK(table_walk(&space, p.m.view, &linear, 1, on_leaf, &w));
	CHECK(w.nr_leaves == 2 && w.leaf_bytes == 3 * page);
	/* the top, three a branch; radix: two of the linear map */
	CHECK(w.nr_tables == (p.shape->radix ? 9 : 7));

	/* a table that leads back to the top, one to where no memory is, and
	 * what another family of 64-bit PowerPC has in its top table */
	entry = PRESENT | (p.shape->radix ? 9 : 0);
	put_entry(&p, entry_paddr(&p, p.shape->vmalloc, 3) + 8, entry | TOP);
	put_entry(&p, entry_paddr(&p, p.shape->vmalloc, 4) + 8,
		  entry | 0x70000000);
	put_entry(&p, entry_paddr(&p, p.shape->vmalloc, 4) + 16,
		  LINEAR_MAP | TABLES_PADDR);
	view_destroy(p.m.view);
	CHECK_OK(view_create(&p.m.image, VIEW_RANDOM, &p.m.view));
	w = (struct walked){ 0 };
	CHECK_OK(table_walk(&space, p.m.view, &linear, 1, on_leaf, &w));
	CHECK(w.nr_leaves >= 2 && w.nr_tables <= 100);
	CHECK(!translate(&space, p.m.view, p.shape->vmalloc +
			 (2ull << p.shape->shift[4])).len);
	power_close(&p, &space);
}

/* Pages of the memmap: added at either end of the last, and elsewhere. */
static void test_list(unsigned shape, unsigned shift)
{
	struct power p;
	struct space space;
	struct extent e;
	uint64_t page = 1ull << shift, at = shapes[shape].vmemmap;
	uint64_t to = align_up(0x900000, page);

	power_init(&p, shape);
	power_list(&p, shift);
	power_element(&p, 0, -1, at + page, to + page);
	power_element(&p, 1, 0, at + 2 * page, to + 2 * page);
	power_element(&p, 5, 1, at + 9 * page, to + 8 * page);
	power_element(&p, 4, 5, at + 8 * page, to + 9 * page);
	power_element(&p, 7, 4, at, to);
	if (!CHECK_OK(open_space(&p, &space)))
		return;
	e = translate(&space, p.m.view, at + 24);
	CHECK(e.paddr == to + 24 && e.len == 3 * page - 24);
	e = translate(&space, p.m.view, at + 3 * page);
	CHECK(!e.len && e.hole == 5 * page);
	e = translate(&space, p.m.view, at + 8 * page);
	CHECK(e.paddr == to + 9 * page && e.len == page);
	e = translate(&space, p.m.view, at + 9 * page + 1);
	CHECK(e.paddr == to + 8 * page + 1 && e.len == page - 1);
	CHECK(space.nr_fixed == 4);	/* and the linear map */
	power_close(&p, &space);
}

/* Lists that don't end, and elements that make no sense. */
static void test_list_nonsense(unsigned shape)
{
	uint64_t at = shapes[shape].vmemmap;
	struct power p;
	struct space space;

	for (int back = 0; back < 4; back++) {	/* cyclic from there on */
		power_init(&p, shape);
		power_list(&p, 16);
		for (int i = 0; i < 4; i++)
			power_element(&p, i, i ? i - 1 : back,
				      at + 0x20000 * (uint64_t)i,
				      0x900000 + 0x10000 * (uint64_t)i);
		if (CHECK_OK(open_space(&p, &space))) {
			CHECK(space.nr_fixed == 5);
			CHECK(translate(&space, p.m.view, at + 0x60000).paddr ==
			      0x930000);
			power_close(&p, &space);
		}
	}

	power_init(&p, shape);
	power_list(&p, 16);
	power_element(&p, 0, -1, at, 0x900000);
	power_element(&p, 1, 0, at + 0x11000, 0x910000);	/* unaligned */
	power_element(&p, 2, 1, at + 0x10000, 0x911000);
	power_element(&p, 3, 2, LINEAR_MAP + 0x10000, 0x910000);
	power_element(&p, 4, 3, shapes[shape].end, 0x910000);
	power_element(&p, 5, 4, 0, 0x910000);
	power_element(&p, 6, 5, at + 0x10000, 1ull << 60);
	if (CHECK_OK(open_space(&p, &space))) {
		CHECK(space.nr_fixed == 2 && translate(&space, p.m.view, at).len);
		power_close(&p, &space);
	}

	/* breaks off where there is no memory */
	power_init(&p, shape);
	power_list(&p, 16);
	power_element(&p, 0, 0x1000000, at, 0x900000);
	if (CHECK_OK(open_space(&p, &space))) {
		CHECK(space.nr_fixed == 2);
		power_close(&p, &space);
	}

	/* one address in two places */
	power_init(&p, shape);
	power_list(&p, 16);
	power_element(&p, 0, -1, at, 0x900000);
	power_element(&p, 1, 0, at, 0xa00000);
	CHECK_ERROR(open_space(&p, &space), "mapped twice");
	power_close(&p, NULL);

	/* more than can be remembered: the first elements are */
	power_init(&p, shape);
	power_list(&p, 12);
	for (int i = 0; i <= 1 << 20; i++)
		power_element(&p, i, i - 1, at + 0x2000 * (uint64_t)i,
			      0x900000);
	if (CHECK_OK(open_space(&p, &space))) {
		CHECK(space.nr_fixed == SPACE_FIXED_MAX);
		CHECK(translate(&space, p.m.view, at + (0x2000ull << 20)).len);
		CHECK(!translate(&space, p.m.view, at).len);
		power_close(&p, &space);
	}
}

/* No list, none that can be read, or of pages of a size that can't be; with the
 * radix MMU it does not count. */
static void test_no_list(void)
{
	static const unsigned shifts[] = { 0, 11, 31, 64, 1u << 31 };
	uint64_t at = shapes[HASH_64K].vmemmap;
	struct power p;
	struct space space;

	for (size_t i = 0; i < sizeof(shifts) / sizeof(*shifts); i++) {
		power_init(&p, HASH_64K);
		power_list(&p, shifts[i]);
		power_element(&p, 0, -1, at, 0x900000);
		if (CHECK_OK(open_space(&p, &space))) {
			CHECK(space.nr_fixed == 1);
			power_close(&p, &space);
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		power_init(&p, i == 3 ? RADIX_64K : HASH_64K);
		if (i)
			power_list(&p, 16);
		power_element(&p, 0, -1, at, 0x900000);
		if (i == 1)
			p.m.bad_paddr = NAMES;
		if (i == 2)
			put_u32(p.m.mem + NAMES + 8, 16, false);
		if (CHECK_OK(open_space(&p, &space))) {
			CHECK(space.nr_fixed == 1);
			CHECK(!translate(&space, p.m.view, at).len);
			power_close(&p, &space);
		}
	}
}

static void test_refused(void)
{
	struct power p;
	struct space space;

	power_init(&p, RADIX_4K);
	memcpy(strstr(p.m.text, "swapper"), "swopper", 7);
	CHECK_ERROR(open_space(&p, &space), "SYMBOL(swapper_pg_dir)");
	power_close(&p, NULL);

	power_init(&p, RADIX_4K);
	machine_say(&p.m, "SYMBOL(swapper_pg_dir)=%llx\n", LINEAR_MAP + 0x808);
	CHECK_ERROR(open_space(&p, &space), "SYMBOL(swapper_pg_dir)");
	power_close(&p, NULL);

	power_init(&p, RADIX_4K);
	machine_say(&p.m, "SYMBOL(swapper_pg_dir)=80000000\n");
	CHECK_ERROR(open_space(&p, &space), "SYMBOL(swapper_pg_dir)");
	power_close(&p, NULL);

	/* which MMU? */
	power_init(&p, RADIX_4K);
	memcpy(strstr(p.m.text, "RADIX_MMU"), "UNKNOWN_1", 9);
	p.m.bad_paddr = TOP;
	CHECK_ERROR(open_space(&p, &space), "the top page table");
	power_close(&p, NULL);

	/* one that is not known */
	{
		struct shape shape = shapes[RADIX_4K];

		power_init(&p, RADIX_4K);
		shape.page_shift = 14;
		p.shape = &shape;
		CHECK_ERROR(open_space(&p, &space), "pages of 16384 bytes");
		power_close(&p, NULL);
	}
}

int main(void)
{
	for (unsigned i = 0; i < NR_SHAPES; i++) {
		test_leaves(i, true);
		test_leaves(i, false);
		test_walk(i);
	}
	test_list(HASH_4K, 12);
	test_list(HASH_4K, 24);
	test_list(HASH_64K, 16);
	test_list(HASH_64K, 24);
	test_list(HASH_4K_BIG, 12);
	test_list_nonsense(HASH_4K);
	test_list_nonsense(HASH_64K);
	test_list_nonsense(HASH_4K_BIG);
	test_no_list();
	test_refused();
	CHECK(!strcmp(arch_name(arch_find(EM_PPC64), true), "ppc64") &&
	      !strcmp(arch_name(arch_find(EM_PPC64), false), "ppc64le"));
	return unit_end();
}
