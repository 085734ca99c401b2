/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and packing pages: see worker.h. */
#include "worker.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"

struct error *worker_init(struct worker *worker, const struct image *image,
			  size_t page_size, const struct codec_ops *codec,
			  int codec_level, unsigned flags)
{
	worker->page_size = page_size;
	worker->flags = flags;
	worker->page = aligned_alloc(64, page_size);
	if (flags & (WORKER_PARANOID | WORKER_DEDUP))
		worker->unpacked = malloc(page_size);
	if (!worker->page ||
	    (flags & (WORKER_PARANOID | WORKER_DEDUP) && !worker->unpacked))
		return error_nomem();
	TRY(view_create(image, VIEW_STREAM, &worker->view));
	return codec ? codec_create(codec, codec_level, &worker->codec) : NULL;
}

void worker_deinit(struct worker *worker)
{
	codec_destroy(worker->codec);
	view_destroy(worker->view);
	free(worker->unpacked);
	free(worker->page);
}

unsigned worker_batch_pages(size_t page_size)
{
	size_t n = BATCH_BYTES / page_size;

	return n < 1 ? 1 : n > BATCH_PAGES ? BATCH_PAGES : (unsigned)n;
}

struct error *worker_job_init(struct worker_job *job, size_t page_size)
{
	job->batch.data = malloc(worker_batch_pages(page_size) * page_size);
	return job->batch.data ? NULL : error_nomem();
}

void worker_job_deinit(struct worker_job *job)
{
	window_put(job->window);
	error_destroy(job->batch.err);
	free(job->batch.data);
}

/* Most pages end in the first words. */
bool worker_is_fill(const uint8_t *page, size_t len, uint64_t *word)
{
	uint64_t first;

	memcpy(&first, page, sizeof(first));
	for (size_t i = 0; i < len; i += 64) {
		uint64_t w[8];

		memcpy(w, page + i, sizeof(w));
		if ((w[0] ^ first) | (w[1] ^ first) | (w[2] ^ first) |
		    (w[3] ^ first) | (w[4] ^ first) | (w[5] ^ first) |
		    (w[6] ^ first) | (w[7] ^ first))
			return false;
	}
	*word = get_u64(page, false);
	return true;
}

/* Four sums of words, two in a vector, and the sums of what these were at each
 * word: so it counts where a word stands. */
uint64_t worker_hash(const uint8_t *page, size_t len)
{
	uint64_t __attribute__((vector_size(16))) v, w, sum_v = { 0 },
						  sum_w = { 0 },
						  all_v = { 0 },
						  all_w = { 0 };
	uint64_t hash = 0;

	for (size_t i = 0; i < len; i += 32) {
		memcpy(&v, page + i, 16);
		memcpy(&w, page + i + 16, 16);
		for (unsigned k = 0; BYTES_HOST_BIG && k < 2; k++) {
			v[k] = __builtin_bswap64(v[k]);
			w[k] = __builtin_bswap64(w[k]);
		}
		sum_v += v;
		sum_w += w;
		all_v += sum_v;
		all_w += sum_w;
	}
	for (unsigned k = 0; k < 2; k++) {
		hash = (hash ^ sum_v[k]) * 0x9e3779b97f4a7c15u;
		hash = (hash ^ hash >> 29 ^ all_v[k]) * 0xbf58476d1ce4e5b9u;
		hash = (hash ^ hash >> 31 ^ sum_w[k]) * 0x9e3779b97f4a7c15u;
		hash = (hash ^ hash >> 29 ^ all_w[k]) * 0xbf58476d1ce4e5b9u;
	}
	return hash ^ hash >> 32;
}

/* Whether PAGE is equal to that of SIZE bytes at P, packed if that is less. */
static bool is_equal(struct worker *worker, const uint8_t *page,
		     const uint8_t *p, size_t size)
{
	struct codec *codec = worker->codec;
	size_t len = worker->page_size;

	if (size < len) {
		if (!codec->ops->unpack(codec, p, size, worker->unpacked, len))
			return false;
		p = worker->unpacked;
	}
	return !memcmp(page, p, len);
}

/* Whether page I of the batch, PAGE, is equal to one before it; batch->word[I] is
 * which, or else its hash. Only the first with this hash is compared. */
