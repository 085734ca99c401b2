/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that VMCOREINFO names: what a debugger reads first.
 */
#include <string.h>

#include "../base/bytes.h"
#include "../base/stop.h"
#include "nodes.h"
#include "printk_ring.h"

/* A named thing larger than this is nonsense: the largest is a kernel log,
 * Linux kernel/printk/printk.c: LOG_BUF_LEN_MAX, with its descriptors */
#define RANGE_MAX	(8ull << 30)

/* The bytes of a pglist_data that are reported: more than any has. Linux
 * include/linux/mmzone.h: struct zonelist, with 2^10 nodes 128 KiB of two. */
#define NODE_MAX	(1u << 20)

struct named {
	const struct kernel *kernel;
	struct view *view;
	range_fn *fn;
	void *arg;
};

static bool number(const struct named *n, const char *kind, const char *name,
		   uint64_t *ret)
{
	return vmcoreinfo_number(n->kernel->vmcoreinfo, kind, name, ret);
}

/* Reports the pages of [vaddr, vaddr + len) as far as they are mapped and in
 * the image. */
static struct error *name_range(struct named *n, uint64_t vaddr, uint64_t len)
{
	uint64_t page = 1ull << n->kernel->space.target.page_shift, end;

	if (len > RANGE_MAX || add_overflows(vaddr, len + page - 1, &end))
		return NULL;
	end = align_down(end, page);
	for (vaddr = align_down(vaddr, page); vaddr < end;) {
		struct extent extent;
		uint64_t step = page;

		TRY(stop_check());
		TRY(space_translate(&n->kernel->space, n->view, vaddr,
				    &extent));
		if (extent.len) {
			step = min_u64(extent.len, end - vaddr);
			if (image_has(n->kernel->image, extent.paddr, step))
				TRY(n->fn(n->arg, extent.paddr, step));
		} else {
			step = max_u64(page, align_down(extent.hole, page));
		}
		if (step >= end - vaddr)
			break;
		vaddr += step;
	}
	return NULL;
}

static struct error *read_word(struct named *n, uint64_t vaddr, uint64_t *ret)
{
	enum page_state state;

	return space_read_word(&n->kernel->space, n->view, vaddr, ret, &state);
}

static struct error *name_symbols(struct named *n)
{
	const struct vmcoreinfo *v = n->kernel->vmcoreinfo;
	unsigned word = n->kernel->space.target.word_size;

	for (size_t i = 0; i < v->nr; i++) {
		char name[128];
		uint64_t vaddr, pointer;
		const char *end = strchr(v->keys[i], ')');
		size_t len;

		if (strncmp(v->keys[i], "SYMBOL(", 7) || !end)
			continue;
		len = (size_t)(end - v->keys[i]) - 7;
		if (len >= sizeof(name))
			continue;
		memcpy(name, v->keys[i] + 7, len);
		name[len] = '\0';
		if (!number(n, "SYMBOL", name, &vaddr))
			continue;
		TRY(name_range(n, vaddr, word));
		TRY(read_word(n, vaddr, &pointer));
		TRY(name_range(n, pointer, word));
	}
	return NULL;
}

static struct error *name_node(void *arg, uint64_t vaddr)
{
	struct named *n = arg;
	uint64_t size = 8;

	number(n, "SIZE", "pglist_data", &size);
	return name_range(n, vaddr, min_u64(size, NODE_MAX));
}

/* The array of roots and the roots (one page each), up to the image's end. */
static struct error *name_sections(struct named *n)
{
	const struct kernel *k = n->kernel;
	unsigned word = k->space.target.word_size;
	uint64_t nr;

	if (!k->has_pages || k->model == MEMORY_FLAT)
		return NULL;
	nr = k->end_pfn / k->section_pages / k->sections_per_root + 1;
	nr = min_u64(nr, k->nr_roots);
	if (k->model == MEMORY_SPARSE)
		return name_range(n, k->mem_section, nr * k->section_size);
	TRY(name_range(n, k->mem_section, nr * word));
	for (uint64_t i = 0; i < min_u64(nr, 1u << 20); i++) {
		uint64_t root;

		TRY(read_word(n, k->mem_section + word * i, &root));
		if (root)
			TRY(name_range(n, root, k->sections_per_root *
				       k->section_size));
	}
	return NULL;
}

static struct error *name_log(struct named *n)
{
	struct printk_ring ring;
	struct printk_buffer buffer;
	struct error *err = printk_ring_find(n->kernel, n->view, &ring);

	if (!err) {
		TRY(name_range(n, ring.descs, ring.nr_descs * ring.desc_size));
		TRY(name_range(n, ring.infos, ring.nr_descs * ring.info_size));
		return name_range(n, ring.text, ring.text_size);
	}
	error_destroy(err);
	err = printk_buffer_find(n->kernel, n->view, &buffer);
	if (!err)
		return name_range(n, buffer.text, buffer.size);
	error_destroy(err);
	return NULL;
}

struct error *kernel_named_ranges(const struct kernel *kernel,
				  struct view *view, range_fn *fn, void *arg)
{
	struct named n = { .kernel = kernel, .view = view, .fn = fn,
			   .arg = arg };

	if (!kernel->has_space)
		return NULL;
	TRY(name_symbols(&n));
	TRY(nodes_each(kernel, view, name_node, &n));
	TRY(name_sections(&n));
	return name_log(&n);
}
