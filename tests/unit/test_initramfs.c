/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initramfs: archives in a row, packed and not, whole and damaged; and the
 * libraries that a program in it asks for. */
#include <elf.h>
#include <sys/stat.h>

#include "../../src/check/initramfs.h"
#include "../../src/check/needed.h"
#include "../../src/codec/unzip.h"
#include "unit.h"

#define LARGE INITRAMFS_MAX_UNPACKED

struct archive {
	uint8_t bytes[4096];
	size_t len;
};

static void add_sized(struct archive *a, const char *name, unsigned mode,
		      const char *content, size_t len, unsigned claimed)
{
	char header[111];

	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 1, mode, 0, 0, 1, 0, claimed, 0, 0, 0, 0,
		 (unsigned)strlen(name) + 1, 0);
	memcpy(a->bytes + a->len, header, 110);
	strcpy((char *)a->bytes + a->len + 110, name);
	a->len = (a->len + 110 + strlen(name) + 1 + 3) & ~(size_t)3;
	memcpy(a->bytes + a->len, content, len);
	a->len = (a->len + len + 3) & ~(size_t)3;
}

static void add(struct archive *a, const char *name, unsigned mode,
		const char *content)
{
	add_sized(a, name, mode, content, strlen(content),
		  (unsigned)strlen(content));
}

static void end(struct archive *a)
{
	add(a, "TRAILER!!!", 0, "");
}

static void test_plain(void)
{
	static struct archive a;
	const struct initramfs_entry *entry;
	struct initramfs image;

	add(&a, "./bin/sh", S_IFREG | 0755, "shell");
	add(&a, "lib/a.so.1", S_IFLNK | 0777, "../lib64/a.so.1.2");
	add(&a, "/lib64/a.so.1.2", S_IFREG | 0644, "library");
	add(&a, "lib/loop", S_IFLNK | 0777, "loop");
	add(&a, "lib/gone", S_IFLNK | 0777, "nowhere");
	add(&a, "lib/hard", S_IFREG | 0644, "");
	add(&a, "lib/bin", S_IFDIR | 0755, "");
	end(&a);
	a.len += 512;		/* zeroes between archives */
	add(&a, "bin/sh", S_IFREG | 0755, "another");
	add(&a, "usr/hard", S_IFREG | 0644, "late");
	end(&a);
	CHECK_OK(initramfs_open(a.bytes, a.len, LARGE, &image));
	CHECK(image.nr == 9 && !image.closed);
	CHECK(!strcmp(image.entries[0].name, "bin/sh"));
	entry = initramfs_find(&image, "sh");
	CHECK(entry && entry->len == 7 && !memcmp(entry->bytes, "another", 7));
	entry = initramfs_find(&image, "a.so.1");
	CHECK(entry && !strcmp(entry->name, "lib64/a.so.1.2"));
	entry = initramfs_find(&image, "hard");
	CHECK(entry && entry->len == 4);
	CHECK(!initramfs_find(&image, "loop"));
	CHECK(!initramfs_find(&image, "gone"));
	CHECK(!initramfs_find(&image, "bin"));
	CHECK(!initramfs_find(&image, "h"));
	initramfs_close(&image);
}

/* Every byte less is an error or fewer files, never more. */
static void test_cut(void)
{
	static struct archive a;
	struct initramfs image;

	add(&a, "bin/sh", S_IFREG | 0755, "shell");
	end(&a);
	for (size_t len = 0; len < a.len; len++) {
		uint8_t *copy = malloc(len ? len : 1);
		struct error *err;

		memcpy(copy, a.bytes, len);
		err = initramfs_open(copy, len, LARGE, &image);
		CHECK(image.nr <= 1);
		CHECK(err || !len || image.nr == 1);
		CHECK(!err || error_kind(err) == ERROR_INVALID);
		error_destroy(err);
		initramfs_close(&image);
		free(copy);
	}
}

static void test_bad(void)
{
	static struct archive a, b, c;
	struct initramfs image;

	add_sized(&a, "x", S_IFREG, "abc", 3, 0xffffffff);
	CHECK_ERROR(initramfs_open(a.bytes, a.len, LARGE, &image), "beyond the end");
	initramfs_close(&image);
	add(&b, "x", S_IFREG, "abc");
	b.bytes[110 + 1] = 'y';		/* the name's end */
	CHECK_ERROR(initramfs_open(b.bytes, b.len, LARGE, &image), "no end");
	initramfs_close(&image);
	b.bytes[20] = 'g';
	CHECK_ERROR(initramfs_open(b.bytes, b.len, LARGE, &image), "offset 0");
	initramfs_close(&image);
	add(&c, "x", S_IFREG, "abc");
	memcpy(c.bytes + c.len, "junk", 4);
	CHECK_ERROR(initramfs_open(c.bytes, c.len + 4, LARGE, &image), "offset 0x74");
	CHECK(image.nr == 1);
	initramfs_close(&image);
	memcpy(c.bytes + c.len, "\xfd" "7zXZ\0", 6);
	CHECK_OK(initramfs_open(c.bytes, c.len + 6, LARGE, &image));
	CHECK(image.nr == 1 && image.closed && !strcmp(image.closed, "xz"));
	initramfs_close(&image);
}

