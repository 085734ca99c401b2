/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress: where a line may be rewritten, and readers that do not read. */
#include "../../src/base/progress.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "unit.h"

static void test_screens(void)
{
	CHECK(progress_is_screen((unsigned)makedev(4, 1)));	/* tty1 */
	CHECK(progress_is_screen((unsigned)makedev(136, 0)));	/* pts/0 */
	CHECK(progress_is_screen((unsigned)makedev(143, 700)));
	CHECK(!progress_is_screen((unsigned)makedev(4, 64)));	/* ttyS0 */
	CHECK(!progress_is_screen((unsigned)makedev(229, 0)));	/* hvc0 */
	CHECK(!progress_is_screen((unsigned)makedev(204, 64)));	/* ttyAMA0 */
	CHECK(!progress_is_screen((unsigned)makedev(5, 1)));	/* console */
}

/* JSON lines into a pipe that nobody empties: no hang, no half line. */
static void test_full_pipe(void)
{
	struct progress progress;
	struct log log;
	char text[65536];
	int fd[2];
	ssize_t n;

	if (!CHECK(!pipe2(fd, O_CLOEXEC)))
		return;
	log_init(&log, stderr, 0);
	progress_init(&progress, &log, fd[1]);
	alarm(20);
	for (int i = 0; i < 2000; i++) {
		progress_begin(&progress, "write", 100);
		progress_end(&progress, 100, 1u << 20);
	}
	alarm(0);
	close(fd[1]);
	n = read(fd[0], text, sizeof(text));
	CHECK(n > 60000 && text[0] == '{' && text[n - 1] == '\n');
	while (n > 0)
		n = read(fd[0], text, sizeof(text));
	close(fd[0]);
}

/* The last line of a phase of 100 pages and BYTES. */
static void last_line(FILE *file, uint64_t bytes, char *ret, size_t len)
{
	struct progress progress;
	struct log log;

	rewind(file);
	CHECK(!ftruncate(fileno(file), 0));
	log_init(&log, file, LOG_PROGRESS);
	progress_init(&progress, &log, -1);
	progress_begin(&progress, "phase", 100);
	progress.start -= 10;
	progress.last_print -= 10;
	progress_end(&progress, 100, bytes);
	rewind(file);
	ret[0] = 0;
	CHECK(fgets(ret, (int)len, file));
}

/* A scan has no bytes: its rate is in pages. */
static void test_rates(void)
{
	FILE *file = tmpfile();
	char text[128];

	if (!CHECK(file))
		return;
	last_line(file, 10u << 20, text, sizeof(text));
	CHECK(strstr(text, " 1.0 MiB/s") && !strstr(text, "pages"));
	last_line(file, 0, text, sizeof(text));
	CHECK(strstr(text, " 10 pages/s") && !strstr(text, "MiB"));
	fclose(file);
}

/* Lines that an ended phase of 10 s prints, SINCE seconds after the last. */
static unsigned lines_at_end(FILE *file, double since)
{
	struct progress progress;
	struct log log;
	unsigned nr = 0;
	int c;

	rewind(file);
	if (!CHECK(!ftruncate(fileno(file), 0)))
		return 0;
	log_init(&log, file, LOG_PROGRESS);
	progress_init(&progress, &log, -1);
	progress_begin(&progress, "write", 100);
	progress.start -= 10;
	progress.last_print -= since;
	progress_end(&progress, 100, 1u << 20);
	rewind(file);
	while ((c = getc(file)) != EOF)
		nr += c == '\n';
	return nr;
}

static void test_end_of_phase(void)
{
	FILE *file = tmpfile();

	if (!CHECK(file))
		return;
	CHECK(lines_at_end(file, 0.5) == 0);
	CHECK(lines_at_end(file, 1.5) == 0);
	CHECK(lines_at_end(file, 2) == 1);
	fclose(file);
}

/* Messages and progress lines into one: what comes while nobody reads is lost,
 * what comes later is not. */
static void test_full_log(void)
{
	struct progress progress;
	struct log log;
	char text[65536];
	int fd[2];
	ssize_t n;

	if (!CHECK(!pipe2(fd, O_CLOEXEC)))
		return;
	FILE *file = fdopen(fd[1], "w");
	log_init(&log, file, LOG_DEFAULT);
	progress_init(&progress, &log, -1);
	alarm(60);
	memset(text, 'x', 1000);
	text[1000] = '\0';
	for (int i = 0; i < 100; i++) {
		log_print(&log, LOG_MESSAGE, "%s", text);
		progress_begin(&progress, "write", 100);
		progress.last_print = -10;	/* a line is due */
		progress_update(&progress, 1, 1);
	}
	alarm(0);
	n = read(fd[0], text, sizeof(text));
	CHECK(n > 30000);
	log_print(&log, LOG_MESSAGE, "again");
	n = read(fd[0], text, sizeof(text));
	CHECK(n == 6 && !memcmp(text, "again\n", 6));
	log_deinit(&log);
	fclose(file);
	close(fd[0]);
}

/* What is no pipe, socket or terminal is not asked: /dev/kmsg has only things
 * to read for poll(). */
static void test_unasked(void)
{
	struct log log;
	FILE *file = fopen("/dev/kmsg", "w");
	char *text = NULL;
	size_t size;

	if (file) {
		log_init(&log, file, LOG_DEFAULT);
		CHECK(log_ready(&log, 0));
		fclose(file);
	}
	file = open_memstream(&text, &size);
	log_init(&log, file, LOG_DEFAULT);
	CHECK(log_ready(&log, 0));
	fclose(file);
	free(text);
}

int main(void)
{
	test_screens();
	test_end_of_phase();
	test_rates();
	test_full_pipe();
	test_full_log();
	test_unasked();
	return unit_end();
}
