/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Always a dump. Fails the nth call of each system call that the file sink
 * makes, for n = 1, 2, ... until none fails: whatever fails, what stands in
 * the file is right, and the writer knows how much it is. Then cuts the power:
 * replays the writes recorded, all before the last sync and any of those
 * after.
 */
#include "dump_model.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

static char dir[] = "/var/tmp/unit-fault-XXXXXX";
static char path[64], image_path[64];

enum call { CALL_PWRITE, CALL_PREAD, CALL_FALLOCATE, CALL_FTRUNCATE,
	    CALL_SYNC, NR_CALLS };

static const char *const call_names[] = { "pwrite", "pread", "fallocate",
					  "ftruncate", "sync" };

/* What fails: the nth CALL and, if lasting, all after it. */
static enum call fault_call;
static atomic_int fault_countdown;	/* 0: none */
static atomic_bool fault_hit;
static bool fault_lasts, fault_late;	/* late: only once metadata is out */
static int fault_errno;

/* Faster than the clock: seconds a call. */
static atomic_int clock_step;

static bool fault(enum call call)
{
	if (call != fault_call || !fault_countdown || fault_late)
		return false;
	if (fault_countdown > 1) {
		fault_countdown--;
		return false;
	}
	if (!fault_lasts)
		fault_countdown = 0;
	fault_hit = true;
	errno = fault_errno;
	return true;
}

/* The disk as far as it was told, for the power cut. */
struct entry {
	uint64_t offset;
	size_t len;		/* 0: a sync */
	uint8_t *bytes;
};

static struct entry *entries;
static size_t nr_entries;
static bool recording;

/* What was allocated first; of the data, what was synced and written. */
static off_t image_size, synced_end, data_end;

