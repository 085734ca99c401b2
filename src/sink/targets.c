/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See targets.h. */
#include "targets.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

struct error *targets_add(struct target_fs *list, size_t *nr, const char *path,
			  const char *full, unsigned nr_files)
{
	struct statvfs fs;
	struct stat st;
	size_t i = 0;

	if (stat(full, &st) || statvfs(full, &fs))
		return error_errno(errno, "%s", full);
	while (i < *nr && list[i].device != st.st_dev)
		i++;
	if (i == *nr)
		list[(*nr)++] = (struct target_fs){
			.path = path, .device = st.st_dev,
			.room = (uint64_t)fs.f_bavail * fs.f_frsize,
		};
	list[i].nr_files += nr_files;
	return NULL;
}
