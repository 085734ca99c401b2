/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an object is: see s3_store.h. */
#include "s3_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"

#define UNRESERVED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
#define SCHEME "s3://"

char *s3_encode(const char *text, bool keep_slash)
{
	char *encoded = malloc(strlen(text) * 3 + 1), *to = encoded;

	if (!encoded)
		return NULL;
	for (; *text; text++) {
		if (strchr(UNRESERVED, *text) || (keep_slash && *text == '/'))
			*to++ = *text;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*text);
	}
	*to = '\0';
	return encoded;
}

char *s3_decode(const char *text)
{
	char *plain = strdup(text), *to = plain;
	unsigned byte;

	for (; plain && *text; text++) {
		int len = 0;

		if (*text == '%' && sscanf(text + 1, "%2x%n", &byte, &len) == 1 &&
		    len == 2 && byte) {
			*to++ = (char)byte;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	if (plain)
		*to = '\0';
	return plain;
}

char *s3_key(const struct s3_store *store)
{
	return s3_decode(store->prefix);
}

/* ENDPOINT without the slashes at its end. */
static struct error *check_endpoint(const char *endpoint, size_t *len)
{
	const char *host = strstr(endpoint, "://");
	bool wrong = !host || (strncmp(endpoint, "https://", 8) &&
			       strncmp(endpoint, "http://", 7));

	*len = strlen(endpoint);
	while (*len && endpoint[*len - 1] == '/')
		--*len;
	for (const char *p = endpoint; *p; p++)
		wrong = wrong || *p <= ' ' || *p > '~' || strchr("@?#\"\\", *p);
	if (wrong || !strcspn(host + 3, "/"))
		return error_create(ERROR_USAGE,
				    "--s3-endpoint takes https://host, with a port and a path if need be");
	return NULL;
}

/* The URL of BUCKET, as it is named in s3://. One with a dot has no certificate. */
static struct error *bucket_name(const struct remote_options *o,
				 const char *bucket, const char *region,
				 char **ret)
{
	const char *china = strncmp(region, "cn-", 3) ? "" : ".cn";
	size_t len = 0;
	int n;

	if (o->s3_endpoint)
		TRY(check_endpoint(o->s3_endpoint, &len));
	if (o->s3_endpoint)
		n = asprintf(ret, "%.*s/%s", (int)len, o->s3_endpoint, bucket);
	else if (strchr(bucket, '.'))
		n = asprintf(ret, "https://s3.%s.amazonaws.com%s/%s", region,
			     china, bucket);
	else
		n = asprintf(ret, "https://%s.s3.%s.amazonaws.com%s", bucket,
			     region, china);
	if (n >= 0)
		return NULL;
	*ret = NULL;
	return error_nomem();
}

/* Bucket and key of URL, which remote_check_url() has seen. */
static struct error *names_fill(struct s3_store *store, const char *url,
				const struct s3_account *account)
{
	const char *name = url + strlen(SCHEME);
	size_t len = strcspn(name, "/");
	AUTO_FREE char *bucket = strndup(name, len);
	AUTO_FREE char *key = s3_decode(name + len + 1);
	AUTO_FREE char *path = key ? s3_encode(key, true) : NULL;

	store->masked = remote_mask(url);
	store->prefix = key ? s3_encode(key, false) : NULL;
	if (!bucket || !path || !store->masked || !store->prefix)
		return error_nomem();
	TRY(bucket_name(store->options, bucket, account->region,
			&store->bucket_url));
	if (asprintf(&store->url, "%s/%s", store->bucket_url, path) < 0) {
		store->url = NULL;
		return error_nomem();
	}
	return NULL;
}

static struct error *account_use(struct s3_store *store,
				 const struct s3_account *account)
{
	if (asprintf(&store->sign, "aws:amz:%s:s3", account->region) < 0) {
		store->sign = NULL;
		return error_nomem();
	}
	if (account->token && asprintf(&store->token, "x-amz-security-token: %s",
				       account->token) < 0) {
		store->token = NULL;
		return error_nomem();
	}
	TRY(transfer_create(store->options, &store->transfer));
	TRY(transfer_check_signing(store->transfer));
	return transfer_set_user(store->transfer, account->key,
				 account->secret);
}

struct error *s3_store_init(struct s3_store *store, const char *url,
			    const struct remote_options *options,
			    struct log *log)
{
	struct s3_account account;
	struct error *err;

	*store = (struct s3_store){
		.options = options,
		.log = log,
		.retry.seconds = options->retry_seconds,
	};
	TRY(s3_account_find(options, &account));
	err = names_fill(store, url, &account);
	if (!err)
		err = account_use(store, &account);
	s3_account_deinit(&account);
	if (err)
		s3_store_deinit(store);
	return err;
}

void s3_store_deinit(struct s3_store *store)
{
	transfer_destroy(store->transfer);
	if (store->token)
		explicit_bzero(store->token, strlen(store->token));
	free(store->token);
	free(store->masked);
	free(store->url);
	free(store->bucket_url);
	free(store->prefix);
	free(store->sign);
	*store = (struct s3_store){ 0 };
}

struct error *remote_check_s3(const struct remote_options *options)
{
	AUTO_FREE char *bucket_url = NULL;
	struct s3_account account;
	struct error *err;

	TRY(s3_account_find(options, &account));
	err = bucket_name(options, "bucket", account.region, &bucket_url);
	s3_account_deinit(&account);
	return err;
}
