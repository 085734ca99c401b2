/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flattened streams read back: each record is written where it says.
 * Format: base/flat_format.h.
 */
#include "flat_read.h"

#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/flat_format.h"
#include "../base/io.h"
#include "../codec/codec.h"
#include "../image/flat_index.h"
#include "../image/flat_scan.h"
#include "../image/image.h"
#include "../sink/output.h"
#include "flat_lack.h"
#include "flat_parts.h"
#include "image_kinds.h"
#include "kdump_read.h"
#include "kdump_shape.h"

#define PIECE (1u << 20)
#define STATUS_MIN 412u		/* no header has its status before */
#define MAX_TABLE (1ull << 40)	/* bitmaps end below, on any real machine */

struct flat_reader {
	int in, out;		/* in is borrowed */
	struct log *log;	/* borrowed */
	uint64_t at;		/* bytes read from the stream */
	uint8_t *buf;		/* PIECE bytes; owned */
	const char *path;	/* borrowed */
	/* what the stream said of the first bytes; the file has them too, but
	 * says INCOMPLETE */
	uint8_t head[KDUMP_H_LEN];
	size_t head_len;	/* what is beyond is zero yet */
	size_t head_written;	/* of the file's first bytes, mark and all */
	uint64_t end;		/* of what was written */
	struct flat_parts parts;	/* of the file, that came */
};

/* Reads LEN bytes; *RET < LEN at the end of the stream. */
static struct error *stream_read(struct flat_reader *reader, void *buf,
				 size_t len, size_t *ret)
{
	*ret = 0;
	while (*ret < len) {
		ssize_t n = read(reader->in, (uint8_t *)buf + *ret,
				 len - *ret);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd pollfd = { reader->in, POLLIN, 0 };

			poll(&pollfd, 1, -1);
			continue;
		}
		if (n < 0)
			return error_errno(errno, "reading the flattened "
					   "stream");
		if (n == 0)
			break;
		*ret += n;
		reader->at += n;
	}
	return NULL;
}

/* MISSING: bytes of the record or its header. */
static struct error *cut_off(const struct flat_reader *reader, uint64_t missing)
{
	return error_create(ERROR_INVALID, "the flattened stream ends after "
			    "%llu bytes, %llu short of a record's end",
			    (unsigned long long)reader->at,
			    (unsigned long long)missing);
}

/* Whether the file is a dump, as far as its header has come. */
static bool is_dump(const struct flat_reader *reader)
{
	return reader->head_len >= STATUS_MIN &&
	       !memcmp(reader->head, KDUMP_SIGNATURE, KDUMP_SIGNATURE_LEN);
}

/* Where a dump's header, or an ELF core's, says that it is incomplete. */
struct mark {
	unsigned at;
	uint32_t bit;
	bool big;
};

static bool find_mark(const struct flat_reader *reader, struct mark *ret)
{
	const uint8_t *h = reader->head;
	bool big;

	if (is_dump(reader)) {
		*ret = (struct mark){
			kdump_shape_at(kdump_shape_of(h), KDUMP_H_STATUS),
			KDUMP_STATUS_INCOMPLETE, kdump_big_endian(h),
		};
		return true;
	}
	if (reader->head_len < EI_NIDENT || memcmp(h, ELFMAG, SELFMAG))
		return false;
	big = h[EI_DATA] == ELFDATA2MSB;
	*ret = (struct mark){
		h[EI_CLASS] == ELFCLASS32 ? offsetof(Elf32_Ehdr, e_flags) :
		offsetof(Elf64_Ehdr, e_flags),
		elf_incomplete_bits(get_u16(h + 18, big), big), big,
	};
	return true;
}

/* Writes the first bytes of the file. Until all of the stream is in it, a dump
 * says INCOMPLETE, at no moment anything else: also where what says so is a hole
 * yet. What is too short to have that place is no dump. */
