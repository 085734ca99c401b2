/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signal that asks to stop, for the rest of a test program. */
#ifndef CAPDUMP_TESTS_STOPPED_H
#define CAPDUMP_TESTS_STOPPED_H

#include <signal.h>

#include "../../src/base/stop.h"
#include "unit.h"

#define STOPPED "stopped by signal"	/* what all is refused with then */

static inline void stop_now(void)
{
	signal(SIGTERM, SIG_DFL);
	CHECK_OK(stop_install());
	raise(SIGTERM);
	CHECK(stop_signal() == SIGTERM);
}

#endif
