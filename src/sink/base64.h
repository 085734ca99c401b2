/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAPDUMP_SINK_BASE64_H
#define CAPDUMP_SINK_BASE64_H

#include <stddef.h>

#define BASE64_TEXT(len) (((len) + 2) / 3 * 4 + 1)	/* and a 0 */

/* LEN bytes in base64 (RFC 4648 4). Returns the end, which is a 0. */
char *base64_print(const void *bytes, size_t len, char *text);

#endif
