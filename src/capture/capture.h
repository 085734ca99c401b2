/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture: one image into one dump. capture.c is the pipeline on one page:
 * READ IT FIRST.
 */
#ifndef CAPDUMP_CAPTURE_CAPTURE_H
#define CAPDUMP_CAPTURE_CAPTURE_H

#include "../codec/codec.h"
#include "../filter/filter.h"
#include "../formats/writer.h"
#include "../sink/remote.h"
#include "clock.h"
#include "device_map.h"
#include "left_out_map.h"
#include "lost.h"

struct output;

#define CAPTURE_MAX_LEVELS 8
#define CAPTURE_MAX_THREADS 64
#define CAPTURE_MAX_FILES 64	/* of a split dump */
#define CAPTURE_MAX_ALSO 7	/* targets besides the first */
#define CAPTURE_MAX_TARGETS (CAPTURE_MAX_ALSO + 2)

struct capture_options {
	const char *input;	/* path */
	bool repair;		/* the input is a dump that was cut short */
	bool reassemble;	/* the input is one part of a dump, of which */
	const char *const *parts;	/* these are the other ones: paths, */
	size_t nr_parts;		/* borrowed */
	bool keep_all;		/* all pages that a dump holds, of any kind */
	const char *output;	/* path, or URL; NULL: stdout, flattened */
	/* --also: what else the dump goes to in the same pass, --fallback: in
	 * place of output, where that fails; paths or URLs, NULL: none;
	 * borrowed */
	const char *also[CAPTURE_MAX_ALSO];
	unsigned nr_also;
	const char *fallback;
	bool remote;		/* any of them is a URL */
	struct remote_options way;	/* there */
	struct clock_wanted clock;	/* --time */
	/* called once the target at URL is there, before memory is scanned for
	 * it; NULL */
	void (*before)(void *arg, const char *url, const struct image *image,
		       struct log *log);
	void *before_arg;
	bool flatten;		/* what goes to the path, too */
	const char *const *files;	/* --split: paths of the files after the */
	size_t nr_files;		/* first, which is output; borrowed */
	uint64_t split_block;	/* bytes of memory in whose multiples these
				 * end; 0: of no matter */
	const struct writer_ops *format;
	unsigned levels[CAPTURE_MAX_LEVELS];	/* tried in this order */
	unsigned nr_levels;
	const struct codec_ops *codec;	/* NULL: pages are stored raw */
	bool keep_codec;	/* the input's, if that is a dump and its
				 * codec is built in */
	int codec_level;	/* or CODEC_LEVEL_DEFAULT, CODEC_LEVEL_FAST */
	bool paranoid;		/* unpack what was packed, and compare */
	bool dedup;		/* equal pages share a block, if the format has
				 * that */
	bool address_order;	/* --order address */
	bool force;		/* replace an existing output */
	bool dry_run;		/* all but the writing */
	bool no_map;		/* --non-mmap */
	bool salvage;		/* take a cut-off input */
	bool foretell;		/* of a running kernel: what would be in the
				 * vmcore if it crashed now */
	bool drop_device_dumps;
	const struct vmcoreinfo *given;	/* -x, -i; borrowed; NULL: none */
	const char *device_tree;	/* that goes with the input; NULL: none,
				 * or the machine's own */
	const char *machine_root;	/* of the machine that the crash
					 * happened on; NULL: none was named */
	int nr_threads;		/* -1: as many as CPUs and memory allow */
	uint64_t memory;	/* --memory, bytes; 0: half of what is free */
	uint64_t max_size;	/* -L, bytes; UINT64_MAX: none */
	int progress_fd;	/* -1: none */
};

/* The path of file I of the dump, the first one's is output. */
static inline const char *capture_file(const struct capture_options *options,
				       size_t i)
{
	return i ? options->files[i - 1] : options->output;
}

enum capture_status {
	CAPTURE_COMPLETE,
	CAPTURE_CUT_SHORT,	/* valid, but not all pages are in it; of several
				 * targets one at least has not all */
	CAPTURE_FAILED,		/* of one of several targets: no dump there */
};

