/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an image's file says that memory is mapped: see maps.h. */
#include "maps.h"

#include <stdlib.h>

#include "../base/bytes.h"

uint64_t image_map_vaddr(const struct image_map *map, uint64_t at,
			 unsigned word_size)
{
	uint64_t top = word_size == 4 ? UINT32_MAX : UINT64_MAX, end;

	/* kexec-tools: what a kernel of 32 bits does not always map is at -1;
	 * QEMU maps all at 0, s390x really has physical 0 there */
	if ((!map->vaddr && map->paddr) ||
	    add_overflows(map->vaddr, map->len - 1, &end) ||
	    (map->vaddr <= top && end > top))
		return map->vaddr;
	return map->vaddr + at;
}

struct error *image_map_add(struct image *image, uint64_t paddr, uint64_t len,
			    uint64_t vaddr)
{
	struct image_map *last = image->nr_maps ?
		&image->maps[image->nr_maps - 1] : NULL;
	size_t nr = image->nr_maps;

	if (last && last->paddr + last->len == paddr &&
	    (last->vaddr == vaddr ? !vaddr || vaddr >= UINT32_MAX :
	     last->vaddr && last->vaddr + last->len == vaddr)) {
		last->len += len;
		return NULL;
	}
	if (!(nr & (nr - 1))) {		/* a power of two: full */
		void *p = reallocarray(image->maps, nr ? nr * 2 : 1,
				       sizeof(*image->maps));

		if (!p)
			return error_nomem();
		image->maps = p;
	}
	image->maps[image->nr_maps++] = (struct image_map){ paddr, len, vaddr };
	return NULL;
}
