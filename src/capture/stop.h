/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGINT, SIGTERM and SIGHUP: the first asks for an early but valid end, the
 * second ends at once, as the signal would by default.
 */
#ifndef CAPDUMP_CAPTURE_STOP_H
#define CAPDUMP_CAPTURE_STOP_H

#include "../base/error.h"

/* Installs the handlers; ignores SIGPIPE and SIGXFSZ, which come back as
 * errors of the calls that cause them. Before any thread is started. */
struct error *stop_install(void);

/* The number of the signal that came, 0 if none did. */
int stop_signal(void);

#endif
