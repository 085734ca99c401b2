/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcurl's options and errors of sftp and ftp: see request_file.h. */
#include "request_file.h"

#ifdef HAVE_CURL
#include <string.h>

#include "../base/progress.h"
#include "../base/stop.h"
#include "request.h"

/* as much is under way at a time as one call of libssh2 gets */
#define SSH_BUFFER 262144l

/* What was sent before is not handed over again. */
static int seek(void *arg, curl_off_t offset, int origin)
{
	(void)arg, (void)offset, (void)origin;
	return CURL_SEEKFUNC_OK;
}

static int judge_host_key(CURL *easy, const struct curl_khkey *known,
			  const struct curl_khkey *found,
			  enum curl_khmatch match, void *arg)
{
	struct file_way *way = arg;

	(void)easy, (void)known, (void)found;
	way->host_key = match == CURLKHMATCH_OK ? HOST_KEY_FINE :
			match == CURLKHMATCH_MISMATCH ? HOST_KEY_ANOTHER :
			HOST_KEY_UNKNOWN;
	return way->host_key == HOST_KEY_FINE || way->options->insecure ?
	       CURLKHSTAT_FINE : CURLKHSTAT_REJECT;
}

/* libcurl waits for the answer to an upload, and for that to a farewell, where it lets
 * nobody else work, but asks this once a second. */
static int look_whether_to_end(void *arg, curl_off_t down_all, curl_off_t down,
			       curl_off_t up_all, curl_off_t up)
{
	struct file_way *way = arg;
	struct request *request = NULL;
	double now = progress_now();

	(void)down_all, (void)down, (void)up_all;
	way->curl->curl_easy_getinfo(way->easy, CURLINFO_PRIVATE, &request);
	if (stop_signal() || (request && request->leaving))
		return 1;
	if (!way->resume || !way->since || (uint64_t)up < way->size - way->offset)
		way->since = now;
	return now - way->since > (double)way->options->stall_seconds;
}

