/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files of the machine's: see machine_file.h. */
#include "machine_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

#include "../base/io.h"
#include "root.h"

#define FIRST_SIZE ((size_t)16 << 10)

/* Files of /proc and /sys do not tell their size: read until the end. */
static struct error *read_all(int fd, size_t max, char **ret, size_t *len)
{
	AUTO_FREE char *buf = NULL;
	size_t size = FIRST_SIZE, used = 0, n;

	for (;;) {
		char *more;

		if (size > max)
			size = max;
		more = realloc(buf, size + 2);
		if (!more)
			return error_nomem();
		buf = more;
		TRY(io_pread(fd, buf + used, size + 1 - used, used, &n));
		used += n;
		if (used <= size)
			break;
		if (size == max)
			return error_create(ERROR_INVALID,
					    "more than %zu bytes", max);
		size *= 2;
	}
	buf[used] = '\0';
	*ret = buf;
	*len = used;
	buf = NULL;
	return NULL;
}

/*
 * A link in a copy of another machine's files leads to what is in the copy: one
 * to /sys/firmware/devicetree/base must not show our own. Kernels before 5.6
 * can't do that; there it leads where it leads. WHOLE is ROOT and PATH.
 */
static struct error *open_below(const char *root, const char *path,
				const char *whole, int *ret)
{
#ifdef SYS_openat2
	/* as io_open_read() */
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_IN_ROOT,
	};
	AUTO_FD int folder = -1;

	if (!root)
		return io_open_read(whole, ret);
	folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return error_errno(errno, "%s", whole);
	*ret = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	if (*ret >= 0)
		return NULL;
	*ret = -1;
	/* seccomp filters that do not know it say EPERM */
	if (errno != ENOSYS && errno != EPERM)
		return error_errno(errno, "%s", whole);
#else
	(void)root;
	(void)path;
#endif
	return io_open_read(whole, ret);
}

static struct error *read_file(const char *root, const char *path, size_t max,
			       bool may_lack, char **ret, size_t *len)
{
	AUTO_FREE char *whole = NULL;
	AUTO_FD int fd = -1;
	struct error *err;

	*ret = NULL;
	*len = 0;
	TRY(root_path(root, path, &whole));
	err = open_below(root, path, whole, &fd);
	if (err && may_lack && (error_number(err) == ENOENT ||
				error_number(err) == ENOTDIR)) {
		error_destroy(err);
		return NULL;
	}
	if (err)
		return err;
	err = read_all(fd, max, ret, len);
	return err ? error_wrap(err, "%s", whole) : NULL;
}

struct error *machine_file_read(const char *root, const char *path, size_t max,
				char **ret, size_t *len)
{
	return read_file(root, path, max, false, ret, len);
}

struct error *machine_file_try(const char *root, const char *path, size_t max,
			       char **ret, size_t *len)
{
	return read_file(root, path, max, true, ret, len);
}
