/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small kdump-compressed dumps for tests of the reader and of verify, made
 * from the format's description (makedumpfile diskdump_mod.h) with structs of
 * their own: nothing of src/formats is used. 24 frames of memory, 20 of them
 * present, 12 kept: see dump_kinds. Of either byte order, on either kind of
 * host: the structs are the host's until they are written.
 */
#ifndef CAPDUMP_TESTS_DUMP_FILE_H
#define CAPDUMP_TESTS_DUMP_FILE_H

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "../../src/codec/codec.h"

/* The byte order of what is written */
static bool dump_big;

#define DUMP_BLOCK 4096u
#define DUMP_FRAMES 21u

struct dump_timeval { int64_t sec, usec; };

struct dump_header {
	char signature[8];
	int32_t version;
	char utsname[6][65];
	struct dump_timeval timestamp;
	uint32_t status;
	int32_t block_size, sub_hdr_size;
	uint32_t bitmap_blocks, max_mapnr, total_ram_blocks, device_blocks;
	uint32_t written_blocks, current_cpu;
	int32_t nr_cpus;
};

struct dump_sub_header {
	uint64_t phys_base;
	int32_t level, split;
	uint64_t start_pfn, end_pfn;
	uint64_t offset_vmcoreinfo, size_vmcoreinfo;
	uint64_t offset_note, size_note;
	uint64_t offset_eraseinfo, size_eraseinfo;
	uint64_t start_pfn_64, end_pfn_64, max_mapnr_64;
};

struct dump_desc {
	uint64_t offset;
	uint32_t size, flags;
	uint64_t page_flags;
};

/* What each frame is: . absent, - present, not kept; then kept: r raw, p
 * packed, z zero (shared), u unreadable (shared), n not reached. */
#define DUMP_KINDS "rp-zzrpp-uuz..-pzr-.p"

struct dump_file {
	char path[64];
	int fd;
	const struct codec_ops *codec;	/* of packed pages */
	const char *kinds;
	int version;
	struct dump_header header;
	struct dump_sub_header sub;
	uint8_t bitmaps[2][DUMP_BLOCK];
	struct dump_desc descs[DUMP_FRAMES];
	unsigned nr_descs;
	uint8_t notes[2048];
	size_t notes_len;
	uint64_t table, data, size;
	uint64_t zero, filler;		/* offsets of shared blocks */
};

/* A codec that this build has; NULL: none. */
static inline const struct codec_ops *dump_codec(void)
{
	for (size_t i = 0; codecs[i]; i++)
		if (codecs[i]->create)
			return codecs[i];
	return NULL;
}

static const char dump_vmcoreinfo[] =
	"OSRELEASE=6.12.1-test\nPAGESIZE=4096\nNUMBER(phys_base)=16777216\n"
	"CRASHTIME=1700000000\n";

/* What page PFN holds: text that repeats (packs well), or noise. */
static inline void dump_page(const struct dump_file *f, unsigned pfn,
			     uint8_t *page)
{
	uint32_t x = pfn * 2654435761u + 12345;

	for (unsigned i = 0; i < DUMP_BLOCK; i++) {
		x = x * 1664525 + 1013904223;
		switch (f->kinds[pfn]) {
		case 'p':
			page[i] = (uint8_t)("page "[i % 5] + (i / 512 + pfn) %
					    3);
			break;
		case 'z':
			page[i] = 0;
			break;
		case 'u':
			page[i] = (uint8_t)"capdump: unreadable page"[i % 24];
			break;
		default:
			page[i] = (uint8_t)(x >> 24);
		}
	}
}

/* (gcc 12 with -fsanitize takes a struct's first member for all of it) */
static __attribute__((noinline)) void dump_put(struct dump_file *f,
					       uint64_t offset,
					       const void *buf, size_t len)
{
	if (pwrite(f->fd, buf, len, (off_t)offset) != (ssize_t)len)
		abort();
}

