/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Preloaded into the program under test: makes the n-th call of one kind fail,
 * gives the input bad pages, slows the output down. All settings come from the
 * environment:
 *
 *   FAULT_CALL    read write sync fallocate truncate mmap alloc thread open
 *   FAULT_N       which of these calls fails, from 1 on; 0: none
 *   FAULT_LAST    the last call that fails, default FAULT_N ("forever": all)
 *   FAULT_HOW     an errno value, "short" (half of the bytes), "eof" (0);
 *                 "stop": it does not fail, but SIGTERM comes just before
 *   FAULT_INPUT   read and mmap count on this file only
 *   FAULT_OUTPUT  write, sync, fallocate, truncate on this one; "-": stdout
 *   FAULT_SPARE   alloc does not count what a library asks for whose path has this
 *   FAULT_BAD     offset,offset...: pages of the input that can't be read: EIO
 *                 for read(), a real SIGBUS under mmap()
 *   FAULT_BAD_AS  "firmware": EFAULT and a real SIGSEGV instead, as memory that
 *                 riscv's firmware keeps for itself answers
 *   FAULT_SLOW    microseconds that each write to the output takes longer
 *   FAULT_LOG     file that gets a line when a call was made to fail, and at
 *                 the end the number of calls
 *
 * Without shim_alloc.c it leaves the allocator alone (for sanitizers).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

#define PAGE 4096u
#define MAX_BAD 4096

static const char *const call_names[NR_CALLS] = {
	"read", "write", "sync", "fallocate", "truncate", "mmap", "alloc",
	"thread", "open",
};

static struct {
	bool on;
	int call, how;		/* how: errno; -1 short, -2 eof, -3 stop */
	long n, last, slow;
	atomic_long count[NR_CALLS];
	const char *input, *output;
	int log, empty;		/* empty: a file without a byte */
	size_t nr_bad;
	bool firmware;
	off_t bad[MAX_BAD];
} shim = { .call = -1, .log = -1, .empty = -1 };

static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_ftruncate)(int, off_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_thread)(pthread_t *, const pthread_attr_t *,
			  void *(*)(void *), void *);

static long number(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 0) : otherwise;
}

static void load_bad(const char *text)
{
	while (text && *text && shim.nr_bad < MAX_BAD) {
		char *end;

		shim.bad[shim.nr_bad++] = strtoll(text, &end, 0);
		text = *end ? end + 1 : end;
	}
	shim.empty = memfd_create("empty", MFD_CLOEXEC);
	shim.firmware = getenv("FAULT_BAD_AS") &&
			!strcmp(getenv("FAULT_BAD_AS"), "firmware");
}

static void load_settings(void)
{
	const char *call = getenv("FAULT_CALL"), *how = getenv("FAULT_HOW");
	const char *last = getenv("FAULT_LAST"), *log = getenv("FAULT_LOG");

	for (int i = 0; call && i < NR_CALLS; i++)
		if (!strcmp(call, call_names[i]))
			shim.call = i;
	shim.how = !how ? EIO : !strcmp(how, "short") ? -1 :
		   !strcmp(how, "eof") ? -2 :
		   !strcmp(how, "stop") ? -3 : atoi(how);
	shim.n = number("FAULT_N", 0);
	shim.last = last && !strcmp(last, "forever") ? __LONG_MAX__ :
		    number("FAULT_LAST", shim.n);
	shim.slow = number("FAULT_SLOW", 0);
	shim.input = getenv("FAULT_INPUT");
	shim.output = getenv("FAULT_OUTPUT");
	if (log)
		shim.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				0600);
	if (getenv("FAULT_BAD"))
		load_bad(getenv("FAULT_BAD"));
	/* a program started by the one under test is left alone */
	unsetenv("LD_PRELOAD");
}

