/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A machine's files and its crash kernel's memory: see need_read.h. */
#include "need_read.h"

#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../machine/encryption.h"
#include "../machine/machine_file.h"
#include "crash_initrd.h"

#define MAX_CMDLINE ((size_t)64 << 10)

/* A line of a small file of the machine's; NULL: there is none. */
static struct error *read_line(const char *root, const char *path, char **ret)
{
	size_t len;

	TRY(machine_file_try(root, path, MAX_CMDLINE, ret, &len));
	while (len && (*ret)[len - 1] == '\n')
		(*ret)[--len] = '\0';
	return NULL;
}

static struct error *measure_initramfs(const char *root, const char *release,
				       struct log *log,
				       struct need_asked *asked,
				       struct need_found *ret)
{
	struct crash_initrd initrd;
	struct error *err = crash_initrd_read(root, release, NULL,
					      asked->fadump, &initrd);

	if (!err && *initrd.path) {
		memcpy(ret->initramfs, initrd.path, sizeof(ret->initramfs));
		ret->closed = initrd.image.closed;
		asked->packed = initrd.len;
		asked->unpacked = crash_initrd_unpacked(&initrd,
							asked->page_size);
		if (initrd.damaged)
			log_warn(log, "%s: %s", initrd.path, initrd.damaged);
	}
	crash_initrd_deinit(&initrd);
	return err;
}

static bool has_fadump(const char *root, const char *cmdline)
{
	AUTO_FREE char *on = NULL;

	error_destroy(read_line(root, "/sys/kernel/fadump/enabled", &on));
	return (on && !strcmp(on, "1")) || strstr(cmdline, "fadump=on") ||
	       strstr(cmdline, "fadump=nocma");
}

/* From the first byte of the running kernel's image to its last: what the kernel
 * frees of it comes after the boot, which is when memory is short. */
static uint64_t image_size(const struct iomem *iomem)
{
	size_t first = iomem->first[IOMEM_KERNEL];
	size_t end = iomem->first[IOMEM_KERNEL + 1];

	return first < end ? iomem->ranges[end - 1].end -
			     iomem->ranges[first].paddr : 0;
}

static struct error *read_map(const char *root, struct log *log,
			      struct need_asked *asked, struct need_found *ret)
{
	struct error *err = iomem_read(root, &ret->iomem);

	if (err) {
		log_warn(log, "no memory map: %s", error_message(err));
		error_destroy(err);
		return NULL;
	}
	ret->has_map = true;
	asked->ram = iomem_ram_size(&ret->iomem);
	if (image_size(&ret->iomem))
		asked->kernel = image_size(&ret->iomem);
	return NULL;
}

struct error *need_read(const char *root, struct log *log,
			struct need_asked *asked, struct need_found *ret)
{
	AUTO_FREE char *release = NULL;
	struct reserve_machine machine = { .arch = asked->arch };

	*ret = (struct need_found){ .has_map = false };
	TRY(read_line(root, "/proc/cmdline", &ret->cmdline));
	TRY(read_line(root, "/proc/sys/kernel/osrelease", &release));
	machine.cmdline = ret->cmdline ? ret->cmdline : "";
	if (!strcmp(asked->arch->name, "x86_64"))
		TRY(encryption_find(root, machine.cmdline, &asked->encryption));
	asked->swiotlb = need_swiotlb(&machine);
	asked->fadump = asked->arch->style == RESERVE_PPC64 &&
			has_fadump(root, machine.cmdline);
	TRY(measure_initramfs(root, release ? release : "", log, asked, ret));
	return read_map(root, log, asked, ret);
}

void need_found_deinit(struct need_found *found)
{
	free(found->cmdline);
	iomem_deinit(&found->iomem);
}

const struct reserve_machine *need_found_machine(const struct need_asked *asked,
						 const struct need_found *found,
						 struct reserve_machine *ret)
{
	*ret = (struct reserve_machine){
		.arch = asked->arch, .encryption = asked->encryption,
		.cmdline = found->cmdline ? found->cmdline : "",
		.iomem = &found->iomem,
	};
	return found->has_map ? ret : NULL;
}
