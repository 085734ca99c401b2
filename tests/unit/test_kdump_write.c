/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kdump writer into every sink: what is read back is what went in, in any
 * order and with every codec; limits; early ends; the same bytes every time.
 */
#include "dump_model.h"

#include <signal.h>
#include <sys/wait.h>

#include "../../src/formats/flat_read.h"

static char dir[] = "/var/tmp/unit-kdump-XXXXXX";
static char path_a[64], path_b[64], path_c[64];

static struct sink *file_sink(const char *path)
{
	struct sink *sink = NULL;

	CHECK_OK(sink_file_create(path, SINK_FORCE, &sink));
	return sink;
}

static void write_ok(struct model *model, const char *path)
{
	struct error *late;

	CHECK_OK(model_write(model, file_sink(path), &late));
	CHECK_OK(late);
}

/* The same through a flattened stream in a file. */
static void flat_ok(struct model *model, const char *path, bool *complete)
{
	int fd = open(path_c, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct sink *sink = NULL;
	struct error *late;

	CHECK_OK(sink_flat_create(fd, &sink));
	CHECK_OK(model_write(model, sink, &late));
	CHECK_OK(late);
	lseek(fd, 0, SEEK_SET);
	CHECK_OK(flat_rearrange(fd, path, true, NULL, complete));
	close(fd);
}

static void check_header(const char *path)
{
	struct mapped map;

	if (!CHECK(mapped_open(&map, path)))
		return;
	CHECK(!strcmp((char *)map.bytes + 12 + 2 * 65, "6.1.0"));
	CHECK(!strcmp((char *)map.bytes + 12 + 4 * 65, "x86_64"));
	CHECK(seen_get(&map, 408, 8) == 1700000000 &&
	      !seen_get(&map, 416, 8));
	CHECK(seen_get(&map, 460, 4) == 3);
	CHECK(seen_get(&map, 4096, 8) == 0x123400000);
	CHECK(seen_get(&map, 4096 + 8, 4) == 31);
	mapped_close(&map);
}

static void one_codec(const struct codec_ops *codec)
{
	struct model model = { .nr_frames = 20011, .codec = codec };
	struct seen seen;
	bool complete = false;

	write_ok(&model, path_a);
	CHECK(model_check(&model, path_a, false, &seen));
	CHECK(seen.status == (codec ? codec->flag : 0) && !seen.nr_lost);
	CHECK(seen.nr_there == model.totals.nr_pages);
	CHECK(seen.size == model.totals.size);
	CHECK(model.totals.nr_zero && model.totals.nr_raw &&
	      model.totals.nr_filled &&
	      model.totals.nr_unreadable);
	CHECK(!codec == !model.totals.nr_packed);
	CHECK(!seen.note_len && !seen.vmcoreinfo_len);
	check_header(path_a);
	write_ok(&model, path_b);
	CHECK(same_files(path_a, path_b));

	model.address_order = true;
	write_ok(&model, path_a);
	CHECK(model_check(&model, path_a, false, &seen) && !seen.nr_lost);
	flat_ok(&model, path_b, &complete);
	CHECK(complete);
	CHECK(model_check(&model, path_b, false, &seen) && !seen.nr_lost);
	CHECK(same_files(path_a, path_b));
}

/* Notes are there byte for byte, VMCOREINFO is where the header says, however
 * long they are. */
static void notes(size_t len)
{
	struct model model = { .nr_frames = 1000, .codec = &codec_zlib };
	char *bytes = malloc(len), *back = malloc(len);
	struct seen seen;
	bool complete;
	int fd;

	for (size_t i = 0; i < len; i++)
		bytes[i] = model_hash(i);
	model.notes = bytes;
	model.notes_len = len;
	write_ok(&model, path_a);
	CHECK(model_check(&model, path_a, false, &seen) && !seen.nr_lost);
	CHECK(seen.note_len == len && seen.note_offset == 4096 + 104);
	CHECK(seen.vmcoreinfo_offset == seen.note_offset + 24 &&
	      seen.vmcoreinfo_len == len - 24);
	fd = open(path_a, O_RDONLY);
	CHECK(pread(fd, back, len, seen.note_offset) == (ssize_t)len &&
	      !memcmp(bytes, back, len));
	close(fd);
	model.address_order = true;
	write_ok(&model, path_a);
	flat_ok(&model, path_b, &complete);
	CHECK(same_files(path_a, path_b));
	free(bytes);
	free(back);
}

static void limits(void)
{
	struct model model = { .nr_frames = 9000, .codec = &codec_lzo };
	struct seen seen;
	struct error *err, *late;
	uint64_t full, head;

	write_ok(&model, path_a);
	full = model.totals.size;
	head = full - model.totals.data_bytes;
	for (uint64_t max = head - 5; max < full + 5000; max += full / 37) {
		model.max_size = max;
		unlink(path_b);
		err = model_write(&model, file_sink(path_b), &late);
		CHECK_OK(late);
		if (max >= full) {
			CHECK_OK(err);
			CHECK(same_files(path_a, path_b));
			continue;
		}
		CHECK(err && error_kind(err) == ERROR_NOSPACE);
		error_destroy(err);
		CHECK(model.ready == (max >= head));
		if (!model.ready) {
			CHECK(access(path_b, F_OK) != 0);
			continue;
		}
		CHECK(model_check(&model, path_b, false, &seen));
		CHECK(seen.size <= max && seen.size == model.totals.size);
		CHECK(seen.status == (0x8 | 0x2) && seen.nr_lost > 0);
		CHECK(seen.nr_there == model.totals.nr_pages);
		/* a page of 4 KiB more would have been too much */
		CHECK(seen.size + 4096 > max);
	}
	unlink(path_b);
	/* exactly enough is enough */
	model.max_size = full;
	write_ok(&model, path_b);
	CHECK(same_files(path_a, path_b));
}

/* More blocks of the table than stay in memory: 68 of 2,560 descriptors. */
static void large_table(void)
{
	struct model model = { .nr_frames = 240000, .codec = &codec_lzo };
	struct seen seen;

	write_ok(&model, path_a);
	CHECK(model.totals.nr_checkpoints > 3);
	CHECK(model_check(&model, path_a, false, &seen) && !seen.nr_lost);
	CHECK(seen.status == 0x2);
}

/* Stopped by a signal: what was written is there, marked incomplete. */
static void stopped(void)
{
	struct model model = { .nr_frames = 9000, .codec = &codec_zlib,
			       .stop_after = 3000 };
	struct seen seen;
	bool complete;

	write_ok(&model, path_a);
	CHECK(model_check(&model, path_a, false, &seen));
	CHECK(seen.nr_there == 3000 && seen.nr_lost && seen.status == 0x9);
	model.address_order = true;
	flat_ok(&model, path_a, &complete);
	CHECK(complete);	/* the stream is; the dump is not */
	CHECK(model_check(&model, path_a, true, &seen));
	CHECK(seen.nr_there == 3000 && seen.status == 0x9);
}

/* A flattened stream cut at any byte is a dump of the pages before. */
static void flat_cut(void)
{
	struct model model = { .nr_frames = 40000, .codec = &codec_zlib,
			       .address_order = true };
	int fd = open(path_c, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct sink *sink = NULL;
	struct error *late;
	struct seen seen;
	uint64_t last = 0;
	off_t size;
	bool complete;

	CHECK_OK(sink_flat_create(fd, &sink));
	CHECK_OK(model_write(&model, sink, &late));
	CHECK_OK(late);
	size = lseek(fd, 0, SEEK_END);
	/* the header record, then some cuts */
	for (off_t cut = size - 1; cut > size / 4; cut -= size / 9 + 1) {
		CHECK(ftruncate(fd, cut) == 0);
		lseek(fd, 0, SEEK_SET);
		CHECK_OK(flat_rearrange(fd, path_b, true, NULL, &complete));
		CHECK(!complete);
		CHECK(model_check(&model, path_b, true, &seen));
		CHECK(seen.status & 8);
		CHECK(!last || seen.nr_there <= last);
		last = seen.nr_there;
		if (cut == size - 1)
			CHECK(seen.nr_lost == 0);
	}
	CHECK(last > 0);
	close(fd);
}

static void null_sink(void)
{
	struct model model = { .nr_frames = 240000, .codec = &codec_snappy };
	struct sink *sink = NULL;
	struct error *late;

	CHECK_OK(sink_null_create(&sink));
	CHECK_OK(model_write(&model, sink, &late));
	CHECK_OK(late);
	CHECK(model.totals.nr_pages > 190000);
}

int main(void)
{
	if (!CHECK(mkdtemp(dir)))
		return unit_end();
	snprintf(path_a, sizeof(path_a), "%s/a", dir);
	snprintf(path_b, sizeof(path_b), "%s/b", dir);
	snprintf(path_c, sizeof(path_c), "%s/c", dir);
	one_codec(NULL);
	for (unsigned i = 0; codecs[i]; i++)
		if (codecs[i]->create)
			one_codec(codecs[i]);
	notes(100);
	notes(1900001 / 4 * 4);
	limits();
	stopped();
	flat_cut();
	large_table();
	null_sink();
	unlink(path_a);
	unlink(path_b);
	unlink(path_c);
	rmdir(dir);
	return unit_end();
}
