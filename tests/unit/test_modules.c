/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of modules, sound and broken; what the log says of them; taint; a log's
 * text of a bounded size. */
#include "../../src/triage/log_text.h"
#include "../../src/triage/modules.h"
#include "machine.h"

#define HEAD	0x800000ull	/* paddr of the list's head */
#define FIRST	0x801000ull	/* of the first struct module; each a page */

static uint64_t linear(uint64_t paddr)
{
	return LINEAR + paddr;
}

static void put_module(struct machine *m, uint64_t paddr, const char *name,
		       uint32_t state)
{
	machine_put32(m, paddr, state);
	strcpy((char *)m->mem + paddr + 24, name);
}

/* A -> B, as list_add() has them. */
static void put_link(struct machine *m, uint64_t a, uint64_t b)
{
	machine_put(m, a, linear(b));
	machine_put(m, b + 8, linear(a));
}

static void put_list(struct machine *m)
{
	static const char *const names[] = { "zram", "nf_tables", "crc32c-x86",
					     "half_made" };
	uint64_t before = HEAD;

	for (unsigned i = 0; i < 4; i++) {
		uint64_t at = FIRST + 4096 * i;

		put_module(m, at, names[i], i);
		put_link(m, before, at + 8);
		before = at + 8;
	}
	put_link(m, before, HEAD);
}

/* Walks the list after CHANGE; WANT: its names, or ERR: what breaks it off. */
static void check_list(void (*change)(struct machine *m), const char *want,
		       const char *err)
{
	struct module_list list;
	struct kernel *k = NULL;
	char names[256] = "";
	struct machine m;

	machine_init(&m, 4, 0);
	put_list(&m);
	if (change)
		change(&m);
	machine_open(&m);
	if (!CHECK_OK(kernel_open(&m.image, m.view, NULL, &k)))
		exit(unit_end());
	if (err)
		CHECK_ERROR(modules_walk(k, m.view, linear(HEAD), &list), err);
	else
		CHECK_OK(modules_walk(k, m.view, linear(HEAD), &list));
	for (size_t i = 0; i < list.nr; i++) {
		strcat(strcat(names, list.modules[i].name),
		       list.modules[i].flags);
		strcat(names, " ");
	}
	if (!CHECK(!strcmp(names, want)))
		fprintf(stderr, "  got %s\n", names);
	modules_deinit(&list);
	kernel_close(k);
	machine_close(&m);
}

static void empty(struct machine *m)
{
	put_link(m, HEAD, HEAD);
}

static void no_head(struct machine *m)
{
	m->bad_paddr = HEAD;
}

static void unreadable(struct machine *m)
{
	m->bad_paddr = FIRST + 4096;
}

static void wild(struct machine *m)
{
	machine_put(m, FIRST + 4096 + 8, 0xdead000000000100);
}

/* Back to a module that was met before. */
static void goes_round(struct machine *m)
{
	machine_put(m, FIRST + 2 * 4096 + 8, linear(FIRST + 8));
}

static void no_name(struct machine *m)
{
	memset(m->mem + FIRST + 24, 'x', 64);
}

static void odd_name(struct machine *m)
{
	m->mem[FIRST + 4096 + 25] = 0x1b;
}

static void test_lists(void)
{
	check_list(NULL, "zram nf_tables+ crc32c-x86- ", NULL);
	check_list(empty, "", NULL);
	check_list(no_head, "", "can't be read");
	check_list(unreadable, "zram ", "breaks off after 1 modules");
	check_list(wild, "zram nf_tables+ ", "breaks off after 2 modules");
	check_list(goes_round, "zram nf_tables+ crc32c-x86- ",
		   "breaks off after 3 modules");
	check_list(no_name, "", "breaks off after 0 modules");
	check_list(odd_name, "zram ", "breaks off after 1 modules");
}

static void test_line(void)
{
	static const char line[] =
		" xfs(OE) loop dm-mod(+) [last unloaded: gone]";
	struct module_list logged, list;

	CHECK_OK(modules_parse(line, strlen(line), &logged));
	if (CHECK(logged.nr == 3))
		CHECK(!strcmp(logged.modules[0].name, "xfs") &&
		      !strcmp(logged.modules[0].flags, "OE") &&
		      !logged.modules[1].flags[0] &&
		      !strcmp(logged.modules[2].name, "dm-mod"));
	CHECK_OK(modules_parse(" loop xfs", 9, &list));
	modules_add_flags(&list, &logged);
	CHECK(!list.modules[0].flags[0] &&
	      !strcmp(list.modules[1].flags, "OE"));
	modules_deinit(&list);
	modules_deinit(&logged);
	CHECK_OK(modules_parse(" cut(O", 6, &list));
	CHECK(!list.nr);
	modules_deinit(&list);
}

static void test_taint(void)
{
	static const char tainted[] = "Tainted: G      D W  OE";
	char letters[32];
	uint64_t mask;

	CHECK(taint_parse("Not tainted", 11, &mask) && !mask);
	CHECK(taint_parse(tainted, strlen(tainted), &mask) &&
	      mask == (1 << 7 | 1 << 9 | 1 << 12 | 1 << 13));
	taint_letters(mask, letters);
	CHECK(!strcmp(letters, "DWOE"));
	taint_letters(UINT64_MAX, letters);
	CHECK(!strcmp(letters, TAINT_LETTERS));
	CHECK(!taint_parse("Spotless", 8, &mask));
}

/* NR lines of 16 bytes; what is printed begins and ends as they do. */
static void check_text(unsigned nr, bool cut)
{
	struct log_text text;
	char *out = NULL, last[32];
	size_t len = 0, lines = 0;
	FILE *file = open_memstream(&out, &len);

	CHECK_OK(log_text_init(&text));
	for (unsigned i = 0; i < nr; i++)
		fprintf(text.file, "line %010u\n", i);
	CHECK(!!log_text_left_out(&text) == cut);
	log_text_print(&text, file);
	fclose(file);
	snprintf(last, sizeof(last), "line %010u\n", nr - 1);
	CHECK(len <= LOG_TEXT_HEAD + LOG_TEXT_TAIL + 80);
	CHECK(!strncmp(out, "line 0000000000\n", 16));
	CHECK(len >= 16 && !strcmp(out + len - 16, last));
	for (char *p = out; (p = strstr(p, "\nline ")); p++)
		lines += p[16] == '\n';
	CHECK(cut ? strstr(out, " bytes of the log are left out ...]\nline ") &&
		    lines < nr - 1 : lines == nr - 1);
	free(out);
	log_text_deinit(&text);
}

static void test_text(void)
{
	check_text(1, false);
	check_text((LOG_TEXT_HEAD + LOG_TEXT_TAIL) / 16, false);
	check_text((LOG_TEXT_HEAD + LOG_TEXT_TAIL) / 16 + 1, true);
	check_text(100003, true);
}

int main(void)
{
	test_lists();
	test_line();
	test_taint();
	test_text();
	return unit_end();
}
