/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libssh2 reads what a server says before its greeting for as long as more of it comes,
 * within one call, so that libcurl comes back to nobody: neither time nor a signal ends
 * that. Here a thread does, by shutting the connection down.
 */
#ifndef CAPDUMP_SINK_REQUEST_WATCH_H
#define CAPDUMP_SINK_REQUEST_WATCH_H

#ifdef HAVE_CURL
#include "request.h"

struct watch;

/* SECONDS: how long a call may take. NULL without memory or a thread: then nobody
 * watches. */
struct watch *watch_create(uint64_t seconds);
void watch_destroy(struct watch *watch);	/* NULL is fine */

/* What REQUEST connects to is watched; it is never longer there than WATCH. */
struct error *watch_request(struct watch *watch, struct request *request);

/* Around a call of libcurl. NULL is fine. */
void watch_begin(struct watch *watch);
void watch_end(struct watch *watch);
#endif

#endif
