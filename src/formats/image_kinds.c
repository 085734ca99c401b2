/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of image kinds: see image_kinds.h. */
#include "image_kinds.h"

#include <stddef.h>

#include "kdump_read.h"

const struct image_ops *const image_kinds[] = {
	&elf_image_ops, &kdump_image_ops, NULL
};
