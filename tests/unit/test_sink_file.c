/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file sink by itself: what it refuses to write to, bytes at any
 * alignment, barriers, reading back, errors and what stands after them. With
 * O_DIRECT and without, with its thread and without.
 */
#include "../../src/sink/sink.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit.h"

#define META (640u * 1024)		/* bytes below the data */
#define MIB (1u << 20)

static char dir[] = "/var/tmp/unit-sink-XXXXXX";
static char path[80], other[80];

/* What the system refuses, below. */
static bool no_thread, no_direct;
static int no_fallocate, no_sync;	/* errno */
static size_t room_end;			/* writes beyond are not done at all */
static bool interrupts;			/* every other call is EINTR */
static int no_direct_write;		/* EINVAL while O_DIRECT is set */

int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*fn)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		    void *) = dlsym(RTLD_NEXT, "pthread_create");

	return no_thread ? EAGAIN : real(thread, attr, fn, arg);
}

/* Whether this call is to be. */
static bool interrupted(void)
{
	static _Atomic unsigned nr_calls;

	if (!interrupts || nr_calls++ % 2)
		return false;
	errno = EINTR;
	return true;
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (interrupted())
		return -1;
	if (no_fallocate) {
		errno = no_fallocate;
		return -1;
	}
	return syscall(SYS_fallocate, fd, mode, offset, len);
}

int fcntl(int fd, int cmd, ...)
{
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	if (cmd == F_SETFL && (arg & O_DIRECT) && no_direct) {
		errno = EINVAL;
		return -1;
	}
	return syscall(SYS_fcntl, fd, cmd, arg);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	if (interrupted())
		return -1;
	if (no_direct_write && (syscall(SYS_fcntl, fd, F_GETFL) & O_DIRECT)) {
		errno = EINVAL;
		return -1;
	}
	if (room_end && offset + len > room_end) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, buf, len, offset);
}

int fsync(int fd)
{
	if (interrupted())
		return -1;
	errno = no_sync;
	return no_sync ? -1 : syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	if (interrupted())
		return -1;
	errno = no_sync;
	return no_sync ? -1 : syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t size)
{
	return interrupted() ? -1 : syscall(SYS_ftruncate, fd, size);
}

int openat(int fd, const char *name, int flags, ...)
{
	va_list args;
	int mode;

	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	return interrupted() ? -1 : syscall(SYS_openat, fd, name, flags, mode);
}

static const struct dump_layout layout = {
	.head_len = 5000, .bitmap = 8192, .bitmap_len = 8192, .table = 65536,
	.table_len = META - 65536 - 1000, .data = META, .max_size = UINT64_MAX,
};

static uint8_t pattern(uint64_t i)
{
	return (i * 2654435761u) >> 13;
}

static struct sink *begin(const char *name)
{
	struct sink *sink = NULL;

	CHECK_OK(sink_file_create(name, SINK_FORCE, &sink));
	CHECK_OK(sink->ops->begin(sink, &layout));
	return sink;
}

static struct error *put(struct sink *sink, uint64_t from, uint64_t to)
{
	static uint8_t buf[3 * MIB];

	for (uint64_t i = from; i < to; i++)
		buf[i - from] = pattern(i);
	return sink->ops->data(sink, from, buf, to - from);
}

/* The first byte at or after FROM that is not the pattern; LEN without. */
static uint64_t differs(const char *name, uint64_t from, uint64_t *size)
{
	int fd = open(name, O_RDONLY);
	struct stat st = { 0 };
	uint8_t *bytes;
	uint64_t i;

	fstat(fd, &st);
	*size = st.st_size;
	bytes = malloc(st.st_size + 1);
	CHECK(read(fd, bytes, st.st_size) == st.st_size);
	for (i = from; i < *size && bytes[i] == pattern(i); i++)
		;
	free(bytes);
	close(fd);
	return i;
}

/* Data in odd pieces with barriers anywhere, meta at odd places. */
static void bytes(const char *name)
{
	struct sink *sink = begin(name);
	const struct sink_ops *ops = sink->ops;
	uint64_t at = META, size, written, step = 1;
	static uint8_t model[META], buf[META];
	uint64_t nr_barriers = 0;

	memset(model, 0, sizeof(model));
	CHECK(ops->room(sink) > 0);
	for (unsigned i = 0; i < 60; i++) {
		uint64_t offset = (uint64_t)i * 7919 * 13 % (META - 70000);
		size_t len = i % 7 * 9973 + 1;

		CHECK_OK(put(sink, at, at + step));
		at += step;
		step = step * 7 % 300007 + 1;
		memset(model + offset, i + 1, len);
		CHECK_OK(ops->meta(sink, offset, model + offset, len));
		if (i % 3 == 0) {
			CHECK_OK(ops->barrier(sink));
			nr_barriers++;
		}
		if (i % 5 == 0) {	/* also bytes that are on their way */
			CHECK_OK(ops->read_back(sink, offset / 2 + 3, buf,
						60001));
			CHECK(!memcmp(buf, model + offset / 2 + 3, 60001));
		}
	}
	CHECK_OK(ops->drain(sink, &written));
	CHECK(written == at);
	CHECK(ops->reached(sink) == nr_barriers);
	CHECK_OK(ops->read_back(sink, 0, buf, META));
	CHECK(!memcmp(buf, model, META));
	CHECK_OK(put(sink, at, at + 5));	/* goes on after a drain */
	at += 5;
	CHECK_OK(ops->commit(sink, 424, "done", 4, at));
	memcpy(model + 424, "done", 4);
	sink_destroy(sink);
	CHECK(differs(name, META, &size) == at && size == at);
	int fd = open(name, O_RDONLY);
	CHECK(read(fd, buf, META) == META && !memcmp(buf, model, META));
	close(fd);
}

