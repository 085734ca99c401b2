/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file on a server, by sftp or ftp. Neither libcurl nor what it speaks to writes a
 * place twice: an upload that goes on appends (OpenSSH's sftp-server, too, where
 * libcurl asks for it). So what comes goes to NAME.part, is appended to after a
 * break, and renamed when it is whole: NAME is never half there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/text.h"
#include "carrier.h"
#include "outcome.h"
#include "request_file.h"

#define PART ".part"

/* Of a file's size: */
#define NO_FILE (-1)
#define NOT_TOLD (-2)
#define NOT_SEEN (-3)	/* it may be there all the same */

struct inbox {
	struct carrier carrier;
	const struct remote_options *options;	/* borrowed */
	struct transfer *transfer;
	struct request *put;		/* under way; NULL: none is */
	struct file_way way;		/* its */
	bool ssh, tls;
	bool force;
	bool renamed;			/* or the server was asked to, at least */
	bool begun, ours;		/* an upload; what NAME.part has */
	uint64_t first;			/* of this upload's bytes */
	char *url, *part_url, *masked, *path, *known_hosts;	/* owned */
	char *part_masked;		/* the same */
};

static struct error *host_error(const struct inbox *inbox)
{
	const char *file = inbox->known_hosts;

	if (inbox->way.host_key == HOST_KEY_ANOTHER)
		return error_create(ERROR_IO, "%s: the server's host key is not the one that %s has of it: it was made anew, or this is another machine. If it is known to be right, replace it there (ssh-keygen -R, ssh-keyscan)",
				    inbox->masked, file);
	return error_create(ERROR_IO, "%s: the server's host key is not in %s: get it with ssh-keyscan [-p PORT] HOST, see on the server that it is right, and have it in the file that --known-hosts names, in the initramfs, too",
			    inbox->masked, file);
}

/* What is said of how a request ended. */
static const char *words(const struct inbox *inbox, enum file_end end)
{
	switch (end) {
	case FILE_PROTOCOL:
		return inbox->ssh ? "this libcurl was built without SSH: it needs libssh2 or libssh" :
		       "this libcurl was built without FTP";
	case FILE_MISSING:
		return "there is no such folder on the server";
	case FILE_FORBIDDEN:
		return "the server refuses it: there may be no such folder, or who sends may not write there";
	case FILE_LOGIN:
		return !inbox->ssh ? "the server does not let in who sends: --credentials or --netrc-file" :
		       inbox->options->ssh_key ? "the server does not let in who sends: is this the user's key, without a passphrase, and the user's name in the URL?" :
		       "the server does not let in who sends by password: --ssh-key may be what it wants";
	case FILE_FULL:
		return "the server has no room; what came there is NAME" PART;
	case FILE_TLS:
		return "the server has no TLS, and without it a password would be seen by everybody";
	case FILE_COMMAND:
		return "the server refuses a command";
	default:
		return NULL;
	}
}

/* What OUTCOME means; NULL: the server has done what it was asked for. */
static struct error *error_of(struct inbox *inbox,
			      const struct outcome *outcome)
{
	enum file_end end = file_way_judge(outcome, inbox->ssh);
	const char *text = words(inbox, end);
	struct outcome broken;

	if (end == FILE_DONE)
		return NULL;
	if (end == FILE_HOST)
		return host_error(inbox);
	/* the next level replaces what came of this one */
	if (end == FILE_FULL)
		inbox->carrier.left = NULL;
	if (text)
		return error_create(end == FILE_FULL ? ERROR_NOSPACE : ERROR_IO,
				    "%s: %s (%s)", inbox->masked, text,
				    outcome->said);
	if (end != FILE_BROKEN)
		return outcome_trouble(outcome, inbox->masked);
	broken = *outcome;
	if (broken.trouble == TROUBLE_OTHER)
		broken.trouble = TROUBLE_BROKEN;
	return carrier_again(&inbox->carrier,
			     outcome_trouble(&broken, inbox->masked), 0);
}

