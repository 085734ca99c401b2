/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages made by a script of bytes, for whoever tests the page encoder: runs,
 * copies at any distance, copies with small changes, text, structures, noise,
 * few symbols, and the script's own bytes. Any bytes are a script; the same
 * script gives the same page on every machine.
 */
#ifndef CAPDUMP_TESTS_MADE_PAGE_H
#define CAPDUMP_TESTS_MADE_PAGE_H

#include <stddef.h>
#include <stdint.h>

/* Fills PAGE with LEN bytes; a script that ends early begins again. */
void made_page(const uint8_t *script, size_t script_len, uint8_t *page,
	       size_t len);

/* The next of a row of numbers; *STATE is not 0. */
uint64_t made_random(uint64_t *state);

#endif
