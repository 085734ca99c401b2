/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes and zones: how many pages the kernel itself counts as free.
 * Linux include/linux/mmzone.h: struct pglist_data, struct zone.
 */
#include "nodes.h"

#include "../base/bytes.h"
#include "kallsyms.h"

#define MAX_NODES	4096u	/* Linux: NODES_SHIFT is 10 at most */
#define MAX_ZONES	16u	/* Linux: MAX_NR_ZONES is 6 at most */

static bool number(const struct kernel *kernel, const char *kind,
		   const char *name, uint64_t *ret)
{
	return vmcoreinfo_number(kernel->vmcoreinfo, kind, name, ret);
}

/* Which nodes there are: what of the kernel's array of pointers to them is in
 * use. Not all architectures name it in VMCOREINFO; the symbol table does. */
struct nodes {
	uint64_t symbol;		/* 0: not known */
	uint64_t nr;			/* of pointers, at most MAX_NODES */
	uint8_t online[MAX_NODES / 8];	/* nodemask_t; if not has_length */
	bool has_length;
};

/* Without the array's length, the mask of nodes says where it has pointers:
 * behind its end there is something else. */
static struct error *find_nodes(const struct kernel *kernel, struct view *view,
				struct nodes *ret)
{
	struct kallsyms_symbol symbol = { "node_data", 0 };
	enum page_state state;
	uint64_t online, size;
	bool found;

	ret->has_length = number(kernel, "SYMBOL", "node_data", &ret->symbol);
	if (ret->has_length) {
		ret->nr = 1;
		number(kernel, "LENGTH", "node_data", &ret->nr);
		ret->nr = min_u64(ret->nr, MAX_NODES);
		return NULL;
	}
	if (!number(kernel, "SYMBOL", "node_online_map", &online) ||
	    !number(kernel, "SIZE", "nodemask_t", &size) ||
	    size > sizeof(ret->online))
		return NULL;
	TRY(kallsyms_find(kernel, view, &symbol, 1, &found));
	if (!found)
		return NULL;
	TRY(space_read(&kernel->space, view, online, ret->online, size,
		       &state));
	if (state == PAGE_OK) {
		ret->symbol = symbol.vaddr;
		ret->nr = 8 * size;
	}
	return NULL;
}

/* A nodemask_t is an array of words (Linux include/linux/nodemask.h). */
static bool is_online(const struct kernel *kernel, const struct nodes *nodes,
		      uint64_t node)
{
	unsigned size = kernel->space.target.word_size;
	const uint8_t *word = nodes->online + node / (8 * size) * size;

	return nodes->has_length ||
	       get_uint(word, size, kernel->space.target.big_endian) >>
	       node % (8 * size) & 1;
}

/* node_data is an array of pointers (NUMA); contig_page_data the one node. */
struct error *nodes_each(const struct kernel *kernel, struct view *view,
			 node_fn *fn, void *arg)
{
	struct nodes nodes = { 0 };
	uint64_t symbol;

	if (number(kernel, "SYMBOL", "contig_page_data", &symbol))
		return fn(arg, symbol);
	TRY(find_nodes(kernel, view, &nodes));
	for (uint64_t i = 0; nodes.symbol && i < nodes.nr; i++) {
		enum page_state state;
		uint64_t node;

		if (!is_online(kernel, &nodes, i))
			continue;
		TRY(space_read_word(&kernel->space, view, nodes.symbol +
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
