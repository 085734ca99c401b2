/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcurl, loaded for a URL only: a capture kernel's initramfs need not carry it
 * and the twenty libraries behind it to write a file.
 */
#ifndef CAPDUMP_SINK_CURL_H
#define CAPDUMP_SINK_CURL_H

#include "sha1.h"
#include "sha256.h"

/* Fills *RET if OpenSSL is in this process; loads nothing. */
void curl_find_sha256(struct sha256_library *ret);

/* NULL: it is not. */
sha1_function *curl_find_sha1(void);

#ifdef HAVE_CURL
/* they would call functions by name */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "../base/error.h"

/* What is used of it; each becomes a pointer of that name. */
#define CURL_FUNCTIONS(X)						\
	X(curl_global_init) X(curl_version_info)			\
	X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_setopt)	\
	X(curl_easy_getinfo) X(curl_easy_reset)				\
	X(curl_easy_strerror) X(curl_easy_pause)			\
	X(curl_multi_init) X(curl_multi_cleanup) X(curl_multi_setopt)	\
	X(curl_multi_add_handle) X(curl_multi_remove_handle)		\
	X(curl_multi_perform) X(curl_multi_poll)			\
	X(curl_multi_info_read) X(curl_slist_append)			\
	X(curl_slist_free_all)

#define CURL_POINTER(name) __typeof__(&name) name;
struct curl {
	void *handle;		/* dlopen()'s; NULL: not loaded */
	CURL_FUNCTIONS(CURL_POINTER)
};
#undef CURL_POINTER

/* ERROR_UNSUPPORTED says what to install. It stays loaded: what it has begun
 * (threads that look names up) may still run. */
struct error *curl_load(struct curl *curl);
#endif

#endif
