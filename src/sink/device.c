/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Block devices: see device.h. What is looked for is what wipefs(8) would find
 * of the usual things: magic numbers of the file systems, volumes and tables that
 * Linux machines have their disks made up of, at the places where util-linux'
 * libblkid/src has them.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/io.h"

struct magic {
	const char *name;
	uint32_t offset, len;	/* bytes */
	const char *bytes;
};

#define MAGIC(name, offset, bytes) { name, offset, sizeof(bytes) - 1, bytes }

static const struct magic magics[] = {
	MAGIC("an ext2, ext3 or ext4 file system", 0x438, "\x53\xef"),
	MAGIC("an XFS file system", 0, "XFSB"),
	MAGIC("a btrfs file system", 0x10040, "_BHRfS_M"),
	MAGIC("an F2FS file system", 0x400, "\x10\x20\xf5\xf2"),
	MAGIC("an EROFS file system", 0x400, "\xe2\xe1\xf5\xe0"),
	MAGIC("a squashfs file system", 0, "hsqs"),
	MAGIC("an ISO 9660 file system", 0x8001, "CD001"),
	MAGIC("an exFAT file system", 3, "EXFAT   "),
	MAGIC("an LVM physical volume", 0, "LABELONE"),
	MAGIC("an LVM physical volume", 512, "LABELONE"),
	MAGIC("an LVM physical volume", 1024, "LABELONE"),
	MAGIC("an LVM physical volume", 1536, "LABELONE"),
	MAGIC("an encrypted volume (LUKS)", 0, "LUKS\xba\xbe"),
	MAGIC("a member of a RAID (md)", 0, "\xfc\x4e\x2b\xa9"),
	MAGIC("a member of a RAID (md)", 4096, "\xfc\x4e\x2b\xa9"),
	MAGIC("swap space", 4096 - 10, "SWAPSPACE2"),
	MAGIC("swap space", 16384 - 10, "SWAPSPACE2"),
	MAGIC("swap space", 65536 - 10, "SWAPSPACE2"),
	MAGIC("a partition table (GPT)", 512, "EFI PART"),
	MAGIC("a partition table (GPT)", 4096, "EFI PART"),
	MAGIC("a partition table or a boot sector", 510, "\x55\xaa"),
	MAGIC("a dump", 0, "KDUMP   "),
	MAGIC("an ELF file", 0, "\x7f" "ELF"),
	MAGIC("a flattened dump", 0, "makedumpfile"),
};

#define LOOKED_AT (0x10040 + 8)

bool device_is(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISBLK(st.st_mode);
}

/* What is on the device; NULL: nothing that is known. md's number has the byte
 * order of the machine that made the array. */
static struct error *device_holds(int fd, const char **ret)
{
	AUTO_FREE uint8_t *buf = calloc(1, LOOKED_AT);
	size_t len;

	*ret = NULL;
	if (!buf)
		return error_nomem();
	TRY(io_pread(fd, buf, LOOKED_AT, 0, &len));
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		const struct magic *magic = &magics[i];

		if (memcmp(buf + magic->offset, magic->bytes, magic->len))
			continue;
		*ret = magic->name;
		return NULL;
	}
	return NULL;
}

static struct error *device_check(int fd, const char *path, bool force,
				  uint64_t *size)
{
	const char *held;
	struct stat st;

	if (fstat(fd, &st))
		return error_errno(errno, "cannot look at %s", path);
	if (!S_ISBLK(st.st_mode))
		return error_create(ERROR_IO, "%s is a block device no more",
				    path);
	TRY(io_size(fd, size));
	if (force)
		return NULL;
	TRY(device_holds(fd, &held));
	if (!held)
		return NULL;
	return error_create(ERROR_IO, "%s holds %s; use -f to overwrite it",
			    path, held);
}

struct error *device_open(const char *path, bool force, int *ret,
			  uint64_t *size)
{
	int fd = TEMP_FAILURE_RETRY(open(path, O_RDWR | O_EXCL | O_CLOEXEC |
					 O_NONBLOCK));
	struct error *err;

	if (fd < 0 && errno == EBUSY)
		return error_errno(errno, "%s is in use: mounted, or part of "
				   "another device", path);
	if (fd < 0)
		return error_errno(errno, "cannot open %s", path);
	err = device_check(fd, path, force, size);
	if (err) {
		close(fd);
		return err;
	}
	*ret = fd;
	return NULL;
}

bool device_zero(int fd, uint64_t len)
{
	uint64_t range[2] = { 0, len };

	return !TEMP_FAILURE_RETRY(ioctl(fd, BLKZEROOUT, range));
}
