/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding a kernel in memory: see locate.h. */
#include "locate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "locate_impl.h"
#include "locate_place.h"

#define NOTES_LEN	1024u	/* of the kernel's own notes that are read */
#define ID_MAX		64u	/* bytes of a build ID */

/* Those that are of use to locate_place.c only; what is named is kept in a dump,
 * and first. */
static bool is_pointer_of_ours(const char *key)
{
	static const char *const names[] = {
		"__start_notes", "vmcoreinfo_note", "vmcoreinfo_data",
		"phys_base", "page_offset_base", "__pgtable_l5_enabled",
		"sme_me_mask", "kimage_voffset", "memstart_addr",
		"vabits_actual", "kernel_map", "phys_ram_base",
		"linux_banner",
	};
	size_t len;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		len = strlen(names[i]);
		if (!strncmp(key + 7, names[i], len) && key[7 + len] == ')')
			return true;
	}
	return false;
}

/* What is given, moved to where the kernel runs, and what follows from that. */
static struct error *relocate(const struct vmcoreinfo *given,
			      const struct place *place,
			      struct vmcoreinfo **ret)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return error_nomem();
	for (size_t i = 0; i < given->nr; i++) {
		const char *key = given->keys[i], *value = given->values[i];

		if (!place || strncmp(key, "SYMBOL(", 7))
			fprintf(file, "%s=%s\n", key, value);
		else if (!is_pointer_of_ours(key))
			fprintf(file, "%s=%" PRIx64 "\n", key,
				(uint64_t)strtoull(value, NULL, 16) +
				place->moved);
	}
	if (place)
		fprintf(file, "%sKERNELOFFSET=%" PRIx64 "\n", place->lines,
			place->moved);
	if (fclose(file))
		return error_nomem();
	return vmcoreinfo_parse(text, len, ret);
}

/* WHAT says whose the other build ID is. */
static struct error *check_build(const struct locate *l, const char *release,
				 const char *build, const char *what)
{
	const char *own = vmcoreinfo_get(l->given, "BUILD-ID");

	if (release && strcmp(release, l->release))
		return error_create(ERROR_INVALID,
				    "%s: %s is of kernel %s; what was given by -x or -i is of %s",
				    l->image->path, what, release, l->release);
	if (own && build && strcmp(build, own))
		return error_create(ERROR_INVALID,
				    "%s: %s is of another build of kernel %s: its BUILD-ID is %s; that of what was given by -x or -i is %s",
				    l->image->path, what, l->release, build,
				    own);
	return NULL;
}

/* The build ID among the kernel's own notes, if it can be read. */
static struct error *check_notes(const struct locate *l,
				 const struct space *space, uint64_t moved)
{
	static const uint8_t name[] = "GNU";
	uint8_t notes[NOTES_LEN];
	char text[2 * ID_MAX + 1];
	bool big = space->target.big_endian;
	enum page_state state;
	uint64_t vaddr;

	if (!vmcoreinfo_number(l->given, "SYMBOL", "__start_notes", &vaddr))
		return NULL;
	TRY(space_read(space, l->view, vaddr + moved, notes, sizeof(notes),
		       &state));
	for (size_t at = 0; state == PAGE_OK && at + 12 <= NOTES_LEN;) {
		uint32_t name_len = get_u32(notes + at, big);
		uint32_t len = get_u32(notes + at + 4, big);
		size_t desc;

		if (name_len > NOTES_LEN || len > NOTES_LEN)
			break;
		desc = at + 12 + align_up(name_len, 4);
		if (desc + len > NOTES_LEN)
			break;
		if (get_u32(notes + at + 8, big) == 3 && len <= ID_MAX &&
		    name_len == 4 && !memcmp(notes + at + 12, name, 4)) {
			for (uint32_t i = 0; i < len; i++)
				sprintf(text + 2 * i, "%02x", notes[desc + i]);
			return check_build(l, NULL, text, "its memory");
		}
		at = desc + align_up(len, 4);
	}
	return NULL;
}

/* Whether the kernel's names are at PADDR. */
bool locate_is_named(const struct locate *l, uint64_t paddr)
{
	char names[3 * LOCATE_UTS_LEN];

	return view_read_whole(l->view, paddr, names, sizeof(names)) ==
		       PAGE_OK &&
	       !memcmp(names, "Linux", 6) &&
	       !strncmp(names + 2 * LOCATE_UTS_LEN, l->release, LOCATE_UTS_LEN);
}

uint64_t locate_page_size(const struct locate *l)
{
	const char *page = vmcoreinfo_get(l->given, "PAGESIZE");
	uint64_t size = page ? strtoull(page, NULL, 10) : 4096;

	for (unsigned shift = 12; shift <= 16; shift++)
		if (size == 1ull << shift)
			return size;
	return 4096;
}

/* Whether the space is that of the kernel: by it, its names are where they
 * are. */
static struct error *fits(struct locate *l, const struct space *space,
			  const struct place *place, bool *ret)
{
	struct extent extent;

	TRY(space_translate(space, l->view, place->names + place->moved,
			    &extent));
	*ret = extent.len && extent.paddr == place->paddr;
	return NULL;
}

