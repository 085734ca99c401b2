/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a kernel: what is found, what is derived, what is lacking. */
#include "../../src/base/log.h"
#include "../../src/kernel/kernel.h"
#include "machine.h"
#include "open_kernel.h"
#include "pages.h"

#define MEM_MAP		(IMAGE_PADDR + 0x1000)	/* the variable */
#define NODES		(IMAGE_PADDR + 0x3000)	/* node_data[4] */
#define NODE		0x900000ull		/* paddr of the first */

static void say_flat(struct machine *m, enum pages_release release)
{
	machine_say(m, "%sSYMBOL(mem_map)=%llx\n", pages_kernels[release].text,
		    IMAGE_VADDR + 0x1000);
	machine_put(m, MEM_MAP, LINEAR + PAGES_PADDR);
}

static void put_flags(struct machine *m, uint64_t pfn, uint64_t flags)
{
	machine_put(m, PAGES_PADDR + pfn * 64, flags | 0x17ffffc000000000);
}

/* PG_reserved from the struct pages of the text: 2 MiB from IMAGE_PADDR. */
static void test_reserved(void)
{
	static const struct {
		uint64_t all, some, reserved;
	} cases[] = {
		{ 1 << 13, 0, 1 << 13 },
		{ 1 << 12, 1 << 9, 1 << 12 },	/* PG_lru etc. on some */
		{ 1 << 13 | 1 << 12, 0, 0 },	/* which of the two? */
		{ 0, 1 << 13, 0 },
		{ 1 << 14, 0, 0 },		/* PG_private, known */
		{ 1 << 3, 0, 0 },		/* not among these */
		{ 1 << 13 | 1 << 3, 0, 1 << 13 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct machine m;
		struct kernel *k;

		machine_init(&m, 4, 0);
		say_flat(&m, R6_12);
		for (uint64_t pfn = 512; pfn < 1024; pfn++)
			put_flags(&m, pfn, cases[i].all |
				  (pfn % 3 ? 0 : cases[i].some));
		k = open_kernel(&m, NULL);
		CHECK(k->has_pages && k->has_space && !k->why_not_pages);
		CHECK(k->layout.reserved == cases[i].reserved);
		CHECK(k->end_pfn == MACHINE_SIZE / 4096);
		CHECK(k->space.target.page_shift == 12);
		kernel_close(k);
		machine_close(&m);
	}
}

static void test_lacking(void)
{
	struct machine m;
	struct kernel *k;
	struct log log;
	uint64_t free_pages;
	bool found;

	/* nothing at all */
	log_init(&log, stderr, 0);
	machine_init(&m, 4, 0);
	m.text_len = 0;
	k = open_kernel(&m, &log);
	CHECK(!k->vmcoreinfo && !k->has_space && !k->has_pages);
	CHECK(strstr(k->why_not_pages, "no VMCOREINFO"));
	CHECK(log.nr_warnings == 1 && k->end_pfn == 8192);
	CHECK_OK(kernel_free_pages(k, m.view, &free_pages, &found));
	CHECK(!found);
	CHECK_OK(kernel_named_ranges(k, m.view, NULL, NULL));
	kernel_close(k);
	machine_close(&m);

	/* an address space, but no struct pages */
	machine_init(&m, 5, 0);
	k = open_kernel(&m, &log);
	CHECK(k->has_space && !k->has_pages);
	CHECK(strstr(k->why_not_pages, "VMCOREINFO lacks SIZE(page)"));
	kernel_close(k);
	machine_close(&m);

	/* struct pages, but no page tables */
	machine_init(&m, 4, 0);
	say_flat(&m, R6_1);
	memset(m.mem + ROOT_PADDR, 0, 4096);
	k = open_kernel(&m, &log);
	CHECK(!k->has_space && !k->has_pages);
	kernel_close(k);
	machine_close(&m);

	/* a machine of another kind */
	machine_init(&m, 4, 0);
	machine_open(&m);
	m.image.target.elf_machine = EM_SPARCV9;
	CHECK_ERROR(kernel_open(&m.image, m.view, &log, &k),
		    "ELF machine 43 is not supported");
	machine_close(&m);
	kernel_close(NULL);
	log_deinit(&log);
}

static void say_nodes(struct machine *m)
{
	machine_say(m, "SYMBOL(node_data)=%llx\nLENGTH(node_data)=4\n"
		    "SIZE(pglist_data)=12288\nSIZE(zone)=1536\n"
		    "OFFSET(pglist_data.node_zones)=0\n"
		    "OFFSET(pglist_data.nr_zones)=8000\n"
		    "OFFSET(zone.vm_stat)=1344\nNUMBER(NR_FREE_PAGES)=1\n",
		    IMAGE_VADDR + 0x3000);
}

/* Two nodes, the second after a hole, of two and one zones. */
static void put_nodes(struct machine *m)
{
	machine_put(m, NODES, LINEAR + NODE);
	machine_put(m, NODES + 16, LINEAR + NODE + 0x4000);
	machine_put32(m, NODE + 8000, 2);
	machine_put(m, NODE + 1344, 99999);		/* another counter */
	machine_put(m, NODE + 1344 + 8, 100);
	machine_put(m, NODE + 1536 + 1344 + 8, 2000);
	machine_put(m, NODE + 2 * 1536 + 1344 + 8, 7777);	/* beyond */
	machine_put32(m, NODE + 0x4000 + 8000, 1);
	machine_put(m, NODE + 0x4000 + 1344 + 8, 30000);
}

static void test_free_pages(void)
{
	struct machine m;
	struct kernel *k;
	uint64_t pages;
	bool found;

	machine_init(&m, 4, 0);
	say_flat(&m, R6_12);
	say_nodes(&m);
	put_nodes(&m);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_free_pages(k, m.view, &pages, &found));
	CHECK(found && pages == 32100);
	kernel_close(k);
	/* a count that went below zero; nonsense; out of reach */
	machine_put(&m, NODE + 1344 + 8, (uint64_t)-5);
	view_destroy(m.view);
	close(m.image.file.fd);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_free_pages(k, m.view, &pages, &found));
	CHECK(found && pages == 32000);
	kernel_close(k);
	machine_put32(&m, NODE + 8000, 1000);
	view_destroy(m.view);
	close(m.image.file.fd);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_free_pages(k, m.view, &pages, &found));
	CHECK(!found);
	kernel_close(k);
	machine_put32(&m, NODE + 8000, 2);
	machine_put(&m, NODES, 0xffff800000000000);
	view_destroy(m.view);
	close(m.image.file.fd);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_free_pages(k, m.view, &pages, &found));
	CHECK(!found);
	kernel_close(k);
	machine_close(&m);

	/* one node, without NUMA */
	machine_init(&m, 4, 0);
	say_flat(&m, R6_12);
	say_nodes(&m);
	put_nodes(&m);
	machine_say(&m, "SYMBOL(contig_page_data)=%llx\n",
		    LINEAR + NODE + 0x4000);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_free_pages(k, m.view, &pages, &found));
	CHECK(found && pages == 30000);
	kernel_close(k);
	machine_close(&m);

	/* nobody says where */
	machine_init(&m, 4, 0);
	say_flat(&m, R6_12);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_free_pages(k, m.view, &pages, &found));
	CHECK(!found);
	kernel_close(k);
	machine_close(&m);
}

