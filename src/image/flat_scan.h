/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of a flattened stream, in its order. */
#ifndef CAPDUMP_IMAGE_FLAT_SCAN_H
#define CAPDUMP_IMAGE_FLAT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/log.h"

#define FLAT_MAX_RECORDS (1u << 23)

struct flat_record {
	uint64_t offset;	/* in the dump */
	uint64_t len;		/* bytes; not 0 */
	uint64_t at;		/* of the bytes, in the stream */
};

struct flat_records {
	struct flat_record *record;	/* owned by whoever has them */
	size_t nr, allocated;
};

/* Whether no stream has such a record: its bytes can't be in a file, or it is 16
 * zeroes, which a file system leaves where nothing was written. makedumpfile -R
 * takes any record without bytes for broken (rearrange_dumpdata()). */
bool flat_record_broken(uint64_t offset, uint64_t len);

/* Reads the headers of the records. RET is zeroed; it has what there is also
 * after an error. All else as flat_index_create(). */
struct error *flat_scan(int fd, uint64_t stream_size, const char *path,
			struct log *log, struct flat_records *ret,
			bool *cut_off);

#endif
