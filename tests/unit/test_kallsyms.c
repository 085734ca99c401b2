/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's own symbol table, of each kind there has been, and what it says
 * of the kernel image; sound and broken. */
#include "../../src/kernel/kallsyms.h"
#include "machine.h"
#include "open_kernel.h"

#define NAMES		(IMAGE_PADDR + 0x10000)
#define OFFSETS		(IMAGE_PADDR + 0x20000)
#define NUM		(IMAGE_PADDR + 0x30000)
#define TOKEN_TABLE	(IMAGE_PADDR + 0x31000)
#define TOKEN_INDEX	(IMAGE_PADDR + 0x33000)
#define BASE		(IMAGE_PADDR + 0x34000)

#define NODE_DATA	0x1c8000ull	/* from IMAGE_VADDR */

enum kind { KIND_BASE, KIND_PERCPU, KIND_SELF, NR_KINDS };

struct symbol {
	const char *name;	/* with its type */
	uint64_t offset;	/* from IMAGE_VADDR */
};

/* A page and a bit before what matters, to have more than one page of names */
#define NR_FILLERS	600u

static const struct symbol symbols[] = {
	{ "T_text", 0 }, { "T_stext", 0 }, { "T_etext", 0x40100 },
	{ "R__start_rodata", 0x50000 }, { "R__start_BTF", 0x50800 },
	{ "R__stop_BTF", 0x53fff }, { "Rkallsyms_num_syms", 0x54000 },
	{ "Rkallsyms_seqs_of_names", 0x55800 }, { "R__end_rodata", 0x60000 },
	{ "D_sdata", 0x60000 }, { "D__init_begin", 0x70000 },
	{ "D__init_end", 0x100000 }, { "b__smp_locks", 0x100800 },
	{ "b__smp_locks_end", 0x101800 },
	{ "A__start_bss_decrypted_unused", 0x180000 },
	{ "B__end_bss_decrypted", 0x1c0000 }, { "Bnode_data", NODE_DATA },
	{ "B__bss_stop", 0x1d0010 },
};

#define NR_SYMBOLS (sizeof(symbols) / sizeof(*symbols))

struct table {
	struct machine m;
	uint64_t names_at;
	unsigned nr;
	enum kind kind;
};

static uint64_t vaddr_of(uint64_t paddr)
{
	return paddr - IMAGE_PADDR + IMAGE_VADDR;
}

/* One token a character, but "__" is one of its own. */
static void put_symbol(struct table *t, const char *name, uint64_t vaddr)
{
	uint8_t tokens[512];
	uint64_t at = OFFSETS + 4 * t->nr++;
	uint32_t offset = (uint32_t)(vaddr - IMAGE_VADDR);
	size_t nr = 0;

	for (const char *p = name; *p; p++) {
		bool two = p[0] == '_' && p[1] == '_';

		tokens[nr++] = two ? 1 : (uint8_t)*p;
		p += two;
	}
	t->m.mem[t->names_at++] = (uint8_t)(nr > 127 ? nr | 0x80 : nr);
	if (nr > 127)
		t->m.mem[t->names_at++] = (uint8_t)(nr >> 7);
	memcpy(t->m.mem + t->names_at, tokens, nr);
	t->names_at += nr;
	if (t->kind == KIND_PERCPU)
		offset = (uint32_t)(-1 - (int64_t)(vaddr - IMAGE_VADDR));
	else if (t->kind == KIND_SELF)
		offset = (uint32_t)(vaddr - vaddr_of(at));
	machine_put32(&t->m, at, offset);
}

static void table_init(struct table *t, enum kind kind)
{
	static const char *const names[] = {
		"names", "num_syms", "token_table", "token_index", "offsets",
	};
	static const uint64_t paddrs[] = { NAMES, NUM, TOKEN_TABLE, TOKEN_INDEX,
					   OFFSETS };
	struct machine *m = &t->m;
	uint64_t token = TOKEN_TABLE;

	*t = (struct table){ .kind = kind, .names_at = NAMES };
	machine_init(m, 4, 0);
	for (unsigned i = 0; i < 5; i++)
		machine_say(m, "SYMBOL(kallsyms_%s)=%llx\n", names[i],
			    (unsigned long long)vaddr_of(paddrs[i]));
	for (unsigned i = 0; i < 256; i++) {
		put_u16(m->mem + TOKEN_INDEX + 2 * i,
			(uint16_t)(token - TOKEN_TABLE), false);
		if (i == 1)
			token += (uint64_t)sprintf((char *)m->mem + token,
						   "__") + 1;
		else if (i > 31)
			token += (uint64_t)sprintf((char *)m->mem + token, "%c",
						   (int)i) + 1;
	}
	if (kind != KIND_SELF) {
		machine_say(m, "SYMBOL(kallsyms_relative_base)=%llx\n",
			    (unsigned long long)vaddr_of(BASE));
		machine_put(m, BASE, IMAGE_VADDR);
	}
}

