/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flattened streams (makedumpfile -F) read back: -R, capdump rearrange. */
#ifndef CAPDUMP_FORMATS_FLAT_READ_H
#define CAPDUMP_FORMATS_FLAT_READ_H

#include <stdbool.h>

#include "../base/error.h"
#include "../base/log.h"

/*
 * Reads the stream from FD, in one pass, and writes the plain dump to PATH
 * (mode 0600, never over an existing file unless FORCE). Of two records for a
 * place the later counts, as for makedumpfile -R. Offsets and sizes in the
 * stream are checked.
 *
 * A stream that is cut off, by its end, a read error, a broken record or a
 * full disk, still gives what was in it: *COMPLETE is then false, one warning
 * says where it ended and one what of the dump is missing, and a
 * kdump-compressed dump is as long as its bitmaps and table claim, so that
 * readers open it. From the record with its header on a dump or an ELF core is
 * marked INCOMPLETE, until all the rest is durable. An error, and no
 * file, only if the stream has no header. Other errors leave the file.
 */
struct error *flat_rearrange(int fd, const char *path, bool force,
			     struct log *log, bool *complete);

#endif
