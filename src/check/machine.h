/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the checks know of the machine, read once, and how they look up more: all
 * below one folder (machine/root.h), so that another machine's copy can be
 * checked, or a test's.
 */
#ifndef CAPDUMP_CHECK_MACHINE_H
#define CAPDUMP_CHECK_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/log.h"
#include "../machine/reservations.h"
#include "../machine/reserve.h"
#include "../sink/remote.h"
#include "crash_initrd.h"
#include "resources.h"

/* Whose scripts load the crash kernel. */
enum check_scripts {
	SCRIPTS_NONE,
	SCRIPTS_DEBIAN,		/* kdump-tools: kdump-config */
	SCRIPTS_FEDORA,		/* kdump-utils: kdumpctl */
	SCRIPTS_SUSE,		/* kdump: mkdumprd */
};

struct check_machine {
	const char *root;	/* NULL: this machine; borrowed */
	const char *const *targets;	/* of the command line, URLs too;
					 * borrowed */
	unsigned nr_targets;	/* 0: look it up */
	unsigned nr_files;	/* of the dump, from 1 on */
	const struct remote_options *way;	/* to a URL; NULL: there is none;
						 * borrowed */
	bool estimate;		/* of the running kernel: takes seconds */
	struct log *log;	/* borrowed */

	char release[80];	/* of its kernel */
	char arch[80];		/* as uname has it; empty: not known */
	char *cmdline;		/* owned */
	struct resources resources;	/* of /proc/iomem */
	struct reservations reserved;
	char *reserved_why;	/* they can't be told: why; owned */
	int64_t crash_size;	/* the kernel's own word; -1: none */
	int loaded;		/* a crash kernel is; -1: the kernel has no such
				 * thing */
	bool fadump_there, fadump_on, fadump_registered;
	enum check_scripts scripts;
	struct crash_initrd initrd;
};

/* check_machine_deinit() in any case. ROOT and LOG must outlive RET. No target, one
 * file. */
struct error *check_machine_read(const char *root, struct log *log,
				 struct check_machine *ret);
void check_machine_deinit(struct check_machine *machine);

/* Bytes of RAM; 0: not known. */
uint64_t check_machine_ram(const struct check_machine *machine);

/* What is reserved without CMA, bytes: in all, and of it below 4 GiB. */
uint64_t check_reserved(const struct check_machine *machine, bool low);

/* "256.0 MiB at a0000000-afffffff, ..." */
void check_reserved_text(const struct check_machine *machine, char *buf,
			 size_t size);

/* Whether memory is encrypted, how many bytes of bounce buffers the crash kernel
 * sets up then, and on how many CPUs it runs: as its command line will say, as far
 * as the scripts' settings tell. */
struct error *check_crash_words(const struct check_machine *machine,
				enum reserve_encryption *encryption,
				uint64_t *swiotlb, unsigned *nr_cpus);

/* A small file that holds a number: false if it is not there or none. */
bool check_number(const struct check_machine *machine, const char *path,
		  int64_t *ret);

/* A small file's text without the newline at its end, into BUF; false if it
 * can't be read. */
bool check_word(const struct check_machine *machine, const char *path,
		char *buf, size_t size);

bool check_has(const struct check_machine *machine, const char *path);

/* Whether the kernel's command line has this word. */
bool check_cmdline_has(const struct check_machine *machine, const char *word);

/*
 * The names in a folder that begin with PREFIX, sorted; *RET is an array of *NR
 * strings that check_names_free() frees. A folder that is not there is empty.
 */
struct error *check_names(const struct check_machine *machine,
			  const char *folder, const char *prefix, char ***ret,
			  size_t *nr);
void check_names_free(char **names, size_t nr);

/*
 * The last value of KEY in a file of shell assignments (KEY="value"), a new
 * string owned by the caller, without quotes; NULL if it is not there, or
 * commented out. Nothing is expanded.
 */
struct error *check_setting(const struct check_machine *machine,
			    const char *path, const char *key, char **ret);

/* The same of kdump.conf(5), where a blank ends the key. */
struct error *check_directive(const struct check_machine *machine,
			      const char *path, const char *key, char **ret);

#endif
