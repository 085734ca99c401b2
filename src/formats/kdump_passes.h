/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kdump-compressed dump for a sink that takes bytes ascending only: the
 * descriptors stand before the data, so all pages are packed once for their
 * sizes and once more for their data, and no page is kept. The descriptors are
 * made of the sizes where these find room in memory, 2 bytes a page; else all
 * pages come a third time.
 *
 * Packing is deterministic; what may differ is memory that was read twice. A hash
 * of each section's descriptors tells.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_PASSES_H
#define CAPDUMP_FORMATS_KDUMP_PASSES_H

#include "kdump_table.h"
#include "writer.h"

struct kdump_passes;
struct kdump_writer;

struct error *kdump_passes_create(const struct dump_facts *facts,
				  uint32_t page_size,
				  struct kdump_passes **ret);
void kdump_passes_destroy(struct kdump_passes *passes);	/* NULL is fine */

/* writer_ops.surveys and .survey */
enum writer_survey kdump_surveys(const struct writer *writer);
struct error *kdump_survey(struct writer *writer, const struct batch *batch);

/* The next page's descriptor, in each pass. */
struct error *kdump_passes_add(struct kdump_writer *kdump,
			       const struct kdump_desc *desc);

/* Whether LEN bytes of data fit into what the passes before have found. */
struct error *kdump_passes_check(const struct kdump_writer *kdump, size_t len);

/* What begin() begins with: all as after the first survey. */
struct error *kdump_passes_begin(struct kdump_writer *kdump);

/* Sends the descriptors, unless a survey has. */
struct error *kdump_passes_table(struct kdump_writer *kdump);

/* writer_ops.finish */
struct error *kdump_passes_finish(struct kdump_writer *kdump);

#endif
