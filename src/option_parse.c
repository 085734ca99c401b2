/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each option's argument becomes. */
#include "option_parse.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

#define MAX_CPUS (1u << 20)

/* A number for the option NAME; the error names both. */
static struct error *parse_number(const char *name, const char *argument,
				  uint64_t max, uint64_t *ret)
{
	struct error *err = text_parse_number(argument, max, ret);

	if (!err)
		return NULL;
	error_destroy(err);
	return error_create(ERROR_USAGE,
			    "%s takes a number from 0 to %llu, not \"%s\"",
			    name, (unsigned long long)max, argument);
}

struct error *option_parse_levels(struct options *options, const char *argument)
{
	const char *p = argument;

	options->levels_given = true;
	options->capture.nr_levels = 0;
	for (;;) {
		size_t len = strcspn(p, ",");
		char number[8];
		uint64_t level;

		if (options->capture.nr_levels == CAPTURE_MAX_LEVELS)
			return error_create(ERROR_USAGE,
					    "-d takes at most %d levels, not \"%s\"",
					    CAPTURE_MAX_LEVELS, argument);
		snprintf(number, sizeof(number), "%.*s", (int)len, p);
		if (len >= sizeof(number))
			number[0] = '\0';	/* no number */
		struct error *err = text_parse_number(number, 31, &level);
		if (err) {
			error_destroy(err);
			return error_create(ERROR_USAGE,
					    "-d takes levels from 0 to 31, as in 31 or 1,31, not \"%s\"",
					    argument);
		}
		options->capture.levels[options->capture.nr_levels++] = (unsigned)level;
		if (!p[len])
			return NULL;
		p += len + 1;
	}
}

/* The last --level counts, but both are a contradiction. */
static struct error *choose_codec_level(struct options *options, int level)
{
	int *old = &options->capture.codec_level;

	if (*old && (*old == CODEC_LEVEL_FAST) != (level == CODEC_LEVEL_FAST))
		return error_create(ERROR_USAGE,
				    "--level and --fast exclude each other");
	*old = level;
	return NULL;
}

struct error *option_parse_codec_level(struct options *options,
				       const char *argument)
{
	uint64_t level = 0;
	struct error *err = text_parse_number(argument, INT_MAX, &level);

	error_destroy(err);
	if (err || !level)
		return error_create(ERROR_USAGE,
				    "--level takes a number above 0, not \"%s\"",
				    argument);
	return choose_codec_level(options, (int)level);
}

struct error *option_parse_elf(struct options *options, const char *argument)
{
	(void)argument;
	options->capture.format = &elf_writer_ops;
	return NULL;
}

struct error *option_parse_fast(struct options *options, const char *argument)
{
	(void)argument;
	return choose_codec_level(options, CODEC_LEVEL_FAST);
}

/* Of both the last counts. */
struct error *option_parse_dedup(struct options *options, const char *argument)
{
	(void)argument;
	options->capture.dedup = true;
	return NULL;
}

struct error *option_parse_no_dedup(struct options *options,
				    const char *argument)
{
	(void)argument;
	options->capture.dedup = false;
	return NULL;
}

struct error *option_parse_order(struct options *options, const char *argument)
{
	options->capture.address_order = !strcmp(argument, "address");
	options->value_order_given = !options->capture.address_order;
	if (!options->capture.address_order && strcmp(argument, "value"))
		return error_create(ERROR_USAGE,
				    "--order takes value or address, not \"%s\"",
				    argument);
	return NULL;
}

struct error *option_parse_max_size(struct options *options,
				    const char *argument)
{
	struct error *err = text_parse_size(argument, &options->capture.max_size);

	if (!err && options->capture.max_size > 0)
		return NULL;
	error_destroy(err);
	return error_create(ERROR_USAGE,
			    "-L takes a size above 0, as in 2G or 500M, not \"%s\"",
			    argument);
}

struct error *option_parse_split_block(struct options *options,
				       const char *argument)
{
	uint64_t size;

	TRY(parse_number("--splitblock-size", argument, INT_MAX, &size));
	options->capture.split_block = size << 10;
	return size ? NULL :
	       error_create(ERROR_USAGE,
			    "--splitblock-size takes a number of KiB above 0, not \"%s\"",
			    argument);
}

struct error *option_parse_memory(struct options *options, const char *argument)
{
	struct error *err = text_parse_size(argument,
					    &options->capture.memory);

