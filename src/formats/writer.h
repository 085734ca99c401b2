/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A writer: a dump format. It takes batches in order and settles shared
 * blocks, offsets, checkpoints and limits. One thread.
 *
 * Order of calls: create, a survey() of all pages if surveys() says so, begin,
 * then for each plan window bitmap() in ascending order, another survey if
 * surveys() says so, metadata(), then pages() and, where !sink->ops->rewrites,
 * window_end() after each window's pages; finish(), destroy(). After ERROR_AGAIN
 * it goes on with begin(), or with back().
 */
#ifndef CAPDUMP_FORMATS_WRITER_H
#define CAPDUMP_FORMATS_WRITER_H

#include "../base/pageset.h"
#include "../codec/codec.h"
#include "../image/image.h"
#include "../image/vmcoreinfo.h"
#include "../sink/sink.h"
#include "batch.h"

/* What one file of a split dump has of it: contents and descriptors of the pages
 * of some frames. The files' ranges follow each other. */
struct dump_part {
	uint64_t first, end;	/* frames [first, end) */
	uint64_t index;		/* kept pages before them */
	uint64_t nr_kept;	/* of them */
};

/* What goes into a dump's head. All of it is the crashed machine's: nothing
 * of the machine that writes the dump enters the file. Borrowed. */
struct dump_facts {
	const struct image *image;		/* notes, target */
	const struct vmcoreinfo *vmcoreinfo;	/* NULL: none */
	unsigned page_shift;	/* of the kernel: its page is the block */
	uint64_t end_pfn;	/* one past the last frame */
	uint64_t first_pfn;	/* none kept is below; the dump counts frames
				 * from it (arm: of phys_base; else 0). A
				 * multiple of 64 */
	uint64_t nr_kept;	/* bits in bitmap 2 */
	unsigned level;
	const struct codec_ops *codec;	/* NULL: none */
	int codec_level;	/* as codec_create() takes it */
	bool dedup;		/* equal pages share a block: batches have
				 * hashes, and BATCH_SAME */
	uint64_t crash_time;	/* seconds since 1970; 0: unknown */
	uint64_t crash_usec;	/* and microseconds */
	bool vmemmap_excluded;	/* struct pages are missing in the input */
	uint64_t linear_start;	/* vaddr of physical 0 in the linear map; 0:
				 * unknown */
	struct image_map kernel_map;	/* where the kernel's image is mapped
					 * besides; len 0: unknown */
	uint64_t phys_base;	/* vmcoreinfo_phys_base(), or arm's */
	unsigned nr_cpus;	/* NT_PRSTATUS notes */
	bool drop_device_dumps;	/* --no-device-dumps */
	uint8_t utsname[6][65];	/* struct new_utsname, raw; zero: unknown */
	uint64_t max_size;	/* -L, of a file; UINT64_MAX: none */
	const struct dump_part *part;	/* what the file has; NULL: all */
	bool incomplete;	/* as is known before the first page */
	uint64_t sizes_max;	/* bytes that a writer may take to remember the
				 * pages' sizes */
	struct log *log;
};

/* A page, and how many kept ones are before it. */
struct writer_place {
	uint64_t pfn, index;
};

/* What a writer wants to see of the pages before they come by pages(). */
enum writer_survey {
	SURVEY_NONE,
	SURVEY_FRAMES,		/* which there are: all as BATCH_RAW, empty */
	SURVEY_CONTENTS,	/* what will come, the very same */
};

struct writer_totals {
	uint64_t nr_zero, nr_raw, nr_packed, nr_unreadable;	/* pages */
	uint64_t nr_filled;	/* pages of one repeated word but 0 */
	uint64_t nr_same;	/* that stand on an earlier page's block */
	uint64_t nr_mispacked;	/* raw pages, and blocks of filled ones, that
				 * the codec packed wrongly */
	uint64_t packed_bytes;	/* of page data handed in, but for nr_same */
	uint64_t data_bytes;	/* of page data in the file */
	uint64_t nr_pages;	/* whose descriptor is in the file at the end */
	uint64_t size;		/* of the file, bytes; 0 until finish() */
	uint64_t largest;	/* of several files: bytes of that */
	uint64_t nr_checkpoints;
};

