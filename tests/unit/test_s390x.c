/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * s390x address spaces: two to five levels of tables, leaves of 4 KiB, 1 MiB
 * and 2 GiB, the image apart from the identity mapping and within it; what is
 * no entry, and what is refused. Physical memory of the machine:
 *   0x0000000  lowcore, in no segment
 *   0x02c8000  where the image would start; its text starts 1 MiB above
 *   0x0800000  page tables
 */
#include <elf.h>
#include <stdarg.h>

#include "../../src/arch/table.h"
#include "../../src/base/bytes.h"
#include "translate.h"
#include "unit.h"

#define SIZE		0x2000000ull
#define LOWCORE		0x2000ull
#define IMAGE_PHYS	0x2c8000ull
#define TEXT		0x100000ull	/* from there */
#define IMAGE_LEN	0x300000ull
#define ROOT		0x2f8000ull	/* of the image */
#define TABLES		0x800000ull

#define IDENTITY	(1ull << 31)	/* of a machine that randomises it */

struct box {
	uint8_t *mem;
	unsigned levels, nr_tables;
	uint64_t image;		/* vaddr of what is at IMAGE_PHYS */
	uint64_t root, next_table;	/* paddr */
	char text[1024];
	struct segment segment;
	struct image machine;
	struct view *view;
};

static uint64_t span_of(unsigned level)
{
	return level == 1 ? 4096 : 1ull << (20 + 11 * (level - 2));
}

static enum page_state read_mem(const struct image *image, void *scratch,
				uint64_t paddr, void *buf, size_t len,
				const struct segment *segment)
{
	struct box *b = image->impl;

	(void)scratch;
	(void)segment;
	memcpy(buf, b->mem + paddr, len);
	return PAGE_OK;
}

static const struct image_ops box_ops = { .name = "box", .read = read_mem };

static void say(struct box *b, const char *format, ...)
{
	size_t len = strlen(b->text);
	va_list args;

	va_start(args, format);
	vsnprintf(b->text + len, sizeof(b->text) - len, format, args);
	va_end(args);
}

/* Entries that hold nothing: as arch/s390/include/asm/pgalloc.h:
 * crst_table_init() leaves them. */
static uint64_t empty(unsigned level)
{
	return level == 1 ? 0x400 : 0x20 | (level - 2) << 2;
}

static void table_init(struct box *b, uint64_t paddr, unsigned level)
{
	for (unsigned i = 0; i < (level == 1 ? 256 : 2048); i++)
		put_u64(b->mem + paddr + 8 * i, empty(level), true);
	b->nr_tables++;
}

/* Page tables are but half a page long. */
static uint64_t table_new(struct box *b, unsigned level)
{
	uint64_t len = level == 1 ? 2048 : 16384;
	uint64_t paddr = align_up(b->next_table, len);

	b->next_table = paddr + len;
	if (b->next_table > SIZE)
		abort();
	table_init(b, paddr, level);
	return paddr;
}

static uint8_t *entry_of(struct box *b, uint64_t vaddr, unsigned leaf_level)
{
	uint64_t table = b->root;

	for (unsigned level = b->levels;; level--) {
		unsigned nr = level == 1 ? 256 : 2048;
		uint8_t *at = b->mem + table + 8 * (vaddr / span_of(level) % nr);
		uint64_t word = get_u64(at, true);

		if (level == leaf_level)
			return at;
		if (word == empty(level)) {
			word = table_new(b, level - 1);
			/* full tables; software's bits of a segment's entry */
			word |= level > 2 ? (level - 2) << 2 | 3 : 1;
			put_u64(at, word, true);
		}
		table = word & (level == 2 ? ~0x7ffull : ~0xfffull);
	}
}

/* A leaf, with bits of protection, dirt and youth. */
static void map(struct box *b, uint64_t vaddr, uint64_t paddr, unsigned level)
{
	uint64_t bits = level == 1 ? 0x33d : level == 2 ? 0xf703 : 0xf707;

	put_u64(entry_of(b, vaddr, level), paddr | bits, true);
}

/* BASE: IDENTITYBASE. APART: the image is not where the identity mapping has
 * it. */
static void box_init(struct box *b, unsigned levels, uint64_t base, bool apart)
{
	uint64_t top = levels == 5 ? 0 : 1ull << (20 + 11 * (levels - 1));

	*b = (struct box){ .levels = levels, .root = IMAGE_PHYS + ROOT,
			   .image = apart ? top - 0x738000 : IMAGE_PHYS,
			   .next_table = TABLES };
	b->mem = calloc(1, SIZE);
	if (!b->mem)
		abort();
	table_init(b, b->root, levels);
	for (uint64_t p = LOWCORE; p < 1u << 20; p += 4096)
		map(b, base + p, p, 1);
	for (uint64_t p = 1u << 20; p < SIZE; p += 1u << 20)
		map(b, base + p, p, 2);
	for (uint64_t p = TEXT; apart && p < IMAGE_LEN; p += 4096)
		map(b, b->image + p, IMAGE_PHYS + p, 1);
	say(b, "SYMBOL(swapper_pg_dir)=%llx\nSYMBOL(_stext)=%llx\n"
	    "KERNELOFFSET=%llx\n", (unsigned long long)(b->image + ROOT),
	    (unsigned long long)(b->image + TEXT),
	    (unsigned long long)b->image);
	if (apart)
		say(b, "KERNELOFFPHYS=%llx\nIDENTITYBASE=%llx\n", IMAGE_PHYS,
		    (unsigned long long)base);
}

