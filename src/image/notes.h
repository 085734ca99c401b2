/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF notes, streamed: a note's header is read, its contents only by who wants
 * them. Device dumps (NT_VMCOREDD) can be hundreds of MiB.
 */
#ifndef CAPDUMP_IMAGE_NOTES_H
#define CAPDUMP_IMAGE_NOTES_H

#include "image.h"

#define NOTE_NAME_MAX 64

/* Notes of an image that are looked at: 8192 CPUs (Linux: NR_CPUS) with two
 * dozen each, and a few more. */
#define NOTES_MAX (1u << 18)

struct note {
	char name[NOTE_NAME_MAX];	/* cut at that, NUL-terminated, raw */
	uint32_t type;
	uint64_t offset;	/* of the note's header, in the file */
	uint64_t len;		/* of the whole note, padded, bytes */
	uint64_t desc_offset;	/* of its contents, in the file */
	uint32_t desc_len;	/* bytes, without padding */
};

/* NULL to go on, an error to stop with it. */
typedef struct error *note_fn(void *arg, const struct note *note);

/*
 * Calls FN for each note of each PT_NOTE in order. An all-zero header ends a
 * PT_NOTE (the kernel merges note buffers and leaves zeroes: Linux
 * fs/proc/vmcore.c); a note that runs over the end of its extent ends it with
 * a warning. After NOTES_MAX of them all there is another warning, and the end.
 * ERROR_STOPPED if a signal came.
 */
struct error *notes_each(const struct image *image, struct log *log,
			 note_fn *fn, void *arg);

/*
 * The same for PT_NOTE number I alone. *LEFT: how many notes may still be
 * looked at; counted down, and to UINT32_MAX when there was one more.
 */
struct error *notes_extent_each(const struct image *image, size_t i,
				struct log *log, note_fn *fn, void *arg,
				uint32_t *left);

/* "LINUX" type 0x700, Linux include/uapi/linux/vmcore.h: NT_VMCOREDD. */
bool note_is_device_dump(const struct note *note);

/* "CORE" type 1, NT_PRSTATUS. */
bool note_is_prstatus(const struct note *note);

#endif
