/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What runs in the guest, statically linked.
 *
 * workload hold MIB HUGE GIGA  fill memory with pages of known kind and content
 *                            (HUGE of 2 MiB, GIGA of 1 GiB from the kernel's
 *                            command line) and stay; when /tmp/tell appears, write their
 *                            frames to /tmp/truth.txt (TYPE CONTENT PFN, one
 *                            line a page) and remove it
 * workload dirty MIB         fill memory and exit: free pages, not zero
 * workload copy SRC DST      copy a file, leaving holes for zeroes; a block
 *                            that cannot be read is mapped; a hole if neither
 * workload dax FILE MIB OUT  write to a file on a device that is mapped without
 *                            page cache (or to the device itself), the device's
 *                            frames to OUT, one line a page, and stay
 * workload measure FILE CMD  run CMD, write its time and peak memory as JSON
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE ((size_t)getpagesize())
#define MAX_PAGE 65536u
#define HUGE_PAGE (2u << 20)
#define MIB (1u << 20)

enum content { ZERO, RANDOM, TEXT, NUMBER, NR_CONTENTS };
static const char *const content_names[] = {
	"zero", "random", "text", "number"
};

struct area {
	const char *type;
	enum content content;
	unsigned char *mem;
	size_t len;
};

struct areas {
	struct area list[128];
	unsigned nr;
	uint64_t poisoned[4];
	unsigned nr_poisoned;
};

static void fill(unsigned char *mem, size_t len, enum content content)
{
	static uint64_t seed = 0x243f6a8885a308d3;
	uint64_t word;
	size_t i;

	if (content == ZERO)
		memset(mem, 0, len);
	for (i = 0; content != ZERO && i < len; i += 8) {
		if (content == TEXT) {
			memcpy(mem + i, i / 64 % 2 ? "kdumper " : "workload", 8);
			continue;
		}
		/* splitmix64 */
		word = seed += 0x9e3779b97f4a7c15;
		word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
		word = (word ^ word >> 27) * 0x94d049bb133111eb;
		word ^= word >> 31;
		if (content == NUMBER)
			word = i / PAGE;
		memcpy(mem + i, &word, 8);
	}
}

static uint64_t frame_of(const void *mem)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, 8, (uintptr_t)mem / PAGE * 8) != 8)
		entry = 0;
	close(fd);
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

static void remember(struct areas *areas, const char *type,
		     enum content content, unsigned char *mem, size_t len)
{
	if (areas->nr < sizeof(areas->list) / sizeof(areas->list[0]))
		areas->list[areas->nr++] =
			(struct area){ type, content, mem, len };
}

static unsigned char *map(size_t len, int flags, int fd)
{
	unsigned char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd,
				  0);

	if (mem == MAP_FAILED) {
		printf("workload: mmap of %zu: %s\n", len, strerror(errno));
		return NULL;
	}
	return mem;
}

/* a quarter of LEN for each content, from one mapping */
static void add_quarters(struct areas *areas, const char *type,
			 unsigned char *mem, size_t len)
{
	unsigned i;

	for (i = 0; mem && i < NR_CONTENTS; i++) {
		fill(mem + i * (len / 4), len / 4, i);
		remember(areas, type, i, mem + i * (len / 4), len / 4);
	}
}

static void add_anonymous(struct areas *areas, size_t len)
{
	unsigned char *mem = map(len, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (mem)
		madvise(mem, len, MADV_NOHUGEPAGE);
	add_quarters(areas, "anon", mem, len);

	mem = map(len + HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!mem)
		return;
	mem += -(uintptr_t)mem % HUGE_PAGE;
	madvise(mem, len, MADV_HUGEPAGE);
	add_quarters(areas, "thp", mem, len);
}

static void add_hugetlb(struct areas *areas, unsigned nr)
{
	unsigned char *mem;
	unsigned i;
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "w");

	if (!pool)
		return;
	fprintf(pool, "%u\n", nr + 2);	/* two stay free */
	fclose(pool);
	for (i = 0; i < nr; i++) {
		mem = map(HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
			  -1);
		if (!mem)
			return;
		fill(mem, HUGE_PAGE, i % NR_CONTENTS);
		remember(areas, "hugetlb", i % NR_CONTENTS, mem, HUGE_PAGE);
	}
}

