/* SPDX-License-Identifier: GPL-2.0-or-later */
/* S3's errors in words that say what to do next. Source: Amazon S3 API Reference,
 * "Error responses". */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../base/io.h"
#include "../base/text.h"
#include "outcome.h"
#include "s3_store.h"

static const struct {
	const char *code;
	bool passes;		/* the same may succeed later */
	const char *text;
} codes[] = {
	{ "AccessDenied", false, "this key may not write there: it needs s3:PutObject and s3:AbortMultipartUpload" },
	{ "AllAccessDisabled", false, "the store has shut this bucket" },
	{ "AuthorizationHeaderMalformed", false, "the bucket is in another region: --s3-region" },
	{ "BadDigest", true, "what came there is not what was sent" },
	{ "EntityTooLarge", false, "it is larger than the store takes" },
	{ "EntityTooSmall", false, "the store wants larger parts" },
	{ "ExpiredToken", false, "the session's token has expired: AWS_SESSION_TOKEN" },
	{ "IncompleteBody", true, "not all of it has come there" },
	{ "InternalError", true, "the store fails" },
	{ "InvalidAccessKeyId", false, "the store does not know this key" },
	{ "InvalidBucketName", false, "that is no name of a bucket" },
	{ "InvalidPart", false, "the store has lost a part" },
	{ "InvalidToken", false, "the session's token is wrong: AWS_SESSION_TOKEN" },
	{ "IllegalLocationConstraintException", false, "the bucket is in another region: --s3-region" },
	{ "KeyTooLongError", false, "the key is too long" },
	{ "NoSuchBucket", false, "there is no such bucket: create it, or look at its name and --s3-endpoint" },
	{ "NoSuchUpload", false, "the store has dropped the upload: a rule for such as are not completed may be too strict" },
	{ "OperationAborted", true, "the store is about something else there" },
	{ "PermanentRedirect", false, "the bucket is in another region: --s3-region" },
	{ "QuotaExceeded", false, "no room is left there" },
	{ "RequestTimeout", true, "what was sent came too slowly" },
	{ "ServiceUnavailable", true, "the store has too much to do" },
	{ "SignatureDoesNotMatch", false, "the secret is not this key's, or something on the way changes requests" },
	{ "SlowDown", true, "the store has too much to do" },
	{ "TemporaryRedirect", false, "the bucket is elsewhere: --s3-region" },
	{ "XAmzContentSHA256Mismatch", true, "what came there is not what was sent" },
	{ "XMinioStorageFull", false, "no room is left there" },
};

static struct error *clock_error(const struct s3_store *store,
				 const char *server_time)
{
	AUTO_FREE char *escaped = server_time ?
		text_escape(server_time, strlen(server_time)) : NULL;
	time_t now = time(NULL);
	struct tm tm;
	char text[40] = "?";

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S", &tm);
	return error_create(ERROR_IO, "%s: the store's clock and this machine's are too far apart (RequestTimeTooSkewed): here it is %s GMT, there %s; a capture kernel's clock may be wrong, and is to be set before (hwclock -s, date -s)",
			    store->masked, text, escaped ? escaped : "?");
}

static bool is_full(long status, const char *code)
{
	return status == 507 || !strcmp(code, "QuotaExceeded") ||
	       !strcmp(code, "XMinioStorageFull");
}

struct error *s3_error(const struct s3_store *store,
		       const struct outcome *outcome, const char *code,
		       const char *server_time, bool *passes)
{
	const char *text = outcome->status >= 500 ? "the store fails" :
			   "the store refuses it";
	bool told = outcome->said[0];

	*passes = outcome_passes(outcome);
	if (outcome->trouble != TROUBLE_NONE)
		return outcome_error(outcome, store->masked, false, true);
	if (outcome->status >= 200 && outcome->status < 300 && !*code)
		return NULL;
	if (!strcmp(code, "RequestTimeTooSkewed"))
		return clock_error(store, server_time);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		if (strcmp(code, codes[i].code))
			continue;
		*passes = codes[i].passes;
		text = codes[i].text;
	}
	return error_create(is_full(outcome->status, code) ? ERROR_NOSPACE :
			    ERROR_IO, "%s: HTTP %ld%s%s%s%s%s: %s",
			    store->masked, outcome->status, *code ? " " : "",
			    code, told ? " (" : "", outcome->said,
			    told ? ")" : "", text);
}
