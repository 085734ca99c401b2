/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sound vmcore with some words changed: what a fuzzer needs to get past the
 * first check of a whole crashed machine. FUZZ_BASES names a folder of vmcores
 * NAME with NAME.regions beside them: "FIRST LAST" frame numbers, hexadecimal,
 * of what is worth changing. Frames have 4 KiB here, whatever the machine's.
 */
#ifndef CAPDUMP_TESTS_PATCHED_H
#define CAPDUMP_TESTS_PATCHED_H

#include "../../src/image/view.h"
#include "fuzz.h"

/*
 * The first byte of SOURCE chooses the base; then come patches: page (2
 * bytes, among the regions), offset (2), how (1), bytes. The low bits of how are
 * the length less 1; 8 aligns the offset; with 16 it is not memory that changes,
 * but the number in a line of VMCOREINFO (the page's number says which, by key).
 * Valid until the next call. Of a long SOURCE the rest is left.
 */
const struct image *patched_image(struct fuzz_source *source);

#endif
