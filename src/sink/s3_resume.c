/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an earlier run has left at a store: an upload, and its parts. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../base/stop.h"
#include "s3_upload.h"

#define LIST_MAX (1u << 20)	/* bytes of an answer with 1,000 entries */
#define ID_MAX 1024u		/* of an upload */

/* What is in the next <TAG>...</TAG> from *AT on; NULL: there is no more, or no
 * memory. *AT goes behind it. */
static char *entry_next(const char **at, const char *tag)
{
	char open[24], close[24];
	const char *from, *end;

	snprintf(open, sizeof(open), "<%s>", tag);
	snprintf(close, sizeof(close), "</%s>", tag);
	from = strstr(*at, open);
	end = from ? strstr(from, close) : NULL;
	if (!end)
		return NULL;
	*at = end;
	return strndup(from, (size_t)(end - from));
}

/* The id of the newest upload of our key but ours; *NR: how many there are, UINT_MAX: it
 * can't be known. NULL: none, or not known. LAST: also after a signal. */
static char *upload_find(struct s3_upload *upload, bool last, unsigned *nr)
{
	struct s3_store *store = &upload->store;
	AUTO_FREE char *query = NULL, *key = s3_key(store);
	AUTO_FREE char *own = upload->id ? s3_decode(upload->id) : NULL;
	struct s3_call call = {
		.method = "GET", .of_bucket = true, .answer_max = LIST_MAX,
		.unstopped = last,
	};
	struct s3_answer answer = { 0 };
	char *found = NULL;
	const char *at;
	struct error *err;
	uint64_t len;
	char *entry;

	*nr = UINT_MAX;
	if (!key || asprintf(&query, "max-uploads=1000&prefix=%s&uploads=",
			     store->prefix) < 0) {
		query = NULL;
		return NULL;
	}
	call.query = query;
	err = s3_once(store, &call, &answer);
	if (err || answer.outcome.trouble || answer.outcome.status != 200) {
		error_destroy(err);
		s3_answer_deinit(&answer);
		return NULL;
	}
	*nr = 0;
	/* they come in the order in which they were begun */
	for (at = request_answer(answer.request, &len);
	     (entry = entry_next(&at, "Upload")); free(entry)) {
		AUTO_FREE char *name = s3_text_at(entry, "Key");
		char *id = name && !strcmp(name, key) ?
			   s3_text_at(entry, "UploadId") : NULL;

		if (id && own && !strcmp(id, own)) {
			free(id);
			continue;
		}
		*nr += id != NULL;
		if (id && strlen(id) > ID_MAX) {
			free(id);
		} else if (id) {
			free(found);
			found = id;
		}
	}
	s3_answer_deinit(&answer);
	return found;
}

/* Remembers the parts of one answer, which are behind part *NEXT; then where the next
 * begins, 0: there is none. What a server says is believed only once it is the MD5 of
 * what we have. */
static unsigned parts_take(struct s3_upload *upload,
			   const struct s3_answer *answer, unsigned *next)
{
	uint64_t len;
	const char *at = request_answer(answer->request, &len);
	AUTO_FREE char *more = s3_text_at(at, "IsTruncated");
	unsigned nr = 0, last = *next;
	char *entry;

	for (; (entry = entry_next(&at, "Part")); free(entry)) {
		AUTO_FREE char *number = s3_text_at(entry, "PartNumber");
		AUTO_FREE char *size = s3_text_at(entry, "Size");
		char *etag = s3_text_at(entry, "ETag");
		unsigned long i = number ? strtoul(number, NULL, 10) : 0;

		/* in ascending order, so lists end */
		if (i <= last || i > upload->nr || !size || !etag) {
			free(etag);
			continue;
		}
		last = (unsigned)i;
		nr++;
		upload->parts[i - 1].offered_size = strtoull(size, NULL, 10);
		if (strlen(etag) < MD5_TEXT + 2)
			upload->parts[i - 1].offered = etag;
		else
			free(etag);	/* it is none's MD5 */
	}
	*next = more && !strcmp(more, "true") && last > *next ? last : 0;
	return nr;
}

/* What the server has of upload->id. */
static struct error *parts_list(struct s3_upload *upload, unsigned *nr)
{
	unsigned next = 0;

