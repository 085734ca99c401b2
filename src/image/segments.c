/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sorted, disjoint segments: see segments.h. Each segment is first split where
 * its file contents end, so that a piece is all file or all zeroes; then a
 * sweep over the sorted pieces keeps, at every address, the best one.
 */
#include "segments.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/io.h"

struct piece {
	uint64_t paddr, end;	/* end exclusive */
	uint64_t offset;	/* in the file; only if there is contents */
	uint32_t order;		/* lower wins; pieces of zeroes come last */
	bool zero;
};

static int by_paddr(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->paddr != y->paddr)
		return x->paddr < y->paddr ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t nr_pieces(const struct segment *segments, size_t nr)
{
	size_t n = 0;

	for (size_t i = 0; i < nr; i++)
		n += (segments[i].filesz > 0) +
		     (segments[i].memsz > segments[i].filesz);
	return n;
}

static void split(const struct segment *segments, uint32_t nr,
		  struct piece *pieces)
{
	size_t n = 0;

	for (uint32_t i = 0; i < nr; i++) {
		const struct segment *s = &segments[i];

		if (s->filesz)
			pieces[n++] = (struct piece){
				s->paddr, s->paddr + s->filesz, s->offset,
				i, false };
		if (s->memsz > s->filesz)
			pieces[n++] = (struct piece){
				s->paddr + s->filesz, s->paddr + s->memsz, 0,
				nr + i, true };
	}
	qsort(pieces, n, sizeof(*pieces), by_paddr);
}

/* A binary heap of piece indices, best (lowest order) on top. */
struct heap {
	const struct piece *pieces;
	uint32_t *at;
	size_t nr;
};

static bool better(const struct heap *heap, size_t a, size_t b)
{
	return heap->pieces[heap->at[a]].order <
	       heap->pieces[heap->at[b]].order;
}

static void swap(struct heap *heap, size_t a, size_t b)
{
	uint32_t t = heap->at[a];

	heap->at[a] = heap->at[b];
	heap->at[b] = t;
}

