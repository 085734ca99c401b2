/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of a flattened stream and where they lie: see flat_index.h. They are
 * sorted by their place in the dump, and one pass over them makes pieces of what
 * came last for its place.
 */
#include "flat_index.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/flat_format.h"
#include "flat_scan.h"

/* From OFFSET of the dump to the next piece: at AT in the stream; 0: nowhere. */
struct piece {
	uint64_t offset, at;
};

struct flat_index {
	struct piece *pieces;	/* ascending, the first at 0; owned */
	size_t nr, allocated;
	uint64_t end;		/* of the last piece */
};

bool flat_probe(const uint8_t *head, size_t len)
{
	return len >= FLAT_PROBE_LEN &&
	       !memcmp(head, FLAT_SIGNATURE "\0\0\0", FLAT_TYPE) &&
	       get_u64(head + FLAT_TYPE, true) == FLAT_TYPE_DUMP &&
	       get_u64(head + FLAT_VERSION, true) == FLAT_VERSION_1;
}

/* Goes through the dump by ascending offset. */
struct sweep {
	const struct flat_record *records;	/* sorted */
	size_t nr;
	/* records that have begun and may not have ended: a binary heap of
	 * their numbers, on top the one that came last in the stream */
	uint32_t *heap;
	size_t nr_heap;
};

static int by_offset(const void *a, const void *b)
{
	const struct flat_record *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_later(const struct sweep *sweep, uint32_t a, uint32_t b)
{
	return sweep->records[a].at > sweep->records[b].at;
}

static void heap_push(struct sweep *sweep, uint32_t record)
{
	size_t i = sweep->nr_heap++;

	for (; i && is_later(sweep, record, sweep->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		sweep->heap[i] = sweep->heap[(i - 1) / 2];
	sweep->heap[i] = record;
}

static void heap_pop(struct sweep *sweep)
{
	uint32_t record = sweep->heap[--sweep->nr_heap];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < sweep->nr_heap) {
		if (child + 1 < sweep->nr_heap &&
		    is_later(sweep, sweep->heap[child + 1],
			     sweep->heap[child]))
			child++;
		if (!is_later(sweep, sweep->heap[child], record))
			break;
		sweep->heap[i] = sweep->heap[child];
		i = child;
	}
	sweep->heap[i] = record;
}

static struct error *add_piece(struct flat_index *index, uint64_t offset,
			       uint64_t at)
{
	if (index->nr == index->allocated) {
		size_t more = index->allocated ? 2 * index->allocated : 64;
		void *p = reallocarray(index->pieces, more,
				       sizeof(*index->pieces));

		if (!p)
			return error_nomem();
		index->pieces = p;
		index->allocated = more;
	}
	index->pieces[index->nr++] = (struct piece){ offset, at };
	return NULL;
}

/* Adds [offset, end), which RECORD has, and the hole before it. */
static struct error *add_range(struct flat_index *index, uint64_t offset,
			       uint64_t end, const struct flat_record *record)
{
	const struct piece *last = index->nr ? &index->pieces[index->nr - 1] :
				   NULL;
	uint64_t at = record->at + (offset - record->offset);

	if (offset > index->end)
		TRY(add_piece(index, index->end, 0));
	else if (last && last->at &&
		 last->at + (offset - last->offset) == at)
		at = 0;		/* goes on after what was over it */
	if (at)
		TRY(add_piece(index, offset, at));
	index->end = end;
	return NULL;
}

static uint64_t record_end(const struct sweep *sweep, size_t i)
{
	return sweep->records[i].offset + sweep->records[i].len;
}

static struct error *make_pieces(struct flat_index *index, struct sweep *sweep)
{
	uint64_t at = 0;
	size_t i = 0;

	while (i < sweep->nr || sweep->nr_heap) {
		uint64_t next;

		if (!sweep->nr_heap)
			at = sweep->records[i].offset;
		while (i < sweep->nr && sweep->records[i].offset == at)
			heap_push(sweep, (uint32_t)i++);
		next = min_u64(record_end(sweep, sweep->heap[0]),
			       i < sweep->nr ? sweep->records[i].offset :
			       UINT64_MAX);
		TRY(add_range(index, at, next,
			      &sweep->records[sweep->heap[0]]));
		at = next;
		while (sweep->nr_heap &&
		       record_end(sweep, sweep->heap[0]) <= at)
			heap_pop(sweep);
	}
	return NULL;
}

static struct error *settle(struct flat_index *index,
			    struct flat_records *records)
{
	struct sweep sweep = { .records = records->record, .nr = records->nr };
	struct error *err;
	void *fewer;

	if (!records->nr)
		return NULL;
	sweep.heap = malloc(records->nr * sizeof(*sweep.heap));
	if (!sweep.heap)
		return error_nomem();
	qsort(records->record, records->nr, sizeof(*records->record),
	      by_offset);
	err = make_pieces(index, &sweep);
	free(sweep.heap);
	fewer = err ? NULL : realloc(index->pieces,
				     index->nr * sizeof(*index->pieces));
	if (fewer)
		index->pieces = fewer;
	return err;
}

struct error *flat_index_create(int fd, uint64_t stream_size,
				const char *path, struct log *log,
				struct flat_index **ret, uint64_t *size,
				bool *cut_off)
{
	struct flat_index *index = calloc(1, sizeof(*index));
	struct flat_records records = { 0 };
	struct error *err;

	if (!index)
		return error_nomem();
	err = flat_scan(fd, stream_size, path, log, &records, cut_off);
	if (!err)
		err = settle(index, &records);
	free(records.record);
	if (err) {
		flat_index_destroy(index);
		return err;
	}
	*size = index->end;
	*ret = index;
	return NULL;
}

void flat_index_destroy(struct flat_index *index)
{
	if (!index)
		return;
	free(index->pieces);
	free(index);
}

void flat_index_find(const struct flat_index *index, uint64_t offset,
		     uint64_t *at, uint64_t *len)
{
	size_t low = 0, high = index->nr;
	const struct piece *piece;

	*at = 0;
	*len = UINT64_MAX;
	if (offset >= index->end)
		return;
	/* the last piece that does not begin after OFFSET */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (index->pieces[mid].offset <= offset)
			low = mid;
		else
			high = mid;
	}
	piece = &index->pieces[low];
	if (piece->at)
		*at = piece->at + (offset - piece->offset);
	*len = (low + 1 < index->nr ? piece[1].offset : index->end) - offset;
}
