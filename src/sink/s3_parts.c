/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts in memory: see s3_parts.h. */
#include "s3_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../base/bytes.h"

#define ALIKE_MAX (6ull << 20)
#define UNIT (1ull << 20)	/* parts' sizes are multiples of it */
#define BLOCK 4096u

struct error *s3_plan_init(struct s3_plan *plan,
			   const struct dump_layout *layout)
{
	uint64_t bound = max_u64(max_u64(layout->bound, layout->size),
				 layout->data);
	uint64_t size = align_up(bound / S3_PARTS_MAX + 1, UNIT), nr;

	plan->head = max_u64(size, S3_PART_MIN);
	if (plan->head > ALIKE_MAX)
		plan->head = S3_PART_MIN;
	plan->data = plan->head;
	plan->data_start = layout->data;
	nr = max_u64((layout->data + plan->head - 1) / plan->head, 1);
	plan->border = nr * plan->head;
	if (nr >= S3_PARTS_MAX)
		return error_create(ERROR_UNSUPPORTED,
				    "a store takes %u parts: what lies before the data, %llu bytes, are more; a higher dump level makes it smaller",
				    S3_PARTS_MAX,
				    (unsigned long long)layout->data);
	if (size > ALIKE_MAX)
		plan->data = align_up((bound - min_u64(bound, plan->border)) /
				      (S3_PARTS_MAX - nr) + 1, UNIT);
	plan->nr_head = (unsigned)nr;
	nr += (bound - min_u64(bound, plan->border)) / plan->data + 1;
	plan->nr = (unsigned)min_u64(nr, S3_PARTS_MAX);
	return NULL;
}

unsigned s3_plan_part(const struct s3_plan *plan, uint64_t offset)
{
	return (unsigned)(offset < plan->border ? offset / plan->head :
			  plan->nr_head + (offset - plan->border) / plan->data);
}

uint64_t s3_plan_start(const struct s3_plan *plan, unsigned part)
{
	return part <= plan->nr_head ? part * plan->head :
	       plan->border + (part - plan->nr_head) * plan->data;
}

static void buffer_free(struct s3_parts *parts, struct s3_buffer *buffer)
{
	request_destroy(buffer->request);
	if (buffer->bytes)
		munmap(buffer->bytes, parts->plan.head);
	free(buffer->folded);
	if (buffer == parts->copy)
		parts->copy = NULL;
	*buffer = (struct s3_buffer){ 0 };
}

void s3_parts_deinit(struct s3_parts *parts)
{
	for (unsigned i = 0; i < S3_BUFFERS; i++)
		buffer_free(parts, &parts->buffers[i]);
	parts->sending = NULL;
}

/* Bytes [FROM, TO) of the part are there. */
static struct error *cover(struct s3_buffer *b, uint64_t from, uint64_t to)
{
	unsigned at = 0, last;

	if (from >= to)
		return NULL;
	while (at < b->nr_runs && b->runs[at].to < from)
		at++;
	for (last = at; last < b->nr_runs && b->runs[last].from <= to; last++) {
		from = min_u64(from, b->runs[last].from);
		to = max_u64(to, b->runs[last].to);
	}
	if (at == last && b->nr_runs == S3_RUNS)
		return error_create(ERROR_INVALID,
				    "what lies before the data comes in too many pieces");
	memmove(b->runs + at + 1, b->runs + last,
		(b->nr_runs - last) * sizeof(*b->runs));
	b->nr_runs = b->nr_runs - (last - at) + 1;
	b->runs[at].from = from;
	b->runs[at].to = to;
	return NULL;
}

static struct s3_buffer *buffer_find(struct s3_parts *parts, unsigned part)
{
	for (unsigned i = 0; i < S3_BUFFERS; i++)
		if (parts->buffers[i].bytes && parts->buffers[i].part == part)
			return &parts->buffers[i];
	return NULL;
}

static struct s3_buffer *buffer_unused(struct s3_parts *parts)
{
	for (unsigned i = 0; i < S3_BUFFERS; i++)
		if (!parts->buffers[i].bytes)
			return &parts->buffers[i];
	return NULL;
}