static void __attribute__((constructor)) shim_init(void)
{
	real_pread = (ssize_t (*)(int, void *, size_t, off_t))
		dlsym(RTLD_NEXT, "pread64");
	real_read = (ssize_t (*)(int, void *, size_t))
		dlsym(RTLD_NEXT, "read");
	real_pwrite = (ssize_t (*)(int, const void *, size_t, off_t))
		dlsym(RTLD_NEXT, "pwrite64");
	real_write = (ssize_t (*)(int, const void *, size_t))
		dlsym(RTLD_NEXT, "write");
	real_writev = (ssize_t (*)(int, const struct iovec *, int))
		dlsym(RTLD_NEXT, "writev");
	real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
	real_fallocate = (int (*)(int, int, off_t, off_t))
		dlsym(RTLD_NEXT, "fallocate64");
	real_ftruncate = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate64");
	real_mmap = (void *(*)(void *, size_t, int, int, int, off_t))
		dlsym(RTLD_NEXT, "mmap64");
	real_openat = (int (*)(int, const char *, int, ...))
		dlsym(RTLD_NEXT, "openat64");
	real_thread = (int (*)(pthread_t *, const pthread_attr_t *,
			       void *(*)(void *), void *))
		dlsym(RTLD_NEXT, "pthread_create");
	load_settings();
	shim.on = true;
}

static void __attribute__((destructor)) shim_deinit(void)
{
	char text[256];
	int n = 0;

	shim.on = false;
	if (shim.log < 0)
		return;
	n = snprintf(text, sizeof(text), "calls");
	for (int i = 0; i < NR_CALLS; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s=%ld",
			      call_names[i], atomic_load(&shim.count[i]));
	text[n++] = '\n';
	if (real_write(shim.log, text, (size_t)n) != n)
		abort();
}

bool shim_strikes(enum call call)
{
	static const char line[] = "struck\n";
	long n;

	if (!shim.on)
		return false;
	n = atomic_fetch_add(&shim.count[call], 1) + 1;
	if ((int)call != shim.call || !shim.n || n < shim.n || n > shim.last)
		return false;
	if (shim.log >= 0 && n == shim.n &&
	    real_write(shim.log, line, sizeof(line) - 1) < 0)
		abort();
	if (shim.how == -3)
		kill(getpid(), SIGTERM);
	return shim.how != -3;
}

static bool same_file(int fd, const char *path)
{
	struct stat a, b;
	int saved = errno;
	bool same = path && !fstat(fd, &a) && !stat(path, &b) &&
		    a.st_dev == b.st_dev && a.st_ino == b.st_ino;

	errno = saved;
	return same;
}

static bool is_input(int fd)
{
	return shim.on && same_file(fd, shim.input);
}

static bool is_output(int fd)
{
	if (!shim.on || !shim.output)
		return false;
	return !strcmp(shim.output, "-") ? fd == STDOUT_FILENO :
	       same_file(fd, shim.output);
}

/* The directory of the output is synced too. */
static bool is_directory(int fd)
{
	struct stat st;

	return shim.on && !fstat(fd, &st) && S_ISDIR(st.st_mode);
}

static void slow_down(void)
{
	struct timespec t = { shim.slow / 1000000,
			      shim.slow % 1000000 * 1000 };

	while (shim.slow && nanosleep(&t, &t) && errno == EINTR)
		;
}

/* How many of LEN bytes at OFFSET come before the first bad page. */
static size_t good_bytes(off_t offset, size_t len)
{
	for (size_t i = 0; i < shim.nr_bad; i++) {
		off_t bad = shim.bad[i];

		if (offset < bad + (off_t)PAGE && bad < offset + (off_t)len)
			len = bad > offset ? (size_t)(bad - offset) : 0;
	}
	return len;
}

/* -1: go on; else what the call that is to fail returns. */
static ssize_t fail(size_t *len)
{
	if (shim.how == -2)
		return 0;
	if (shim.how == -1) {
		*len = *len > 1 ? *len / 2 : *len;
		return -1;
	}
	errno = shim.how;
	return -2;
}

ssize_t pread64(int fd, void *buf, size_t len, off_t offset)
{
	if (is_input(fd)) {
		size_t good = good_bytes(offset, len);

		if (shim_strikes(READ)) {
			ssize_t rc = fail(&len);

			if (rc != -1)
				return rc == -2 ? -1 : rc;
		} else if (!good && len) {
			errno = shim.firmware ? EFAULT : EIO;
			return -1;
		}
		if (good < len)
			len = good ? good : len;
	}
	return real_pread(fd, buf, len, offset);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	return pread64(fd, buf, len, offset);
}

