/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An upload to which bytes are appended in pieces from memory, each by a PATCH of its
 * own: one is collected while another is on its way. A piece stays here until the
 * server has it, so what breaks needs nothing but the same piece again.
 */
#ifndef CAPDUMP_SINK_TUS_LINE_H
#define CAPDUMP_SINK_TUS_LINE_H

#include "tus_server.h"

struct tus_line {
	struct tus_server *server;	/* borrowed */
	struct tus_upload *upload;	/* borrowed */
	uint64_t stored;	/* bytes of the upload that the server has */
	size_t piece;		/* bytes of one */
	uint8_t *bytes[2];	/* what is collected, what is on its way; owned */
	size_t len[2];
	struct tus_patch patch;
	uint64_t length;	/* of the upload, to be told with the next piece,
				 * which is the last; 0: it was told before */
	bool unsure;		/* nobody knows what came of the piece */
	bool gone;		/* the upload, from the server */
};

/* UPLOAD, whose URL may be there later, has OFFSET bytes. */
struct error *tus_line_init(struct tus_line *line, struct tus_server *server,
			    struct tus_upload *upload, uint64_t offset,
			    size_t piece);
void tus_line_deinit(struct tus_line *line);

/* Bytes that came so far. */
static inline uint64_t tus_line_next(const struct tus_line *line)
{
	return line->stored + line->len[1] + line->len[0];
}

/* Collects some of LEN bytes, and returns how many; 0: a piece is full. */
size_t tus_line_add(struct tus_line *line, const void *buf, size_t len);

/* Begins to send what was collected; none is on its way. */
struct error *tus_line_send(struct tus_line *line);

/* Lets the piece that is on its way go on. *ENDED: tus_line_end() waits no more. */
struct error *tus_line_poll(struct tus_line *line, bool *ended);

/* Waits until the server has what is on its way. After ERROR_AGAIN another call is
 * another try, unless line->gone. */
struct error *tus_line_end(struct tus_line *line);

#endif
