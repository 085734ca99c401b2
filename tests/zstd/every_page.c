/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packs every page of a vmcore (or of a file of pages), both ways, and decodes
 * each frame with libzstd and with the second decoder.
 * usage: every_page FILE [PAGE_SIZE]
 * A vmcore is cut where its PT_LOADs are; pages across an end are left out.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/base/bytes.h"
#include "both.h"

/* ELF64, gABI: e_phoff, e_phentsize, e_phnum; p_type, p_offset, p_paddr,
 * p_filesz. */
enum { E_PHOFF = 32, E_PHENTSIZE = 54, E_PHNUM = 56,
       P_TYPE = 0, P_OFFSET = 8, P_PADDR = 24, P_FILESZ = 32, PT_LOAD = 1 };

struct run {
	struct zstd_page *encoder;
	size_t page_size;
	uint64_t nr, nr_zero, nr_bad, nr_raw[2], bytes[2];
	struct rfc_seen seen;
};

static void one_page(struct run *run, const uint8_t *page, uint64_t paddr)
{
	size_t len = run->page_size, size;

	/* one zero page is as good as all of them */
	if (!page[0] && !memcmp(page, page + 1, len - 1) && run->nr_zero++)
		return;
	run->nr++;
	for (unsigned fast = 0; fast < 2; fast++) {
		const char *why = both_pack(run->encoder, fast, page, len,
					    len - 1, NULL, &size, &run->seen);

		run->nr_raw[fast] += !size;
		run->bytes[fast] += size ? size : len;
		if (!why)
			continue;
		if (run->nr_bad++ < 10)
			printf("page at %llx, fast %u: %s\n",
			       (unsigned long long)paddr, fast, why);
	}
}

static void pages(struct run *run, const uint8_t *bytes, uint64_t len,
		  uint64_t paddr)
{
	uint64_t at = -paddr % run->page_size;

	for (; at + run->page_size <= len; at += run->page_size)
		one_page(run, bytes + at, paddr + at);
}

static bool whole_file(struct run *run, const uint8_t *file, uint64_t size)
{
	uint64_t phoff;
	unsigned phentsize, phnum;

	if (size < 64 || memcmp(file, "\177ELF\2", 5)) {
		pages(run, file, size, 0);
		return true;
	}
	phoff = get_u64(file + E_PHOFF, file[5] == 2);
	phentsize = get_u16(file + E_PHENTSIZE, file[5] == 2);
	phnum = get_u16(file + E_PHNUM, file[5] == 2);
	if (phoff > size || phentsize < 56 ||
	    (uint64_t)phnum * phentsize > size - phoff)
		return false;
	for (unsigned i = 0; i < phnum; i++) {
		const uint8_t *p = file + phoff + (uint64_t)i * phentsize;
		bool big = file[5] == 2;
		uint64_t offset = get_u64(p + P_OFFSET, big);
		uint64_t len = get_u64(p + P_FILESZ, big);

		if (get_u32(p + P_TYPE, big) != PT_LOAD)
			continue;
		if (offset > size || len > size - offset)
			return false;
		pages(run, file + offset, len, get_u64(p + P_PADDR, big));
	}
	return true;
}

int main(int argc, char **argv)
{
	struct run run = { .page_size = argc > 2 ? (size_t)atol(argv[2]) :
			   4096 };
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct stat st;
	const uint8_t *file;

	if (fd < 0 || fstat(fd, &st) || !st.st_size || run.page_size < 512 ||
	    zstd_page_create(&run.encoder)) {
		fprintf(stderr, "usage: every_page FILE [PAGE_SIZE]\n");
		return 2;
	}
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED ||
	    !whole_file(&run, file, (uint64_t)st.st_size)) {
		fprintf(stderr, "%s: no vmcore, or cut off\n", argv[1]);
		return 2;
	}
	printf("%llu pages, %llu zero ones beside them; packed to %.2f %%, %llu raw, fast to %.2f %%, %llu raw; %lu frames, %llu bad, %lu with a tiny table\n",
	       (unsigned long long)run.nr,
	       (unsigned long long)(run.nr_zero ? run.nr_zero - 1 : 0),
	       100.0 * (double)run.bytes[0] / (double)(run.nr * run.page_size),
	       (unsigned long long)run.nr_raw[0],
	       100.0 * (double)run.bytes[1] / (double)(run.nr * run.page_size),
	       (unsigned long long)run.nr_raw[1], run.seen.frames,
	       (unsigned long long)run.nr_bad, run.seen.tiny_tables);
	zstd_page_destroy(run.encoder);
	return !run.seen.frames || run.nr_bad || run.seen.tiny_tables;
}
