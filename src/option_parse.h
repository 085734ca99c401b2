/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the arguments of options become, an option each, for the table only. An
 * error is ERROR_USAGE and names the option, what it takes and what it was
 * given; ARGUMENT is borrowed.
 */
#ifndef CAPDUMP_OPTION_PARSE_H
#define CAPDUMP_OPTION_PARSE_H

#include "options.h"

struct error *option_parse_levels(struct options *options,
				  const char *argument);
struct error *option_parse_codec_level(struct options *options,
				       const char *argument);
struct error *option_parse_elf(struct options *options, const char *argument);
struct error *option_parse_fast(struct options *options, const char *argument);
struct error *option_parse_dedup(struct options *options, const char *argument);
struct error *option_parse_no_dedup(struct options *options,
				    const char *argument);
struct error *option_parse_order(struct options *options, const char *argument);
struct error *option_parse_max_size(struct options *options,
				    const char *argument);
struct error *option_parse_split_block(struct options *options,
				       const char *argument);
struct error *option_parse_memory(struct options *options,
				  const char *argument);
struct error *option_parse_ca_file(struct options *options,
				   const char *argument);
struct error *option_parse_credentials(struct options *options,
				       const char *argument);
struct error *option_parse_netrc(struct options *options, const char *argument);
struct error *option_parse_s3_endpoint(struct options *options,
				       const char *argument);
struct error *option_parse_s3_region(struct options *options,
				     const char *argument);
struct error *option_parse_known_hosts(struct options *options,
				       const char *argument);
struct error *option_parse_ssh_key(struct options *options,
				   const char *argument);
struct error *option_parse_limit_rate(struct options *options,
				      const char *argument);
struct error *option_parse_time(struct options *options, const char *argument);
struct error *option_parse_retry_seconds(struct options *options,
					 const char *argument);
struct error *option_parse_stall_seconds(struct options *options,
					 const char *argument);
struct error *option_parse_triage(struct options *options,
				  const char *argument);
struct error *option_parse_message_level(struct options *options,
					 const char *argument);
struct error *option_parse_nr_threads(struct options *options,
				      const char *argument);
struct error *option_parse_progress_fd(struct options *options,
				       const char *argument);
struct error *option_parse_report(struct options *options,
				  const char *argument);
struct error *option_parse_device_tree(struct options *options,
				       const char *argument);
struct error *option_parse_arch(struct options *options, const char *argument);
struct error *option_parse_cmdline(struct options *options,
				   const char *argument);
struct error *option_parse_iomem(struct options *options, const char *argument);
struct error *option_parse_kernel(struct options *options,
				  const char *argument);
struct error *option_parse_encryption(struct options *options,
				      const char *argument);
struct error *option_parse_machine_root(struct options *options,
					const char *argument);
struct error *option_parse_vmcore(struct options *options,
				  const char *argument);
struct error *option_parse_also(struct options *options, const char *argument);
struct error *option_parse_fallback(struct options *options,
				    const char *argument);
struct error *option_parse_target(struct options *options,
				  const char *argument);
struct error *option_parse_files(struct options *options, const char *argument);
struct error *option_parse_cpus(struct options *options, const char *argument);

struct error *option_parse_vmlinux(struct options *options,
				   const char *argument);
struct error *option_parse_given(struct options *options, const char *argument);
struct error *option_parse_vmcoreinfo(struct options *options,
				      const char *argument);

/* What has no effect has to be right all the same. */
struct error *option_check_block_order(struct options *options,
				       const char *argument);
struct error *option_check_cyclic_buffer(struct options *options,
					 const char *argument);

/* One more folder; ERROR_USAGE if there are too many. */
struct error *option_add_target(struct options *options, const char *target);

/* Target I of all that a dump may go to; NULL: there are not so many. */
const char *option_target(const struct options *options, unsigned i);

/* Whether they go together, each by itself being right. */
struct error *option_check_targets(struct options *options);

/* Targets that are named as @/file or @./file become the URL in that file. */
struct error *option_read_urls(struct options *options);

/* What a command is called in messages. */
extern const char *const option_command_names[NR_COMMANDS];

/* WORDS, NR of them, as OPTIONS' command takes them: into its capture.input and
 * the like. */
struct error *option_check_words(struct options *options, int nr, char **words,
				 bool stdout_is_terminal);

/* Whether what is given of the way suits URL. options_remote.c */
struct error *option_check_way(const struct options *options, const char *url);

#endif