static void way_init(struct inbox *inbox)
{
	file_way_end(&inbox->way);
	inbox->way = (struct file_way){
		.options = inbox->options,
		.known_hosts = inbox->known_hosts,
		.ssh = inbox->ssh,
		.tls = inbox->tls,
	};
}

/* The size of the file at URL after COMMANDS (NULL: none), or one of those. */
static struct error *size_of(struct inbox *inbox, const char *url,
			     const char *const *commands, int64_t *ret)
{
	const struct request_spec spec = {
		.url = url,
		.secrets = true,
		.nothing = true,
		.set_more = file_way_set,
		.arg = &inbox->way,
	};
	struct outcome outcome = { 0 };
	enum file_end end;
	struct error *err;

	way_init(inbox);
	inbox->way.before = commands;
	*ret = NO_FILE;
	TRY(request_run(inbox->transfer, &spec, NULL, &outcome));
	end = file_way_judge(&outcome, inbox->ssh);
	if (end == FILE_FORBIDDEN)
		*ret = NOT_SEEN;
	err = end == FILE_MISSING || end == FILE_FORBIDDEN ? NULL :
	      error_of(inbox, &outcome);
	/* of an empty file by sftp libcurl tells none */
	if (end == FILE_DONE)
		*ret = outcome.length >= 0 ? outcome.length :
		       inbox->ssh ? 0 : NOT_TOLD;
	outcome_deinit(&outcome);
	return err;
}

static struct error *inbox_look(struct carrier *carrier, bool force)
{
	struct inbox *inbox = (struct inbox *)carrier;
	int64_t size;

	inbox->force = force;
	TRY(size_of(inbox, inbox->url, NULL, &size));
	if (size == NOT_TOLD && !force)
		return error_create(ERROR_IO, "%s: the server does not tell what stands there (SIZE); with -f it is sent all the same",
				    inbox->masked);
	if (size >= 0 && !force)
		return error_create(ERROR_IO, "%s exists; use -f to replace it",
				    inbox->masked);
	TRY(size_of(inbox, inbox->part_url, NULL, &size));
	if (size >= 0 && !force && !carrier->own && !inbox->options->resume)
		return error_create(ERROR_IO, "%s" PART " exists, what came of a dump that broke off: --resume goes on with it, -f replaces it",
				    inbox->masked);
	return NULL;
}

static struct error *inbox_offset(struct carrier *carrier, uint64_t *ret)
{
	struct inbox *inbox = (struct inbox *)carrier;
	int64_t size;

	*ret = 0;
	/* broken off before what stood there was dropped */
	if (inbox->begun && !inbox->ours)
		return NULL;
	TRY(size_of(inbox, inbox->part_url, NULL, &size));
	if (size > 0)
		*ret = (uint64_t)size;
	return NULL;
}

static struct error *inbox_read(struct carrier *carrier, uint64_t offset,
				void *buf, size_t len)
{
	struct inbox *inbox = (struct inbox *)carrier;
	const struct request_spec spec = {
		.url = inbox->part_url,
		.secrets = true,
		.answer_max = len,
		.set_more = file_way_set,
		.arg = &inbox->way,
	};
	struct request *answer = NULL;
	struct outcome outcome = { 0 };
	char range[64];
	uint64_t have;
	struct error *err;

	snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)offset,
		 (unsigned long long)(offset + len - 1));
	way_init(inbox);
	inbox->way.range = range;
	TRY(request_run(inbox->transfer, &spec, &answer, &outcome));
	err = error_of(inbox, &outcome);
	if (!err) {
		const char *bytes = request_answer(answer, &have);

		if (have >= len)
			memcpy(buf, bytes, len);
		else
			err = error_create(ERROR_IO, "%s" PART " can't be read back",
					   inbox->masked);
	}
	request_destroy(answer);
	outcome_deinit(&outcome);
	return err;
}

