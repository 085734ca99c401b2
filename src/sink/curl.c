/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading libcurl: see curl.h. */
#include "curl.h"

#ifdef HAVE_CURL
#include <dlfcn.h>

/* Its soname since 7.16; Debian's with GnuTLS has another. */
#define LIBRARY "libcurl.so.4"
#define LIBRARY_GNUTLS "libcurl-gnutls.so.4"

static struct error *find(const struct curl *curl, const char *name, void *ret)
{
	void *found = dlsym(curl->handle, name);

	if (!found)
		return error_create(ERROR_UNSUPPORTED,
				    LIBRARY " has no %s: curl 7.66 or newer is needed",
				    name);
	*(void **)ret = found;
	return NULL;
}

static struct error *find_all(struct curl *curl)
{
#define CURL_FIND(name) TRY(find(curl, #name, &curl->name));
	CURL_FUNCTIONS(CURL_FIND)
#undef CURL_FIND
	return NULL;
}

struct error *curl_load(struct curl *curl)
{
	*curl = (struct curl){ 0 };
	curl->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!curl->handle)
		curl->handle = dlopen(LIBRARY_GNUTLS, RTLD_NOW | RTLD_LOCAL);
	if (!curl->handle)
		return error_create(ERROR_UNSUPPORTED,
				    "sending to a URL needs libcurl (Debian: libcurl4, others: libcurl), in the initramfs too, which can't be loaded: %s",
				    dlerror());
	TRY(find_all(curl));
	if (curl->curl_global_init(CURL_GLOBAL_DEFAULT))
		return error_create(ERROR_UNSUPPORTED,
				    "libcurl can't be used: curl_global_init() failed");
	return NULL;
}
#endif
