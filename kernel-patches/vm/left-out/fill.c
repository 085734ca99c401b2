/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fills memory with pages that say which they are, lists their frames, and waits:
 * fill MIB LIST. LIST gets a line for each page, "FRAME NUMBER", in hexadecimal; the
 * page's words are MARK + NUMBER. "filled" says that the list is there.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MARK	0x6c65667400000000ull
#define PRESENT	(1ull << 63)

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), nr, i, k;
	int map = open("/proc/self/pagemap", O_RDONLY);
	uint64_t *p, entry;
	FILE *list;

	if (argc != 3 || map < 0)
		return fail("fill MIB LIST");
	nr = strtoull(argv[1], NULL, 0) * (1 << 20) / page;
	p = mmap(NULL, nr * page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return fail("mmap");
	madvise(p, nr * page, MADV_NOHUGEPAGE);
	for (i = 0; i < nr; i++)
		for (k = 0; k < page / 8; k++)
			p[i * page / 8 + k] = MARK + i;
	list = fopen(argv[2], "w");
	if (!list)
		return fail(argv[2]);
	for (i = 0; i < nr; i++) {
		if (pread(map, &entry, 8, (off_t)(((uintptr_t)p / page + i) *
						  8)) != 8)
			return fail("pagemap");
		if (entry & PRESENT)
			fprintf(list, "%llx %zx\n",
				(unsigned long long)entry & ((1ull << 55) - 1),
				i);
	}
	fclose(list);
	puts("filled");
	fflush(stdout);
	fclose(stdout);
	return pause();
}
