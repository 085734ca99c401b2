/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the output side: nothing is allocated once the metadata is out,
 * and the nth allocation before that may fail: it is an error, no crash, no
 * leak (address sanitizer), and never a dump that claims to be complete.
 */
#include "dump_model.h"

#include <errno.h>

/* The sanitizers have their own malloc(): then only the plain run is made. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t nr, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static bool counting;
static int countdown;		/* 0: none fails */
static unsigned nr_allocations;

static bool fails(void)
{
	if (!counting)
		return false;
	nr_allocations++;
	return countdown && !--countdown;
}

void *malloc(size_t size)
{
	if (!fails())
		return __libc_malloc(size);
	errno = ENOMEM;
	return NULL;
}

void *calloc(size_t nr, size_t size)
{
	if (!fails())
		return __libc_calloc(nr, size);
	errno = ENOMEM;
	return NULL;
}

int posix_memalign(void **ret, size_t align, size_t size)
{
	if (fails())
		return ENOMEM;
	*ret = __libc_memalign(align, size);
	return *ret ? 0 : ENOMEM;
}
#endif

static char path[] = "/var/tmp/unit-alloc-XXXXXX";

#ifndef SANITIZED
static unsigned nr_before;	/* when the metadata was out */

static void step(void *arg, uint64_t nr_pages)
{
	(void)arg;
	if (!nr_pages)
		nr_before = nr_allocations;
}

static struct error *sink_create(bool flat, int fd, struct sink **ret)
{
	return flat ? sink_flat_create(fd, ret) :
		      sink_file_create(path, SINK_FORCE, ret);
}

static void sweep(const struct codec_ops *codec, bool flat)
{
	struct model model = { .nr_frames = 4000, .codec = codec,
			       .address_order = flat, .step = step };
	int fd = open("/dev/null", O_WRONLY);
	struct error *err, *late;
	struct sink *sink;
	struct seen seen;

	for (int n = 0; n < 200; n++) {
		late = NULL;
		model.ready = false;
		nr_allocations = 0;
		countdown = n;
		counting = true;
		err = sink_create(flat, fd, &sink);
		if (!err)
			err = model_write(&model, sink, &late);
		counting = false;
		if (n && !countdown)
			CHECK(err && error_kind(err) == ERROR_NOMEM);
		else
			CHECK(!err && nr_allocations == nr_before);
		CHECK_OK(late);
		error_destroy(err);
		if (!flat && model.ready) {
			CHECK(model_check(&model, path, false, &seen));
			CHECK(!err == !(seen.status & 8));
		}
		if (n && countdown)
			break;
		CHECK(n < 100);
	}
	close(fd);
}
#endif

int main(void)
{
	close(mkstemp(path));
#ifndef SANITIZED
	sweep(NULL, false);
	for (unsigned i = 0; codecs[i]; i++) {
		/* snappy allocates for every page, and has no way to fail */
		if (codecs[i] == &codec_snappy || !codecs[i]->create)
			continue;
		sweep(codecs[i], false);
		sweep(codecs[i], true);
	}
#else
	struct model model = { .nr_frames = 4000 };
	struct sink *sink = NULL;
	struct error *late;

	CHECK_OK(sink_file_create(path, SINK_FORCE, &sink));
	CHECK_OK(model_write(&model, sink, &late));
	CHECK_OK(late);
#endif
	unlink(path);
	return unit_end();
}
