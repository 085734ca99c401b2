/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the machine below a folder: see root.h. */
#include "root.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/io.h"

#define VMCORE "/proc/vmcore"

struct error *root_path(const char *root, const char *path, char **ret)
{
	if (asprintf(ret, "%s%s", root ? root : "", path) >= 0)
		return NULL;
	*ret = NULL;
	return error_nomem();
}

bool root_has(const char *root, const char *path)
{
	AUTO_FREE char *full = NULL;
	struct error *err = root_path(root, path, &full);

	error_destroy(err);
	return !err && !access(full, F_OK);
}

static bool is_file(const char *root, const char *name,
		    const struct stat *file)
{
	AUTO_FREE char *path = NULL;
	struct error *err = root_path(root, name, &path);
	struct stat st;

	error_destroy(err);
	return !err && !stat(path, &st) && st.st_dev == file->st_dev &&
	       st.st_ino == file->st_ino;
}

bool root_is(const char *root, const char *name, const char *path)
{
	struct stat st;

	return !stat(path, &st) && is_file(root, name, &st);
}

bool root_is_vmcore(const char *root, const struct image *image)
{
	struct stat st;

	return !fstat(image->file.fd, &st) && is_file(root, VMCORE, &st);
}

bool root_may_be_vmcore(const char *root, const char *path)
{
	struct stat st;

	return stat(path, &st) || is_file(root, VMCORE, &st);
}
