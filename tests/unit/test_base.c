/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors, sets of pages, text and numbers. */
#include <errno.h>

#include "../../src/base/bytes.h"
#include "../../src/base/guard.h"
#include "../../src/base/io.h"
#include "../../src/base/log.h"
#include "../../src/base/pageset.h"
#include "../../src/base/sparseset.h"
#include "../../src/base/text.h"
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_error(void)
{
	struct error *err = error_errno(ENOSPC, "writing %d", 7);

	err = error_wrap(err, "out");
	CHECK(error_kind(err) == ERROR_NOSPACE);
	CHECK(error_number(err) == ENOSPC);
	CHECK(!strcmp(error_message(err),
		      "out: writing 7: No space left on device"));
	error_destroy(err);
	error_destroy(error_nomem());
	CHECK(error_kind(error_nomem()) == ERROR_NOMEM);
}

/* The first error counts, whichever of the two there is. */
static void test_error_first(void)
{
	struct error *a = error_create(ERROR_INVALID, "a");
	struct error *b = error_create(ERROR_IO, "b");

	CHECK(!error_first(NULL, NULL));
	CHECK(error_first(a, NULL) == a);
	CHECK(error_first(NULL, a) == a);
	CHECK(error_first(a, b) == a);
	CHECK(error_first(error_nomem(), a) == error_nomem());
}

static void test_proc_bytes(void)
{
	char path[32];
	int fd = memfd_create("status", 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_OK(io_pwrite(fd, "A:\t  17 kB\nBB:\t3 kB\n", 21, 0));
	CHECK(io_proc_bytes(path, "A:") == 17 << 10);
	CHECK(io_proc_bytes(path, "BB:") == 3 << 10);
	CHECK(io_proc_bytes(path, "C:") == 0);
	close(fd);
	CHECK(io_proc_bytes(path, "A:") == 0);
}

/* Against one bool a frame. */
static void test_pageset(void)
{
	struct pageset set, other;
	bool want[1000] = { false };
	unsigned seed = 1, n = 0;
	uint8_t out[128];

	if (!CHECK_OK(pageset_init(&set, 130, 1000)))
		return;
	CHECK(set.first == 128);
	for (int round = 0; round < 60; round++) {
		unsigned a, b;

		seed = seed * 1103515245 + 12345;
		a = 128 + (seed >> 8) % 872;
		seed = seed * 1103515245 + 12345;
		b = a + (seed >> 8) % (1000 - a + 1);
		if (round % 3) {
			pageset_add_range(&set, a, b);
		} else {
			pageset_remove_range(&set, a, b);
		}
		for (unsigned i = a; i < b; i++)
			want[i] = round % 3;
	}
	for (unsigned i = 0; i < 1000; i++) {
		n += want[i];
		CHECK(pageset_test(&set, i) == want[i]);
	}
	CHECK(!pageset_test(&set, 1000) && n > 0 && n < 872);
	CHECK(pageset_count(&set, 0, 5000) == n);
	for (unsigned i = 0; i < 1000; i += 7) {
		n = 0;
		for (unsigned k = i; k < 1000; n += want[k++])
			CHECK(pageset_count(&set, i, k) == n);
	}
	CHECK(count_bits(0) == 0 && count_bits(UINT64_MAX) == 64 &&
	      count_bits(0x8000000000000001) == 2 &&
	      count_bits(0xf0f0123456789abc) == 30);
	for (unsigned i = 0; i <= 1000; i++) {
		unsigned on = i < 128 ? 128 : i, off = on;

		while (on < 1000 && !want[on])
			on++;
		while (off < 1000 && want[off])
			off++;
		CHECK(pageset_next(&set, i) == on);
		CHECK(pageset_next_absent(&set, i) == off);
	}
	if (CHECK_OK(pageset_init(&other, 128, 1000))) {
		pageset_add_masked(&other, &set, 200, 777);
		for (unsigned i = 0; i < 1000; i++)
			CHECK(pageset_test(&other, i) ==
			      (want[i] && i >= 200 && i < 777));
		pageset_deinit(&other);
	}
	pageset_export(&set, 0, out, sizeof(out));
	for (unsigned i = 0; i < 1000; i++)
		CHECK((out[i / 8] >> i % 8 & 1) == want[i]);
	for (unsigned i = 1000; i < 1024; i++)
		CHECK(!(out[i / 8] >> i % 8 & 1));
	pageset_deinit(&set);
}

static void escape_is(const char *text, size_t len, const char *want)
{
	char *got = text_escape(text, len);

	if (!CHECK(got && !strcmp(got, want)))
		fprintf(stderr, "  got %s\n", got ? got : "NULL");
	free(got);
}

static void test_text(void)
{
	uint64_t v;
	char buf[16];

	escape_is("plain", 5, "plain");
	escape_is("a\033[2Jb\n", 7, "a\\x1b[2Jb\\x0a");
	escape_is("\xc3\xa9\xc2\x9b", 4, "\xc3\xa9\\xc2\\x9b");
	escape_is("\xff\xc3", 2, "\\xff\\xc3");
	escape_is("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");	/* U+202E */
	escape_is("\xc0\xaf", 2, "\\xc0\\xaf");			/* overlong */
	escape_is("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");	/* surrogate */
	escape_is("a\0b", 3, "a\\x00b");
	CHECK_OK(text_parse_size("16M", &v));
	CHECK(v == 16 << 20);
	CHECK_OK(text_parse_size("0", &v));
	CHECK(v == 0);
	CHECK_ERROR(text_parse_size("1Q", &v), "1Q");
	CHECK_ERROR(text_parse_size("-1", &v), "-1");
	CHECK_ERROR(text_parse_size("", &v), "''");
	CHECK_ERROR(text_parse_size("99999999999T", &v), "99999999999T");
	CHECK_OK(text_parse_number("0x10", 31, &v));
	CHECK(v == 16);
	CHECK_ERROR(text_parse_number("32", 31, &v), "more than 31");
	CHECK_ERROR(text_parse_number("3x", 31, &v), "3x");
	CHECK(!strcmp(text_size(1536, buf), "1.5 KiB"));
	CHECK(!strcmp(text_size(UINT64_MAX, buf), "16.0 EiB"));
}

static void test_log(void)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	struct log log;

	log_init(&log, file, LOG_ERROR);
	log_warn(&log, "page %d", 1);
	log_warn(&log, "page %d", 1);
	log_warn(&log, "page %d", 2);
	log_print(&log, LOG_DEBUG, "not this");
	/* a name with control characters is one line all the same */
	log_print(&log, LOG_ERROR, "%s: lost", "a\n\033[31mb\x9b");
	CHECK(log.nr_warnings == 2);
	log_deinit(&log);
	fclose(file);
	CHECK(!strcmp(text, "warning: page 1\nwarning: page 2\n"
		      "a\\x0a\\x1b[31mb\\x9b: lost\n"));
	free(text);
}