/* WORD "PATH PART", as libcurl takes it for sftp and a server for ftp; owned; NULL
 * without memory. */
static char *command(const struct inbox *inbox, const char *word,
		     const char *part)
{
	size_t len = strlen(word) + 2 * strlen(inbox->path) + strlen(part) + 4;
	char *text = malloc(len), *to = text;

	if (!text)
		return NULL;
	to += sprintf(to, "%s ", word);
	if (!inbox->ssh) {
		sprintf(to, "%s%s", inbox->path, part);
		return text;
	}
	*to++ = '"';
	for (const char *p = inbox->path; *p; p++) {
		if (*p == '"' || *p == '\\' || *p == '\'')
			*to++ = '\\';
		*to++ = *p;
	}
	sprintf(to, "%s\"", part);
	return text;
}

static struct error *inbox_begin(struct carrier *carrier, uint64_t offset,
				 uint64_t size)
{
	struct inbox *inbox = (struct inbox *)carrier;
	AUTO_FREE char *drop = command(inbox, inbox->ssh ? "*rm" : "*DELE",
				       PART);
	const char *const commands[] = { drop, NULL };
	const struct request_spec spec = {
		.url = inbox->part_url,
		.secrets = true,
		.fresh = true,
		.body = true,
		.size = size - offset,
		.set_more = file_way_set,
		.arg = &inbox->way,
	};

	if (!drop)
		return error_nomem();
	way_init(inbox);
	inbox->way.resume = true;
	inbox->way.offset = inbox->first = offset;
	inbox->begun = true;
	inbox->ours = offset != 0;
	inbox->way.size = size;
	/* so it is ours, with our mode */
	inbox->way.before = offset ? NULL : commands;
	return request_start(inbox->transfer, &spec, &inbox->put);
}

static struct error *inbox_send(struct carrier *carrier, const void *buf,
				size_t len, bool *ended)
{
	struct inbox *inbox = (struct inbox *)carrier;
	struct error *err = request_send(inbox->put, buf, len, ended);

	if (!err && !*ended)
		carrier->left = inbox->part_masked;
	return err;
}

static void inbox_abort(struct carrier *carrier)
{
	struct inbox *inbox = (struct inbox *)carrier;

	request_destroy(inbox->put);
	inbox->put = NULL;
	file_way_end(&inbox->way);
}

static struct error *inbox_end(struct carrier *carrier, uint64_t *sent)
{
	struct inbox *inbox = (struct inbox *)carrier;
	struct outcome outcome = { 0 };
	struct error *err = request_end(inbox->put, &outcome);

	inbox_abort(carrier);
	inbox->ours |= outcome.sent != 0;
	*sent = inbox->first + outcome.sent;
	if (!err)
		err = error_of(inbox, &outcome);
	outcome_deinit(&outcome);
	return err;
}

/* NAME.part becomes NAME, which has SIZE bytes then. */
static struct error *rename_part(struct inbox *inbox, int64_t *size)
{
	AUTO_FREE char *drop = command(inbox, inbox->ssh ? "*rm" : "*DELE", "");
	AUTO_FREE char *from = command(inbox, inbox->ssh ? "rename" : "RNFR",
				       PART);
	AUTO_FREE char *to = command(inbox, inbox->ssh ? "" : "RNTO", "");
	AUTO_FREE char *both = NULL;
	const char *commands[4] = { NULL };
	unsigned nr = 0;

	if (!drop || !from || !to)
		return error_nomem();
	if (inbox->ssh && asprintf(&both, "%s%s", from, to) < 0) {
		both = NULL;
		return error_nomem();
	}
	/* sftp 3 renames to nothing that is there */
	if (inbox->force)
		commands[nr++] = drop;
	commands[nr++] = both ? both : from;
	if (!both)
		commands[nr++] = to;
	inbox->renamed = true;
	return size_of(inbox, inbox->url, commands, size);
}

