/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packed sets: see plan_store.h. For each block of 64 words (4,096 frames) and
 * each set: a word that says which words of it are not empty; if any is, one
 * that says which of them stand behind it. The others of the first set are full,
 * of a later set what the first has there.
 */
#include "plan_store.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

#define BLOCK 64u	/* words */

struct error *plan_store_init(struct plan_store *store, size_t nr_windows,
			      uint64_t left)
{
	*store = (struct plan_store){ .left = left, .nr_windows = nr_windows };
	store->windows = calloc(nr_windows + 1, sizeof(*store->windows));
	return store->windows ? NULL : error_nomem();
}

void plan_store_deinit(struct plan_store *store)
{
	for (size_t i = 0; store->windows && i < store->nr_windows; i++)
		free(store->windows[i]);
	free(store->windows);
	store->windows = NULL;
}

static uint64_t nr_words(const struct pageset *set)
{
	return (set->end - set->first + 63) / 64;
}

/* Packs NR words of a block. FIRST: those of the first set, NULL if it is that.
 * Returns words, which are at OUT then; NULL: only counts. */
static uint64_t pack_block(const uint64_t *words, const uint64_t *first,
			   unsigned nr, uint64_t *out)
{
	uint64_t some = 0, odd = 0, n = 2;

	for (unsigned i = 0; i < nr; i++) {
		if (!words[i])
			continue;
		some |= 1ull << i;
		if (words[i] == (first ? first[i] : UINT64_MAX))
			continue;
		odd |= 1ull << i;
		if (out)
			out[n] = words[i];
		n++;
	}
	if (out)
		out[0] = some;
	if (!some)
		return 1;
	if (out)
		out[1] = odd;
	return n;
}

/* Words that all sets take; OUT as above. */
static uint64_t pack(struct pageset *const *sets, unsigned nr, uint64_t *out)
{
	uint64_t end = nr_words(sets[0]), n = 0;

	for (uint64_t i = 0; i < end; i += BLOCK) {
		const uint64_t *first = sets[0]->bits + i;
		unsigned len = (unsigned)min_u64(end - i, BLOCK);
		uint64_t one;

		for (unsigned k = 0; k < nr; k++) {
			one = pack_block(sets[k]->bits + i, k ? first : NULL,
					 len, out ? out + n : NULL);
			n += one;
			if (!k && one == 1)
				break;	/* so the others are empty */
		}
	}
	return n;
}

void plan_store_put(struct plan_store *store, size_t window,
		    struct pageset *const *sets, unsigned nr)
{
	uint64_t len = pack(sets, nr, NULL) * 8;

	if (store->windows[window] || len > store->left)
		return;
	store->windows[window] = malloc(len);
	if (!store->windows[window])
		return;
	store->left -= len;
	pack(sets, nr, store->windows[window]);
}

/* The reverse of pack_block(), into words that are 0. */
static uint64_t unpack_block(const uint64_t *in, const uint64_t *first,
			     uint64_t *words)
{
	uint64_t some = in[0], odd, n = 2;

	if (!some)
		return 1;
	odd = in[1];
	for (; some; some &= some - 1) {
		unsigned i = (unsigned)__builtin_ctzll(some);

		words[i] = odd >> i & 1 ? in[n++] :
			   first ? first[i] : UINT64_MAX;
	}
	return n;
}

bool plan_store_get(const struct plan_store *store, size_t window,
		    struct pageset *const *sets, unsigned nr)
{
	const uint64_t *in = store->windows[window];

	if (!in)
		return false;
	for (uint64_t i = 0; i < nr_words(sets[0]); i += BLOCK) {
		for (unsigned k = 0; k < nr; k++) {
			bool empty = !in[0];

			in += unpack_block(in, k ? sets[0]->bits + i : NULL,
					   sets[k]->bits + i);
			if (!k && empty)
				break;
		}
	}
	return true;
}
