/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that a command is about. */
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
