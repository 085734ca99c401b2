/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --also and --fallback: a dump's other targets. */
#include <stdlib.h>
#include <string.h>

#include "option_parse.h"
#include "options.h"
#include "sink/remote.h"

struct error *option_parse_also(struct options *options, const char *argument)
{
	struct capture_options *capture = &options->capture;

	if (!*argument)
		return error_create(ERROR_USAGE,
				    "--also takes the name of a file, or a URL");
	if (capture->nr_also == CAPTURE_MAX_ALSO)
		return error_create(ERROR_USAGE, "more than %d times --also",
				    CAPTURE_MAX_ALSO);
	capture->also[capture->nr_also++] = argument;
	return NULL;
}

struct error *option_parse_fallback(struct options *options,
				    const char *argument)
{
	if (!*argument)
		return error_create(ERROR_USAGE,
				    "--fallback takes the name of a file, or a URL");
	if (options->capture.fallback)
		return error_create(ERROR_USAGE, "more than one --fallback");
	options->capture.fallback = argument;
	return NULL;
}

const char *option_target(const struct options *options, unsigned i)
{
	const struct capture_options *capture = &options->capture;

	if (!i)
		return capture->output;
	if (i <= capture->nr_also)
		return capture->also[i - 1];
	return i == capture->nr_also + 1 ? capture->fallback : NULL;
}

static void set_target(struct options *options, unsigned i, const char *url)
{
	struct capture_options *capture = &options->capture;

	if (!i)
		capture->output = url;
	else if (i <= capture->nr_also)
		capture->also[i - 1] = url;
	else
		capture->fallback = url;
}

struct error *option_read_urls(struct options *options)
{
	for (unsigned i = 0; i < CAPTURE_MAX_TARGETS; i++) {
		const char *target = option_target(options, i);

		if (!target || (strncmp(target, "@/", 2) &&
				strncmp(target, "@./", 3)))
			continue;
		TRY(remote_read_url(target + 1, &options->urls[i]));
		set_target(options, i, options->urls[i]);
	}
	return NULL;
}

void options_deinit(struct options *options)
{
	for (unsigned i = 0; i < CAPTURE_MAX_TARGETS; i++) {
		if (options->urls[i])
			explicit_bzero(options->urls[i],
				       strlen(options->urls[i]));
		free(options->urls[i]);
	}
}

/* Of URL, what tells whose password is wanted: scheme, name and port. A store has
 * one for all buckets. */
static size_t server_len(const char *url)
{
	size_t len = (size_t)(strstr(url, "://") + 3 - url);

	return strncasecmp(url, "s3:", 3) ? len + strcspn(url + len, "/?#") :
	       len;
}

/* --credentials: with --netrc-file they are a store's. */
static struct error *check_credentials(const struct options *options)
{
	const char *first = NULL;

	for (unsigned i = 0; i < CAPTURE_MAX_TARGETS; i++) {
		const char *url = option_target(options, i);

		if (!url || !remote_is_url(url) ||
		    (options->capture.way.netrc &&
		     remote_kind(url) != REMOTE_S3))
			continue;
		if (!first)
			first = url;
		if (server_len(first) != server_len(url) ||
		    strncasecmp(first, url, server_len(url)))
			return error_create(ERROR_USAGE,
					    "--credentials holds the password of one server, and there are several: --netrc-file has those of all but s3://");
	}
	return NULL;
}

static struct error *check_twice(const struct options *options)
{
	for (unsigned i = 1; i < CAPTURE_MAX_TARGETS; i++) {
		const char *target = option_target(options, i);

		for (unsigned j = 0; target && j < i; j++)
			if (!strcmp(target, option_target(options, j)))
				return error_create(ERROR_USAGE,
						    "a target is named twice");
	}
	return NULL;
}

struct error *option_check_targets(struct options *options)
{
	struct capture_options *capture = &options->capture;

	if (!capture->nr_also && !capture->fallback)
		return NULL;
	if (options->flatten_given || !capture->output)
		return error_create(ERROR_USAGE,
				    "%s is for plain dumps with a name, not for flattened ones",
				    capture->nr_also ? "--also" : "--fallback");
	if (capture->way.credentials)
		TRY(check_credentials(options));
	TRY(check_twice(options));
	if (!capture->nr_also)
		return NULL;
	if (options->value_order_given)
		return error_create(ERROR_USAGE,
				    "--order value and --also exclude each other: all targets get pages by address");
	capture->address_order = true;
	return NULL;
}
