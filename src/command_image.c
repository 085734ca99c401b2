/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a command is about. */
#include <sys/stat.h>

#include "command.h"
#include "formats/flat_read.h"
#include "formats/kdump_read.h"

static struct error *flat_refuse(struct image *image, struct log *log)
{
	(void)image, (void)log;
	return error_create(ERROR_UNSUPPORTED,
			    "is a flattened stream; make a dump of it first: capdump -R DUMP < %s",
			    image->path);
}

static const struct image_ops flat_image_ops = {
	.name = "flattened stream",
	.probe = flat_probe,
	.open = flat_refuse,
};

static const struct image_ops *const image_kinds[] = {
	&elf_image_ops, &kdump_image_ops, &flat_image_ops, NULL
};

struct error *command_open_image(const struct options *options,
				 struct log *log, struct image **ret)
{
	unsigned flags = (options->capture.no_map ? IMAGE_NO_MAP : 0) |
			 (options->capture.salvage ? IMAGE_SALVAGE : 0);

	return image_open(options->capture.input, image_kinds, flags, log,
			  ret);
}

struct error *command_check_output(const struct options *options)
{
	const char *output = options->capture.output;
	struct stat in, out;

	if (output && !stat(options->capture.input, &in) &&
	    !stat(output, &out) && in.st_dev == out.st_dev &&
	    in.st_ino == out.st_ino)
		return error_create(ERROR_INVALID,
				    "%s: is the input itself, -f or not",
				    output);
	return NULL;
}