static struct error *inbox_commit(struct carrier *carrier, uint64_t size,
				  uint64_t offset, const void *buf, size_t len)
{
	struct inbox *inbox = (struct inbox *)carrier;
	int64_t part, whole = NO_FILE;
	struct error *err;

	(void)offset, (void)buf, (void)len;
	TRY(size_of(inbox, inbox->part_url, NULL, &part));
	/* the answer to a try before may have been lost */
	if (part < 0 && inbox->renamed)
		TRY(size_of(inbox, inbox->url, NULL, &whole));
	if (whole >= 0 && (uint64_t)whole == size)
		return NULL;
	/* who was cut off may have written on */
	carrier->anew = part >= 0 && (uint64_t)part != size;
	if (carrier->anew)
		return carrier_again(carrier, error_create(ERROR_AGAIN, "%s" PART ": %llu bytes were sent, the server has %lld",
							   inbox->masked,
							   (unsigned long long)size,
							   (long long)part), 0);
	err = rename_part(inbox, &whole);
	if (!err || error_kind(err) != ERROR_AGAIN)
		carrier->left = NULL;
	if (err && error_kind(err) != ERROR_AGAIN)
		return error_wrap(err, "all of the dump is there, as %s" PART ", but not renamed",
				  inbox->masked);
	if (!err && whole == NO_FILE)
		return error_create(ERROR_IO, "%s: the server says that it has renamed it, and then that nothing stands there",
				    inbox->masked);
	if (!err && whole >= 0 && (uint64_t)whole != size)
		return error_create(ERROR_IO, "%s: %llu bytes were sent, the server has %lld",
				    inbox->masked, (unsigned long long)size,
				    (long long)whole);
	return err;
}

static void inbox_destroy(struct carrier *carrier)
{
	struct inbox *inbox = (struct inbox *)carrier;

	inbox_abort(carrier);
	transfer_destroy(inbox->transfer);
	free(inbox->url);
	free(inbox->part_url);
	free(inbox->masked);
	free(inbox->part_masked);
	free(inbox->path);
	free(inbox->known_hosts);
	free(inbox);
}

static const struct carrier_ops inbox_ops = {
	.name = "inbox",
	.look = inbox_look,
	.offset = inbox_offset,
	.read = inbox_read,
	.begin = inbox_begin,
	.send = inbox_send,
	.end = inbox_end,
	.abort = inbox_abort,
	.commit = inbox_commit,
	.destroy = inbox_destroy,
};

static struct error *inbox_open(struct inbox *inbox, const char *url)
{
	const char *home = getenv("HOME");

	inbox->url = strdup(url);
	inbox->masked = remote_mask(url);
	inbox->path = remote_path(url);
	if (asprintf(&inbox->part_url, "%s" PART, url) < 0)
		inbox->part_url = NULL;
	inbox->part_masked = inbox->part_url ? remote_mask(inbox->part_url) :
			     NULL;
	if (inbox->options->known_hosts)
		inbox->known_hosts = strdup(inbox->options->known_hosts);
	else if (asprintf(&inbox->known_hosts, "%s/.ssh/known_hosts",
			  home ? home : "/root") < 0)
		inbox->known_hosts = NULL;
	if (!inbox->url || !inbox->masked || !inbox->path ||
	    !inbox->part_masked || !inbox->known_hosts)
		return error_nomem();
	TRY(transfer_create(inbox->options, &inbox->transfer));
	if (inbox->ssh)
		transfer_watch(inbox->transfer);
	return NULL;
}

struct error *carrier_inbox_create(const char *url,
				   const struct remote_options *options,
				   struct carrier **ret)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	struct error *err;

	if (!inbox)
		return error_nomem();
	inbox->carrier.ops = &inbox_ops;
	inbox->options = options;
	inbox->ssh = remote_kind(url) == REMOTE_SFTP;
	inbox->tls = options->credentials || options->netrc;
	err = inbox_open(inbox, url);
	if (err)
		inbox_destroy(&inbox->carrier);
	else
		*ret = &inbox->carrier;
	return err;
}
