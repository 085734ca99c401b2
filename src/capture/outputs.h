/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a capture's dump goes: one sink, or one for each file of a split dump. */
#ifndef CAPDUMP_CAPTURE_OUTPUTS_H
#define CAPDUMP_CAPTURE_OUTPUTS_H

#include "capture.h"
#include "plan.h"

struct outputs {
	size_t nr;	/* 0: not open */
	struct sink *sinks[CAPTURE_MAX_FILES];		/* owned */
	struct dump_part parts[CAPTURE_MAX_FILES];	/* if nr > 1 */
};

/* Opens PATH, a file, URL or NULL for stdout, and the other files that OPTIONS name
 * of a split dump, after closing what was open; FORCE: what is there is to be
 * replaced. One on a server is asked for at once, what goes wrong there told to
 * LOG. */
struct error *outputs_open(struct outputs *outputs,
			   const struct capture_options *options,
			   const char *path, bool force, struct log *log);
void outputs_close(struct outputs *outputs);

/* What is the same of all of them. */
static inline const struct sink_ops *outputs_ops(const struct outputs *outputs)
{
	return outputs->sinks[0]->ops;
}

/* Bytes that the fullest of them takes; UINT64_MAX: unknown. */
uint64_t outputs_room(const struct outputs *outputs);

/*
 * The writer of PLAN's dump, whose facts are FACTS. A split dump's pages are divided
 * here: files get the same number of kept pages, but for 64; or end where a block of
 * so many bytes of memory does, if that is asked for. None is without frames. LAST:
 * a dump that does not fit is not tried again with less. ERROR_UNSUPPORTED if there
 * are too few frames, ERROR_INVALID if blocks are not pages.
 */
struct error *outputs_writer(struct outputs *outputs,
			     const struct capture_options *options,
			     struct plan *plan, const struct dump_facts *facts,
			     bool last, struct writer **ret);

#endif