/* Turns NR numbers of SIZE bytes from OFFSET of a struct on into the dump's
 * order, or back. */
static inline void dump_order(void *buf, size_t offset, size_t size,
			      unsigned nr)
{
	uint8_t *p = (uint8_t *)buf + offset;

	if (dump_big == BYTES_HOST_BIG)
		return;
	for (; nr--; p += size)
		for (size_t i = 0; i < size / 2; i++) {
			uint8_t byte = p[i];

			p[i] = p[size - 1 - i];
			p[size - 1 - i] = byte;
		}
}

static inline void dump_put_u32(struct dump_file *f, uint64_t offset,
				uint32_t v)
{
	dump_order(&v, 0, sizeof(v), 1);
	dump_put(f, offset, &v, sizeof(v));
}

static inline void dump_put_u64(struct dump_file *f, uint64_t offset,
				uint64_t v)
{
	dump_order(&v, 0, sizeof(v), 1);
	dump_put(f, offset, &v, sizeof(v));
}

static inline void dump_order_desc(struct dump_desc *d)
{
	dump_order(d, 0, 8, 1);
	dump_order(d, 8, 4, 2);
	dump_order(d, 16, 8, 1);
}

/* Descriptor I of the table becomes D. */
static inline void dump_put_desc(struct dump_file *f, unsigned i,
				 const struct dump_desc *d)
{
	struct dump_desc raw = *d;

	dump_order_desc(&raw);
	dump_put(f, f->table + i * sizeof(raw), &raw, sizeof(raw));
}

static inline size_t dump_note(struct dump_file *f, const char *name,
			       uint32_t type, const void *desc, uint32_t len)
{
	uint32_t head[3] = { (uint32_t)strlen(name) + 1, len, type };
	uint8_t *p = f->notes + f->notes_len;
	size_t at = 12 + ((head[0] + 3) & ~3u);

	dump_order(head, 0, 4, 3);
	memcpy(p, head, sizeof(head));
	strcpy((char *)p + 12, name);
	memcpy(p + at, desc, len);
	at += f->notes_len;
	f->notes_len = at + ((len + 3) & ~3u);
	return at;
}

static inline uint64_t dump_data(struct dump_file *f, const void *buf,
				 size_t len)
{
	uint64_t offset = f->size;

	dump_put(f, offset, buf, len);
	f->size += len;
	return offset;
}

static inline void dump_put_page(struct dump_file *f, unsigned pfn)
{
	struct dump_desc *d = &f->descs[f->nr_descs++];
	uint8_t page[DUMP_BLOCK], packed[DUMP_BLOCK];
	struct codec *codec;
	uint64_t *shared = f->kinds[pfn] == 'z' ? &f->zero :
			   f->kinds[pfn] == 'u' ? &f->filler : NULL;

	if (f->kinds[pfn] == 'n')
		return;
	dump_page(f, pfn, page);
	d->size = DUMP_BLOCK;
	if (f->kinds[pfn] == 'p' && f->codec) {
		error_destroy(codec_create(f->codec, CODEC_LEVEL_DEFAULT, &codec));
		d->size = (uint32_t)codec->ops->pack(codec, page, DUMP_BLOCK,
						     packed, DUMP_BLOCK - 1);
		codec_destroy(codec);
		d->flags = f->codec->flag;
		d->offset = dump_data(f, packed, d->size);
	} else if (shared && *shared) {
		d->offset = *shared;
	} else {
		d->offset = dump_data(f, page, DUMP_BLOCK);
		if (shared)
			*shared = d->offset;
	}
}

static inline void dump_put_pages(struct dump_file *f)
{
	for (unsigned pfn = 0; f->kinds[pfn]; pfn++) {
		if (f->kinds[pfn] == '.')
			continue;
		f->bitmaps[0][pfn / 8] |= (uint8_t)(1 << pfn % 8);
		if (f->kinds[pfn] == '-')
			continue;
		f->bitmaps[1][pfn / 8] |= (uint8_t)(1 << pfn % 8);
	}
	/* in descending order: contents may stand anywhere */
	for (unsigned pfn = 0; f->kinds[pfn]; pfn++)
		if (f->bitmaps[1][pfn / 8] >> pfn % 8 & 1)
			dump_put_page(f, pfn);
}

