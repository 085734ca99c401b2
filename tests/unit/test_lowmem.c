/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces of 32 bits, i386 and arm, with tables of both kinds: where
 * they and the linear map are found, what they map, what is refused.
 */
#include "../../src/arch/arch.h"
#include "../../src/arch/table.h"
#include "machine32.h"
#include "stopped.h"
#include "translate.h"

#define VMALLOC		0xf0000000u

static struct error *open_space(struct machine32 *m, struct space *space)
{
	struct vmcoreinfo *v;
	struct error *err;

	machine32_open(m);
	if (vmcoreinfo_parse(m->text, m->text_len, &v))
		abort();
	err = space_init(space, &m->image.target, m->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

/* Wherever memory begins and is mapped. */
static void test_found(enum paging paging, uint64_t phys_start,
		       uint32_t page_offset)
{
	struct machine32 m;
	struct space space;
	struct extent e;

	machine32_init(&m, paging, phys_start, page_offset);
	if (CHECK_OK(open_space(&m, &space))) {
		CHECK(space.root == phys_start + ROOT);
		CHECK(space.phys_start == phys_start && space.has_linear);
		CHECK(space.linear_start == page_offset - phys_start);
		CHECK(space.image_offset == space.linear_start);
		e = translate(&space, m.view, linear(&m, 0x801234));
		CHECK(e.paddr == phys_start + 0x801234 &&
		      e.len == MEMORY - 0x801234);
		e = translate(&space, m.view, linear(&m, MEMORY));
		CHECK(!e.len);
		e = translate(&space, m.view, 0x1000);
		CHECK(!e.len && e.hole && e.hole + 0x1000 <= page_offset);
		space_deinit(&space);
	}
	machine32_close(&m);
}

static void test_leaves(enum paging paging)
{
	uint64_t start = pagings[paging].machine == EM_ARM ? 0x40000000 : 0;
	bool wide = pagings[paging].len == 8;
	struct machine32 m;
	struct space space;
	struct extent e;
	uint64_t large;
	uint8_t buf[8];

	machine32_init(&m, paging, start, 0xc0000000);
	large = 1ull << shift_of(&m, 2);
	/* three pages in a row, a gap, one beyond 4 GiB where that can be */
	map32(&m, VMALLOC, start + 0x900000, 1);
	map32(&m, VMALLOC + 0x1000, start + 0x901000, 1);
	map32(&m, VMALLOC + 0x2000, start + 0x903000, 1);
	map32(&m, VMALLOC + 0x9000, wide ? 0xf12345000 : 0xf2345000, 1);
	/* a large one, and the one that follows it */
	map32(&m, VMALLOC + 0x1000000, start + 0xc00000, 2);
	map32(&m, VMALLOC + 0x1000000 + (uint32_t)large, start + 0xc00000 +
	      large, 2);
	/* the last page of all */
	map32(&m, 0xfffff000, start + 0x905000, 1);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	e = translate(&space, m.view, VMALLOC + 0x10);
	CHECK(e.paddr == start + 0x900010 && e.len == 0x2000 - 0x10);
	e = translate(&space, m.view, VMALLOC + 0x2000);
	CHECK(e.paddr == start + 0x903000 && e.len == 0x1000);
	e = translate(&space, m.view, VMALLOC + 0x3001);
	CHECK(!e.len && e.hole == 0x6000 - 1);
	e = translate(&space, m.view, VMALLOC + 0x9008);
	CHECK(e.paddr == (wide ? 0xf12345008 : 0xf2345008) &&
	      e.len == 0x1000 - 8);
	e = translate(&space, m.view, VMALLOC + 0x1001008);
	CHECK(e.paddr == start + 0xc01008 && e.len == 2 * large - 0x1008);
	e = translate(&space, m.view, 0xffffffff);
	CHECK(e.paddr == start + 0x905fff && e.len == 1);
	e = translate(&space, m.view, 0xf800000000);
	CHECK(!e.len);

	/* across two extents, one of them in the linear map's way */
	memcpy(m.mem + 0x901ffc, "abcd", 4);
	memcpy(m.mem + 0x903000, "efgh", 4);
	CHECK_OK(space_read_exact(&space, m.view, VMALLOC + 0x1ffc, buf, 8,
				  "text"));
	CHECK(!memcmp(buf, "abcdefgh", 8));
	space_deinit(&space);
	machine32_close(&m);
}

/* What a short descriptor has and Linux has not one of, or rarely. */
static void test_short(void)
{
	struct machine32 m;
	struct space space;
	struct extent e;

	machine32_init(&m, SHORT, 0x60000000, 0xc0000000);
	for (uint32_t i = 0; i < 16; i++) {
		/* a supersection, at 0x5_8100_0000; one of 64 KiB */
		map_entry(&m, VMALLOC + (i << 20), 2,
			  0x81000000 | 0x5 << 20 | 0xb << 5 | 1 << 18 | 2);
		map_entry(&m, VMALLOC + 0x2000000 + (i << 12), 1,
			  0x60980000 | 1);
	}
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	e = translate(&space, m.view, VMALLOC + 0x345678);
	CHECK(e.paddr == 0xb581345678 && e.len == 0x1000000 - 0x345678);
	e = translate(&space, m.view, VMALLOC + 0x2005678);
	CHECK(e.paddr == 0x60985678 && e.len == 0x10000 - 0x5678);
	space_deinit(&space);
	machine32_close(&m);
}

struct walked {
	uint64_t start, tables, linear, other;
	bool found;
};

static struct error *on_leaf(void *arg, const struct leaf *leaf)
{
	struct walked *w = arg;

	if (leaf->table)
		w->tables += leaf->len;
	else if (leaf->vaddr - leaf->paddr == w->start)
		w->linear += leaf->len;
	else
		w->other += leaf->len;
	return NULL;
}

/* arm has its modules right below the linear map. */
static void test_modules(enum paging paging)
{
	struct walked w = { .start = 0xc0000000 - 0x60000000 };
	struct machine32 m;
	struct space space;

	machine32_init(&m, paging, 0x60000000, 0xc0000000);
	map32(&m, 0xbf000000, 0x60900000, 1);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	CHECK(translate(&space, m.view, 0xbf000010).paddr == 0x60900010);
	CHECK_OK(table_walk(&space, m.view, NULL, 0, on_leaf, &w));
	CHECK(w.linear == MEMORY && w.other == 4096);
	space_deinit(&space);
	machine32_close(&m);
}

static void test_walk(enum paging paging)
{
	uint64_t start = pagings[paging].machine == EM_ARM ? 0x60000000 : 0;
	struct walked w = { .start = 0xc0000000 - start };
	struct machine32 m;
	struct space space;
	uint64_t len;

	machine32_init(&m, paging, start, 0xc0000000);
	map32(&m, VMALLOC, start + 0x900000, 1);
	map32(&m, VMALLOC + 0x5000, start + 0x800000, 1);
	map32(&m, VMALLOC + 0x4000000, start + 0x901000, 1);
	/* below the kernel */
	map32(&m, 0x1000000, start + 0x902000, 1);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	CHECK_OK(table_walk(&space, m.view, NULL, 0, on_leaf, &w));
	/* all but the process's own: its last one, and with three levels the
	 * one above */
	len = (uint64_t)m.kind->len << m.kind->bits;
	CHECK(w.tables == ((uint64_t)m.kind->len << m.kind->root_bits) +
	      m.next_table - TABLES - (m.kind->levels - 1) * len);
	CHECK(w.linear == MEMORY && w.other == 3 * 4096);
	space_deinit(&space);
	machine32_close(&m);
}

static void test_refused(enum paging paging)
{
	uint64_t start = pagings[paging].machine == EM_ARM ? 0x60000000 : 0;
	struct machine32 m;
	struct space space;

	/* keys that are missing or senseless */
	machine32_init(&m, paging, start, 0xc0000000);
	m.text_len = 0;
	say32(&m, "SYMBOL(_stext)=c0100000\n");
	CHECK_ERROR(open_space(&m, &space), "swapper_pg_dir");
	machine32_close(&m);
	machine32_init(&m, paging, start, 0xc0000000);
	m.text_len = 0;
	say32(&m, "SYMBOL(swapper_pg_dir)=c02f0000\n");
	CHECK_ERROR(open_space(&m, &space), "_stext");
	machine32_close(&m);
	machine32_init(&m, paging, start, 0xc0000000);
	say32(&m, "SYMBOL(_stext)=ffffffffc0100000\n");
	CHECK_ERROR(open_space(&m, &space), "no addresses of 32 bits");
	machine32_close(&m);

	/* tables that do not map themselves, cannot be read, are none */
	machine32_init(&m, paging, start, 0xc0000000);
	map32(&m, linear(&m, ROOT), start + 0x800000, 2);
	CHECK_ERROR(open_space(&m, &space), "page table");
	machine32_close(&m);
	machine32_init(&m, paging, start, 0xc0000000);
	m.bad = ROOT + (m.kind->len == 8 ? 0 :
			(0xc0000000u >> shift_of(&m, 2)) * 4 & ~4095u);
	CHECK_ERROR(open_space(&m, &space), "page table");
	machine32_close(&m);
	machine32_init(&m, paging, start, 0xc0000000);
	say32(&m, "SYMBOL(swapper_pg_dir)=c0a00000\n");
	CHECK_ERROR(open_space(&m, &space), "page table");
	machine32_close(&m);
}

#define NAMES	0x110000ull	/* init_uts_ns.name, in the image */

static void put_names(struct machine32 *m, uint64_t offset, const char *release)
{
	strcpy((char *)m->mem + offset, "Linux");
	strcpy((char *)m->mem + offset + 130, release);
}

/*
 * A kernel that ran before another, each with tables that map themselves: the one
 * at the first RAM, the other 8 MiB above. Which is the one that crashed its name
 * tells, if they differ.
 */
static void test_two(enum paging paging, bool first, const char *release)
{
	const uint64_t away = 0x800000;
	struct machine32 m, other;
	struct space space;

	machine32_init(&m, paging, 0x40000000, 0xc0000000);
	machine32_init(&other, paging, 0x40000000 + away, 0xc0000000);
	memcpy(m.mem + away + ROOT, other.mem + ROOT, 0x5000);
	memcpy(m.mem + away + TABLES, other.mem + TABLES, 0x100000);
	free(other.mem);
	say32(&m, "SYMBOL(init_uts_ns)=%x\n", linear(&m, NAMES) - 4);
	put_names(&m, NAMES + (first ? 0 : away), "6.1.0-test");
	put_names(&m, NAMES + (first ? away : 0), release);
	if (!strcmp(release, "6.1.0-test")) {
		CHECK_ERROR(open_space(&m, &space), "two kernels fit");
	} else if (CHECK_OK(open_space(&m, &space))) {
		CHECK(space.phys_start == 0x40000000 + (first ? 0 : away));
		CHECK(space.root == space.phys_start + ROOT);
		CHECK(space.linear_start == 0xc0000000 - space.phys_start);
		space_deinit(&space);
	}
	machine32_close(&m);
}

/* Last of all. */
static void test_stopped(enum paging paging)
{
	struct machine32 m;
	struct space space;

	machine32_init(&m, paging, 0, 0xc0000000);
	CHECK_ERROR(open_space(&m, &space), STOPPED);
	machine32_close(&m);
}

int main(void)
{
	for (unsigned p = 0; p < NR_PAGINGS; p++) {
		uint64_t arm = pagings[p].machine == EM_ARM;

		test_found(p, arm * 0x40000000, 0xc0000000);
		test_found(p, arm * 0x80000000, 0x80000000);
		test_found(p, arm * 0x60800000, 0xb0000000);
		test_found(p, arm * 0xc0000000, 0xc0000000);
		test_found(p, 0, 0x40000000);
		test_leaves(p);
		test_walk(p);
		test_refused(p);
	}
	test_found(LPAE, 0x800000000, 0xc0000000);
	test_found(CLASSIC, 0, 0x78000000);
	test_short();
	test_modules(LPAE);
	test_modules(SHORT);
	for (enum paging p = LPAE; p <= SHORT; p++) {
		test_two(p, true, "5.10.0-1");
		test_two(p, false, "5.10.0-1");
		test_two(p, true, "6.1.0-test");
	}
	stop_now();
	for (unsigned p = 0; p < NR_PAGINGS; p++)
		test_stopped(p);
	CHECK(arch_find(EM_386) == &arch_i386 && arch_find(EM_ARM) == &arch_arm);
	return unit_end();
}