	if (!err && options->capture.memory > 0)
		return NULL;
	error_destroy(err);
	return error_create(ERROR_USAGE,
			    "--memory takes a size above 0, as in 64M, not \"%s\"",
			    argument);
}

struct error *option_parse_message_level(struct options *options,
					 const char *argument)
{
	uint64_t levels;

	TRY(parse_number("--message-level", argument, 31, &levels));
	options->log_levels = (unsigned)levels;
	return NULL;
}

struct error *option_parse_nr_threads(struct options *options,
				      const char *argument)
{
	uint64_t nr;

	/* scripts give the number of CPUs; it may be more than is of use */
	TRY(parse_number("--num-threads", argument, MAX_CPUS, &nr));
	options->capture.nr_threads = (int)min_u64(nr, CAPTURE_MAX_THREADS);
	return NULL;
}

struct error *option_parse_progress_fd(struct options *options,
				       const char *argument)
{
	uint64_t fd;
	int flags;

	TRY(parse_number("--progress-fd", argument, INT_MAX, &fd));
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
		return error_create(ERROR_USAGE,
				    "--progress-fd: file descriptor %s is not open%s",
				    argument, flags < 0 ? "" : " for writing");
	options->capture.progress_fd = (int)fd;
	return NULL;
}

struct error *option_parse_report(struct options *options, const char *argument)
{
	if (!*argument)
		return error_create(ERROR_USAGE, "--report takes a file name");
	options->report = argument;
	return NULL;
}

struct error *option_parse_device_tree(struct options *options,
				       const char *argument)
{
	if (!*argument)
		return error_create(ERROR_USAGE, "--device-tree takes a path");
	options->capture.device_tree = argument;
	return NULL;
}

struct error *option_parse_arch(struct options *options, const char *argument)
{
	options->reservation.arch = reserve_arch_name(argument);
	if (options->reservation.arch)
		return NULL;
	return error_create(ERROR_USAGE,
			    "--arch takes x86_64, arm64, riscv64, loongarch64, s390x or ppc64, not \"%s\"",
			    argument);
}

struct error *option_parse_cmdline(struct options *options,
				   const char *argument)
{
	options->reservation.cmdline = argument;
	return NULL;
}

struct error *option_parse_iomem(struct options *options, const char *argument)
{
	if (!*argument)
		return error_create(ERROR_USAGE, "--iomem takes a file name");
	options->reservation.iomem = argument;
	return NULL;
}

struct error *option_parse_kernel(struct options *options,
				  const char *argument)
{
	options->reservation.kernel = !strcmp(argument, "series") ?
				      RESERVE_SERIES :
				      reserve_kernel_parse(argument);
	if (options->reservation.kernel)
		return NULL;
	return error_create(ERROR_USAGE,
			    "--kernel takes a version, as in 6.12 or 6.1.0-50-amd64, or series, not \"%s\"",
			    argument);
}

struct error *option_parse_encryption(struct options *options,
				      const char *argument)
{
	static const char *const names[] = {
		[RESERVE_PLAIN] = "none",
		[RESERVE_SME] = "sme",
		[RESERVE_GUEST] = "guest",
	};

	options->reservation.encryption_given = true;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(argument, names[i]))
			continue;
		options->reservation.encryption = (enum reserve_encryption)i;
		return NULL;
	}
	return error_create(ERROR_USAGE,
			    "--encryption takes none, sme or guest, not \"%s\"",
			    argument);
}

struct error *option_parse_machine_root(struct options *options,
					const char *argument)
{
	if (!*argument)
		return error_create(ERROR_USAGE,
				    "--machine-root takes a folder");
	options->capture.machine_root = argument;
	return NULL;
}

struct error *option_parse_vmcore(struct options *options, const char *argument)
{
	options->capture.input = argument;
	return NULL;
}

struct error *option_parse_target(struct options *options, const char *argument)
{
	return option_add_target(options, argument);
}

struct error *option_add_target(struct options *options, const char *target)
{
	if (options->nr_targets == CAPTURE_MAX_FILES)
		return error_create(ERROR_USAGE,
				    "more than %d targets: a dump has not so many files",
				    CAPTURE_MAX_FILES);
	options->targets[options->nr_targets++] = target;
	return NULL;
}

struct error *option_parse_files(struct options *options, const char *argument)
{
	uint64_t nr;

