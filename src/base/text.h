/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from untrusted places, made fit for a terminal, a log or JSON. */
#ifndef CAPDUMP_BASE_TEXT_H
#define CAPDUMP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

/*
 * Prints LEN bytes; every byte but printable ASCII, valid UTF-8 above U+009F
 * and, if KEEP_LINES, '\n' and '\t', appears as \xNN. (A bare ESC, CSI or a
 * bidirectional override in a dead kernel's log must not drive a terminal.)
 */
void text_print_escaped(FILE *file, const char *text, size_t len,
			int keep_lines);

/* The same into a new string (owned by the caller). NULL without memory. */
char *text_escape(const char *text, size_t len);

/* Prints "..." with JSON's escapes; invalid UTF-8 becomes \u00NN per byte. */
void text_print_json(FILE *file, const char *text, size_t len);

/*
 * A size as people write it: digits and at most one of K M G T (powers of
 * 1024). The error quotes the text.
 */
struct error *text_parse_size(const char *text, uint64_t *ret);

/* A whole unsigned number, decimal, or with 0x hexadecimal, at most MAX. */
struct error *text_parse_number(const char *text, uint64_t max,
				uint64_t *ret);

/* "1.5 GiB" into BUF (at least 16 bytes); returns BUF. */
const char *text_size(uint64_t size, char *buf);

#endif
