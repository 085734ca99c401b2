/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptor table where the sink can rewrite. It is kept in blocks, which
 * are in the file 60 KiB of whole descriptors and whole 4 KiB blocks, in memory
 * 20 KiB: a number each. All of them are in memory if they fit, else the last
 * used ones.
 *
 * A block is dirty until a checkpoint hands it to the sink, then *sent*: the
 * sink may still drop it, if the write of data before it fails. It is safe
 * when the sink has reached the barrier of the next checkpoint; only then may
 * its memory be used for another block. So after a failure every descriptor
 * that is not surely in the file is still here.
 */
#include "kdump_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "kdump_format.h"

#define BLOCK_DESCS 2560u
#define BLOCK (BLOCK_DESCS * KDUMP_D_LEN)
#define MAX_SLOTS 68u		/* 1.3 MiB */

_Static_assert(BLOCK % 4096 == 0, "blocks of the table are the file's");

enum slot_state { SLOT_EMPTY, SLOT_SAFE, SLOT_SENT, SLOT_DIRTY };

struct slot {
	enum slot_state state;
	uint64_t block;		/* number in the table */
	uint64_t barrier;	/* sent: safe when the sink reached this one */
	uint64_t used;		/* the higher, the later */
	uint64_t *descs;	/* BLOCK_DESCS of table->memory: see pack() */
};

struct kdump_table {
	struct sink *sink;	/* borrowed */
	uint64_t base, len;	/* of the table in the dump, padding included */
	uint32_t raw_size, packed_flags;	/* of a page's descriptor */
	bool big;
	struct slot slots[MAX_SLOTS];
	unsigned nr_slots, nr_dirty;
	unsigned max_dirty;	/* then a checkpoint; 0: all blocks fit, each
				 * has the slot of its number */
	struct slot *last;	/* the one used last; NULL */
	uint64_t clock;		/* for slot.used */
	uint64_t nr_barriers, nr_checkpoints;
	uint64_t *memory;	/* owned */
	uint8_t *bytes;		/* BLOCK bytes: one as in the file; owned */
	uint64_t *written;	/* bit: the block is not all zeroes in the
				 * file; owned */
};

/* A descriptor in memory: its offset, above it the size of packed data (less
 * than a page), 0: a raw page. All 0: none. */
#define SIZE_SHIFT 47

_Static_assert(KDUMP_TABLE_MAX_OFFSET == 1ull << SIZE_SHIFT, "");

/* False if it is none that kdump_table_set() may be given. */
static bool pack(const struct kdump_table *table, const struct kdump_desc *desc,
		 uint64_t *ret)
{
	uint64_t size = desc->flags ? desc->size : 0;

	*ret = size << SIZE_SHIFT | desc->offset;
	if (!desc->offset || desc->offset >= KDUMP_TABLE_MAX_OFFSET)
		return false;
	if (!desc->flags)
		return desc->size == table->raw_size;
	return desc->flags == table->packed_flags && size && size <= UINT16_MAX;
}

static struct kdump_desc unpack(const struct kdump_table *table, uint64_t n)
{
	struct kdump_desc desc = {
		.offset = n & (KDUMP_TABLE_MAX_OFFSET - 1),
		.size = (uint32_t)(n >> SIZE_SHIFT),
	};

	if (desc.size)
		desc.flags = table->packed_flags;
	else if (n)
		desc.size = table->raw_size;
	return desc;
}

struct error *kdump_table_create(struct sink *sink,
				 const struct dump_layout *layout, bool big,
				 uint32_t raw_size, uint32_t packed_flags,
				 struct kdump_table **ret)
{
	struct kdump_table *table = calloc(1, sizeof(*table));
	uint64_t nr_blocks = (layout->table_len + BLOCK - 1) / BLOCK;

