/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs and what they need: see initrd_programs.h. */
#include "initrd_programs.h"

#include <stdio.h>
#include <string.h>

#include "needed.h"

#define MAX_LIBRARIES 64

/* A text that is in every capdump, by whatever name, and in nothing else. */
static const char mark[] = "capdump: unreadable page";

bool initrd_is_capdump(const void *bytes, size_t len)
{
	return memmem(bytes, len, mark, strlen(mark)) != NULL;
}

const struct initramfs_entry *initrd_find_capdump(const struct initramfs *image)
{
	static const char *const names[] = { "capdump", "makedumpfile" };

	for (unsigned i = 0; i < 2; i++) {
		const struct initramfs_entry *entry =
			initramfs_find(image, names[i]);

		if (entry && initrd_is_capdump(entry->bytes, entry->len))
			return entry;
	}
	return NULL;
}

unsigned initrd_find_libraries(const struct initramfs *image,
			       const struct initramfs_entry *entry,
			       char *missing, size_t size)
{
	const char *names[MAX_LIBRARIES], *more[NEEDED_MAX];
	unsigned nr = 0, done = 0;
	size_t used = 0;

	missing[0] = '\0';
	for (;;) {
		unsigned nr_more = entry ? needed_find(entry->bytes,
						       entry->len, more) : 0;

		for (unsigned i = 0; i < nr_more && nr < MAX_LIBRARIES; i++) {
			unsigned k = 0;

			while (k < nr && strcmp(names[k], more[i]))
				k++;
			if (k == nr)
				names[nr++] = more[i];
		}
		if (done == nr)
			return nr;
		entry = initramfs_find(image, names[done]);
		if (!entry && used < size)
			used += (size_t)snprintf(missing + used, size - used,
						 "%s%s", used ? ", " : "",
						 names[done]);
		done++;
	}
}