	*nr = 0;
	do {
		AUTO_FREE char *query = NULL;
		struct s3_call call = {
			.method = "GET", .answer_max = LIST_MAX,
		};
		struct s3_answer answer = { 0 };
		struct error *err;

		if (asprintf(&query, "max-parts=1000&part-number-marker=%u&uploadId=%s",
			     next, upload->id) < 0) {
			query = NULL;
			return error_nomem();
		}
		call.query = query;
		err = s3_run(&upload->store, &call, &answer);
		if (!err)
			*nr += parts_take(upload, &answer, &next);
		s3_answer_deinit(&answer);
		TRY(err);
	} while (next);
	return NULL;
}

/* Goes on with upload ID (taken). */
static struct error *resume(struct s3_upload *upload, char *id)
{
	struct s3_store *store = &upload->store;
	struct error *err = NULL;
	unsigned nr = 0;

	upload->id = s3_encode(id, false);
	free(id);
	if (!upload->id)
		return error_nomem();
	err = parts_list(upload, &nr);
	if (err && !stop_signal()) {
		log_warn(store->log, "what was sent before can't be used: %s",
			 error_message(err));
		error_destroy(err);
		free(upload->id);
		upload->id = NULL;
		return NULL;
	}
	log_print(store->log, LOG_MESSAGE, "%s: %u parts are there already",
		  store->masked, nr);
	return err;
}

/* TEXT as a shell takes it: it is a server's, and somebody will paste it. */
static char *quote(const char *text)
{
	char *quoted = malloc(strlen(text) * 4 + 3), *to = quoted;

	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *text;
	}
	strcpy(to, "'");
	return quoted;
}

char *s3_upload_id(const struct s3_upload *upload)
{
	AUTO_FREE char *id = s3_decode(upload->id);

	return id ? quote(id) : NULL;
}

struct error *s3_upload_resume(struct s3_upload *upload)
{
	struct s3_store *store = &upload->store;
	AUTO_FREE char *quoted = NULL;
	unsigned nr;
	char *id = upload_find(upload, false, &nr);

	upload->nr_earlier = nr;
	if (id && store->options->resume)
		return resume(upload, id);
	if (!id && store->options->resume)
		log_print(store->log, LOG_MESSAGE, "%s: no earlier upload of it is there, or known",
			  store->masked);
	quoted = id ? quote(id) : NULL;
	if (id)
		log_warn(store->log, "%u earlier %s of %s %s not complete, and %s parts stay there: --resume goes on with the newest; aws s3api abort-multipart-upload --upload-id removes it: %s",
			 nr, nr == 1 ? "upload" : "uploads", store->masked,
			 nr == 1 ? "is" : "are", nr == 1 ? "its" : "their",
			 quoted ? quoted : "?");
	free(id);
	return NULL;
}

void s3_upload_tell(struct s3_upload *upload)
{
	struct s3_store *store = &upload->store;
	unsigned nr;
	AUTO_FREE char *id = upload_find(upload, true, &nr);
	AUTO_FREE char *quoted = id ? quote(id) : NULL;

	if (nr == UINT_MAX || upload->nr_earlier == UINT_MAX)
		log_warn(store->log, "an upload of %s may have been begun without an answer: aws s3api list-multipart-uploads tells, abort-multipart-upload removes it",
			 store->masked);
	else if (nr > upload->nr_earlier)
		log_warn(store->log, "an upload of %s was begun without an answer, and stays there without parts, unless it is another machine's: aws s3api abort-multipart-upload --upload-id removes it: %s",
			 store->masked, quoted ? quoted : "?");
}

bool s3_part_stands(struct s3_upload *upload, unsigned i, uint64_t size,
		    struct md5 *md5)
{
	struct s3_part *part = &upload->parts[i];
	char *offered = part->offered, text[MD5_TEXT];
	size_t quote = offered && *offered == '"';

	part->offered = NULL;
	if (!offered)
		return false;
	md5_end(md5, text);
	if (part->offered_size != size ||
	    strncasecmp(offered + quote, text, MD5_TEXT - 1) ||
	    strlen(offered) != MD5_TEXT - 1 + 2 * quote) {
		free(offered);
		return false;
	}
	part->etag = offered;
	part->size = size;
	upload->store.got += size;
	return true;
}
