/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a machine's own files say of its crash kernel's memory (machine/need.h):
 * the running kernel's image, the initramfs of the crash kernel, encryption,
 * fadump, the memory map.
 */
#ifndef CAPDUMP_CHECK_NEED_READ_H
#define CAPDUMP_CHECK_NEED_READ_H

#include "../base/log.h"
#include "../machine/need.h"

struct need_found {
	char initramfs[256];	/* file below the root; empty: none is there */
	const char *closed;	/* it could not be unpacked: how it is packed */
	char *cmdline;		/* owned */
	bool has_map;		/* the next one */
	struct iomem iomem;	/* owned */
};

/*
 * Below ROOT (machine/root.h). ASKED, after need_init() and with its page_size,
 * gets what is told there; the rest stays. What is not there, or is damaged, is
 * left out; LOG gets a warning for the latter. need_found_deinit() in any case.
 */
struct error *need_read(const char *root, struct log *log,
			struct need_asked *asked, struct need_found *ret);
void need_found_deinit(struct need_found *found);

/* The machine as need_advise() takes it; NULL: there is no map. Borrows FOUND. */
const struct reserve_machine *need_found_machine(const struct need_asked *asked,
						 const struct need_found *found,
						 struct reserve_machine *ret);

#endif
