/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The crash header of a firmware-assisted dump: see fadump_header.h. */
#include "fadump_header.h"

#include <elf.h>

#include "../base/bytes.h"

/* "FADMPINF" and "FADMPSIG", as numbers (fadump_str_to_u64()) */
#define MAGIC_0 UINT64_C(0x4641444d50494e46)
#define MAGIC_1 UINT64_C(0x4641444d50534947)

#define PAGE 4096u	/* the smallest: the header begins with a page, of
			 * whatever size, and is shorter than this one */
#define MAX_TRIED 64u	/* segments whose begin is looked at */

bool fadump_header_parse(const uint8_t *bytes, bool big,
			 struct fadump_header *ret)
{
	uint64_t magic = get_u64(bytes, big);

	*ret = (struct fadump_header){ .version = magic == MAGIC_1 };
	if (magic == MAGIC_0) {
		ret->elfcorehdr = get_u64(bytes + 0x08, big);
		ret->crashing_cpu = get_u32(bytes + 0x10, big);
		return true;
	}
	if (magic != MAGIC_1 || get_u32(bytes + 0x08, big) != 1)
		return false;
	ret->crashing_cpu = get_u32(bytes + 0x0c, big);
	ret->vmcoreinfo = get_u64(bytes + 0x10, big);
	ret->vmcoreinfo_len = get_u64(bytes + 0x18, big);
	ret->regs_len = get_u32(bytes + 0x20, big);
	ret->mask_len = get_u32(bytes + 0x24, big);
	ret->size = (uint64_t)FADUMP_HEADER_LEN + ret->regs_len +
		    ret->mask_len;
	return true;
}

/* Whether the file has a header, and nothing else, between the page's begin and
 * where SEGMENT begins in it. */
static bool header_below(const struct image *image,
			 const struct segment *segment, uint64_t below)
{
	uint8_t bytes[FADUMP_HEADER_LEN];
	struct fadump_header header;
	struct error *err;

	if (below < sizeof(bytes) || segment->offset < below ||
	    !segment->filesz)
		return false;
	err = image_file_read_exact(&image->file, bytes, sizeof(bytes),
				    segment->offset - below);
	error_destroy(err);
	return !err && fadump_header_parse(bytes, image->target.big_endian,
					   &header) &&
	       header.size == below;
}

/*
 * What readers need of that page: they ask for memory by whole pages, a dump has
 * it or has it not, and what they are given they take for what was there. Filled
 * up with zeroes (as makedumpfile does) the page says to whoever looks at the
 * header that the kernel never wrote one. What stands in the file is no
 * neighbour's memory, though, but that page's own: the kernel that captures
 * never wrote there, and it took the crashing CPU's registers from it. So the
 * header is made part of the segment: the page is in the dump as it was. Without
 * a header that is known by its magic number and its size nothing is taken from
 * outside a PT_LOAD: such bytes stay zero.
 */
bool fadump_header_include(struct image *image)
{
	unsigned tried = 0;

	if (image->target.elf_machine != EM_PPC64 || image->ops != &elf_image_ops)
		return false;
	for (size_t i = 0; i < image->nr_segments && tried < MAX_TRIED; i++) {
		struct segment *s = &image->segments[i];
		const struct segment *last = i ? s - 1 : NULL;
		uint64_t below = s->paddr % PAGE;

		if (!below || (last && s->paddr - below <
			       last->paddr + last->memsz))
			continue;
		tried++;
		if (!header_below(image, s, below))
			continue;
		s->paddr -= below;
		s->offset -= below;
		s->memsz += below;
		s->filesz += below;
		return true;
	}
	return false;
}

bool fadump_header_at(struct view *view, uint64_t paddr,
		      struct fadump_header *ret)
{
	uint8_t bytes[FADUMP_HEADER_LEN];

	return view_image(view)->target.elf_machine == EM_PPC64 &&
	       paddr % PAGE == 0 &&
	       view_read_whole(view, paddr, bytes, sizeof(bytes)) == PAGE_OK &&
	       fadump_header_parse(bytes, view_image(view)->target.big_endian,
				   ret) &&
	       ret->size <= PAGE;
}
