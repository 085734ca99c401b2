/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGINT, SIGTERM and SIGHUP: the first asks for an early but valid end, the
 * second, unless it is an echo of the first (20 ms), ends at once, as the signal
 * would by default.
 */
#ifndef CAPDUMP_BASE_STOP_H
#define CAPDUMP_BASE_STOP_H

#include "error.h"

/*
 * Installs the handlers, but for signals that are ignored already (nohup, a
 * job in the background); ignores SIGPIPE and SIGXFSZ, which come back as
 * errors of the calls that cause them. Before any thread is started.
 */
struct error *stop_install(void);

/* The number of the signal that came, 0 if none did. Any thread. */
int stop_signal(void);

/* ERROR_STOPPED, naming the signal, if one came: for loops that may take more
 * than a moment. Any thread. */
struct error *stop_check(void);

#endif
