/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header, sub-header and notes of a kdump-compressed dump.
 *
 * Readers find the table at (1 + sub_hdr_size + bitmap_blocks) blocks
 * (makedumpfile.c: write_kdump_header(), crash diskdump.c, libkdumpfile
 * diskdump.c). Blocks are at least 4 KiB, so table and data are aligned for
 * O_DIRECT nearly everywhere; the sink sees to it where that is not enough.
 * Each bitmap is whole blocks: readers take the second half of bitmap_blocks
 * for bitmap 2.
 */
#include "kdump_head.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "../image/notes.h"
#include "kdump_format.h"

#define DATA_ALIGN 4096u
#define PIECE (256u * 1024)	/* of the notes, at a time; a multiple of any
				 * sink's alignment */

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
	uint64_t len;				/* so far */
	uint64_t vmcoreinfo_at;			/* UINT64_MAX: not seen */
};

/* Notes are 4-byte aligned; so is each run in the dump. */
static struct error *measure_run(void *arg, uint64_t offset, uint64_t len)
{
	struct measure *measure = arg;
	const struct vmcoreinfo *vmcoreinfo = measure->vmcoreinfo;

	if (vmcoreinfo && vmcoreinfo->offset >= offset &&
	    vmcoreinfo->offset - offset <= len &&
	    vmcoreinfo->note_len <= len - (vmcoreinfo->offset - offset))
		measure->vmcoreinfo_at =
			measure->len + (vmcoreinfo->offset - offset);
	if (len > INT64_MAX - 3 ||
	    add_overflows(measure->len, align_up(len, 4), &measure->len) ||
	    measure->len > INT64_MAX)
		return error_create(ERROR_INVALID, "the notes are larger than "
				    "any file");
	return NULL;
}

struct error *kdump_head_init(const struct dump_facts *facts,
			      struct kdump_head *head,
			      struct dump_layout *layout)
{
	const struct kdump_shape *shape =
		kdump_shape_for(&facts->image->target);
	struct measure measure = { facts->vmcoreinfo, 0, UINT64_MAX };
	uint64_t block = facts->page_shift < 32 ? 1ull << facts->page_shift : 0;
	uint64_t head_len, bitmap_blocks;

	if (block < 4096 || block > CODEC_LEN_MAX)
		return error_create(ERROR_UNSUPPORTED, "pages of %llu bytes",
				    (unsigned long long)block);
	TRY(note_runs(facts, measure_run, &measure));
	head_len = shape->sub_len[KDUMP_VERSION] + measure.len;
	head->shape = shape;
	head->nr_frames = facts->end_pfn -
			  min_u64(facts->end_pfn, facts->first_pfn);
	head->block_size = block;
	head->sub_blocks = align_up(head_len, block) / block;
	layout->bitmap_len = align_up(max_u64(head->nr_frames, 1), block * 8) /
			     8;
	bitmap_blocks = layout->bitmap_len / block * 2;
	if (facts->end_pfn > (uint64_t)INT64_MAX >> facts->page_shift ||
	    head->sub_blocks > INT_MAX || bitmap_blocks > INT_MAX ||
	    facts->nr_kept > INT64_MAX / 2 / KDUMP_D_LEN)
		return error_create(ERROR_INVALID, "%llu page frames and %llu "
				    "bytes of notes do not fit the format",
				    (unsigned long long)facts->end_pfn,
				    (unsigned long long)measure.len);
	layout->head_len = block + head_len;
	layout->bitmap = (1 + head->sub_blocks) * block;
	layout->table = layout->bitmap + bitmap_blocks * block;
	layout->table_len = facts->nr_kept * KDUMP_D_LEN;
	layout->data = align_up(layout->table + layout->table_len,
				DATA_ALIGN);
	layout->max_size = facts->max_size;
	head->note_offset = block + shape->sub_len[KDUMP_VERSION];
	head->note_len = measure.len;
	head->vmcoreinfo_len = 0;
	if (measure.vmcoreinfo_at != UINT64_MAX) {
		head->vmcoreinfo_offset =
			head->note_offset + measure.vmcoreinfo_at;
		head->vmcoreinfo_len = facts->vmcoreinfo->note_len;
	} else if (facts->vmcoreinfo) {
		log_warn(facts->log, "VMCOREINFO is in no note: the dump has "
			 "none");
	}
	return NULL;
}

void kdump_head_status(const struct dump_facts *facts, bool complete,
		       uint8_t status[4])
{
	put_u32(status, (facts->codec ? facts->codec->flag : 0) |
		(complete ? 0 : KDUMP_STATUS_INCOMPLETE) |
		(facts->vmemmap_excluded ? KDUMP_STATUS_EXCLUDED_VMEMMAP : 0),
		facts->image->target.big_endian);
}

