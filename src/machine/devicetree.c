/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties of a device tree: see devicetree.h. The flattened form is that of
 * the Devicetree Specification 0.4, chapter 5: big-endian; a header of ten
 * words; tokens aligned to four bytes in the structure block; names of
 * properties in the strings block.
 */
#include "devicetree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/bytes.h"
#include "../base/io.h"

#define FDT_MAGIC 0xd00dfeed
#define FDT_HEADER 40u
#define FDT_VERSION 16u		/* the oldest with sizes and whole names */

enum fdt_token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
};

bool devicetree_probe(const char *path)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t magic[4];
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return false;
	if (S_ISDIR(st.st_mode))
		return true;
	return S_ISREG(st.st_mode) &&
	       pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       get_u32(magic, true) == FDT_MAGIC;
}

/* Checks that the block at OFFSET, of LEN bytes, lies within SIZE bytes. */
static struct error *check_block(const char *what, uint32_t offset,
				 uint32_t len, uint32_t size)
{
	if (offset >= FDT_HEADER && offset <= size && len <= size - offset)
		return NULL;
	return error_create(ERROR_INVALID,
			    "the %s block, %#x bytes at %#x, is not in the %#x bytes of the tree",
			    what, len, offset, size);
}

static struct error *check_header(struct devicetree *tree, size_t size)
{
	const uint8_t *h = tree->blob;
	uint32_t total;

	if (size < FDT_HEADER || get_u32(h, true) != FDT_MAGIC)
		return error_create(ERROR_INVALID,
				    "neither a folder nor a flattened device tree");
	total = get_u32(h + 4, true);
	if (total > size)
		return error_create(ERROR_INVALID,
				    "the tree has %#x bytes (offset 4), the file ends at %#zx",
				    total, size);
	if (get_u32(h + 20, true) < FDT_VERSION)
		return error_create(ERROR_UNSUPPORTED,
				    "version %u of the format (offset 0x14) is not read",
				    get_u32(h + 20, true));
	tree->structs = get_u32(h + 8, true);
	tree->strings = get_u32(h + 12, true);
	TRY(check_block("strings", tree->strings, get_u32(h + 32, true),
			total));
	/* version 16 does not say how long the structure block is */
	TRY(check_block("structure", tree->structs,
			get_u32(h + 20, true) > 16 ? get_u32(h + 36, true) : 0,
			total));
	tree->strings_end = tree->strings + get_u32(h + 32, true);
	tree->structs_end = get_u32(h + 20, true) > 16 ?
			    tree->structs + get_u32(h + 36, true) : total;
	if (tree->structs % 4)
		return error_create(ERROR_INVALID,
				    "the structure block at %#x is not aligned",
				    tree->structs);
	return NULL;
}

static struct error *open_blob(struct devicetree *tree, int fd, off_t size)
{
	size_t len;

	if (size <= 0 || size > DEVICETREE_MAX_BLOB)
		return error_create(ERROR_INVALID,
				    "%lld bytes are no device tree",
				    (long long)size);
	tree->blob = malloc((size_t)size);
	if (!tree->blob)
		return error_nomem();
	TRY(io_pread(fd, tree->blob, (size_t)size, 0, &len));
	return check_header(tree, len);
}

static struct error *open_any(struct devicetree *tree)
{
	AUTO_FD int fd = -1;
	struct stat st;

	fd = open(tree->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return error_errno(errno, "%s", tree->path);
	if (S_ISDIR(st.st_mode)) {
		tree->dir_fd = fd;
		fd = -1;
		return NULL;
	}
	struct error *err = open_blob(tree, fd, st.st_size);

	return err ? error_wrap(err, "%s", tree->path) : NULL;
}

struct error *devicetree_open(const char *path, struct devicetree *ret)
{
	struct error *err;

