/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flattened files read at offsets of the dump, held against a model: the last
 * record for a byte has it. Whole ones, cut off anywhere, broken anywhere.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/image/file.h"
#include "unit.h"

#define DUMP 20000u		/* bytes of the model */
#define STREAM (1u << 20)

static char path[32];		/* of a file in memory */
static int memory;
static uint8_t stream[STREAM];
static size_t stream_len;
static uint8_t model[DUMP];
static bool sent[DUMP];
static size_t model_size;	/* after the last byte that was sent */
static uint64_t state = 1;

static uint32_t any(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static void stream_begin(void)
{
	memset(stream, 0, 4096);
	memcpy(stream, "makedumpfile", 12);
	stream[23] = stream[31] = 1;
	stream_len = 4096;
	memset(model, 0, sizeof(model));
	memset(sent, 0, sizeof(sent));
	model_size = 0;
}

static void stream_record(uint64_t offset, uint64_t len)
{
	put_u64(stream + stream_len, offset, true);
	put_u64(stream + stream_len + 8, len, true);
	stream_len += 16;
}

/* What LEN bytes of a record at OFFSET do to the model. */
static void model_take(uint64_t offset, const uint8_t *bytes, size_t len)
{
	memcpy(model + offset, bytes, len);
	memset(sent + offset, true, len);
	if (len && offset + len > model_size)
		model_size = offset + len;
}

static void stream_add(uint64_t offset, size_t len)
{
	stream_record(offset, len);
	for (size_t i = 0; i < len; i++)
		stream[stream_len + i] = (uint8_t)any(256);
	model_take(offset, stream + stream_len, len);
	stream_len += len;
}

static void stream_end(void)
{
	stream_record(UINT64_MAX, UINT64_MAX);
}

static void stream_write(size_t len)
{
	if (ftruncate(memory, 0) ||
	    pwrite(memory, stream, len, 0) != (ssize_t)len)
		abort();
}

static bool has(const struct image_file *file, size_t offset, size_t len)
{
	for (size_t i = offset; i < offset + len; i++)
		if (i >= model_size || (file->cut_off && !sent[i]))
			return false;
	return true;
}

static uint64_t next(size_t offset)
{
	while (offset < model_size && !sent[offset])
		offset++;
	return offset < model_size ? offset : UINT64_MAX;
}

static void check_range(const struct image_file *file, size_t offset,
			size_t len)
{
	size_t want = offset >= model_size ? 0 : offset + len > model_size ?
		      model_size - offset : len, got = 99;
	uint8_t buf[1000];

	memset(buf, 0x5a, sizeof(buf));
	CHECK_OK(image_file_read(file, buf, len, offset, &got));
	CHECK(got == want && !memcmp(buf, model + offset, got));
	CHECK(image_file_has(file, offset, len) == has(file, offset, len));
	CHECK(image_file_next(file, offset) == next(offset));
	if (want < len)
		CHECK_ERROR(image_file_read_exact(file, buf, len, offset),
			    "flattened dump ends at");
	else
		CHECK_OK(image_file_read_exact(file, buf, len, offset));
}

static void check_all(bool cut_off)
{
	struct image_file file;

	if (!CHECK_OK(image_file_open(path, NULL, &file)))
		return;
	CHECK(file.flat && file.cut_off == cut_off);
	CHECK(file.size == model_size);
	for (size_t i = 0; i < DUMP - 1000; i += 1 + any(700))
		check_range(&file, i, 1 + any(1000));
	check_range(&file, 0, 1000);
	image_file_close(&file);
}

/* Many records that continue each other, of one length and of many, in order
 * and not, over each other and far apart. */
static void test_random(void)
{
	for (unsigned round = 0; round < 300; round++) {
		unsigned nr = any(80), len = 1 + any(40), kind = any(5);
		uint64_t at = any(3000);

		stream_begin();
		for (unsigned i = 0; i < nr; i++) {
			if (kind > 0 && !any(10))
				len = any(200);
			if (kind > 1 && !any(6))
				at = any(DUMP - 1000);
			if (kind == 3)
				len = any(60);
			if (at + len > DUMP - 1000)
				at = 0;
			stream_add(at, len);
			/* not the one that is taken for what nobody wrote */
			if (kind == 4 && !any(8) && at)
				stream_add(at, 0);
			at += len;
		}
		stream_end();
		stream_write(stream_len);
		check_all(false);
	}
}

/* The model of the stream's first LEN bytes. */
static void model_again(size_t len)
{
	memset(model, 0, sizeof(model));
	memset(sent, 0, sizeof(sent));
	model_size = 0;
	for (size_t at = 4096; at + 16 <= len;) {
		uint64_t offset = get_u64(stream + at, true);
		uint64_t n = get_u64(stream + at + 8, true);

		if (offset == UINT64_MAX)
			return;
		at += 16;
		n = min_u64(n, len - at);
		model_take(offset, stream + at, (size_t)n);
		at += (size_t)n;
	}
}

static void test_cut(void)
{
	struct image_file file;
	size_t whole;

	stream_begin();
	for (unsigned i = 0; i < 12; i++)
		stream_add(500 + i * 60, 60);
	stream_add(10, 300);
	stream_add(0, 40);
	stream_add(5000, 33);
	stream_end();
	whole = stream_len;
	for (size_t len = whole; len-- > 4096;) {
		stream_write(len);
		model_again(len);
		check_all(true);
	}
	for (size_t len = 0; len < 4096; len += 31) {
		stream_write(len);
		if (!CHECK_OK(image_file_open(path, NULL, &file)))
			continue;
		CHECK(len < 32 ? !file.flat && file.size == len :
		      file.flat && file.cut_off && !file.size);
		image_file_close(&file);
	}
}

static void warned(const char *text)
{
	struct image_file file;
	char said[1000] = "";
	FILE *err = fmemopen(said, sizeof(said), "w");
	struct log log;

	log_init(&log, err, LOG_DEFAULT);
	CHECK_OK(image_file_open(path, &log, &file));
	CHECK(file.cut_off);
	image_file_close(&file);
	log_deinit(&log);
	fclose(err);
	if (!CHECK(strstr(said, text) && strstr(said, path) &&
		   strchr(said, '\n') == said + strlen(said) - 1))
		fprintf(stderr, "  said: %s", said);
}

/* Records that nobody can have meant: what came before counts. */
static void test_broken(void)
{
	static const uint64_t records[][2] = {
		{ 0, 0 }, { UINT64_MAX - 1, 16 }, { 0, UINT64_MAX - 4 },
		{ 1ull << 63, 1 }, { INT64_MAX, 1 }, { INT64_MAX - 7, 16 },
		{ UINT64_MAX, 5 }, { 5, UINT64_MAX },
	};

	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		stream_begin();
		stream_add(7, 100);
		stream_record(records[i][0], records[i][1]);
		stream_write(stream_len);
		check_all(true);
		warned("has a broken record");
		warned("at byte 4212:");
	}
	stream_begin();
	stream_add(7, 100);
	stream_write(stream_len);
	warned("ends without an end record at byte 4212:");
	stream_write(stream_len - 30);
	warned("ends 30 bytes short of a record's end at byte 4182:");
	stream_write(4096 + 15);
	warned("ends within a record's header at byte 4096:");
	/* a record longer than any file, of which there is a part */
	stream_begin();
	stream_record(1000, 1ull << 60);
	stream_write(stream_len + 50);
	model_take(1000, stream + stream_len, 50);
	check_all(true);
}

