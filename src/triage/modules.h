/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which modules the crashed kernel had loaded, and how it was tainted: from its
 * memory, and from its log. */
#ifndef CAPDUMP_TRIAGE_MODULES_H
#define CAPDUMP_TRIAGE_MODULES_H

#include "../kernel/kernel.h"

#define MODULE_NAME_LEN 64	/* Linux include/linux/module.h, with its end */
#define MODULE_FLAGS_LEN 16
#define MODULES_MAX 4096

struct module {
	char name[MODULE_NAME_LEN];
	char flags[MODULE_FLAGS_LEN];	/* "OE", "+", as the log has them */
};

struct module_list {
	struct module *modules;	/* owned */
	size_t nr;
};

void modules_deinit(struct module_list *list);

/*
 * Walks the list whose head is at VADDR (symbol `modules`), newest module first.
 * ERROR_INVALID says where it breaks off; what was before that is in RET. Linux
 * 2.6 to 7.2 include/linux/module.h: a struct module begins with its state, an
 * enum, a list_head and its name. With its members in another order
 * (CONFIG_RANDSTRUCT) the first name is none.
 */
struct error *modules_walk(const struct kernel *kernel, struct view *view,
			   uint64_t vaddr, struct module_list *ret);

/* The names behind "Modules linked in:". */
struct error *modules_parse(const char *text, size_t len,
			    struct module_list *ret);

/* The flags that OTHER has for the modules of LIST. */
void modules_add_flags(struct module_list *list,
		       const struct module_list *other);

/* Linux 7.2 kernel/panic.c: taint_flags[]: the letter of each bit. */
#define TAINT_LETTERS "PFSRMBUDAWCIOELKXTNJ"

/* The bits that "Tainted: G        W  OE" has; false if it is none of that. */
bool taint_parse(const char *text, size_t len, uint64_t *ret);

/* The letters of the bits that have one, into RET (32 bytes). */
void taint_letters(uint64_t mask, char *ret);

#endif
