/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block device as a file that a dump is written to: there already, of a fixed
 * size, and perhaps somebody's.
 */
#ifndef CAPDUMP_SINK_DEVICE_H
#define CAPDUMP_SINK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/error.h"

/* Whether PATH is one, also by symbolic links (/dev/disk/by-id and the like). */
bool device_is(const char *path);

/*
 * Opens it (O_EXCL: an error if it is mounted, or part of something that is in
 * use); *SIZE in bytes. Unless FORCE, an error that says what is on it if that is
 * a file system or its like, or a dump, as far as they are known here.
 */
struct error *device_open(const char *path, bool force, int *ret,
			  uint64_t *size);

/* Zeroes [0, len), a multiple of 4096; false if the device can't by itself. */
bool device_zero(int fd, uint64_t len);

#endif
