/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbol table of the crashed kernel. Names stand one after the other,
 * each a length (one byte, two if the top bit is set) and so many tokens of
 * one byte; a token stands for a few characters; the first character of a name
 * is its type. Offsets stand in an array of 32-bit numbers, of which there have
 * been three kinds:
 *  - relative to kallsyms_relative_base, unsigned;
 *  - the same with CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86 SMP before 6.15):
 *    negative ones are base - 1 - offset, others absolute;
 *  - relative to the entry itself, signed (7.0 and later, no base).
 * Which one it is, the known address of _stext tells.
 */
#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"

#define MAX_SYMBOLS (1u << 22)	/* 7.2's Debian kernel has some 240,000 */
#define NAME_MAX_LEN 64
#define TOKENS 256
#define TOKEN_TABLE 4096	/* bytes of it that are used; 1 KiB in practice */
#define BUF_LEN 4096
#define SIEVE 3		/* characters by which most names are ruled out */

enum offset_kind { OFFSET_BASE, OFFSET_PERCPU, OFFSET_SELF, NR_OFFSET_KINDS };

/* An address that is looked for, and the entry that is there. */
struct wanted_place {
	uint32_t entry;
	struct kallsyms_place *place;
};

struct table {
	const struct kernel *kernel;
	struct view *view;
	bool big_endian;
	uint64_t names, offsets, base;	/* addresses */
	uint32_t nr;
	bool has_base;
	uint8_t index[2 * TOKENS];
	char tokens[TOKEN_TABLE];
	uint8_t buf[BUF_LEN];		/* of names, from position buf_at on */
	uint64_t buf_at, buf_len;
	/* whether any name that is looked for has this character there */
	bool sieve[SIEVE][256];
	/* whether any may begin with this token, as the first of its entry
	 * (after the type) and as the second (the first is the type alone) */
	bool first[TOKENS], second[TOKENS];
	bool type_only[TOKENS];
};

static void sieve_add(struct table *t, const char *name)
{
	for (size_t i = 0; i < SIEVE && name[i]; i++)
		t->sieve[i][(uint8_t)name[i]] = true;
}

/* Reads kernel memory; *OK false if it is not there. */
static struct error *read_at(struct table *t, uint64_t vaddr, void *buf,
			     size_t len, bool *ok)
{
	enum page_state state;

	TRY(space_read(&t->kernel->space, t->view, vaddr, buf, len, &state));
	*ok = state == PAGE_OK;
	return NULL;
}

static struct error *table_init(struct table *t, bool *ok)
{
	const struct vmcoreinfo *v = t->kernel->vmcoreinfo;
	uint64_t num, token_table, token_index;
	uint8_t nr[4];

	*ok = vmcoreinfo_number(v, "SYMBOL", "kallsyms_names", &t->names) &&
	      vmcoreinfo_number(v, "SYMBOL", "kallsyms_num_syms", &num) &&
	      vmcoreinfo_number(v, "SYMBOL", "kallsyms_token_table",
				&token_table) &&
	      vmcoreinfo_number(v, "SYMBOL", "kallsyms_token_index",
				&token_index) &&
	      vmcoreinfo_number(v, "SYMBOL", "kallsyms_offsets", &t->offsets);
	if (!*ok)
		return NULL;
	TRY(read_at(t, num, nr, sizeof(nr), ok));
	if (!*ok)
		return NULL;
	t->nr = get_u32(nr, t->big_endian);
	if (t->nr > MAX_SYMBOLS) {
		*ok = false;
		return NULL;
	}
	TRY(read_at(t, token_index, t->index, sizeof(t->index), ok));
	if (*ok)
		TRY(read_at(t, token_table, t->tokens, sizeof(t->tokens), ok));
	t->tokens[sizeof(t->tokens) - 1] = '\0';
	t->has_base = vmcoreinfo_number(v, "SYMBOL", "kallsyms_relative_base",
					&t->base);
	if (*ok && t->has_base) {
		enum page_state state;

		TRY(space_read_word(&t->kernel->space, t->view, t->base,
				    &t->base, &state));
		*ok = state == PAGE_OK;
	}
	return NULL;
}