static bool find_same(struct worker *worker, struct batch *batch, unsigned i,
		      const uint8_t *page)
{
	uint64_t hash = worker_hash(page, worker->page_size);
	size_t at = 0;

	batch->word[i] = hash;
	for (unsigned j = 0; j < i; at += batch->size[j++]) {
		if (batch->word[j] != hash || !batch->size[j])
			continue;
		if (!is_equal(worker, page, batch->data + at, batch->size[j]))
			return false;
		batch->word[i] = j;
		return true;
	}
	return false;
}

/* Reads page PFN to DST. What of it lies outside of every segment is zero. BLOCK,
 * zeroed: what it was made from. */
static bool read_page(struct worker *worker, const struct window *window,
		      uint64_t pfn, uint8_t *dst, struct image_block *block)
{
	uint64_t paddr = pfn * worker->page_size;
	enum page_state state;

	state = window ? window_read(window, paddr, dst, worker->page_size) :
		view_read_block(worker->view, paddr, dst, worker->page_size,
				block);
	return state == PAGE_OK;
}

/* Where memory is not mapped, it is read ahead: no further than the pages of the
 * batch that follow each other, since what lies between may be poisoned or
 * offline, and never to be touched. I: where such a run begins. */
static void limit_view(struct worker *worker, const struct batch *batch,
		       unsigned i)
{
	unsigned end = i + 1;

	if (i && batch->pfn[i] == batch->pfn[i - 1] + 1)
		return;
	while (end < batch->nr && batch->pfn[end] == batch->pfn[end - 1] + 1)
		end++;
	view_limit(worker->view, batch->pfn[i] * worker->page_size,
		   (batch->pfn[end - 1] + 1) * worker->page_size);
}

/* Copies BLOCK, from which worker->page was unpacked, to DST. False: it is not
 * what this codec may have made. */
static bool copy_block(struct worker *worker, const struct image_block *block,
		       uint8_t *dst)
{
	if (!(worker->flags & WORKER_COPY) || !block->size ||
	    block->codec != worker->codec->ops->flag)
		return false;
	if (block->size == worker->page_size)
		return true;
	memcpy(dst, block->bytes, block->size);
	return !(worker->flags & WORKER_PARANOID) ||
	       is_equal(worker, worker->page, dst, block->size);
}

/* Packs worker->page, which was BLOCK, to DST; 0: store it raw. */
static size_t pack_page(struct worker *worker, struct batch *batch,
			const struct image_block *block, uint8_t *dst)
{
	struct codec *codec = worker->codec;
	size_t len = worker->page_size, size;
	bool wrong = false;

	if (copy_block(worker, block, dst))
		return block->size < len ? block->size : 0;
	if (!(worker->flags & WORKER_PARANOID))
		return codec->ops->pack(codec, worker->page, len, dst,
					len - 1);
	size = codec_pack_checked(codec, worker->page, len, dst, len - 1,
				  worker->unpacked, &wrong);
	batch->nr_mispacked += wrong;
	return size;
}

void worker_run(void *local, void *arg)
{
	struct worker *worker = local;
	struct worker_job *job = arg;
	struct batch *batch = &job->batch;

	batch->len = 0;
	batch->nr_mispacked = 0;
	for (unsigned i = 0; i < batch->nr; i++) {
		uint8_t *dst = batch->data + batch->len;
		/* raw pages need no second copy */
		uint8_t *page = worker->codec ? worker->page : dst;
		struct image_block block = { .size = 0 };
		size_t size = 0;

		batch->size[i] = 0;
		if (!job->window)
			limit_view(worker, batch, i);
		if (!read_page(worker, job->window, batch->pfn[i], page,
			       &block)) {
			batch->kind[i] = BATCH_UNREADABLE;
			continue;
		}
		if (worker_is_fill(page, worker->page_size,
				   &batch->word[i])) {
			batch->kind[i] = BATCH_FILL;
			continue;
		}
		if (worker->flags & WORKER_DEDUP &&
		    find_same(worker, batch, i, page)) {
			batch->kind[i] = BATCH_SAME;
			continue;
		}
		if (worker->codec)
			size = pack_page(worker, batch, &block, dst);
		batch->kind[i] = size ? BATCH_PACKED : BATCH_RAW;
		if (!size) {
			size = worker->page_size;
			if (page != dst)
				memcpy(dst, page, size);
		}
		batch->size[i] = (uint32_t)size;
		batch->len += size;
	}
	window_put(job->window);
	job->window = NULL;
}
