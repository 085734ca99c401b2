/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of targets on a server, and files with secrets: see remote.h. */
#include "remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/io.h"

#define SCHEME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-"

/* Amazon S3 User Guide, "General purpose bucket naming rules"; and the rules before
 * 2018, which other stores have, too */
#define BUCKET "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

bool remote_is_url(const char *text)
{
	size_t len = strspn(text, SCHEME);

	return len && !strncmp(text + len, "://", 3);
}

bool remote_has_neighbours(const char *url)
{
	return !strchr(url, '?');
}

/* The '@' that ends a name and a password before the server's name; HOST is what
 * follows "://". NULL: there are none. What stands where a port should may be a
 * password, and these have a '/', too. */
static const char *secret_end(const char *host)
{
	size_t len = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', len);
	const char *colon = at ? NULL : memrchr(host, ':', len);

	if (colon && *host != '[' &&
	    strspn(colon + 1, "0123456789") < len - (size_t)(colon + 1 - host))
		at = strrchr(host, '@');
	return at;
}

char *remote_mask(const char *url)
{
	const char *host = strstr(url, "://"), *at;
	char *masked = malloc(strlen(url) + sizeof("...?..."));
	size_t len;

	if (!masked)
		return NULL;
	host = host ? host + 3 : url;
	len = (size_t)(host - url);
	memcpy(masked, url, len);
	masked[len] = '\0';
	at = secret_end(host);
	if (at) {
		strcat(masked, "...");
		host = at;
	}
	strncat(masked, host, strcspn(host, "?#"));
	if (host[strcspn(host, "?#")])
		strcat(masked, "?...");
	return masked;
}

/* The same of s3://bucket/key: HOST is the bucket. */
static const char *what_is_wrong_with_s3(const char *url, const char *host,
					 size_t host_len, size_t path_len)
{
	if (strchr(url, '?') || strchr(url, '#'))
		return "a presigned URL begins with https://; if ? or # is part of the key, write %3F or %23";
	if (!host_len || strspn(host, BUCKET) < host_len)
		return "a bucket's name has letters, digits, -, . and _: s3://bucket/key; where the store is --s3-endpoint tells";
	if (path_len < 2 || url[strlen(url) - 1] == '/')
		return "it names no object: s3://bucket/key";
	return NULL;
}

/* What is wrong with URL; NULL: nothing. */
static const char *what_is_wrong(const char *url)
{
	const char *host = strstr(url, "://"), *path;
	size_t host_len, path_len;

	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p > '~')
			return "a URL has no blanks and nothing but ASCII: write other bytes as %XX";
	/* a server may redirect to anything */
	if (!host)
		return "it is no URL";
	host += 3;
	host_len = strcspn(host, "/?#");
	path = host + host_len;
	path_len = strcspn(path, "?#");
	if (remote_is_s3(url))
		return what_is_wrong_with_s3(url, host, host_len, path_len);
	if (strncasecmp(url, "https://", 8) && strncasecmp(url, "http://", 7))
		return "sending to such a target is not implemented yet; https://, http:// and s3:// are. Without an output name the flattened dump goes to stdout, for ssh or another program to send";
	if (secret_end(host))
		return "a name or a password here is seen by all who look at the processes: use --credentials or --netrc-file";
	if (!host_len)
		return "it names no server";
	if (path_len < 2 || path[path_len - 1] == '/')
		return "it names no file on the server: https://host/folder/name";
	if (strchr(url, '#'))
		return "# has no meaning here: write %23 if it is part of the name";
	return NULL;
}

struct error *remote_check_url(const char *url)
{
	const char *wrong = what_is_wrong(url);
	AUTO_FREE char *masked = NULL;

	if (!wrong)
		return NULL;
	masked = remote_mask(url);
	return masked ? error_create(ERROR_USAGE, "%s: %s", masked, wrong) :
	       error_nomem();
}

struct error *remote_check_secret(const char *path, const char *what)
{
	struct stat st;

	if (stat(path, &st) || access(path, R_OK))
		return error_create(ERROR_USAGE, "%s %s: %s", what, path,
				    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_create(ERROR_USAGE, "%s %s is no file", what,
				    path);
	if (st.st_mode & 077)
		return error_create(ERROR_USAGE,
				    "%s %s can be read by others than its owner (mode %04o): chmod 600 it",
				    what, path, st.st_mode & 07777);
	return NULL;
}
