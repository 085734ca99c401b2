/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's list of modules, and its taint: see modules.h. */
#include "modules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

/* enum module_state, same place */
#define STATE_LIVE	0u
#define STATE_GOING	2u
#define STATE_UNFORMED	3u	/* not in /proc/modules either */

void modules_deinit(struct module_list *list)
{
	free(list->modules);
	*list = (struct module_list){ 0 };
}

static struct error *modules_add(struct module_list *list, const char *name,
				 size_t len, const char *flags,
				 size_t flags_len)
{
	struct module *module;

	if (!(list->nr & (list->nr - 1))) {
		module = reallocarray(list->modules,
				      list->nr ? 2 * list->nr : 1,
				      sizeof(*module));
		if (!module)
			return error_nomem();
		list->modules = module;
	}
	module = &list->modules[list->nr++];
	*module = (struct module){ 0 };
	memcpy(module->name, name, len);
	memcpy(module->flags, flags, flags_len);
	return NULL;
}

/* How long a module's name at TEXT is; 0 if that is none. */
static size_t name_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (isalnum((unsigned char)text[n]) || text[n] == '_' ||
			   text[n] == '-'))
		n++;
	return n;
}

/* What a struct module begins with. */
struct head {
	uint64_t next, prev;
	unsigned state;
	char name[MODULE_NAME_LEN];
};

static struct error *head_read(const struct kernel *kernel, struct view *view,
			       uint64_t node, struct head *ret, bool *valid)
{
	const struct space *space = &kernel->space;
	unsigned word = space->target.word_size;
	bool big_endian = space->target.big_endian;
	uint8_t raw[3 * 8 + MODULE_NAME_LEN];
	size_t room = MODULE_NAME_LEN - word;	/* MODULE_NAME_LEN's own */
	enum page_state state;
	const char *name = (const char *)raw + 3 * word;
	size_t len;

	*valid = false;
	TRY(space_read(space, view, node - word, raw, 3 * word + room, &state));
	if (state != PAGE_OK)
		return NULL;
	ret->state = get_u32(raw, big_endian);
	ret->next = get_uint(raw + word, word, big_endian);
	ret->prev = get_uint(raw + 2 * word, word, big_endian);
	len = name_len(name, room);
	*valid = len && len < room && !name[len] &&
		 ret->state <= STATE_UNFORMED;
	memset(ret->name, 0, sizeof(ret->name));
	memcpy(ret->name, name, len);
	return NULL;
}

struct error *modules_walk(const struct kernel *kernel, struct view *view,
			   uint64_t vaddr, struct module_list *ret)
{
	uint64_t before = vaddr, node;
	enum page_state state;

	*ret = (struct module_list){ 0 };
	TRY(space_read_word(&kernel->space, view, vaddr, &node, &state));
	if (state != PAGE_OK)
		return error_create(ERROR_INVALID,
				    "the list's head at %#llx can't be read",
				    (unsigned long long)vaddr);
	while (node != vaddr) {
		struct head head;
		bool valid;

		TRY(head_read(kernel, view, node, &head, &valid));
		/* a list that goes round in itself has a prev that is another */
		if (!valid || head.prev != before || ret->nr == MODULES_MAX)
			return error_create(ERROR_INVALID,
					    "the list breaks off after %zu modules, at %#llx",
					    ret->nr, (unsigned long long)node);
		if (head.state != STATE_UNFORMED)
			TRY(modules_add(ret, head.name, strlen(head.name),
					head.state == STATE_LIVE ? "" :
					head.state == STATE_GOING ? "-" : "+",
					head.state != STATE_LIVE));
		before = node;
		node = head.next;
	}
	return NULL;
}

/* Linux kernel/module/main.c: print_modules(): "Modules linked in: a(OE) b [last
 * unloaded: c]". */
struct error *modules_parse(const char *text, size_t len,
			    struct module_list *ret)
{
	const char *end = text + len, *stop;

	*ret = (struct module_list){ 0 };
	while (text < end && ret->nr < MODULES_MAX) {
		const char *flags = "";
		size_t n, nr_flags = 0;

		if (*text == ' ') {
			text++;
			continue;
		}
		n = name_len(text, (size_t)(end - text));
		if (!n || n >= MODULE_NAME_LEN)
			break;
		stop = text + n;
		if (stop < end && *stop == '(') {
			flags = ++stop;
			while (stop < end && *stop != ')')
				stop++;
			nr_flags = (size_t)(stop - flags);
			if (stop == end || nr_flags >= MODULE_FLAGS_LEN)
				break;
			stop++;
		}
		TRY(modules_add(ret, text, n, flags, nr_flags));
		text = stop;
	}
	return NULL;
}

void modules_add_flags(struct module_list *list,
		       const struct module_list *other)
{
	for (size_t i = 0; i < list->nr; i++)
		for (size_t k = 0; k < other->nr; k++)
			if (!strcmp(list->modules[i].name,
				    other->modules[k].name))
				memcpy(list->modules[i].flags,
				       other->modules[k].flags,
				       MODULE_FLAGS_LEN);
}

bool taint_parse(const char *text, size_t len, uint64_t *ret)
{
	static const char tainted[] = "Tainted: ";
	size_t skip = sizeof(tainted) - 1;

	*ret = 0;
	if (len == 11 && !memcmp(text, "Not tainted", 11))
		return true;
	if (len < skip || memcmp(text, tainted, skip))
		return false;
	for (size_t i = skip; i < len; i++) {
		const char *letter = text[i] ? strchr(TAINT_LETTERS, text[i]) :
				     NULL;

		if (letter)	/* G is: not P */
			*ret |= 1ull << (letter - TAINT_LETTERS);
	}
	return true;
}

void taint_letters(uint64_t mask, char *ret)
{
	for (size_t i = 0; i < sizeof(TAINT_LETTERS) - 1; i++)
		if (mask >> i & 1)
			*ret++ = TAINT_LETTERS[i];
	*ret = '\0';
}
