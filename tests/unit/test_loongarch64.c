/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loongarch64 address spaces: all page sizes and numbers of levels, entries of
 * each kind, the windows, and what is refused. Physical memory:
 *   0x0200000  the kernel image, 2 MiB, with tables of nothing and the top one
 *   0x0800000  page tables
 *   0x1000000  free for the test
 */
#include "../../src/arch/arch.h"
#include "../../src/arch/table.h"
#include "machine.h"
#include "translate.h"
#include "walked.h"

#define LA64	258	/* EM_LOONGARCH */
#define CACHED	0x9000000000000000ull
#define ROOT	0x3e0000ull
#define NOTHING	0x300000ull	/* of level 1; then every 64 KiB */
#define PROT	0x1d3ull	/* present, write, global, cached, dirty, valid */
#define HUGE	0x40ull

struct la {
	struct machine m;
	unsigned shift, levels;
	uint64_t vmalloc;
};

static unsigned level_shift(const struct la *la, unsigned level)
{
	return la->shift + (la->shift - 3) * (level - 1);
}

static uint64_t nothing(unsigned level)
{
	return CACHED + NOTHING + (level - 1) * 0x10000;
}

/* A table of LEVEL that maps nothing. */
static void table_clear(struct la *la, uint64_t at, unsigned level)
{
	for (unsigned i = 0; i < 1u << (la->shift - 3); i++)
		machine_put(&la->m, at + 8 * i,
			    level > 1 ? nothing(level - 1) : i & 0x40);
}

static uint64_t *entry_of(struct la *la, uint64_t vaddr, unsigned level)
{
	uint64_t table = ROOT, mask = (1ull << (la->shift - 3)) - 1;

	for (unsigned i = la->levels;; i--) {
		uint64_t at = table + 8 * (vaddr >> level_shift(la, i) & mask);

		if (i == level)
			return (uint64_t *)(la->m.mem + at);
		if (machine_get(&la->m, at) == nothing(i - 1)) {
			table_clear(la, la->m.next_table, i - 1);
			machine_put(&la->m, at, CACHED + la->m.next_table);
			la->m.next_table += 1u << la->shift;
		}
		table = machine_get(&la->m, at) - CACHED;
	}
}

static void map(struct la *la, uint64_t vaddr, uint64_t paddr, unsigned level,
		uint64_t bits)
{
	put_u64(entry_of(la, vaddr, level), paddr | PROT | bits |
		(level > 1 ? HUGE | 1ull << 12 : 0), false);
}

static void la_init(struct la *la, unsigned shift, unsigned levels,
		    uint64_t vmalloc)
{
	struct machine *m = &la->m;

	*la = (struct la){ .shift = shift, .levels = levels,
			   .vmalloc = vmalloc };
	m->mem = calloc(1, MACHINE_SIZE);
	if (!m->mem)
		abort();
	m->next_table = 0x800000;
	for (unsigned i = 1; i < levels; i++)
		table_clear(la, nothing(i) - CACHED, i);
	table_clear(la, ROOT, levels);
	machine_say(m, "PAGESIZE=%u\nSYMBOL(swapper_pg_dir)=%llx\n"
		    "SYMBOL(_stext)=%llx\n", 1u << shift, CACHED + ROOT,
		    CACHED + 0x201000);
}

static void la_say(struct la *la)
{
	machine_say(&la->m, "NUMBER(VMALLOC_START)=0x%llx\n",
		    (unsigned long long)la->vmalloc);
}

static struct error *la_open(struct la *la, struct space *space)
{
	struct machine *m = &la->m;
	struct vmcoreinfo *v;
	struct error *err;

