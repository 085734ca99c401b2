/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump info: what a dump or a vmcore is. */
#include <stdlib.h>

#include "base/io.h"
#include "command.h"
#include "summary.h"

struct error *command_info(const struct options *options, struct log *log,
			   enum exit_status *ret)
{
	AUTO_FREE struct summary *summary = malloc(sizeof(*summary));
	struct image *image = NULL;
	struct error *err;

	(void)ret;
	if (!summary)
		return error_nomem();
	TRY(command_open_image(options, log, &image));
	err = summary_gather(summary, image, log);
	if (!err && options->json)
		summary_print_json(summary, stdout);
	else if (!err)
		summary_print(summary, options->registers, stdout);
	summary_deinit(summary);
	image_close(image);
	return err;
}