static void bytes_everywhere(void)
{
	struct stat st;

	bytes(path);
	CHECK(!stat(path, &st) && (st.st_mode & 07777) == 0600);
	no_direct = true;
	bytes(path);
	no_direct = false;
	no_direct_write = true;
	bytes(path);
	no_direct_write = false;
	static const int refusals[] = { EOPNOTSUPP, ENODEV, EPERM, EIO };
	for (unsigned i = 0; i < 4; i++) {
		no_fallocate = refusals[i];
		bytes(path);
	}
	no_fallocate = 0;
	no_sync = EINVAL;
	bytes(path);
	no_sync = 0;
	interrupts = true;
	bytes(path);
	no_thread = true;
	unlink(path);
	bytes(path);
	no_thread = interrupts = false;
	no_thread = true;
	bytes(path);
	no_thread = false;
	bytes("/dev/shm/unit-sink");
	unlink("/dev/shm/unit-sink");
	/* nothing beyond the size stays allocated */
	CHECK(!stat(path, &st) && st.st_blocks * 512 <= st.st_size + 65536);
}

static void refused(void)
{
	struct sink *sink;

	unlink(path);
	CHECK_ERROR(sink_file_create("", 0, &sink), "empty");
	CHECK_ERROR(sink_file_create("/var/tmp/", 0, &sink), "directory");
	CHECK_ERROR(sink_file_create(dir, SINK_FORCE, &sink), "directory");
	CHECK_ERROR(sink_file_create("/nowhere/at/all", 0, &sink),
		    "/nowhere/at/all");
	CHECK_ERROR(sink_file_create("/dev/null", SINK_FORCE, &sink),
		    "character device");
	CHECK(!symlink("target", path));
	CHECK_ERROR(sink_file_create(path, SINK_FORCE, &sink),
		    "symbolic link");
	unlink(path);
	CHECK(!mkfifo(path, 0600));
	CHECK_ERROR(sink_file_create(path, SINK_FORCE, &sink), "FIFO");
	unlink(path);
	CHECK(!mknod(path, S_IFREG | 0600, 0));
	CHECK_ERROR(sink_file_create(path, 0, &sink), "-f");
	CHECK(!link(path, other));
	CHECK_ERROR(sink_file_create(path, SINK_FORCE, &sink), "hard links");
	unlink(other);
	unlink(path);
}

/* A file of another user is not written to: what he has open stays as it is.
 * Also the retry of our own dump where a server gives it to somebody else. */
static void foreign(void)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);

	if (geteuid() || !CHECK(fd >= 0) || !CHECK(!chown(path, 65534, 65534)))
		return;
	sink_destroy(begin(path));
	CHECK(!stat(path, &st) && st.st_uid == 0 &&
	      (st.st_mode & 07777) == 0600);
	CHECK(!fstat(fd, &st) && st.st_size == 0 && st.st_nlink == 0);
	close(fd);
	/* ours, but somebody may have opened it */
	CHECK(!chmod(path, 0640));
	fd = open(path, O_RDONLY);
	sink_destroy(begin(path));
	CHECK(!fstat(fd, &st) && st.st_nlink == 0);
	CHECK(!stat(path, &st) && (st.st_mode & 07777) == 0600);
	close(fd);
	unlink(path);
}

/* Somebody puts something there between create and begin. */
static void raced(void)
{
	struct sink *sink = NULL;

	unlink(path);
	CHECK_OK(sink_file_create(path, 0, &sink));
	CHECK(!mknod(path, S_IFREG | 0644, 0));
	CHECK_ERROR(sink->ops->begin(sink, &layout), "exists");
	unlink(path);
	CHECK(!symlink(other, path));
	CHECK_ERROR(sink->ops->begin(sink, &layout), "exists");
	CHECK(access(other, F_OK));
	sink_destroy(sink);
	unlink(path);

	CHECK_OK(sink_file_create(path, SINK_FORCE, &sink));
	CHECK(!symlink(other, path));
	CHECK_ERROR(sink->ops->begin(sink, &layout), path);
	CHECK(access(other, F_OK));
	unlink(path);
	CHECK(!mkfifo(path, 0600));
	CHECK_ERROR(sink->ops->begin(sink, &layout), "FIFO");
	unlink(path);
	CHECK(!mknod(path, S_IFREG | 0644, 0));
	CHECK_OK(sink->ops->begin(sink, &layout));
	sink_destroy(sink);
	struct stat st;
	CHECK(!stat(path, &st) && (st.st_mode & 07777) == 0600);
	unlink(path);
}

