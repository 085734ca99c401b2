/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a command is about. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "formats/image_kinds.h"
#include "formats/kdump_read.h"
#include "sink/output.h"

struct error *command_open_image(const struct options *options,
				 struct log *log, struct image **ret)
{
	const struct capture_options *o = &options->capture;
	bool joins = o->reassemble || o->nr_parts;
	bool part = joins || options->command == COMMAND_INFO ||
		    options->command == COMMAND_VERIFY ||
		    options->command == COMMAND_DIFF;
	unsigned flags = (o->no_map ? IMAGE_NO_MAP : 0) |
			 (o->salvage ? IMAGE_SALVAGE : 0) |
			 (part ? IMAGE_PART : 0);
	struct error *err;

	TRY(image_open(o->input, image_kinds, flags, log, ret));
	if (!joins)
		return NULL;
	err = kdump_image_header(*ret) ?
	      kdump_join(*ret, o->parts, o->nr_parts, log) :
	      error_create(ERROR_INVALID, "%s: is an %s, and no part of a dump",
			   (*ret)->path, (*ret)->ops->name);
	if (err) {
		image_close(*ret);
		*ret = NULL;
	}
	return err;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;	/* by any name */
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static struct error *check_not_file(const char *input, const char *path)
{
	struct stat in, out;

	if (path && !stat(input, &in) && !stat(path, &out) &&
	    same_file(&in, &out))
		return error_create(ERROR_INVALID,
				    "%s: is the input itself, -f or not", path);
	return NULL;
}

struct error *command_check_not_input(const struct options *options,
				      const char *path)
{
	const struct capture_options *o = &options->capture;

	for (size_t i = 0; i < o->nr_parts; i++)
		TRY(check_not_file(o->parts[i], path));
	return check_not_file(o->input, path);
}

/* Whether a file at PATH would be OUTPUT; neither need exist yet. */
static bool same_output(const struct output *output, const char *path)
{
	struct output other = { .dir_fd = -1 };
	struct stat a, b;
	bool same;

	/* what else may be wrong with it the capture says */
	error_destroy(output_init(&other, path, true));
	same = output->dir_fd >= 0 && other.dir_fd >= 0 &&
	       !strcmp(other.name, output->name) &&
	       !fstat(other.dir_fd, &a) && !fstat(output->dir_fd, &b) &&
	       same_file(&a, &b);
	output_deinit(&other);
	return same;
}

/* Whether files at both would be the same; neither need exist yet. */
static bool same_path(const char *path, const char *other)
{
	struct output output = { .dir_fd = -1 };
	struct stat a, b;
	bool same;

	if (remote_is_url(path) || remote_is_url(other))
		return false;
	error_destroy(output_init(&output, path, true));
	same = same_output(&output, other) ||
	       (!stat(path, &a) && !stat(other, &b) && same_file(&a, &b));
	output_deinit(&output);
	return same;
}

/* That a target is neither the input nor another one. */
static struct error *check_targets(const struct options *options)
{
	const struct capture_options *o = &options->capture;
	const char *list[CAPTURE_MAX_TARGETS] = { o->output, o->fallback };
	unsigned nr = o->nr_also + 2;

	memcpy(list + 2, o->also, o->nr_also * sizeof(*list));
	for (unsigned i = 0; i < nr; i++) {
		if (!list[i] || remote_is_url(list[i]))
			continue;
		TRY(command_check_not_input(options, list[i]));
		for (unsigned j = 0; j < i; j++)
			if (list[j] && same_path(list[i], list[j]))
				return error_create(ERROR_INVALID,
						    "%s: is named twice as a target",
						    list[i]);
	}
	return NULL;
}

struct error *command_check_output(const struct options *options)
{
	const struct capture_options *o = &options->capture;

	if (!o->nr_files)
		return check_targets(options);
	for (size_t i = 0; i <= o->nr_files; i++)
		TRY(command_check_not_input(options, capture_file(o, i)));
	for (size_t i = 1; i <= o->nr_files; i++)
		for (size_t j = 0; j < i; j++)
			if (same_path(capture_file(o, i), capture_file(o, j)))
				return error_create(ERROR_INVALID,
						    "%s: is to be two files of the split dump",
						    capture_file(o, i));
	return NULL;
}

static bool is_output(const struct output *report, const char *path)
{
	return !remote_is_url(path) && same_output(report, path);
}

/* Neither file need exist yet; without an output stdout is it. */
static struct error *check_not_dump(const struct options *options,
				    const struct output *report)
{
	const struct capture_options *o = &options->capture;
	struct stat a, b;
	bool same = false;

	if (o->dry_run)
		return NULL;
	if (!o->output)
		same = !fstat(STDOUT_FILENO, &a) &&
		       !fstatat(report->dir_fd, report->name, &b, 0) &&
		       same_file(&a, &b);
	for (size_t i = 0; o->output && i <= o->nr_files; i++)
		same |= is_output(report, capture_file(o, i));
	for (unsigned i = 0; i < o->nr_also; i++)
		same |= is_output(report, o->also[i]);
	if (o->fallback)
		same |= is_output(report, o->fallback);
	return same ? error_create(ERROR_INVALID,
				   "%s: is to be the dump and the report",
				   report->path) : NULL;
}

struct error *command_check_report(const struct options *options,
				   struct output *ret)
{
	struct error *err;

	*ret = (struct output){ .dir_fd = -1 };
	if (!options->report)
		return NULL;
	TRY(command_check_not_input(options, options->report));
	err = output_init(ret, options->report, options->capture.force);
	if (!err)
		err = check_not_dump(options, ret);
	if (err)
		output_deinit(ret);
	return err;
}