struct reads {
	const volatile char *map;
	unsigned inner, done;
};

/* Reads a page that is there, then, guarded again, one that is not, and then
 * that one without. */
static void read_inner(void *arg)
{
	struct reads *reads = arg;

	reads->done += reads->map[4096] + 1;
}

static void read_outer(void *arg)
{
	struct reads *reads = arg;

	reads->done += reads->map[0] + 1;
	reads->inner += !guard_call(read_inner, reads);
	reads->done += reads->map[1] + 1;
	if (reads->inner % 2)
		return;
	read_inner(arg);
}

/* A mapping beyond the end of its file raises a real SIGBUS. */
static void test_guard(void)
{
	struct reads reads = { .inner = 0 };
	int fd = memfd_create("guard", 0);
	char buf[4096];
	char *map;

	CHECK(fd >= 0 && !ftruncate(fd, 4096));
	map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK_OK(guard_install());
	for (int i = 0; i < 3; i++) {
		CHECK(guard_copy(buf, map, 4096));
		CHECK(!guard_copy(buf, map + 4096, 4096));
	}
	reads.map = map;
	for (unsigned i = 1; i < 7; i++) {
		CHECK(guard_call(read_outer, &reads) == (i % 2));
		CHECK(reads.inner == i && reads.done == 2 * i);
	}
	munmap(map, 8192);
	close(fd);
}

