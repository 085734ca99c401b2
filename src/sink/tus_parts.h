/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A dump as partial uploads, and what comes of them: see tus_parts.c. */
#ifndef CAPDUMP_SINK_TUS_PARTS_H
#define CAPDUMP_SINK_TUS_PARTS_H

#include "tus_part.h"

#define TUS_FIRST 4096u		/* bytes of the first part */
#define TUS_DATA_PARTS 60u

enum { TUS_PART_FIRST, TUS_PART_HEAD, TUS_PART_BITMAP2, TUS_PART_TABLE,
       TUS_PART_DATA, TUS_NR_PARTS = TUS_PART_DATA + TUS_DATA_PARTS };

struct tus_parts {
	struct sink sink;
	struct tus_way way;
	struct tus_part parts[TUS_NR_PARTS + 1];	/* the last: none */
	unsigned data;			/* the part of data that comes now */
	uint64_t data_start, data_size;	/* of all; of a part */
	uint64_t next;			/* offset of the next data */
	uint64_t end;			/* of the dump, once it is known; else
					 * UINT64_MAX */
	bool begun, failed;
	bool again;			/* data is to come from needed() on */
	struct tus_upload final;	/* of all of them, once it was made */
	bool maybe_joined, joined;
	bool lost;			/* there may be one more, without a word where */
	uint8_t first[TUS_FIRST];
};

/* Whether the server joins uploads, by two of a byte each, which are removed again, as
 * is what it makes of them. */
struct error *tus_parts_try(struct tus_parts *tus);

/* All parts stand: makes one upload of SIZE bytes of them. */
struct error *tus_parts_join(struct tus_parts *tus, uint64_t size);

/* There will be none: removes the parts, or tells of them. */
void tus_parts_give_up(struct tus_parts *tus);

/* Warns of what may be on the server since a POST got no answer. */
void tus_parts_tell(const struct tus_parts *tus);

#endif
