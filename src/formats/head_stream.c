/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notes of a dump, and sending a head: see head_stream.h. */
#include "head_stream.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "../image/notes.h"

/* Calls FN for each run of bytes of the image file that is to be copied as
 * notes; those of one PT_NOTE follow each other. */
typedef struct error *note_run_fn(void *arg, uint64_t offset, uint64_t len);

struct run_arg {
	note_run_fn *fn;
	void *arg;
};

static struct error *run_unless_device(void *arg, const struct note *note)
{
	struct run_arg *run = arg;

	if (note_is_device_dump(note))
		return NULL;
	return run->fn(run->arg, note->offset, note->len);
}

static struct error *note_end(void *arg, const struct note *note)
{
	*(uint64_t *)arg = note->offset + note->len;
	return NULL;
}

/* Whether [OFFSET, END) of the image file is zeroes, less than a largest page of
 * them. */
static bool is_filled_up(const struct image *image, uint64_t offset,
			 uint64_t end)
{
	static const uint8_t zeroes[512];
	uint8_t buf[sizeof(zeroes)];

	if (end < offset || end - offset >= CODEC_LEN_MAX)
		return false;
	while (offset < end) {
		size_t len = (size_t)min_u64(end - offset, sizeof(buf));
		struct error *err = image_file_read_exact(&image->file, buf,
							  len, offset);

		error_destroy(err);
		if (err || memcmp(buf, zeroes, len))
			return false;
		offset += len;
	}
	return true;
}

/*
 * Bytes of PT_NOTE number I that are copied. All, if they are too many to look
 * at. It may end with zeroes (Linux fs/proc/vmcore.c rounds up to pages), which
 * readers take for notes of 12 bytes, and so would miss where the next PT_NOTE
 * begins (crash diskdump.c: process_elf64_notes()). What follows the notes of
 * the last PT_NOTE is copied if it is anything else.
 */
static struct error *note_extent_len(const struct image *image, size_t i,
				     uint32_t *left, uint64_t *ret)
{
	const struct note_extent *extent = &image->notes[i];
	uint64_t end = extent->offset;
	struct error *err;

	*ret = extent->len;
	if (*left == UINT32_MAX)
		return NULL;
	err = notes_extent_each(image, i, NULL, note_end, &end, left);
	if (!err && *left != UINT32_MAX &&
	    (i + 1 < image->nr_notes ||
	     is_filled_up(image, end, extent->offset + extent->len)))
		*ret = end - extent->offset;
	if (err && error_kind(err) == ERROR_STOPPED)
		return err;
	error_destroy(err);
	return NULL;
}

static struct error *note_runs(const struct dump_facts *facts, note_run_fn *fn,
			       void *arg)
{
	const struct image *image = facts->image;
	struct run_arg run = { fn, arg };
	uint32_t left = NOTES_MAX;

	/* the log has had its warnings when VMCOREINFO was looked for */
	if (facts->drop_device_dumps)
		return notes_each(image, NULL, run_unless_device, &run);
	for (size_t i = 0; i < image->nr_notes; i++) {
		uint64_t len;

		TRY(note_extent_len(image, i, &left, &len));
		TRY(fn(arg, image->notes[i].offset, len));
	}
	return NULL;
}

struct measure {
	const struct vmcoreinfo *vmcoreinfo;	/* NULL: none */
	struct head_notes notes;		/* so far */
};

/* Notes are 4-byte aligned; so is each run in the dump. */
static struct error *measure_run(void *arg, uint64_t offset, uint64_t len)
{
	struct measure *measure = arg;
	const struct vmcoreinfo *vmcoreinfo = measure->vmcoreinfo;

	if (vmcoreinfo && vmcoreinfo->offset >= offset &&
	    vmcoreinfo->offset - offset <= len &&
	    vmcoreinfo->note_len <= len - (vmcoreinfo->offset - offset))
		measure->notes.vmcoreinfo_at =
			measure->notes.len + (vmcoreinfo->offset - offset);
	if (len > INT64_MAX - 3 ||
	    add_overflows(measure->notes.len, align_up(len, 4),
			  &measure->notes.len) ||
	    measure->notes.len > INT64_MAX)
		return error_create(ERROR_INVALID, "the notes are larger than "
				    "any file");
	return NULL;
}

/* The note that is made: header, name, contents (Linux kernel/vmcore_info.c). */
static const char own_name[12] = "VMCOREINFO";

#define OWN_AT (12 + sizeof(own_name))	/* its contents in it */

static bool has_own(const struct dump_facts *facts)
{
	return facts->vmcoreinfo && !facts->vmcoreinfo->offset &&
	       !facts->vmcoreinfo->note_len;
}

