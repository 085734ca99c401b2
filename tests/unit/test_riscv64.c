/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * riscv64 address spaces: entries of each kind, finding the image, the levels
 * and the linear map from what kernels of all ages say, and what is refused.
 */
#include "../../src/arch/table.h"
#include "../../src/capture/overlay.h"
#include "riscv64_machine.h"
#include "stopped.h"
#include "translate.h"
#include "walked.h"

static void check_usual(struct machine *m, unsigned levels)
{
	struct space space;
	struct extent e;

	if (CHECK_OK(rv_open(m, &space))) {
		CHECK(space.levels == levels && space.root == ROOT);
		CHECK(space.image.start == LINK &&
		      space.image.end == LINK + 0x400000);
		CHECK(space.image_offset == LINK - IMAGE);
		CHECK(space.has_linear && space.linear_start ==
		      page_offsets[levels] - RAM);
		e = translate(&space, m->view, LINK + 0x2008);
		CHECK(e.paddr == IMAGE + 0x2008);
		e = translate(&space, m->view, page_offsets[levels] + 0x1234);
		CHECK(e.paddr == RAM + 0x1234 &&
		      e.len == MACHINE_SIZE - 0x1234);
	}
	machine_close(m);
}

/* What says how many levels there are, or nothing does. */
static void test_levels(unsigned levels)
{
	struct machine m;

	rv_usual(&m, levels);
	check_usual(&m, levels);
	rv_usual(&m, levels);
	machine_say(&m, "NUMBER(VA_BITS)=%u\n", levels * 9 + 12);
	check_usual(&m, levels);
	rv_usual(&m, levels);
	machine_say(&m, "NUMBER(satp)=0x%llx\n",
		    (levels + 5ull) << 60 | 0x82507);
	check_usual(&m, levels);
	/* nonsense is as nothing; the register is what the CPU goes by */
	rv_usual(&m, levels);
	machine_say(&m, "NUMBER(satp)=0x0\nNUMBER(VA_BITS)=64\n");
	check_usual(&m, levels);
	rv_usual(&m, levels);
	machine_say(&m, "NUMBER(satp)=0x%llx\nNUMBER(VA_BITS)=%d\n",
		    (levels + 5ull) << 60, levels == 3 ? 48 : 39);
	check_usual(&m, levels);
}

static void test_leaves(unsigned levels)
{
	uint64_t vmalloc = page_offsets[levels] - (1ull << (levels * 9 + 9));
	struct machine m;
	struct space space;
	struct extent e;

	rv_usual(&m, levels);
	map(&m, vmalloc, RAM + 0x1000000, 1, 0);
	/* memory types: Svpbmt's, T-Head's, those that are reserved */
	map(&m, vmalloc + 0x1000, RAM + 0x1001000, 1, 3ull << 61);
	map(&m, vmalloc + 0x2000, RAM + 0x1002000, 1, 0x1full << 59);
	map(&m, vmalloc + 0x3000, RAM + 0x1003000, 1, 0x7full << 54);
	map(&m, vmalloc + 0x4000, RAM + 0x1008000, 1, 0x300);
	/* 64 KiB in one */
	for (unsigned i = 0; i < 16; i++)
		map(&m, vmalloc + 0x10000 + i * 0x1000, RAM + 0x1018000, 1,
		    1ull << 63);
	map(&m, vmalloc + 0x20000, RAM + 0x1020000, 1, 0);
	/* a table where only leaves can be, an invalid one */
	put_u64(entry_of(&m, vmalloc + 0x21000, 1), ROOT >> 2 | V, false);
	put_u64(entry_of(&m, vmalloc + 0x22000, 1), ROOT >> 2 | RW, false);
	/* large ones, the last with bits below its size */
	map(&m, vmalloc + 0x200000, RAM + 0x200000, 2, 0);
	map(&m, vmalloc + 0x400000, RAM + 0x400000, 2, 0x400 << 2);
	map(&m, vmalloc + (1ull << 30), 5ull << 30, 3, 0);
	if (levels > 3)
		map(&m, vmalloc + (1ull << 39), 6ull << 39, 4, 0);
	if (levels > 4)
		map(&m, vmalloc - (1ull << 48), 0xffull << 48, 5, 0);
	if (!CHECK_OK(rv_open(&m, &space)))
		return;
	e = translate(&space, m.view, vmalloc + 8);
	CHECK(e.paddr == RAM + 0x1000008 && e.len == 0x4000 - 8);
	e = translate(&space, m.view, vmalloc + 0x4000);
	CHECK(e.paddr == RAM + 0x1008000 && e.len == 0x1000);
	e = translate(&space, m.view, vmalloc + 0x5000);
	CHECK(!e.len && e.hole == 0xb000);
	e = translate(&space, m.view, vmalloc + 0x10010);
	CHECK(e.paddr == RAM + 0x1010010 && e.len == 0x11000 - 0x10);
	e = translate(&space, m.view, vmalloc + 0x1f000);
	CHECK(e.paddr == RAM + 0x101f000 && e.len == 0x2000);
	e = translate(&space, m.view, vmalloc + 0x21000);
	CHECK(!e.len && e.hole == 0x200000 - 0x21000);
	e = translate(&space, m.view, vmalloc + 0x234567);
	CHECK(e.paddr == RAM + 0x234567 && e.len == 0x400000 - 0x34567);
	e = translate(&space, m.view, vmalloc + (1ull << 30) + 0x1234567);
	CHECK(e.paddr == (5ull << 30) + 0x1234567 &&
	      e.len == (1ull << 30) - 0x1234567);
	e = translate(&space, m.view, vmalloc + (1ull << 39) + 0x1234567);
	CHECK(levels < 4 || (e.paddr == (6ull << 39) + 0x1234567 &&
			     e.len == (1ull << 39) - 0x1234567));
	e = translate(&space, m.view, vmalloc - (1ull << 48) + 0x1234567);
	CHECK(levels < 5 || (e.paddr == (0xffull << 48) + 0x1234567 &&
			     e.len == (1ull << 48) - 0x1234567));
	/* the lower half is not the kernel's */
	e = translate(&space, m.view, 0x1000);
	CHECK(!e.len && e.hole + 0x1000 == -(1ull << (levels * 9 + 11)));
	machine_close(&m);
}

