/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the bytes of a flattened dump stand in the stream: of each record the
 * header is read once, and 16 bytes are remembered (40 while the index is made,
 * and as many again to sort it). makedumpfile and QEMU write records of 2 to 64
 * KiB, capdump of 1 MiB: 50 to 100 MiB for a dump of 100 GiB of theirs, 2 for
 * one of ours. What follows 8,388,608 records is left out, as if the stream were
 * cut off there: 128 MiB.
 */
#ifndef CAPDUMP_IMAGE_FLAT_INDEX_H
#define CAPDUMP_IMAGE_FLAT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/log.h"

#define FLAT_PROBE_LEN 32	/* bytes of HEAD that suffice */

/* Whether HEAD begins a flattened stream ("makedumpfile", type 1, version 1). */
bool flat_probe(const uint8_t *head, size_t len);

struct flat_index;

/*
 * Reads the records of FD, which begins a flattened stream and is STREAM_SIZE
 * bytes long. *SIZE: of the dump. *CUT_OFF: the stream lacks its end, or is
 * broken; LOG (may be NULL) has one warning that names PATH. ERROR_STOPPED if a
 * signal came.
 */
struct error *flat_index_create(int fd, uint64_t stream_size,
				const char *path, struct log *log,
				struct flat_index **ret, uint64_t *size,
				bool *cut_off);
void flat_index_destroy(struct flat_index *index);	/* NULL is fine */

/*
 * Where byte OFFSET of the dump stands in the stream: *AT, and *LEN bytes from
 * there on (not 0). *AT 0: in no record, nor are the *LEN bytes from there on;
 * UINT64_MAX: all that follow. Of two records for a place the later counts. Any
 * thread.
 */
void flat_index_find(const struct flat_index *index, uint64_t offset,
		     uint64_t *at, uint64_t *len);

#endif
