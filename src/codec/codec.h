/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page compressors: one const struct each. A codec that was left out of the
 * build is in the table without functions, so that it can be named. zlib is
 * libdeflate.c's or, without libdeflate, zlib.c's: the same format.
 */
#ifndef CAPDUMP_CODEC_CODEC_H
#define CAPDUMP_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

struct codec;

/* Pages are no larger: 64 KiB (arm64, ppc64). */
#define CODEC_LEN_MAX 65536u

/* In place of a level, which is above 0. */
#define CODEC_LEVEL_DEFAULT 0
#define CODEC_LEVEL_FAST (-1)

struct codec_ops {
	const char *name;	/* "zstd" */
	char letter;		/* the option: 'z'; 0: none */
	uint32_t flag;		/* page_desc.flags and header status
				 * (makedumpfile diskdump_mod.h:
				 * DUMP_DH_COMPRESSED_*) */
	int level_min, level_max;	/* equal: no levels */
	int level_default;	/* what create() gets for CODEC_LEVEL_DEFAULT */
	bool has_fast;		/* knows CODEC_LEVEL_FAST */
	const char *library;		/* what it needs, "libzstd" */
	const char *(*version)(void);	/* of the library; may return NULL: the
					 * library does not say */

	/* Not built in: NULL, and so are version and all below. */
	struct error *(*create)(int level, struct codec **ret);
	void (*destroy)(struct codec *codec);

	/* Packs LEN (<= CODEC_LEN_MAX) bytes into at most CAP (< LEN) bytes;
	 * never touches DST beyond CAP. Returns the number of bytes, 0: does
	 * not fit, store raw. Same input, level and CAP, same output. */
	size_t (*pack)(struct codec *codec, const void *src, size_t len,
		       void *dst, size_t cap);

	/* True if SRC unpacks to exactly LEN bytes. SRC is untrusted. */
	bool (*unpack)(struct codec *codec, const void *src, size_t src_len,
		       void *dst, size_t len);
};

/* A created codec; used by one thread at a time. */
struct codec {
	const struct codec_ops *ops;
};

extern const struct codec_ops codec_zlib, codec_lzo, codec_snappy, codec_zstd;

/* All codecs known to this program, built in or not; NULL-terminated. */
extern const struct codec_ops *const codecs[];

/* NULL if unknown. */
const struct codec_ops *codec_by_name(const char *name);
const struct codec_ops *codec_by_letter(char letter);
const struct codec_ops *codec_by_flag(uint32_t flag);

/* ERROR_UNSUPPORTED, naming codec and library, if it is not built in;
 * ERROR_USAGE for a level that it has not. */
struct error *codec_create(const struct codec_ops *ops, int level,
			   struct codec **ret);

/* As ops->pack(), then unpacks the bytes to SCRATCH (LEN bytes) and compares:
 * if they do not give SRC again, sets *WRONG (never clears it) and returns 0. */
size_t codec_pack_checked(struct codec *codec, const void *src, size_t len,
			  void *dst, size_t cap, void *scratch, bool *wrong);

void codec_destroy(struct codec *codec);	/* NULL is fine */

#endif
