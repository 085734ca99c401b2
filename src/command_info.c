/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump info: what a dump or a vmcore is; of a device tree, what the firmware
 * says of a dump that waits. */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "command.h"
#include "machine/devicetree.h"
#include "summary.h"

static struct error *tell_tree(const struct options *options)
{
	const char *path = options->capture.input;
	struct fadump fadump;
	struct error *err = fadump_read_tree(path,
					     options->capture.machine_root,
					     &fadump);

	if (!err && options->json) {
		fputs("{\n  \"file\": ", stdout);
		text_print_json(stdout, path, strlen(path));
		fputs(",\n  \"kind\": \"device tree\",\n  ", stdout);
		summary_json_fadump(&fadump, NULL, stdout);
		fputs("\n}\n", stdout);
	} else if (!err) {
		printf("%-13s", "file:");
		text_print_escaped(stdout, path, strlen(path), 0);
		fputs(", device tree\n", stdout);
		summary_print_fadump(&fadump, NULL, stdout);
	}
	fadump_deinit(&fadump);
	return err;
}

struct error *command_info(const struct options *options, struct log *log,
			   enum exit_status *ret)
{
	const struct capture_options *o = &options->capture;
	AUTO_FREE struct summary *summary = NULL;
	struct image *image = NULL;
	struct error *err;

	(void)ret;
	if (devicetree_probe(o->input))
		return tell_tree(options);
	summary = malloc(sizeof(*summary));
	if (!summary)
		return error_nomem();
	TRY(command_open_image(options, log, &image));
	fadump_header_include(image);
	err = summary_gather(summary, image, o->given, o->device_tree,
			     o->machine_root, log);
	if (!err && options->json)
		summary_print_json(summary, stdout);
	else if (!err)
		summary_print(summary, options->registers, stdout);
	summary_deinit(summary);
	image_close(image);
	return err;
}