/* Reads the LEN bytes at position AT of the names, and what follows up to the
 * end of the page, so as never to ask for the page after the last in vain. */
static struct error *names_read(struct table *t, uint64_t at, size_t len,
				bool *ok)
{
	uint64_t vaddr = t->names + at;
	size_t n = BUF_LEN - (size_t)(vaddr % BUF_LEN);

	n = n < len ? len : n;
	t->buf_len = 0;
	TRY(read_at(t, vaddr, t->buf, n, ok));
	t->buf_at = at;
	if (*ok)
		t->buf_len = n;
	return NULL;
}

/* Makes the LEN bytes at position AT of the names available. */
static inline struct error *names_at(struct table *t, uint64_t at, size_t len,
				     const uint8_t **ret, bool *ok)
{
	*ok = true;
	if (at < t->buf_at || at + len > t->buf_at + t->buf_len)
		TRY(names_read(t, at, len, ok));
	*ret = t->buf + (at - t->buf_at);
	return NULL;
}

/* Writes the name that NR tokens spell, without its type (which TYPE says is
 * to come), to NAME; false if it is none that we look for. */
static bool expand(const struct table *t, const uint8_t *tokens, size_t nr,
		   bool type, char *name)
{
	size_t len = 0;

	for (size_t i = 0; i < nr; i++) {
		size_t at = get_u16(t->index + 2 * tokens[i], t->big_endian);
		const char *p;

		if (at >= TOKEN_TABLE)
			return false;
		for (p = t->tokens + at; *p; p++) {
			if (type) {
				type = false;
				continue;
			}
			if (len == NAME_MAX_LEN - 1 ||
			    (len < SIEVE && !t->sieve[len][(uint8_t)*p]))
				return false;
			name[len++] = *p;
		}
	}
	name[len] = '\0';
	return true;
}

/* Most names are ruled out by their first tokens alone. */
static void judge_tokens(struct table *t)
{
	char name[NAME_MAX_LEN];

	for (unsigned i = 0; i < TOKENS; i++) {
		uint8_t token = (uint8_t)i;

		t->first[i] = expand(t, &token, 1, true, name);
		t->type_only[i] = t->first[i] && !name[0];
		t->second[i] = expand(t, &token, 1, false, name);
	}
}

/* Whether the tokens may spell a name that we look for. */
static bool may_match(const struct table *t, const uint8_t *tokens, size_t nr)
{
	return t->first[tokens[0]] &&
	       (nr < 2 || !t->type_only[tokens[0]] || t->second[tokens[1]]);
}

/* All that entry I may mean. */
static struct error *resolve(struct table *t, uint32_t i,
			     uint64_t value[NR_OFFSET_KINDS], bool *ok)
{
	uint64_t at = t->offsets + 4 * (uint64_t)i;
	uint8_t raw[4];
	uint32_t offset;

	TRY(read_at(t, at, raw, sizeof(raw), ok));
	offset = get_u32(raw, t->big_endian);
	value[OFFSET_BASE] = space_wrap(&t->kernel->space, t->base + offset);
	value[OFFSET_PERCPU] = (int32_t)offset < 0 ?
			       t->base - 1 - (uint64_t)(int64_t)(int32_t)offset :
			       offset;
	value[OFFSET_SELF] = space_wrap(&t->kernel->space, at +
					(uint64_t)(int64_t)(int32_t)offset);
	return NULL;
}

struct search {
	struct kallsyms_symbol *symbols;
	size_t nr;
	uint64_t stext;		/* as VMCOREINFO has it */
	uint64_t (*values)[NR_OFFSET_KINDS];	/* one for each symbol */
	int kind;		/* enum offset_kind; -1: not known yet */
};

