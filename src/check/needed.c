/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DT_NEEDED by hand: see needed.h. libelf would do, but checks less. Offsets are
 * those of gabi's Elf32_ and Elf64_ structures.
 */
#include "needed.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "../base/bytes.h"

#define MAX_DYNAMIC 4096u

struct file {
	const uint8_t *bytes;
	size_t len;
	bool big, wide;		/* byte order, ELFCLASS64 */
	uint64_t phoff;
	unsigned phnum;
};

struct part {
	uint32_t type;
	uint64_t offset, vaddr, size;	/* in the file; size ends in it */
};

/* A word of the class's size. */
static uint64_t word(const struct file *file, uint64_t narrow_at,
		     uint64_t wide_at)
{
	return file->wide ? get_u64(file->bytes + wide_at, file->big) :
	       get_u32(file->bytes + narrow_at, file->big);
}

static bool file_open(const uint8_t *bytes, size_t len, struct file *ret)
{
	*ret = (struct file){ .bytes = bytes, .len = len };
	if (len < sizeof(Elf64_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG))
		return false;
	ret->wide = bytes[EI_CLASS] == ELFCLASS64;
	ret->big = bytes[EI_DATA] == ELFDATA2MSB;
	ret->phoff = word(ret, 28, 32);
	ret->phnum = get_u16(bytes + (ret->wide ? 56 : 44), ret->big);
	return ret->phoff <= len &&
	       (len - ret->phoff) / (ret->wide ? 56 : 32) >= ret->phnum;
}

static bool part_get(const struct file *file, unsigned i, struct part *ret)
{
	uint64_t at = file->phoff + i * (file->wide ? 56u : 32u);

	ret->type = get_u32(file->bytes + at, file->big);
	ret->offset = word(file, at + 4, at + 8);
	ret->vaddr = word(file, at + 8, at + 16);
	ret->size = word(file, at + 16, at + 32);
	return ret->offset <= file->len && ret->size <= file->len - ret->offset;
}

/* The place in the file of what will be at VADDR; *LEFT: bytes there. */
static bool find_vaddr(const struct file *file, uint64_t vaddr, uint64_t *ret,
		       uint64_t *left)
{
	struct part part;

	for (unsigned i = 0; i < file->phnum; i++) {
		if (!part_get(file, i, &part) || part.type != PT_LOAD ||
		    vaddr < part.vaddr || vaddr - part.vaddr >= part.size)
			continue;
		*ret = part.offset + (vaddr - part.vaddr);
		*left = part.size - (vaddr - part.vaddr);
		return true;
	}
	return false;
}

static bool find_dynamic(const struct file *file, struct part *ret)
{
	for (unsigned i = 0; i < file->phnum; i++)
		if (part_get(file, i, ret) && ret->type == PT_DYNAMIC)
			return true;
	return false;
}

/* The entry I of the dynamic section; false behind the last. */
static bool entry_get(const struct file *file, const struct part *dynamic,
		      unsigned i, uint64_t *tag, uint64_t *value)
{
	unsigned size = file->wide ? 16 : 8;
	uint64_t at = dynamic->offset + (uint64_t)i * size;

	if (i >= MAX_DYNAMIC || dynamic->size / size <= i)
		return false;
	*tag = word(file, at, at);
	*value = word(file, at + 4, at + 8);
	return *tag != DT_NULL;
}

unsigned needed_find(const uint8_t *bytes, size_t len,
		     const char *ret[NEEDED_MAX])
{
	uint64_t tag, value, strings = 0, left = 0;
	struct part dynamic;
	struct file file;
	unsigned nr = 0;

	if (!file_open(bytes, len, &file) || !find_dynamic(&file, &dynamic))
		return 0;
	/* the first one alone: each takes a look at all program headers */
	for (unsigned i = 0; entry_get(&file, &dynamic, i, &tag, &value); i++)
		if (tag == DT_STRTAB) {
			if (!find_vaddr(&file, value, &strings, &left))
				return 0;
			break;
		}
	for (unsigned i = 0; nr < NEEDED_MAX &&
	     entry_get(&file, &dynamic, i, &tag, &value); i++)
		if (tag == DT_NEEDED && value < left &&
		    memchr(bytes + strings + value, 0, left - value))
			ret[nr++] = (const char *)bytes + strings + value;
	return nr;
}
