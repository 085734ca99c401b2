/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of an upload: see tus_line.h. */
#include "tus_line.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "../base/bytes.h"

struct error *tus_line_init(struct tus_line *line, struct tus_server *server,
			    struct tus_upload *upload, uint64_t offset,
			    size_t piece)
{
	uint8_t *bytes = mmap(NULL, 2 * piece, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bytes == MAP_FAILED)
		return error_nomem();
	*line = (struct tus_line){ .server = server, .upload = upload,
				   .stored = offset, .piece = piece,
				   .bytes = { bytes, bytes + piece } };
	return NULL;
}

void tus_line_deinit(struct tus_line *line)
{
	uint8_t *bytes = line->bytes[line->bytes[0] > line->bytes[1]];

	tus_patch_abort(&line->patch);
	if (bytes)
		munmap(bytes, 2 * line->piece);
	*line = (struct tus_line){ 0 };
}

size_t tus_line_add(struct tus_line *line, const void *buf, size_t len)
{
	size_t n = min_u64(len, line->piece - line->len[0]);

	memcpy(line->bytes[0] + line->len[0], buf, n);
	line->len[0] += n;
	return n;
}

/* Sends what of the piece is behind the first SKIP bytes. */
static struct error *start(struct tus_line *line, size_t skip)
{
	line->patch = (struct tus_patch){
		.offset = line->stored + skip,
		.size = line->len[1] - skip,
		.memory = line->bytes[1] + skip,
		.length = line->length,
	};
	return tus_patch_start(line->server, line->upload, &line->patch);
}

struct error *tus_line_send(struct tus_line *line)
{
	uint8_t *bytes = line->bytes[0];

	assert(!line->len[1] && line->len[0]);
	line->bytes[0] = line->bytes[1];
	line->bytes[1] = bytes;
	line->len[1] = line->len[0];
	line->len[0] = 0;
	return start(line, 0);
}

struct error *tus_line_poll(struct tus_line *line, bool *ended)
{
	*ended = false;
	return line->patch.request ? request_poll(line->patch.request, ended) :
	       NULL;
}

static void settled(struct tus_line *line)
{
	line->stored += line->len[1];
	line->len[1] = 0;
	line->unsure = false;
}

/* Asks how much of the piece came, and sends the rest. */
static struct error *go_on(struct tus_line *line)
{
	uint64_t end = line->stored + line->len[1];
	int64_t offset;

	TRY(tus_ask(line->server, line->upload, &offset));
	line->gone = offset < 0 || (uint64_t)offset < line->stored;
	if (line->gone)
		return error_create(ERROR_AGAIN, "%s: the server has dropped the upload, or what it had of it",
				    line->upload->masked);
	if (line->upload->length >= 0)
		line->length = 0;
	if ((uint64_t)offset > end)
		return error_create(ERROR_IO, "%s: the server has more than was sent to it",
				    line->upload->masked);
	if ((uint64_t)offset == end && !line->length) {
		settled(line);
		return NULL;
	}
	return start(line, (size_t)((uint64_t)offset - line->stored));
}

struct error *tus_line_end(struct tus_line *line)
{
	uint64_t sent;
	struct error *err;

	if (!line->len[1])
		return NULL;
	if (line->unsure)
		TRY(go_on(line));
	if (!line->len[1])
		return NULL;
	line->unsure = true;
	err = tus_patch_end(line->server, line->upload, &line->patch, &sent,
			    &line->gone);
	if (!err)
		settled(line);
	return err;
}
