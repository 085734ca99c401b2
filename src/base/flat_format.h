/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flattened format, as offsets: makedumpfile.h, struct makedumpfile_header
 * and struct makedumpfile_data_header. Numbers are big-endian.
 */
#ifndef CAPDUMP_BASE_FLAT_FORMAT_H
#define CAPDUMP_BASE_FLAT_FORMAT_H

#define FLAT_SIGNATURE "makedumpfile"	/* zero padded to 16 bytes */

enum {
	FLAT_SIGNATURE_LEN = 12,
	FLAT_TYPE = 16,
	FLAT_VERSION = 24,
	FLAT_HEADER_LEN = 4096,		/* MAX_SIZE_MDF_HEADER */
	FLAT_TYPE_DUMP = 1,		/* TYPE_FLAT_HEADER */
	FLAT_VERSION_1 = 1,		/* VERSION_FLAT_HEADER */
	FLAT_RECORD_LEN = 16,		/* offset, length */
};

#define FLAT_END UINT64_MAX		/* END_FLAG_FLAT_HEADER, -1 */

#endif
