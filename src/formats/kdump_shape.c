/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layouts of disk_dump_header and kdump_sub_header, see kdump_shape.h.
 * Sources: the structs in makedumpfile diskdump_mod.h, compiled; crash
 * diskdump.c: arm_kdump_header_adjust(); libkdumpfile src/kdumpfile/diskdump.c:
 * struct disk_dump_header_32, kdump_sub_header_32pack, kdump_sub_header_32pad;
 * QEMU include/sysemu/dump.h: KdumpSubHeader32.
 */
#include <elf.h>
#include <string.h>

#include "../image/image.h"
#include "kdump_shape.h"

/* struct timeval begins here if its words are of 4 bytes, and 4 bytes later
 * else, after the utsname */
#define TIME_NARROW 404u

enum { WIDE, PAD, PACK, PAD_TIME64, PACK_TIME64 };

#define SUB_WIDE { 0, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96 }
#define SUB_PAD { 0, 4, 8, 12, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88 }
#define SUB_PACK { 0, 4, 8, 12, 16, 20, 28, 32, 40, 44, 52, 56, 64, 72 }
#define LEN_WIDE { 0, 16, 32, 48, 64, 80, 104 }
#define LEN_PAD { 0, 8, 20, 36, 52, 68, 96 }
#define LEN_PACK { 0, 8, 20, 32, 44, 56, 80 }

static const struct kdump_shape shapes[] = {
	[WIDE] = { 8, 0, SUB_WIDE, LEN_WIDE },
	[PAD] = { 4, 12, SUB_PAD, LEN_PAD },
	[PACK] = { 4, 12, SUB_PACK, LEN_PACK },
	/* with a time_t of 8 bytes, as Debian's armhf has it since trixie */
	[PAD_TIME64] = { 4, 0, SUB_PAD, LEN_PAD },
	[PACK_TIME64] = { 4, 0, SUB_PACK, LEN_PACK },
};

const struct kdump_shape *kdump_shape_for(const struct target *target)
{
	if (target->word_size == 8)
		return &shapes[WIDE];
	return &shapes[target->elf_machine == EM_386 ? PACK : PAD];
}

/* Whether H's numbers can be those of a header in SHAPE. */
static bool head_fits(const struct kdump_shape *shape, const uint8_t *h,
		      bool big)
{
	uint32_t block = kdump_head_get(shape, h, KDUMP_H_BLOCK_SIZE, big);

	return block >= 4096 && block <= 1u << 18 && !(block & (block - 1)) &&
	       kdump_head_get(shape, h, KDUMP_H_SUB_HDR_SIZE, big) &&
	       kdump_head_get(shape, h, KDUMP_H_BITMAP_BLOCKS, big);
}

/* Whether the machine that the header names has words of 4 bytes; *PACK: and
 * aligns numbers of 8 bytes to 4. */
static bool is_narrow(const uint8_t *h, bool *pack)
{
	static const char *const narrow[] = {
		"i386", "i486", "i586", "i686", "arm", "ppc", "s390", "mips",
		"riscv32",
	};
	const char *machine = (const char *)h + KDUMP_H_UTSNAME + 4 * 65;

	for (size_t i = 0; i < sizeof(narrow) / sizeof(*narrow); i++) {
		*pack = narrow[i][0] == 'i';
		/* armv7l, armv6l...; the others are all of their name */
		if (!strncmp(machine, narrow[i], strcmp(narrow[i], "arm") ?
			     65 : 3))
			return true;
	}
	return false;
}

/* QEMU (7.2) names all machines "Unknown" but PCs and s390x, and packs. */
const struct kdump_shape *kdump_shape_of(const uint8_t *h)
{
	bool big = kdump_big_endian(h), pack;
	bool wide = head_fits(&shapes[WIDE], h, big);
	bool shifted = head_fits(&shapes[PAD], h, big);

	if (!is_narrow(h, &pack))
		return &shapes[!wide && shifted ? PACK : WIDE];
	if (wide && !shifted)
		return &shapes[pack ? PACK_TIME64 : PAD_TIME64];
	return &shapes[pack ? PACK : PAD];
}

static bool lies_before(uint64_t offset, uint64_t len, uint64_t block,
			uint64_t end)
{
	return (!offset && !len) ||
	       (offset > block && len && len <= end && offset <= end - len);
}

