/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Creating an output file as root, without surprises: never through a symbolic
 * link, never over what the operator did not ask to lose, never readable by
 * others.
 */
#ifndef CAPDUMP_SINK_OUTPUT_H
#define CAPDUMP_SINK_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../base/error.h"

struct output {
	char *path;		/* owned; for messages */
	const char *name;	/* the last component; points into path */
	int dir_fd;		/* its directory; owned; -1: closed */
	bool force;		/* an existing file may go */
};

/*
 * Opens PATH's directory and checks what stands at PATH now: an error that
 * names it if that is no regular file, or is one and FORCE is not set, or one
 * that has other names.
 */
struct error *output_init(struct output *output, const char *path, bool force);
void output_deinit(struct output *output);

/*
 * Creates the file (0600, O_RDWR | O_NOFOLLOW | O_CLOEXEC) or, if it exists and
 * force is set, empties it after the same checks on the open file; one that
 * another user may read is removed, and made anew.
 */
struct error *output_open(const struct output *output, int *ret);

/*
 * The same as a stream for text (without memory for that the file is removed again),
 * and its end: written out, synced, closed. An error of any write is told then;
 * whether what came is kept the caller decides.
 */
struct error *output_fopen(const struct output *output, FILE **ret);
struct error *output_fclose(const struct output *output, FILE *file);

/* Whether what is written to PATH stays in memory: tmpfs, or an initramfs. */
bool output_in_memory(const char *path);

/* Bytes free for us in the file system of FD, the open file, or of the directory
 * while that is -1; root may take what is reserved. False: it doesn't tell. */
bool output_free_bytes(const struct output *output, int fd, uint64_t *ret);

/* Bytes that an existing file at the path holds: they come back with force. */
uint64_t output_held(const struct output *output);

/* Removes the file again. */
void output_remove(const struct output *output);

#endif