static struct error *head_write(struct flat_reader *reader, bool complete)
{
	size_t len = max_u64(reader->head_len, reader->head_written);
	uint8_t h[KDUMP_H_LEN];
	struct mark mark;

	memcpy(h, reader->head, sizeof(h));
	if (!complete && find_mark(reader, &mark) &&
	    reader->end >= mark.at + 4) {
		put_u32(h + mark.at, get_u32(h + mark.at, mark.big) | mark.bit,
			mark.big);
		len = max_u64(len, mark.at + 4);
	}
	reader->head_written = len;
	return io_pwrite(reader->out, h, len, 0);
}

/* Puts N bytes of the buffer at OFFSET of the file. */
static struct error *piece_write(struct flat_reader *reader, uint64_t offset,
				 size_t n)
{
	size_t in = offset < KDUMP_H_LEN ?
		    min_u64(n, KDUMP_H_LEN - offset) : 0;
	bool first_beyond = reader->end < KDUMP_H_LEN;

	reader->end = max_u64(reader->end, offset + n);
	flat_parts_add(&reader->parts, offset, n);
	if (in) {
		memcpy(reader->head + offset, reader->buf, in);
		reader->head_len = max_u64(reader->head_len, offset + in);
	}
	if (in || first_beyond)
		TRY(head_write(reader, false));
	return io_pwrite(reader->out, reader->buf + in, n - in, offset + in);
}

/* Copies the bytes of one record. *CUT: why the stream goes no further. */
static struct error *record_copy(struct flat_reader *reader, uint64_t offset,
				 uint64_t len, struct error **cut)
{
	while (len && !*cut) {
		size_t n = min_u64(len, PIECE), got;
		struct error *err;

		*cut = stream_read(reader, reader->buf, n, &got);
		if (!*cut && got < n)
			*cut = cut_off(reader, len - got);
		err = piece_write(reader, offset, got);
		if (err) {
			error_destroy(*cut);
			*cut = NULL;
			return error_wrap(err, "%s", reader->path);
		}
		offset += got;
		len -= got;
	}
	return NULL;
}

/* Copies all records. */
static struct error *records_copy(struct flat_reader *reader,
				  struct error **cut)
{
	while (!*cut) {
		uint8_t head[FLAT_RECORD_LEN];
		uint64_t offset, len;
		size_t got;

		*cut = stream_read(reader, head, sizeof(head), &got);
		if (!*cut && got < sizeof(head))
			*cut = got ? cut_off(reader, sizeof(head) - got) :
			       error_create(ERROR_INVALID,
					    "the flattened stream ends after %llu bytes, without an end record",
					    (unsigned long long)reader->at);
		if (*cut)
			break;
		offset = get_u64(head, true);
		len = get_u64(head + 8, true);
		if (offset == FLAT_END && len == FLAT_END)
			break;
		if (flat_record_broken(offset, len)) {
			*cut = error_create(ERROR_INVALID, "the flattened "
					    "stream is broken at byte %llu: "
					    "offset %#llx, length %#llx",
					    (unsigned long long)reader->at -
					    FLAT_RECORD_LEN,
					    (unsigned long long)offset,
					    (unsigned long long)len);
			break;
		}
		TRY(record_copy(reader, offset, len, cut));
	}
	return NULL;
}

/*
 * Bitmap 2 of a dump comes in pieces: gives what a cut-off stream left the length
 * that readers want to see. The header is as untrusted as the rest.
 */
static struct error *file_extend(struct flat_reader *reader)
{
	const struct kdump_shape *shape = kdump_shape_of(reader->head);
	bool big = kdump_big_endian(reader->head);
	uint64_t blocks, block_size;
	off_t table, size;

