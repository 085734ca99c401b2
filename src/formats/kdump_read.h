/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading kdump-compressed dumps (versions 1-6): as an image, for info and
 * dmesg, and page by page, for verify. The dump is untrusted: bitmaps and
 * table are read in pieces, memory stays below 16 MiB whatever it claims.
 */
#ifndef CAPDUMP_FORMATS_KDUMP_READ_H
#define CAPDUMP_FORMATS_KDUMP_READ_H

#include "../image/image.h"

struct kdump_header {
	unsigned version;
	unsigned level;
	uint32_t status;
	uint32_t block_size;
	uint64_t sub_header_blocks, bitmap_blocks;
	uint64_t nr_frames;	/* max_mapnr */
	uint64_t first_pfn;	/* the first of them */
	const struct kdump_shape *shape;
	uint64_t timestamp, timestamp_usec;	/* seconds; and microseconds */
	unsigned nr_cpus;
	char utsname[6][66];	/* NUL-terminated, raw */
	uint64_t bitmap, bitmap_len;	/* offset of bitmap 1; bytes of each */
	uint64_t table, table_len;	/* descriptors */
	uint64_t note_offset, note_len, vmcoreinfo_offset, vmcoreinfo_len;
	uint64_t nr_present, nr_kept;	/* bits of bitmap 1 and 2 */
	uint64_t phys_base;
	bool split;		/* one of several files: it has the pages of
				 * these frames only (numbers in the bitmaps) */
	uint64_t start, end;
	unsigned nr_parts;	/* of what kdump_join() made; else 0 */
	bool big_endian, complete;
};

/* header.status and kdump_desc.flags: the bits that name a codec */
#define KDUMP_STATUS_CODECS 0x27u

/* struct new_utsname (Linux include/uapi/linux/utsname.h), in its order */
enum { UTS_SYSNAME, UTS_NODENAME, UTS_RELEASE, UTS_VERSION, UTS_MACHINE,
       UTS_DOMAINNAME };

/*
 * Memory is one segment, of max_mapnr frames; which of them there are runs()
 * tells. read() says PAGE_ABSENT for a frame that is not in the dump, PAGE_UNREADABLE for one that is, but whose
 * descriptor is empty (not reached), whose contents can't be decoded, or that
 * could not be read when the dump was made.
 */
extern const struct image_ops kdump_image_ops;

/* The ELF machine of a header's utsname[UTS_MACHINE], NUL-terminated; EM_NONE if
 * it is not known. */
uint16_t kdump_machine(const char *name);

/* What QEMU (dump/dump.c: ELF_MACHINE_UNAME) calls a machine that it has no name
 * for; new ones have none for any. */
#define KDUMP_QEMU_UNKNOWN "Unknown"

/* The same of a dump, by its notes where QEMU wrote no name. */
struct error *kdump_machine_find(const struct image *image,
				 const struct kdump_header *h, uint16_t *ret);

/* Whether QEMU wrote H: of utsname it has the machine alone, or that it is not
 * known. */
bool kdump_by_qemu(const struct kdump_header *h);

#define KDUMP_PARTS_MAX 128u

/*
 * Makes of IMAGE, opened with IMAGE_PART, and the files at PATHS what they are the
 * parts of: in any order, each once. ERROR_INVALID if they do not belong together.
 * A part that is missing is warned about, with its frames: the dump then is
 * incomplete. On error IMAGE can only be closed.
 */
struct error *kdump_join(struct image *image, const char *const *paths,
			 size_t nr, struct log *log);

/* The header of an image opened by kdump_image_ops; NULL for other images. */
const struct kdump_header *kdump_image_header(const struct image *image);

/*
 * Reads and checks header and sub-header at the start of FILE. nr_present, nr_kept
 * and table_len are not known yet (0). Errors say which field is wrong.
 */
struct error *kdump_header_read(const struct image_file *file,
				struct kdump_header *ret);

enum kdump_bitmap {
	BITMAP_PRESENT,		/* 1 */
	BITMAP_KEPT,		/* 2; of a part what that has of it */
	BITMAP_NAMED,		/* 2, as it stands in the file */
};

/* Frames [first, end). */
typedef struct error *kdump_run_fn(void *arg, uint64_t first, uint64_t end);

/* Calls FN for each run of set bits below max_mapnr, ascending. Runs that
 * touch are one. Holes of a sparse file cost nothing. */
struct error *kdump_each_run(const struct image *image,
			     enum kdump_bitmap bitmap, kdump_run_fn *fn,
			     void *arg);

/* One page descriptor. offset, size, flags all 0: not reached. */
struct kdump_desc {
	uint64_t offset;	/* of the contents, in the file */
	uint32_t size;		/* bytes */
	uint32_t flags;
	uint64_t page_flags;
};

/* Reads up to NR descriptors from the table's FIRST on; *RET: how many there
 * are (fewer at the end of the table or of the file). BUF: NR *
 * KDUMP_D_LEN bytes to work in. */
struct error *kdump_descs_read(const struct image *image, uint64_t first,
			       size_t nr, uint8_t *buf,
			       struct kdump_desc *descs, size_t *ret);

static inline bool kdump_desc_empty(const struct kdump_desc *desc)
{
	return !desc->offset && !desc->size && !desc->flags;
}

/* Decodes page contents; for one thread. */
struct kdump_unpacker;

struct error *kdump_unpacker_create(const struct image *image,
				    struct kdump_unpacker **ret);
void kdump_unpacker_destroy(struct kdump_unpacker *unpacker);

/*
 * Reads and decodes what DESC (not empty) describes into PAGE (block_size
 * bytes). NULL, or what is wrong with it, a literal.
 */
const char *kdump_unpack(struct kdump_unpacker *unpacker,
			 const struct kdump_desc *desc, void *page);

/* Whether PAGE is what stands in the place of one that could not be read
 * (writer.h: UNREADABLE_TEXT, repeated and cut off at the end). */
bool kdump_page_unreadable(const void *page, size_t len);

/* Pages of a dump by what their descriptors say, without decoding them. */
struct kdump_counts {
	uint64_t nr_unreached;		/* empty descriptor, or it or the
					 * contents beyond the file's end */
	uint64_t nr_zero;		/* share a block of zeroes */
	uint64_t nr_unreadable;		/* share the block that says so */
	uint64_t nr_raw, nr_packed;	/* all others */
	uint32_t codecs;		/* flags of all of them */
};

/* Reads the table, twice. A block of zeroes that is not shared counts as any other:
 * verify decodes all. */
struct error *kdump_count(const struct image *image,
			  struct kdump_counts *ret);

#endif
