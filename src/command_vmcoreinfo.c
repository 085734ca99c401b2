/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -g: a kernel's debugging symbols as the text that -i reads; and -i, -x. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "command.h"
#include "sink/output.h"
#include "vmlinux/vmlinux.h"

static struct error *load_file(const char *path, struct vmcoreinfo **ret)
{
	AUTO_FREE char *text = malloc(VMCOREINFO_MAX + 1);
	AUTO_FD int fd = -1;
	size_t len;

	if (!text)
		return error_nomem();
	TRY(io_open_read(path, &fd));
	TRY(io_pread(fd, text, VMCOREINFO_MAX + 1, 0, &len));
	if (len > VMCOREINFO_MAX)
		return error_create(ERROR_INVALID,
				    "is larger than %u bytes: no VMCOREINFO as -g writes it",
				    VMCOREINFO_MAX);
	TRY(vmcoreinfo_parse(text, len, ret));
	if (vmcoreinfo_get(*ret, "OSRELEASE") &&
	    vmcoreinfo_get(*ret, "PAGESIZE"))
		return NULL;
	vmcoreinfo_destroy(*ret);
	*ret = NULL;
	return error_create(ERROR_INVALID,
			    "lacks OSRELEASE or PAGESIZE: no VMCOREINFO as -g writes it");
}

struct error *command_load_given(const struct options *options,
				 struct vmcoreinfo **ret)
{
	AUTO_FREE char *text = NULL;
	struct error *err;
	size_t len;

	*ret = NULL;
	if (options->command == COMMAND_VMCOREINFO)
		return NULL;
	if (options->vmcoreinfo_in) {
		err = load_file(options->vmcoreinfo_in, ret);
		return err ? error_wrap(err, "%s", options->vmcoreinfo_in) : NULL;
	}
	if (!options->vmlinux)
		return NULL;
	TRY(vmlinux_describe(options->vmlinux, &text, &len));
	return vmcoreinfo_parse(text, len, ret);
}

static struct error *write_text(const struct output *output, const char *text,
				size_t len)
{
	struct error *err;
	AUTO_FD int fd = -1;

	TRY(output_open(output, &fd));
	err = io_write(fd, text, len);
	if (!err && fsync(fd) && errno != EINVAL)
		err = error_errno(errno, "fsync");
	if (!err)
		return NULL;
	output_remove(output);
	return error_wrap(err, "%s", output->path);
}

struct error *command_vmcoreinfo(const struct options *options,
				 struct log *log, enum exit_status *ret)
{
	/* makedumpfile -g writes over what is there */
	bool force = options->capture.force || options->as_makedumpfile;
	AUTO_FREE char *text = NULL;
	struct output output = { .dir_fd = -1 };
	struct error *err;
	size_t len;

	(void)ret;
	err = output_init(&output, options->vmcoreinfo, force);
	if (!err)
		err = vmlinux_describe(options->vmlinux, &text, &len);
	if (!err)
		err = write_text(&output, text, len);
	output_deinit(&output);
	if (!err)
		log_print(log, LOG_MESSAGE, "What %s says is saved to %s.",
			  options->vmlinux, options->vmcoreinfo);
	return err;
}
