/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flattened streams: the framing byte by byte, no byte sent twice, pipes that
 * are slow, non-blocking or gone; and reading streams that somebody broke.
 */
#include "../../src/formats/flat_read.h"
#include "../../src/image/flat_index.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/sink/sink.h"
#include "unit.h"

#define META (1u << 20)
#define DATA (5u << 20)

static char dir[] = "/tmp/unit-flat-XXXXXX";
static char path[64];

static const struct dump_layout layout = {
	.head_len = 5000, .bitmap = 8192, .bitmap_len = 8192, .table = 65536,
	.table_len = META - 65536, .data = META, .max_size = UINT64_MAX,
};

static uint8_t pattern(uint64_t i)
{
	return (i * 2654435761u) >> 13;
}

static uint8_t plain[META + DATA];

static void plain_init(void)
{
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = pattern(i);
}

/* As the writer does: head but the status, data, table in pieces. */
static struct error *send_all(struct sink *sink)
{
	const struct sink_ops *ops = sink->ops;
	uint64_t table = 65536, data = META, written;

	TRY(ops->begin(sink, &layout));
	TRY(ops->meta(sink, 0, plain, 424));
	TRY(ops->meta(sink, 428, plain + 428, 65536 - 428));
	while (data < META + DATA) {
		uint64_t n = min_u64(META + DATA - data, 300007);

		for (uint64_t at = 0; at < n; at += 10007)
			TRY(ops->data(sink, data + at, plain + data + at,
				      min_u64(n - at, 10007)));
		data += n;
		n = min_u64(META - table, 60000);
		TRY(ops->meta(sink, table, plain + table, n));
		table += n;
	}
	TRY(ops->meta(sink, table, plain + table, META - table));
	TRY(ops->drain(sink, &written));
	CHECK(written == META + DATA);
	return ops->commit(sink, 424, plain + 424, 4, META + DATA);
}

/* What the disk says to fsync(): 0 or an errno. */
static int sync_errno, nr_syncs;

