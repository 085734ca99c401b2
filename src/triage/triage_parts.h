/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What triage.c gathers by. For this folder only. */
#ifndef CAPDUMP_TRIAGE_TRIAGE_PARTS_H
#define CAPDUMP_TRIAGE_TRIAGE_PARTS_H

#include "triage.h"

/* PART is missing, and WHY (copied). */
void triage_lacks(struct triage *triage, const char *part, const char *why);

/* The same for an error, but for one that stops all. */
struct error *triage_part(struct triage *triage, const char *part,
			  struct error *err);

/*
 * Looks up what is wanted of the kernel's symbol table: the functions that CPUs
 * were in, those that end before where a frame returns to, and where the modules
 * and the taint are, which it reads.
 */
struct error *triage_find_symbols(struct triage *triage);

/* The log's modules and taint, where memory had none. */
struct error *triage_settle_modules(struct triage *triage);
void triage_settle_taint(struct triage *triage);

#endif