ssize_t read(int fd, void *buf, size_t len)
{
	if (is_input(fd) && shim_strikes(READ)) {
		ssize_t rc = fail(&len);

		if (rc != -1)
			return rc == -2 ? -1 : rc;
	}
	return real_read(fd, buf, len);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off_t offset)
{
	if (is_output(fd)) {
		slow_down();
		if (shim_strikes(WRITE)) {
			ssize_t rc = fail(&len);

			if (rc != -1)
				return rc == -2 ? -1 : rc;
		}
	}
	return real_pwrite(fd, buf, len, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	return pwrite64(fd, buf, len, offset);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	if (is_output(fd)) {
		slow_down();
		if (shim_strikes(WRITE)) {
			ssize_t rc = fail(&len);

			if (rc != -1)
				return rc == -2 ? -1 : rc;
		}
	}
	return real_write(fd, buf, len);
}

ssize_t writev(int fd, const struct iovec *iov, int nr)
{
	if (is_output(fd)) {
		size_t len = 2;

		slow_down();
		if (shim_strikes(WRITE)) {
			ssize_t rc = fail(&len);

			if (rc != -1)
				return rc == -2 ? -1 : rc;
			return real_write(fd, iov->iov_base,
					  (iov->iov_len + 1) / 2);
		}
	}
	return real_writev(fd, iov, nr);
}

static bool sync_fails(int fd)
{
	if (!(is_output(fd) || is_directory(fd)) || !shim_strikes(SYNC))
		return false;
	errno = shim.how > 0 ? shim.how : EIO;
	return true;
}

int fsync(int fd)
{
	return sync_fails(fd) ? -1 : real_fsync(fd);
}

int fdatasync(int fd)
{
	return sync_fails(fd) ? -1 : real_fdatasync(fd);
}

int fallocate64(int fd, int mode, off_t offset, off_t len)
{
	if (is_output(fd) && shim_strikes(FALLOCATE)) {
		errno = shim.how > 0 ? shim.how : ENOSPC;
		return -1;
	}
	return real_fallocate(fd, mode, offset, len);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	return fallocate64(fd, mode, offset, len);
}

int ftruncate64(int fd, off_t len)
{
	if (is_output(fd) && shim_strikes(TRUNCATE)) {
		errno = shim.how > 0 ? shim.how : EIO;
		return -1;
	}
	return real_ftruncate(fd, len);
}

int ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}

/* Puts a page that raises SIGBUS or SIGSEGV over each bad one of a mapping. */
static void spoil(uint8_t *map, size_t len, off_t offset)
{
	for (size_t i = 0; i < shim.nr_bad; i++) {
		off_t bad = shim.bad[i] & ~(off_t)(PAGE - 1);

		if (bad < offset || bad >= offset + (off_t)len)
			continue;
		if (real_mmap(map + (bad - offset), PAGE,
			      shim.firmware ? PROT_NONE : PROT_READ,
			      MAP_SHARED | MAP_FIXED, shim.empty, 0) ==
		    MAP_FAILED)
			abort();
	}
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *map;

	if (!shim.on || fd < 0 || !is_input(fd)) {
		static void *(*next)(void *, size_t, int, int, int, off_t);

		if (!real_mmap && !next)
			next = (void *(*)(void *, size_t, int, int, int, off_t))
				dlsym(RTLD_NEXT, "mmap64");
		return (real_mmap ? real_mmap : next)(addr, len, prot, flags,
						      fd, offset);
	}
	if (shim_strikes(MMAP)) {
		errno = shim.how > 0 ? shim.how : ENOMEM;
		return MAP_FAILED;
	}
	map = real_mmap(addr, len, prot, flags, fd, offset);
	if (map != MAP_FAILED)
		spoil(map, len, offset);
	return map;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return mmap64(addr, len, prot, flags, fd, offset);
}

int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if (shim.on && (flags & O_CREAT) && shim_strikes(OPEN)) {
		errno = shim.how > 0 ? shim.how : EIO;
		return -1;
	}
	return real_openat(dir, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return openat64(dir, path, flags, mode);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*fn)(void *), void *arg)
{
	if (shim_strikes(THREAD))
		return EAGAIN;
	return real_thread(thread, attr, fn, arg);
}