static void add_giga(struct areas *areas, unsigned nr)
{
	size_t len = (size_t)1 << 30;
	unsigned char *mem;

	for (; nr; nr--) {
		mem = map(len, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
			  30 << MAP_HUGE_SHIFT, -1);
		if (!mem)
			return;
		fill(mem, len, NUMBER);
		remember(areas, "giga", NUMBER, mem, len);
	}
}

static void add_files(struct areas *areas, size_t len)
{
	unsigned char *mem;
	volatile unsigned char sum = 0;
	size_t i;
	int fd = memfd_create("workload", 0);

	if (fd >= 0 && !ftruncate(fd, len) && (mem = map(len, MAP_SHARED, fd)))
		add_quarters(areas, "memfd", mem, len);
	fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	if (fd >= 0 && !ftruncate(fd, len) && (mem = map(len, MAP_SHARED, fd)))
		add_quarters(areas, "tmpfs", mem, len);

	/* page cache of a real file, mapped; a quarter of it dirty */
	fd = open("/mnt/random", O_RDWR);
	mem = fd >= 0 ? map(len, MAP_SHARED, fd) : NULL;
	for (i = 0; mem && i < len; i += PAGE) {
		if (i < len / 4)
			mem[i + 7] ^= 1;
		sum ^= mem[i];
	}
	if (mem)
		remember(areas, "cache", RANDOM, mem, len);
}

/* pages of the kernel's own that are neither slab nor mapped */
static void fill_pipes(unsigned nr)
{
	static unsigned char buf[MAX_PAGE];
	int fd[2];
	unsigned i, k;

	for (i = 0; i < nr; i++) {
		if (pipe2(fd, O_NONBLOCK) ||
		    fcntl(fd[1], F_SETPIPE_SZ, MIB) < 0)
			return;
		for (k = 0; k < MIB / PAGE; k++) {
			fill(buf, PAGE, k % 2 ? RANDOM : TEXT);
			if (write(fd[1], buf, PAGE) != (ssize_t)PAGE)
				break;
		}
	}
}

static void on_bus_error(int sig)
{
	(void)sig;
}

static void add_poison(struct areas *areas)
{
	unsigned char *mem = map(8 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t pfn;
	unsigned i;

	if (!mem)
		return;
	signal(SIGBUS, on_bus_error);
	madvise(mem, 8 * PAGE, MADV_NOHUGEPAGE);
	fill(mem, 8 * PAGE, TEXT);
	for (i = 0; i < 3; i++) {
		pfn = frame_of(mem + 2 * i * PAGE);
		if (madvise(mem + 2 * i * PAGE, PAGE, MADV_HWPOISON))
			printf("workload: hwpoison: %s\n", strerror(errno));
		else
			areas->poisoned[areas->nr_poisoned++] = pfn;
	}
}

static int write_truth(const struct areas *areas)
{
	const struct area *area;
	unsigned i;
	size_t at;
	FILE *out = fopen("/tmp/truth.txt", "w");

	if (!out)
		return 1;
	for (i = 0; i < areas->nr; i++) {
		area = &areas->list[i];
		for (at = 0; at < area->len; at += PAGE)
			fprintf(out, "%s %s %llx\n", area->type,
				content_names[area->content],
				(unsigned long long)frame_of(area->mem + at));
	}
	for (i = 0; i < areas->nr_poisoned; i++)
		fprintf(out, "hwpoison text %llx\n",
			(unsigned long long)areas->poisoned[i]);
	return fclose(out);
}

static void hold(size_t mib, unsigned nr_huge, unsigned nr_giga)
{
	static struct areas areas;

	add_anonymous(&areas, mib * MIB);
	add_hugetlb(&areas, nr_huge);
	add_giga(&areas, nr_giga);
	add_files(&areas, mib * MIB / 4);
	add_poison(&areas);
	fill_pipes(32);
	printf("workload: %u areas, %u poisoned\n", areas.nr,
	       areas.nr_poisoned);
	fclose(fopen("/tmp/held", "w"));
	for (;;) {
		if (!access("/tmp/tell", F_OK)) {
			write_truth(&areas);
			unlink("/tmp/tell");
		}
		usleep(100000);
	}
}

static int dirty(size_t mib)
{
	unsigned char *mem = map(mib * MIB, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!mem)
		return 1;
	memset(mem, 0xa5, mib * MIB);
	return 0;
}

static bool all_zero(const unsigned char *buf, size_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

/* writes the blocks of BUF that are not all zeroes */
static int put_blocks(int out, const unsigned char *buf, size_t len, off_t at)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = len - i < PAGE ? len - i : PAGE;
		if (!all_zero(buf + i, n) &&
		    pwrite(out, buf + i, n, at + i) != (ssize_t)n)
			return 1;
	}
	return 0;
}

