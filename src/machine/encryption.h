/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether an x86_64 machine's memory is encrypted, as far as it tells. */
#ifndef CAPDUMP_MACHINE_ENCRYPTION_H
#define CAPDUMP_MACHINE_ENCRYPTION_H

#include "reserve.h"

/*
 * By /proc/cpuinfo and SEV-SNP's device below ROOT (machine_file.h), and the
 * kernel's command line;
 * RESERVE_PLAIN, too, if there is no such file. That a host encrypts its memory
 * is known only where its command line asks for it, not if the kernel does so by
 * its configuration.
 */
struct error *encryption_find(const char *root, const char *cmdline,
			      enum reserve_encryption *ret);

#endif