/* Kernels that say nothing of their address space. */
static void test_search(unsigned levels)
{
	struct machine m;
	struct space space;
	uint64_t moved = LINK + 0x12400000;

	/* 5.13 and later: apart from the linear map */
	rv_init(&m, levels, LINK, page_offsets[levels]);
	machine_say(&m, "SYMBOL(mem_section)=%llx\n",
		    (unsigned long long)page_offsets[levels] + 0x1000040);
	check_usual(&m, levels);

	/* before: in it, the image being what is mapped first */
	rv_init(&m, levels, page_offsets[levels],
		page_offsets[levels] - 0x200000);
	machine_say(&m, "SYMBOL(mem_section)=%llx\n",
		    (unsigned long long)page_offsets[levels] + 0x1000040);
	if (CHECK_OK(rv_open(&m, &space))) {
		CHECK(space.levels == levels && space.root == ROOT);
		CHECK(space.image.start == page_offsets[levels] &&
		      space.image.end == page_offsets[levels] + 0x400000);
		CHECK(space.has_linear && space.linear_start ==
		      page_offsets[levels] - IMAGE);
	}
	machine_close(&m);

	/* moved by KASLR; and the same where the kernel says how far */
	for (unsigned said = 0; said < 2; said++) {
		rv_init(&m, levels, moved, page_offsets[levels]);
		if (said)
			rv_say(&m, moved);
		if (CHECK_OK(rv_open(&m, &space)))
			CHECK(space.image.start == moved &&
			      space.image_offset == moved - IMAGE &&
			      space.has_linear == said);
		machine_close(&m);
	}

	/* what the tables of another machine, left in memory, say is not so */
	rv_init(&m, levels, LINK, page_offsets[levels]);
	memset(m.mem + (ROOT - RAM), 0, 4096);
	m.next_table = RAM + 0x800000;
	map(&m, LINK, IMAGE + 0x200000, 2, 0);
	map(&m, LINK + 0x200000, IMAGE + 0x400000, 2, 0);
	CHECK_ERROR(rv_open(&m, &space), "no kernel image was found");
	machine_close(&m);
}

#define NAMES	0x5000ull	/* in the image: init_uts_ns.name */

/* The kernel that ran before: 4 MiB at PADDR, tables at its end, the one below
 * the top right before. */