int fsync(int fd)
{
	if (nr_syncs++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	errno = sync_errno;
	return sync_errno ? -1 : fdatasync(fd);
}

/* A stream that goes to a file is on the disk, or there is an error. */
static void synced(void)
{
	static const int errnums[] = { 0, EIO, ENOSPC };

	for (unsigned i = 0; i < 3; i++) {
		FILE *file = tmpfile();
		struct sink *sink = NULL;

		nr_syncs = 0;
		sync_errno = errnums[i];
		CHECK_OK(sink_flat_create(fileno(file), &sink));
		if (sync_errno)
			CHECK_ERROR(send_all(sink), "syncing");
		else
			CHECK_OK(send_all(sink));
		CHECK(nr_syncs == 2);
		sink_destroy(sink);
		fclose(file);
	}
	sync_errno = 0;
}

/* Takes a stream apart, by the format's description. */
static void framing(void)
{
	static uint8_t seen[META + DATA];
	FILE *file = tmpfile();
	struct sink *sink = NULL;
	uint8_t head[4096] = { 0 }, record[16], *bytes = malloc(1 << 20);
	unsigned nr_records = 0;
	uint64_t last = 0;

	CHECK_OK(sink_flat_create(fileno(file), &sink));
	CHECK_OK(send_all(sink));
	sink_destroy(sink);
	rewind(file);
	CHECK(fread(head, 4096, 1, file) == 1);
	CHECK(!memcmp(head, "makedumpfile\0\0\0\0"
		      "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 32));
	for (unsigned i = 32; i < 4096; i++)
		CHECK(!head[i]);
	CHECK(flat_probe(head, 32));
	while (fread(record, 16, 1, file) == 1) {
		uint64_t offset = get_u64(record, true);
		uint64_t len = get_u64(record + 8, true);

		if (offset == UINT64_MAX && len == UINT64_MAX)
			break;
		if (!CHECK(len > 0 && len <= 1 << 20 &&
			   offset + len <= META + DATA))
			break;
		CHECK(fread(bytes, len, 1, file) == 1);
		CHECK(!memcmp(bytes, plain + offset, len));
		for (uint64_t i = offset; i < offset + len; i++)
			if (seen[i]++)
				CHECK(!"sent twice");
		last = offset;
		nr_records++;
	}
	CHECK(fgetc(file) == EOF && feof(file));
	CHECK(last == 424);
	for (uint64_t i = 0; i < META + DATA; i++)
		if (!seen[i])
			CHECK(!"not sent");
	/* two for the head, one of data and one of table in turn, status */
	CHECK(nr_records <= 2 + 18 * 2 + 3);
	fclose(file);
	free(bytes);
}

struct reader {
	int fd;
	bool slow;
	bool complete;
	unsigned limit;		/* bytes, then it goes away; 0: none */
	struct error *err;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;
	uint8_t buf[4096];
	unsigned nr = 0;
	ssize_t n;

	if (!reader->limit) {
		if (reader->slow)
			usleep(100000);
		reader->err = flat_rearrange(reader->fd, path, true, NULL,
					     &reader->complete);
	}
	while (reader->limit && nr < reader->limit &&
	       (n = read(reader->fd, buf, sizeof(buf))) > 0)
		nr += n;
	close(reader->fd);
	return NULL;
}

static void through_pipe(struct reader *reader, bool nonblock)
{
	struct sink *sink = NULL;
	pthread_t thread;
	struct error *err;
	uint64_t written;
	int fds[2];

	CHECK(!pipe(fds));
	if (nonblock)
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
	reader->fd = fds[0];
	CHECK(!pthread_create(&thread, NULL, reader_run, reader));
	CHECK_OK(sink_flat_create(fds[1], &sink));
	err = send_all(sink);
	if (reader->limit) {
		CHECK(err && error_number(err) == EPIPE &&
		      error_kind(err) == ERROR_IO);
		CHECK_OK(sink->ops->drain(sink, &written));
		CHECK(written >= META && written < META + DATA);
		CHECK_ERROR(sink->ops->commit(sink, 424, "x", 1, written),
			    "broken");
	} else {
		CHECK_OK(err);
	}
	error_destroy(err);
	sink_destroy(sink);
	close(fds[1]);
	pthread_join(thread, NULL);
	CHECK_OK(reader->err);
}

static bool file_is_plain(void)
{
	static uint8_t buf[META + DATA + 1];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf));
	struct stat st;

	CHECK(!fstat(fd, &st) && (st.st_mode & 0777) == 0600);
	close(fd);
	return n == META + DATA && !memcmp(buf, plain, n);
}

static void pipes(void)
{
	struct reader reader = { 0 };

	through_pipe(&reader, false);
	CHECK(reader.complete && file_is_plain());
	reader = (struct reader){ .slow = true };
	through_pipe(&reader, true);
	CHECK(reader.complete && file_is_plain());
	for (unsigned limit = 1; limit < DATA; limit = limit * 7 + 100) {
		reader = (struct reader){ .limit = limit };
		through_pipe(&reader, limit % 2);
	}
}

/* A stream made by hand. */
static uint8_t stream[1 << 20];
static size_t stream_len;

static void stream_begin(void)
{
	memset(stream, 0, 4096);
	memcpy(stream, "makedumpfile", 12);
	stream[23] = stream[31] = 1;
	stream_len = 4096;
}

static void stream_add(uint64_t offset, uint64_t len, const void *bytes,
		       size_t n)
{
	put_u64(stream + stream_len, offset, true);
	put_u64(stream + stream_len + 8, len, true);
	memcpy(stream + stream_len + 16, bytes, n);
	stream_len += 16 + n;
}

static struct error *rearrange(bool force, struct log *log, bool *complete)
{
	FILE *file = tmpfile();
	struct error *err;

	fwrite(stream, stream_len, 1, file);
	fflush(file);
	rewind(file);
	lseek(fileno(file), 0, SEEK_SET);
	err = flat_rearrange(fileno(file), path, force, log, complete);
	fclose(file);
	return err;
}

static uint64_t size_of_output(void)
{
	struct stat st = { 0 };

	stat(path, &st);
	return st.st_size;
}

static void hand_made(void)
{
	char buf[16] = "";
	bool complete;
	FILE *file;

	unlink(path);
	stream_begin();
	stream_add(6, 5, "world", 5);
	stream_add(0, 6, "hello ", 6);
	stream_add(4, 2, "O_", 2);		/* the later one counts */
	stream_add(UINT64_MAX, UINT64_MAX, "trailing", 8);
	CHECK_OK(rearrange(false, NULL, &complete));
	CHECK(complete);
	file = fopen(path, "r");
	CHECK(fread(buf, 1, 16, file) == 11 && !strcmp(buf, "hellO_world"));
	fclose(file);
	CHECK_ERROR(rearrange(false, NULL, &complete), "-f");
	CHECK_OK(rearrange(true, NULL, &complete));
}

static void broken(void)
{
	static const uint64_t bad[][2] = {
		{ UINT64_MAX, 5 }, { 5, UINT64_MAX },
		{ INT64_MAX, 1 }, { INT64_MAX - 4, 6 }, { 1ull << 63, 1 },
		{ UINT64_MAX - 3, 8 }, { 0, 1ull << 63 },
	};
	struct log log;
	bool complete;

	log_init(&log, stderr, 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		stream_begin();
		stream_add(0, 5, "hello", 5);
		stream_add(bad[i][0], bad[i][1], "abcdefgh", 8);
		CHECK_OK(rearrange(true, &log, &complete));
		CHECK(!complete && size_of_output() == 5);
	}
	/* where it is broken; and each time the same, that of five bytes nobody
	 * knows what is missing */
	CHECK(log.nr_warnings == sizeof(bad) / sizeof(*bad) + 1);
	CHECK(strstr(log.warnings[0], "broken at byte 4117"));
	CHECK(strstr(log.warnings[1], "can't be read yet"));
	/* a length that the stream does not have */
	stream_begin();
	stream_add(0, 1ull << 40, "hello", 5);
	CHECK_OK(rearrange(true, &log, &complete));
	CHECK(!complete && size_of_output() == 5);
	log_deinit(&log);
	unlink(path);
	for (size_t len = 0; len < 4096; len += 13) {
		stream_begin();
		stream_len = len;
		CHECK_ERROR(rearrange(true, NULL, &complete),
			    "no flattened stream");
		CHECK(access(path, F_OK));
	}
	stream_begin();
	stream[23] = 2;
	CHECK(!flat_probe(stream, 4096));
	CHECK_ERROR(rearrange(true, NULL, &complete), "no flattened stream");
	stream_begin();
	stream[12] = 'x';
	CHECK(!flat_probe(stream, 4096) && !flat_probe(stream, 31));
}

/* A kdump header in a stream that is cut off: marked, and long enough. */
static void cut_header(bool big, uint32_t block_size, uint32_t blocks,
		       uint64_t size)
{
	uint8_t h[464] = "KDUMP   ", word[4];
	bool complete;
	FILE *file;

	put_u32(h + 8, 6, big);
	put_u32(h + 428, block_size, big);
	put_u32(h + 432, 1, big);
	put_u32(h + 436, blocks, big);
	stream_begin();
	stream_add(0, 424, h, 424);
	stream_add(428, sizeof(h) - 428, h + 428, sizeof(h) - 428);
	CHECK_OK(rearrange(true, NULL, &complete));
	CHECK(!complete && size_of_output() == size);
	file = fopen(path, "r");
	fseek(file, 424, SEEK_SET);
	CHECK(fread(word, 4, 1, file) == 1 && get_u32(word, big) == 8);
	fclose(file);
}

static uint32_t status_of_output(void)
{
	uint8_t word[4] = { 0 };
	int fd = open(path, O_RDONLY);

	CHECK(pread(fd, word, 4, 424) == 4);
	close(fd);
	return get_u32(word, false);
}

static void *rearrange_thread(void *arg)
{
	struct reader *reader = arg;

	reader->err = flat_rearrange(reader->fd, path, true, NULL,
				     &reader->complete);
	return NULL;
}

/* Waits until the file has LEN bytes. */
static void wait_for_size(uint64_t len)
{
	for (unsigned i = 0; i < 5000 && size_of_output() < len; i++)
		usleep(1000);
	usleep(20000);
}

/* A dump says INCOMPLETE while it is being put together, whatever status the
 * stream has sent; then it says what the stream did. */
static void marked_meanwhile(void)
{
	uint8_t h[4096] = "KDUMP   ";
	struct reader reader = { 0 };
	pthread_t thread;
	int fds[2];

	unlink(path);
	put_u32(h + 8, 6, false);
	put_u32(h + 424, 0x20, false);
	put_u32(h + 428, 4096, false);
	put_u32(h + 432, 1, false);
	put_u32(h + 436, 2, false);
	CHECK(!pipe(fds));
	reader.fd = fds[0];
	CHECK(!pthread_create(&thread, NULL, rearrange_thread, &reader));
	stream_begin();
	stream_add(0, sizeof(h), h, sizeof(h));
	stream_add(8192, 4096, plain, 4096);
	CHECK(write(fds[1], stream, stream_len) == (ssize_t)stream_len);
	wait_for_size(12288);
	CHECK(status_of_output() == (0x20 | 8));
	stream_len = 0;
	stream_add(424, 2, "\1\0", 2);	/* a part of it, once more */
	stream_add(12288, 5, "hello", 5);
	CHECK(write(fds[1], stream, stream_len) == (ssize_t)stream_len);
	wait_for_size(12293);
	CHECK(status_of_output() == (1 | 8));
	stream_len = 0;
	stream_add(UINT64_MAX, UINT64_MAX, "", 0);
	CHECK(write(fds[1], stream, stream_len) == (ssize_t)stream_len);
	pthread_join(thread, NULL);
	CHECK_OK(reader.err);
	CHECK(reader.complete && status_of_output() == 1);
	close(fds[0]);
	close(fds[1]);
}

/* No room for all of it: what there is is a dump, and says so. */
static void no_room(void)
{
	uint8_t h[464] = "KDUMP   ";
	struct rlimit old, limit;
	bool complete = true;
	struct log log;

	put_u32(h + 8, 6, false);
	put_u32(h + 428, 4096, false);
	put_u32(h + 432, 1, false);
	put_u32(h + 436, 8, false);
	stream_begin();
	stream_add(0, 424, h, 424);
	stream_add(428, sizeof(h) - 428, h + 428, sizeof(h) - 428);
	stream_add(65536, 40000, plain, 40000);
	stream_add(200000, 5, "hello", 5);
	stream_add(424, 4, "\2\0\0\0", 4);
	stream_add(UINT64_MAX, UINT64_MAX, "", 0);
	log_init(&log, stderr, 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK(!getrlimit(RLIMIT_FSIZE, &old));
	limit = old;
	limit.rlim_cur = 180000;
	CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
	CHECK_OK(rearrange(true, &log, &complete));
	CHECK(!setrlimit(RLIMIT_FSIZE, &old));
	CHECK(!complete && status_of_output() == 8 &&
	      size_of_output() == 65536 + 40000);
	CHECK(log.nr_warnings == 2 &&
	      strstr(log.warnings[0], "File too large"));
	log_deinit(&log);
	CHECK_OK(rearrange(true, NULL, &complete));
	CHECK(complete && status_of_output() == 2);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!CHECK(mkdtemp(dir)))
		return unit_end();
	snprintf(path, sizeof(path), "%s/plain", dir);
	plain_init();
	framing();
	synced();
	pipes();
	hand_made();
	broken();
	cut_header(false, 4096, 8, 10 * 4096);
	cut_header(true, 65536, 2, 4 * 65536);
	cut_header(false, 4096, 0, 8192);
	cut_header(false, UINT32_MAX, UINT32_MAX, 464);	/* nonsense */
	cut_header(false, 65536, UINT32_MAX, 464);
	marked_meanwhile();
	no_room();
	unlink(path);
	rmdir(dir);
	return unit_end();
}
