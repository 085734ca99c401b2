/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capdump info tells of a dump or a vmcore, gathered and printed. */
#ifndef CAPDUMP_SUMMARY_H
#define CAPDUMP_SUMMARY_H

#include "arch/registers.h"
#include "capture/device_map.h"
#include "capture/left_out_map.h"
#include "capture/lost.h"
#include "filter/filter.h"
#include "formats/kdump_read.h"
#include "machine/fadump.h"
#include "triage/crash_log.h"

#define SUMMARY_MAX_RANGES 64

struct summary_range {
	uint64_t paddr, end;	/* bytes; end exclusive */
};

struct summary {
	const struct image *image;	/* borrowed */
	const struct kdump_header *header;	/* of a dump; NULL: a vmcore */
	struct view *view;		/* owned */
	struct kernel *kernel;		/* owned; NULL: could not be opened */
	char *release, *machine, *node;	/* raw; owned; NULL: unknown */
	uint64_t crash_time;		/* seconds since 1970; 0: unknown */
	struct register_list cpus;
	struct summary_range ranges[SUMMARY_MAX_RANGES];
	uint64_t nr_ranges;		/* all of them */
	uint64_t memory;		/* bytes */
	struct kdump_counts counts;	/* of a dump */
	bool classes_known;
	uint64_t classes[NR_CLASSES];	/* pages in memory at the crash */
	struct device_map devices;
	struct left_out_map left_out;
	struct fadump fadump;
	struct lost lost;
	struct crash_log crash;
	bool log_known;
};

/* What can't be found is warned about and left out. SUMMARY is zeroed first;
 * summary_deinit() also after an error. GIVEN: as
 * kernel_open_given() has it, TREE, ROOT: as fadump_gather() has
 * them. */
struct error *summary_gather(struct summary *summary,
			     const struct image *image,
			     const struct vmcoreinfo *given, const char *tree,
			     const char *root, struct log *log);
void summary_deinit(struct summary *summary);

/* REGISTERS: all of each CPU, not only where it was. */
void summary_print(const struct summary *summary, bool registers, FILE *file);
void summary_print_json(const struct summary *summary, FILE *file);

/* Of a firmware-assisted dump; LOST: NULL if there is no memory to look at. */
void summary_print_fadump(const struct fadump *fadump, const struct lost *lost,
			  FILE *file);
/* The same as a member of a JSON object: key and value. */
void summary_json_fadump(const struct fadump *fadump, const struct lost *lost,
			 FILE *file);

/* "2025-11-20T23:38:11Z" into BUF (32 bytes); "unknown" for 0 and nonsense. */
const char *summary_time(uint64_t seconds, char *buf);

#endif
