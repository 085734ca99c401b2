/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See target_room.h. */
#include "target_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "../capture/estimate.h"

#define SAMPLES 1000		/* of each kind: within 5 % or so */
#define LEVEL 31

struct error *target_room_add(struct target_room *room, const char *path,
			      const char *full, unsigned nr_files)
{
	size_t nr = room->nr;

	TRY(targets_add(room->fs, &room->nr, path, full, nr_files));
	if (room->nr == nr)
		return NULL;
	room->fs[nr].path = room->paths[nr] = strdup(path);
	return room->paths[nr] ? NULL : error_nomem();
}

void target_room_deinit(struct target_room *room)
{
	for (size_t i = 0; i < room->nr; i++)
		free(room->paths[i]);
}

/* Bytes of a dump of the running kernel, by the codec that packs worst. */
static struct error *estimate_live(const struct check_machine *machine,
				   uint64_t *ret)
{
	struct capture_options options = { .input = "/proc/kcore",
					   .foretell = true,
					   .progress_fd = -1 };
	struct input input = { .image = NULL };
	struct estimate estimate;
	struct progress progress;
	struct error *err;
	struct log quiet;

	log_init(&quiet, stderr, 0);
	err = input_open(&input, &options, &quiet);
	progress_init(&progress, machine->log, -1);
	if (!err)
		err = estimate_run(&input, SAMPLES, &progress, &estimate);
	for (unsigned i = 0; !err && i < estimate.nr_codecs; i++)
		if (estimate.codecs[i].ops)
			*ret = max_u64(*ret, estimate_size(&estimate, LEVEL, i,
							   machine->nr_files));
	input_close(&input);
	log_deinit(&quiet);
	return err;
}

/* Of SIZE bytes of all files, those of the file system's. */
static uint64_t share(const struct target_fs *fs,
		      const struct check_machine *machine, uint64_t size)
{
	return size / machine->nr_files * fs->nr_files;
}

static void say_small(const struct target_fs *fs, const char *what,
		      uint64_t size, struct check_result *ret)
{
	char amount[2][16];

	check_say(ret, CHECK_WARNING, "target-small",
		  "%s has %s free, and %s at level 31 would take up to %s now: it will be cut short",
		  fs->path, text_size(fs->room, amount[0]), what,
		  text_size(size, amount[1]));
	check_fix(ret, "make room in %s, or choose another target", fs->path);
}

static void say_below_ram(const struct target_fs *fs, const char *of,
			  uint64_t ram, struct check_result *ret)
{
	char amount[2][16], word[CHECK_WORD_SIZE];

	check_say(ret, CHECK_NOTICE, "target-below-ram",
		  "%s has %s free, less than the %s%s of memory: a dump may not fit",
		  fs->path, text_size(fs->room, amount[0]),
		  text_size(ram, amount[1]), of);
	check_fix(ret, "capdump estimate --target %s",
		  check_quote(fs->path, word));
}

/* SIZE, RAM: bytes for its files, and of memory if that was divided as they are. */
static void say(const struct target_fs *fs,
		const struct check_machine *machine, uint64_t size,
		uint64_t ram, struct check_result *ret)
{
	bool split = machine->nr_files > 1;
	char what[64] = "a dump", of[64] = "", amount[2][16];

	if (split)
		snprintf(what, sizeof(what), "%u of the %u files of a dump",
			 fs->nr_files, machine->nr_files);
	if (split)
		snprintf(of, sizeof(of), " for %u of %u files", fs->nr_files,
			 machine->nr_files);
	if (size && fs->room < size)
		say_small(fs, what, size, ret);
	else if (size)
		check_good(ret, "%s has %s free; %s at level 31 would take up to %s now",
			   fs->path, text_size(fs->room, amount[0]), what,
			   text_size(size, amount[1]));
	else if (fs->room < ram)
		say_below_ram(fs, of, ram, ret);
	else
		check_good(ret, "%s has %s free%s", fs->path,
			   text_size(fs->room, amount[0]), of);
}

struct error *target_room_check(const struct target_room *room,
				const struct check_machine *machine,
				struct check_result *ret)
{
	uint64_t ram = check_machine_ram(machine), size = 0;
	struct error *err = NULL;

	if (room->nr && machine->estimate)
		err = estimate_live(machine, &size);
	if (err && (error_kind(err) == ERROR_STOPPED ||
		    error_kind(err) == ERROR_NOMEM))
		return err;
	error_destroy(err);
	/* those with too little room first: findings are limited */
	for (unsigned good = 0; good < 2; good++) {
		for (size_t i = 0; i < room->nr; i++) {
			const struct target_fs *fs = &room->fs[i];
			uint64_t need = share(fs, machine, size ? size : ram);

			if ((fs->room >= need) == good)
				say(fs, machine, share(fs, machine, size),
				    share(fs, machine, ram), ret);
		}
	}
	return NULL;
}
