/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump reservation: what crashkernel= reserves, and why. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "command.h"
#include "machine/encryption.h"
#include "machine/machine_file.h"
#include "reservation.h"

#define MAX_CMDLINE ((size_t)64 << 10)
#define MAX_RELEASE 256		/* __NEW_UTS_LEN is 64 */

/* The line itself, @FILE's or the machine's, without the newline at its end. */
static struct error *get_cmdline(const struct options *options, char **ret)
{
	const char *line = options->reservation.cmdline;
	size_t len;

	if (line && *line != '@') {
		*ret = strdup(line);
		return *ret ? NULL : error_nomem();
	}
	if (line)
		TRY(machine_file_read(NULL, line + 1, MAX_CMDLINE, ret, &len));
	else
		TRY(machine_file_read(options->capture.machine_root,
				      "/proc/cmdline", MAX_CMDLINE, ret, &len));
	while (len && (*ret)[len - 1] == '\n')
		(*ret)[--len] = '\0';
	return NULL;
}

static struct error *get_iomem(const struct options *options,
			       struct iomem *ret)
{
	const char *path = options->reservation.iomem;
	AUTO_FREE char *text = NULL;
	struct error *err;
	size_t len;

	*ret = (struct iomem){ 0 };
	if (!path)
		return iomem_read(options->capture.machine_root, ret);
	TRY(machine_file_read(NULL, path, IOMEM_MAX_TEXT, &text, &len));
	err = iomem_parse(text, len, ret);
	return err ? error_wrap(err, "%s", path) : NULL;
}

static struct error *get_arch(const struct options *options,
			      const char **ret)
{
	struct utsname name;

	*ret = options->reservation.arch;
	if (*ret)
		return NULL;
	if (!uname(&name))
		*ret = reserve_arch_name(name.machine);
	if (!*ret)
		return error_create(ERROR_UNSUPPORTED,
				    "what a kernel reserves on this machine is not known; --arch names another");
	return NULL;
}

/* --kernel's, the running one's, or for another machine 7.2. */
static struct error *get_kernel(const struct options *options, char **release,
				struct reservation_answer *answer)
{
	const struct reservation_options *asked = &options->reservation;
	unsigned kernel = asked->kernel;
	size_t len;

	*release = NULL;
	if (!kernel && !asked->arch && !asked->iomem)
		TRY(machine_file_try(options->capture.machine_root,
				     "/proc/sys/kernel/osrelease", MAX_RELEASE,
				     release, &len));
	if (*release) {
		(*release)[strcspn(*release, "\n")] = '\0';
		kernel = reserve_kernel_parse(*release);
	}
	answer->machine.release = *release;
	answer->asked_kernel = kernel ? kernel : RESERVE_LINUX(7, 2);
	answer->machine.kernel = reserve_kernel_known(answer->asked_kernel);
	return NULL;
}

static struct error *get_encryption(const struct options *options,
				    const char *cmdline,
				    enum reserve_encryption *ret)
{
	*ret = options->reservation.encryption;
	if (options->reservation.encryption_given ||
	    options->reservation.arch || options->reservation.iomem)
		return NULL;
	return encryption_find(options->capture.machine_root, cmdline, ret);
}

/* The rules, and that they are asked about what they have. */
static struct error *get_rules(const char *arch,
			       struct reserve_machine *machine)
{
	machine->arch = reserve_arch_of(arch, machine->kernel);
	if (!machine->arch)
		return error_create(ERROR_USAGE,
				    "--kernel series is for arm64, not for %s",
				    arch);
	if (machine->encryption != RESERVE_PLAIN && strcmp(arch, "x86_64"))
		return error_create(ERROR_USAGE,
				    "--encryption is for x86_64, not for %s",
				    arch);
	return NULL;
}

struct error *command_reservation(const struct options *options,
				  struct log *log, enum exit_status *ret)
{
	const struct reservation_options *asked = &options->reservation;
	AUTO_FREE struct reservation_answer *answer = calloc(1, sizeof(*answer));
	AUTO_FREE char *cmdline = NULL, *release = NULL;
	struct iomem iomem;
	const char *arch;

	(void)log, (void)ret;
	if (!answer)
		return error_nomem();
	answer->live = !asked->cmdline && !asked->iomem && !asked->arch;
	TRY(get_arch(options, &arch));
	TRY(get_kernel(options, &release, answer));
	TRY(get_cmdline(options, &cmdline));
	answer->machine.cmdline = cmdline;
	TRY(get_encryption(options, cmdline, &answer->machine.encryption));
	TRY(get_rules(arch, &answer->machine));
	if (answer->live)
		TRY(reservations_read(options->capture.machine_root,
				      &answer->now));
	TRY(get_iomem(options, &iomem));
	answer->machine.iomem = &iomem;
	reserve_plan(&answer->machine, &answer->plan);
	if (options->json)
		reservation_print_json(answer, stdout);
	else
		reservation_print(answer, stdout);
	iomem_deinit(&iomem);
	return NULL;
}
