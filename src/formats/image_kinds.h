/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a file may be that holds a machine's memory. */
#ifndef CAPDUMP_FORMATS_IMAGE_KINDS_H
#define CAPDUMP_FORMATS_IMAGE_KINDS_H

#include "../image/image.h"

/* Every kind of image, for image_open(); NULL-terminated. Flattened files are no
 * kind of their own: see image/file.h. */
extern const struct image_ops *const image_kinds[];

#endif
