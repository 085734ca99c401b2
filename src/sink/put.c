/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small object that is in memory: see remote.h. */
#include "remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "s3_upload.h"

static struct error *send_once(struct sink *sink, const void *buf, size_t len)
{
	const struct dump_layout layout = { .size = len };

	TRY(sink->ops->begin(sink, &layout));
	TRY(sink->ops->data(sink, 0, buf, len));
	return sink->ops->commit(sink, 0, NULL, 0, len);
}

struct error *remote_put(const char *url, const char *suffix, unsigned flags,
			 const struct remote_options *options, struct log *log,
			 const void *buf, size_t len)
{
	AUTO_FREE char *name = NULL;
	struct sink *sink = NULL;
	struct error *err;

	if (!remote_has_neighbours(url))
		return error_create(ERROR_UNSUPPORTED,
				    "a URL with a query is for one object, and a *%s is another",
				    suffix);
	if (asprintf(&name, "%s%s", url, suffix) < 0) {
		name = NULL;
		return error_nomem();
	}
	if (remote_kind(name) == REMOTE_S3)
		return s3_put(name, flags & SINK_FORCE, options, log, buf,
			      len);
	TRY(sink_front_create(name, flags, options, log, &sink));
	while ((err = send_once(sink, buf, len)) &&
	       error_kind(err) == ERROR_AGAIN) {
		log_warn(log, "%s", error_message(err));
		error_destroy(err);
	}
	sink_destroy(sink);
	return err;
}