static struct error *measure_own(const struct dump_facts *facts,
				 struct head_notes *ret)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	TRY(vmcoreinfo_text(facts->vmcoreinfo, &text, &len));
	ret->vmcoreinfo_at = ret->len + OWN_AT;
	ret->vmcoreinfo_len = len;
	ret->len += OWN_AT + align_up(len, 4);
	return NULL;
}

struct error *head_notes_measure(const struct dump_facts *facts,
				 struct head_notes *ret)
{
	struct measure measure = {
		has_own(facts) ? NULL : facts->vmcoreinfo,
		{ .vmcoreinfo_at = UINT64_MAX }
	};

	TRY(note_runs(facts, measure_run, &measure));
	*ret = measure.notes;
	if (has_own(facts))
		return measure_own(facts, ret);
	if (facts->vmcoreinfo)
		ret->vmcoreinfo_len = facts->vmcoreinfo->note_len;
	if (facts->vmcoreinfo && ret->vmcoreinfo_at == UINT64_MAX)
		log_warn(facts->log, "VMCOREINFO is in no note: the dump has "
			 "none");
	return NULL;
}

struct error *head_stream_flush(struct head_stream *stream)
{
	const struct sink_ops *ops = stream->sink->ops;
	const uint8_t *buf = stream->buf;
	uint64_t offset = stream->offset;
	size_t len = stream->len;

	if (stream->skip >= offset && len >= 4 &&
	    stream->skip - offset <= len - 4) {
		size_t n = (size_t)(stream->skip - offset);

		TRY(ops->meta(stream->sink, offset, buf, n));
		buf += n + 4;
		offset += n + 4;
		len -= n + 4;
	}
	if (len)
		TRY(ops->meta(stream->sink, offset, buf, len));
	stream->offset += stream->len;
	stream->len = 0;
	return NULL;
}

/* Reads N bytes at OFFSET of the image file; what can't be read, page by
 * page, is zero. */
static void read_notes(const struct dump_facts *facts, uint64_t offset,
		       uint8_t *into, size_t n)
{
	const struct image_file *file = &facts->image->file;
	struct error *err = image_file_read_exact(file, into, n, offset);
	size_t step;

	if (!err)
		return;
	error_destroy(err);
	for (size_t at = 0; at < n; at += step) {
		step = min_u64(n - at, 4096 - (offset + at) % 4096);
		err = image_file_read_exact(file, into + at, step, offset + at);
		if (!err)
			continue;
		log_warn(facts->log, "notes: %s: zeroes stand in the dump "
			 "instead", error_message(err));
		memset(into + at, 0, step);
		error_destroy(err);
	}
}

/* Appends LEN bytes at OFFSET of the image file, or LEN zeroes. */
static struct error *stream_append(struct head_stream *stream, bool zero,
				   uint64_t offset, uint64_t len)
{
	while (len) {
		size_t n = min_u64(len, HEAD_PIECE - stream->len);

		TRY(stop_check());
		if (zero)
			memset(stream->buf + stream->len, 0, n);
		else
			read_notes(stream->facts, offset,
				   stream->buf + stream->len, n);
		stream->len += n;
		offset += n;
		len -= n;
		if (stream->len == HEAD_PIECE)
			TRY(head_stream_flush(stream));
	}
	return NULL;
}

static struct error *copy_run(void *arg, uint64_t offset, uint64_t len)
{
	struct head_stream *stream = arg;

	TRY(stream_append(stream, false, offset, len));
	return stream_append(stream, true, 0, align_up(len, 4) - len);
}

struct error *head_stream_zero(struct head_stream *stream, uint64_t len)
{
	return stream_append(stream, true, 0, len);
}

static struct error *stream_bytes(struct head_stream *stream, const void *bytes,
				  size_t len)
{
	const uint8_t *p = bytes;

	while (len) {
		size_t n = min_u64(len, HEAD_PIECE - stream->len);

		memcpy(stream->buf + stream->len, p, n);
		stream->len += n;
		p += n;
		len -= n;
		if (stream->len == HEAD_PIECE)
			TRY(head_stream_flush(stream));
	}
	return NULL;
}

static struct error *stream_own(struct head_stream *stream)
{
	bool big = stream->facts->image->target.big_endian;
	AUTO_FREE char *text = NULL;
	uint8_t header[12] = { 0 };	/* the type is 0 */
	size_t len;

	TRY(vmcoreinfo_text(stream->facts->vmcoreinfo, &text, &len));
	put_u32(header, sizeof("VMCOREINFO"), big);
	put_u32(header + 4, (uint32_t)len, big);
	TRY(stream_bytes(stream, header, sizeof(header)));
	TRY(stream_bytes(stream, own_name, sizeof(own_name)));
	TRY(stream_bytes(stream, text, len));
	return head_stream_zero(stream, align_up(len, 4) - len);
}

struct error *head_stream_notes(struct head_stream *stream)
{
	TRY(note_runs(stream->facts, copy_run, stream));
	return has_own(stream->facts) ? stream_own(stream) : NULL;
}
