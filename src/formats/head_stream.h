/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every format's head needs: which bytes of the image's notes go into a
 * dump, and a way to send a head to the sink in large pieces.
 */
#ifndef CAPDUMP_FORMATS_HEAD_STREAM_H
#define CAPDUMP_FORMATS_HEAD_STREAM_H

#include "writer.h"

#define HEAD_PIECE (256u * 1024)	/* sent at a time; a multiple of any
					 * sink's alignment */

/* Where the notes of a dump stand among themselves. */
struct head_notes {
	uint64_t len;			/* of all, each run padded to 4 bytes */
	uint64_t vmcoreinfo_at;		/* of its contents; UINT64_MAX: in none */
	uint64_t vmcoreinfo_len;	/* of them, bytes */
};

/* ERROR_INVALID if they are larger than any file. VMCOREINFO that is from elsewhere
 * (-x, -i) gets a note of its own, behind the image's. */
struct error *head_notes_measure(const struct dump_facts *facts,
				 struct head_notes *ret);

/* Bytes on their way to the sink, ascending. The 4 at SKIP are not sent
 * (UINT64_MAX: all are): a status that is written last. */
struct head_stream {
	const struct dump_facts *facts;
	struct sink *sink;
	uint8_t *buf;		/* HEAD_PIECE bytes; the caller's */
	uint64_t offset;	/* in the dump, of buf */
	size_t len;		/* held; the caller may fill buf, too */
	uint64_t skip;
};

struct error *head_stream_flush(struct head_stream *stream);

/* Appends LEN zeroes; the notes that head_notes_measure() measured. What can't
 * be read of them, page by page, becomes zeroes, with a warning. */
struct error *head_stream_zero(struct head_stream *stream, uint64_t len);
struct error *head_stream_notes(struct head_stream *stream);

#endif
