/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files in which a machine tells of itself: below /proc and /sys, or
 * below a folder that holds copies of them (--machine-root), as an analyst has
 * it from a machine that is far away.
 */
#ifndef CAPDUMP_MACHINE_FILE_H
#define CAPDUMP_MACHINE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/error.h"

/*
 * Reads all of PATH ("/proc/iomem") below ROOT (root_path(); NULL: the running
 * machine; links in it stay below it) into *RET (owned by the caller; *LEN bytes and a NUL). More than MAX
 * bytes are an error, which names the path, as is a file that can't be read.
 */
struct error *machine_file_read(const char *root, const char *path, size_t max,
				char **ret, size_t *len);

/* The same, but a file that is not there is success: *RET is NULL then. */
struct error *machine_file_try(const char *root, const char *path, size_t max,
			       char **ret, size_t *len);

#endif