/* Any byte changed: as long as it takes, no longer; ranges stay within. */
static void test_flipped(void)
{
	uint8_t buf[1000];

	stream_begin();
	for (unsigned i = 0; i < 70; i++)
		stream_add(i * 30 % 1000, i % 7 ? 30 : 20);
	stream_end();
	for (size_t at = 4096; at < stream_len; at++) {
		struct image_file file;
		uint8_t was = stream[at];
		size_t got;

		stream[at] ^= (uint8_t)(1u << any(8));
		stream_write(stream_len);
		stream[at] = was;
		if (!CHECK_OK(image_file_open(path, NULL, &file)))
			continue;
		for (unsigned i = 0; i < 1000; i += 97) {
			CHECK_OK(image_file_read(&file, buf, sizeof(buf), i,
						 &got));
			CHECK(got <= sizeof(buf));
		}
		image_file_close(&file);
	}
}

/* The file shrinks after it was opened: an error, not nonsense. */
static void test_changed(void)
{
	struct image_file file;
	uint8_t buf[100];
	size_t got;

	stream_begin();
	for (unsigned i = 0; i < 20; i++)
		stream_add(i * 30, 30);
	stream_end();
	stream_write(stream_len);
	CHECK_OK(image_file_open(path, NULL, &file));
	stream_write(4096);
	CHECK_ERROR(image_file_read(&file, buf, 100, 300, &got),
		    "the file ends at");
	image_file_close(&file);
}

static void test_extend(void)
{
	struct image_file file;
	uint8_t buf[100] = { 1 };
	size_t got;

	stream_begin();
	stream_add(0, 50);
	stream_write(stream_len);
	CHECK_OK(image_file_open(path, NULL, &file));
	image_file_extend(&file, 1000);
	CHECK(file.size == 1000 && !image_file_has(&file, 49, 2));
	CHECK_OK(image_file_read(&file, buf, 100, 950, &got));
	CHECK(got == 50 && !buf[0] && !buf[49]);
	image_file_close(&file);
	stream_end();
	stream_write(stream_len);
	CHECK_OK(image_file_open(path, NULL, &file));
	image_file_extend(&file, 1000);
	CHECK(file.size == 50);
	image_file_close(&file);
}

/* A plain file: holes, the end, and what is no file. */
static void test_plain(void)
{
	struct image_file file;
	uint8_t buf[100];
	size_t got;

	if (ftruncate(memory, 0) || pwrite(memory, "hello", 5, 1 << 20) != 5)
		abort();
	CHECK_OK(image_file_open(path, NULL, &file));
	CHECK(!file.flat && !file.cut_off && file.size == (1 << 20) + 5);
	CHECK_OK(image_file_read(&file, buf, 100, 1 << 20, &got));
	CHECK(got == 5 && !memcmp(buf, "hello", 5));
	CHECK(image_file_has(&file, 0, file.size));
	CHECK(!image_file_has(&file, 1, file.size));
	CHECK(image_file_next(&file, file.size) == UINT64_MAX);
	CHECK(image_file_next(&file, 0) <= 1 << 20);
	image_file_close(&file);
	CHECK(file.fd == -1);
	CHECK_ERROR(image_file_open("/", NULL, &file), "is a directory");
	CHECK(file.fd == -1);
	CHECK_ERROR(image_file_open("/no/such", NULL, &file), "/no/such");
}

int main(void)
{
	memory = memfd_create("stream", MFD_CLOEXEC);
	if (memory < 0)
		return 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	test_random();
	test_cut();
	test_broken();
	test_flipped();
	test_changed();
	test_extend();
	test_plain();
	return unit_end();
}