/* Runs of frames anywhere below 2^40, in memory for what is set. */
static void test_sparseset(void)
{
	static const struct {
		uint64_t first, end;
	} runs[] = {
		{ 0, 1 }, { 63, 65 }, { 32767, 32769 }, { 100000, 200000 },
		{ (1ull << 24) - 5, (1ull << 24) + 5 },
		{ (1ull << 40) - 3, (1ull << 40) + 9 },
	};
	const uint64_t end = 1ull << 40;
	struct sparseset set;

	if (!CHECK_OK(sparseset_init(&set, end, 100)))
		return;
	CHECK(!sparseset_may_have(&set, 0, end));
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		CHECK_OK(sparseset_add_range(&set, runs[i].first, runs[i].end));
	CHECK(!set.full);
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		uint64_t first = runs[i].first, last = runs[i].end - 1;

		last = min_u64(last, end - 1);
		CHECK(sparseset_test(&set, first) && sparseset_test(&set, last));
		CHECK(!first || !sparseset_test(&set, first - 1));
		CHECK(!sparseset_test(&set, last + 1));
		CHECK(sparseset_may_have(&set, first, last + 1));
	}
	CHECK(sparseset_word(&set, 64) == 1 && sparseset_word(&set, end) == 0);
	CHECK(!sparseset_may_have(&set, 300000, (1ull << 24) - 32768));
	CHECK(!sparseset_may_have(&set, 1ull << 30, 1ull << 39));
	CHECK(sparseset_may_have(&set, 1ull << 30, UINT64_MAX));
	sparseset_deinit(&set);

	/* two blocks for the first piece, one for each that follows */
	if (!CHECK_OK(sparseset_init(&set, end, 4)))
		return;
	CHECK_OK(sparseset_add_range(&set, 0, 2 * 32768));
	CHECK(!set.full && sparseset_test(&set, 65535));
	CHECK_OK(sparseset_add_range(&set, 65530, end));
	CHECK(set.full && !sparseset_test(&set, 65536));
	CHECK_OK(sparseset_add_range(&set, end - 1, end));
	CHECK(!sparseset_test(&set, end - 1) && set.left < 4);
	sparseset_deinit(&set);
}

static void read_byte(void *arg)
{
	(void)*(volatile char *)arg;
}

/* The signal that ends a process that reads AT, guarded or not; 0: none. */
static int reads_to_death(char *at, bool guarded)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		/* before the guard there was the default: no sanitizer's */
		signal(SIGSEGV, SIG_DFL);
		if (guard_install())
			_exit(99);
		if (guarded)
			guard_call(read_byte, at);
		else
			read_byte(at);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* An address where nothing is. */
static char *volatile nowhere = (char *)4096;

static void on_segv(int signum, siginfo_t *siginfo, void *context)
{
	(void)signum, (void)context;
	_exit(siginfo->si_code > 0 ? 40 + (siginfo->si_addr == nowhere) :
	      42);
}

/* What a handler that was there before is told: of a read, and of what was
 * sent. */
static int told(bool sent)
{
	struct sigaction action = { .sa_sigaction = on_segv,
				    .sa_flags = SA_SIGINFO };
	int status = 0;
	pid_t pid = fork();

	if (pid)
		return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		       WEXITSTATUS(status) : -1;
	if (sigaction(SIGSEGV, &action, NULL) || guard_install())
		_exit(99);
	if (sent)
		raise(SIGSEGV);
	else
		read_byte(nowhere);
	_exit(98);
}

/* Memory that is mapped and can't be read: SIGSEGV, as riscv's firmware's. An
 * address that is not mapped is our mistake, and is not survived. */
static void test_guard_segv(void)
{
	char *map = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char buf[64];

	CHECK(map != MAP_FAILED);
	CHECK_OK(guard_install());
	for (int i = 0; i < 3; i++)
		CHECK(!guard_copy(buf, map + 100, sizeof(buf)));
	CHECK(told(false) == 41 && told(true) == 42);
	CHECK(!reads_to_death(map, true));
	CHECK(reads_to_death(map, false) == SIGSEGV);
	munmap(map, 8192);
	CHECK(reads_to_death(map, true) == SIGSEGV);
}

int main(void)
{
	test_error();
	test_error_first();
	test_proc_bytes();
	test_pageset();
	test_sparseset();
	test_text();
	test_log();
	test_guard();
	test_guard_segv();
	CHECK(get_u32("\1\2\3\4", true) == 0x01020304);
	CHECK(get_u64("\1\2\3\4\5\6\7\10", false) == 0x0807060504030201);
	return unit_end();
}
