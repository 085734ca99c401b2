/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x86_64 address spaces: translation, walks, what is found and refused. */
#include "../../src/arch/arch.h"
#include "../../src/arch/seen.h"
#include "../../src/arch/table.h"
#include "machine.h"
#include "translate.h"

#define VMALLOC		0xffffb20000000000ull
#define SME		(1ull << 47)

static struct error *open_space(struct machine *m, struct space *space)
{
	struct vmcoreinfo *v;
	struct error *err;

	machine_open(m);
	if (vmcoreinfo_parse(m->text, m->text_len, &v))
		abort();
	err = space_init(space, &m->image.target, m->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

static void test_leaves(unsigned levels, uint64_t sme)
{
	struct machine m;
	struct space space;
	struct extent e;
	uint8_t buf[16];
	enum page_state state;

	machine_init(&m, levels, sme);
	/* three pages in a row, a gap, one elsewhere */
	machine_map(&m, VMALLOC, 0x900000, 1);
	machine_map(&m, VMALLOC + 0x1000, 0x901000, 1);
	machine_map(&m, VMALLOC + 0x2000, 0x903000, 1);
	machine_map(&m, VMALLOC + 0x9000, 0x904000, 1);
	/* 2 MiB with the PAT bit (12), and its successor */
	machine_map(&m, VMALLOC + 0x200000, 0xa00000 | 0x1000, 2);
	machine_map(&m, VMALLOC + 0x400000, 0xc00000, 2);
	machine_map(&m, VMALLOC + (1ull << 30), 0x40000000 | 0x1000, 3);
	machine_say(&m, "SYMBOL(mem_section)=%llx\n", LINEAR + 0x800000);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	CHECK(space.levels == levels && space.root == ROOT_PADDR);
	CHECK(space.image.start == IMAGE_VADDR &&
	      space.image.end == IMAGE_VADDR + 0x200000);
	CHECK(space.has_linear && space.linear_start == LINEAR);

	e = translate(&space, m.view, IMAGE_VADDR + 0x1234);
	CHECK(e.paddr == IMAGE_PADDR + 0x1234 && e.len == 0x200000 - 0x1234);
	e = translate(&space, m.view, LINEAR + 0x300008);
	CHECK(e.paddr == 0x300008 && e.len == MACHINE_SIZE - 0x300008);
	e = translate(&space, m.view, VMALLOC + 0x10);
	CHECK(e.paddr == 0x900010 && e.len == 0x2000 - 0x10);
	e = translate(&space, m.view, VMALLOC + 0x2000);
	CHECK(e.paddr == 0x903000 && e.len == 0x1000);
	e = translate(&space, m.view, VMALLOC + 0x3001);
	CHECK(!e.len && e.hole == 0x9000 - 0x3001);
	e = translate(&space, m.view, VMALLOC + 0x200000 + 0x1008);
	CHECK(e.paddr == 0xa01008 && e.len == 0x400000 - 0x1008);
	e = translate(&space, m.view, VMALLOC + (1ull << 30) + 0x123456);
	CHECK(e.paddr == 0x40123456 && e.len == (1ull << 30) - 0x123456);
	e = translate(&space, m.view, VMALLOC + 0x600000);
	CHECK(!e.len && e.hole == (1ull << 30) - 0x600000);
	e = translate(&space, m.view, 0x1000);
	CHECK(!e.len && e.hole + 0x1000 == -(1ull << (levels * 9 + 11)));

	/* across two extents; to where nothing is mapped */
	memcpy(m.mem + 0x901ff8, "abcdefgh", 8);
	memcpy(m.mem + 0x903000, "ijklmnop", 8);
	CHECK_OK(space_read_exact(&space, m.view, VMALLOC + 0x1ff8, buf, 16,
				  "text"));
	CHECK(!memcmp(buf, "abcdefghijklmnop", 16));
	CHECK_OK(space_read(&space, m.view, VMALLOC + 0x2ff8, buf, 16,
			    &state));
	CHECK(state == PAGE_ABSENT);
	CHECK_OK(space_read(&space, m.view, VMALLOC + (1ull << 30), buf, 1,
			    &state));
	CHECK(state == PAGE_ABSENT);
	CHECK_ERROR(space_read_exact(&space, m.view, VMALLOC + 0x2ff8, buf, 16,
				     "the thing"), "the thing: 16 bytes");
	machine_close(&m);
}

static void test_bad_pages(void)
{
	struct machine m;
	struct space space;
	struct extent e;
	enum page_state state;
	uint8_t buf[8];

	machine_init(&m, 4, 0);
	machine_map(&m, VMALLOC, 0x900000, 1);
	m.bad_paddr = 0x900000;
	/* a table where there is no memory */
	put_u64(machine_entry(&m, VMALLOC + (1ull << 30), 3), 0x7ffff000 | 0x63,
		false);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	CHECK_OK(space_read(&space, m.view, VMALLOC, buf, 8, &state));
	CHECK(state == PAGE_UNREADABLE);
	e = translate(&space, m.view, VMALLOC + (1ull << 30));
	CHECK(!e.len && !e.hole);
	machine_close(&m);
}

/*
 * A TDX guest marks what it shares with its host, by bit 51 or 47 of the entry;
 * private memory, and so the image and the memmap, has no mark, and VMCOREINFO
 * has sme_mask=0. What is shared (devices; after a panic no RAM any more: Linux
 * 7.2 arch/x86/coco/tdx/tdx.c: tdx_kexec_finish()) is memory that the vmcore does
 * not have, not a private page's other name.
 */
static void test_tdx(uint64_t shared)
{
	struct machine m;
	struct space space;
	struct extent e;
	enum page_state state;
	uint8_t buf[8];

	machine_init(&m, 5, 0);
	machine_map(&m, VMALLOC, 0x900000, 1);
	machine_map(&m, VMALLOC + 0x1000, 0x901000 | shared, 1);
	machine_map(&m, VMALLOC + 0x2000, 0x902000, 1);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	e = translate(&space, m.view, VMALLOC);
	CHECK(e.paddr == 0x900000 && e.len == 0x1000);
	e = translate(&space, m.view, VMALLOC + 0x1000);
	CHECK(e.paddr == (0x901000 | shared) && e.len == 0x1000);
	CHECK(!image_has(&m.image, e.paddr, 8));
	CHECK_OK(space_read(&space, m.view, VMALLOC + 0x1000, buf, 8,
			    &state));
	CHECK(state == PAGE_ABSENT);
	CHECK_OK(space_read(&space, m.view, VMALLOC + 0x2000, buf, 8,
			    &state));
	CHECK(state == PAGE_OK);
	machine_close(&m);
}

struct walked {
	const struct space *space;
	uint64_t nr_leaves, nr_tables, leaf_bytes;
	uint64_t last_leaf_vaddr;
	uint64_t seen_vaddr;	/* counts leaves that hold this */
	unsigned seen;
};

static struct error *on_leaf(void *arg, const struct leaf *leaf)
{
	struct walked *w = arg;

	if (leaf->table) {
		CHECK(leaf->len == 4096);
		w->nr_tables++;
		return NULL;
	}
	w->nr_leaves++;
	w->leaf_bytes += leaf->len;
	w->last_leaf_vaddr = leaf->vaddr;
	w->seen += w->seen_vaddr - leaf->vaddr < leaf->len;
	return NULL;
}

static struct error *on_leaf_stop(void *arg, const struct leaf *leaf)
{
	(void)arg;
	(void)leaf;
	return error_create(ERROR_STOPPED, "enough");
}

static void test_walk(unsigned levels)
{
	struct machine m;
	struct space space;
	struct walked w = { .space = &space, .seen_vaddr = VMALLOC + 0x1000 };
	struct vrange skip[] = {
		{ VMEMMAP, VMEMMAP + (1ull << 30) },
		{ LINEAR, LINEAR + (1ull << 30) },
	};
	uint64_t tables;

	machine_init(&m, levels, SME);
	machine_map(&m, VMALLOC, 0x900000, 1);
	machine_map(&m, VMALLOC + 0x1000, 0x901000, 1);
	machine_map(&m, VMALLOC + 0x5000, 0x901000, 1);
	/* a part of the linear map in 4 KiB pages */
	for (unsigned i = 0; i < 512; i++)
		machine_map(&m, LINEAR + 0x40000000 + i * 4096, i * 4096, 1);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	tables = (m.next_table - TABLES_PADDR) / 4096 + 1;
	CHECK_OK(table_walk(&space, m.view, NULL, 0, on_leaf, &w));
	CHECK(w.nr_tables == tables);
	CHECK(w.seen == 1);
	CHECK(w.leaf_bytes == MACHINE_SIZE + 0x200000 + 0x200000 + 0x200000 +
	      0x3000);
	CHECK(w.last_leaf_vaddr == IMAGE_VADDR);

	/* skipped: the leaves of these ranges, not their tables */
	w = (struct walked){ .seen_vaddr = LINEAR + 0x40000000 };
	skip[1].end += 1u << 30;
	CHECK_OK(table_walk(&space, m.view, skip, 2, on_leaf, &w));
	CHECK(w.nr_tables == tables && !w.seen);
	CHECK(w.leaf_bytes == 0x200000 + 0x3000);
	/* which includes one that is not read, as nothing is below it */
	m.bad_paddr = machine_get(&m, (uint64_t)((uint8_t *)machine_entry(&m,
				  LINEAR + 0x40000000, 2) - m.mem)) &
		      0xffffffffff000 & ~SME;
	view_destroy(m.view);
	CHECK_OK(view_create(&m.image, VIEW_RANDOM, &m.view));
	w = (struct walked){ 0 };
	CHECK_OK(table_walk(&space, m.view, skip, 2, on_leaf, &w));
	CHECK(w.nr_tables == tables);
	w = (struct walked){ 0 };
	CHECK_OK(table_walk(&space, m.view, skip, 1, on_leaf, &w));
	CHECK(w.nr_tables == tables - 1);
	m.bad_paddr = 0;
	view_destroy(m.view);
	CHECK_OK(view_create(&m.image, VIEW_RANDOM, &m.view));
	/* ends within a run of leaves; and at the top */
	w = (struct walked){ .seen_vaddr = LINEAR };
	skip[1] = (struct vrange){ LINEAR + 0x200000, 0 };
	CHECK_OK(table_walk(&space, m.view, skip, 2, on_leaf, &w));
	CHECK(w.nr_tables == tables && w.seen == 1);
	CHECK(w.leaf_bytes == 0x200000 && w.last_leaf_vaddr == LINEAR);
	CHECK_ERROR(table_walk(&space, m.view, NULL, 0, on_leaf_stop,
				    NULL), "enough");
	machine_close(&m);
}

/* Tables that lead back to themselves and to each other. */
static void test_walk_cyclic(void)
{
	struct machine m;
	struct space space;
	struct walked w = { .seen_vaddr = IMAGE_VADDR };

	machine_init(&m, 5, 0);
	for (unsigned i = 256; i < 511; i++)
		if (!machine_get(&m, ROOT_PADDR + 8 * i))
			machine_put(&m, ROOT_PADDR + 8 * i, ROOT_PADDR | 0x63);
	/* every page of 16 MiB a full table of tables */
	for (uint64_t p = 0x1000000; p < MACHINE_SIZE; p += 4096)
		for (unsigned i = 0; i < 512; i++)
			machine_put(&m, p + 8 * i, (0x1000000 + (p / 4096 *
				    512 + i) * 4096 % 0x1000000) | 0x63);
	machine_put(&m, ROOT_PADDR + 8 * 300, 0x1000000 | 0x63);
	machine_map(&m, VMALLOC, 0x900000, 1);
	if (!CHECK_OK(open_space(&m, &space)))
		return;
	CHECK_OK(table_walk(&space, m.view, NULL, 0, on_leaf, &w));
	CHECK(w.nr_tables <= 5 * MACHINE_SIZE / 4096);
	CHECK(w.seen == 1);	/* what is sound is found all the same */
	CHECK(w.nr_tables > 0x1000000 / 4096 && w.nr_leaves);
	machine_close(&m);
}

static void test_refused(void)
{
	struct machine m;
	struct space space;
	char *at;

	machine_init(&m, 4, 0);
	at = strstr(m.text, "NUMBER(phys_base)");
	memcpy(at, "NUMBER(none_base)", 17);
	CHECK_ERROR(open_space(&m, &space), "lacks NUMBER(phys_base)");
	machine_close(&m);

	machine_init(&m, 4, 0);
	at = strstr(m.text, "init_top_pgt");
	memcpy(at, "init_xxx_pgt", 12);
	CHECK_ERROR(open_space(&m, &space), "SYMBOL(init_top_pgt)");
	machine_close(&m);

	machine_init(&m, 4, 0);
	memset(m.mem + ROOT_PADDR, 0, 4096);
	CHECK_ERROR(open_space(&m, &space), "do not map the kernel image");
	machine_close(&m);

	machine_init(&m, 4, 0);
	m.bad_paddr = ROOT_PADDR;
	CHECK_ERROR(open_space(&m, &space), "can't be read");
	machine_close(&m);

	machine_init(&m, 4, 0);
	machine_open(&m);
	m.image.target.elf_machine = EM_SPARC;
	CHECK_ERROR(space_init(&space, &m.image.target, m.view, NULL, NULL),
		    "ELF machine 2 is not supported");
	machine_close(&m);
}

/* What could be the linear map and is not. */
static void test_linear(void)
{
	struct machine m;
	struct space space;

	/* nobody names anything in it, and the program headers lie */
	machine_init(&m, 4, 0);
	machine_say(&m, "SYMBOL(mem_section)=%llx\n", IMAGE_VADDR + 0x100);
	if (CHECK_OK(open_space(&m, &space)))
		CHECK(!space.has_linear);
	machine_close(&m);

	/* vmalloc memory: not the same distance as the tables' own page */
	machine_init(&m, 4, 0);
	machine_map(&m, VMALLOC, 0x900000, 1);
	machine_say(&m, "SYMBOL(mem_section)=%llx\n", VMALLOC + 0x100);
	if (CHECK_OK(open_space(&m, &space)))
		CHECK(!space.has_linear);
	machine_close(&m);

	/* as far off as the linear map's could be, but nothing else is there */
	machine_init(&m, 4, 0);
	machine_map(&m, 0xffffa00000900000, 0x900000, 1);
	machine_map(&m, 0xffffa00000000000 + ROOT_PADDR, 0x901000, 1);
	machine_say(&m, "SYMBOL(mem_section)=ffffa00000900010\n");
	if (CHECK_OK(open_space(&m, &space)))
		CHECK(!space.has_linear);
	machine_close(&m);

	/* all of memory, but no linear map of Linux starts there */
	machine_init(&m, 4, 0);
	for (uint64_t p = 0; p < MACHINE_SIZE; p += 2u << 20)
		machine_map(&m, 0xffffa00000200000 + p, p, 2);
	machine_say(&m, "SYMBOL(mem_section)=ffffa00000800000\n");
	if (CHECK_OK(open_space(&m, &space)))
		CHECK(!space.has_linear);
	machine_close(&m);

	/* by way of node_data[0] */
	machine_init(&m, 4, 0);
	machine_say(&m, "SYMBOL(node_data)=%llx\n", IMAGE_VADDR + 0x100);
	machine_put(&m, IMAGE_PADDR + 0x100, LINEAR + 0x800000);
	if (CHECK_OK(open_space(&m, &space)))
		CHECK(space.has_linear && space.linear_start == LINEAR);
	machine_close(&m);

	/* the program headers, once the tables agree */
	machine_init(&m, 4, 0);
	machine_open(&m);
	view_destroy(m.view);
	close(m.image.file.fd);
	machine_open(&m);
	m.image.page_offset = LINEAR;
	{
		struct vmcoreinfo *v;

		CHECK_OK(vmcoreinfo_parse(m.text, m.text_len, &v));
		CHECK_OK(space_init(&space, &m.image.target, m.view, v, NULL));
		CHECK(space.has_linear && space.linear_start == LINEAR);
		m.image.page_offset = LINEAR + (1ull << 30);
		CHECK_OK(space_init(&space, &m.image.target, m.view, v, NULL));
		CHECK(!space.has_linear);
		vmcoreinfo_destroy(v);
	}
	machine_close(&m);
}

static void test_seen(void)
{
	struct seen seen;
	bool full;
	unsigned again = 0;

	if (!CHECK_OK(seen_init(&seen, 1 << 14)))
		return;
	for (uint64_t i = 0; i < 1 << 14; i++)
		CHECK(seen_add(&seen, i * 4096, &full) && !full);
	for (uint64_t i = 0; i < 1 << 14; i++)
		again += seen_add(&seen, i * 4096, &full) || full;
	CHECK(!again);
	CHECK(seen_add(&seen, 1ull << 40, &full) && full);
	CHECK(seen_add(&seen, 1ull << 40, &full) && full);
	CHECK(seen.nr == 1 << 14);
	seen_deinit(&seen);
}

int main(void)
{
	test_leaves(4, 0);
	test_leaves(5, 0);
	test_leaves(4, SME);
	test_leaves(5, 1ull << 51);
	test_bad_pages();
	test_tdx(1ull << 51);
	test_tdx(1ull << 47);
	test_walk(4);
	test_walk(5);
	test_walk_cyclic();
	test_refused();
	test_linear();
	test_seen();
	CHECK(arch_find(EM_X86_64) == &arch_x86_64 && !arch_find(EM_SPARC));
	return unit_end();
}
