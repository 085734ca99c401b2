/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was said of the way to a server: whether it suits the URL, and files with
 * secrets are nobody else's. */
#include <string.h>
#include <unistd.h>

#include "option_parse.h"
#include "options.h"
#include "sink/remote.h"

/* Whether any of the targets is of that kind. */
static bool goes_to(const struct options *options, enum remote_kind kind)
{
	for (unsigned i = 0; i < CAPTURE_MAX_TARGETS; i++) {
		const char *target = option_target(options, i);

		if (target && remote_kind(target) == kind)
			return true;
	}
	return false;
}

/* Whether one of them is a server that is no store, so that a password of each kind
 * has somewhere to go. */
static bool goes_beside_s3(const struct options *options)
{
	return goes_to(options, REMOTE_HTTP) || goes_to(options, REMOTE_TUS) ||
	       goes_to(options, REMOTE_SFTP) || goes_to(options, REMOTE_FTP);
}

static struct error *check_secrets(const struct options *options)
{
	const struct remote_options *way = &options->capture.way;

	if (way->netrc && way->credentials &&
	    !(goes_to(options, REMOTE_S3) && goes_beside_s3(options)))
		return error_create(ERROR_USAGE,
				    "--netrc-file and --credentials exclude each other, unless s3:// is one of several targets");
	if (way->netrc)
		TRY(remote_check_secret(way->netrc, "--netrc-file"));
	if (way->credentials)
		TRY(remote_check_secret(way->credentials, "--credentials"));
	if (way->ssh_key)
		TRY(remote_check_secret(way->ssh_key, "--ssh-key"));
	return NULL;
}

static struct error *check_s3(const struct options *options)
{
	const struct remote_options *way = &options->capture.way;

	if (way->netrc && !goes_beside_s3(options))
		return error_create(ERROR_USAGE,
				    "--netrc-file is not for s3://: --credentials takes key:secret");
	return remote_check_s3(way);
}

/* --put-ranges and --resume. */
static struct error *check_resume(const struct options *options,
				  const char *url)
{
	const struct remote_options *way = &options->capture.way;
	bool http = remote_kind(url) == REMOTE_HTTP;

	if (way->put_ranges && (!goes_to(options, REMOTE_HTTP) ||
				(http && strchr(url, '?'))))
		return error_create(ERROR_USAGE,
				    "--put-ranges is for https:// and http:// without a query");
	if (way->resume && http && !way->put_ranges)
		return error_create(ERROR_USAGE,
				    "--resume: of one PUT that broke off a server keeps nothing; with --put-ranges it may");
	return NULL;
}

struct error *option_check_way(const struct options *options, const char *url)
{
	const struct remote_options *way = &options->capture.way;
	bool sftp = remote_kind(url) == REMOTE_SFTP;
	bool password = way->netrc || way->credentials;

	TRY(check_secrets(options));
	if (remote_kind(url) == REMOTE_S3)
		TRY(check_s3(options));
	else if ((way->s3_endpoint || way->s3_region) &&
		 !goes_to(options, REMOTE_S3))
		return error_create(ERROR_USAGE,
				    "--s3-endpoint and --s3-region are for s3://bucket/key");
	if (password && !remote_is_private(url))
		return error_create(ERROR_USAGE,
				    "a password is sent to https:// only, not to %shttp://, where everybody can read it",
				    remote_kind(url) == REMOTE_TUS ? "tus+" : "");
	TRY(check_resume(options, url));
	if ((way->ssh_key || way->known_hosts) &&
	    !goes_to(options, REMOTE_SFTP))
		return error_create(ERROR_USAGE, "--%s is for sftp://",
				    way->ssh_key ? "ssh-key" : "known-hosts");
	if (sftp && !password && !way->ssh_key)
		return error_create(ERROR_USAGE,
				    "sftp:// needs --ssh-key FILE, or --credentials FILE with a password");
	if (way->known_hosts && way->insecure)
		return error_create(ERROR_USAGE,
				    "--known-hosts and --insecure exclude each other");
	if (way->known_hosts && access(way->known_hosts, R_OK))
		return error_create(ERROR_USAGE, "--known-hosts %s: %m",
				    way->known_hosts);
	return NULL;
}
