/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes and zones: how many pages the kernel itself counts as free.
 * Linux include/linux/mmzone.h: struct pglist_data, struct zone.
 */
#include "nodes.h"

#include "../base/bytes.h"

#define MAX_NODES	4096u	/* Linux: NODES_SHIFT is 10 at most */
#define MAX_ZONES	16u	/* Linux: MAX_NR_ZONES is 6 at most */

static bool number(const struct kernel *kernel, const char *kind,
		   const char *name, uint64_t *ret)
{
	return vmcoreinfo_number(kernel->vmcoreinfo, kind, name, ret);
}

/* node_data is an array of pointers (NUMA); contig_page_data the one node. */
struct error *nodes_each(const struct kernel *kernel, struct view *view,
			 node_fn *fn, void *arg)
{
	uint64_t symbol, nr = 1;

	if (number(kernel, "SYMBOL", "contig_page_data", &symbol))
		return fn(arg, symbol);
	if (!number(kernel, "SYMBOL", "node_data", &symbol))
		return NULL;
	number(kernel, "LENGTH", "node_data", &nr);
	for (uint64_t i = 0; i < min_u64(nr, MAX_NODES); i++) {
		enum page_state state;
		uint64_t node;

		TRY(space_read_word(&kernel->space, view, symbol +
				    i * kernel->space.target.word_size, &node,
				    &state));
		if (node)
			TRY(fn(arg, node));
	}
	return NULL;
}

struct count {
	const struct kernel *kernel;
	struct view *view;
	uint64_t node_zones, nr_zones, zone_size, vm_stat, index;
	uint64_t free;
	bool found, failed;
};

/* Reads SIZE (4 or 8) bytes; *FAILED if it can't. */
static struct error *read_number(struct count *c, uint64_t vaddr, unsigned size,
				 uint64_t *ret)
{
	enum page_state state;
	uint8_t buf[8];

	TRY(space_read(&c->kernel->space, c->view, vaddr, buf, size, &state));
	*ret = get_uint(buf, size, c->kernel->space.target.big_endian);
	if (state != PAGE_OK)
		c->failed = true;
	return NULL;
}

static struct error *count_node(void *arg, uint64_t node)
{
	struct count *c = arg;
	unsigned word = c->kernel->space.target.word_size;
	uint64_t nr, pages;

	TRY(read_number(c, node + c->nr_zones, 4, &nr));
	if (nr > MAX_ZONES)
		c->failed = true;
	for (uint64_t i = 0; i < nr && !c->failed; i++) {
		TRY(read_number(c, node + c->node_zones + i * c->zone_size +
				c->vm_stat + word * c->index, word, &pages));
		/* atomic_long_t: it may be just below 0 */
		if (!(pages >> (8 * word - 1)))
			c->free += pages;
		c->found = true;
	}
	return NULL;
}

struct error *kernel_free_pages(const struct kernel *kernel, struct view *view,
				uint64_t *ret, bool *found)
{
	struct count c = { .kernel = kernel, .view = view };

	*found = false;
	*ret = 0;
	if (!kernel->has_space ||
	    !number(kernel, "OFFSET", "pglist_data.node_zones",
		    &c.node_zones) ||
	    !number(kernel, "OFFSET", "pglist_data.nr_zones", &c.nr_zones) ||
	    !number(kernel, "SIZE", "zone", &c.zone_size) ||
	    !number(kernel, "OFFSET", "zone.vm_stat", &c.vm_stat) ||
	    !number(kernel, "NUMBER", "NR_FREE_PAGES", &c.index))
		return NULL;
	TRY(nodes_each(kernel, view, count_node, &c));
	*ret = c.free;
	*found = c.found && !c.failed;
	return NULL;
}
