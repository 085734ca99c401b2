/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an ELF dump's memory is mapped: see elf_maps.h. */
#include "elf_maps.h"

#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../image/maps.h"

/* Of the same memory: the kernel's image has one. */
#define NR_MORE 16

struct elf_maps {
	const struct image *image;	/* borrowed */
	uint64_t linear_start;		/* of physical 0; 0: unknown */
	struct image_map *maps;		/* ascending, disjoint; owned */
	size_t nr;
	struct image_map more[NR_MORE];
	size_t nr_more;
};

static int by_paddr(const void *a, const void *b)
{
	const struct image_map *x = a, *y = b;

	if (x->paddr != y->paddr)
		return x->paddr < y->paddr ? -1 : 1;
	if (x->len != y->len)
		return x->len > y->len ? -1 : 1;
	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

void elf_maps_destroy(struct elf_maps *maps)
{
	if (!maps)
		return;
	free(maps->maps);
	free(maps);
}

static void add_more(struct elf_maps *maps, const struct image_map *map)
{
	if (maps->nr_more < NR_MORE)
		maps->more[maps->nr_more++] = *map;
}

/* Adds MAP, the next by address: what lies beyond the ones before to maps, and
 * all of it to more if part of it is mapped elsewhere, too. */
static void add_map(struct elf_maps *maps, const struct image_map *map)
{
	struct image_map *last = maps->nr ? &maps->maps[maps->nr - 1] : NULL;
	uint64_t end = last ? last->paddr + last->len : 0, at;
	unsigned word = maps->image->target.word_size;

	if (map->paddr >= end) {
		maps->maps[maps->nr++] = *map;
		return;
	}
	if (map->vaddr && map->vaddr - map->paddr != last->vaddr - last->paddr)
		add_more(maps, map);
	if (map->paddr + map->len <= end)
		return;
	at = end - map->paddr;
	maps->maps[maps->nr++] = (struct image_map){
		end, map->len - at, image_map_vaddr(map, at, word) };
}

/* QEMU's headers have physical addresses (or, older ones, 0), compressed dumps
 * have none: there the kernel says where its memory is. It is not believed where
 * not all memory is in the linear map. *SAID: the header says it. */
static void ask_kernel(const struct dump_facts *facts, struct image_map *map,
		       bool *said)
{
	if (map->vaddr && map->vaddr != map->paddr)
		*said = true;
	else if (facts->linear_start && facts->image->target.word_size == 8)
		map->vaddr = facts->linear_start + map->paddr;
}

static struct error *fill(struct elf_maps *maps, const struct dump_facts *facts)
{
	const struct image *image = facts->image;
	size_t nr = image->nr_maps ? image->nr_maps : image->nr_segments;
	AUTO_FREE struct image_map *sorted = malloc(nr * sizeof(*sorted));
	bool said = false;

	maps->image = image;
	maps->linear_start = facts->linear_start;
	maps->maps = malloc(nr * sizeof(*maps->maps));
	if (!sorted || !maps->maps)
		return error_nomem();
	for (size_t i = 0; i < nr; i++)
		sorted[i] = image->nr_maps ? image->maps[i] :
			    (struct image_map){ image->segments[i].paddr,
						image->segments[i].memsz, 0 };
	qsort(sorted, nr, sizeof(*sorted), by_paddr);
	for (size_t i = 0; i < nr; i++) {
		ask_kernel(facts, &sorted[i], &said);
		add_map(maps, &sorted[i]);
	}
	if (!said && facts->kernel_map.len)
		add_more(maps, &facts->kernel_map);
	return NULL;
}

struct error *elf_maps_create(const struct dump_facts *facts,
			      struct elf_maps **ret)
{
	struct elf_maps *maps = calloc(1, sizeof(*maps));
	struct error *err;

	if (!maps)
		return error_nomem();
	err = fill(maps, facts);
	if (err) {
		elf_maps_destroy(maps);
		return err;
	}
	*ret = maps;
	return NULL;
}

/* The first map that ends after PADDR. */
static size_t find_map(const struct elf_maps *maps, uint64_t paddr)
{
	size_t low = 0, high = maps->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct image_map *map = &maps->maps[mid];

		if (map->paddr + map->len <= paddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct each {
	const struct elf_maps *maps;
	const struct elf_run *run;
	elf_load_fn *fn;
	void *arg;
	struct image_map pending;	/* len 0: none */
};

/* Calls FN for MAP, which lies within the run. */
static struct error *each_load(struct each *each, const struct image_map *map)
{
	const struct elf_run *run = each->run;
	uint64_t stored = run->stored;
	struct elf_load load = {
		.paddr = map->paddr, .vaddr = map->vaddr, .memsz = map->len,
		.offset = run->offset + (map->paddr - run->paddr),
	};

	/* what is not in the file still has a place there: crash 8.0.2
	 * netdump.c: is_netdump() takes the first for the end of the head */
	if (map->paddr < stored)
		load.filesz = min_u64(map->len, stored - map->paddr);
	else
		load.offset = run->offset + (stored - run->paddr);
	return each->fn(each->arg, &load);
}

static struct error *flush(struct each *each)
{
	struct image_map map = each->pending;

	each->pending.len = 0;
	return map.len ? each_load(each, &map) : NULL;
}

/* Adds [paddr, end) of MAP (NULL: no header says where it is mapped) to what is
 * pending, if it goes on there. */
static struct error *put(struct each *each, const struct image_map *map,
			 uint64_t paddr, uint64_t end)
{
	struct image_map *last = &each->pending;
	uint64_t linear = each->maps->linear_start, vaddr;

	vaddr = !map ? (linear ? linear + paddr : 0) :
		image_map_vaddr(map, paddr - map->paddr,
				each->maps->image->target.word_size);

	if (last->len && last->paddr + last->len == paddr &&
	    (vaddr == (last->vaddr ? last->vaddr + last->len : 0))) {
		last->len += end - paddr;
		return NULL;
	}
	TRY(flush(each));
	*last = (struct image_map){ paddr, end - paddr, vaddr };
	return NULL;
}

/* [paddr, end) of a segment. */
static struct error *put_range(struct each *each, uint64_t paddr, uint64_t end)
{
	const struct elf_maps *maps = each->maps;

	for (size_t i = find_map(maps, paddr); paddr < end; i++) {
		const struct image_map *map = &maps->maps[i];
		bool beyond = i >= maps->nr || map->paddr >= end;
		uint64_t from = beyond ? end : max_u64(map->paddr, paddr);
		uint64_t to = beyond ? end : min_u64(map->paddr + map->len, end);

		if (paddr < from)
			TRY(put(each, NULL, paddr, from));
		if (from < to)
			TRY(put(each, map, from, to));
		paddr = to;
	}
	return NULL;
}

struct error *elf_maps_each(const struct elf_maps *maps,
			    const struct elf_run *run, elf_load_fn *fn,
			    void *arg)
{
	struct each each = { maps, run, fn, arg, { 0, 0, 0 } };
	const struct image *image = maps->image;

	for (size_t i = image_find_segment(image, run->paddr);
	     i < image->nr_segments && image->segments[i].paddr < run->end; i++) {
		const struct segment *s = &image->segments[i];

		TRY(put_range(&each, max_u64(s->paddr, run->paddr),
			      min_u64(s->paddr + s->memsz, run->end)));
	}
	TRY(flush(&each));
	for (size_t i = 0; i < maps->nr_more; i++) {
		const struct image_map *map = &maps->more[i];
		uint64_t from = max_u64(map->paddr, run->paddr);
		uint64_t to = min_u64(map->paddr + map->len, run->end);
		struct image_map part = { from, to - from, 0 };

		if (from >= to)
			continue;
		part.vaddr = image_map_vaddr(map, from - map->paddr,
					     image->target.word_size);
		TRY(each_load(&each, &part));
	}
	return NULL;
}
