/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The crashed kernel's log as text: capdump dmesg, --dump-dmesg. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "command.h"
#include "kernel/printk.h"
#include "sink/output.h"

/* A new file; with FORCE also one that is there: as a dump's. */
static struct error *log_open(const char *path, bool force, FILE **ret)
{
	struct output output;
	struct error *err;

	err = output_init(&output, path, force);
	if (!err)
		err = output_fopen(&output, ret);
	output_deinit(&output);
	return err;
}

/* openSUSE's kdump-save takes these two from the debugging messages. */
static void print_facts(const struct kernel *kernel, struct log *log)
{
	static const char *const keys[] = { "OSRELEASE", "CRASHTIME" };

	for (size_t i = 0; kernel->vmcoreinfo && i < 2; i++) {
		const char *value = vmcoreinfo_get(kernel->vmcoreinfo, keys[i]);
		AUTO_FREE char *text = value ?
			text_escape(value, strlen(value)) : NULL;

		if (text)
			log_print(log, LOG_DEBUG, "%s=%s", keys[i], text);
	}
}

/* The log to OPTIONS' output; *RET: records. */
static struct error *print_log(const struct options *options,
			       const struct kernel *kernel, struct view *view,
			       struct log *log, uint64_t *ret)
{
	const char *path = options->capture.output;
	FILE *file = stdout;
	struct error *err;
	bool failed;

	if (path)
		TRY(log_open(path, options->capture.force, &file));
	err = printk_print(kernel, view, log, file, ret);
	if (!path)
		return err;	/* main() flushes stdout */
	failed = fflush(file) || ferror(file) ||
		 TEMP_FAILURE_RETRY(fsync(fileno(file)));
	if (!err && failed)
		err = error_errno(errno, "%s", path);
	fclose(file);
	if (err && !*ret)
		unlink(path);
	return err;
}

struct error *command_dmesg(const struct options *options, struct log *log,
			    enum exit_status *ret)
{
	struct image *image = NULL;
	struct view *view = NULL;
	struct kernel *kernel = NULL;
	struct error *err;
	uint64_t nr = 0;

	(void)ret;
	TRY(command_check_output(options));
	err = command_open_image(options, log, &image);
	if (!err)
		err = view_create(image, VIEW_RANDOM, &view);
	if (!err)
		err = kernel_open_given(image, view, options->capture.given,
					log, &kernel);
	if (!err) {
		print_facts(kernel, log);
		err = print_log(options, kernel, view, log, &nr);
	}
	if (!err && options->capture.output)
		log_print(log, LOG_MESSAGE,
			  "The log (%" PRIu64 " records) is saved to %s.", nr,
			  options->capture.output);
	kernel_close(kernel);
	view_destroy(view);
	image_close(image);
	return err;
}
