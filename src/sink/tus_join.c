/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of partial uploads: see tus_parts.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "tus_parts.h"

/* What there is to tell of the parts. */
static void sum_up(struct tus_parts *tus)
{
	struct progress_sent *sent = &tus->way.sent;
	struct sha256 sha;

	sha256_init(&sha);
	sent->parts = calloc(TUS_NR_PARTS, sizeof(*sent->parts));
	for (unsigned i = 0; i < tus->data; i++) {
		const struct tus_part *part = &tus->parts[i];

		if (!part->stands)
			continue;
		sha256_add(&sha, part->digest, SHA256_LEN);
		if (sent->parts) {
			sent->parts[sent->nr_parts].size = part->size;
			memcpy(sent->parts[sent->nr_parts].sha256, part->digest,
			       SHA256_LEN);
		}
		sent->nr_parts++;
	}
	sha256_end(&sha, sent->sha256_of_parts);
}

/* The names of all parts whose upload is there, as LOCATION or for people. */
static char *names(const struct tus_parts *tus, const char *before, bool masked)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	bool wrong;

	if (!file)
		return NULL;
	for (unsigned i = 0; i < TUS_NR_PARTS; i++) {
		const struct tus_upload *upload = &tus->parts[i].upload;

		if (!upload->url)
			continue;
		fprintf(file, "%s%s", before,
			masked ? upload->masked : upload->location);
		before = " ";
	}
	wrong = ferror(file);
	if (!fclose(file) && !wrong)
		return text;
	free(text);
	return NULL;
}

/* Whether tus->final is what was sent, of SIZE bytes: a server may join parts after it
 * has said that it has (tus 1.0.0, concatenation: no Upload-Offset until then). */
static struct error *check_final(struct tus_parts *tus, uint64_t size)
{
	struct tus_way *way = &tus->way;
	struct error *err;
	int64_t have = -1;

	while ((err = tus_ask(&way->server, &tus->final, &have))) {
		if (error_kind(err) != ERROR_AGAIN)
			return err;
		TRY(tus_way_wait(way, err));
	}
	if (have >= 0 && (uint64_t)have == size)
		return NULL;
	tus->maybe_joined = false;
	if (way->server.terminates)
		tus_terminate(&way->server, &tus->final);
	return error_create(ERROR_IO, "%s: %llu bytes were sent in parts, what the server has joined has %lld",
			    tus->final.masked, (unsigned long long)size,
			    (long long)have);
}

static struct error *post_final(struct tus_parts *tus, const char *metadata)
{
	AUTO_FREE char *concat = names(tus, "Upload-Concat: final;", false);
	struct tus_way *way = &tus->way;
	const char *const headers[] = { TUS_RESUMABLE, concat, metadata, NULL };
	struct error *err;

	if (!concat)
		return error_nomem();
	while ((err = tus_create(&way->server, headers, true,
				 &tus->final))) {
		tus->lost |= way->server.unanswered;
		if (error_kind(err) != ERROR_AGAIN)
			return error_wrap(err, "the parts were not joined");
		TRY(tus_way_wait(way, err));
	}
	tus->maybe_joined = true;
	return NULL;
}

/* Removes those that the server lets be removed, and forgets them. */
static void remove_parts(struct tus_parts *tus)
{
	for (unsigned i = 0; i < TUS_NR_PARTS; i++) {
		struct tus_upload *upload = &tus->parts[i].upload;

		if (upload->url && tus_terminate(&tus->way.server, upload))
			tus_upload_drop(upload);
	}
}

static struct error *try_part(struct tus_parts *tus, unsigned i)
{
	struct tus_part *part = &tus->parts[i];
	bool defers = i && tus->way.server.defers;

	/* as the data's, whose length is told last */
	tus_part_init(part, i, defers ? TUS_UNTIL_END : 1);
	if (defers)
		TRY(tus_part_open(part, &tus->way));
	TRY(tus_part_put(part, &tus->way, 1, "\n", 1));
	return tus_part_end(part, &tus->way);
}

struct error *tus_parts_try(struct tus_parts *tus)
{
	struct tus_way *way = &tus->way;
	struct tus_upload *final = &tus->final;
	struct error *err = try_part(tus, 0);

	if (!err)
		err = try_part(tus, 1);
	if (!err)
		err = post_final(tus, way->server.trial);
	if (!err)
		err = check_final(tus, 2);
	if (final->url && !tus_terminate(&way->server, final))
		log_warn(way->log, "what was to show whether the server joins uploads stays there: %s",
			 final->masked);
	remove_parts(tus);
	for (unsigned i = 0; i < 2; i++)
		tus_part_deinit(&tus->parts[i]);
	tus_upload_drop(final);
	way->nr_unknown += tus->lost;
	tus->maybe_joined = tus->lost = false;
	way->stored = way->sent.bytes = 0;
	return err;
}

struct error *tus_parts_join(struct tus_parts *tus, uint64_t size)
{
	struct progress_sent *sent = &tus->way.sent;
	struct error *err = post_final(tus, tus->way.server.metadata);

	if (!err)
		err = check_final(tus, size);
	if (!err) {
		tus->joined = true;
		sum_up(tus);
		snprintf(sent->location, sizeof(sent->location), "%s",
			 tus->final.masked);
		log_print(tus->way.log, LOG_MESSAGE, "Sent to %s",
			  tus->final.masked);
	}
	return err;
}

void tus_parts_give_up(struct tus_parts *tus)
{
	struct tus_way *way = &tus->way;
	AUTO_FREE char *left = NULL;

	/* what was joined may only refer to them */
	if (tus->maybe_joined)
		log_warn(way->log, "the server did not say what became of the dump: it may stand there, as %s",
			 tus->final.masked);
	else if (way->server.terminates && !tus->lost)
		remove_parts(tus);
	left = names(tus, "", true);
	if (!left || *left)
		log_warn(way->log, "partial uploads of the dump stay on the server%s: %s",
			 way->server.terminates ? "" :
			 ", which lets nobody remove them (it has no extension \"termination\")",
			 left ? left : "?");
}

void tus_parts_tell(const struct tus_parts *tus)
{
	const struct tus_way *way = &tus->way;

	if (tus->lost)
		log_warn(way->log, "the server did not say what became of the dump: it may stand there%s, at a URL that nobody was told",
			 tus->joined ? " once more" : "");
	if (way->nr_unknown)
		log_warn(way->log, "%u more may be there, of no more than two bytes: the server did not say that it has made them",
			 way->nr_unknown);
}