static void record(const void *buf, size_t len, off_t offset)
{
	if (!recording)
		return;
	entries = realloc(entries, (nr_entries + 1) * sizeof(*entries));
	entries[nr_entries] = (struct entry){ offset, len, malloc(len + 1) };
	memcpy(entries[nr_entries++].bytes, buf, len);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	if (fault(CALL_PWRITE))
		return -1;
	record(buf, len, offset);
	if (offset >= image_size)
		data_end = max_u64(data_end, offset + len);
	return syscall(SYS_pwrite64, fd, buf, len, offset);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	if (fault(CALL_PREAD))
		return -1;
	return syscall(SYS_pread64, fd, buf, len, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (fault(CALL_FALLOCATE))
		return -1;
	if (!mode)
		image_size = synced_end = data_end = len;
	return syscall(SYS_fallocate, fd, mode, offset, len);
}

int ftruncate(int fd, off_t len)
{
	return fault(CALL_FTRUNCATE) ? -1 : syscall(SYS_ftruncate, fd, len);
}

/*
 * Nothing here outlives the machine: no need to wait for the disk. A sync that
 * fails says that data was lost, so lose it.
 */
int fsync(int fd)
{
	static uint8_t lost[4096] __attribute__((aligned(4096)));

	if (fault(CALL_SYNC)) {
		memset(lost, 0xee, sizeof(lost));
		for (off_t at = synced_end; at < data_end; at += sizeof(lost))
			CHECK(syscall(SYS_pwrite64, fd, lost, sizeof(lost),
				      at) == sizeof(lost));
		errno = fault_errno;
		return -1;
	}
	record("", 0, 0);
	synced_end = data_end;
	return 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	static atomic_long extra;
	long rc = syscall(SYS_clock_gettime, id, now);

	now->tv_sec += atomic_fetch_add(&extra, clock_step) + clock_step;
	return rc;
}

static void metadata_out(void *arg, uint64_t nr_pages)
{
	(void)arg;
	if (!nr_pages)
		fault_late = false;
}

static struct sink *file_sink(void)
{
	struct sink *sink = NULL;

	unlink(path);
	CHECK_OK(sink_file_create(path, 0, &sink));
	return sink;
}

/* One run with one fault; false if it was never met. */
static bool faulty(struct model *model, int n)
{
	uint64_t full = model->totals.nr_pages;
	struct error *err, *late;
	struct sink *sink = file_sink();
	struct seen seen;

	fault_hit = false;
	fault_countdown = n;
	model->settle = fault_late;
	err = model_write(model, sink, &late);
	fault_countdown = 0;
	if (!fault_hit) {
		CHECK_OK(err);
		CHECK_OK(late);
	}
	if (!model->ready) {
		CHECK(err || late);
	} else if (model_check(model, path, false, &seen)) {
		bool whole = !(seen.status & 8);

		if (whole)
			CHECK(!seen.nr_lost);
		/* success is what it says, and only then */
		if (!err && !late)
			CHECK(whole && seen.nr_there == full);
		/* what finish() could put in order, it tells exactly */
		if (!late)
			CHECK(seen.nr_there == model->totals.nr_pages &&
			      seen.size == model->totals.size);
	}
	error_destroy(err);
	error_destroy(late);
	model->totals.nr_pages = full;
	return fault_hit;
}

static void sweep(struct model *model, bool lasts, bool late)
{
	static const int errnos[] = { ENOSPC, EIO };
	struct error *err;

	CHECK_OK(model_write(model, file_sink(), &err));
	CHECK_OK(err);
	for (unsigned call = 0; call < NR_CALLS; call++) {
		for (unsigned e = 0; e < 2; e++) {
			int n = 1, step = 1;

			fault_call = call;
			fault_errno = errnos[e];
			fault_lasts = lasts;
			do {
				fault_late = late;
				if (!faulty(model, n))
					break;
				n += step;
				if (n > 20)	/* then not each */
					step = 17;
			} while (n < 1000);
			fault_late = false;
			if (call != CALL_PREAD || model->light)
				CHECK(n > 1);
			CHECK(n < 1000);
			fprintf(stderr, "%s: up to call %d\n",
				call_names[call], n - step);
		}
	}
}

static void sweeps(void)
{
	struct model model = { .nr_frames = 5000, .codec = &codec_lzo,
			       .step = metadata_out };
	struct model light = { .nr_frames = 225000, .codec = &codec_lzo,
			       .light = true, .step = metadata_out };

	clock_step = 2;
	sweep(&model, false, false);
	sweep(&model, true, true);
	clock_step = 0;
	sweep(&light, true, true);
}

/* The file as the disk may hold it: entries before SYNC all, of those up to
 * END each 4 KiB with one chance in two. */
static void replay(size_t sync, size_t end, unsigned seed)
{
	int fd = open(image_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t size = image_size;
	uint8_t *image = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);

	CHECK(!ftruncate(fd, 64 << 20));
	for (size_t i = 0; i < end; i++) {
		const struct entry *entry = &entries[i];

		for (size_t at = 0; at < entry->len; at += 4096) {
			size_t n = min_u64(4096, entry->len - at);

			if (i > sync && model_hash(seed + i * 1000 + at) % 2)
				continue;
			memcpy(image + entry->offset + at, entry->bytes + at,
			       n);
			size = max_u64(size, entry->offset + at + n);
		}
	}
	munmap(image, 64 << 20);
	CHECK(!ftruncate(fd, size));
	close(fd);
}

static void power_cut(bool large)
{
	struct model model = { .nr_frames = large ? 225000 : 5000,
			       .light = large, .codec = &codec_lzo };
	uint64_t nr_there = 0, first;
	struct error *late;
	struct seen seen;
	unsigned nr_syncs = 0;

	clock_step = large ? 0 : 2;
	recording = true;
	CHECK_OK(model_write(&model, file_sink(), &late));
	CHECK_OK(late);
	recording = false;
	model.torn = true;
	for (first = 0; entries[first].len; first++)
		CHECK(entries[first].offset ||
		      !memcmp(entries[first].bytes, "\0\0\0\0\0\0\0\0", 8));
	/* the first block comes when all else below the data is durable */
	while (!entries[first].len)	/* the file, its directory */
		first++;
	CHECK(!entries[first].offset);
	while (entries[first].len)
		first++;		/* from here on the dump opens */
	for (size_t i = first, sync = first; i <= nr_entries; i++) {
		bool is_sync = i < nr_entries && !entries[i].len;

		if (!is_sync && i < nr_entries && i % (large ? 19 : 5))
			continue;
		replay(sync, i, i);
		if (!model_check(&model, image_path, false, &seen))
			break;
		CHECK(seen.nr_there + seen.nr_torn >= nr_there);
		if (is_sync) {
			/* nothing is lost of what this sync made durable */
			replay(i, i, 0);
			CHECK(model_check(&model, image_path, false, &seen));
			CHECK(!seen.nr_torn && seen.nr_there >= nr_there);
			nr_there = seen.nr_there;
			sync = i;
			nr_syncs++;
		}
	}
	CHECK(!seen.nr_lost && !(seen.status & 8));
	CHECK(nr_syncs > 5 && nr_there == model.totals.nr_pages);
	while (nr_entries)
		free(entries[--nr_entries].bytes);
	unlink(image_path);
}

int main(void)
{
	if (!CHECK(mkdtemp(dir)))
		return unit_end();
	snprintf(path, sizeof(path), "%s/dump", dir);
	snprintf(image_path, sizeof(image_path), "/dev/shm/%s-image",
		 dir + strlen("/var/tmp/"));
	sweeps();
	power_cut(false);
	power_cut(true);
	unlink(path);
	rmdir(dir);
	free(entries);
	return unit_end();
}