static struct error *buffer_map(struct s3_parts *parts, struct s3_buffer *b,
				unsigned part)
{
	uint8_t *bytes = mmap(NULL, parts->plan.head, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		return error_nomem();
	*b = (struct s3_buffer){ .bytes = bytes, .part = part };
	return NULL;
}

/* The buffer of PART, new if need be. */
static struct error *buffer_get(struct s3_parts *parts, unsigned part,
				struct s3_buffer **ret)
{
	uint64_t start = s3_plan_start(&parts->plan, part);
	struct s3_buffer *b = buffer_find(parts, part);

	*ret = b;
	if (b)
		return NULL;
	if (!buffer_unused(parts) && parts->copy)
		buffer_free(parts, parts->copy);
	if (!buffer_unused(parts))
		TRY(s3_parts_poll(parts, true));
	b = buffer_unused(parts);
	if (!b)
		return error_create(ERROR_INVALID,
				    "what lies before the data comes in another order");
	TRY(buffer_map(parts, b, part));
	*ret = b;
	return cover(b, max_u64(parts->pad_start, start) - start,
		     min_u64(max_u64(parts->pad_end, start) - start,
			     parts->plan.head));
}

/* Whether all LEN bytes, at least one, are the same. */
static bool is_uniform(const uint8_t *bytes, size_t len)
{
	return !memcmp(bytes, bytes + 1, len - 1);
}

/* Zeroes are there already, and stay so: bytes come once, or again the same. */
static void copy(uint8_t *to, const uint8_t *from, uint64_t len)
{
	while (len) {
		size_t n = min_u64(len, BLOCK - (uintptr_t)to % BLOCK);

		if (*from || !is_uniform(from, n))
			memcpy(to, from, n);
		to += n;
		from += n;
		len -= n;
	}
}

void s3_parts_fold(struct s3_parts *parts)
{
	struct s3_buffer *b = buffer_find(parts, 0);
	uint64_t nr = parts->plan.head / BLOCK;

	if (!b || b->folded || parts->hashed || !(b->folded = calloc(nr, 1)))
		return;
	for (uint64_t i = 0; i < nr; i++) {
		uint8_t *block = b->bytes + i * BLOCK;

		if (!*block || !is_uniform(block, BLOCK))
			continue;
		b->folded[i] = *block;
		/* without it, it takes what it took */
		if (madvise(block, BLOCK, MADV_DONTNEED))
			b->folded[i] = 0;
	}
}

static void unfold(const struct s3_parts *parts, struct s3_buffer *b)
{
	for (uint64_t i = 0; b->folded && i < parts->plan.head / BLOCK; i++)
		if (b->folded[i])
			memset(b->bytes + i * BLOCK, b->folded[i], BLOCK);
	free(b->folded);
	b->folded = NULL;
}

void s3_parts_hash(struct s3_parts *parts, uint64_t size)
{
	struct s3_buffer *b = buffer_find(parts, 0);

	/* what is folded takes memory only when it goes */
	parts->hashed = b && !b->folded ? min_u64(size, parts->plan.head) : 0;
	if (!parts->hashed)
		return;
	sha256_init(&parts->sha);
	hasher_add(&parts->hasher, &parts->sha, b->bytes, parts->hashed);
}

static void buffer_hash(struct s3_parts *parts, const struct s3_buffer *b,
			uint64_t len, uint8_t *ret)
{
	struct sha256 sha;

	if (!b->part && parts->hashed == len) {
		hasher_wait(&parts->hasher);
		parts->hashed = 0;
		sha256_digest(&parts->sha, ret);
		return;
	}
	sha256_init(&sha);
	sha256_add(&sha, b->bytes, len);
	sha256_digest(&sha, ret);
}

/* Begins to send LEN bytes of B; SHA256: theirs, or NULL. */
static struct error *buffer_send(struct s3_parts *parts, struct s3_buffer *b,
				 uint64_t len, const uint8_t *sha256)
{
	struct s3_part *part = &parts->upload.parts[b->part];
	struct md5 md5;

	TRY(s3_parts_poll(parts, true));
	TRY(s3_upload_begin(&parts->upload));
	unfold(parts, b);
	if (sha256)
		memcpy(part->sha256, sha256, SHA256_LEN);
	else
		buffer_hash(parts, b, len, part->sha256);
	sha256_print(part->sha256, b->digest);
	if (part->offered) {
		md5_init(&md5);
		md5_add(&md5, b->bytes, len);
	}
	if (s3_part_stands(&parts->upload, b->part, len, &md5)) {
		buffer_free(parts, b);
		return NULL;
	}
	b->call = (struct s3_call){
		.memory = b->bytes, .size = len, .digest = b->digest,
	};
	TRY(s3_part_start(&parts->upload, b->part, &b->call, &b->request));
	parts->sending = b;
	return NULL;
}

struct error *s3_parts_poll(struct s3_parts *parts, bool end)
{
	struct s3_upload *upload = &parts->upload;
	struct s3_buffer *b = parts->sending;
	struct error *err;

	if (!b)
		return NULL;
	if (!end)
		TRY(request_poll(b->request, &end));
	if (!end)
		return NULL;
	while ((err = s3_part_end(upload, b->part, &b->call, &b->request)) &&
	       error_kind(err) == ERROR_AGAIN) {
		log_warn(upload->store.log, "%s", error_message(err));
		error_destroy(err);
		TRY(retry_pause(&upload->store.retry));
		TRY(s3_part_start(upload, b->part, &b->call, &b->request));
	}
	if (err)
		return err;
	parts->nr_sent += b->call.size;
	parts->sending = NULL;
	buffer_free(parts, b);
	return NULL;
}

struct error *s3_parts_put(struct s3_parts *parts, unsigned part,
			   uint64_t offset, const void *buf, uint64_t len)
{
	uint64_t at = offset - s3_plan_start(&parts->plan, part);
	struct s3_buffer *b;

	assert(part < parts->plan.nr_head && at + len <= parts->plan.head);
	if (parts->upload.parts[part].etag)
		return NULL;	/* it comes again */
	TRY(buffer_get(parts, part, &b));
	if (b->request)
		return NULL;
	if (b->folded)
		unfold(parts, b);
	copy(b->bytes + at, buf, len);
	TRY(cover(b, at, at + len));
	if (!part || b->runs[0].from ||
	    b->runs[0].to != parts->plan.head)
		return NULL;
	return buffer_send(parts, b, parts->plan.head, NULL);
}

/* Whether there is a buffer for a copy of PART: what lies before the data has
 * another one free then. */
static bool copy_begin(struct s3_parts *parts, unsigned part)
{
	struct s3_buffer *b = parts->copy;
	unsigned nr = 0;

	for (unsigned i = 0; i < S3_BUFFERS; i++)
		nr += !parts->buffers[i].bytes;
	parts->copied = 0;
	if (!b && nr > 1) {
		b = buffer_unused(parts);
		error_destroy(buffer_map(parts, b, part));
		parts->copy = b->bytes ? b : NULL;
	}
	if (parts->copy)
		parts->copy->part = part;
	return parts->copy;
}

/* Whether it goes on at AT of PART. */
static bool copy_continues(struct s3_parts *parts, unsigned part, uint64_t at)
{
	return parts->plan.data == parts->plan.head &&
	       (at || copy_begin(parts, part)) && parts->copy &&
	       parts->copy->part == part && parts->copied == at;
}

uint8_t *s3_parts_place(struct s3_parts *parts, unsigned part, uint64_t at)
{
	return copy_continues(parts, part, at) ? parts->copy->bytes + at : NULL;
}

bool s3_parts_full(struct s3_parts *parts)
{
	return !buffer_unused(parts);
}

void s3_parts_copy(struct s3_parts *parts, unsigned part, uint64_t at,
		   const void *buf, uint64_t len)
{
	if (!copy_continues(parts, part, at))
		return;
	if (buf != parts->copy->bytes + at)
		memcpy(parts->copy->bytes + at, buf, len);
	parts->copied += len;
}

struct error *s3_parts_send_copy(struct s3_parts *parts, unsigned part,
				 uint64_t len, const uint8_t *sha256,
				 bool *ret)
{
	struct s3_buffer *b = parts->copy;

	*ret = b && b->part == part && parts->copied == len;
	if (!*ret)
		return NULL;
	parts->copy = NULL;
	TRY(buffer_send(parts, b, len, sha256));
	return s3_parts_poll(parts, true);
}

struct error *s3_parts_finish(struct s3_parts *parts, uint64_t size)
{
	unsigned nr = s3_plan_part(&parts->plan, size - 1) + 1;
	struct s3_buffer *b;

	TRY(s3_parts_poll(parts, true));
	nr = (unsigned)min_u64(nr, parts->plan.nr_head);
	for (unsigned i = 1; i <= nr; i++) {
		unsigned part = i % nr;
		uint64_t start = s3_plan_start(&parts->plan, part);

		if (parts->upload.parts[part].etag)
			continue;
		TRY(buffer_get(parts, part, &b));
		TRY(buffer_send(parts, b, min_u64(parts->plan.head,
						  size - start), NULL));
	}
	return s3_parts_poll(parts, true);
}

struct error *s3_parts_whole(struct s3_parts *parts, uint64_t size)
{
	struct s3_part *part = &parts->upload.parts[0];
	struct s3_buffer *b;

	assert(size <= parts->plan.head);
	TRY(buffer_get(parts, 0, &b));
	unfold(parts, b);
	buffer_hash(parts, b, size, part->sha256);
	part->size = size;
	TRY(s3_upload_put(&parts->upload, b->bytes, size));
	parts->nr_sent += size;
	return NULL;
}

struct error *s3_parts_check_end(const struct s3_parts *parts, unsigned last,
				 uint64_t size)
{
	const struct s3_part *part = &parts->upload.parts[last];

	if (part->etag && part->size != size - s3_plan_start(&parts->plan, last))
		return error_create(ERROR_IO, "more was sent than the dump has now: nothing is left at the target");
	return NULL;
}

void s3_parts_tell(const struct s3_parts *parts, unsigned nr,
		   struct progress_sent *ret)
{
	const struct s3_part *part = parts->upload.parts;
	struct sha256 sha;

	sha256_init(&sha);
	ret->parts = calloc(nr, sizeof(*ret->parts));
	ret->nr_parts = nr;
	for (unsigned i = 0; i < nr; i++) {
		sha256_add(&sha, part[i].sha256, SHA256_LEN);
		if (!ret->parts)
			continue;
		ret->parts[i].size = part[i].size;
		memcpy(ret->parts[i].sha256, part[i].sha256, SHA256_LEN);
	}
	sha256_end(&sha, ret->sha256_of_parts);
	if (nr == 1)
		sha256_print(part[0].sha256, ret->sha256);
}
