/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's own VMCOREINFO in its memory: see locate_impl.h. */
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "locate_impl.h"

#define TEXTS_MAX 64u	/* of the release, that are tried out */

/* Whether there is a kernel where V says that it is: its names are there. */
static struct error *text_works(struct locate *l, const struct vmcoreinfo *v,
				bool *ret)
{
	struct target target = l->image->target;
	struct extent extent = { 0 };
	struct space space;
	struct error *err;
	uint64_t names;

	*ret = false;
	if (!vmcoreinfo_utsname(v, &names) || l->nr_texts++ >= TEXTS_MAX)
		return NULL;
	target.page_shift = (unsigned)__builtin_ctzll(locate_page_size(l));
	err = space_init(&space, &target, l->view, v, NULL);
	if (!err) {
		err = space_translate(&space, l->view, names, &extent);
		space_deinit(&space);
	}
	if (err && (error_kind(err) == ERROR_NOMEM ||
		    error_kind(err) == ERROR_STOPPED))
		return err;
	*ret = !err && extent.len && locate_is_named(l, extent.paddr);
	error_destroy(err);
	return NULL;
}

/* Whether V is the text of the kernel that was given, and of where it runs: at
 * PLACE, or, where no place is known, where its own tables have its names. */
static struct error *text_fits(struct locate *l, const struct vmcoreinfo *v,
			       const struct place *place, bool *ret)
{
	const char *release = vmcoreinfo_get(v, "OSRELEASE");
	uint64_t stext, own;

	*ret = false;
	if (!release || strcmp(release, l->release) ||
	    !vmcoreinfo_number(v, "SYMBOL", "_stext", &own))
		return NULL;
	if (!place)
		return text_works(l, v, ret);
	*ret = vmcoreinfo_number(l->given, "SYMBOL", "_stext", &stext) &&
	       own == stext + place->moved;
	return NULL;
}

/* TEXT, found as WHAT, becomes what is found if it fits. */
static struct error *take_text(struct locate *l, const char *text, size_t len,
			       const struct place *place, const char *what)
{
	struct vmcoreinfo *v;
	struct error *err;
	bool ok = false;

	TRY(vmcoreinfo_parse(text, strnlen(text, len), &v));
	err = text_fits(l, v, place, &ok);
	if (err || !ok) {
		vmcoreinfo_destroy(v);
		return err;
	}
	vmcoreinfo_destroy(l->found);
	l->found = v;
	l->is_own = true;
	log_print(l->log, LOG_DEBUG,
		  "the kernel's own VMCOREINFO is in its memory (%s)", what);
	return NULL;
}

/* The pointer NAME, and what of LEN bytes from SKIP on it points to begins with
 * the release: of where the kernel is. */
static struct error *read_text(struct locate *l, const struct space *space,
			       const struct place *place, const char *name,
			       uint64_t skip, uint64_t len)
{
	AUTO_FREE char *text = malloc(len + 1);
	enum page_state state;
	uint64_t at;

	if (!text)
		return error_nomem();
	if (!vmcoreinfo_number(l->given, "SYMBOL", name, &at))
		return NULL;
	TRY(space_read_word(space, l->view, at + place->moved, &at, &state));
	if (state == PAGE_OK)
		TRY(space_read(space, l->view, at + skip, text, len, &state));
	return state == PAGE_OK ? take_text(l, text, len, place, name) : NULL;
}

/* Linux 4.13+ kernel/vmcore_info.c: the text is one page at most, and the note,
 * which a kernel makes of it when it crashes, has its header and name before */
#define TEXT_MAX	4096u
#define NOTE_HEAD	24u

/* The page at PADDR, if it begins as a note or text of VMCOREINFO does. *DONE: it is
 * the kernel's note. */
static struct error *try_page(struct locate *l, const struct place *place,
			      uint64_t paddr, bool *done)
{
	static const char begin[] = "OSRELEASE=", name[] = "VMCOREINFO";
	const struct vmcoreinfo *before = l->found;
	char text[TEXT_MAX];
	size_t skip;
	bool note;

	if (view_read_whole(l->view, paddr, text, NOTE_HEAD + sizeof(begin)) !=
	    PAGE_OK)
		return NULL;
	note = !memcmp(text + 12, name, sizeof(name));
	skip = note ? NOTE_HEAD : 0;
	if (memcmp(text + skip, begin, sizeof(begin) - 1) ||
	    view_read_whole(l->view, paddr, text, sizeof(text)) != PAGE_OK)
		return NULL;
	TRY(take_text(l, text + skip, sizeof(text) - skip, place,
		      note ? "a page with the note" : "a page"));
	*done = note && l->found != before;
	return NULL;
}

/*
 * A page that has the kernel's own text, without its name: that of which the note
 * was made stays where it was when a capture kernel is loaded, too (Linux 7.2
 * kernel/vmcore_info.c: crash_save_vmcoreinfo_init(), crash_update_
 * vmcoreinfo_safecopy()). What a kernel before it left is not where that was. The
 * note, if there is one, is the newer.
 */
struct error *locate_search_text(struct locate *l, const struct place *place)
{
	uint64_t page = locate_page_size(l);
	bool done = false;
	unsigned nr = 0;

	for (size_t i = 0; i < l->image->nr_segments; i++) {
		const struct segment *s = &l->image->segments[i];
		uint64_t at = align_up(s->paddr, page);

		for (; at >= s->paddr && at - s->paddr < s->memsz; at += page) {
			if (nr++ == LOCATE_PLACES_MAX)
				return NULL;
			if (nr % 1024 == 0)
				TRY(stop_check());
			TRY(try_page(l, place, at, &done));
			if (done)
				return NULL;
		}
	}
	return NULL;
}

/*
 * The kernel's own text. That of which the note is made is, with a capture kernel
 * loaded, a copy in memory that is not in the image; without, there is no note.
 */
struct error *locate_own_text(struct locate *l, const struct space *space,
			      const struct place *place)
{
	TRY(read_text(l, space, place, "vmcoreinfo_note", NOTE_HEAD,
		      TEXT_MAX - NOTE_HEAD));
	if (!l->is_own)
		TRY(read_text(l, space, place, "vmcoreinfo_data", 0,
			      TEXT_MAX));
	/* a file of makedumpfile -g has neither name */
	return l->is_own ? NULL : locate_search_text(l, place);
}

