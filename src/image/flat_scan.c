/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flattened stream's records: see flat_scan.h. */
#include "flat_scan.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/flat_format.h"
#include "../base/io.h"
#include "../base/stop.h"

struct scan {
	int fd;
	uint64_t size;		/* of the stream */
	uint64_t at;		/* in it */
	struct flat_records *records;
	/* why it goes no further; NULL: its end record was read */
	struct error *cut;
};

static struct error *read_record(const struct scan *scan,
				 struct flat_record *ret)
{
	uint8_t head[FLAT_RECORD_LEN];

	TRY(io_pread_exact(scan->fd, head, sizeof(head), scan->at));
	ret->offset = get_u64(head, true);
	ret->len = get_u64(head + 8, true);
	ret->at = scan->at + FLAT_RECORD_LEN;
	return NULL;
}

static struct error *records_add(struct scan *scan,
				 const struct flat_record *record)
{
	struct flat_records *records = scan->records;

	if (records->nr == FLAT_MAX_RECORDS) {
		scan->cut = error_create(ERROR_UNSUPPORTED,
					 "has more than %u records (-R takes any number)",
					 FLAT_MAX_RECORDS);
		return NULL;
	}
	if (records->nr == records->allocated) {
		size_t more = records->allocated ? 2 * records->allocated : 64;
		void *p = reallocarray(records->record, more, sizeof(*record));

		if (!p)
			return error_nomem();
		records->record = p;
		records->allocated = more;
	}
	records->record[records->nr++] = *record;
	return NULL;
}

bool flat_record_broken(uint64_t offset, uint64_t len)
{
	uint64_t end;

	return (!offset && !len) || add_overflows(offset, len, &end) ||
	       end > INT64_MAX;
}

/* Takes the record at scan->at. *DONE: it was the last. */
static struct error *scan_record(struct scan *scan, bool *done)
{
	uint64_t left = scan->size - min_u64(scan->at, scan->size), missing = 0;
	struct flat_record record;

	if (left < FLAT_RECORD_LEN) {
		scan->cut = error_create(ERROR_INVALID, left ?
					 "ends within a record's header" :
					 "ends without an end record");
		return NULL;
	}
	scan->cut = read_record(scan, &record);
	if (scan->cut) {
		scan->cut = error_wrap(scan->cut, "can't be read");
		return NULL;
	}
	*done = record.offset == FLAT_END && record.len == FLAT_END;
	if (*done)
		return NULL;
	if (flat_record_broken(record.offset, record.len)) {
		scan->cut = error_create(ERROR_INVALID,
					 "has a broken record (offset %#llx, length %#llx)",
					 (unsigned long long)record.offset,
					 (unsigned long long)record.len);
		return NULL;
	}
	left -= FLAT_RECORD_LEN;
	if (record.len > left) {
		missing = record.len - left;
		record.len = left;
	}
	if (record.len)
		TRY(records_add(scan, &record));
	if (scan->cut)
		return NULL;
	scan->at += FLAT_RECORD_LEN + record.len;
	if (missing)
		scan->cut = error_create(ERROR_INVALID,
					 "ends %llu bytes short of a record's end",
					 (unsigned long long)missing);
	return NULL;
}

struct error *flat_scan(int fd, uint64_t stream_size, const char *path,
			struct log *log, struct flat_records *ret,
			bool *cut_off)
{
	struct scan scan = { .fd = fd, .size = stream_size,
			     .at = FLAT_HEADER_LEN, .records = ret };
	struct error *err = NULL;
	bool done = false;

	while (!err && !scan.cut && !done) {
		err = stop_check();
		if (!err)
			err = scan_record(&scan, &done);
	}
	*cut_off = scan.cut;
	if (!err && scan.cut)
		log_warn(log,
			 "%s: the flattened stream %s at byte %llu: what should follow is missing, and what came before is used",
			 path, error_message(scan.cut),
			 (unsigned long long)scan.at);
	error_destroy(scan.cut);
	return err;
}
