/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check: whether the crash kernel's initramfs has what it takes to send to a URL. */
#ifndef CAPDUMP_CHECK_TARGET_SERVER_H
#define CAPDUMP_CHECK_TARGET_SERVER_H

#include "check.h"
#include "machine.h"

/* Nothing is sent, and no server asked. */
struct error *target_server_check(const struct check_machine *machine,
				  const char *url, struct check_result *ret);

#endif
