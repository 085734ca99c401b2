/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notes: the first two bytes cut the rest into two PT_NOTEs. */
#include "../../src/image/notes.h"
#include "../../src/image/vmcoreinfo.h"
#include "fuzz.h"

struct seen {
	const struct image *image;
	uint64_t end;		/* of the last note */
	unsigned nr;
};

static struct error *on_note(void *arg, const struct note *note)
{
	struct seen *seen = arg;

	FUZZ_CHECK(note->len >= 12 && note->offset >= seen->end);
	FUZZ_CHECK(note->desc_offset >= note->offset + 12);
	FUZZ_CHECK(note->desc_offset + note->desc_len <=
		   note->offset + note->len);
	seen->end = note->offset + note->len;
	FUZZ_CHECK(seen->end <= seen->image->file.size);
	(void)note_is_device_dump(note);
	(void)note_is_prstatus(note);
	seen->nr++;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct fuzz_source source = { bytes, len };
	uint16_t cut = fuzz_u16(&source);
	struct note_extent extents[2];
	struct image image = { .path = "fuzz", .notes = extents, .nr_notes = 2 };
	struct seen seen = { .image = &image };
	struct vmcoreinfo *vmcoreinfo = NULL;
	struct error *err;
	struct log log;

	if (cut > source.len)
		cut = source.len;
	extents[0] = (struct note_extent){ 0, cut };
	extents[1] = (struct note_extent){ cut, source.len - cut };
	image.target.big_endian = cut & 1;
	image.file.size = source.len;
	image.file.fd = fuzz_file(source.bytes, source.len);
	log_init(&log, fuzz_null(), 31);
	err = notes_each(&image, &log, on_note, &seen);
	error_destroy(err);
	err = vmcoreinfo_read(&image, &log, &vmcoreinfo);
	FUZZ_CHECK(!vmcoreinfo || vmcoreinfo->note_len <= image.file.size);
	error_destroy(err);
	vmcoreinfo_destroy(vmcoreinfo);
	log_deinit(&log);
	close(image.file.fd);
	return 0;
}
