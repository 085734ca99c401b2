/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DWARF, by libdw: see types.h. One pass over the children of each unit; a
 * struct that is declared only, and anything in another language (Rust has
 * structs of the same names), is passed over.
 */
#include "types.h"

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/stop.h"
#include "libdw.h"

#define NEST_MAX 16	/* typedefs of typedefs, unions in structs in unions */
#define NAME_MAX_LEN 64

/* What the table wants of one struct, typedef, enum or variable. */
struct group {
	char name[NAME_MAX_LEN];
	enum { GROUP_TYPE, GROUP_ENUM, GROUP_VARIABLE } kind;
	bool done;
};

struct walk {
	const struct libdw *dw;
	struct wanted_value *values;
	struct group *groups;	/* sorted by kind and name */
	size_t nr_groups;
	uint64_t nr_dies, max_dies;	/* none is shorter than a byte: more are
					 * a ring of siblings */
};

static int by_name(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void group_of(const struct wanted *row, struct group *ret)
{
	const char *name = row->within ? row->within : row->name;
	size_t len = row->within ? strlen(name) : strcspn(name, ".");

	*ret = (struct group){ .kind = row->within ? GROUP_ENUM : GROUP_TYPE };
	if (row->kind == WANTED_LENGTH && !name[len])
		ret->kind = GROUP_VARIABLE;
	memcpy(ret->name, name, len < NAME_MAX_LEN ? len : NAME_MAX_LEN - 1);
}

static struct error *groups_init(struct walk *w)
{
	size_t nr = 0;

	w->groups = calloc(nr_wanted_rows, sizeof(*w->groups));
	if (!w->groups)
		return error_nomem();
	for (size_t i = 0; i < nr_wanted_rows; i++)
		if (wanted_rows[i].kind != WANTED_SYMBOL)
			group_of(&wanted_rows[i], &w->groups[w->nr_groups++]);
	qsort(w->groups, w->nr_groups, sizeof(*w->groups), by_name);
	for (size_t i = 0; i < w->nr_groups; i++)
		if (!nr || by_name(&w->groups[nr - 1], &w->groups[i]))
			w->groups[nr++] = w->groups[i];
	w->nr_groups = nr;
	return NULL;
}

static struct error *count(struct walk *w)
{
	if (w->nr_dies++ % 65536 == 0)
		TRY(stop_check());
	if (w->nr_dies > w->max_dies)
		return error_create(ERROR_INVALID,
				    "the debugging symbols go round in circles");
	return NULL;
}

/* The next of DIE's siblings; *OK false at the end. */
static struct error *next(struct walk *w, Dwarf_Die *die, bool *ok)
{
	int result = w->dw->dwarf_siblingof(die, die);

	if (result < 0)
		return error_create(ERROR_INVALID, "debugging symbols: %s",
				    w->dw->dwarf_errmsg(-1));
	*ok = result == 0;
	return *ok ? count(w) : NULL;
}

static struct error *first(struct walk *w, Dwarf_Die *parent, Dwarf_Die *ret,
			   bool *ok)
{
	int result = w->dw->dwarf_child(parent, ret);

	if (result < 0)
		return error_create(ERROR_INVALID, "debugging symbols: %s",
				    w->dw->dwarf_errmsg(-1));
	*ok = result == 0;
	return *ok ? count(w) : NULL;
}

static bool has(const struct walk *w, Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;

	return w->dw->dwarf_attr_integrate(die, name, &attr);
}

static bool get(const struct walk *w, Dwarf_Die *die, unsigned name,
		uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word word;

	if (!w->dw->dwarf_attr_integrate(die, name, &attr) ||
	    w->dw->dwarf_formudata(&attr, &word))
		return false;
	*ret = word;
	return true;
}

/* The type of DIE, without typedefs and qualifiers. */
static bool type_of(const struct walk *w, Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	*ret = *die;
	for (unsigned i = 0; i < NEST_MAX; i++) {
		if (!w->dw->dwarf_attr_integrate(ret, DW_AT_type, &attr) ||
		    !w->dw->dwarf_formref_die(&attr, ret))
			return false;
		switch (w->dw->dwarf_tag(ret)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_atomic_type:
			continue;
		default:
			return true;
		}
	}
	return false;
}

/* Elements of the first dimension of the array that DIE is. */
static struct error *array_length(struct walk *w, Dwarf_Die *die,
				  struct wanted_value *ret)
{
	Dwarf_Die type, range;
	uint64_t number;
	bool ok;

	if (!type_of(w, die, &type) ||
	    w->dw->dwarf_tag(&type) != DW_TAG_array_type)
		return NULL;
	TRY(first(w, &type, &range, &ok));
	while (ok && w->dw->dwarf_tag(&range) != DW_TAG_subrange_type)
		TRY(next(w, &range, &ok));
	if (!ok)
		return NULL;
	if (get(w, &range, DW_AT_count, &number))
		*ret = (struct wanted_value){ true, number };
	else if (get(w, &range, DW_AT_upper_bound, &number) &&
		 number < INT64_MAX)
		*ret = (struct wanted_value){ true, number + 1 };
	return NULL;
}

struct member {
	Dwarf_Die die;
	uint64_t offset;
	bool found;
};

static struct error *find_member(struct walk *w, Dwarf_Die *struct_die,
				 const char *name, unsigned depth,
				 struct member *ret);

/* Whether DIE, a child of a struct, is the member or has it. */
static struct error *try_member(struct walk *w, Dwarf_Die *die,
				const char *name, unsigned depth,
				struct member *ret)
{
	const char *own;
	uint64_t offset = 0;
	Dwarf_Die type;

	if (w->dw->dwarf_tag(die) != DW_TAG_member)
		return NULL;
	own = w->dw->dwarf_diename(die);
	if (own && strcmp(own, name))
		return NULL;
	/* a union's have none */
	if (has(w, die, DW_AT_data_member_location) &&
	    !get(w, die, DW_AT_data_member_location, &offset))
		return NULL;
	if (own) {
		*ret = (struct member){ *die, offset, true };
	} else if (depth < NEST_MAX && type_of(w, die, &type)) {
		TRY(find_member(w, &type, name, depth + 1, ret));
		ret->offset += offset;
	}
	return NULL;
}

/* The member NAME of STRUCT_DIE, which may lie in unnamed structs and unions. */
static struct error *find_member(struct walk *w, Dwarf_Die *struct_die,
				 const char *name, unsigned depth,
				 struct member *ret)
{
	Dwarf_Die die;
	bool ok;

	*ret = (struct member){ .found = false };
	TRY(first(w, struct_die, &die, &ok));
	while (ok) {
		TRY(try_member(w, &die, name, depth, ret));
		if (ret->found)
			return NULL;
		TRY(next(w, &die, &ok));
	}
	return NULL;
}

/* All rows of a struct, union or typedef called NAME. TYPE is what it is. */
static struct error *fill_type(struct walk *w, const char *name,
			       Dwarf_Die *type)
{
	size_t len = strlen(name);
	Dwarf_Word size;

	for (size_t i = 0; i < nr_wanted_rows; i++) {
		const struct wanted *row = &wanted_rows[i];
		struct member member;

		if (row->within || row->kind == WANTED_SYMBOL ||
		    strncmp(row->name, name, len))
			continue;
		if (!row->name[len] && row->kind == WANTED_SIZE &&
		    !w->dw->dwarf_aggregate_size(type, &size))
			w->values[i] = (struct wanted_value){ true, size };
		if (row->name[len] != '.')
			continue;
		TRY(find_member(w, type, row->name + len + 1, 0, &member));
		if (!member.found)
			continue;
		if (row->kind == WANTED_OFFSET)
			w->values[i] = (struct wanted_value){
				true, member.offset
			};
		else
			TRY(array_length(w, &member.die, &w->values[i]));
	}
	return NULL;
}

static struct error *fill_enum(struct walk *w, const char *name,
			       Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Sword number;
	Dwarf_Word size;
	Dwarf_Die each;
	bool ok;

	TRY(first(w, die, &each, &ok));
	while (ok) {
		const char *own = w->dw->dwarf_diename(&each);
		bool known = own && w->dw->dwarf_attr_integrate(
				&each, DW_AT_const_value, &attr) &&
			     !w->dw->dwarf_formsdata(&attr, &number);

		for (size_t i = 0; known && i < nr_wanted_rows; i++)
			if (wanted_rows[i].kind == WANTED_NUMBER &&
			    !strcmp(wanted_rows[i].within, name) &&
			    !strcmp(wanted_rows[i].name, own))
				w->values[i] = (struct wanted_value){
					true, (uint64_t)number
				};
		TRY(next(w, &each, &ok));
	}
	for (size_t i = 0; i < nr_wanted_rows; i++)
		if (wanted_rows[i].kind == WANTED_SIZE &&
		    wanted_rows[i].within &&
		    !strcmp(wanted_rows[i].within, name) &&
		    !w->dw->dwarf_aggregate_size(die, &size))
			w->values[i] = (struct wanted_value){ true, size };
	return NULL;
}

static struct error *fill_variable(struct walk *w, const char *name,
				   Dwarf_Die *die, bool *found)
{
	*found = false;
	for (size_t i = 0; i < nr_wanted_rows; i++) {
		if (wanted_rows[i].kind != WANTED_LENGTH ||
		    strcmp(wanted_rows[i].name, name))
			continue;
		TRY(array_length(w, die, &w->values[i]));
		*found = w->values[i].found;
	}
	return NULL;
}

/* One child of a unit. */
static struct error *judge(struct walk *w, Dwarf_Die *die)
{
	struct group key = { .kind = GROUP_TYPE }, *group;
	int tag = w->dw->dwarf_tag(die);
	const char *name;
	Dwarf_Die type;

	if (tag == DW_TAG_enumeration_type)
		key.kind = GROUP_ENUM;
	else if (tag == DW_TAG_variable)
		key.kind = GROUP_VARIABLE;
	else if (tag != DW_TAG_structure_type && tag != DW_TAG_union_type &&
		 tag != DW_TAG_typedef)
		return NULL;
	name = w->dw->dwarf_diename(die);
	if (!name || strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	group = bsearch(&key, w->groups, w->nr_groups, sizeof(key), by_name);
	if (!group || group->done)
		return NULL;
	if (key.kind == GROUP_VARIABLE)
		return fill_variable(w, name, die, &group->done);
	type = *die;
	if ((tag == DW_TAG_typedef && !type_of(w, die, &type)) ||
	    has(w, &type, DW_AT_declaration))
		return NULL;
	group->done = true;
	return key.kind == GROUP_ENUM ? fill_enum(w, name, &type) :
	       fill_type(w, name, &type);
}

/* DWARF 5, 7.12; a unit of assembler has no types. */
static bool is_c(int language)
{
	switch (language) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case 0x2c:	/* DW_LANG_C17, not in old headers */
	case 0x3e:	/* DW_LANG_C23 */
		return true;
	default:
		return false;
	}
}

static bool all_done(const struct walk *w)
{
	for (size_t i = 0; i < w->nr_groups; i++)
		if (!w->groups[i].done)
			return false;
	return true;
}

static struct error *walk_units(struct walk *w, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	unsigned nr = 0;
	Dwarf_Die top, die;
	int result;
	bool ok;

	while (!(result = w->dw->dwarf_get_units(dwarf, unit, &unit, NULL,
						 NULL, &top, NULL))) {
		if (!is_c(w->dw->dwarf_srclang(&top)))
			continue;
		nr++;
		TRY(first(w, &top, &die, &ok));
		while (ok) {
			TRY(judge(w, &die));
			TRY(next(w, &die, &ok));
		}
		if (all_done(w))
			return NULL;
	}
	if (result < 0)
		return error_create(ERROR_INVALID, "debugging symbols: %s",
				    w->dw->dwarf_errmsg(-1));
	if (!nr)
		return error_create(ERROR_UNSUPPORTED,
				    "has no debugging symbols of C code (.debug_info)");
	return NULL;
}

static struct error *find_with(const struct libdw *dw, Elf *elf, uint64_t size,
			       struct wanted_value *values)
{
	struct walk w = { .dw = dw, .values = values, .max_dies = size };
	Dwarf *dwarf = dw->dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	struct error *err;

	if (!dwarf)
		return error_create(ERROR_UNSUPPORTED,
				    "has no debugging symbols that libdw reads: %s; the file with them is needed (Debian: linux-image-...-dbg, others: kernel-debuginfo)",
				    dw->dwarf_errmsg(-1));
	err = groups_init(&w);
	if (!err)
		err = walk_units(&w, dwarf);
	free(w.groups);
	dw->dwarf_end(dwarf);
	return err;
}

/* ELF specification (gABI 4.3): ELFCOMPRESS_ZSTD, not in old headers */
#define COMPRESSED_ZSTD	2

static bool has_zstd(Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	GElf_Chdr chdr;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &shdr) &&
		    shdr.sh_flags & SHF_COMPRESSED &&
		    gelf_getchdr(scn, &chdr) && chdr.ch_type == COMPRESSED_ZSTD)
			return true;
	return false;
}

struct error *types_find(Elf *elf, uint64_t size, struct wanted_value *values)
{
	struct libdw libdw;
	struct error *err;

	TRY(libdw_load(&libdw));
	err = find_with(&libdw, elf, size, values);
	libdw_unload(&libdw);
	if (!err || error_kind(err) == ERROR_STOPPED || !has_zstd(elf))
		return err;
	return error_wrap(err, "has sections that are compressed with zstd, which libdw 0.189 and newer unpacks (so does objcopy --decompress-debug-sections)");
}
#else
struct error *types_find(Elf *elf, uint64_t size, struct wanted_value *values)
{
	(void)elf, (void)size, (void)values;
	return error_create(ERROR_UNSUPPORTED,
			    "this capdump was built without libdw, which reads debugging symbols: build it with libdw-dev and LIBDW=1; or use -i with a file that -g made elsewhere");
}
#endif