struct named {
	uint8_t pages[MACHINE_SIZE / 4096];
	uint64_t beyond;
};

static struct error *on_range(void *arg, uint64_t paddr, uint64_t len)
{
	struct named *n = arg;

	CHECK(!(paddr & 4095) && len && !(len & 4095));
	for (uint64_t p = paddr; p < paddr + len; p += 4096) {
		if (p < MACHINE_SIZE)
			n->pages[p / 4096]++;
		else
			n->beyond++;
	}
	return NULL;
}

static bool named(const struct named *n, uint64_t paddr, uint64_t len)
{
	for (uint64_t p = paddr & ~4095ull; p < paddr + len; p += 4096)
		if (!n->pages[p / 4096])
			return false;
	return true;
}

static void test_named(void)
{
	static struct named n;
	struct machine m;
	struct kernel *k;
	unsigned nr = 0;

	machine_init(&m, 4, 0);
	say_nodes(&m);
	put_nodes(&m);
	machine_say(&m, "%sSYMBOL(mem_section)=%llx\nLENGTH(mem_section)=128\n"
		    "SIZE(mem_section)=32\n"
		    "OFFSET(mem_section.section_mem_map)=0\n"
		    "NUMBER(SECTION_SIZE_BITS)=22\n"
		    "NUMBER(MAX_PHYSMEM_BITS)=36\n", pages_kernels[R6_12].text,
		    LINEAR + 0xa00000);
	machine_put(&m, 0xa00000, LINEAR + 0xa01000);
	for (unsigned i = 0; i < 8; i++)
		machine_put(&m, 0xa01000 + 32 * i, VMEMMAP | 3);
	/* a word that is no pointer, a pointer, one out of this world */
	machine_say(&m, "SYMBOL(number)=%llx\nSYMBOL(pointer)=%llx\n"
		    "SYMBOL(wild)=%llx\nSYMBOL(nowhere)=ffff800000000000\n"
		    "SYMBOL(=12\nSYMBOL()=13\n", LINEAR + 0xb00ff0,
		    LINEAR + 0xb02000, LINEAR + 0xb04000);
	machine_put(&m, 0xb00ff0, 12345);
	/* mapped to where there is no memory */
	machine_map(&m, 0xffffb20000000000, MACHINE_SIZE + 0x5000, 1);
	machine_say(&m, "SYMBOL(device)=ffffb20000000000\n");
	machine_put(&m, 0xb02000, LINEAR + 0xb06ffc);	/* over a boundary */
	machine_put(&m, 0xb04000, LINEAR + MACHINE_SIZE + 0x5000);
	k = open_kernel(&m, NULL);
	CHECK(k->has_pages);
	CHECK_OK(kernel_named_ranges(k, m.view, on_range, &n));
	CHECK(named(&n, IMAGE_PADDR, 1) && named(&n, ROOT_PADDR, 1));
	CHECK(named(&n, NODES, 1));
	CHECK(named(&n, NODE, 12288) && named(&n, NODE + 0x4000, 12288));
	CHECK(named(&n, 0xa00000, 1) && named(&n, 0xa01000, 1));
	CHECK(named(&n, 0xb00ff0, 1) && !n.pages[0xb01]);
	CHECK(named(&n, 0xb02000, 1) && named(&n, 0xb06ffc, 8));
	CHECK(!n.pages[0xb05] && !n.beyond);
	for (size_t i = 0; i < sizeof(n.pages); i++)
		nr += n.pages[i] > 0;
	CHECK(nr == 3 + 6 + 2 + 5);
	kernel_close(k);
	machine_close(&m);
}

