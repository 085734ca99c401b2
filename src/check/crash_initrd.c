/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the crash kernel's initramfs: see crash_initrd.h. */
#include "crash_initrd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/bytes.h"
#include "../machine/machine_file.h"

#define INODE_BYTES 1024	/* shmem_inode_cache and dentry: 896 on 7.2 */

struct place {
	const char *format;	/* with the kernel's release */
	bool fadump, whole;
};

static const struct place places[] = {
	{ "/boot/initramfs-%skdump.img", false, true },	/* kdump-utils */
	{ "/var/lib/kdump/initramfs-%skdump.img", false, true },
	{ "/boot/initrd-%s-kdump", false, true },	/* openSUSE */
	{ "/var/lib/kdump/initrd", false, true },
	{ "/var/lib/kdump/initrd.img-%s", false, false },	/* kdump-tools */
	{ "/boot/initramfs-%s.img", true, true },
	{ "/boot/initrd.img-%s", true, false },
};

/* What dracut's modules squash and squash-erofs put all files into, but for those
 * that mount it. */
static const char *const inner[] = { "squash-root.img", "erofs-root.img" };

static struct error *read_bytes(const char *root, struct crash_initrd *ret)
{
	return machine_file_try(root, ret->path, INITRAMFS_MAX_PACKED,
				&ret->bytes, &ret->len);
}

static struct error *find(const char *root, const char *release,
			  const char *named, bool fadump,
			  struct crash_initrd *ret)
{
	if (named) {
		snprintf(ret->path, sizeof(ret->path), "%s", named);
		TRY(read_bytes(root, ret));
	}
	for (size_t i = 0; !ret->bytes &&
	     i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].fadump != fadump)
			continue;
		ret->whole = places[i].whole;
		snprintf(ret->path, sizeof(ret->path), places[i].format,
			 release);
		TRY(read_bytes(root, ret));
	}
	if (!ret->bytes)
		ret->path[0] = '\0';
	return NULL;
}

struct error *crash_initrd_read(const char *root, const char *release,
				const char *named, bool fadump,
				struct crash_initrd *ret)
{
	struct error *err;

	*ret = (struct crash_initrd){ .bytes = NULL };
	TRY(find(root, release, named, fadump, ret));
	if (!ret->bytes)
		return NULL;
	err = initramfs_open((const uint8_t *)ret->bytes, ret->len,
			     INITRAMFS_MAX_UNPACKED, &ret->image);
	if (!err || error_kind(err) != ERROR_INVALID)
		return err;
	ret->damaged = strdup(error_message(err));
	error_destroy(err);
	return ret->damaged ? NULL : error_nomem();
}

void crash_initrd_deinit(struct crash_initrd *initrd)
{
	initramfs_close(&initrd->image);
	free(initrd->bytes);
	free(initrd->damaged);
}

const char *crash_initrd_closed(const struct crash_initrd *initrd)
{
	for (unsigned i = 0; i < 2; i++)
		if (initramfs_find(&initrd->image, inner[i]))
			return inner[i];
	return initrd->image.closed;
}

uint64_t crash_initrd_unpacked(const struct crash_initrd *initrd,
			       uint64_t page_size)
{
	uint64_t size = 0;

	if (initrd->damaged || initrd->image.closed)
		return 0;
	for (size_t i = 0; i < initrd->image.nr; i++) {
		const struct initramfs_entry *entry =
			&initrd->image.entries[i];

		size += INODE_BYTES;
		if (S_ISREG(entry->mode))
			size += align_up(entry->len, page_size);
	}
	return size;
}
