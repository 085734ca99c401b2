/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that the capture kernel has for its own. The crashed kernel reserved
 * it, and whoever loaded the capture kernel left it out of the vmcore. An old
 * loader may not have known all of it (the low part beside one above 4 GiB).
 * And memory of the crashed kernel that the capture kernel takes. It should
 * live in its reservation alone; but ACPI tells it of hotplugged DIMMs,
 * too, and where memory goes online by itself (CONFIG_MHP_DEFAULT_ONLINE_TYPE,
 * in Debian since 6.12) it puts its own pages there, over those to be saved.
 */
#ifndef CAPDUMP_CAPTURE_OWN_MEMORY_H
#define CAPDUMP_CAPTURE_OWN_MEMORY_H

#include "../image/image.h"
#include "../kernel/kernel.h"
#include "../machine/reservations.h"

struct own_memory {
	uint64_t paddr;		/* of the first such byte, if there is any */
	uint64_t size;		/* bytes of all of it */
};

/* Whether the memory block at PADDR is in use. */
typedef bool own_memory_online(void *arg, uint64_t paddr);

/*
 * IOMEM is the text of /proc/iomem, BLOCK_SIZE that of memory that goes online
 * at once, bytes, not 0. Below 1 MiB nothing counts: x86's kexec keeps a copy
 * of what was there elsewhere.
 */
void own_memory_find(const struct image *image, const char *iomem,
		     uint64_t block_size, own_memory_online *online, void *arg,
		     struct own_memory *ret);

/* Warns if the image is this machine's /proc/vmcore and there is such memory.
 * What cannot be read is no error: nothing is known then. */
void own_memory_check(const struct image *image, struct log *log);

/*
 * Takes each of RESERVED out of the image's segments, as long as nobody uses
 * them; what lay there is warned about. Parts of pages stay, and unless CMA is
 * set what was reserved in CMA: the system used that, and a loader that leaves it
 * in the vmcore does not give it to the capture kernel.
 */
struct error *own_memory_cut(struct image *image,
			     const struct reservations *reserved, bool cma,
			     struct log *log);

/*
 * The same with what the machine tells (reservations_read()): ROOT as there, or
 * if that is NULL the running one, and then only for its own /proc/vmcore. What
 * the running one tells that makes no sense is a warning.
 */
struct error *own_memory_leave_out(struct image *image, const char *root,
				   bool cma, struct log *log);

/*
 * What KERNEL had reserved and the image holds all the same; to be cut. Nothing
 * where the image holds all of it: then it is no capture kernel's vmcore (but
 * QEMU's, say), and the reservation is memory as any.
 */
struct error *own_memory_reserved(const struct kernel *kernel,
				  struct view *view, struct log *log,
				  struct reservations *ret);

#endif