/* Compares the name of entry I with those that are looked for. */
static struct error *match(struct table *t, struct search *s, uint32_t i,
			   const char *name)
{
	uint64_t value[NR_OFFSET_KINDS];
	bool stext = !strcmp(name, "_stext"), ok;

	for (size_t k = 0; k < s->nr; k++) {
		if (strcmp(name, s->symbols[k].name))
			continue;
		TRY(resolve(t, i, value, &ok));
		if (ok)
			memcpy(s->values[k], value, sizeof(value));
	}
	if (!stext)
		return NULL;
	TRY(resolve(t, i, value, &ok));
	for (int k = t->has_base ? OFFSET_BASE : OFFSET_SELF;
	     ok && k < (t->has_base ? OFFSET_SELF : NR_OFFSET_KINDS); k++)
		if (value[k] == s->stext)
			s->kind = k;
	return NULL;
}

/* The tokens of the entry at position *AT of the names, and how many they are;
 * *AT moves behind it. *RET is NULL for one without, or that no kernel has. */
static struct error *entry_tokens(struct table *t, uint64_t *at,
				  const uint8_t **ret, size_t *len, bool *ok)
{
	const uint8_t *p;

	*ret = NULL;
	/* other tables follow: there are two more bytes */
	TRY(names_at(t, *at, 3, &p, ok));
	if (!*ok)
		return NULL;
	*len = p[0];
	++*at;
	if (*len & 0x80)
		*len = 1 + ((*len & 0x7f) | (size_t)p[1] << 7);
	else if (*len)
		*ret = p + 1;
	*at += *len;
	return NULL;
}

static struct error *search(struct table *t, struct search *s)
{
	char name[NAME_MAX_LEN];
	uint64_t at = 0;

	for (uint32_t i = 0; i < t->nr; i++) {
		const uint8_t *p;
		size_t len;
		bool ok;

		TRY(entry_tokens(t, &at, &p, &len, &ok));
		if (!ok)
			return NULL;
		/* one of more tokens is too long by far */
		if (!p || len > NAME_MAX_LEN || !may_match(t, p, len))
			continue;
		TRY(names_at(t, at - len, len, &p, &ok));
		if (!ok)
			return NULL;
		if (expand(t, p, len, true, name))
			TRY(match(t, s, i, name));
	}
	return NULL;
}

/* Finds the kind of the offsets, by the name that VMCOREINFO has, too. */
static struct error *table_open(struct table *t, struct search *s, bool *found)
{
	const struct kernel *kernel = t->kernel;

	*found = false;
	if (!kernel->has_space ||
	    !vmcoreinfo_number(kernel->vmcoreinfo, "SYMBOL", "_stext",
			       &s->stext))
		return NULL;
	TRY(table_init(t, found));
	if (!*found)
		return NULL;
	judge_tokens(t);
	TRY(search(t, s));
	*found = s->kind >= 0;
	return NULL;
}

struct error *kallsyms_find(const struct kernel *kernel, struct view *view,
			    struct kallsyms_symbol *symbols, size_t nr,
			    bool *found)
{
	struct table t = {
		.kernel = kernel,
		.view = view,
		.big_endian = kernel->space.target.big_endian,
	};
	uint64_t values[nr][NR_OFFSET_KINDS];
	struct search s = { .symbols = symbols, .nr = nr, .values = values,
			    .kind = -1 };

	memset(values, 0, sizeof(values));
	sieve_add(&t, "_stext");
	for (size_t i = 0; i < nr; i++)
		sieve_add(&t, symbols[i].name);
	TRY(table_open(&t, &s, found));
	for (size_t i = 0; i < nr; i++)
		symbols[i].vaddr = *found ? values[i][s.kind] : 0;
	return NULL;
}

/* The address of entry I, of the kind that the table has. */
static struct error *entry_vaddr(struct table *t, int kind, uint32_t i,
				 uint64_t *ret, bool *ok)
{
	uint64_t value[NR_OFFSET_KINDS];

	TRY(resolve(t, i, value, ok));
	*ret = value[kind];
	return NULL;
}

#define ALIASES_MAX 64	/* symbols at one address that are looked at */