static void heap_push(struct heap *heap, uint32_t piece)
{
	size_t i = heap->nr++;

	heap->at[i] = piece;
	for (; i && better(heap, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(heap, i, (i - 1) / 2);
}

static void heap_pop(struct heap *heap)
{
	size_t i = 0, child;

	heap->at[0] = heap->at[--heap->nr];
	while ((child = 2 * i + 1) < heap->nr) {
		if (child + 1 < heap->nr && better(heap, child + 1, child))
			child++;
		if (!better(heap, child, i))
			break;
		swap(heap, child, i);
		i = child;
	}
}

struct error *segments_too_many(void)
{
	return error_create(ERROR_UNSUPPORTED,
			    "more than %u pieces of memory (PT_LOADs that do not continue each other)",
			    SEGMENTS_MAX);
}

struct output {
	struct segment *segments;
	size_t nr, size;
};

/* Appends [paddr, end) of PIECE, joined to the last one if it continues it. */
static struct error *emit(struct output *out, const struct piece *piece,
			  uint64_t paddr, uint64_t end)
{
	struct segment *last = out->nr ? &out->segments[out->nr - 1] : NULL;
	uint64_t len = end - paddr, offset = 0;

	if (!piece->zero)
		offset = piece->offset + (paddr - piece->paddr);
	if (last && last->paddr + last->memsz == paddr) {
		if (piece->zero) {
			last->memsz += len;
			return NULL;
		}
		if (last->filesz == last->memsz &&
		    last->offset + last->filesz == offset) {
			last->memsz += len;
			last->filesz += len;
			return NULL;
		}
	}
	if (out->nr == SEGMENTS_MAX)
		return segments_too_many();
	if (out->nr == out->size) {
		size_t size = out->size ? out->size * 2 : 16;
		struct segment *more = realloc(out->segments,
					       size * sizeof(*more));

		if (!more)
			return error_nomem();
		out->segments = more;
		out->size = size;
	}
	out->segments[out->nr++] = (struct segment){
		.paddr = paddr,
		.memsz = len,
		.filesz = piece->zero ? 0 : len,
		.offset = offset,
	};
	return NULL;
}

static struct error *sweep(const struct piece *pieces, uint32_t nr,
			   struct heap *heap, struct output *out)
{
	uint64_t paddr = 0;
	uint32_t i = 0;

	while (i < nr || heap->nr) {
		const struct piece *top;
		uint64_t end;

		if (!heap->nr && paddr < pieces[i].paddr)
			paddr = pieces[i].paddr;
		while (i < nr && pieces[i].paddr <= paddr)
			heap_push(heap, i++);
		top = &pieces[heap->at[0]];
		if (top->end <= paddr) {
			heap_pop(heap);
			continue;
		}
		end = top->end;
		/* only a better piece may interrupt this one */
		for (; i < nr && pieces[i].paddr < end; heap_push(heap, i++)) {
			if (pieces[i].order < top->order) {
				end = pieces[i].paddr;
				break;
			}
		}
		TRY(emit(out, top, paddr, end));
		paddr = end;
	}
	return NULL;
}

/* Consumes *SEGMENTS. */
static struct error *normalize(struct segment **segments, size_t nr,
			       struct output *out)
{
	size_t n = nr_pieces(*segments, nr);
	AUTO_FREE struct piece *pieces = malloc((n + 1) * sizeof(*pieces));
	AUTO_FREE uint32_t *at = malloc((n + 1) * sizeof(*at));
	struct heap heap = { .pieces = pieces, .at = at };

	if (nr > SEGMENTS_MAX)
		return segments_too_many();
	if (!pieces || !at)
		return error_nomem();
	split(*segments, (uint32_t)nr, pieces);
	free(*segments);
	*segments = NULL;
	return sweep(pieces, (uint32_t)n, &heap, out);
}

struct error *segments_normalize(struct segment **segments, size_t *nr)
{
	struct output out = { 0 };
	struct error *err = normalize(segments, *nr, &out);

	free(*segments);
	if (err) {
		free(out.segments);
		out = (struct output){ 0 };
	}
	*segments = out.segments;
	*nr = out.nr;
	return err;
}

/* What of SEGMENT lies in [paddr, end), with its share of the contents. */
static struct segment clip(const struct segment *segment, uint64_t paddr,
			   uint64_t end)
{
	uint64_t from = max_u64(segment->paddr, paddr);
	uint64_t to = min_u64(segment->paddr + segment->memsz, end);
	uint64_t skipped = from - segment->paddr;
	struct segment ret = { .paddr = from };

	if (from >= to)
		return ret;
	ret.memsz = to - from;
	ret.offset = segment->offset + skipped;
	if (segment->filesz > skipped)
		ret.filesz = min_u64(segment->filesz - skipped, ret.memsz);
	return ret;
}

struct error *segments_cut(struct segment **segments, size_t *nr,
			   uint64_t paddr, uint64_t end, uint64_t *ret)
{
	/* one of them may become two */
	struct segment *cut = malloc((*nr + 1) * sizeof(*cut));
	size_t n = 0;

	*ret = 0;
	if (!cut)
		return error_nomem();
	for (size_t i = 0; i < *nr; i++) {
		const struct segment *s = &(*segments)[i];
		struct segment below = clip(s, 0, paddr);
		struct segment above = clip(s, end, UINT64_MAX);

		if (s->paddr + s->memsz <= paddr || s->paddr >= end) {
			cut[n++] = *s;
			continue;
		}
		*ret += s->memsz - below.memsz - above.memsz;
		if (below.memsz)
			cut[n++] = below;
		if (above.memsz)
			cut[n++] = above;
	}
	free(*segments);
	*segments = cut;
	*nr = n;
	return NULL;
}