/* What became of a target. */
struct capture_target {
	const char *path;	/* or URL; NULL: stdout; borrowed */
	char *name;		/* the same for people, without secrets; owned */
	bool used;		/* the fallback may not be */
	bool replaced;		/* by the fallback: does not count */
	enum capture_status status;
	char *why;		/* not complete; NULL if it is; owned */
	unsigned level;
	struct writer_totals totals;
	struct progress_sent sent;	/* to a server */
};

#define CAPTURE_MAX_LISTED 1000	/* unreadable pages listed by number */

/* What happened: for the summary, --report and the exit status. */
struct capture_report {
	enum capture_status status;
	char *cut_short;	/* why; NULL if complete; owned */
	unsigned level;		/* the one that was taken */
	const struct codec_ops *codec;	/* and the codec */
	bool first_rank_only;	/* no level fitted: only rank 0 was written */
	char release[66];	/* crashed kernel's, escaped; "" unknown */
	uint64_t crash_time;	/* seconds since 1970; 0: unknown */
	unsigned page_size;	/* bytes */
	uint64_t nr_present;	/* frames of the image */
	uint64_t nr_kept;	/* of them, for the dump */
	uint64_t present[NR_CLASSES], kept[NR_CLASSES];	/* pages */
	struct device_map devices;
	struct left_out_map left_out;
	uint64_t nr_forced;	/* kept though the level drops their class:
				 * kernel image, what VMCOREINFO names */
	uint64_t ranks[5];	/* kept pages by rank; value order only */
	bool free_known;	/* the kernel's own count could be read */
	uint64_t free_kernel, free_found;	/* pages */
	bool fadump;		/* a firmware-assisted dump, as far as known */
	uint64_t fadump_area, fadump_area_end;	/* physical; equal: not known */
	struct lost lost;
	bool not_understood;	/* found less than half of them */
	uint64_t unreadable[CAPTURE_MAX_LISTED];	/* frame numbers */
	uint64_t metadata_bytes;	/* head, bitmaps, page table */
	/* output, --fallback, --also */
	struct capture_target targets[CAPTURE_MAX_TARGETS];
	unsigned nr_targets;
	unsigned best;		/* of them: whose totals these are */
	struct writer_totals totals;
	unsigned nr_threads;	/* workers that really ran */
	bool mapped;		/* memory was mapped, at least in part */
	uint64_t input_bytes;	/* present pages, bytes */
	double scan_seconds, metadata_seconds, seconds;	/* since the start */
	uint64_t peak_anon, peak_resident;	/* bytes */
	uint64_t budget;	/* bytes that memory.c allowed */
};

/*
 * Runs the pipeline. An error means that there is no usable dump. REPORT is
 * zeroed first and filled as far as it got, also on error; free it with
 * capture_report_deinit().
 */
struct error *capture_run(const struct capture_options *options,
			  struct log *log, struct capture_report *report);
void capture_report_deinit(struct capture_report *report);

/* Whether more than one target was written to, or tried. */
bool capture_has_several(const struct capture_report *report);

/* Keeps what SENT, of a sink, tells. */
void report_sent(struct capture_target *target,
		 const struct progress_sent *sent);

/* Warns if pages could not be read, and says where the first of them are. */
void report_unreadable(const struct capture_report *report, struct log *log);

/* The summary for people: LOG_REPORT's table of classes, LOG_MESSAGE's rest. */
void report_print(const struct capture_report *report,
		  const struct capture_options *options, struct log *log);

/* --report FILE: JSON, with everything that was left out and why. ERR: how the
 * run ended, NULL if well. OUTPUT: where to, checked before the capture. */
struct error *report_write(const struct capture_report *report,
			   const struct capture_options *options,
			   const struct log *log, const struct error *err,
			   const struct output *output);

/* The same into FILE. */
void report_print_json(FILE *file, const struct capture_report *report,
		       const struct capture_options *options,
		       const struct log *log, const struct error *err);

#endif
