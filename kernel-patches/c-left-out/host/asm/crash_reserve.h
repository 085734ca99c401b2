/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An architecture of which nothing special is known. */
#define CRASH_ALIGN	SZ_2M
