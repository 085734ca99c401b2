/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of an image, plain or flattened: see file.h. */
#include "file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/flat_format.h"
#include "../base/io.h"
#include "flat_index.h"

static struct error *open_flat(struct image_file *file, const char *path,
			       struct log *log)
{
	uint8_t head[FLAT_PROBE_LEN];
	size_t len;

	TRY(io_pread(file->fd, head, sizeof(head), 0, &len));
	if (!flat_probe(head, len))
		return NULL;
	return flat_index_create(file->fd, file->size, path, log,
				 &file->flat, &file->size, &file->cut_off);
}

struct error *image_file_open(const char *path, struct log *log,
			      struct image_file *ret)
{
	struct image_file file = { .fd = -1 };
	struct error *err = NULL;
	struct stat st;

	ret->fd = -1;
	TRY(io_open_read(path, &file.fd));
	if (fstat(file.fd, &st))
		err = error_errno(errno, "fstat");
	else if (S_ISDIR(st.st_mode))
		err = error_create(ERROR_INVALID, "is a directory");
	else if (S_ISFIFO(st.st_mode))
		err = error_create(ERROR_INVALID,
				   "is a pipe: a vmcore is read in any order and has to be a file");
	if (!err)
		err = io_size(file.fd, &file.size);
	if (!err)
		err = open_flat(&file, path, log);
	if (err) {
		image_file_close(&file);
		return error_wrap(err, "%s", path);
	}
	*ret = file;
	return NULL;
}

void image_file_close(struct image_file *file)
{
	flat_index_destroy(file->flat);
	file->flat = NULL;
	fd_cleanup(&file->fd);
	file->fd = -1;
}

static struct error *read_flat(const struct image_file *file, uint8_t *buf,
			       size_t len, uint64_t offset, size_t *ret)
{
	*ret = 0;
	if (offset >= file->size)
		return NULL;
	len = (size_t)min_u64(len, file->size - offset);
	while (*ret < len) {
		uint64_t at, n;

		flat_index_find(file->flat, offset + *ret, &at, &n);
		n = min_u64(n, len - *ret);
		if (at)
			TRY(io_pread_exact(file->fd, buf + *ret, (size_t)n,
					   at));
		else
			memset(buf + *ret, 0, (size_t)n);
		*ret += (size_t)n;
	}
	return NULL;
}

struct error *image_file_read(const struct image_file *file, void *buf,
			      size_t len, uint64_t offset, size_t *ret)
{
	if (file->flat)
		return read_flat(file, buf, len, offset, ret);
	return io_pread(file->fd, buf, len, offset, ret);
}

struct error *image_file_read_exact(const struct image_file *file, void *buf,
				    size_t len, uint64_t offset)
{
	size_t done;

	if (!file->flat)
		return io_pread_exact(file->fd, buf, len, offset);
	TRY(read_flat(file, buf, len, offset, &done));
	return done < len ?
	       io_end_error("the flattened dump", done, len, offset) : NULL;
}

bool image_file_has(const struct image_file *file, uint64_t offset,
		    uint64_t len)
{
	uint64_t end, at, n;

	if (add_overflows(offset, len, &end) ||
	    (end > file->size && (file->size || file->flat)))
		return false;
	for (; file->cut_off && offset < end; offset += n) {
		flat_index_find(file->flat, offset, &at, &n);
		if (!at)
			return false;
		n = min_u64(n, end - offset);
	}
	return true;
}

uint64_t image_file_next(const struct image_file *file, uint64_t offset)
{
	uint64_t at, len;
	off_t next;

	if (file->flat) {
		flat_index_find(file->flat, offset, &at, &len);
		return at ? offset : len == UINT64_MAX ? len : offset + len;
	}
	next = lseek(file->fd, (off_t)offset, SEEK_DATA);
	if (next >= 0)
		return (uint64_t)next;
	return errno == ENXIO ? UINT64_MAX : offset;
}

void image_file_extend(struct image_file *file, uint64_t size)
{
	if (file->cut_off)
		file->size = max_u64(file->size, size);
}
