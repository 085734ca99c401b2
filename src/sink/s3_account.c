/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and regions as AWS's programs find them: the environment, then the profile
 * in ~/.aws. Source: AWS SDKs and Tools Reference Guide, "Shared config and
 * credentials files" and "Environment variables".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/io.h"
#include "s3_store.h"

static const char *setting(const char *name)
{
	const char *text = getenv(name);

	return text && *text ? text : NULL;
}

static void text_wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void s3_account_deinit(struct s3_account *account)
{
	text_wipe(&account->key);
	text_wipe(&account->secret);
	text_wipe(&account->token);
	free(account->region);
	account->region = NULL;
}

/* Without the blanks around TEXT, which changes. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* Whether LINE, "[...]", begins PROFILE's section. */
static bool is_section(char *line, const char *profile)
{
	size_t len = strcspn(line + 1, "]");
	char *name = line + 1;

	name[len] = '\0';
	name = trim(name);
	if (!strncmp(name, "profile ", 8))
		name = trim(name + 8);
	return !strcmp(name, profile);
}

/* The values of KEYS, the last of which is NULL, in PROFILE's section of FILE. */
static struct error *values_read(FILE *file, const char *profile,
				 const char *const *keys, char **values)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	bool ours = false;
	struct error *err = NULL;

	while (!err && getline(&line, &size, file) > 0) {
		char *text = trim(line), *equals = strchr(text, '=');

		if (*text == '[')
			ours = is_section(text, profile);
		if (!ours || *text == '[' || *text == '#' || !equals)
			continue;
		*equals = '\0';
		for (size_t i = 0; keys[i]; i++) {
			if (strcmp(trim(text), keys[i]) || values[i])
				continue;
			values[i] = strdup(trim(equals + 1));
			if (!values[i])
				err = error_nomem();
		}
	}
	if (line)
		explicit_bzero(line, size);
	return err;
}

/* The name of a file: what VARIABLE says, or NAME in ~/.aws. NULL: no home, or no
 * memory. */
static char *file_name(const char *variable, const char *name)
{
	const char *given = setting(variable), *home = setting("HOME");
	char *path = NULL;

	if (given)
		return strdup(given);
	if (!home || asprintf(&path, "%s/.aws/%s", home, name) < 0)
		return NULL;
	return path;
}

/* The same of the file, where there is one. */
static struct error *profile_read(const char *path, bool secret,
				  const char *const *keys, char **values)
{
	const char *profile = setting("AWS_PROFILE");
	struct error *err;
	FILE *file;

	if (!path || access(path, F_OK))
		return NULL;
	if (secret)
		TRY(remote_check_secret(path, "AWS's credentials in"));
	file = fopen(path, "re");
	if (!file)
		return error_create(ERROR_USAGE, "%s: %m", path);
	err = values_read(file, profile ? profile : "default", keys, values);
	fclose(file);
	return err;
}

static struct error *account_fill(struct s3_account *account, const char *key,
				  const char *secret, const char *token)
{
	account->key = strdup(key);
	account->secret = strdup(secret);
	if (!account->key || !account->secret)
		return error_nomem();
	if (token && !(account->token = strdup(token)))
		return error_nomem();
	return NULL;
}

static struct error *profile_find(struct s3_account *account)
{
	static const char *const keys[] = {
		"aws_access_key_id", "aws_secret_access_key",
		"aws_session_token", NULL
	};
	AUTO_FREE char *path = file_name("AWS_SHARED_CREDENTIALS_FILE",
					 "credentials");
	char *values[3] = { 0 };
	struct error *err = profile_read(path, true, keys, values);

	if (!err && values[0] && values[1])
		err = account_fill(account, values[0], values[1], values[2]);
	else if (!err)
		err = error_create(ERROR_USAGE,
				   "s3:// needs a key: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, a profile in ~/.aws/credentials, or --credentials FILE with key:secret");
	for (size_t i = 0; i < 3; i++)
		text_wipe(&values[i]);
	return err;
}

static struct error *region_find(const struct remote_options *options,
				 struct s3_account *account)
{
	static const char *const keys[] = { "region", NULL };
	AUTO_FREE char *path = file_name("AWS_CONFIG_FILE", "config");
	const char *region = options->s3_region;

	if (!region)
		region = setting("AWS_REGION");
	if (!region)
		region = setting("AWS_DEFAULT_REGION");
	if (!region)
		TRY(profile_read(path, false, keys, &account->region));
	if (!region && !account->region && options->s3_endpoint)
		region = "us-east-1";	/* what stores take that have none */
	if (region) {
		free(account->region);
		account->region = strdup(region);
		if (!account->region)
			return error_nomem();
	}
	if (!account->region)
		return error_create(ERROR_USAGE,
				    "s3:// needs a region, --s3-region, or another store, --s3-endpoint");
	if (account->region[strspn(account->region,
				   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")])
		return error_create(ERROR_USAGE,
				    "a region has letters, digits and -: us-east-1");
	return NULL;
}

struct error *s3_account_find(const struct remote_options *options,
			      struct s3_account *ret)
{
	const char *key = setting("AWS_ACCESS_KEY_ID");
	const char *secret = setting("AWS_SECRET_ACCESS_KEY");
	struct error *err = NULL;

	*ret = (struct s3_account){ 0 };
	/* a key may have colons, as OpenStack Swift's do */
	if (options->credentials)
		err = transfer_read_user(options->credentials, true, &ret->key,
					 &ret->secret);
	else
		err = key && secret ?
		      account_fill(ret, key, secret,
				   setting("AWS_SESSION_TOKEN")) :
		      profile_find(ret);
	if (!err)
		err = region_find(options, ret);
	if (err)
		s3_account_deinit(ret);
	return err;
}
