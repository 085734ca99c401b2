/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firmware-assisted dump (fadump, of POWER): after a crash the firmware copies
 * the memory that the next kernel boots in, the *boot memory*, into an *area*
 * that the crashed kernel had set aside, and boots. /proc/vmcore then gives the
 * boot memory out of these copies, and all other memory as it lies; the area
 * itself is in no PT_LOAD. What lay there before was given away by CMA, to users
 * and the page cache alone, and is lost: that is what they accept.
 *
 * What can be known of it comes from the device tree (pseries: fadump_table.h;
 * powernv: that there is such a dump, nothing else, all addresses being behind
 * calls of OPAL), from the crash header (fadump_header.h), and from the files of
 * Linux in /sys/kernel/fadump.
 */
#ifndef CAPDUMP_MACHINE_FADUMP_H
#define CAPDUMP_MACHINE_FADUMP_H

#include "fadump_header.h"
#include "fadump_table.h"

/* Physical memory; those of an image come in ascending order. */
struct fadump_range {
	uint64_t paddr, end;	/* bytes; end exclusive */
};

#define FADUMP_MAX_LOADS 8u

struct fadump {
	bool known;		/* it is such a dump: any of the next four */
	bool live;		/* this machine's own, not released yet */
	bool released;		/* this machine's own, and released, by us or,
				 * since it did not like it, by Linux */
	bool has_header;
	bool has_table;
	bool opal;		/* the device tree of a powernv machine has one */
	char *tree;		/* path of the device tree; NULL: none; owned */
	uint64_t header_paddr;	/* where the crash header lies, if it is known
				 * (0: it is not), whether it can be read or
				 * not: right behind the copies */
	struct fadump_header header;
	size_t table_len;	/* bytes of the property */
	struct fadump_table table;
	struct fadump_range copies;	/* by the table; empty: none */
	uint64_t area, area_end;	/* physical, bytes; equal: not known */
	bool foreign;		/* the table's copies lie where the image has
				 * memory, or not before its crash header */
	size_t loads_len;	/* OPAL: bytes of the property fw-load-area */
	unsigned nr_loads;	/* ranges of boot memory that OPAL loads itself
				 * to, in the boot after the crash */
	struct fadump_range loads[FADUMP_MAX_LOADS];
};

#define FADUMP_MAX_RANGES 64u	/* a header is looked for at no more */

/* The first of them of a vmcore; *NR: how many. */
void fadump_ranges(const struct image *image,
		   struct fadump_range ret[FADUMP_MAX_RANGES], size_t *nr);

/*
 * What there is to know of the view's image, a vmcore (after
 * fadump_header_include()) or a dump, which has memory in NR RANGES: looks for a
 * crash header where one begins. TREE is the path of a device tree that goes with
 * the image (NULL: of none), ROOT the machine's root (root.h), whose own device
 * tree is taken if the image is its /proc/vmcore, in a boot that follows such a
 * crash. A device tree that can't be read is an error if it was named, else a
 * warning. fadump_deinit() in any case.
 */
struct error *fadump_gather(struct view *view,
			    const struct fadump_range *ranges, size_t nr,
			    const char *tree, const char *root,
			    struct log *log, struct fadump *ret);

/* What a device tree alone tells; of the machine's own (ROOT) whether the dump
 * still waits, too. */
struct error *fadump_read_tree(const char *path, const char *root,
			       struct fadump *ret);
void fadump_deinit(struct fadump *fadump);

/* Calls FN with a sentence for each thing that is not as it should be. */
void fadump_check(const struct fadump *fadump, fadump_problem_fn *fn,
		  void *arg);

/* Whether the machine runs in such a boot, and was not said to be done with it:
 * its /proc/vmcore is there, and with it what releases the memory behind it. */
bool fadump_live(const char *root);

/*
 * Gives the memory that the dump was made of back to the machine, which goes on
 * without another boot. /proc/vmcore ends with it: nobody may have it open or
 * mapped, and the dump has to be safe. Errors name the file.
 */
struct error *fadump_release(const char *root);

#endif
