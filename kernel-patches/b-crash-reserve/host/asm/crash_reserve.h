/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An architecture whose limits are what the case at hand says. */
#define CRASH_ALIGN			SZ_16M
#define CRASH_ADDR_LOW_MAX		arch_low_max
#define CRASH_ADDR_HIGH_MAX		arch_high_max
#define DEFAULT_CRASH_KERNEL_LOW_SIZE	arch_low_size
#define HAVE_ARCH_ADD_CRASH_RES_TO_IOMEM_EARLY
static inline bool arch_crashkernel_extra(void)
{
	return arch_extra;
}
#define arch_crashkernel_extra arch_crashkernel_extra