static struct error *box_open(struct box *b, struct space *space)
{
	struct vmcoreinfo *v;
	struct error *err;

	b->segment = (struct segment){ LOWCORE, SIZE - LOWCORE, SIZE - LOWCORE,
				       0 };
	b->machine = (struct image){
		.ops = &box_ops, .path = (char *)"box", .file.fd = -1,
		.target = { EM_S390, 8, true, 12 },
		.segments = &b->segment, .nr_segments = 1, .impl = b,
	};
	if (vmcoreinfo_parse(b->text, strlen(b->text), &v) ||
	    view_create(&b->machine, VIEW_RANDOM, &b->view))
		abort();
	err = space_init(space, &b->machine.target, b->view, v, NULL);
	vmcoreinfo_destroy(v);
	return err;
}

static void box_close(struct box *b, struct space *space)
{
	if (space)
		space_deinit(space);
	view_destroy(b->view);
	free(b->mem);
}

/* An address for leaves of LEVEL, with nothing else near. */
static uint64_t place(unsigned levels, unsigned level)
{
	return levels == 2 ? 0x40000000 : (4ull << 31) + level * (8ull << 31);
}

static bool fits(unsigned levels, unsigned level)
{
	return level < 3 || levels > 2;
}

/* Two leaves that continue each other, a hole, and one that does not. */
static void map_leaves(struct box *b, unsigned level)
{
	uint64_t at = place(b->levels, level), span = span_of(level);

	map(b, at, 0x700ull << 31, level);
	map(b, at + span, (0x700ull << 31) + span, level);
	map(b, at + 3 * span, 0x700ull << 31, level);
}

static void check_leaves(struct box *b, struct space *space, unsigned level)
{
	uint64_t at = place(b->levels, level), span = span_of(level);
	struct extent e = translate(space, b->view, at + 0x123);

	CHECK(e.paddr == (0x700ull << 31) + 0x123 && e.len == 2 * span - 0x123);
	e = translate(space, b->view, at + span + 8);
	CHECK(e.paddr == (0x700ull << 31) + span + 8 && e.len == span - 8);
	e = translate(space, b->view, at + 2 * span + 1);
	CHECK(!e.len && e.hole == span - 1);
	e = translate(space, b->view, at + 3 * span);
	CHECK(e.paddr == 0x700ull << 31 && e.len == span);
}

struct walked {
	uint64_t nr_tables, nr_halves, len;
};

static struct error *on_leaf(void *arg, const struct leaf *leaf)
{
	struct walked *w = arg;

	w->nr_tables += leaf->table;
	w->nr_halves += leaf->table && leaf->len == 2048;
	w->len += leaf->table ? 0 : leaf->len;
	return NULL;
}

static void check_walk(struct box *b, struct space *space, uint64_t len)
{
	struct vrange linear = { space->linear_start,
				 space->linear_start + SIZE };
	struct walked w = { 0 };

	CHECK_OK(table_walk(space, b->view, NULL, 0, on_leaf, &w));
	CHECK(w.nr_tables == b->nr_tables && w.nr_halves);
	CHECK(w.len == len + SIZE - LOWCORE);
	w = (struct walked){ 0 };
	CHECK_OK(table_walk(space, b->view, &linear, 1, on_leaf, &w));
	CHECK(w.nr_tables == b->nr_tables && w.len == len);
}

static void test_levels(unsigned levels, uint64_t base)
{
	uint64_t len = IMAGE_LEN - TEXT;
	struct space space;
	struct extent e;
	struct box b;

	box_init(&b, levels, base, true);
	/* with two levels there is room for one size at a time */
	for (unsigned level = levels == 2 ? 2 : 1; level <= 3; level++)
		if (fits(levels, level)) {
			map_leaves(&b, level);
			len += 3 * span_of(level);
		}
	if (!CHECK_OK(box_open(&b, &space)))
		return;
	CHECK(space.levels == levels && space.root == b.root);
	CHECK(space.image.start == b.image + TEXT &&
	      space.image.end == b.image + IMAGE_LEN);
	CHECK(space.has_linear && space.linear_start == base);
	e = translate(&space, b.view, b.image + TEXT + 5);
	CHECK(e.paddr == IMAGE_PHYS + TEXT + 5 &&
	      e.len == IMAGE_LEN - TEXT - 5);
	e = translate(&space, b.view, b.image + TEXT - 1);
	CHECK(!e.len && e.hole);
	e = translate(&space, b.view, base + 0x345678);
	CHECK(e.paddr == 0x345678 && e.len == SIZE - 0x345678);
	/* lowcore: not mapped where the identity mapping begins */
	e = translate(&space, b.view, base);
	CHECK(!e.len && e.hole == LOWCORE);
	for (unsigned level = levels == 2 ? 2 : 1; level <= 3; level++)
		if (fits(levels, level))
			check_leaves(&b, &space, level);
	if (levels < 5) {
		e = translate(&space, b.view, space.tables.end);
		CHECK(!e.len && e.hole == -space.tables.end);
	}
	check_walk(&b, &space, len);
	box_close(&b, &space);
}