static void put_other(struct machine *m, uint64_t paddr, const char *release)
{
	uint64_t root = paddr + 0x3ff000 - RAM, table = root;

	for (unsigned i = m->levels; i > 2; i--) {
		machine_put(m, table + 8 * (LINK >> (3 + 9 * i) & 511),
			    (table + RAM - 4096) >> 2 | V);
		table -= 4096;
	}
	machine_put(m, table, paddr >> 2 | PROT);
	machine_put(m, table + 8, (paddr + 0x200000) >> 2 | PROT);
	if (release) {
		strcpy((char *)m->mem + (paddr - RAM) + NAMES, "Linux");
		strcpy((char *)m->mem + (paddr - RAM) + NAMES + 130, release);
	}
}

/* Two images, of which each maps itself; the other is found first, or last. */
static void test_two(unsigned levels)
{
	static const struct {
		const char *own, *other;
		bool good;
	} cases[] = {
		{ "6.1.0-1", "5.19.0-2", true },
		{ "6.1.0-1", "6.1.0-10", true },
		{ NULL, "5.19.0-2", true },	/* can't be read */
		{ "6.1.0-1", "6.1.0-1", false },
		{ "6.1.0-1", NULL, false },
	};

	for (unsigned i = 0; i < 10; i++) {
		uint64_t at = i % 2 ? IMAGE + 0x1000000 : RAM;
		const char *own = cases[i / 2].own;
		struct space space;
		struct machine m;

		rv_init(&m, levels, LINK, page_offsets[levels]);
		machine_say(&m, "OSRELEASE=6.1.0-1\nSYMBOL(init_uts_ns)=%llx\n"
			    "OFFSET(uts_namespace.name)=8\n"
			    "SYMBOL(mem_section)=%llx\n", LINK + NAMES - 8,
			    (unsigned long long)page_offsets[levels] +
			    0x1000040);
		if (own) {
			strcpy((char *)m.mem + (IMAGE - RAM) + NAMES, "Linux");
			strcpy((char *)m.mem + (IMAGE - RAM) + NAMES + 130,
			       own);
		}
		put_other(&m, at, cases[i / 2].other);
		if (cases[i / 2].good)
			check_usual(&m, levels);
		else {
			CHECK_ERROR(rv_open(&m, &space), "two kernel images");
			machine_close(&m);
		}
	}
}

static void test_linear(void)
{
	struct machine m;
	struct space space;

	/* keys that the tables do not bear out; then something in it */
	rv_init(&m, 4, LINK, page_offsets[4]);
	machine_say(&m, "NUMBER(PAGE_OFFSET)=0x%llx\n"
		    "NUMBER(phys_ram_base)=%lld\n",
		    (unsigned long long)page_offsets[4], RAM + 0x200000);
	if (CHECK_OK(rv_open(&m, &space)))
		CHECK(!space.has_linear);
	machine_close(&m);
	rv_init(&m, 4, LINK, page_offsets[4]);
	machine_say(&m, "NUMBER(PAGE_OFFSET)=0x%llx\n"
		    "NUMBER(phys_ram_base)=%lld\nSYMBOL(mem_section)=%llx\n",
		    (unsigned long long)page_offsets[4], RAM + 0x200000,
		    (unsigned long long)page_offsets[4] + 0x1000000);
	if (CHECK_OK(rv_open(&m, &space)))
		CHECK(space.has_linear &&
		      space.linear_start == page_offsets[4] - RAM);
	machine_close(&m);

	/* the image is not it, though it maps the root too */
	rv_init(&m, 4, LINK, page_offsets[4]);
	machine_say(&m, "SYMBOL(mem_section)=%llx\n", LINK + 0x3000);
	if (CHECK_OK(rv_open(&m, &space)))
		CHECK(!space.has_linear);
	machine_close(&m);
}

static void test_walk(void)
{
	uint64_t vmalloc = page_offsets[4] - 0x1000;
	struct machine m;
	struct space space;
	struct walked w = { .vaddr = vmalloc };

	rv_usual(&m, 4);
	map(&m, vmalloc, RAM + 0x1000000, 1, 0);
	/* a table that leads back to the top */
	put_u64(entry_of(&m, vmalloc - (1ull << 40), 3), ROOT >> 2 | V, false);
	if (!CHECK_OK(rv_open(&m, &space)))
		return;
	CHECK_OK(table_walk(&space, m.view, NULL, 0, on_leaf, &w));
	CHECK(w.seen == 1);
	CHECK(w.bytes >= MACHINE_SIZE + 0x400000 + 0x1000);
	CHECK(w.tables <= 4 * ((m.next_table - RAM - 0x800000) / 4096 + 1));
	machine_close(&m);
}

