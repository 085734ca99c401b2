/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of a device tree: of a folder (/proc/device-tree or a copy of it:
 * a node is a folder, a property a file), or of a flattened tree (.dtb).
 * Nothing in it is believed: sizes and places are checked before use.
 */
#ifndef CAPDUMP_MACHINE_DEVICETREE_H
#define CAPDUMP_MACHINE_DEVICETREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"

#define DEVICETREE_MAX_BLOB (16u << 20)	/* bytes; real ones: below 1 MiB */
#define DEVICETREE_MAX_PROPERTY (64u << 10)	/* bytes */

struct devicetree {
	char *path;		/* owned */
	int dir_fd;		/* of a folder; -1: flattened */
	uint8_t *blob;		/* of a flattened one; owned */
	uint32_t structs, structs_end, strings, strings_end;	/* offsets */
};

/* Whether PATH is a folder, or a file that begins as a flattened tree does. */
bool devicetree_probe(const char *path);

/* Errors name path and offset. On error nothing is to be closed. */
struct error *devicetree_open(const char *path, struct devicetree *ret);
void devicetree_close(struct devicetree *tree);

/*
 * The property NAME of the node NODE ("rtas", "ibm,opal/dump", no slash before
 * it, "" is the root): *RET is a copy, owned by the caller, of *LEN bytes, never
 * NULL if the property is there, NULL if it is not. Longer than
 * DEVICETREE_MAX_PROPERTY is an error.
 */
struct error *devicetree_get(const struct devicetree *tree, const char *node,
			     const char *name, uint8_t **ret, size_t *len);

#endif
