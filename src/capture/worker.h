/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: reads pages, finds filled and unreadable ones, packs the rest into a
 * batch. The only code that touches page contents.
 */
#ifndef CAPDUMP_CAPTURE_WORKER_H
#define CAPDUMP_CAPTURE_WORKER_H

#include "../codec/codec.h"
#include "../formats/batch.h"
#include "../image/view.h"
#include "../image/window.h"

struct worker {
	struct view *view;	/* where a window is refused */
	struct codec *codec;	/* NULL: store raw */
	uint8_t *page;		/* one page */
	uint8_t *unpacked;	/* one page, of what was packed; NULL: no FLAGS
				 * ask for it */
	unsigned flags;		/* WORKER_ */
	size_t page_size;
};

#define WORKER_PARANOID 1u	/* unpack each page again, and store it raw if it
				 * is another */
#define WORKER_DEDUP 2u		/* find equal pages: batch.word and BATCH_SAME */
#define WORKER_COPY 4u		/* what the same codec has packed already is not
				 * packed again */

/* What to do: the pages of batch.pfn, all in window if there is one. */
struct worker_job {
	struct batch batch;
	struct window *window;	/* a reference; the worker puts it back */
};

struct error *worker_init(struct worker *worker, const struct image *image,
			  size_t page_size, const struct codec_ops *codec,
			  int codec_level, unsigned flags);
void worker_deinit(struct worker *worker);

/* A job for pages of PAGE_SIZE bytes, data buffer included. */
struct error *worker_job_init(struct worker_job *job, size_t page_size);
void worker_job_deinit(struct worker_job *job);

/* Pages a batch takes. */
unsigned worker_batch_pages(size_t page_size);

/* Whether the page is one 64-bit word repeated; *WORD is it, as a little-endian
 * host reads it. LEN is a multiple of 64. */
bool worker_is_fill(const uint8_t *page, size_t len, uint64_t *word);

/* A hash of the page, on every host the same; not one that nobody can have two
 * pages meet in. LEN is a multiple of 64. */
uint64_t worker_hash(const uint8_t *page, size_t len);

/* A pool_fn: LOCAL is a struct worker, JOB a struct worker_job. */
void worker_run(void *local, void *job);

#endif
