/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flattened streams (makedumpfile -F) read back: -R, capdump rearrange. */
#ifndef CAPDUMP_FORMATS_FLAT_READ_H
#define CAPDUMP_FORMATS_FLAT_READ_H

#include "../base/error.h"
#include "../base/log.h"

/* Whether HEAD begins a flattened stream ("makedumpfile", type 1). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
bool flat_probe(const uint8_t *head, size_t len);

/*
 * Reads the stream from FD, in one pass, and writes the plain dump to PATH
 * (mode 0600, never over an existing file unless FORCE). A stream that is cut
 * off still gives what was in it; *COMPLETE is then false and a warning says
 * where it ended. Offsets and sizes in the stream are checked.
 */
struct error *flat_rearrange(int fd, const char *path, bool force,
			     struct log *log, bool *complete);

#endif