static void put_all(struct table *t)
{
	char name[256];

	for (unsigned i = 0; i < NR_FILLERS; i++) {
		snprintf(name, sizeof(name), "t__ste%u_%.*s", i,
			 i % 100 ? 8 : 200, "a_long_name_a_long_name_a_long_"
			 "name_a_long_name_a_long_name_a_long_name_a_long_name"
			 "_a_long_name_a_long_name_a_long_name_a_long_name_a_"
			 "long_name_a_long_name_a_long_name_a_long_name_a_");
		put_symbol(t, name, IMAGE_VADDR + 16 * i);
	}
	for (size_t i = 0; i < NR_SYMBOLS; i++)
		put_symbol(t, symbols[i].name, IMAGE_VADDR + symbols[i].offset);
	machine_put32(&t->m, NUM, t->nr);
}

struct ranges {
	char text[512], tables[512];
};

static struct error *add_range(char *text, uint64_t paddr, uint64_t len)
{
	size_t used = strlen(text);

	snprintf(text + used, 512 - used, "%llx-%llx ",
		 (unsigned long long)(paddr - IMAGE_PADDR),
		 (unsigned long long)(paddr - IMAGE_PADDR + len));
	return NULL;
}

static struct error *on_range(void *arg, uint64_t paddr, uint64_t len)
{
	return add_range(((struct ranges *)arg)->text, paddr, len);
}

static struct error *on_table(void *arg, uint64_t paddr, uint64_t len)
{
	return add_range(((struct ranges *)arg)->tables, paddr, len);
}

#define ALL "0-200000 "

/* Opens, asks, closes; WANT: the ranges of the image, less IMAGE_PADDR. */
static void check_image(struct table *t, bool found_wanted, const char *want)
{
	struct kallsyms_symbol asked[] = {
		{ "__init_begin", 0 }, { "_etext", 0 }, { "_nowhere", 0 },
	};
	struct kernel *k = open_kernel(&t->m, NULL);
	struct ranges r = { "", "" };
	bool found;

	CHECK_OK(kallsyms_find(k, t->m.view, asked, 3, &found));
	CHECK(found == found_wanted);
	if (found && found_wanted)
		CHECK(asked[0].vaddr == IMAGE_VADDR + 0x70000 &&
		      asked[1].vaddr == IMAGE_VADDR + 0x40100 &&
		      !asked[2].vaddr);
	CHECK_OK(kernel_image_ranges(k, t->m.view, on_range, on_table, &r));
	/* whole pages of BTF and of kallsyms */
	CHECK(!strcmp(r.tables, found ? "51000-53000 54000-55000 " : ""));
	if (!CHECK(!strcmp(r.text, want)))
		fprintf(stderr, "  got %s\n", r.text);
	kernel_close(k);
	machine_close(&t->m);
}

static void test_kinds(void)
{
	for (unsigned kind = 0; kind < NR_KINDS; kind++) {
		struct table t;

		table_init(&t, kind);
		put_all(&t);
		/* __smp_locks holds no whole page */
		check_image(&t, true, "0-41000 50000-70000 100000-180000 "
			    "1c0000-1d1000 ");
	}
}

/* What does not fit keeps all of the image. */
static void test_refused(void)
{
	static const char *const keys[] = {
		"kallsyms_names", "kallsyms_num_syms", "kallsyms_token_table",
		"kallsyms_token_index", "kallsyms_offsets",
	};
	struct table t;

	for (unsigned i = 0; i < 5; i++) {
		table_init(&t, KIND_SELF);
		put_all(&t);
		memcpy(strstr(t.m.text, keys[i]), "KALLSYMS", 8);
		check_image(&t, false, ALL);
		table_init(&t, KIND_SELF);
		put_all(&t);
		machine_say(&t.m, "SYMBOL(%s)=ffff800000000000\n", keys[i]);
		check_image(&t, false, ALL);
	}
	/* _stext is not where VMCOREINFO has it */
	for (unsigned kind = 0; kind < NR_KINDS; kind++) {
		table_init(&t, kind);
		put_all(&t);
		machine_say(&t.m, "SYMBOL(_stext)=%llx\n", IMAGE_VADDR + 16);
		check_image(&t, false, ALL);
	}
	table_init(&t, KIND_BASE);
	put_all(&t);
	machine_put32(&t.m, NUM, UINT32_MAX);
	check_image(&t, false, ALL);
	table_init(&t, KIND_BASE);
	machine_put32(&t.m, NUM, 0);
	check_image(&t, false, ALL);
	/* names that run out of the table, into nothing */
	table_init(&t, KIND_BASE);
	memset(t.m.mem + NAMES, 0xff, 0x10000);
	machine_put32(&t.m, NUM, 1 << 22);
	check_image(&t, false, ALL);
	/* no table at all; all tokens beyond theirs */
	table_init(&t, KIND_BASE);
	put_all(&t);
	memset(t.m.mem + TOKEN_INDEX, 0xff, 512);
	check_image(&t, false, ALL);
}