static inline void dump_put_notes(struct dump_file *f)
{
	static const uint8_t prstatus[336] = { 1, 2, 3 };
	size_t at;

	f->sub.offset_note = DUMP_BLOCK + sizeof(f->sub);
	dump_note(f, "CORE", 1, prstatus, sizeof(prstatus));
	dump_note(f, "CORE", 1, prstatus, sizeof(prstatus));
	at = dump_note(f, "VMCOREINFO", 0, dump_vmcoreinfo,
		       sizeof(dump_vmcoreinfo) - 1);
	f->sub.size_note = f->notes_len;
	f->sub.offset_vmcoreinfo = f->sub.offset_note + at;
	f->sub.size_vmcoreinfo = sizeof(dump_vmcoreinfo) - 1;
	dump_put(f, f->sub.offset_note, f->notes, f->notes_len);
}

static inline void dump_put_structs(struct dump_file *f)
{
	struct dump_header header = f->header;
	struct dump_sub_header sub = f->sub;

	dump_order(&header, 8, 4, 1);
	dump_order(&header, 408, 8, 2);
	dump_order(&header, 424, 4, 10);
	dump_put(f, 0, &header, sizeof(header));
	dump_order(&sub, 0, 8, 1);
	dump_order(&sub, 8, 4, 2);
	dump_order(&sub, 16, 8, 11);
	dump_put(f, DUMP_BLOCK, &sub, sizeof(sub));
	for (unsigned i = 0; i < f->nr_descs; i++)
		dump_put_desc(f, i, &f->descs[i]);
}

static inline void dump_put_head(struct dump_file *f)
{
	struct dump_header *h = &f->header;

	memcpy(h->signature, "KDUMP   ", 8);
	h->version = f->version;
	strcpy(h->utsname[0], "Linux");
	strcpy(h->utsname[1], "node");
	strcpy(h->utsname[2], "6.12.1-test");
	strcpy(h->utsname[3], "#1 SMP");
	strcpy(h->utsname[4], "x86_64");
	h->timestamp.sec = 1700000000;
	h->status = (f->codec ? f->codec->flag : 0) |
		    (strchr(f->kinds, 'n') ? 8 : 0);
	h->block_size = DUMP_BLOCK;
	h->sub_hdr_size = 1;
	h->bitmap_blocks = 2;
	h->max_mapnr = (uint32_t)strlen(f->kinds);
	h->nr_cpus = 2;
	f->sub.phys_base = 16777216;
	f->sub.level = 31;
	f->sub.max_mapnr_64 = f->version >= 6 ? h->max_mapnr : 0;
	dump_put(f, 2 * DUMP_BLOCK, f->bitmaps, sizeof(f->bitmaps));
	dump_put_structs(f);
}

/* A dump with pages of KINDS (NULL: DUMP_KINDS), packed by CODEC (may be
 * NULL). */
static inline void dump_create(struct dump_file *f, const char *kinds,
			       const struct codec_ops *codec, int version)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->path, "/tmp/capdump-test-XXXXXX");
	f->fd = mkstemp(f->path);
	if (f->fd < 0)
		abort();
	f->kinds = kinds ? kinds : DUMP_KINDS;
	f->codec = codec;
	f->version = version;
	f->table = 4 * DUMP_BLOCK;
	f->data = f->size = 5 * DUMP_BLOCK;
	dump_put_pages(f);
	if (version >= 4)
		dump_put_notes(f);
	dump_put_head(f);
}

static inline void dump_destroy(struct dump_file *f)
{
	close(f->fd);
	unlink(f->path);
}

#endif