/* Writes until the sink says no: what it says stands does. */
static void fill(const char *name, const char *text)
{
	struct sink *sink = begin(name);
	const struct sink_ops *ops = sink->ops;
	struct error *err = NULL;
	uint64_t at = META, written, size;
	uint8_t buf[1000];

	while (!err && at < 64 * MIB) {
		if (at % 5 == 0)
			err = ops->barrier(sink);
		if (!err)
			err = put(sink, at, at + 100003);
		at += 100003;
	}
	if (!err)
		err = ops->drain(sink, &written);
	CHECK(err && error_kind(err) == ERROR_NOSPACE &&
	      strstr(error_message(err), text) &&
	      strstr(error_message(err), name));
	error_destroy(err);
	CHECK_OK(ops->drain(sink, &written));	/* not said twice */
	CHECK(written >= META && written < at);
	CHECK_ERROR(put(sink, at, at + 1), "no more");
	memset(buf, 'x', sizeof(buf));
	CHECK_OK(ops->meta(sink, 65536 + 77, buf, sizeof(buf)));
	CHECK_OK(ops->barrier(sink));
	CHECK_OK(ops->commit(sink, 0, "head", 4, written));
	sink_destroy(sink);
	CHECK(differs(name, META, &size) == written && size == written);
}

static void full(void)
{
	struct rlimit limit, old;
	struct sink *sink = NULL;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	for (unsigned i = 0; i < 12; i++) {
		limit.rlim_cur = META + i * 777777 + 1 + i / 3 * 4095;
		setrlimit(RLIMIT_FSIZE, &limit);
		no_thread = i == 3;
		no_direct = i == 4;
		fill(path, "File too large");
		no_thread = no_direct = false;
	}
	limit.rlim_cur = META / 2;
	setrlimit(RLIMIT_FSIZE, &limit);
	unlink(path);
	CHECK_OK(sink_file_create(path, SINK_FORCE, &sink));
	CHECK(sink->ops->room(sink) == META / 2);
	CHECK_ERROR(sink->ops->begin(sink, &layout), "File too large");
	CHECK(access(path, F_OK));		/* nothing is left */
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK_OK(sink->ops->begin(sink, &layout));	/* once more */
	sink_destroy(sink);
}

/* O_DIRECT writes all of an extent or nothing: what of it fits is written. */
static void part_of_extent(void)
{
	static const unsigned rooms[] = { 4096, 300000, MIB - 1, 3 * MIB - 5000 };

	for (unsigned i = 0; i < 4; i++) {
		struct sink *sink = begin(path);
		uint64_t written, size, whole;
		struct error *err;

		room_end = META + rooms[i];
		whole = META + rooms[i] / 4096 * 4096;
		CHECK_OK(put(sink, META, META + 3 * MIB));
		err = sink->ops->drain(sink, &written);
		CHECK(err && error_kind(err) == ERROR_NOSPACE);
		error_destroy(err);
		CHECK(written >= whole && written <= room_end);
		CHECK_OK(sink->ops->commit(sink, 0, "head", 4, written));
		room_end = 0;
		sink_destroy(sink);
		CHECK(differs(path, META, &size) == written && size == written);
	}
	unlink(path);
}

/* A full file system of 3 MiB; only root can make one. */
static void full_tmpfs(void)
{
	char name[100];
	struct sink *sink = NULL;

	if (geteuid() || mkdir(other, 0700) ||
	    mount("none", other, "tmpfs", 0, "size=3m")) {
		fprintf(stderr, "no tmpfs of our own: not tested\n");
		rmdir(other);
		return;
	}
	snprintf(name, sizeof(name), "%s/dump", other);
	CHECK_OK(sink_file_create(name, SINK_FORCE, &sink));
	CHECK(sink->ops->room(sink) == 3 * MIB);
	sink_destroy(sink);
	fill(name, "No space left");
	fill(name, "No space left");		/* replaces the first */
	no_fallocate = true;
	fill(name, "No space left");
	no_fallocate = false;
	unlink(name);
	CHECK(!umount(other));
	rmdir(other);
}

int main(void)
{
	if (!CHECK(mkdtemp(dir)))
		return unit_end();
	snprintf(path, sizeof(path), "%s/dump", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	umask(0);
	refused();
	foreign();
	raced();
	bytes_everywhere();
	full();
	part_of_extent();
	full_tmpfs();
	sink_destroy(NULL);
	unlink(path);
	rmdir(dir);
	return unit_end();
}
