/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of targets on a server, and files with secrets: see remote.h. */
#include "remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/io.h"

#define USER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
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

/* Whether what stands before the '@' of HOST is a name and no more. */
static bool plain_user(const char *host)
{
	size_t len = strspn(host, USER);

	return len && host[len] == '@' && host + len == secret_end(host);
}

static const struct scheme {
	const char *name;
	enum remote_kind kind;
	bool is_private;
	bool user;		/* URLs may name one */
} schemes[] = {
	{ "https://", REMOTE_HTTP, true, false },
	{ "http://", REMOTE_HTTP, false, false },
	{ "s3://", REMOTE_S3, true, false },	/* requests are signed */
	{ "sftp://", REMOTE_SFTP, true, true },
	{ "ftps://", REMOTE_FTP, true, true },
	{ "ftp://", REMOTE_FTP, true, true },
	{ "tus+https://", REMOTE_TUS, true, false },
	{ "tus+http://", REMOTE_TUS, false, false },
	{ "", REMOTE_NONE, false, false },
};

static const struct scheme *find_scheme(const char *url)
{
	const struct scheme *scheme = schemes;

	while (strncasecmp(url, scheme->name, strlen(scheme->name)))
		scheme++;
	return scheme;
}

enum remote_kind remote_kind(const char *url)
{
	return find_scheme(url)->kind;
}

bool remote_is_private(const char *url)
{
	return find_scheme(url)->is_private;
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
	if (at && !(find_scheme(url)->user && plain_user(host))) {
		strcat(masked, "...");
		host = at;
	}
	strncat(masked, host, strcspn(host, "?#"));
	if (host[strcspn(host, "?#")])
		strcat(masked, "?...");
	return masked;
}

/* Whether a folder of PATH is "." or "..", as %2E, too. libcurl leaves them out, and
 * newer ones sign no path as it is (CURLOPT_PATH_AS_IS). */
static bool has_dot_folder(const char *path)
{
	while ((path = strchr(path, '/'))) {
		unsigned dots = 0;

		path++;
		while (*path == '.' || !strncasecmp(path, "%2E", 3)) {
			path += *path == '.' ? 1 : 3;
			dots++;
		}
		if (dots && dots < 3 && (*path == '/' || !*path))
			return true;
	}
	return false;
}

/* What is wrong with s3://bucket/key; HOST is the bucket. */
static const char *wrong_s3(const char *url, const char *host, size_t host_len,
			    size_t path_len)
{
	if (strchr(url, '?') || strchr(url, '#'))
		return "a presigned URL begins with https://; if ? or # is part of the key, write %3F or %23";
	if (!host_len || strspn(host, BUCKET) < host_len)
		return "a bucket's name has letters, digits, -, . and _: s3://bucket/key; where the store is --s3-endpoint tells";
	if (path_len < 2 || url[strlen(url) - 1] == '/')
		return "it names no object: s3://bucket/key";
	if (has_dot_folder(host + host_len))
		return "a key with . or .. as one of its folders can't be sent to";
	return NULL;
}

bool remote_same_server(const char *a, const char *b)
{
	size_t len = (size_t)(strstr(a, "://") + 3 - a);

	len += strcspn(a + len, "/?#");
	return !strncasecmp(a, b, len) && strchr("/?#", b[len]);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	c |= c >= 'A' && c <= 'F' ? 0x20 : 0;
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* The byte at P, which may be %XX; *LEN: how long that is. -1: it is no such thing,
 * or one that no name has. */
static int path_byte(const char *p, size_t *len)
{
	int high, low;

	*len = 1;
	if (*p != '%')
		return (uint8_t)*p;
	high = hex_digit(p[1]);
	low = high < 0 ? -1 : hex_digit(p[2]);
	*len = 3;
	return low < 0 || high * 16 + low < ' ' ? -1 : high * 16 + low;
}

char *remote_path(const char *url)
{
	const char *p = strstr(url, "://") + 3;
	char *path, *to;
	size_t len;

	p += strcspn(p, "/");
	/* RFC 1738 3.2.2; of sftp it is libcurl's way */
	if (remote_kind(url) == REMOTE_FTP)
		p += *p == '/';
	else if (remote_kind(url) == REMOTE_SFTP && !strncmp(p, "/~/", 3))
		p += 3;
	to = path = malloc(strlen(p) + 1);
	for (; path && *p; p += len)
		*to++ = (char)path_byte(p, &len);
	if (path)
		*to = '\0';
	return path;
}

/* What is wrong with the path of a file on a server. */
static const char *wrong_path(const char *path)
{
	size_t len;

	if (strpbrk(path, "?;"))
		return "? and ; have no meaning here: write %3F and %3B if they are part of the name";
	for (; *path; path += len)
		if (path_byte(path, &len) < 0)
			return "% is followed by two digits of a byte that a name may have";
	return NULL;
}

/* What is wrong with URL; NULL: nothing. */
static const char *what_is_wrong(const char *url)
{
	const char *host = strstr(url, "://"), *path;
	const struct scheme *scheme = find_scheme(url);
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
	if (scheme->kind == REMOTE_NONE)
		return "sending to such a target is not implemented yet; https://, http://, s3://, sftp://, ftp://, ftps:// and tus+https:// are. Without an output name the flattened dump goes to stdout, for ssh or another program to send";
	if (scheme->kind == REMOTE_S3)
		return wrong_s3(url, host, host_len, path_len);
	if (secret_end(host) && !(scheme->user && plain_user(host)))
		return "a name or a password here is seen by all who look at the processes: use --credentials or --netrc-file";
	if (!host_len || host[host_len - 1] == '@')
		return "it names no server";
	if (scheme->kind == REMOTE_TUS && !path_len)
		return "it names no endpoint: tus+https://host/files/";
	if (scheme->kind != REMOTE_TUS &&
	    (path_len < 2 || path[path_len - 1] == '/'))
		return "it names no file on the server: https://host/folder/name";
	if (strchr(url, '#'))
		return "# has no meaning here: write %23 if it is part of the name";
	return scheme->kind == REMOTE_HTTP ? NULL : wrong_path(path);
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

struct error *remote_read_url(const char *path, char **ret)
{
	struct error *err;
	size_t size = 0;
	ssize_t len;
	FILE *file;

	*ret = NULL;
	TRY(remote_check_secret(path, "a target's URL:"));
	file = fopen(path, "re");
	if (!file)
		return error_create(ERROR_USAGE, "a target's URL: %s: %m", path);
	len = getline(ret, &size, file);
	fclose(file);
	if (len > 0)
		(*ret)[strcspn(*ret, "\r\n")] = '\0';
	if (len > 0 && remote_is_url(*ret))
		return NULL;
	err = error_create(ERROR_USAGE,
			   "a target's URL: the first line of %s is none", path);
	free(*ret);
	*ret = NULL;
	return err;
}