	if (!is_dump(reader))
		return NULL;
	block_size = kdump_head_get(shape, reader->head, KDUMP_H_BLOCK_SIZE,
				    big);
	blocks = 1ull + kdump_head_get(shape, reader->head,
				       KDUMP_H_SUB_HDR_SIZE, big) +
		 kdump_head_get(shape, reader->head, KDUMP_H_BITMAP_BLOCKS,
				big);
	if (block_size > CODEC_LEN_MAX || blocks > MAX_TABLE / CODEC_LEN_MAX)
		return NULL;		/* nonsense */
	table = (off_t)(blocks * block_size);
	size = lseek(reader->out, 0, SEEK_END);
	if (size < 0 || size >= table)
		return NULL;
	if (TEMP_FAILURE_RETRY(ftruncate(reader->out, table)))
		return error_errno(errno, "setting the size of %s",
				   reader->path);
	reader->end = (uint64_t)table;
	return head_write(reader, false);
}

/* In the page table of what a cut-off stream left, nothing names what has not come. */
static struct error *table_settle(const struct flat_reader *reader)
{
	struct image *image = NULL;
	struct error *err;

	err = image_open(reader->path, image_kinds,
			 IMAGE_SALVAGE | IMAGE_PART, NULL, &image);
	if (err) {
		/* its head has not come, and so has no descriptor */
		error_destroy(err);
		return NULL;
	}
	if (kdump_image_header(image))
		err = flat_parts_settle(&reader->parts, image, reader->out);
	image_close(image);
	return err;
}

/* What came before CUT is a dump. Takes CUT over. */
static struct error *keep_rest(struct flat_reader *reader, struct error *cut)
{
	log_warn(reader->log, "%s; %s has what came before",
		 error_message(cut), reader->path);
	error_destroy(cut);
	TRY(file_extend(reader));
	return table_settle(reader);
}

static struct error *sync_out(const struct flat_reader *reader)
{
	if (TEMP_FAILURE_RETRY(fsync(reader->out)))
		return error_errno(errno, "syncing %s", reader->path);
	return NULL;
}

static struct error *flat_copy(struct flat_reader *reader, bool *complete)
{
	struct error *cut = NULL, *err;

	err = records_copy(reader, &cut);
	if (err && error_kind(err) == ERROR_NOSPACE) {
		error_destroy(cut);
		cut = err;
		err = NULL;
	}
	TRY(err);
	*complete = !cut;
	if (cut)
		TRY(keep_rest(reader, cut));
	TRY(sync_out(reader));
	if (!*complete) {
		flat_lack_warn(reader->path, reader->log);
		return NULL;
	}
	err = head_write(reader, true);
	if (err)
		return error_wrap(err, "%s", reader->path);
	return sync_out(reader);
}

/* With force, the stream itself would be emptied before it is read. */
static struct error *check_not_stream(int in, const struct output *output)
{
	struct stat a, b;

	if (fstat(in, &a) || fstatat(output->dir_fd, output->name, &b, 0) ||
	    a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return NULL;
	return error_create(ERROR_INVALID, "%s: is the flattened stream itself, "
			    "-f or not", output->path);
}

struct error *flat_rearrange(int fd, const char *path, bool force,
			     struct log *log, bool *complete)
{
	struct flat_reader reader = { .in = fd, .log = log, .path = path };
	AUTO_FREE uint8_t *buf = malloc(PIECE);
	AUTO_FD int out = -1;
	struct output output;
	struct error *err;
	size_t got;

	*complete = false;
	if (!buf)
		return error_nomem();
	reader.buf = buf;
	err = output_init(&output, path, force);
	if (!err)
		err = check_not_stream(fd, &output);
	if (!err)
		err = stream_read(&reader, buf, FLAT_HEADER_LEN, &got);
	if (!err && (got < FLAT_HEADER_LEN || !flat_probe(buf, got)))
		err = error_create(ERROR_INVALID, "the input is no flattened "
				   "stream (of %zu bytes read)", got);
	if (!err)
		err = output_open(&output, &out);
	reader.out = out;
	if (!err)
		err = flat_copy(&reader, complete);
	if (!err)
		fsync(output.dir_fd);
	output_deinit(&output);
	return err;
}
