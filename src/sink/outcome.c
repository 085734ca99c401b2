/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outcomes in words: see outcome.h. */
#include "outcome.h"

#include <stdio.h>
#include <time.h>

#include "../base/text.h"

bool outcome_redirects(const struct outcome *outcome)
{
	long status = outcome->status;

	return outcome->trouble == TROUBLE_NONE && outcome->redirect &&
	       (status == 301 || status == 302 || status == 307 ||
		status == 308);
}

bool outcome_passes(const struct outcome *outcome)
{
	switch (outcome->trouble) {
	case TROUBLE_NAME:
	case TROUBLE_CONNECT:
	case TROUBLE_BROKEN:
	case TROUBLE_STALLED:
		return true;
	case TROUBLE_NONE:
		break;
	default:
		return false;
	}
	switch (outcome->status) {
	case 408:	/* Request Timeout */
	case 425:	/* Too Early */
	case 429:	/* Too Many Requests */
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return false;
	}
}

static struct error *clock_error(const struct outcome *outcome,
				 const char *url)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32] = "?";

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return error_create(ERROR_IO, "%s: the server's certificate is not valid at what this machine takes for the time, %s UTC (%s): a capture kernel's clock may be wrong, and is to be set (--time crash, or hwclock -s before)",
			    url, text, outcome->said);
}

struct error *outcome_trouble(const struct outcome *outcome, const char *url)
{
	char size[16];

	switch (outcome->trouble) {
	case TROUBLE_NAME:
		return error_create(ERROR_IO, "%s: the server's name is not found (%s): is the network up, and a DNS server known? An address works without",
				    url, outcome->said);
	case TROUBLE_CONNECT:
		return error_create(ERROR_IO, "%s: the server can't be reached (%s): is the network up, is it running, is the port right?",
				    url, outcome->said);
	case TROUBLE_BROKEN:
		return error_create(ERROR_IO, "%s: the connection broke after %s (%s)",
				    url, text_size(outcome->sent, size),
				    outcome->said);
	case TROUBLE_STALLED:
		return error_create(ERROR_IO, "%s: nothing goes to the server or comes from it any more, after %s (--stall-time)",
				    url, text_size(outcome->sent, size));
	case TROUBLE_CLOCK:
		return clock_error(outcome, url);
	case TROUBLE_TRUST:
		return error_create(ERROR_IO, "%s: the server does not prove who it is (%s): name the file of who vouches for it with --cacert, and have it in the initramfs, too",
				    url, outcome->said);
	default:
		return error_create(ERROR_IO, "%s: %s", url, outcome->said);
	}
}

static const char *status_text(long status, bool presigned, bool known)
{
	switch (status) {
	case 401:
		return known ? "the server does not know this name and password" :
		       "the server wants a name and a password: --credentials or --netrc-file";
	case 403:
		return presigned ? "the server refuses it: a presigned URL may have expired, may be for another method than PUT, or this machine's clock may be wrong; make a new one" :
		       "the server refuses it: who sends may not write there";
	case 404:
	case 409:
		return "there is no such folder on the server: create it (nginx: create_full_put_path on)";
	case 405:
		return "the server takes no PUT there (nginx: dav_methods PUT)";
	case 412:
		return "something stands there; use -f to replace it";
	case 413:
		return "it is larger than the server takes (nginx: client_max_body_size 0); a higher dump level makes it smaller";
	case 500:
		return "the server fails, or has no such folder: its log tells (nginx: create_full_put_path on)";
	case 429:
		return "the server has too much to do";
	case 507:
		return "the server has no room";
	default:
		return status >= 500 ? "the server fails" :
		       status >= 400 ? "the server refuses it" :
		       "that is no answer to a PUT";
	}
}

struct error *outcome_error(const struct outcome *outcome, const char *url,
			    bool presigned, bool known)
{
	long status = outcome->status;
	bool told = outcome->said[0];

	if (outcome->trouble != TROUBLE_NONE)
		return outcome_trouble(outcome, url);
	/* RFC 9110 9.3.4: 201 created, 200 or 204 replaced */
	if (status == 200 || status == 201 || status == 204)
		return NULL;
	return error_create(status == 507 || status == 413 ? ERROR_NOSPACE :
			    ERROR_IO,
			    "%s: HTTP %ld%s%s%s: %s", url, status,
			    told ? " (" : "", outcome->said, told ? ")" : "",
			    status_text(status, presigned, known));
}
