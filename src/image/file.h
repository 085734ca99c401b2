/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of an image, read at offsets of the dump. A plain file is the dump;
 * a flattened one (makedumpfile -F) holds it in records, in any order, and is
 * known by its first bytes. Everything that reads an image's file does it here,
 * but for windows (window.h), which map plain files only.
 */
#ifndef CAPDUMP_IMAGE_FILE_H
#define CAPDUMP_IMAGE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/log.h"

struct flat_index;

/* Immutable once open, but for image_file_extend(). Any thread may read. */
struct image_file {
	int fd;			/* owned; -1: none */
	uint64_t size;		/* of the dump, bytes; 0 if unknown */
	struct flat_index *flat;	/* NULL: a plain file; owned */
	bool cut_off;		/* a flattened stream without its end: what is
				 * in no record was not sent */
};

/*
 * Opens PATH, which is no directory and no pipe. Errors name it.
 * Of a flattened stream that is cut off, without an end record, or broken, what
 * comes before is taken, and LOG (may be NULL) gets one warning that names the
 * path, the byte, and what is missing. On error there is nothing to close.
 */
struct error *image_file_open(const char *path, struct log *log,
			      struct image_file *ret);
void image_file_close(struct image_file *file);	/* also if fd is -1 */

/*
 * Reads up to LEN bytes at OFFSET; *RET < LEN only at the end. What is in no
 * record of a flattened stream reads as zeroes, as what nobody wrote does in a
 * file. Errors as io_pread().
 */
struct error *image_file_read(const struct image_file *file, void *buf,
			      size_t len, uint64_t offset, size_t *ret);

/* The same, but an early end is an ERROR_INVALID. */
struct error *image_file_read_exact(const struct image_file *file, void *buf,
				    size_t len, uint64_t offset);

/* Whether none of [offset, offset + len) is known to be missing: it lies before
 * the end and, where a stream is cut off, in records. */
bool image_file_has(const struct image_file *file, uint64_t offset,
		    uint64_t len);

/* The first offset from OFFSET on that may hold anything but zeroes: what comes
 * before is a hole. UINT64_MAX: nothing more. */
uint64_t image_file_next(const struct image_file *file, uint64_t offset);

/* A stream that is cut off was to be SIZE bytes long at least: what is missing
 * reads as zeroes. Nothing for other files. */
void image_file_extend(struct image_file *file, uint64_t size);

#endif