	if (!table)
		return error_nomem();
	table->sink = sink;
	table->base = layout->table;
	table->len = layout->data - layout->table;
	table->nr_barriers = sink->ops->reached(sink);
	table->big = big;
	table->raw_size = raw_size;
	table->packed_flags = packed_flags;
	table->nr_slots = min_u64(nr_blocks, MAX_SLOTS);
	/* a third fills while a third is on its way and one is safe */
	if (nr_blocks > MAX_SLOTS)
		table->max_dirty = MAX_SLOTS / 3;
	table->memory = malloc((size_t)table->nr_slots * BLOCK_DESCS *
			       sizeof(uint64_t) + 1);
	table->bytes = malloc(BLOCK);
	table->written = calloc(nr_blocks / 64 + 1, sizeof(uint64_t));
	if (!table->memory || !table->bytes || !table->written) {
		kdump_table_destroy(table);
		return error_nomem();
	}
	for (unsigned i = 0; i < table->nr_slots; i++)
		table->slots[i].descs = table->memory +
					(size_t)i * BLOCK_DESCS;
	*ret = table;
	return NULL;
}

void kdump_table_destroy(struct kdump_table *table)
{
	if (!table)
		return;
	free(table->memory);
	free(table->bytes);
	free(table->written);
	free(table);
}

/* Bytes of BLOCK: the last one may be cut, at a multiple of 4 KiB. */
static size_t block_len(const struct kdump_table *table, uint64_t block)
{
	return min_u64(BLOCK, table->len - block * BLOCK);
}

static void desc_put(uint8_t *p, const struct kdump_desc *desc, bool big)
{
	put_u64(p + KDUMP_D_OFFSET, desc->offset, big);
	put_u32(p + KDUMP_D_SIZE, desc->size, big);
	put_u32(p + KDUMP_D_FLAGS, desc->flags, big);
	put_u64(p + KDUMP_D_PAGE_FLAGS, 0, big);
}

static struct error *slot_write(struct kdump_table *table,
				const struct slot *slot)
{
	for (unsigned i = 0; i < BLOCK_DESCS; i++) {
		struct kdump_desc desc = unpack(table, slot->descs[i]);

		desc_put(table->bytes + i * KDUMP_D_LEN, &desc, table->big);
	}
	/* whatever comes of the write, it may have been done */
	table->written[slot->block / 64] |= 1ull << slot->block % 64;
	return table->sink->ops->meta(table->sink,
				      table->base + slot->block * BLOCK,
				      table->bytes,
				      block_len(table, slot->block));
}

/* Into SLOT, which is empty: zeroes if the block was never written. */
static struct error *slot_read(struct kdump_table *table, uint64_t block,
			       struct slot *slot)
{
	memset(slot->descs, 0, BLOCK_DESCS * sizeof(*slot->descs));
	if (!(table->written[block / 64] >> block % 64 & 1))
		return NULL;
	memset(table->bytes, 0, BLOCK);
	TRY(table->sink->ops->read_back(table->sink,
					table->base + block * BLOCK,
					table->bytes, block_len(table, block)));
	for (unsigned i = 0; i < BLOCK_DESCS; i++) {
		const uint8_t *p = table->bytes + i * KDUMP_D_LEN;
		struct kdump_desc desc = {
			.offset = get_u64(p + KDUMP_D_OFFSET, table->big),
			.size = get_u32(p + KDUMP_D_SIZE, table->big),
			.flags = get_u32(p + KDUMP_D_FLAGS, table->big),
		};

		if (desc.offset && !pack(table, &desc, &slot->descs[i]))
			return error_create(ERROR_IO, "the page table does not "
					    "hold what was written to it");
	}
	return NULL;
}

struct error *kdump_table_checkpoint(struct kdump_table *table)
{
	const struct sink_ops *ops = table->sink->ops;

	TRY(ops->barrier(table->sink));
	table->nr_barriers++;
	table->nr_checkpoints += table->nr_dirty != 0;
	for (unsigned i = 0; i < table->nr_slots; i++) {
		struct slot *slot = &table->slots[i];

		if (slot->state != SLOT_DIRTY)
			continue;
		TRY(slot_write(table, slot));
		slot->state = SLOT_SENT;
		slot->barrier = table->nr_barriers + 1;
		table->nr_dirty--;
	}
	return NULL;
}