/* A stored block of deflate, in a member of gzip: RFC 1951, 1952. */
static size_t gzip_stored(const uint8_t *src, size_t len, uint8_t *dst)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1 };
	uint32_t crc = 0xffffffff;

	memcpy(dst, head, sizeof(head));
	dst += sizeof(head);
	*dst++ = len & 0xff;
	*dst++ = (uint8_t)(len >> 8);
	*dst++ = ~len & 0xff;
	*dst++ = (uint8_t)(~len >> 8);
	memcpy(dst, src, len);
	for (size_t i = 0; i < len; i++) {
		crc ^= src[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	for (int i = 0; i < 4; i++)
		dst[len + (size_t)i] = (uint8_t)(~crc >> 8 * i);
	for (int i = 0; i < 4; i++)
		dst[len + 4 + (size_t)i] = (uint8_t)(len >> 8 * i);
	return sizeof(head) + 4 + len + 8;
}

static void test_packed(void)
{
	static struct archive a, b;
	static uint8_t packed[16384];
	struct initramfs image;
	bool built;
	size_t first, second, made, used;
	uint8_t *out;

	add(&a, "bin/sh", S_IFREG | 0755, "shell");
	end(&a);
	add(&b, "bin/more", S_IFREG | 0755, "more");
	end(&b);
	first = gzip_stored(a.bytes, a.len, packed);
	second = gzip_stored(b.bytes, b.len, packed + first + 4);
	CHECK_OK(initramfs_open(packed, first, LARGE, &image));
	built = !image.closed;
	initramfs_close(&image);
	if (!built)
		return;
	/* bounds are of all archives together */
	CHECK_ERROR(initramfs_open(packed, first + 4 + second,
				   a.len + b.len - 1, &image), "more than");
	CHECK(image.nr == 1 && initramfs_find(&image, "sh"));
	initramfs_close(&image);
	CHECK_OK(initramfs_open(packed, first + 4 + second, a.len + b.len,
				&image));
	CHECK(image.nr == 2 && initramfs_find(&image, "sh") &&
	      initramfs_find(&image, "more"));
	initramfs_close(&image);
	packed[first / 2] ^= 1;
	CHECK_ERROR(initramfs_open(packed, first, LARGE, &image), "gzip");
	initramfs_close(&image);
	packed[first / 2] ^= 1;
	CHECK_ERROR(unzip(packed, first, a.len - 1, &out, &made, &used),
		    "more than");
	CHECK(!out);
	CHECK_OK(unzip(packed, first + 100, a.len, &out, &made, &used));
	CHECK(made == a.len && used == first && !memcmp(out, a.bytes, made));
	free(out);
}

/* A library of either class and byte order that asks for two others. */
static size_t make_elf(uint8_t *p, bool wide, bool big)
{
	static const char strings[] = "\0liba.so.1\0libb.so.2";
	unsigned size = wide ? 8 : 4, ph = wide ? 64 : 52;
	uint64_t tags[][2] = { { DT_NEEDED, 1 }, { DT_STRTAB, 0x1300 },
		{ DT_NEEDED, 11 }, { DT_NEEDED, 999 }, { DT_NULL, 0 } };

	memset(p, 0, 1024);
	memcpy(p, ELFMAG, SELFMAG);
	p[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
	p[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
#define PUT(at, value, len)						\
	for (unsigned k_ = 0; k_ < (len); k_++)				\
		p[(at) + k_] = (uint8_t)((uint64_t)(value) >>		\
			8 * (big ? (len) - 1 - k_ : k_))
	PUT(wide ? 32 : 28, ph, size);
	PUT(wide ? 56 : 44, 2, 2);
	for (unsigned i = 0; i < 2; i++) {
		unsigned at = ph + i * (wide ? 56 : 32);

		PUT(at, i ? PT_DYNAMIC : PT_LOAD, 4);
		PUT(at + (wide ? 8 : 4), i ? 512 : 0, size);
		PUT(at + (wide ? 16 : 8), i ? 0x1200 : 0x1000, size);
		PUT(at + (wide ? 32 : 16), i ? 10 * size : 1024, size);
	}
	for (unsigned i = 0; i < 5; i++)
		for (unsigned k = 0; k < 2; k++)
			PUT(512 + (2 * i + k) * size, tags[i][k], size);
	memcpy(p + 0x300, strings, sizeof(strings));
	return 1024;
}

static void test_needed(void)
{
	const char *names[NEEDED_MAX];
	uint8_t bytes[1024];

	for (unsigned kind = 0; kind < 4; kind++) {
		size_t len = make_elf(bytes, kind & 1, kind & 2);

		CHECK(needed_find(bytes, len, names) == 2);
		CHECK(!strcmp(names[0], "liba.so.1") &&
		      !strcmp(names[1], "libb.so.2"));
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *copy = malloc(cut ? cut : 1);

			memcpy(copy, bytes, cut);
			CHECK(!needed_find(copy, cut, names));
			free(copy);
		}
	}
	CHECK(!needed_find((const uint8_t *)"#!/bin/sh\n", 10, names));
}

int main(void)
{
	test_plain();
	test_cut();
	test_bad();
	test_packed();
	test_needed();
	return unit_end();
}
