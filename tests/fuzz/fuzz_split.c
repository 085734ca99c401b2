/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump in several files: each opened as a part, then joined, read as one image
 * and compared with itself. The first byte is even: the rest are the files, cut
 * at MARKER. Odd: it is one file that all are made of, behind the range of frames
 * of each (two bytes), since heads that differ get no further than that.
 */
#include "../../src/base/bytes.h"
#include "../../src/formats/diff.h"
#include "read_dump.h"

#define MARKER "CUT HERE"
#define NR_PARTS 4u
/* of struct kdump_sub_header in block 1, as x86_64 has it (diskdump_mod.h) */
#define BLOCK 4096u
#define SUB_SPLIT 12u
#define SUB_START 80u

struct parts {
	int fds[NR_PARTS];
	char paths[NR_PARTS][32];
	unsigned nr;
};

static const struct image_ops *const kinds[] = { &kdump_image_ops, NULL };

static void add_part(struct parts *parts, const uint8_t *bytes, size_t len)
{
	int fd = fuzz_file(bytes, len);

	fuzz_path(fd, parts->paths[parts->nr]);
	parts->fds[parts->nr++] = fd;
}

static void cut_up(struct parts *parts, const uint8_t *bytes, size_t len)
{
	while (parts->nr < NR_PARTS - 1) {
		const uint8_t *at = memmem(bytes, len, MARKER, 8);

		if (!at)
			break;
		add_part(parts, bytes, (size_t)(at - bytes));
		len -= (size_t)(at - bytes) + 8;
		bytes = at + 8;
	}
	add_part(parts, bytes, len);
}

static void make_up(struct parts *parts, const uint8_t *bytes, size_t len)
{
	struct fuzz_source source = { bytes, len };
	uint8_t ranges[NR_PARTS][2], *copy;
	unsigned nr = 2 + fuzz_u8(&source) % (NR_PARTS - 1);

	fuzz_take(&source, ranges, sizeof(ranges));
	copy = malloc(source.len + 1);
	if (!copy)
		abort();
	for (unsigned i = 0; i < nr; i++) {
		uint8_t *sub = copy + BLOCK;

		memcpy(copy, source.bytes, source.len);
		if (source.len >= BLOCK + SUB_START + 16) {
			put_u32(sub + SUB_SPLIT, 1, false);
			put_u64(sub + SUB_START, ranges[i][0], false);
			put_u64(sub + SUB_START + 8, ranges[i][1], false);
		}
		add_part(parts, copy, source.len);
	}
	free(copy);
}

static void no_run(void *arg, enum diff_kind kind, uint64_t paddr,
		   uint64_t end)
{
	(void)arg;
	FUZZ_CHECK(kind == DIFF_UNREADABLE && paddr < end);
}

static void read_joined(struct image *image, struct parts *parts,
			struct log *log)
{
	const struct kdump_header *h;
	const char *paths[NR_PARTS];
	struct diff_counts counts;
	struct progress progress;

	for (unsigned i = 1; i < parts->nr; i++)
		paths[i - 1] = parts->paths[i];
	if (!fuzz_ok(kdump_join(image, paths, parts->nr - 1, log)))
		return;
	h = kdump_image_header(image);
	FUZZ_CHECK(h->nr_parts == parts->nr && !h->split);
	read_dump(image, log);
	progress_init(&progress, log, -1);
	if (h->nr_kept < 4096 && h->nr_frames < 1 << 24)
		error_destroy(diff_images(image, image, &progress, no_run,
					  NULL, &counts));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct parts parts = { .nr = 0 };
	struct image *image = NULL;
	struct log log;

	if (!len)
		return 0;
	fuzz_guard();
	log_init(&log, fuzz_null(), 31);
	(bytes[0] & 1 ? make_up : cut_up)(&parts, bytes + 1, len - 1);
	if (fuzz_ok(image_open(parts.paths[0], kinds, IMAGE_PART, &log,
			       &image)))
		read_joined(image, &parts, &log);
	image_close(image);
	for (unsigned i = 0; i < parts.nr; i++)
		close(parts.fds[i]);
	log_deinit(&log);
	return 0;
}
