/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests on the host of several series use of the kernel: sizes given in words, and
 * a log that can be looked at. Included by their stub.h.
 */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENOENT	2
#define ENOMEM	12
#define EINVAL	22

#define BUG_ON(condition) do { if (condition) abort(); } while (0)

/* What was logged */
static char kernel_log[4096];
#define printk(...) \
	(snprintf(kernel_log + strlen(kernel_log), \
		  sizeof(kernel_log) - strlen(kernel_log), __VA_ARGS__))
#define pr_info	printk
#define pr_warn	printk

static inline unsigned long long memparse(const char *s, char **end)
{
	unsigned long long value = strtoull(s, end, 0);

	switch (**end) {
	case 'G': case 'g': value <<= 10; /* fallthrough */
	case 'M': case 'm': value <<= 10; /* fallthrough */
	case 'K': case 'k': value <<= 10; (*end)++;
	}
	return value;
}

#endif