/* Which entry PLACE is in: the first of those at the highest address that is not
 * above it. Addresses ascend (scripts/kallsyms.c: sort_symbols()). */
static struct error *entry_find(struct table *t, int kind,
				struct kallsyms_place *place, uint32_t *ret,
				bool *found)
{
	uint32_t low = 0, high = t->nr;
	uint64_t vaddr;
	bool ok;

	*found = false;
	if (!t->nr)
		return NULL;
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		TRY(entry_vaddr(t, kind, mid, &vaddr, &ok));
		if (!ok)
			return NULL;
		if (vaddr <= place->vaddr)
			low = mid;
		else
			high = mid;
	}
	TRY(entry_vaddr(t, kind, low, &place->start, &ok));
	if (!ok || place->start > place->vaddr)
		return NULL;
	for (unsigned n = 0; low && n < ALIASES_MAX; n++, low--) {
		TRY(entry_vaddr(t, kind, low - 1, &vaddr, &ok));
		if (!ok || vaddr != place->start)
			break;
	}
	/* of the last one nobody knows where it ends */
	if (high == t->nr)
		return NULL;
	TRY(entry_vaddr(t, kind, high, &vaddr, &ok));
	place->size = vaddr - place->start;
	*ret = low;
	*found = ok && vaddr > place->vaddr;
	return NULL;
}

/* Spells the whole name, without its type. */
static void spell(const struct table *t, const uint8_t *tokens, size_t nr,
		  char *name)
{
	bool type = true;
	size_t len = 0;

	for (size_t i = 0; i < nr; i++) {
		size_t at = get_u16(t->index + 2 * tokens[i], t->big_endian);

		for (; at < TOKEN_TABLE && t->tokens[at]; at++) {
			if (!type && len < KALLSYMS_NAME_LEN - 1)
				name[len++] = t->tokens[at];
			type = false;
		}
	}
	name[len] = '\0';
}

static int by_entry(const void *a, const void *b)
{
	const struct wanted_place *x = a, *y = b;

	return (x->entry > y->entry) - (x->entry < y->entry);
}

/* Spells the names of the NR entries, which ascend. */
static struct error *names_spell(struct table *t, struct wanted_place *wanted,
				 size_t nr)
{
	uint64_t at = 0;
	size_t k = 0;

	for (uint32_t i = 0; i < t->nr && k < nr; i++) {
		const uint8_t *p;
		size_t len;
		bool ok;

		TRY(entry_tokens(t, &at, &p, &len, &ok));
		if (!ok)
			return NULL;
		for (; k < nr && wanted[k].entry == i; k++) {
			if (!p)
				continue;
			TRY(names_at(t, at - len, len, &p, &ok));
			if (ok)
				spell(t, p, len, wanted[k].place->name);
		}
	}
	return NULL;
}

struct error *kallsyms_name(const struct kernel *kernel, struct view *view,
			    struct kallsyms_place *places, size_t nr,
			    bool *found)
{
	AUTO_FREE struct wanted_place *wanted = NULL;
	struct table t = {
		.kernel = kernel,
		.view = view,
		.big_endian = kernel->space.target.big_endian,
	};
	struct search s = { .kind = -1 };
	size_t nr_wanted = 0;

	for (size_t i = 0; i < nr; i++) {
		places[i].name[0] = '\0';
		places[i].start = places[i].size = 0;
	}
	sieve_add(&t, "_stext");
	TRY(table_open(&t, &s, found));
	if (!*found || !nr)
		return NULL;
	wanted = calloc(nr, sizeof(*wanted));
	if (!wanted)
		return error_nomem();
	for (size_t i = 0; i < nr; i++) {
		bool is = false;

		if (places[i].vaddr >= s.stext)
			TRY(entry_find(&t, s.kind, &places[i],
				       &wanted[nr_wanted].entry, &is));
		if (is)
			wanted[nr_wanted++].place = &places[i];
	}
	qsort(wanted, nr_wanted, sizeof(*wanted), by_entry);
	return names_spell(&t, wanted, nr_wanted);
}
