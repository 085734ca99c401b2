/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Triage: what to know first of a crash, small enough to be sent before the dump,
 * and made without looking at its struct pages. Each part is best effort: what
 * could not be read is told with the reason, and costs nothing else.
 */
#ifndef CAPDUMP_TRIAGE_TRIAGE_H
#define CAPDUMP_TRIAGE_TRIAGE_H

#include "../arch/registers.h"
#include "../kernel/hardware.h"
#include "../kernel/kallsyms.h"
#include "log_text.h"
#include "modules.h"
#include "signature.h"

#define TRIAGE_VERSION 1	/* of the JSON */
#define TRIAGE_MISSING_MAX 16
#define TRIAGE_ALL_REGISTERS 256u /* CPUs of which JSON has all registers */
#define TRIAGE_MODULES_LINE 8192u /* bytes of "Modules linked in:" */

enum triage_source { SOURCE_NONE, SOURCE_MEMORY, SOURCE_LOG };

struct triage_missing {
	const char *part;
	char *why;		/* owned; NULL: there was no memory for it */
};

/* "Modules linked in:" may go on in the records that follow. */
struct triage_modules_line {
	char text[TRIAGE_MODULES_LINE];
	size_t len;
	bool known, open;
};

struct triage {
	const struct image *image;	/* borrowed */
	struct view *view;		/* owned */
	struct kernel *kernel;		/* owned; NULL: could not be opened */
	/* struct new_utsname's, and uname -m's; raw; owned; NULL: unknown */
	char *release, *version, *node, *machine;
	uint64_t crash_time;		/* seconds since 1970; 0: unknown */

	bool log_known;
	uint64_t uptime;		/* nanoseconds, of the last record */
	struct log_text log;
	struct triage_modules_line modules_line;
	struct crash_log crash;
	const struct crash_line *line;	/* what went wrong; NULL: unknown */
	const struct crash_trace *trace;	/* of that; NULL: none */
	struct crash_frame frames[FRAMES_MAX];	/* of that trace */
	size_t nr_frames;
	bool task_known;
	struct crash_task task;		/* that crashed */
	struct signature signature;	/* if line is not NULL */

	struct register_list cpus;
	struct kallsyms_place *places;	/* of each of cpus; owned */
	bool symbols_known;

	enum triage_source modules_source, taint_source;
	struct module_list modules;
	uint64_t taint;

	struct hardware_errors hardware;	/* that the kernel survived */

	uint64_t memory, nr_ranges;	/* bytes */
	bool free_known;
	uint64_t free_pages;
	struct kernel_reservation reservations[2];	/* for the crash kernel */
	size_t nr_reservations;

	struct triage_missing missing[TRIAGE_MISSING_MAX];
	unsigned nr_missing;
};

/*
 * Gathers it all, in a few MiB and without a second pass over memory. GIVEN as
 * kernel_open_given() has it. Errors only if a signal came or there is no memory
 * to begin with; triage_deinit() also after one. TRIAGE is zeroed first.
 */
struct error *triage_gather(struct triage *triage, const struct image *image,
			    const struct vmcoreinfo *given, struct log *log);
void triage_deinit(struct triage *triage);

/* NAME.triage.json: one object, its keys always the same and in the same order
 * (capdump(8) describes them). */
void triage_print_json(const struct triage *triage, FILE *file);

/* The same for people, shorter. */
void triage_print(const struct triage *triage, FILE *file);

/* NAME.dmesg: the kernel's log (log_text.h). */
void triage_print_log(struct triage *triage, FILE *file);

/* "name+0x1/0x2" into BUF (KALLSYMS_NAME_LEN + 40); NULL if there is none. */
const char *triage_symbol(const struct kallsyms_place *place, char *buf);

#endif