	*ret = (struct devicetree){ .dir_fd = -1, .path = strdup(path) };
	if (!ret->path)
		return error_nomem();
	err = open_any(ret);
	if (err)
		devicetree_close(ret);
	return err;
}

void devicetree_close(struct devicetree *tree)
{
	fd_cleanup(&tree->dir_fd);
	free(tree->blob);
	free(tree->path);
	*tree = (struct devicetree){ .dir_fd = -1 };
}

static struct error *too_long(const struct devicetree *tree, const char *node,
			      const char *name, uint64_t len)
{
	return error_create(ERROR_INVALID,
			    "%s: the property %s/%s has %llu bytes, more than %u",
			    tree->path, node, name, (unsigned long long)len,
			    DEVICETREE_MAX_PROPERTY);
}

static struct error *get_file(const struct devicetree *tree, const char *node,
			      const char *name, uint8_t **ret, size_t *len)
{
	AUTO_FREE uint8_t *buf = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_FD int fd = -1;
	struct stat st;

	if (asprintf(&path, "%s%s%s", node, *node ? "/" : "", name) < 0) {
		path = NULL;
		return error_nomem();
	}
	fd = openat(tree->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (fd < 0 || fstat(fd, &st))
		return error_errno(errno, "%s/%s", tree->path, path);
	if (!S_ISREG(st.st_mode))
		return error_create(ERROR_INVALID,
				    "%s/%s: a property is a file", tree->path,
				    path);
	if (st.st_size > DEVICETREE_MAX_PROPERTY)
		return too_long(tree, node, name, (uint64_t)st.st_size);
	buf = malloc(DEVICETREE_MAX_PROPERTY + 1);
	if (!buf)
		return error_nomem();
	struct error *err = io_pread(fd, buf, DEVICETREE_MAX_PROPERTY + 1, 0,
				     len);
	if (err)
		return error_wrap(err, "%s/%s", tree->path, path);
	if (*len > DEVICETREE_MAX_PROPERTY)
		return too_long(tree, node, name, *len);
	*ret = buf;
	buf = NULL;
	return NULL;
}

/* Where a walk through a flattened tree is. */
struct walk {
	const struct devicetree *tree;
	const char *wanted;	/* what is left of the node's path */
	uint32_t at;		/* offset of the next token */
	unsigned depth;		/* nodes that are open */
	unsigned matched;	/* of them, from the root on, on the path */
};

static struct error *broken(const struct walk *w, const char *why)
{
	return error_create(ERROR_INVALID, "%s: %s at %#x", w->tree->path, why,
			    w->at);
}

/* The bytes from OFFSET on that may be looked at. */
static uint32_t left(const struct walk *w, uint32_t offset)
{
	return offset < w->tree->structs_end ? w->tree->structs_end - offset :
	       0;
}

/* A node begins. Only the root has no name. */
static struct error *enter(struct walk *w)
{
	const char *name = (const char *)w->tree->blob + w->at + 4;
	size_t len = strnlen(name, left(w, w->at + 4));
	bool on_path = w->matched == w->depth++;

	if (len == left(w, w->at + 4))
		return broken(w, "a node's name without end");
	if (on_path && w->depth == 1) {
		w->matched = 1;
	} else if (on_path && len && !strncmp(w->wanted, name, len) &&
		   (w->wanted[len] == '/' || !w->wanted[len])) {
		w->wanted += len + (w->wanted[len] == '/');
		w->matched = w->depth;
	}
	w->at += 4 + (uint32_t)align_up(len + 1, 4);
	return NULL;
}

/* A property; *RET is set if it is NAME of the wanted node. */
static struct error *property(struct walk *w, const char *name,
			      const uint8_t **ret, uint32_t *len)
{
	const struct devicetree *tree = w->tree;
	const uint8_t *token = tree->blob + w->at;
	uint32_t name_at, rest;
	size_t name_len = strlen(name) + 1;

	if (left(w, w->at) < 12)
		return broken(w, "half a property");
	*len = get_u32(token + 4, true);
	name_at = get_u32(token + 8, true);
	rest = tree->strings_end - tree->strings;
	if (*len > left(w, w->at + 12))
		return broken(w, "a property that is longer than the tree");
	if (w->matched == w->depth && !*w->wanted && name_at < rest &&
	    name_len <= rest - name_at &&
	    !memcmp(tree->blob + tree->strings + name_at, name, name_len))
		*ret = token + 12;
	w->at += 12 + (uint32_t)align_up(*len, 4);
	return NULL;
}

/* Every step moves on by four bytes at least. */
static struct error *find(struct walk *w, const char *name,
			  const uint8_t **ret, uint32_t *len)
{
	while (!*ret) {
		if (left(w, w->at) < 4)
			return broken(w, "no end of the tree");
		switch (get_u32(w->tree->blob + w->at, true)) {
		case FDT_BEGIN_NODE:
			TRY(enter(w));
			break;
		case FDT_END_NODE:
			/* what was to be found lay in this node */
			if (!w->depth || w->matched == w->depth)
				return NULL;
			w->depth--;
			w->at += 4;
			break;
		case FDT_PROP:
			TRY(property(w, name, ret, len));
			break;
		case FDT_NOP:
			w->at += 4;
			break;
		case FDT_END:
			return NULL;
		default:
			return broken(w, "no token of a device tree");
		}
	}
	return NULL;
}

struct error *devicetree_get(const struct devicetree *tree, const char *node,
			     const char *name, uint8_t **ret, size_t *len)
{
	struct walk walk = { .tree = tree, .wanted = node,
			     .at = tree->structs };
	const uint8_t *found = NULL;
	uint32_t found_len = 0;

	*ret = NULL;
	*len = 0;
	if (tree->dir_fd >= 0)
		return get_file(tree, node, name, ret, len);
	TRY(find(&walk, name, &found, &found_len));
	if (!found)
		return NULL;
	if (found_len > DEVICETREE_MAX_PROPERTY)
		return too_long(tree, node, name, found_len);
	*ret = malloc(found_len + 1);
	if (!*ret)
		return error_nomem();
	memcpy(*ret, found, found_len);
	*len = found_len;
	return NULL;
}
