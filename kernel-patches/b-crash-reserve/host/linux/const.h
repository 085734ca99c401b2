/* SPDX-License-Identifier: GPL-2.0-or-later */
#define PASTE(a, b)	a##b
#define _AC(value, suffix) PASTE(value, suffix)
