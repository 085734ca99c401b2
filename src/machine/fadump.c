/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A firmware-assisted dump: see fadump.h. */
#include "fadump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "devicetree.h"
#include "root.h"

#define DEVICE_TREE "/proc/device-tree"
#define FLAT_TREE "/sys/firmware/fdt"
#define OPAL_DUMP "ibm,opal/dump"
#define LOAD_LEN 16u	/* an address and a size */

/* Linux Documentation/ABI/testing/sysfs-kernel-fadump; the second one is the
 * name before 5.5, which later kernels keep as a link. */
static const char *const release_files[] = {
	"/sys/kernel/fadump/release_mem",
	"/sys/kernel/fadump_release_mem",
};

void fadump_deinit(struct fadump *fadump)
{
	free(fadump->tree);
	fadump->tree = NULL;
}

/* What the table's sections take of the area: all but a header at the end. */
static void find_copies(struct fadump *f)
{
	uint64_t start = UINT64_MAX, end = 0, stop;

	for (unsigned i = 0; i < f->table.nr; i++) {
		const struct fadump_section *s = &f->table.sections[i];

		if (!fadump_section_in_area(s) || !s->asked ||
		    add_overflows(s->destination, s->asked, &stop))
			continue;
		start = min_u64(start, s->destination);
		end = max_u64(end, stop);
	}
	if (start < end)
		f->copies = (struct fadump_range){ start, end };
}

/*
 * The area is where the image's crash header says, else where the table has its
 * copies. Those of another crash, or another machine, may lie anywhere: what the
 * image has there was not lost.
 */
static void find_area(const struct fadump_range *ranges, size_t nr,
		      struct fadump *f)
{
	const struct fadump_range *copies = &f->copies;

	if (copies->paddr == copies->end)
		return;
	if (f->has_header)
		f->foreign = copies->paddr < f->area ||
			     copies->end != f->header_paddr;
	for (size_t i = 0; i < nr; i++)
		f->foreign |= ranges[i].paddr < copies->end &&
			      copies->paddr < ranges[i].end;
	if (f->has_header || f->foreign)
		return;
	f->area = copies->paddr;
	f->area_end = f->header_paddr = copies->end;
}

/* Every device tree's root says what machine it is of. */
static struct error *check_tree(const struct devicetree *tree)
{
	AUTO_FREE uint8_t *compatible = NULL;
	size_t len;

	TRY(devicetree_get(tree, "", "compatible", &compatible, &len));
	if (!compatible)
		return error_create(ERROR_INVALID,
				    "is a directory, but no device tree");
	return NULL;
}

/* Linux 7.2 opal-fadump.c: opal_fadump_dt_scan(). All else that OPAL knows of a
 * dump (regions, registers, the place of the crash header) is behind a call of
 * the firmware's, opal_mpipl_query_tag(), and in memory that no PT_LOAD has. */
static struct error *read_opal(const struct devicetree *tree,
			       struct fadump *f)
{
	AUTO_FREE uint8_t *boot = NULL, *loads = NULL;
	size_t len;

	TRY(devicetree_get(tree, OPAL_DUMP, "mpipl-boot", &boot, &len));
	if (!boot)
		return NULL;
	f->opal = true;
	TRY(devicetree_get(tree, OPAL_DUMP, "fw-load-area", &loads,
			   &f->loads_len));
	for (len = 0; loads && f->loads_len - len >= LOAD_LEN &&
		      f->nr_loads < FADUMP_MAX_LOADS; len += LOAD_LEN) {
		struct fadump_range *range = &f->loads[f->nr_loads];

		range->paddr = get_u64(loads + len, true);
		if (!add_overflows(range->paddr, get_u64(loads + len + 8, true),
				   &range->end) && range->end > range->paddr)
			f->nr_loads++;
	}
	return NULL;
}

static struct error *read_tree(const struct devicetree *tree,
			       struct fadump *f)
{
	AUTO_FREE uint8_t *table = NULL;

	TRY(devicetree_get(tree, "rtas", "ibm,kernel-dump", &table,
			   &f->table_len));
	TRY(read_opal(tree, f));
	if (!table)
		return f->opal ? NULL : check_tree(tree);
	TRY(fadump_table_parse(table, f->table_len, &f->table));
	f->has_table = true;
	find_copies(f);
	return NULL;
}

static struct error *add_tree(const char *path, struct fadump *f)
{
	struct devicetree tree;
	struct error *err;

	f->tree = strdup(path);
	if (!f->tree)
		return error_nomem();
	TRY(devicetree_open(path, &tree));
	err = read_tree(&tree, f);
	devicetree_close(&tree);
	f->known |= f->has_table || f->opal;
	return err ? error_wrap(err, "%s", path) : NULL;
}

