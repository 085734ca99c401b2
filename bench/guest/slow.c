/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bench/vm.sh runs in the guest.
 *
 * slow fill PAIRS PIPES FILE   as many pairs of sockets with a message in each,
 *                        and full pipes, of 1 MiB if permitted: kernel data,
 *                        filled from FILE. Then makes /tmp/filled and stays
 * slow direct FILE MIB   writes a file by O_DIRECT, 1 MiB each time, into space
 *                        set aside before, and says how fast: JSON
 * slow watch OUT CMD     runs CMD; to OUT as JSON its time, what it held, the
 *                        least memory that was free, the CPU's idle share
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1u << 20)
#define SAMPLE_USEC 100000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	fprintf(stderr, "slow: %s: %s\n", what, strerror(errno));
	return 1;
}

static void fill_pairs(unsigned nr, const char *content, size_t len)
{
	size_t at = 0;
	unsigned i;
	int fd[2];

	for (i = 0; i < nr; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) {
			fail("socketpair");
			break;
		}
		at = (at + 509) % (len - 1024);
		if (write(fd[0], content + at, 100 + i % 400) < 0)
			fail("write");
	}
	printf("slow: %u pairs\n", i);
}

static void fill_pipes(unsigned nr, const char *content, size_t len)
{
	size_t at = 0;
	unsigned i;
	int fd[2];

	for (i = 0; i < nr; i++) {
		if (pipe2(fd, O_NONBLOCK)) {
			fail("pipe");
			break;
		}
		fcntl(fd[1], F_SETPIPE_SZ, MIB);
		at = (at + MIB) % (len - MIB);
		if (write(fd[1], content + at, MIB) < 0)
			fail("write");
	}
	printf("slow: %u pipes\n", i);
}

static int fill(unsigned nr_pairs, unsigned nr_pipes, const char *path)
{
	struct rlimit many = { 1u << 20, 1u << 20 };
	size_t len = 0, room = 16 * MIB;
	char *content = malloc(room);
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (!content || fd < 0 || setrlimit(RLIMIT_NOFILE, &many))
		return fail(path);
	while (len < room && (n = read(fd, content + len, room - len)) > 0)
		len += (size_t)n;
	if (len < 2 * MIB)
		return fail("too little in the file");
	fill_pairs(nr_pairs, content, len);
	fill_pipes(nr_pipes, content, len);
	free(content);
	fclose(fopen("/tmp/filled", "w"));
	for (;;)
		pause();
}

static int direct(const char *path, unsigned mib)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_DIRECT, 0600);
	char *buf = aligned_alloc(4096, MIB);
	double start, most = 0, one;

	if (fd < 0 || !buf)
		return fail(path);
	for (size_t i = 0; i < MIB; i++)
		buf[i] = (char)(i * 2654435761u >> 24);
	start = now();
	if (posix_fallocate(fd, 0, (off_t)mib * MIB))
		return fail("fallocate");
	for (unsigned i = 0; i < mib; i++) {
		one = now();
		if (pwrite(fd, buf, MIB, (off_t)i * MIB) != (ssize_t)MIB)
			return fail("write");
		one = now() - one;
		most = one > most ? one : most;
	}
	if (fsync(fd))
		return fail("fsync");
	one = now() - start;
	printf("{\"mib\": %u, \"seconds\": %.3f, \"mb_per_second\": %.2f, "
	       "\"longest_write\": %.3f}\n", mib, one,
	       (double)mib * MIB / one / 1e6, most);
	return 0;
}

/* The number behind KEY in a file of /proc; 0 if there is none. */
static unsigned long number(const char *path, const char *key)
{
	char text[8192];
	char *at;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

/* Of all CPUs, in ticks: all, idle, waiting for the disk. */
static void cpu_ticks(unsigned long long ret[3])
{
	unsigned long long v[8] = { 0 };
	FILE *file = fopen("/proc/stat", "r");

	memset(ret, 0, 3 * sizeof(ret[0]));
	if (!file)
		return;
	if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0],
		   &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) == 8) {
		for (int i = 0; i < 8; i++)
			ret[0] += v[i];
		ret[1] = v[3];
		ret[2] = v[4];
	}
	fclose(file);
}

struct seen {
	unsigned long anon, resident;		/* KiB, most */
	unsigned long available, unused;	/* KiB, least */
};

static void look(pid_t pid, struct seen *seen)
{
	char path[64];
	unsigned long v;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	v = number(path, "RssAnon:");
	seen->anon = v > seen->anon ? v : seen->anon;
	v = number(path, "VmHWM:");
	seen->resident = v > seen->resident ? v : seen->resident;
	v = number("/proc/meminfo", "MemAvailable:");
	seen->available = v < seen->available ? v : seen->available;
	v = number("/proc/meminfo", "MemFree:");
	seen->unused = v < seen->unused ? v : seen->unused;
}

static int watch(const char *out, char **argv)
{
	unsigned long long before[3], after[3];
	struct seen seen = { 0, 0, ~0ul, ~0ul };
	struct rusage used;
	double start = now();
	int status = 0;
	FILE *file;
	pid_t pid;

	cpu_ticks(before);
	pid = fork();
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return fail("fork");
	while (!wait4(pid, &status, WNOHANG, &used)) {
		look(pid, &seen);
		usleep(SAMPLE_USEC);
	}
	start = now() - start;
	cpu_ticks(after);
	file = fopen(out, "w");
	if (!file)
		return fail(out);
	for (int i = 0; i < 3; i++)
		after[i] -= before[i];
	fprintf(file, "{\"seconds\": %.3f, \"user\": %ld.%06ld, "
		"\"system\": %ld.%06ld, \"idle\": %.4f, \"iowait\": %.4f, "
		"\"anon_kib\": %lu, \"resident_kib\": %lu, "
		"\"least_free_kib\": %lu, \"least_available_kib\": %lu, "
		"\"status\": %d}\n", start, used.ru_utime.tv_sec,
		used.ru_utime.tv_usec, used.ru_stime.tv_sec,
		used.ru_stime.tv_usec, (double)after[1] / (double)after[0],
		(double)after[2] / (double)after[0], seen.anon, seen.resident,
		seen.unused, seen.available,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	return fclose(file);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 5 && !strcmp(argv[1], "fill"))
		return fill((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]),
			    argv[4]);
	if (argc == 4 && !strcmp(argv[1], "direct"))
		return direct(argv[2], (unsigned)atoi(argv[3]));
	if (argc > 3 && !strcmp(argv[1], "watch"))
		return watch(argv[2], argv + 3);
	fprintf(stderr, "slow: see the top of bench/guest/slow.c\n");
	return 2;
}
