/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAPDUMP_BASE_THREAD_H
#define CAPDUMP_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#define THREAD_STACK_SIZE (256u << 10)	/* in bytes; nothing here is recursive */

/* Starts a helper that runs RUN(ARG) and gets no signals: those are the main thread's.
 * The caller joins it. False: there is no thread to be had. */
bool thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg);

#endif