/* Maps the image's second 2 MiB by a page table of its own, but for a hole, and
 * the third as the first. Returns where that page table is. */
static uint64_t map_hole(struct machine *m)
{
	const uint64_t part = 2u << 20;
	uint64_t at = m->next_table;

	for (uint64_t p = part; p < 2 * part; p += 4096)
		if (p < part + 0x10000 || p >= part + 0x28000)
			machine_map(m, IMAGE_VADDR + p, IMAGE_PADDR + p, 1);
	machine_map(m, IMAGE_VADDR + 2 * part, IMAGE_PADDR + 2 * part, 2);
	return at;
}

/* Without a symbol table, what page table isolation has unmapped of the image
 * is none; what can't be read of its page tables is. */
static void test_unmapped(void)
{
	struct table t;

	table_init(&t, KIND_BASE);
	map_hole(&t.m);
	check_image(&t, false, "0-210000 228000-600000 ");
	table_init(&t, KIND_BASE);
	t.m.bad_paddr = map_hole(&t.m);
	check_image(&t, false, "0-600000 ");
}

/* Sections that can't be so: nothing counts as freed. */
static void test_senseless(void)
{
	static const struct symbol wrong[] = {
		{ "D__init_end", 0x60000 }, { "D__init_begin", 0x50000 },
		{ "B__bss_stop", 0x200001 }, { "B__bss_stop", 0x1bf000 },
		{ "B__bss_stop", 0 },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct table t;

		table_init(&t, KIND_SELF);
		put_all(&t);
		/* the last of equal names counts */
		put_symbol(&t, wrong[i].name, IMAGE_VADDR + wrong[i].offset);
		machine_put32(&t.m, NUM, t.nr);
		{
			struct kernel *k = open_kernel(&t.m, NULL);
			struct ranges r = { "", "" };

			CHECK_OK(kernel_image_ranges(k, t.m.view, on_range,
						     on_table, &r));
			if (!CHECK(!strcmp(r.text, ALL)))
				fprintf(stderr, "  %zu got %s\n", i, r.text);
			kernel_close(k);
			machine_close(&t.m);
		}
	}
}

/* Each address has the name that the kernel would give it; aliases the first. */
static void test_names(void)
{
	static const struct {
		uint64_t offset;
		const char *name;	/* "": none */
		uint64_t start, size;
	} wanted[] = {
		{ 0x60000, "__end_rodata", 0x60000, 0x10000 },
		{ 0x0, "_text", 0x0, 0x10 }, { 0x7, "_text", 0x0, 0x10 },
		{ 0x1f, "__ste1_a_long_n", 0x10, 0x10 },
		{ 0x40100, "_etext", 0x40100, 0xff00 },
		{ 0x400ff, "__ste599_a_long_n", 0x2570, 0x3db90 },
		{ 0x1d000f, "node_data", NODE_DATA, 0x8010 },
		{ 0x1d0010, "", 0, 0 }, { 0x40000000, "", 0, 0 },
		{ (uint64_t)-1, "", 0, 0 },
	};
	enum { NR = sizeof(wanted) / sizeof(*wanted) };

	for (unsigned kind = 0; kind < NR_KINDS; kind++) {
		struct kallsyms_place places[NR];
		struct kernel *k;
		struct table t;
		char name[64];
		bool found;

		table_init(&t, kind);
		for (size_t i = 0; i < NR_SYMBOLS; i++) {
			put_symbol(&t, symbols[i].name,
				   IMAGE_VADDR + symbols[i].offset);
			for (unsigned n = 1; i == 1 && n < NR_FILLERS; n++) {
				snprintf(name, sizeof(name),
					 "t__ste%u_a_long_n", n);
				put_symbol(&t, name, IMAGE_VADDR + 16 * n);
			}
		}
		machine_put32(&t.m, NUM, t.nr);
		k = open_kernel(&t.m, NULL);
		for (unsigned i = 0; i < NR; i++)
			places[i].vaddr = IMAGE_VADDR + wanted[i].offset;
		CHECK_OK(kallsyms_name(k, t.m.view, places, NR, &found));
		CHECK(found);
		for (unsigned i = 0; i < NR; i++)
			if (!CHECK(!strcmp(places[i].name, wanted[i].name)) ||
			    (wanted[i].name[0] &&
			     (!CHECK(places[i].start ==
				     IMAGE_VADDR + wanted[i].start) ||
			      !CHECK(places[i].size == wanted[i].size))))
				fprintf(stderr, "  %u %u: %s %llx %llx\n", kind,
					i, places[i].name,
					(unsigned long long)places[i].start,
					(unsigned long long)places[i].size);
		kernel_close(k);
		machine_close(&t.m);
	}
}

