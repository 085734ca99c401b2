/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an image's file says that the kernel has its memory mapped. */
#ifndef CAPDUMP_IMAGE_MAPS_H
#define CAPDUMP_IMAGE_MAPS_H

#include "image.h"

/* Memory [paddr, paddr + len) is at VADDR, as a program header has it; 0 or the
 * last address: it does not say where. Adds to IMAGE->maps, or to the last of
 * them if it goes on there. */
struct error *image_map_add(struct image *image, uint64_t paddr, uint64_t len,
			    uint64_t vaddr);

/* What is AT bytes into MAP: its address in words of WORD_SIZE bytes; the map's
 * own if that is no address. */
uint64_t image_map_vaddr(const struct image_map *map, uint64_t at,
			 unsigned word_size);

#endif