/* A table that runs past where it can be read from, entries of another type of
 * table, a length that leaves nothing. */
static void test_nonsense(void)
{
	static const uint64_t bad[] = {
		0x700400000 | 0x0c | 3,		/* of a region second's */
		0x700400000 | 0x00 | 3,
		0x700400000 | 0x04 | 0x20 | 3,	/* invalid */
		0x700400000 | 0x04 | 0xc0 | 1,	/* from quarter 3 to 1 */
	};
	struct space space;
	struct extent e;
	struct box b;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		box_init(&b, 3, 0, true);
		put_u64(entry_of(&b, 5ull << 31, 3), bad[i], true);
		if (!CHECK_OK(box_open(&b, &space)))
			return;
		e = translate(&space, b.view, 5ull << 31);
		CHECK(!e.len && e.hole > 1ull << 31);
		check_walk(&b, &space, IMAGE_LEN - TEXT);
		box_close(&b, &space);
	}
	/* a table where no memory is: what it maps is not known */
	box_init(&b, 3, 0, true);
	put_u64(entry_of(&b, 5ull << 31, 3), 0x700400000 | 7, true);
	if (!CHECK_OK(box_open(&b, &space)))
		return;
	e = translate(&space, b.view, 5ull << 31);
	CHECK(!e.len && !e.hole);
	check_walk(&b, &space, IMAGE_LEN - TEXT);
	box_close(&b, &space);
}

/* Until Linux 6.9 the image runs where it lies, wherever KASLR has moved it. */
static void test_identity(void)
{
	struct space space;
	struct extent e;
	struct box b;

	box_init(&b, 3, 0, false);
	say(&b, "SYMBOL(init_uts_ns)=%llx\nSYMBOL(mem_section)=1800000\n",
	    IMAGE_PHYS + 0x2fd400);
	if (!CHECK_OK(box_open(&b, &space)))
		return;
	CHECK(space.root == b.root && space.has_linear && !space.linear_start);
	CHECK(space.image.start == 0x300000 &&
	      space.image.end == align_up(IMAGE_PHYS + 0x2fd400, 4096));
	e = translate(&space, b.view, IMAGE_PHYS + TEXT + 0x1000);
	CHECK(e.paddr == IMAGE_PHYS + TEXT + 0x1000);
	e = translate(&space, b.view, 0x1345678);
	CHECK(e.paddr == 0x1345678 && e.len == SIZE - 0x1345678);
	check_walk(&b, &space, 0);
	box_close(&b, &space);
}

static void refuse(struct box *b, const char *why)
{
	struct space space;

	CHECK_ERROR(box_open(b, &space), why);
	box_close(b, NULL);
}

static void test_refused(void)
{
	struct box b;

	box_init(&b, 3, 0, true);
	memcpy(strstr(b.text, "swapper"), "Swapper", 7);
	refuse(&b, "lacks SYMBOL(swapper_pg_dir)");

	box_init(&b, 3, 0, true);
	say(&b, "SYMBOL(swapper_pg_dir)=%llx\n",
	    (unsigned long long)(b.image + ROOT + 8));
	refuse(&b, "no usable SYMBOL(swapper_pg_dir)");

	/* below the image */
	box_init(&b, 3, 0, true);
	say(&b, "SYMBOL(swapper_pg_dir)=1000\n");
	refuse(&b, "no usable SYMBOL(swapper_pg_dir)");

	/* in no segment */
	box_init(&b, 3, 0, true);
	say(&b, "SYMBOL(swapper_pg_dir)=%llx\n",
	    (unsigned long long)(b.image + SIZE));
	refuse(&b, "can't be read");

	/* another table */
	box_init(&b, 3, 0, true);
	say(&b, "SYMBOL(swapper_pg_dir)=%llx\n",
	    (unsigned long long)(b.image + ROOT + 0x4000));
	refuse(&b, "do not map the kernel image");

	box_init(&b, 3, 0, false);
	memcpy(strstr(b.text, "_stext"), "_sTEXT", 6);
	refuse(&b, "lacks SYMBOL(_stext)");
}

int main(void)
{
	for (unsigned levels = 2; levels <= 5; levels++)
		test_levels(levels, 0);
	for (unsigned levels = 3; levels <= 5; levels++)
		test_levels(levels, IDENTITY);
	test_nonsense();
	test_identity();
	test_refused();
	CHECK(arch_find(EM_S390) == &arch_s390x &&
	      arch_s390x.byte_orders == ORDER_BIG);
	return unit_end();
}
