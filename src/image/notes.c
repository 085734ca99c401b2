/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF notes, streamed: see notes.h. */
#include "notes.h"

#include <elf.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"

#define NOTE_HEADER 12		/* namesz, descsz, type: 4 bytes each */

/*
 * Reads the note at OFFSET of an extent that ends at END. *LEN 0: it is the
 * end of the notes, or one that runs over.
 */
static struct error *read_note(const struct image *image, uint64_t offset,
			       uint64_t end, struct log *log,
			       struct note *ret)
{
	bool big = image->target.big_endian;
	uint8_t head[NOTE_HEADER + NOTE_NAME_MAX - 1];
	uint64_t name_len, desc_len;

	ret->len = 0;
	if (end - offset < NOTE_HEADER)
		return NULL;
	TRY(image_file_read_exact(&image->file, head,
				  (size_t)min_u64(sizeof(head), end - offset),
				  offset));
	name_len = get_u32(head, big);
	desc_len = get_u32(head + 4, big);
	if (!name_len && !desc_len)
		return NULL;
	ret->type = get_u32(head + 8, big);
	ret->offset = offset;
	ret->desc_offset = offset + NOTE_HEADER + align_up(name_len, 4);
	ret->desc_len = (uint32_t)desc_len;
	if (ret->desc_offset + desc_len > end) {
		log_warn(log,
			 "%s: the note at offset %#llx claims %llu + %llu bytes, its segment ends at %#llx: ignored",
			 image->path, (unsigned long long)offset,
			 (unsigned long long)name_len,
			 (unsigned long long)desc_len,
			 (unsigned long long)end);
		return NULL;
	}
	memset(ret->name, 0, sizeof(ret->name));
	memcpy(ret->name, head + NOTE_HEADER,
	       (size_t)min_u64(name_len, NOTE_NAME_MAX - 1));
	/* the padding of the last note may be missing */
	ret->len = min_u64(ret->desc_offset + align_up(desc_len, 4), end) -
		   offset;
	return NULL;
}

struct error *notes_extent_each(const struct image *image, size_t i,
				struct log *log, note_fn *fn, void *arg,
				uint32_t *left)
{
	uint64_t offset = image->notes[i].offset;
	uint64_t end = offset + image->notes[i].len;

	while (offset < end && *left != UINT32_MAX) {
		struct note note;

		TRY(stop_check());
		TRY(read_note(image, offset, end, log, &note));
		if (!note.len)
			break;
		if (!(*left)--) {
			log_warn(log,
				 "%s: has more than %u notes: those from offset %#llx on are not looked at",
				 image->path, NOTES_MAX,
				 (unsigned long long)offset);
			break;
		}
		TRY(fn(arg, &note));
		offset += note.len;
	}
	return NULL;
}

struct error *notes_each(const struct image *image, struct log *log,
			 note_fn *fn, void *arg)
{
	uint32_t left = NOTES_MAX;

	for (size_t i = 0; i < image->nr_notes; i++)
		TRY(notes_extent_each(image, i, log, fn, arg, &left));
	return NULL;
}

bool note_is_device_dump(const struct note *note)
{
	return note->type == 0x700 && !strcmp(note->name, "LINUX");
}

bool note_is_prstatus(const struct note *note)
{
	return note->type == NT_PRSTATUS && !strcmp(note->name, "CORE");
}
