/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks themselves, by the files that have them. For check.c alone. */
#ifndef CAPDUMP_CHECK_CHECKS_H
#define CAPDUMP_CHECK_CHECKS_H

#include "check.h"

check_fn check_crash_kernel, check_fadump;	/* loaded.c */
check_fn check_reservation;			/* reserved.c */
check_fn check_initramfs;			/* check_initramfs.c */
check_fn check_target;				/* check_target.c */
check_fn check_encryption, check_acpi;		/* memory_map.c */
check_fn check_hotplug, check_device_memmap;	/* devices.c */

#endif
