/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libcurl is told for sftp and ftp, beside what each request is (transfer.h). */
#ifndef CAPDUMP_SINK_REQUEST_FILE_H
#define CAPDUMP_SINK_REQUEST_FILE_H

#include "transfer.h"

enum host_key { HOST_KEY_FINE, HOST_KEY_UNKNOWN, HOST_KEY_ANOTHER };

struct file_way {
	const struct remote_options *options;	/* borrowed */
	const char *known_hosts;	/* borrowed */
	bool ssh;
	bool tls;		/* ftp: with a password, so never without */
	bool resume;		/* of an upload of SIZE bytes those from OFFSET on */
	uint64_t offset, size;
	const char *const *before;	/* commands, the last is NULL; NULL */
	const char *range;	/* of what is read; NULL: all */

	enum host_key host_key;	/* what the last handshake found */
	const struct curl *curl;
	void *easy;		/* the request's */
	void *commands;		/* a curl_slist */
	double since;		/* all bytes are sent */
};

/* request_spec.set_more, WAY its arg: it stays until the request's end, and is then
 * given to file_way_end(). */
struct error *file_way_set(const struct curl *curl, void *easy, void *way);
void file_way_end(struct file_way *way);

/* What a request became, by CURLcode and the server's last reply. */
enum file_end {
	FILE_DONE,
	FILE_PROTOCOL,		/* libcurl was built without it */
	FILE_MISSING,		/* there is no such file, or folder */
	FILE_FORBIDDEN,
	FILE_LOGIN,		/* this user, or its key or password */
	FILE_FULL,
	FILE_HOST,		/* not proved who it is */
	FILE_TLS,		/* it has no TLS, and a password needs it */
	FILE_COMMAND,		/* one of WAY's commands failed */
	FILE_BROKEN,		/* what may pass */
	FILE_OTHER,
};
enum file_end file_way_judge(const struct outcome *outcome, bool ssh);

#endif