/* Counts page I of BATCH, which stands on another page's block if SAME. */
static inline void writer_count(struct writer_totals *totals,
				const struct batch *batch, unsigned i,
				bool same)
{
	enum batch_kind kind = batch->kind[i];

	if (same || kind == BATCH_SAME) {
		totals->nr_same++;
		return;
	}
	if (kind == BATCH_FILL) {
		totals->nr_zero += !batch->word[i];
		totals->nr_filled += !!batch->word[i];
	}
	totals->nr_raw += kind == BATCH_RAW;
	totals->nr_packed += kind == BATCH_PACKED;
	totals->nr_unreadable += kind == BATCH_UNREADABLE;
	totals->packed_bytes += batch->size[i];
}

struct writer;

struct writer_ops {
	const char *name;
	bool by_value;		/* pages may come in any order, where the sink
				 * rewrites */
	bool packs;		/* pages may be compressed */
	bool shares;		/* and equal ones may share a block */

	struct error *(*create)(struct sink *sink,
				const struct dump_facts *facts,
				struct writer **ret);

	/* What stands before the data depends on the pages: all of them come
	 * by this before they come by pages(), in the same order. At last BATCH
	 * is NULL. */
	enum writer_survey (*surveys)(const struct writer *writer);
	struct error *(*survey)(struct writer *writer,
				const struct batch *batch);

	/* The size of all before the data, bytes, or of all if the target takes
	 * no less: what -L and the free space must hold. Valid after create and
	 * survey. */
	uint64_t (*metadata_len)(const struct writer *writer);

	/* Begins the sink; writes head and notes. ERROR_NOSPACE if all before
	 * the data exceeds the limit or the sink's room: nothing is written
	 * then. */
	struct error *(*begin)(struct writer *writer);

	/* NULL: the format has no bitmaps.
	 * Bits of frames [present->first, present->end), both sets alike; they
	 * are 64-aligned but for the last. Where the sink takes bytes ascending
	 * only, all windows come twice. */
	struct error *(*bitmap)(struct writer *writer,
				const struct pageset *present,
				const struct pageset *kept);

	/* Waits until all metadata is durable: from here on the file opens,
	 * whatever happens. ERROR_INVALID if bitmap() was not given nr_kept
	 * bits of kept pages. */
	struct error *(*metadata)(struct writer *writer);

	/* Writes BATCH's pages; a batch of none only lets the writer look at
	 * the clock (call it when no batch came for a second). Pages come in
	 * any order of index where sink->ops->rewrites, else by frame.
	 * ERROR_NOSPACE once the limit or the target takes no more: nothing
	 * of this batch's rest is written then, and no batch after. */
	struct error *(*pages)(struct writer *writer, const struct batch *batch);

	/* Whether file I of several takes no more pages, while the others do:
	 * those that still come for it are dropped. NULL: there is one file. */
	bool (*part_failed)(const struct writer *writer, size_t i);

	/* The window of KEPT is done (sinks that cannot rewrite). May do
	 * nothing. */
	struct error *(*window_end)(struct writer *writer,
				    const struct pageset *kept);

	/* After ERROR_AGAIN of pages() or finish(), where sink->ops->order is
	 * SINK_PARTS: where pages() goes on, with what came before. NULL: not
	 * for such sinks. */
	struct writer_place (*back)(struct writer *writer);

	/* Everything that can be is made to stand; clears INCOMPLETE if
	 * COMPLETE. May follow an error of any call above (before metadata()
	 * is through it does nothing). Returns an error only for what no call
	 * has returned yet: then the dump is not complete, but what totals
	 * tell is in it if they tell a size. */
	struct error *(*finish)(struct writer *writer, bool complete);
	const struct writer_totals *(*totals)(const struct writer *writer);
	void (*destroy)(struct writer *writer);
};

struct writer {
	const struct writer_ops *ops;
};

/* kdump-compressed, header version 6. */
extern const struct writer_ops kdump_writer_ops;

/* ELF core: each run of pages a PT_LOAD, as /proc/vmcore has it. */
extern const struct writer_ops elf_writer_ops;

/* The repeated text of a page that could not be read. */
#define UNREADABLE_TEXT "capdump: unreadable page"

#endif
