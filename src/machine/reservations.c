/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A crash kernel's memory: see reservations.h. */
#include "reservations.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "devicetree.h"
#include "iomem.h"
#include "machine_file.h"
#include "root.h"

#define TREE "/proc/device-tree"
#define CMA_RANGES "/sys/kernel/kexec/crash_cma_ranges"
#define MAX_CELLS 4		/* of an address or a size */
#define MAX_FILE ((size_t)64 << 10)

static struct error *add(struct reservations *ret, uint64_t paddr, uint64_t end,
			 enum reservation_source source)
{
	for (size_t i = 0; i < ret->nr; i++)
		if (ret->at[i].paddr == paddr && ret->at[i].end == end)
			return NULL;
	if (ret->nr == RESERVATIONS_MAX)
		return error_create(ERROR_INVALID,
				    "more than %d reservations",
				    RESERVATIONS_MAX);
	ret->at[ret->nr++] = (struct reservation){ paddr, end, source };
	return NULL;
}

static struct error *read_iomem(const char *root, struct reservations *ret)
{
	AUTO_FREE char *text = NULL;
	struct error *err;
	struct iomem iomem;
	size_t len;

	TRY(machine_file_try(root, "/proc/iomem", IOMEM_MAX_TEXT, &text, &len));
	if (!text || !strstr(text, "Crash kernel"))
		return NULL;
	err = iomem_parse(text, len, &iomem);
	if (err)
		return error_wrap(err, "/proc/iomem");
	for (size_t i = iomem.first[IOMEM_CRASH];
	     i < iomem.first[IOMEM_CRASH + 1] && !err; i++)
		err = add(ret, iomem.ranges[i].paddr, iomem.ranges[i].end,
			  RESERVATION_IOMEM);
	iomem_deinit(&iomem);
	return err;
}

/* Linux 7.2 kernel/kexec_core.c: crash_cma_ranges_show(). */
static struct error *read_cma(const char *root, struct reservations *ret)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	TRY(machine_file_try(root, CMA_RANGES, MAX_FILE, &text, &len));
	for (char *line = text; line && *line; ) {
		char *newline = strchr(line, '\n');
		uint64_t paddr, last;
		int n = 0;

		if (newline)
			*newline = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 "%n", &paddr, &last,
			   &n) < 2 || line[n] || last < paddr ||
		    last == UINT64_MAX)
			return error_create(ERROR_INVALID, "%s: no range",
					    CMA_RANGES);
		TRY(add(ret, paddr, last + 1, RESERVATION_CMA));
		line = newline ? newline + 1 : NULL;
	}
	return NULL;
}

/* A property that is one number of 4 or 8 bytes; *RET stays as it is if there
 * is none. */
static struct error *get_number(const struct devicetree *tree, const char *node,
				const char *name, uint64_t *ret)
{
	AUTO_FREE uint8_t *bytes = NULL;
	size_t len;

	TRY(devicetree_get(tree, node, name, &bytes, &len));
	if (!bytes)
		return NULL;
	if (len != 4 && len != 8)
		return error_create(ERROR_INVALID, TREE "/%s%s%s has %zu bytes",
				    node, *node ? "/" : "", name, len);
	*ret = get_uint(bytes, (unsigned)len, true);
	return NULL;
}

/* Linux 7.2 arch/powerpc/kexec/core.c: export_crashk_values(). */
static struct error *read_chosen(const struct devicetree *tree,
				 struct reservations *ret)
{
	uint64_t paddr = 0, size = 0, end;

	TRY(get_number(tree, "chosen", "linux,crashkernel-base", &paddr));
	TRY(get_number(tree, "chosen", "linux,crashkernel-size", &size));
	if (!size)
		return NULL;
	if (add_overflows(paddr, size, &end))
		return error_create(ERROR_INVALID,
				    TREE "/chosen/linux,crashkernel-size is too large");
	return add(ret, paddr, end, RESERVATION_CHOSEN);
}

/* NR cells of 4 bytes; the highest of more than two must be 0. */
static bool get_cells(const uint8_t *cell, uint64_t nr, uint64_t *ret)
{
	uint64_t high = 0;

	*ret = 0;
	for (uint64_t i = 0; i < nr; i++) {
		high |= *ret >> 32;
		*ret = *ret << 32 | get_u32(cell + 4 * i, true);
	}
	return !high;
}

/* Linux 7.2 drivers/of/fdt.c: early_init_dt_check_for_usable_mem_range(). That
 * kernel takes two ranges; what a later one takes it has here as well. */
static struct error *read_usable(const struct devicetree *tree,
				 struct reservations *ret)
{
	static const char path[] = TREE "/chosen/linux,usable-memory-range";
	uint64_t address_cells = 1, size_cells = 1, paddr, size, end;
	AUTO_FREE uint8_t *bytes = NULL;
	size_t len, width;

	TRY(devicetree_get(tree, "chosen", "linux,usable-memory-range", &bytes,
			   &len));
	if (!bytes)
		return NULL;
	TRY(get_number(tree, "", "#address-cells", &address_cells));
	TRY(get_number(tree, "", "#size-cells", &size_cells));
	if (!address_cells || address_cells > MAX_CELLS || !size_cells ||
	    size_cells > MAX_CELLS)
		return error_create(ERROR_INVALID,
				    TREE ": addresses of %llu cells, sizes of %llu",
				    (unsigned long long)address_cells,
				    (unsigned long long)size_cells);
	width = 4 * (size_t)(address_cells + size_cells);
	if (len % width)
		return error_create(ERROR_INVALID,
				    "%s has %zu bytes, not a multiple of %zu",
				    path, len, width);
	for (size_t i = 0; i < len; i += width) {
		if (!get_cells(bytes + i, address_cells, &paddr) ||
		    !get_cells(bytes + i + 4 * address_cells, size_cells,
			       &size) || add_overflows(paddr, size, &end))
			return error_create(ERROR_INVALID,
					    "%s: range %zu is too large", path,
					    i / width);
		if (size)
			TRY(add(ret, paddr, end, RESERVATION_USABLE));
	}
	return NULL;
}

static struct error *read_tree(const char *root, struct reservations *ret)
{
	AUTO_FREE char *path = NULL;
	struct devicetree tree;
	struct error *err;

	TRY(root_path(root, TREE, &path));
	if (!devicetree_probe(path))
		return NULL;
	TRY(devicetree_open(path, &tree));
	err = read_chosen(&tree, ret);
	if (!err)
		err = read_usable(&tree, ret);
	devicetree_close(&tree);
	return err;
}

struct error *reservations_read(const char *root, struct reservations *ret)
{
	ret->nr = 0;
	TRY(read_iomem(root, ret));
	TRY(read_tree(root, ret));
	return read_cma(root, ret);
}

const char *reservation_source_name(enum reservation_source source)
{
	static const char *const names[] = {
		[RESERVATION_IOMEM] = "/proc/iomem",
		[RESERVATION_CHOSEN] = "linux,crashkernel-base",
		[RESERVATION_CMA] = "crash_cma_ranges",
		[RESERVATION_USABLE] = "linux,usable-memory-range",
		[RESERVATION_SYMBOL] = "crashk_res, crashk_low_res",
	};

	return names[source];
}
