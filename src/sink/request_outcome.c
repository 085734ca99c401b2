/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of a request, from what libcurl says: see transfer.h. */
#include "request.h"

#ifdef HAVE_CURL
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"

/* OpenSSL's include/openssl/x509_vfy.h: X509_V_ERR_CERT_NOT_YET_VALID, _EXPIRED */
#define VERIFY_NOT_YET 9
#define VERIFY_EXPIRED 10

#define SAID_MAX 1024u		/* bytes of the server's words that are looked at */

static enum trouble trouble_of(struct request *r)
{
	long verify = 0;

	if (r->stalled)
		return TROUBLE_STALLED;
	switch (r->code) {
	case CURLE_OK:
		return TROUBLE_NONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return TROUBLE_NAME;
	case CURLE_COULDNT_CONNECT:
		return TROUBLE_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return r->sent ? TROUBLE_STALLED :
		       strstr(r->error, "Resolving") ? TROUBLE_NAME :
		       TROUBLE_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
		r->transfer->curl.curl_easy_getinfo(
			r->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
		return verify == VERIFY_NOT_YET || verify == VERIFY_EXPIRED ||
		       strstr(r->error, "not yet") ||
		       strstr(r->error, "expired") ? TROUBLE_CLOCK :
		       TROUBLE_TRUST;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return TROUBLE_TRUST;
	case CURLE_SSL_CONNECT_ERROR:
		return strstr(r->error, "wrong version") ? TROUBLE_OTHER :
		       TROUBLE_BROKEN;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
		return TROUBLE_BROKEN;
	default:
		return TROUBLE_OTHER;
	}
}

/* What the server says, where it does so as stores do: <Message>. */
static void said(struct request *r, struct outcome *ret)
{
	const char *text = r->error[0] ? r->error :
			   r->transfer->curl.curl_easy_strerror(r->code);
	AUTO_FREE char *escaped = NULL, *hidden = NULL;
	size_t len;

	if (r->endless)
		text = "its answer does not end";
	if (!r->code) {
		text = strstr(r->answer, "<Message>");
		text = text ? text + strlen("<Message>") : "";
	}
	len = r->code ? strlen(text) : strcspn(text, "<");
	hidden = strndup(text, min_u64(len, SAID_MAX));
	if (hidden)
		request_hide(r, hidden);
	escaped = hidden ? text_escape(hidden, strlen(hidden)) : NULL;
	snprintf(ret->said, sizeof(ret->said), "%s", escaped ? escaped : "");
}

/* libcurl puts the name and the password that it has before the server's name, where
 * the answer has a path alone. */
static void drop_user(char *url)
{
	char *host = strstr(url, "://"), *at;

	if (!host)
		return;
	host += 3;
	at = memrchr(host, '@', strcspn(host, "/?#"));
	if (at)
		memmove(host, at + 1, strlen(at));
}

struct error *request_outcome(struct request *r, struct outcome *ret)
{
	const struct curl *curl = &r->transfer->curl;
	curl_off_t length = -1, after = 0;
	char *redirect = NULL;

	/* what counts of it has come */
	if (r->too_long && r->code == CURLE_WRITE_ERROR) {
		r->code = CURLE_OK;
		r->error[0] = '\0';
	}
	*ret = (struct outcome){ .trouble = trouble_of(r), .code = (int)r->code,
				 .sent = r->sent };
	curl->curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &ret->status);
	curl->curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &after);
	curl->curl_easy_getinfo(r->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
				&length);
	curl->curl_easy_getinfo(r->easy, CURLINFO_REDIRECT_URL, &redirect);
	ret->retry_after = after;
	ret->length = length;
	said(r, ret);
	if (redirect && !(ret->redirect = strdup(redirect)))
		return error_nomem();
	if (ret->redirect && (r->transfer->user || r->transfer->options->netrc))
		drop_user(ret->redirect);
	/* an answer to what it has not read is none */
	if (!ret->trouble && r->sent < r->size && ret->status < 300)
		ret->trouble = TROUBLE_BROKEN;
	return NULL;
}
#endif
