/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dump lacks that was made of a flattened stream without its end. */
#ifndef CAPDUMP_FORMATS_FLAT_LACK_H
#define CAPDUMP_FORMATS_FLAT_LACK_H

#include <stdint.h>

#include "../base/log.h"

/*
 * Tells LOG, as one warning, what of the dump at PATH is missing, as far as its
 * bitmaps and page table, or its program headers, say; or that its head is. What
 * these have not come to nobody knows.
 */
void flat_lack_warn(const char *path, struct log *log);

#endif