/* Whether S's numbers can be those of a sub-header in SHAPE. */
static bool sub_fits(const struct kdump_shape *shape, const uint8_t *h,
		     const uint8_t *s, uint64_t end)
{
	bool big = kdump_big_endian(h);
	uint32_t version = get_u32(h + KDUMP_H_VERSION, big);
	uint64_t block = kdump_head_get(shape, h, KDUMP_H_BLOCK_SIZE, big);
	uint64_t max = kdump_sub_get(shape, s, KDUMP_S_MAX_MAPNR_64, big);

	if (version >= 6 &&
	    kdump_head_get(shape, h, KDUMP_H_MAX_MAPNR, big) !=
	    (max < UINT32_MAX ? max : UINT32_MAX))
		return false;
	return (version < 3 ||
		lies_before(kdump_sub_get(shape, s, KDUMP_S_OFFSET_VMCOREINFO,
					  big),
			    kdump_sub_get(shape, s, KDUMP_S_SIZE_VMCOREINFO,
					  big), block, end)) &&
	       (version < 4 ||
		lies_before(kdump_sub_get(shape, s, KDUMP_S_OFFSET_NOTE, big),
			    kdump_sub_get(shape, s, KDUMP_S_SIZE_NOTE, big),
			    block, end));
}

const struct kdump_shape *kdump_shape_fits(const struct kdump_shape *shape,
					   const uint8_t *h, const uint8_t *s,
					   uint64_t end)
{
	static const uint8_t others[][2] = {
		[WIDE] = { WIDE, WIDE }, [PAD] = { PACK, PACK },
		[PACK] = { PAD, PAD }, [PAD_TIME64] = { PACK_TIME64, WIDE },
		[PACK_TIME64] = { PAD_TIME64, WIDE },
	};
	const uint8_t *other = others[shape - shapes];

	if (sub_fits(shape, h, s, end))
		return shape;
	for (unsigned i = 0; i < 2; i++)
		if (sub_fits(&shapes[other[i]], h, s, end))
			return &shapes[other[i]];
	return shape;
}

uint32_t kdump_head_get(const struct kdump_shape *shape, const uint8_t *h,
			unsigned field, bool big_endian)
{
	return get_u32(h + kdump_shape_at(shape, field), big_endian);
}

unsigned kdump_shape_time(const struct kdump_shape *shape)
{
	return shape->shift ? TIME_NARROW : KDUMP_H_TIMESTAMP;
}

uint64_t kdump_time_get(const struct kdump_shape *shape, const uint8_t *h,
			unsigned i, bool big_endian)
{
	return shape->shift ? get_u32(h + TIME_NARROW + 4 * i, big_endian) :
	       get_u64(h + KDUMP_H_TIMESTAMP + 8 * i, big_endian);
}

void kdump_time_put(const struct kdump_shape *shape, uint8_t *h, unsigned i,
		    uint64_t v, bool big_endian)
{
	if (shape->shift)
		put_u32(h + TIME_NARROW + 4 * i, (uint32_t)v, big_endian);
	else
		put_u64(h + KDUMP_H_TIMESTAMP + 8 * i, v, big_endian);
}

static unsigned sub_size(const struct kdump_shape *shape,
			 enum kdump_sub_field field)
{
	switch (field) {
	case KDUMP_S_DUMP_LEVEL:
	case KDUMP_S_SPLIT:
		return 4;
	case KDUMP_S_OFFSET_VMCOREINFO:
	case KDUMP_S_OFFSET_NOTE:
	case KDUMP_S_OFFSET_ERASEINFO:
	case KDUMP_S_START_PFN_64:
	case KDUMP_S_END_PFN_64:
	case KDUMP_S_MAX_MAPNR_64:
		return 8;
	default:
		return shape->word;
	}
}

uint64_t kdump_sub_get(const struct kdump_shape *shape, const uint8_t *s,
		       enum kdump_sub_field field, bool big_endian)
{
	return get_uint(s + shape->sub[field], sub_size(shape, field),
			big_endian);
}

void kdump_sub_put(const struct kdump_shape *shape, uint8_t *s,
		   enum kdump_sub_field field, uint64_t v, bool big_endian)
{
	if (sub_size(shape, field) == 4)
		put_u32(s + shape->sub[field], (uint32_t)v, big_endian);
	else
		put_u64(s + shape->sub[field], v, big_endian);
}
