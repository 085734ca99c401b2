/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine that we run on, as /proc and /sys show it. All of it is looked up
 * below one folder, so that a copy of another machine's files, or a test's, can
 * take its place (--machine-root).
 */
#ifndef CAPDUMP_MACHINE_ROOT_H
#define CAPDUMP_MACHINE_ROOT_H

#include "../image/image.h"

/* PATH ("/proc/vmcore") below ROOT (NULL: this machine), a new string owned by
 * the caller. */
struct error *root_path(const char *root, const char *path, char **ret);

/* Whether there is such a file. False, too, if nobody can tell. */
bool root_has(const char *root, const char *path);

/* Whether PATH is the machine's file NAME ("/proc/device-tree"), by whatever name
 * it goes. */
bool root_is(const char *root, const char *name, const char *path);

/* Whether the image is the machine's own /proc/vmcore, by whatever name it was
 * opened. */
bool root_is_vmcore(const char *root, const struct image *image);

/* The same of a file that was not opened; true, too, if it is not there. */
bool root_may_be_vmcore(const char *root, const char *path);

#endif