/* Linux 6.1 answers EFAULT to read() of /proc/vmcore in hotplugged memory */
static ssize_t read_mapped(int in, unsigned char *buf, off_t at)
{
	void *mem = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, in, at);

	if (mem == MAP_FAILED)
		return -1;
	memcpy(buf, mem, PAGE);
	munmap(mem, PAGE);
	return PAGE;
}

static int copy(const char *from, const char *to)
{
	static unsigned char buf[MIB];
	int in = open(from, O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	off_t at = 0, nr_bad = 0, nr_mapped = 0;
	size_t ask = sizeof(buf);
	struct stat st;
	ssize_t got;

	if (in < 0 || out < 0 || fstat(in, &st))
		return perror(from), 1;
	for (;;) {
		got = pread(in, buf, ask, at);
		if (got < 0 && ask > PAGE) {
			ask = PAGE;	/* find the bad block */
			continue;
		}
		if (got < 0) {
			got = read_mapped(in, buf, at);
			nr_mapped += got > 0;
		}
		if (got < 0) {
			if (nr_bad++ > 4096)
				return perror(from), 1;
			at += PAGE;
			continue;
		}
		if (!got)
			break;
		if (put_blocks(out, buf, got, at))
			return perror(to), 1;
		at += got;
		ask = sizeof(buf);
	}
	if (st.st_size > at)
		at = st.st_size;
	if (ftruncate(out, at) || fsync(out))
		return perror(to), 1;
	printf("workload: copied %lld bytes, %lld mapped, %lld bad blocks\n",
	       (long long)at, (long long)nr_mapped, (long long)nr_bad);
	return 0;
}

static int measure(const char *file, char **argv)
{
	struct timespec a, b;
	struct rusage used;
	int status;
	pid_t pid;
	FILE *out;

	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = fork();
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 126;
	clock_gettime(CLOCK_MONOTONIC, &b);
	out = fopen(file, "w");
	if (out) {
		fprintf(out, "{\"wall\": %.3f, \"user\": %ld.%03ld, "
			"\"sys\": %ld.%03ld, \"rss_kib\": %ld, "
			"\"status\": %d}\n",
			b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9,
			used.ru_utime.tv_sec, used.ru_utime.tv_usec / 1000,
			used.ru_stime.tv_sec, used.ru_stime.tv_usec / 1000,
			used.ru_maxrss,
			WIFEXITED(status) ? WEXITSTATUS(status) :
					    128 + WTERMSIG(status));
		fclose(out);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

static int dax(const char *file, size_t mib, const char *list)
{
	int fd = open(file, O_RDWR);
	unsigned char *mem;
	size_t i;
	FILE *out;

	if (fd < 0) {
		perror(file);
		return 1;
	}
	mem = map(mib * MIB, MAP_SHARED_VALIDATE | MAP_SYNC, fd);
	out = fopen(list, "w");
	if (!mem || !out)
		return 1;
	fill(mem, mib * MIB, TEXT);
	for (i = 0; i < mib * MIB; i += PAGE)
		fprintf(out, "%llx\n", (unsigned long long)frame_of(mem + i));
	fclose(out);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 5 && !strcmp(argv[1], "hold"))
		hold(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "dirty"))
		return dirty(atoi(argv[2]));
	if (argc == 4 && !strcmp(argv[1], "copy"))
		return copy(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "dax"))
		return dax(argv[2], (size_t)atoi(argv[3]), argv[4]);
	if (argc > 3 && !strcmp(argv[1], "measure"))
		return measure(argv[2], argv + 3);
	fprintf(stderr, "workload: see the top of workload.c\n");
	return 2;
}
