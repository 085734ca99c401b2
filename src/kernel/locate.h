/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding a kernel in an image whose VMCOREINFO is not in it: what is given
 * instead has the addresses that the kernel was linked for, and neither where it
 * lies in physical memory nor how far KASLR moved it.
 */
#ifndef CAPDUMP_KERNEL_LOCATE_H
#define CAPDUMP_KERNEL_LOCATE_H

#include "../arch/arch.h"

/*
 * The VMCOREINFO of IMAGE's kernel (owned by the caller), by GIVEN:
 *
 * - the image's own note, if it has one, which must then be of the same release
 *   and build;
 * - GIVEN itself, if it has KERNELOFFSET: then it is the kernel's own words;
 * - else the kernel is looked for by its names (struct new_utsname) in each place
 *   where its machine may have put it. If its memory has the text of its own
 *   VMCOREINFO (named by GIVEN, or a page that begins as it does) that is taken;
 *   else GIVEN, with the addresses that it runs at.
 *
 * Where the machine is not known, or there is no such place, its own text alone is
 * looked for, which must be of a kernel that is where it says.
 *
 * ERROR_INVALID: there is no such kernel, or it is another build (named);
 * ERROR_UNSUPPORTED: not on this machine. At most 2^24 places are looked at.
 */
struct error *locate_kernel(const struct image *image, struct view *view,
			    const struct vmcoreinfo *given, struct log *log,
			    struct vmcoreinfo **ret);

#endif