/* A kernel that claims nodes of 8 GiB: 1 MiB of each is named. */
static void test_named_node(void)
{
	static struct named n;
	struct machine m;
	struct kernel *k;

	machine_init(&m, 4, 0);
	say_flat(&m, R6_12);
	machine_say(&m, "SYMBOL(contig_page_data)=%llx\n"
		    "SIZE(pglist_data)=8589934592\n", LINEAR + 0x800000);
	k = open_kernel(&m, NULL);
	CHECK_OK(kernel_named_ranges(k, m.view, on_range, &n));
	CHECK(named(&n, 0x800000, 0x100000) && !n.pages[0x900]);
	kernel_close(k);
	machine_close(&m);
}

/* An image that is mapped up to the last address of all, with a gap. */
static void test_image_top(void)
{
	static struct named n;
	uint64_t last = -0x1000ull;
	struct machine m;
	struct kernel *k;

	machine_init(&m, 4, 0);
	say_flat(&m, R6_12);
	machine_say(&m, "NUMBER(KERNEL_IMAGE_SIZE)=2147483648\n");
	machine_map(&m, last, last - IMAGE_VADDR + IMAGE_PADDR, 1);
	k = open_kernel(&m, NULL);
	CHECK(k->space.image.start == IMAGE_VADDR && !k->space.image.end);
	CHECK_OK(kernel_image_ranges(k, m.view, on_range, on_range, &n));
	CHECK(named(&n, IMAGE_PADDR, 2u << 20) && n.beyond == 1);
	CHECK(!n.pages[0x1ff] && !n.pages[0x400]);
	kernel_close(k);
	machine_close(&m);
}

int main(void)
{
	test_reserved();
	test_lacking();
	test_free_pages();
	test_named();
	test_named_node();
	test_image_top();
	return unit_end();
}
