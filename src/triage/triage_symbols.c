/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a triage needs the kernel's symbol table for, or the log's text where there
 * is none: see triage_parts.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "triage_parts.h"

enum { SYMBOL_MODULES, SYMBOL_TAINT, NR_SYMBOLS };

/* A frame that returns to the first byte of a function: it was called from the
 * end of the one before, by a call that never returns. */
static bool is_behind_end(const struct triage *triage, size_t i)
{
	const struct crash_frame *frame = &triage->frames[i];

	return i && !frame->place && frame->size && !frame->offset &&
	       !frame->module[0] && strlen(frame->function) < 64;
}

/* Where each such frame returns to: as the log tells, else by name. */
static struct error *find_by_name(struct triage *triage, uint64_t *modules,
				  uint64_t *taint, bool *found)
{
	const struct kernel *kernel = triage->kernel;
	struct kallsyms_symbol symbols[NR_SYMBOLS + FRAMES_MAX] = {
		[SYMBOL_MODULES] = { "modules", 0 },
		[SYMBOL_TAINT] = { "tainted_mask", 0 },
	};
	size_t of[FRAMES_MAX], nr = 0;

	for (size_t i = 0; i < triage->nr_frames; i++) {
		if (!is_behind_end(triage, i) || triage->frames[i].vaddr)
			continue;
		of[nr] = i;
		symbols[NR_SYMBOLS + nr++].name = triage->frames[i].function;
	}
	TRY(kallsyms_find(kernel, triage->view, symbols, NR_SYMBOLS + nr,
			  found));
	for (size_t k = 0; k < nr; k++)
		triage->frames[of[k]].vaddr = symbols[NR_SYMBOLS + k].vaddr;
	*modules = symbols[SYMBOL_MODULES].vaddr;
	*taint = symbols[SYMBOL_TAINT].vaddr;
	/* -x and -i may know them, too */
	if (!*modules)
		vmcoreinfo_number(kernel->vmcoreinfo, "SYMBOL", "modules",
				  modules);
	if (!*taint)
		vmcoreinfo_number(kernel->vmcoreinfo, "SYMBOL",
				  "tainted_mask", taint);
	return NULL;
}

/* FRAME returns to AT's first byte, if it is the function that the log says;
 * BEFORE ends there. */
static void frame_settle(struct crash_frame *frame,
			 const struct kallsyms_place *at,
			 const struct kallsyms_place *before)
{
	if (at->start != at->vaddr || at->size != frame->size ||
	    !before->name[0] || before->start + before->size != at->start)
		return;
	strcpy(frame->function, before->name);
	frame->offset = frame->size = before->size;
}

_Static_assert(FRAME_NAME_LEN >= KALLSYMS_NAME_LEN, "a frame has no room");

/* Names where each CPU was, and what frames returned to. */
static struct error *find_by_vaddr(struct triage *triage)
{
	const struct register_list *cpus = &triage->cpus;
	size_t nr = cpus->nr, of[FRAMES_MAX], nr_frames = 0;
	struct kallsyms_place *places;

	places = calloc(nr + 2 * FRAMES_MAX, sizeof(*places));
	if (!places)
		return error_nomem();
	triage->places = places;
	for (unsigned i = 0; i < cpus->nr; i++)
		if (cpus->cpus[i].of)
			places[i].vaddr = cpus->cpus[i].value[
						cpus->cpus[i].of->pc];
	for (size_t i = 0; i < triage->nr_frames; i++) {
		if (!is_behind_end(triage, i) || !triage->frames[i].vaddr)
			continue;
		places[nr++].vaddr = triage->frames[i].vaddr;
		places[nr++].vaddr = triage->frames[i].vaddr - 1;
		of[nr_frames++] = i;
	}
	TRY(kallsyms_name(triage->kernel, triage->view, places, nr,
			  &triage->symbols_known));
	for (size_t k = 0; k < nr_frames; k++)
		frame_settle(&triage->frames[of[k]],
			     &places[cpus->nr + 2 * k],
			     &places[cpus->nr + 2 * k + 1]);
	return NULL;
}

static struct error *read_modules(struct triage *triage, uint64_t vaddr)
{
	if (!vaddr)
		return NULL;
	TRY(modules_walk(triage->kernel, triage->view, vaddr,
			 &triage->modules));
	triage->modules_source = SOURCE_MEMORY;
	return NULL;
}

static struct error *read_taint(struct triage *triage, uint64_t vaddr)
{
	enum page_state state;

	if (!vaddr)
		return NULL;
	TRY(space_read_word(&triage->kernel->space, triage->view, vaddr,
			    &triage->taint, &state));
	if (state == PAGE_OK)
		triage->taint_source = SOURCE_MEMORY;
	return NULL;
}

struct error *triage_find_symbols(struct triage *triage)
{
	const struct kernel *kernel = triage->kernel;
	uint64_t modules, taint;
	bool found;

	if (!kernel || !kernel->has_space || !kernel->vmcoreinfo)
		return error_create(ERROR_INVALID,
				    "the kernel could not be found");
	TRY(find_by_name(triage, &modules, &taint, &found));
	TRY(find_by_vaddr(triage));
	if (!triage->symbols_known)
		triage_lacks(triage, "symbols",
			     vmcoreinfo_get(kernel->vmcoreinfo,
					    "SYMBOL(kallsyms_names)") ?
			     "the kernel's symbol table can't be read or is nonsense" :
			     "VMCOREINFO does not lead to the kernel's symbol table");
	TRY(triage_part(triage, "modules", read_modules(triage, modules)));
	return triage_part(triage, "taint", read_taint(triage, taint));
}

/* What memory gave of a list that breaks off is told; without any the log's. */
struct error *triage_settle_modules(struct triage *triage)
{
	const struct triage_modules_line *line = &triage->modules_line;
	struct module_list logged = { 0 };
	struct error *err = NULL;

	if (line->known)
		err = modules_parse(line->text, line->len, &logged);
	if (triage->modules.nr || triage->modules_source == SOURCE_MEMORY) {
		triage->modules_source = SOURCE_MEMORY;
		modules_add_flags(&triage->modules, &logged);
		modules_deinit(&logged);
		return err;
	}
	triage->modules = logged;
	if (line->known)
		triage->modules_source = SOURCE_LOG;
	else
		triage_lacks(triage, "modules",
			     "no symbol leads to their list, and the log does not tell them");
	return err;
}

void triage_settle_taint(struct triage *triage)
{
	if (triage->taint_source == SOURCE_MEMORY)
		return;
	if (triage->task_known && taint_parse(triage->task.taint,
					      triage->task.taint_len,
					      &triage->taint))
		triage->taint_source = SOURCE_LOG;
	else
		triage_lacks(triage, "taint",
			     "no symbol leads to it, and the log does not tell it");
}

const char *triage_symbol(const struct kallsyms_place *place, char *buf)
{
	if (!place->name[0])
		return NULL;
	snprintf(buf, KALLSYMS_NAME_LEN + 40, "%s+0x%" PRIx64 "/0x%" PRIx64,
		 place->name, place->vaddr - place->start, place->size);
	return buf;
}
