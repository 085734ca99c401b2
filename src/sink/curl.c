/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading libcurl: see curl.h. */
#include "curl.h"

#ifdef HAVE_CURL
#include <dlfcn.h>

/* Its soname since 7.16; Debian's with GnuTLS has another. */
#define LIBRARY "libcurl.so.4"
#define LIBRARY_GNUTLS "libcurl-gnutls.so.4"

/* OpenSSL's of 3.x and 1.1. */
static const char *const crypto_names[] = { "libcrypto.so.3",
					    "libcrypto.so.1.1" };

static void *find_crypto(void)
{
	void *handle = NULL;

	for (size_t i = 0; !handle && i < 2; i++)
		handle = dlopen(crypto_names[i], RTLD_NOW | RTLD_NOLOAD);
	return handle;
}

sha1_function *curl_find_sha1(void)
{
	void *handle = find_crypto();
	sha1_function *found = NULL;

	if (handle)
		*(void **)&found = dlsym(handle, "SHA1");
	return found;
}

void curl_find_sha256(struct sha256_library *ret)
{
	void *handle = find_crypto();

	*ret = (struct sha256_library){ 0 };
	if (!handle)
		return;
	*(void **)&ret->init = dlsym(handle, "SHA256_Init");
	*(void **)&ret->update = dlsym(handle, "SHA256_Update");
	*(void **)&ret->final = dlsym(handle, "SHA256_Final");
	if (!ret->init || !ret->update || !ret->final)
		*ret = (struct sha256_library){ 0 };
}

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

#else

sha1_function *curl_find_sha1(void)
{
	return NULL;
}

void curl_find_sha256(struct sha256_library *ret)
{
	*ret = (struct sha256_library){ 0 };
}
#endif