	machine_open(m);
	m->image.target.elf_machine = LA64;
	m->image.target.page_shift = la->shift;
	if (vmcoreinfo_parse(m->text, m->text_len, &v))
		abort();
	err = space_init(space, &m->image.target, m->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

static void la_close(struct la *la, struct space *space)
{
	space_deinit(space);
	machine_close(&la->m);
}

/* With the kernel's part of addresses VABITS below the top. */
static void test_leaves(unsigned shift, unsigned levels, unsigned vabits)
{
	uint64_t page = 1ull << shift, pmd = 1ull << (shift + shift - 3);
	uint64_t v = -(1ull << vabits) + 0x20000000;
	struct walked w = { .vaddr = v + 5 * page };
	struct la la;
	struct space space;
	struct extent e;

	la_init(&la, shift, levels, v);
	la_say(&la);
	map(&la, v, 0x1000000, 1, 0);
	/* bits that are no address */
	map(&la, v + page, 0x1000000 + page, 1, 0xfull << 60);
	map(&la, v + 2 * page, 0x1000000 + 2 * page, 1, 0x1fffull << 48);
	/* there is nothing but the mark of a kernel's table; a gap */
	put_u64(entry_of(&la, v + 3 * page, 1), 0x40, false);
	map(&la, v + 5 * page, 0x1000000, 1, 0);
	map(&la, v + pmd, 32 * pmd, 2, 0);
	map(&la, v + 2 * pmd, 33 * pmd, 2, 0);
	/* a huge one that is not there */
	put_u64(entry_of(&la, v + 3 * pmd, 2), 34 * pmd | HUGE, false);
	if (!CHECK_OK(la_open(&la, &space)))
		return;
	CHECK(space.levels == levels && space.root == ROOT);
	CHECK(space.has_linear && space.linear_start == CACHED);
	CHECK(space.image_offset == CACHED &&
	      space.image.start == CACHED + (0x201000 & -page) &&
	      space.image.end == CACHED + ROOT + page);

	e = translate(&space, la.m.view, v + 8);
	CHECK(e.paddr == 0x1000008 && e.len == 3 * page - 8);
	e = translate(&space, la.m.view, v + 3 * page);
	CHECK(!e.len && e.hole == 2 * page);
	e = translate(&space, la.m.view, v + 5 * page);
	CHECK(e.paddr == 0x1000000 && e.len == page);
	e = translate(&space, la.m.view, v + pmd + 0x1234);
	CHECK(e.paddr == 32 * pmd + 0x1234);
	CHECK(e.len == 2 * pmd - 0x1234);
	e = translate(&space, la.m.view, v + 3 * pmd);
	CHECK(!e.len && e.hole);
	CHECK_OK(table_walk(&space, la.m.view, NULL, 0, on_leaf, &w));
	CHECK(w.seen == 1 && w.bytes == 4 * page + 2 * pmd);
	/* and each table of nothing once a level */
	CHECK(w.tables == 1 + (la.m.next_table - 0x800000) / page + levels - 1);
	la_close(&la, &space);
}

static void test_windows(void)
{
	struct la la;
	struct space space;
	struct extent e;

	la_init(&la, 14, 3, 0xffff000012008000);
	la_say(&la);
	if (!CHECK_OK(la_open(&la, &space)))
		return;
	e = translate(&space, la.m.view, CACHED + 0x123456);
	CHECK(e.paddr == 0x123456 && e.len);
	e = translate(&space, la.m.view, 0x8000fffffffff000);
	CHECK(e.paddr == 0xfffffffff000 && e.len == 0x1000);
	e = translate(&space, la.m.view, 0xa000000000000010);
	CHECK(e.paddr == 0x10 && e.len == (1ull << 48) - 0x10);
	e = translate(&space, la.m.view, 0x9001000000000000);
	CHECK(!e.len && e.hole);
	e = translate(&space, la.m.view, 0xb000000000000000);
	CHECK(!e.len);
	e = translate(&space, la.m.view, 0xffff800000000000);
	CHECK(!e.len && e.hole == 1ull << 47);
	la_close(&la, &space);
}

/* Where the tables' addresses begin, on kernels that say it otherwise. */
static void test_begin(void)
{
	struct la la;
	struct space space;
	struct extent e;

	/* the first of the areas; 40 bits as on a small CPU */
	la_init(&la, 14, 3, 0);
	machine_put(&la.m, 0x250000, CACHED + 0x1000118);
	machine_put(&la.m, 0x1000100, 0xffffff0012008000);
	machine_say(&la.m, "SYMBOL(vmap_area_list)=%llx\n"
		    "OFFSET(vmap_area.va_start)=0\nOFFSET(vmap_area.list)=24\n",
		    CACHED + 0x250000);
	map(&la, 0xffffff0012008000, 0x1004000, 1, 0);
	if (CHECK_OK(la_open(&la, &space))) {
		CHECK(space.tables.start == 0xffff800000000000 &&
		      !space.tables.end);
		e = translate(&space, la.m.view, 0xffffff0012008008);
		CHECK(e.paddr == 0x1004008 && e.len == 0x4000 - 8);
	}
	la_close(&la, &space);

	/* said by nobody, or a list that leads nowhere */
	for (unsigned i = 0; i < 2; i++) {
		la_init(&la, 14, 3, 0);
		if (i)
			machine_say(&la.m, "SYMBOL(vmap_area_list)=%llx\n"
				    "OFFSET(vmap_area.va_start)=0\n"
				    "OFFSET(vmap_area.list)=24\n",
				    CACHED + 0x250000);
		machine_put(&la.m, 0x250000, 0xffff000012008000);
		if (CHECK_OK(la_open(&la, &space)))
			CHECK(space.tables.start == 0xffff000000000000 &&
			      space.tables.end == 0xffff800000000000);
		la_close(&la, &space);
	}
}

/* A table of huge leaves alone does not hide how many levels there are. */
static void test_levels_hidden(void)
{
	struct la la;
	struct space space;

	la_init(&la, 14, 3, 0xffff000012008000);
	la_say(&la);
	for (unsigned i = 0; i < 2048; i++)
		map(&la, 0xffff000000000000 + ((uint64_t)i << 25), 0x2000000, 2,
		    0);
	if (CHECK_OK(la_open(&la, &space)))
		CHECK(space.levels == 3);
	la_close(&la, &space);
}

static void refuse(struct la *la, const char *why)
{
	struct space space;

	CHECK_ERROR(la_open(la, &space), why);
	machine_close(&la->m);
}

static void test_refused(void)
{
	static const char *const keys[] = { "swapper_pg_dir", "_stext" };
	struct la la;
	struct space space;

	for (unsigned i = 0; i < 2; i++) {
		la_init(&la, 14, 3, 0);
		strstr(la.m.text, keys[i])[2] = 'X';
		refuse(&la, "SYMBOL(swapper_pg_dir) or SYMBOL(_stext)");
		/* elsewhere than in the cached window */
		la_init(&la, 14, 3, 0);
		strstr(la.m.text, keys[i])[strlen(keys[i]) + 2] = 'a';
		refuse(&la, "no usable");
	}
	la_init(&la, 14, 3, 0);
	memcpy(strstr(la.m.text, "3e0000"), "3e1000", 6);
	refuse(&la, "no usable");

	/* no tables at all; unreadable; that lead in a circle; too many */
	la_init(&la, 14, 3, 0);
	memset(la.m.mem + ROOT, 0, 0x4000);
	refuse(&la, "no page tables");
	la_init(&la, 14, 3, 0);
	memcpy(strstr(la.m.text, "3e0000"), "ff0000", 6);
	refuse(&la, "no page tables");
	la_init(&la, 12, 3, 0);
	la.m.bad_paddr = ROOT;
	refuse(&la, "no page tables");
	la_init(&la, 14, 3, 0);
	for (unsigned i = 0; i < 2048; i++)
		machine_put(&la.m, ROOT + 8 * i, CACHED + ROOT);
	refuse(&la, "no page tables");
	la_init(&la, 16, 4, 0);
	refuse(&la, "no page tables");

	la_init(&la, 14, 3, 0);
	machine_open(&la.m);
	la.m.image.target.elf_machine = LA64;
	la.m.image.target.word_size = 4;
	CHECK_ERROR(space_init(&space, &la.m.image.target, la.m.view, NULL,
			       NULL), "32 bits");
	machine_close(&la.m);
}

int main(void)
{
	/* Linux arch/loongarch/Kconfig: "Page Table Layout" */
	test_leaves(12, 3, 48);
	test_leaves(12, 4, 48);
	test_leaves(14, 2, 48);
	test_leaves(14, 3, 48);
	test_leaves(14, 3, 40);
	test_leaves(16, 2, 48);
	test_leaves(16, 3, 48);
	test_windows();
	test_begin();
	test_levels_hidden();
	test_refused();
	CHECK(arch_find(LA64) == &arch_loongarch64);
	return unit_end();
}
