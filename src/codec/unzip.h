/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that were packed whole: gzip and zstd, as an initramfs is; of others the
 * name alone is known. What is packed is untrusted.
 */
#ifndef CAPDUMP_CODEC_UNZIP_H
#define CAPDUMP_CODEC_UNZIP_H

#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

/* "gzip", by how the bytes begin (Linux 7.2 lib/decompress.c:
 * compressed_formats); NULL: packed by nothing that is known. */
const char *unzip_format(const uint8_t *src, size_t len);

/*
 * Unpacks what SRC begins with: one member of gzip, one frame of zstd. *RET is
 * owned by the caller and has *RET_LEN bytes, at most MAX; *USED are those of SRC
 * that it took. ERROR_UNSUPPORTED, which names the format, if there is no code
 * for it in this build; ERROR_INVALID for what is damaged or too large.
 */
struct error *unzip(const uint8_t *src, size_t len, size_t max, uint8_t **ret,
		    size_t *ret_len, size_t *used);

#endif
