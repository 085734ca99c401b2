/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sound vmcore with some words changed: what a fuzzer needs to get past the
 * first check of a whole crashed machine. FUZZ_BASES names a folder of vmcores
 * NAME with NAME.regions beside them: "FIRST LAST" frame numbers, hexadecimal,
 * of what is worth changing.
 */
#ifndef CAPDUMP_TESTS_PATCHED_H
#define CAPDUMP_TESTS_PATCHED_H

#include "../../src/image/view.h"
#include "fuzz.h"

/*
 * The first byte of SOURCE chooses the base; then come patches: page (2
 * bytes, among the regions), offset (2), how (1): its low bits the length.
 * Valid until the next call. All of SOURCE is used.
 */
const struct image *patched_image(struct fuzz_source *source);

#endif
