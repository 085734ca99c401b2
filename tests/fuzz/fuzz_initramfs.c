/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An initramfs, and the same bytes as a program's. */
#include "../../src/check/initramfs.h"
#include "../../src/check/needed.h"
#include "fuzz.h"

/* a block of zstd with 4 bytes may give 2 MiB */
#define MAX_UNPACKED ((size_t)32 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *names[NEEDED_MAX];
	struct initramfs image;
	unsigned nr;

	fuzz_ok(initramfs_open(bytes, len, MAX_UNPACKED, &image));
	for (size_t i = 0; i < image.nr; i++) {
		const struct initramfs_entry *entry = &image.entries[i];

		FUZZ_CHECK(strlen(entry->name) < 4096);
		nr = needed_find(entry->bytes, entry->len, names);
		for (unsigned k = 0; k < nr; k++)
			FUZZ_CHECK(strlen(names[k]) < entry->len);
	}
	initramfs_find(&image, "sh");
	initramfs_close(&image);
	nr = needed_find(bytes, len, names);
	FUZZ_CHECK(nr <= NEEDED_MAX);
	for (unsigned k = 0; k < nr; k++)
		FUZZ_CHECK(strlen(names[k]) < len);
	return 0;
}