/* One place, as one variant of its machine has it. *OK: it is the kernel. */
static struct error *try_place(struct locate *l, const struct place *place,
			       bool *ok)
{
	struct target target = l->image->target;
	struct space space;
	struct error *err;

	vmcoreinfo_destroy(l->found);
	l->found = NULL;
	TRY(relocate(l->given, place, &l->found));
	target.page_shift = (unsigned)__builtin_ctzll(locate_page_size(l));
	err = space_init(&space, &target, l->view, l->found, NULL);
	if (err && (error_kind(err) == ERROR_NOMEM ||
		    error_kind(err) == ERROR_STOPPED))
		return err;
	if (err) {
		log_print(l->log, LOG_DEBUG, "a kernel at %#" PRIx64 "? %s",
			  place->paddr, error_message(err));
		error_destroy(err);
		return NULL;
	}
	err = fits(l, &space, place, ok);
	if (*ok && !space.has_linear && place->doubtful)
		*ok = false;
	if (!err && *ok)
		err = check_notes(l, &space, place->moved);
	if (!err && *ok)
		err = locate_own_text(l, &space, place);
	space_deinit(&space);
	return err;
}

static struct error *try_paddr(struct locate *l, const struct place_rule *rule,
			       uint64_t names, uint64_t paddr, bool *ok)
{
	*ok = false;
	if (!locate_is_named(l, paddr))
		return NULL;
	for (unsigned i = 0; i < rule->nr_variants && !*ok; i++) {
		struct place place = {
			.view = l->view,
			.given = l->given,
			.big_endian = l->image->target.big_endian,
			.names = names,
			.paddr = paddr,
		};

		if (rule->settle(&place, i))
			TRY(try_place(l, &place, ok));
		if (*ok)
			log_print(l->log, LOG_DEBUG,
				  "the kernel's names are at %#" PRIx64 ", it runs %#" PRIx64 " above where it was linked",
				  paddr, place.moved);
	}
	return NULL;
}

static struct error *search(struct locate *l, const struct place_rule *rule,
			    uint64_t names, bool *ok)
{
	uint64_t into = names % rule->step;
	unsigned nr = 0;

	*ok = false;
	for (size_t i = 0; i < l->image->nr_segments && !*ok; i++) {
		const struct segment *s = &l->image->segments[i];
		uint64_t at = align_down(s->paddr, rule->step) + into;

		if (at < s->paddr)
			at += rule->step;
		for (; at >= s->paddr && at - s->paddr < s->memsz && !*ok;
		     at += rule->step) {
			if (nr++ == LOCATE_PLACES_MAX)
				return NULL;
			if (nr % 1024 == 0)
				TRY(stop_check());
			TRY(try_paddr(l, rule, names, at, ok));
		}
	}
	return NULL;
}

/* What the kernel says itself counts; else what was given has to do. */
static void warn_types(const struct locate *l)
{
	if (!l->is_own &&
	    !vmcoreinfo_get(l->found, "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"))
		log_warn(l->log, "what was given by -x or -i does not say how free pages and slabs are marked, as files of makedumpfile -g don't for kernels since 6.10: capdump -g FILE -x VMLINUX writes one that does");
}

static struct error *locate(struct locate *l)
{
	const struct target *target = &l->image->target;
	const struct place_rule *rule = place_rule_find(target->elf_machine);
	bool named, ok = false;
	uint64_t names;

	if (vmcoreinfo_get(l->given, "KERNELOFFSET"))
		return relocate(l->given, NULL, &l->found);
	named = vmcoreinfo_utsname(l->given, &names);
	if (rule && named)
		TRY(search(l, rule, names, &ok));
	if (!ok) {
		TRY(locate_search_text(l, NULL));
		if (l->is_own)
			return check_build(l, NULL,
					   vmcoreinfo_get(l->found, "BUILD-ID"),
					   "its own VMCOREINFO");
	}
	if (ok) {
		warn_types(l);
		return NULL;
	}
	if (rule && !named)
		return error_create(ERROR_INVALID,
				    "what was given by -x or -i lacks SYMBOL(init_uts_ns)");
	if (rule)
		return error_create(ERROR_INVALID,
				    "%s: no kernel of release %s, as given by -x or -i, was found in its memory",
				    l->image->path, l->release);
	return error_create(ERROR_UNSUPPORTED,
			    "%s has no VMCOREINFO, its memory has none of kernel %s, and how to find a kernel of this machine (ELF machine %u) without it is not known",
			    l->image->path, l->release, target->elf_machine);
}

struct error *locate_kernel(const struct image *image, struct view *view,
			    const struct vmcoreinfo *given, struct log *log,
			    struct vmcoreinfo **ret)
{
	struct locate l = {
		.image = image,
		.view = view,
		.given = given,
		.release = vmcoreinfo_get(given, "OSRELEASE"),
		.log = log,
	};
	struct error *err;

	if (!l.release || !*l.release)
		return error_create(ERROR_INVALID,
				    "what was given by -x or -i lacks OSRELEASE");
	TRY(vmcoreinfo_read(image, log, &l.found));
	if (l.found)
		err = check_build(&l, vmcoreinfo_get(l.found, "OSRELEASE"),
				  vmcoreinfo_get(l.found, "BUILD-ID"),
				  "its own VMCOREINFO");
	else
		err = locate(&l);
	if (err)
		vmcoreinfo_destroy(l.found);
	else
		*ret = l.found;
	return err;
}