#define SET(option, value)						\
	do {								\
		CURLcode set_code = curl->curl_easy_setopt(		\
			easy, CURLOPT_##option, value);			\
		if (set_code)						\
			return error_create(ERROR_UNSUPPORTED,		\
				"libcurl refuses " #option ": %s",	\
				curl->curl_easy_strerror(set_code));	\
	} while (0)

static struct error *set_ssh(const struct curl *curl, void *easy,
			     struct file_way *way)
{
	const struct remote_options *o = way->options;
	long types = (o->ssh_key ? CURLSSH_AUTH_PUBLICKEY : 0) |
		     (o->credentials || o->netrc ?
		      CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD : 0);

	SET(SSH_AUTH_TYPES, types);
	if (o->ssh_key)
		SET(SSH_PRIVATE_KEYFILE, o->ssh_key);
	if (!o->insecure)
		SET(SSH_KNOWNHOSTS, way->known_hosts);
	SET(SSH_KEYFUNCTION, judge_host_key);
	SET(SSH_KEYDATA, way);
	SET(UPLOAD_BUFFERSIZE, SSH_BUFFER);
	SET(NEW_FILE_PERMS, 0600L);
	return NULL;
}

static struct error *set_ftp(const struct curl *curl, void *easy,
			     const struct file_way *way)
{
	/* paths as commands have them, from where a login leads to */
	SET(FTP_FILEMETHOD, (long)CURLFTPMETHOD_NOCWD);
	/* data goes to the server that was asked for, whatever its answer to PASV says:
	 * before 7.74 libcurl believes that */
	SET(FTP_SKIP_PASV_IP, 1L);
	if (way->tls)
		SET(USE_SSL, (long)CURLUSESSL_ALL);
	return NULL;
}

struct error *file_way_set(const struct curl *curl, void *easy, void *arg)
{
	struct file_way *way = arg;

	way->curl = curl;
	way->easy = easy;
	way->since = 0;
	file_way_end(way);
	for (size_t i = 0; way->before && way->before[i]; i++) {
		struct curl_slist *list = curl->curl_slist_append(
			way->commands, way->before[i]);

		if (!list)
			return error_nomem();
		way->commands = list;
	}
	if (way->commands)
		SET(QUOTE, (struct curl_slist *)way->commands);
	if (way->resume) {
		SET(INFILESIZE_LARGE, (curl_off_t)way->size);
		SET(RESUME_FROM_LARGE, (curl_off_t)way->offset);
		SET(SEEKFUNCTION, seek);
	}
	SET(NOPROGRESS, 0L);
	SET(XFERINFOFUNCTION, look_whether_to_end);
	SET(XFERINFODATA, way);
	if (way->range)
		SET(RANGE, way->range);
	return way->ssh ? set_ssh(curl, easy, way) : set_ftp(curl, easy, way);
}

void file_way_end(struct file_way *way)
{
	if (way->commands)
		way->curl->curl_slist_free_all(way->commands);
	way->commands = NULL;
}

/* RFC 959 4.2: 4yz passes, 5yz does not; x50 no such file or no access, 452 and 552
 * no room. */
static enum file_end judge_reply(const struct outcome *outcome)
{
	long reply = outcome->status;

	if (reply == 452 || reply == 552)
		return FILE_FULL;
	if (reply == 530 || reply == 532)
		return FILE_LOGIN;
	if (reply == 550 || reply == 553)
		return FILE_FORBIDDEN;
	return reply >= 400 && reply < 500 ? FILE_BROKEN : FILE_OTHER;
}

enum file_end file_way_judge(const struct outcome *outcome, bool ssh)
{
	switch (outcome->code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
		return FILE_PROTOCOL;
	case CURLE_REMOTE_FILE_NOT_FOUND:
		return FILE_MISSING;
	case CURLE_REMOTE_ACCESS_DENIED:
		return ssh || outcome->status == 550 ? FILE_FORBIDDEN :
		       judge_reply(outcome);
	case CURLE_LOGIN_DENIED:
		return outcome->status == 421 ? FILE_BROKEN : FILE_LOGIN;
	case CURLE_REMOTE_DISK_FULL:
		return FILE_FULL;
	case CURLE_PEER_FAILED_VERIFICATION:
		return ssh ? FILE_HOST : FILE_OTHER;
	case CURLE_USE_SSL_FAILED:
		return FILE_TLS;
	case CURLE_QUOTE_ERROR:
		return FILE_COMMAND;
	case CURLE_SSH:
		/* "Operation failed (4)": SSH_FX_FAILURE is the answer to all
		 * that has no number of its own; what is no answer may pass */
		return strstr(outcome->said, "/-31") ? FILE_FORBIDDEN :
		       FILE_BROKEN;
	case CURLE_FAILED_INIT:		/* a handshake that broke off */
		return ssh ? FILE_BROKEN : FILE_OTHER;
	case CURLE_UPLOAD_FAILED:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_FTP_COULDNT_RETR_FILE:
		return ssh ? FILE_BROKEN : judge_reply(outcome);
	case CURLE_ABORTED_BY_CALLBACK:
	case CURLE_FTP_ACCEPT_FAILED:
	case CURLE_FTP_ACCEPT_TIMEOUT:
	case CURLE_FTP_WEIRD_PASV_REPLY:
	case CURLE_FTP_WEIRD_227_FORMAT:
	case CURLE_FTP_CANT_GET_HOST:
	case CURLE_FTP_PORT_FAILED:
		return FILE_BROKEN;
	case CURLE_OK:
		return outcome->trouble ? FILE_BROKEN : FILE_DONE;
	default:
		return outcome->trouble == TROUBLE_OTHER ? FILE_OTHER :
		       FILE_BROKEN;
	}
}

#else

struct error *file_way_set(const struct curl *curl, void *easy, void *way)
{
	(void)curl, (void)easy, (void)way;
	return NULL;
}

void file_way_end(struct file_way *way)
{
	(void)way;
}

enum file_end file_way_judge(const struct outcome *outcome, bool ssh)
{
	(void)outcome, (void)ssh;
	return FILE_OTHER;
}
#endif