struct error *fadump_read_tree(const char *path, const char *root,
			       struct fadump *ret)
{
	*ret = (struct fadump){ .known = false };
	TRY(add_tree(path, ret));
	find_area(NULL, 0, ret);
	if (ret->known && (root_is(root, DEVICE_TREE, path) ||
			   root_is(root, FLAT_TREE, path))) {
		ret->live = fadump_live(root);
		ret->released = !ret->live;
	}
	return NULL;
}

/* The area ends with the header, and begins where the memory before it ends. */
static void find_header(struct view *view, const struct fadump_range *ranges,
			size_t nr, struct fadump *f)
{
	for (size_t i = 1; i < nr && i < FADUMP_MAX_RANGES; i++) {
		uint64_t paddr = ranges[i].paddr;

		if (paddr == ranges[i - 1].end ||
		    !fadump_header_at(view, paddr, &f->header))
			continue;
		f->known = f->has_header = true;
		f->header_paddr = paddr;
		f->area = ranges[i - 1].end;
		f->area_end = paddr + f->header.size;
		return;
	}
}

/* The machine's own device tree; nobody asked for it, so it may be broken. */
static struct error *add_live(const char *root, struct log *log,
			      struct fadump *f)
{
	AUTO_FREE char *path = NULL;
	struct error *err;

	TRY(root_path(root, DEVICE_TREE, &path));
	err = add_tree(path, f);
	if (err)
		log_warn(log, "what the firmware says of the dump can't be read: %s",
			 error_message(err));
	error_destroy(err);
	return NULL;
}

void fadump_ranges(const struct image *image,
		   struct fadump_range ret[FADUMP_MAX_RANGES], size_t *nr)
{
	*nr = 0;
	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];

		if (*nr && ret[*nr - 1].end == s->paddr) {
			ret[*nr - 1].end += s->memsz;
			continue;
		}
		if (*nr == FADUMP_MAX_RANGES)
			return;
		ret[(*nr)++] = (struct fadump_range){ s->paddr, s->paddr +
						      s->memsz };
	}
}

struct error *fadump_gather(struct view *view,
			    const struct fadump_range *ranges, size_t nr,
			    const char *tree, const char *root,
			    struct log *log, struct fadump *ret)
{
	*ret = (struct fadump){ .known = false };
	find_header(view, ranges, nr, ret);
	if (root_is_vmcore(root, view_image(view)) && fadump_live(root)) {
		ret->known = ret->live = true;
		if (!tree)
			TRY(add_live(root, log, ret));
	}
	if (tree)
		TRY(add_tree(tree, ret));
	find_area(ranges, nr, ret);
	return NULL;
}

void fadump_check(const struct fadump *fadump, fadump_problem_fn *fn,
		  void *arg)
{
	char text[200];

	if (fadump->has_table)
		fadump_table_check(&fadump->table, fadump->table_len, fn, arg);
	if (fadump->foreign) {
		snprintf(text, sizeof(text),
			 "the device tree is of another crash: its copies, %#llx-%#llx, are not in front of the crash header, or where the image has memory",
			 (unsigned long long)fadump->copies.paddr,
			 (unsigned long long)fadump->copies.end - 1);
		fn(arg, text);
	}
	if (fadump->nr_loads * LOAD_LEN == fadump->loads_len)
		return;
	snprintf(text, sizeof(text),
		 "%zu bytes of ibm,opal/dump/fw-load-area: %u ranges were read of them",
		 fadump->loads_len, fadump->nr_loads);
	fn(arg, text);
}

/* The file that releases the dump, NULL if there is none. */
static const char *release_file(const char *root)
{
	for (size_t i = 0; i < sizeof(release_files) /
				sizeof(release_files[0]); i++)
		if (root_has(root, release_files[i]))
			return release_files[i];
	return NULL;
}

/* What releases the memory stays when it was released; /proc/vmcore goes. */
bool fadump_live(const char *root)
{
	return release_file(root) && root_has(root, "/proc/vmcore");
}

struct error *fadump_release(const char *root)
{
	const char *file = release_file(root);
	AUTO_FREE char *path = NULL;
	AUTO_FD int fd = -1;
	struct error *err;

	if (!file)
		return error_create(ERROR_UNSUPPORTED,
				    "there is no %s: the machine does not run after a firmware-assisted dump",
				    release_files[0]);
	TRY(root_path(root, file, &path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "%s", path);
	err = io_write(fd, "1", 1);
	return err ? error_wrap(err, "%s", path) : NULL;
}