static bool slot_is_free(const struct kdump_table *table, struct slot *slot)
{
	if (slot->state == SLOT_SENT &&
	    table->sink->ops->reached(table->sink) >= slot->barrier)
		slot->state = SLOT_SAFE;
	return slot->state == SLOT_EMPTY || slot->state == SLOT_SAFE;
}

/* The slot that was not needed for longest, NULL if none may be taken. */
static struct slot *slot_find_free(struct kdump_table *table)
{
	struct slot *best = NULL;

	for (unsigned i = 0; i < table->nr_slots; i++) {
		struct slot *slot = &table->slots[i];

		if (slot_is_free(table, slot) &&
		    (!best || slot->used < best->used))
			best = slot;
	}
	return best;
}

static struct error *slot_take(struct kdump_table *table, struct slot **ret)
{
	uint64_t written;

	if (table->max_dirty && table->nr_dirty >= table->max_dirty)
		TRY(kdump_table_checkpoint(table));
	*ret = slot_find_free(table);
	if (*ret)
		return NULL;
	/* The sink is behind: what is sent is safe when this is done. */
	TRY(table->sink->ops->barrier(table->sink));
	table->nr_barriers++;
	TRY(table->sink->ops->drain(table->sink, &written));
	*ret = slot_find_free(table);
	assert(*ret);
	return NULL;
}

/* The slot that holds BLOCK, NULL if none does. */
static struct slot *slot_of(struct kdump_table *table, uint64_t block)
{
	for (unsigned i = 0; i < table->nr_slots; i++) {
		struct slot *slot = &table->slots[i];

		if (slot->state != SLOT_EMPTY && slot->block == block)
			return slot;
	}
	return NULL;
}

/* The slot for BLOCK, which is read into it if need be. */
static struct error *slot_get(struct kdump_table *table, uint64_t block,
			      struct slot **ret)
{
	struct slot *slot;

	if (!table->max_dirty) {
		slot = &table->slots[block];
	} else {
		*ret = slot_of(table, block);
		if (*ret)
			return NULL;
		TRY(slot_take(table, &slot));
	}
	*ret = slot;
	if (slot->state != SLOT_EMPTY && slot->block == block)
		return NULL;
	slot->state = SLOT_EMPTY;
	TRY(slot_read(table, block, slot));
	slot->state = SLOT_SAFE;
	slot->block = block;
	return NULL;
}

struct error *kdump_table_set(struct kdump_table *table, uint64_t index,
			      const struct kdump_desc *desc)
{
	uint64_t block = index / BLOCK_DESCS;
	struct slot *slot = table->last;
	bool packs;

	assert((index + 1) * KDUMP_D_LEN <= table->len);
	if (!slot || slot->state == SLOT_EMPTY || slot->block != block)
		TRY(slot_get(table, block, &slot));
	table->last = slot;
	slot->used = ++table->clock;
	if (slot->state != SLOT_DIRTY)
		table->nr_dirty++;
	slot->state = SLOT_DIRTY;
	packs = pack(table, desc, &slot->descs[index % BLOCK_DESCS]);
	assert(packs);
	return NULL;
}

uint64_t kdump_table_nr_checkpoints(const struct kdump_table *table)
{
	return table->nr_checkpoints;
}

void kdump_table_recover(struct kdump_table *table, uint64_t written,
			 uint64_t *nr)
{
	*nr = 0;
	table->nr_dirty = 0;
	for (unsigned i = 0; i < table->nr_slots; i++) {
		struct slot *slot = &table->slots[i];

		if (slot->state != SLOT_SENT && slot->state != SLOT_DIRTY)
			continue;
		slot->state = SLOT_DIRTY;
		table->nr_dirty++;
		for (unsigned j = 0; j < BLOCK_DESCS; j++) {
			struct kdump_desc desc = unpack(table, slot->descs[j]);

			if (desc.offset + desc.size <= written)
				continue;
			slot->descs[j] = 0;
			++*nr;
		}
	}
}
