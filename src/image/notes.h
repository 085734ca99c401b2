/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF notes, streamed: a note's header is read, its contents only by who wants
 * them. Device dumps (NT_VMCOREDD) can be hundreds of MiB.
 */
#ifndef CAPDUMP_IMAGE_NOTES_H
#define CAPDUMP_IMAGE_NOTES_H

#include "image.h"

#define NOTE_NAME_MAX 64

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
 * a warning.
 */
struct error *notes_each(const struct image *image, struct log *log,
			 note_fn *fn, void *arg);

/* "LINUX" type 0x700, Linux include/uapi/linux/vmcore.h: NT_VMCOREDD. */
bool note_is_device_dump(const struct note *note);

/* "CORE" type 1, NT_PRSTATUS. */
bool note_is_prstatus(const struct note *note);

#endif
