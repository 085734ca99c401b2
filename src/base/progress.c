/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Progress lines: see progress.h. */
#include "progress.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "io.h"

#define SCREEN_INTERVAL 0.2	/* seconds */
#define LINE_INTERVAL 2.0
#define JSON_INTERVAL 0.5

double progress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_memory(uint64_t *anon, uint64_t *peak)
{
	*anon = io_proc_bytes("/proc/self/status", "RssAnon:");
	*peak = io_proc_bytes("/proc/self/status", "VmHWM:");
}

/* Linux Documentation/admin-guide/devices.txt: 4 from 0 to 63 are the virtual
 * consoles, 136 to 143 the pseudo terminals. */
bool progress_is_screen(unsigned tty)
{
	return (major(tty) == 4 && minor(tty) < 64) ||
	       (major(tty) >= 136 && major(tty) <= 143);
}

/* TIOCGDEV names the device behind /dev/console, too. */
static bool is_screen(int fd)
{
	unsigned tty;

	return isatty(fd) && !ioctl(fd, TIOCGDEV, &tty) &&
	       progress_is_screen(tty);
}

void progress_init(struct progress *progress, struct log *log, int fd)
{
	*progress = (struct progress){
		.log = log,
		.fd = fd,
		.screen = is_screen(fileno(log->file)),
	};
}

/* Seconds still to go, -1 if nobody knows. */
static double eta(const struct progress *progress, uint64_t pages,
		  double seconds)
{
	if (!pages || pages > progress->total)
		return -1;
	return seconds * (double)(progress->total - pages) / (double)pages;
}

static void print_line(struct progress *progress, uint64_t pages,
		       uint64_t bytes, double seconds)
{
	struct log *log = progress->log;
	double left = eta(progress, pages, seconds);
	double amount = bytes ? (double)bytes / 1048576 : (double)pages;

	if (!(log->levels & LOG_PROGRESS) || !log_ready(log, 0))
		return;
	/* a scan moves no bytes that anybody asked for */
	fprintf(log->file, "%s%-8s %5.1f %%  %8.*f %s/s",
		progress->screen ? "\r\033[K" : "", progress->phase,
		progress->total ? 100.0 * (double)pages /
		(double)progress->total : 100.0, bytes ? 1 : 0,
		seconds > 0 ? amount / seconds : 0, bytes ? "MiB" : "pages");
	if (progress->sent)
		fprintf(log->file, "  %.1f MiB sent",
			(double)progress->sent->bytes / 1048576);
	if (progress->sent && progress->sent->retries)
		fprintf(log->file, ", try %u", progress->sent->retries + 1);
	if (left >= 0)
		fprintf(log->file, "  ETA %.0f:%02.0f",
			(double)((uint64_t)left / 60),
			(double)((uint64_t)left % 60));
	if (!progress->screen)
		fputc('\n', log->file);
	log->line_open = progress->screen;
	fflush(log->file);
}

static void print_json(struct progress *progress, uint64_t pages,
		       uint64_t bytes, double seconds)
{
	struct pollfd ready = { .fd = progress->fd, .events = POLLOUT };
	const struct progress_sent *sent = progress->sent;
	char text[256], more[64] = "";
	uint64_t anon, peak;
	int n;

	/* a reader that sleeps misses lines, and holds up no dump */
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return;
	progress_memory(&anon, &peak);
	if (sent)
		snprintf(more, sizeof(more), ",\"sent\":%llu,\"retries\":%u",
			 (unsigned long long)sent->bytes, sent->retries);
	n = snprintf(text, sizeof(text),
		     "{\"phase\":\"%s\",\"pages\":%llu,\"total\":%llu,\"bytes\":%llu,\"seconds\":%.3f,\"eta\":%.1f,\"rss\":%llu%s}\n",
		     progress->phase, (unsigned long long)pages,
		     (unsigned long long)progress->total,
		     (unsigned long long)bytes, seconds,
		     eta(progress, pages, seconds), (unsigned long long)anon,
		     more);
	/* nobody reading is no reason to stop */
	error_destroy(io_write(progress->fd, text, (size_t)n));
}

void progress_begin(struct progress *progress, const char *phase,
		    uint64_t total)
{
	progress->phase = phase;
	progress->total = total;
	progress->start = progress_now();
	progress->last_print = progress->last_json = progress->start;
	if (progress->fd >= 0)
		print_json(progress, 0, 0, 0);
}

void progress_update(struct progress *progress, uint64_t pages, uint64_t bytes)
{
	double now = progress_now();

	if (now - progress->last_print >= (progress->screen ?
					   SCREEN_INTERVAL : LINE_INTERVAL)) {
		progress->last_print = now;
		print_line(progress, pages, bytes, now - progress->start);
	}
	if (progress->fd >= 0 && now - progress->last_json >= JSON_INTERVAL) {
		progress->last_json = now;
		print_json(progress, pages, bytes, now - progress->start);
	}
}

void progress_end(struct progress *progress, uint64_t pages, uint64_t bytes)
{
	double now = progress_now(), seconds = now - progress->start;

	if (progress->screen || now - progress->last_print >= LINE_INTERVAL)
		print_line(progress, pages, bytes, seconds);
	if (progress->fd >= 0)
		print_json(progress, pages, bytes, seconds);
	progress->phase = NULL;
}
