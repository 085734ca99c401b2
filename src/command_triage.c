/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump triage: what to know first of a crash, in two small files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "command.h"
#include "sink/output.h"
#include "triage/triage.h"

enum { FILE_LOG, FILE_JSON, NR_FILES };

static const char *const suffixes[NR_FILES] = {
	[FILE_LOG] = ".dmesg", [FILE_JSON] = ".triage.json"
};

static void write_file(struct triage *triage, unsigned which, FILE *file)
{
	if (which == FILE_LOG)
		triage_print_log(triage, file);
	else
		triage_print_json(triage, file);
}

/* One that could not be written whole is removed again. */
static struct error *save(struct triage *triage, unsigned which,
			  const struct output *output)
{
	struct error *err;
	FILE *file;

	TRY(output_fopen(output, &file));
	write_file(triage, which, file);
	err = output_fclose(output, file);
	if (err)
		output_remove(output);
	return err;
}

/* Both names are looked at before either is written. */
static struct error *outputs_init(const struct options *options,
				  struct output outputs[NR_FILES])
{
	for (unsigned i = 0; i < NR_FILES; i++)
		outputs[i] = (struct output){ .dir_fd = -1 };
	for (unsigned i = 0; options->capture.output && i < NR_FILES; i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s%s", options->capture.output,
			     suffixes[i]) < 0) {
			path = NULL;
			return error_nomem();
		}
		TRY(command_check_not_input(options, path));
		TRY(output_init(&outputs[i], path, options->capture.force));
	}
	return NULL;
}

/* One file fails, the other may still tell something; the first error. */
static struct error *save_all(struct triage *triage,
			      const struct output outputs[NR_FILES],
			      struct log *log)
{
	struct error *err = NULL;

	for (unsigned i = 0; i < NR_FILES; i++) {
		struct error *other = save(triage, i, &outputs[i]);

		if (!other)
			log_print(log, LOG_MESSAGE, "%s is saved.",
				  outputs[i].path);
		err = error_first(err, other);
	}
	return err;
}

static struct error *tell(const struct options *options, struct triage *triage,
			  const struct output outputs[NR_FILES],
			  struct log *log)
{
	if (options->capture.output)
		return save_all(triage, outputs, log);
	if (options->json)
		triage_print_json(triage, stdout);
	else
		triage_print(triage, stdout);
	return NULL;
}

struct error *command_triage(const struct options *options, struct log *log,
			     enum exit_status *ret)
{
	AUTO_FREE struct triage *triage = calloc(1, sizeof(*triage));
	struct output outputs[NR_FILES];
	struct image *image = NULL;
	struct error *err;

	(void)ret;
	if (!triage)
		return error_nomem();
	err = outputs_init(options, outputs);
	if (!err)
		err = command_open_image(options, log, &image);
	if (!err)
		err = triage_gather(triage, image, options->capture.given, log);
	if (!err)
		err = tell(options, triage, outputs, log);
	triage_deinit(triage);
	image_close(image);
	for (unsigned i = 0; i < NR_FILES; i++)
		output_deinit(&outputs[i]);
	return err;
}