/* No names of a table that is not there, or that contradicts VMCOREINFO. */
static void test_no_names(void)
{
	struct kallsyms_place place = { .vaddr = IMAGE_VADDR + 0x60000 };
	struct table t;

	for (unsigned i = 0; i < 3; i++) {
		struct kernel *k;
		bool found = true;

		table_init(&t, KIND_BASE);
		put_all(&t);
		if (i == 0)
			machine_put32(&t.m, NUM, 0);
		else if (i == 1)
			memset(t.m.mem + NAMES, 0xff, 0x10000);
		else
			machine_say(&t.m, "SYMBOL(_stext)=%llx\n",
				    IMAGE_VADDR + 16);
		k = open_kernel(&t.m, NULL);
		CHECK_OK(kallsyms_name(k, t.m.view, &place, 1, &found));
		CHECK(!found && !place.name[0]);
		kernel_close(k);
		machine_close(&t.m);
	}
}

/* Without CONFIG_KALLSYMS_ALL: what there is of the names does not tell all that
 * x86 frees. */
static void test_no_data(void)
{
	struct table t;
	struct kernel *k;
	struct ranges r = { "", "" };

	table_init(&t, KIND_SELF);
	for (size_t i = 0; i < NR_SYMBOLS; i++)
		if (symbols[i].name[0] == 'T' ||
		    !strncmp(symbols[i].name + 1, "__start_", 8))
			put_symbol(&t, symbols[i].name,
				   IMAGE_VADDR + symbols[i].offset);
	machine_put32(&t.m, NUM, t.nr);
	k = open_kernel(&t.m, NULL);
	CHECK_OK(kernel_image_ranges(k, t.m.view, on_range, on_table, &r));
	CHECK(!strcmp(r.text, ALL));
	kernel_close(k);
	machine_close(&t.m);
}

/* A node with two zones, of which one is short of pages by its own count. */
static void put_node(struct machine *m, unsigned nr, uint64_t free)
{
	uint64_t node = 0x800000 + nr * 0x1000ull;

	machine_put(m, IMAGE_PADDR + NODE_DATA + 8 * nr, LINEAR + node);
	machine_put32(m, node, 2);
	machine_put(m, node + 8 + 16, free);
	machine_put(m, node + 8 + 64 + 16, (uint64_t)-3);
}

/* Where VMCOREINFO does not name the nodes. ONLINE: of 128, the first and the
 * last word. */
static void test_nodes(uint64_t online, uint64_t online2, uint64_t count)
{
	struct kernel *kernel;
	struct table t;
	uint64_t nr;
	bool found;

	table_init(&t, KIND_SELF);
	put_all(&t);
	machine_say(&t.m, "SYMBOL(node_online_map)=%llx\nSIZE(nodemask_t)=16\n"
		    "OFFSET(pglist_data.nr_zones)=0\nSIZE(zone)=64\n"
		    "OFFSET(pglist_data.node_zones)=8\nNUMBER(NR_FREE_PAGES)=1\n"
		    "OFFSET(zone.vm_stat)=8\nSYMBOL(mem_section)=%llx\n",
		    (unsigned long long)vaddr_of(BASE + 0x100),
		    LINEAR + 0x800000);
	machine_put(&t.m, BASE + 0x100, online);
	machine_put(&t.m, BASE + 0x108, online2);
	put_node(&t.m, 0, 5);
	put_node(&t.m, 3, 70);
	put_node(&t.m, 64, 900);
	/* behind the array */
	machine_put(&t.m, IMAGE_PADDR + NODE_DATA + 8 * 65, 0x4242424242424242);
	kernel = open_kernel(&t.m, NULL);
	CHECK_OK(kernel_free_pages(kernel, t.m.view, &nr, &found));
	CHECK(found == (count > 0) && nr == count);
	kernel_close(kernel);
	machine_close(&t.m);
}

int main(void)
{
	test_kinds();
	test_refused();
	test_unmapped();
	test_senseless();
	test_names();
	test_no_names();
	test_no_data();
	test_nodes(1 | 1 << 3, 1, 975);
	test_nodes(1 << 3, 0, 70);
	test_nodes(0, 0, 0);
	return unit_end();
}
