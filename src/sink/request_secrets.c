/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a request nobody is to read in words about it: a server may say back what it
 * was sent. See request.h. */
#include "request.h"

#ifdef HAVE_CURL
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "s3_store.h"

#define SECRET_MIN 4u	/* what is shorter is found in any words */
#define VALUE_MIN 8u	/* the same of a query's values: &expires=600 */
#define PIECE 12u	/* of a secret that is one, too: some is escaped, or cut off */
#define BASIC "Basic "

static void secret_add(struct request *r, const char *text, size_t len)
{
	char *copy;

	if (len < SECRET_MIN)
		return;
	for (unsigned i = 0; i < r->nr_secrets; i++)
		if (strlen(r->secrets[i]) == len &&
		    !memcmp(r->secrets[i], text, len))
			return;
	copy = r->nr_secrets < REQUEST_SECRETS ? strndup(text, len) : NULL;
	if (copy)
		r->secrets[r->nr_secrets++] = copy;
	else
		r->mute = true;
}

/* The values of URL's query, as they are there and decoded. */
static void query_add(struct request *r, const char *url)
{
	const char *p = strchr(url, '?');

	while (p && *p) {
		size_t len = strcspn(++p, "&");
		const char *equals = memchr(p, '=', len);
		const char *value = equals ? equals + 1 : p;
		size_t value_len = (size_t)(p + len - value);
		AUTO_FREE char *text = strndup(value, value_len);
		AUTO_FREE char *plain = text ? s3_decode(text) : NULL;

		r->mute |= !plain;
		p += len;
		if (value_len < VALUE_MIN || !plain)
			continue;
		secret_add(r, text, value_len);
		secret_add(r, plain, strlen(plain));
	}
}

/* The password in TEXT, user:password by RFC 4648's base64. */
static void basic_add(struct request *r, const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	AUTO_FREE char *plain = calloc(1, len + 1);
	const char *digit, *colon;
	unsigned bits = 0, have = 0;
	char *to = plain;

	r->mute |= !plain;
	for (; plain && len-- && (digit = strchr(digits, *text)); text++) {
		bits = bits << 6 | (unsigned)(digit - digits);
		have += 6;
		if (have >= 8)
			*to++ = (char)(bits >> (have -= 8));
	}
	colon = plain ? strchr(plain, ':') : NULL;
	if (colon)
		secret_add(r, colon + 1, strlen(colon + 1));
	if (plain)
		explicit_bzero(plain, (size_t)(to - plain));
}

/* A header's line, or FTP's, that libcurl sends. */
static void line_add(struct request *r, const char *line, size_t len)
{
	static const char *const names[] = {
		"Authorization: ", "Proxy-Authorization: ",
		"x-amz-security-token: ", "PASS ",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t at = strlen(names[i]);
		const char *value = line + at, *blank;

		if (len <= at || strncasecmp(line, names[i], at))
			continue;
		/* of Authorization: the credentials, or the signature */
		blank = memrchr(line, ' ', len) + 1;
		if (!strncasecmp(value, BASIC, strlen(BASIC)))
			basic_add(r, blank, (size_t)(line + len - blank));
		if (*line == 'P' && line[1] == 'A')
			blank = value;
		secret_add(r, blank, (size_t)(line + len - blank));
	}
}

static int sent(CURL *easy, curl_infotype type, char *text, size_t len,
		void *arg)
{
	(void)easy;
	while (type == CURLINFO_HEADER_OUT && len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;
		size_t cut = line && text[line - 1] == '\r';

		line_add(arg, text, line - cut);
		line += end != NULL;
		text += line;
		len -= line;
	}
	return 0;
}

struct error *request_remember(struct request *r,
			       const struct request_spec *spec)
{
	const struct transfer *t = r->transfer;

	if (t->password)
		secret_add(r, t->password, strlen(t->password));
	/* a store's is no secret */
	if (!spec->sign)
		query_add(r, spec->url);
	REQUEST_SET(r, DEBUGFUNCTION, sent);
	REQUEST_SET(r, DEBUGDATA, r);
	REQUEST_SET(r, VERBOSE, 1L);
	return NULL;
}

void request_forget(struct request *r)
{
	for (unsigned i = 0; i < r->nr_secrets; i++) {
		explicit_bzero(r->secrets[i], strlen(r->secrets[i]));
		free(r->secrets[i]);
	}
	r->nr_secrets = 0;
}

/* How many of the first of TEXT's LEN bytes are a secret, or a piece of one. */
static size_t secret_len(const struct request *r, const char *text, size_t len)
{
	size_t most = 0;

	for (unsigned i = 0; i < r->nr_secrets; i++) {
		size_t have = strlen(r->secrets[i]);
		size_t n = min_u64(have, PIECE);

		if (n <= len && memmem(r->secrets[i], have, text, n))
			most = max_u64(most, n);
	}
	return most;
}

void request_hide(const struct request *r, char *text)
{
	size_t len = r->mute ? 0 : strlen(text), end = 0;
	bool hidden = false;
	char *to = text;

	for (size_t i = 0; i < len; i++) {
		size_t n = secret_len(r, text + i, len - i);

		hidden |= n != 0;
		end = max_u64(end, i + n);
		if (i < end)
			continue;
		/* it is longer */
		if (hidden)
			to = mempcpy(to, "...", 3);
		hidden = false;
		*to++ = text[i];
	}
	if (hidden)
		to = mempcpy(to, "...", 3);
	*to = '\0';
}
#endif