	TRY(parse_number("--files", argument, CAPTURE_MAX_FILES, &nr));
	options->nr_files = (unsigned)max_u64(nr, 1);
	return NULL;
}

struct error *option_parse_cpus(struct options *options, const char *argument)
{
	uint64_t nr;

	TRY(parse_number("--cpus", argument, CAPTURE_MAX_THREADS, &nr));
	options->nr_cpus = (unsigned)max_u64(nr, 1);
	return NULL;
}

struct error *option_parse_vmlinux(struct options *options,
				   const char *argument)
{
	options->vmlinux = argument;
	return NULL;
}

struct error *option_parse_given(struct options *options, const char *argument)
{
	options->vmcoreinfo_in = argument;
	return NULL;
}

struct error *option_parse_vmcoreinfo(struct options *options,
				      const char *argument)
{
	options->vmcoreinfo = argument;
	return NULL;
}

struct error *option_check_block_order(struct options *options,
				       const char *argument)
{
	uint64_t order;

	(void)options;
	return parse_number("-b", argument, INT_MAX, &order);
}

struct error *option_check_cyclic_buffer(struct options *options,
					 const char *argument)
{
	uint64_t size;

	(void)options;
	return parse_number("--cyclic-buffer", argument, INT_MAX, &size);
}

/* The name of a file, for the option NAME. */
static struct error *parse_file(const char *name, const char *argument,
				const char **ret)
{
	if (!*argument)
		return error_create(ERROR_USAGE,
				    "%s takes the name of a file, not \"\"",
				    name);
	*ret = argument;
	return NULL;
}

struct error *option_parse_ca_file(struct options *options,
				   const char *argument)
{
	return parse_file("--cacert", argument, &options->capture.way.ca_file);
}

struct error *option_parse_credentials(struct options *options,
				       const char *argument)
{
	return parse_file("--credentials", argument,
			  &options->capture.way.credentials);
}

struct error *option_parse_netrc(struct options *options, const char *argument)
{
	return parse_file("--netrc-file", argument,
			  &options->capture.way.netrc);
}

struct error *option_parse_s3_endpoint(struct options *options,
				       const char *argument)
{
	options->capture.way.s3_endpoint = argument;
	return NULL;
}

struct error *option_parse_s3_region(struct options *options,
				     const char *argument)
{
	options->capture.way.s3_region = argument;
	return NULL;
}

struct error *option_parse_known_hosts(struct options *options,
				       const char *argument)
{
	return parse_file("--known-hosts", argument,
			  &options->capture.way.known_hosts);
}

struct error *option_parse_ssh_key(struct options *options,
				   const char *argument)
{
	return parse_file("--ssh-key", argument,
			  &options->capture.way.ssh_key);
}

/* libcurl's are signed, and times 1,000 in places */
#define MAX_RATE (1ull << 50)
#define MAX_SECONDS 1000000u

struct error *option_parse_limit_rate(struct options *options,
				      const char *argument)
{
	uint64_t *rate = &options->capture.way.limit_rate;
	struct error *err = text_parse_size(argument, rate);

	if (!err && *rate && *rate <= MAX_RATE)
		return NULL;
	error_destroy(err);
	return error_create(ERROR_USAGE,
			    "--limit-rate takes bytes a second, as in 10M, not \"%s\"",
			    argument);
}

struct error *option_parse_retry_seconds(struct options *options,
					 const char *argument)
{
	return parse_number("--retry-time", argument, MAX_SECONDS,
			    &options->capture.way.retry_seconds);
}

struct error *option_parse_stall_seconds(struct options *options,
					 const char *argument)
{
	uint64_t *seconds = &options->capture.way.stall_seconds;

	TRY(parse_number("--stall-time", argument, MAX_SECONDS, seconds));
	if (*seconds)
		return NULL;
	return error_create(ERROR_USAGE,
			    "--stall-time takes at least 1 second, not \"%s\"",
			    argument);
}

struct error *option_parse_time(struct options *options, const char *argument)
{
	return clock_parse(argument, &options->capture.clock);
}

struct error *option_parse_triage(struct options *options,
				  const char *argument)
{
	options->no_triage = !strcmp(argument, "no");
	if (options->no_triage || !strcmp(argument, "yes"))
		return NULL;
	return error_create(ERROR_USAGE, "--triage takes yes or no, not \"%s\"",
			    argument);
}
