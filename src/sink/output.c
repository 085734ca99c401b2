/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creating an output file. All goes through a descriptor of the directory, so
 * the checks and the file they are about stay together even if somebody
 * renames directories meanwhile.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Whether the file of ST may be replaced. */
static struct error *output_check(const struct output *output,
				  const struct stat *st)
{
	const char *kind = NULL;

	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		break;
	case S_IFLNK:
		return error_create(ERROR_IO, "%s is a symbolic link, which is "
				    "not followed: name its target",
				    output->path);
	case S_IFDIR:
		return error_create(ERROR_IO, "%s is a directory: name a file "
				    "in it", output->path);
	case S_IFIFO:
		kind = "a FIFO";
		break;
	case S_IFBLK:
		kind = "a block device";
		break;
	case S_IFCHR:
		kind = "a character device";
		break;
	default:
		kind = "no regular file";
	}
	if (kind)
		return error_create(ERROR_IO, "%s is %s: a dump goes to a "
				    "regular file, or with -F to stdout",
				    output->path, kind);
	if (!output->force)
		return error_create(ERROR_IO, "%s exists; use -f to replace it",
				    output->path);
	if (st->st_nlink > 1)
		return error_create(ERROR_IO, "%s has other names (hard "
				    "links): not replaced", output->path);
	return NULL;
}

struct error *output_init(struct output *output, const char *path, bool force)
{
	char *slash;
	struct stat st;

	*output = (struct output){ .dir_fd = -1, .force = force };
	output->path = strdup(path);
	if (!output->path)
		return error_nomem();
	slash = strrchr(output->path, '/');
	output->name = slash ? slash + 1 : output->path;
	if (!*path)
		return error_create(ERROR_IO, "the output's name is empty");
	if (!*output->name)
		return error_create(ERROR_IO, "%s is a directory: name a file "
				    "in it", path);
	if (slash)
		*slash = 0;
	/* O_PATH serves where we may create files but not list them */
	const char *dir = !slash ? "." : slash == output->path ? "/" :
		output->path;
	output->dir_fd = TEMP_FAILURE_RETRY(open(dir, O_RDONLY | O_DIRECTORY |
						 O_CLOEXEC));
	if (output->dir_fd < 0 && errno == EACCES)
		output->dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (slash)
		*slash = '/';
	if (output->dir_fd < 0)
		return error_errno(errno, "cannot open the directory of %s",
				   path);
	if (!fstatat(output->dir_fd, output->name, &st, AT_SYMLINK_NOFOLLOW))
		return output_check(output, &st);
	if (errno != ENOENT)
		return error_errno(errno, "cannot look at %s", path);
	return NULL;
}

void output_deinit(struct output *output)
{
	if (output->dir_fd >= 0)
		close(output->dir_fd);
	free(output->path);
	*output = (struct output){ .dir_fd = -1 };
}

static int output_make(const struct output *output)
{
	return TEMP_FAILURE_RETRY(openat(output->dir_fd, output->name,
					 O_RDWR | O_CREAT | O_EXCL |
					 O_NOFOLLOW | O_CLOEXEC, 0600));
}

/* A file that another user owns, or may have open: he could read what we write
 * into it. A new one takes its place. Servers that give root's files to
 * somebody else (NFS: root_squash) show us our own as such. */
static struct error *output_renew(const struct output *output, int *ret)
{
	if (unlinkat(output->dir_fd, output->name, 0))
		return error_errno(errno, "cannot remove %s, which others may "
				   "read", output->path);
	*ret = output_make(output);
	return *ret < 0 ? error_errno(errno, "cannot create %s",
				      output->path) : NULL;
}

/* The existing file: opened without O_TRUNC, looked at, then emptied. */
static struct error *output_reopen(const struct output *output, int *ret)
{
	struct stat st;
	struct error *err;
	int fd;

	/* O_NONBLOCK: a FIFO put there meanwhile must not stop us */
	fd = TEMP_FAILURE_RETRY(openat(output->dir_fd, output->name, O_RDWR |
				       O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
	if (fd < 0)
		return error_errno(errno, "cannot open %s", output->path);
	if (fstat(fd, &st))
		err = error_errno(errno, "cannot look at %s", output->path);
	else
		err = output_check(output, &st);
	if (!err && (st.st_uid != geteuid() || st.st_mode & 077)) {
		close(fd);
		return output_renew(output, ret);
	}
	if (!err && (((st.st_mode & 07777) != 0600 && fchmod(fd, 0600)) ||
		     TEMP_FAILURE_RETRY(ftruncate(fd, 0))))
		err = error_errno(errno, "cannot empty %s", output->path);
	if (err) {
		close(fd);
		return err;
	}
	*ret = fd;
	return NULL;
}

struct error *output_open(const struct output *output, int *ret)
{
	int fd = output_make(output);

	if (fd >= 0) {
		*ret = fd;
		return NULL;
	}
	if (errno == EEXIST && output->force)
		return output_reopen(output, ret);
	if (errno == EEXIST)
		return error_create(ERROR_IO, "%s exists; use -f to replace it",
				    output->path);
	return error_errno(errno, "cannot create %s", output->path);
}

struct error *output_fopen(const struct output *output, FILE **ret)
{
	int fd;

	TRY(output_open(output, &fd));
	*ret = fdopen(fd, "w");
	if (*ret)
		return NULL;
	close(fd);
	output_remove(output);
	return error_nomem();
}

struct error *output_fclose(const struct output *output, FILE *file)
{
	struct error *err = NULL;

	errno = 0;
	if (fflush(file) || ferror(file) ||
	    TEMP_FAILURE_RETRY(fsync(fileno(file))))
		err = error_errno(errno ? errno : EIO, "%s", output->path);
	if (fclose(file) && !err)
		err = error_errno(errno, "%s", output->path);
	return err;
}

bool output_in_memory(const char *path)
{
	struct statfs st;
	struct stat file;

	/* a device's node is in /dev, and that is in memory */
	if (!stat(path, &file) && S_ISBLK(file.st_mode))
		return major(file.st_rdev) == RAMDISK_MAJOR;
	return !statfs(path, &st) && (st.f_type == TMPFS_MAGIC ||
				      st.f_type == RAMFS_MAGIC);
}

bool output_free_bytes(const struct output *output, int fd, uint64_t *ret)
{
	struct statvfs st;

	if (fstatvfs(fd >= 0 ? fd : output->dir_fd, &st))
		return false;
	if (!st.f_blocks)	/* some network file systems do not know */
		return false;
	*ret = st.f_frsize * (uint64_t)(geteuid() ? st.f_bavail : st.f_bfree);
	return true;
}

uint64_t output_held(const struct output *output)
{
	struct stat st;

	if (fstatat(output->dir_fd, output->name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_blocks * 512;
}

void output_remove(const struct output *output)
{
	unlinkat(output->dir_fd, output->name, 0);
}