static void header_fill(const struct dump_facts *facts,
			const struct kdump_head *head,
			const struct dump_layout *layout, uint8_t *h)
{
	const struct { unsigned field; uint64_t v; } fields[] = {
		{ KDUMP_H_BLOCK_SIZE, head->block_size },
		{ KDUMP_H_SUB_HDR_SIZE, head->sub_blocks },
		{ KDUMP_H_BITMAP_BLOCKS,
		  layout->bitmap_len / head->block_size * 2 },
		/* makedumpfile.c: write_kdump_header(): MIN(max_mapnr,
		 * UINT_MAX) */
		{ KDUMP_H_MAX_MAPNR, min_u64(head->nr_frames, UINT32_MAX) },
		{ KDUMP_H_NR_CPUS, facts->nr_cpus },
	};
	bool big = facts->image->target.big_endian;

	memcpy(h + KDUMP_H_SIGNATURE, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN);
	put_u32(h + KDUMP_H_VERSION, KDUMP_VERSION, big);
	memcpy(h + KDUMP_H_UTSNAME, facts->utsname, sizeof(facts->utsname));
	kdump_time_put(head->shape, h, 0, facts->crash_time, big);
	kdump_time_put(head->shape, h, 1, facts->crash_usec, big);
	kdump_head_status(facts, false,
			  h + kdump_shape_at(head->shape, KDUMP_H_STATUS));
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		put_u32(h + kdump_shape_at(head->shape, fields[i].field),
			(uint32_t)fields[i].v, big);
}

static void sub_header_fill(const struct dump_facts *facts,
			    const struct kdump_head *head, uint8_t *s)
{
	const struct { enum kdump_sub_field field; uint64_t v; } fields[] = {
		{ KDUMP_S_PHYS_BASE, facts->phys_base },
		{ KDUMP_S_DUMP_LEVEL, facts->level },
		{ KDUMP_S_OFFSET_VMCOREINFO,
		  head->vmcoreinfo_len ? head->vmcoreinfo_offset : 0 },
		{ KDUMP_S_SIZE_VMCOREINFO, head->vmcoreinfo_len },
		{ KDUMP_S_OFFSET_NOTE, head->note_len ? head->note_offset : 0 },
		{ KDUMP_S_SIZE_NOTE, head->note_len },
		{ KDUMP_S_MAX_MAPNR_64, head->nr_frames },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		kdump_sub_put(head->shape, s, fields[i].field, fields[i].v,
			      facts->image->target.big_endian);
}

/* Bytes on their way to the sink, from offset 0 on. */
struct head_stream {
	const struct dump_facts *facts;
	const struct kdump_head *head;
	struct sink *sink;
	uint64_t offset;	/* of buf */
	size_t len;		/* held */
	uint8_t *buf;		/* PIECE bytes */
};

static struct error *stream_flush(struct head_stream *stream)
{
	const struct sink_ops *ops = stream->sink->ops;
	const uint8_t *buf = stream->buf;
	size_t status = 0;

	if (!stream->offset && !ops->rewrites) {
		status = kdump_shape_at(stream->head->shape, KDUMP_H_STATUS);
		TRY(ops->meta(stream->sink, 0, buf, status));
		status += 4;
	}
	TRY(ops->meta(stream->sink, stream->offset + status, buf + status,
		      stream->len - status));
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
		size_t n = min_u64(len, PIECE - stream->len);

		TRY(stop_check());
		if (zero)
			memset(stream->buf + stream->len, 0, n);
		else
			read_notes(stream->facts, offset,
				   stream->buf + stream->len, n);
		stream->len += n;
		offset += n;
		len -= n;
		if (stream->len == PIECE)
			TRY(stream_flush(stream));
	}
	return NULL;
}

static struct error *copy_run(void *arg, uint64_t offset, uint64_t len)
{
	struct head_stream *stream = arg;

	TRY(stream_append(stream, false, offset, len));
	return stream_append(stream, true, 0, align_up(len, 4) - len);
}

struct error *kdump_head_write(const struct dump_facts *facts,
			       const struct kdump_head *head,
			       const struct dump_layout *layout,
			       struct sink *sink)
{
	AUTO_FREE uint8_t *buf = calloc(1, PIECE);
	struct head_stream stream = { facts, head, sink, 0, 0, buf };

	if (!buf)
		return error_nomem();
	if (!sink->ops->rewrites)
		header_fill(facts, head, layout, buf);
	stream.len = head->block_size;
	sub_header_fill(facts, head, buf + stream.len);
	stream.len += head->shape->sub_len[KDUMP_VERSION];
	TRY(note_runs(facts, copy_run, &stream));
	TRY(stream_append(&stream, true, 0,
			  layout->bitmap - stream.offset - stream.len));
	return stream.len ? stream_flush(&stream) : NULL;
}

struct error *kdump_head_open(const struct dump_facts *facts,
			      const struct kdump_head *head,
			      const struct dump_layout *layout,
			      struct sink *sink)
{
	AUTO_FREE uint8_t *buf = calloc(1, head->block_size);

	if (!buf)
		return error_nomem();
	header_fill(facts, head, layout, buf);
	return sink->ops->meta(sink, 0, buf, head->block_size);
}