static bool first_has(const struct overlay *overlay, uint64_t paddr)
{
	return sparseset_test(&overlay->first, paddr >> 12);
}

/* What needs to be first of a dump: all that is mapped, but for the linear map,
 * also in the last 2 GiB of the vmalloc area, where physical 0 would be. */
static void test_overlay(void)
{
	uint64_t end = page_offsets[4];
	struct machine m;
	struct kernel k = { .end_pfn = (RAM + MACHINE_SIZE) >> 12 };
	struct overlay *overlay;

	rv_usual(&m, 4);
	map(&m, end - 0x1000, RAM + 0x1000000, 1, 0);
	map(&m, end - 0x70000000, RAM + 0x1002000, 1, 0);
	map(&m, end - 0x100000000, RAM + 0x1004000, 1, 0);
	if (!CHECK_OK(rv_open(&m, &k.space)))
		return;
	k.image = &m.image;
	k.has_space = true;
	CHECK_OK(vmcoreinfo_parse(m.text, m.text_len, &k.vmcoreinfo));
	if (CHECK_OK(overlay_create(&k, m.view, NULL, &overlay))) {
		CHECK(first_has(overlay, RAM + 0x1000000));
		CHECK(first_has(overlay, RAM + 0x1002000));
		CHECK(first_has(overlay, RAM + 0x1004000));
		CHECK(first_has(overlay, ROOT) &&
		      first_has(overlay, RAM + 0x800000));
		CHECK(!first_has(overlay, RAM + 0x1001000));
		CHECK(!first_has(overlay, RAM));
		overlay_destroy(overlay);
	}
	vmcoreinfo_destroy(k.vmcoreinfo);
	machine_close(&m);
}

static void refuse(unsigned levels, const char *key, const char *instead,
		   const char *why)
{
	struct machine m;
	struct space space;
	char *at;

	rv_usual(&m, levels);
	at = strstr(m.text, key);
	if (CHECK(at && strlen(key) == strlen(instead)))
		memcpy(at, instead, strlen(key));
	CHECK_ERROR(rv_open(&m, &space), why);
	machine_close(&m);
}

static void test_refused(void)
{
	struct machine m;
	struct space space;

	refuse(4, "swapper_pg_dir", "swapper_xx_xxx", "SYMBOL(swapper_pg_dir)");
	refuse(4, "_stext", "_xxxxx", "SYMBOL(_stext)");
	refuse(4, "(swapper_pg_dir)=ffffffff803ff000",
	       "(swapper_pg_dir)=ffffffff803ff008", "no usable");
	refuse(4, "(swapper_pg_dir)=ffffffff", "(swapper_pg_dir)=fffffffe",
	       "no usable");
	refuse(4, "(_stext)=ffffffff", "(_stext)=00000000", "no usable");
	refuse(4, "pa_offset)=0xfffffffeffe00000",
	       "pa_offset)=0xfffffffeffc00000", "do not map the kernel image");
	refuse(4, "pa_offset)=0xfffffffeffe00000",
	       "pa_offset)=0x0000000000000000", "do not map the kernel image");

	/* another number of levels than the kernel says */
	rv_usual(&m, 4);
	machine_say(&m, "NUMBER(VA_BITS)=39\n");
	CHECK_ERROR(rv_open(&m, &space), "do not map the kernel image");
	machine_close(&m);

	rv_usual(&m, 4);
	m.bad_paddr = ROOT - RAM;
	CHECK_ERROR(rv_open(&m, &space), "can't be read");
	machine_close(&m);

	rv_usual(&m, 4);
	machine_open(&m);
	m.image.target.elf_machine = EM_RISCV;
	m.image.target.word_size = 4;
	CHECK_ERROR(space_init(&space, &m.image.target, m.view, NULL, NULL),
		    "32 bits");
	machine_close(&m);
}

/* Last of all. */
static void test_stopped(void)
{
	struct machine m;
	struct space space;

	stop_now();
	rv_init(&m, 3, LINK, page_offsets[3]);
	CHECK_ERROR(rv_open(&m, &space), STOPPED);
	machine_close(&m);
}

int main(void)
{
	for (unsigned levels = 3; levels <= 5; levels++) {
		test_levels(levels);
		test_leaves(levels);
		test_search(levels);
		test_two(levels);
	}
	test_linear();
	test_walk();
	test_overlay();
	test_refused();
	test_stopped();
	CHECK(arch_find(EM_RISCV) == &arch_riscv64);
	return unit_end();
}
