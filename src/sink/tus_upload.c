/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a tus server has put an upload: see tus_server.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tus_server.h"

#define LOCATION_MAX 1000u

/* LOCATION, as an answer from ENDPOINT has it (RFC 3986 5.2), as a URL; owned; NULL
 * without memory. */
static char *resolve(const char *endpoint, const char *location)
{
	const char *host = strstr(endpoint, "://") + 3;
	size_t len = strcspn(host, "/");
	char *url = NULL;
	int done;

	if (remote_is_url(location))
		return strdup(location);
	if (!strncmp(location, "//", 2))
		done = asprintf(&url, "%.*s%s", (int)(host - 2 - endpoint),
				endpoint, location);
	else if (*location == '/')
		done = asprintf(&url, "%.*s%s", (int)(host + len - endpoint),
				endpoint, location);
	else
		done = asprintf(&url, "%s%s", endpoint, location);
	return done < 0 ? NULL : url;
}

struct error *tus_upload_take(const struct tus_server *server,
			      const char *location, struct tus_upload *ret)
{
	struct error *err = NULL, *wrong;

	if (!location || strlen(location) > LOCATION_MAX)
		return error_create(ERROR_IO, "%s: the server has made an upload and does not say where (Location)",
				    server->masked);
	ret->url = resolve(server->endpoint, location);
	ret->masked = ret->url ? remote_mask(ret->url) : NULL;
	ret->location = strdup(location);
	if (!ret->masked || !ret->location)
		return error_nomem();
	wrong = remote_check_url(ret->url);
	if (wrong || remote_kind(ret->url) != REMOTE_HTTP)
		err = error_create(ERROR_IO, "%s: the server has made an upload at what is no such URL%s%s",
				   server->masked, wrong ? ": " : "",
				   wrong ? error_message(wrong) : "");
	else if (!strncasecmp(server->endpoint, "https:", 6) &&
		 strncasecmp(ret->url, "https:", 6))
		err = error_create(ERROR_IO, "%s: the server has made an upload at %s, where everybody can read it: nothing is sent there (behind a proxy that ends TLS the server has to be told so)",
				   server->masked, ret->masked);
	error_destroy(wrong);
	ret->secrets = remote_same_server(server->endpoint, ret->url);
	return err;
}

void tus_upload_drop(struct tus_upload *upload)
{
	free(upload->url);
	free(upload->masked);
	free(upload->location);
	*upload = (struct tus_upload){ .secrets = true, .length = -1 };
}
