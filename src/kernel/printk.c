/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lockless log of Linux 5.10+ (kernel/printk/printk_ringbuffer.[ch]): a
 * ring of descriptors, one of infos beside it, and one of text blocks. A
 * descriptor's state word holds its id and a state; ids grow, and the slot is
 * the id modulo the number of descriptors.
 */
#include "printk.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"
#include "printk_ring.h"

/* LOG_BUF_LEN_MAX is 2 GiB, PRB_AVGBITS 5 (Linux kernel/printk/printk.c) */
#define MAX_TEXT_BITS	31u
#define MAX_DESC_BITS	26u
#define TEXT_MAX	65535u	/* printk_info.text_len has 16 bits */
/* So many records in a row that can't be read or are none end it: a CPU has
 * one or two in the making */
#define MAX_BAD		4096u

/* Linux: enum desc_state */
#define STATE_COMMITTED	1u
#define STATE_FINALIZED	2u

/* The state is the top two bits of its word, the id the others. */
static unsigned state_shift(const struct printk_ring *r)
{
	return 8 * r->word - 2;
}

static uint64_t id_mask(const struct printk_ring *r)
{
	return (1ull << state_shift(r)) - 1;
}

struct ring_key {
	const char *kind, *name;
	uint64_t *at;
};

static struct error *get_keys(const struct kernel *kernel,
			      const struct ring_key *keys, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (!vmcoreinfo_number(kernel->vmcoreinfo, keys[i].kind,
				       keys[i].name, keys[i].at))
			return error_create(ERROR_UNSUPPORTED,
					    "VMCOREINFO describes no kernel "
					    "log: it lacks %s(%s)",
					    keys[i].kind, keys[i].name);
		if (*keys[i].at > 4096 && keys[i].kind[0] != 'S')
			return error_create(ERROR_INVALID,
					    "VMCOREINFO: %s(%s) is %llu",
					    keys[i].kind, keys[i].name,
					    (unsigned long long)*keys[i].at);
	}
	return NULL;
}

static struct error *get_number(const struct kernel *kernel, struct view *view,
				uint64_t vaddr, unsigned size, const char *what,
				uint64_t *ret)
{
	uint8_t buf[8];

	TRY(space_read_exact(&kernel->space, view, vaddr, buf, size, what));
	*ret = get_uint(buf, size, kernel->space.target.big_endian);
	return NULL;
}

#define NR(array) (sizeof(array) / sizeof(*(array)))

static struct error *ring_layout(const struct kernel *kernel,
				 struct printk_ring *r)
{
	uint64_t lpos, begin, next;
	const struct ring_key keys[] = {
		{ "SIZE", "prb_desc", &r->desc_size },
		{ "OFFSET", "prb_desc.state_var", &r->state },
		{ "OFFSET", "prb_desc.text_blk_lpos", &lpos },
		{ "OFFSET", "prb_data_blk_lpos.begin", &begin },
		{ "OFFSET", "prb_data_blk_lpos.next", &next },
		{ "SIZE", "printk_info", &r->info_size },
		{ "OFFSET", "printk_info.seq", &r->sequence },
		{ "OFFSET", "printk_info.ts_nsec", &r->time },
		{ "OFFSET", "printk_info.text_len", &r->text_len },
	};

	TRY(get_keys(kernel, keys, NR(keys)));
	r->begin = lpos + begin;
	r->next = lpos + next;
	/* facility and level follow text_len, unnamed */
	if (r->desc_size > 4096 || r->info_size > 4096 ||
	    r->state + r->word > r->desc_size ||
	    r->begin + r->word > r->desc_size ||
	    r->next + r->word > r->desc_size ||
	    r->sequence + 8 > r->info_size ||
	    r->time + 8 > r->info_size || r->text_len + 4 > r->info_size)
		return error_create(ERROR_INVALID, "VMCOREINFO: the kernel "
				    "log's fields lie outside their structs");
	return NULL;
}

struct error *printk_ring_find(const struct kernel *kernel, struct view *view,
			       struct printk_ring *r)
{
	uint64_t prb, ring, desc_ring, text_ring, count_bits, descs, infos;
	uint64_t head, tail, size_bits, text, bits;
	const struct ring_key keys[] = {
		{ "SYMBOL", "prb", &prb },
		{ "OFFSET", "printk_ringbuffer.desc_ring", &desc_ring },
		{ "OFFSET", "printk_ringbuffer.text_data_ring", &text_ring },
		{ "OFFSET", "prb_desc_ring.count_bits", &count_bits },
		{ "OFFSET", "prb_desc_ring.descs", &descs },
		{ "OFFSET", "prb_desc_ring.infos", &infos },
		{ "OFFSET", "prb_desc_ring.head_id", &head },
		{ "OFFSET", "prb_desc_ring.tail_id", &tail },
		{ "OFFSET", "prb_data_ring.size_bits", &size_bits },
		{ "OFFSET", "prb_data_ring.data", &text },
	};
	const struct {
		uint64_t *offset, *at;
	} numbers[] = {
		{ &descs, &r->descs }, { &infos, &r->infos },
		{ &head, &r->head_id }, { &tail, &r->tail_id },
	};

	r->word = kernel->space.target.word_size;
	TRY(get_keys(kernel, keys, NR(keys)));
	TRY(ring_layout(kernel, r));
	TRY(get_number(kernel, view, prb, r->word, "prb", &ring));
	for (size_t i = 0; i < NR(numbers); i++)
		TRY(get_number(kernel, view, ring + desc_ring +
			       *numbers[i].offset, r->word, "the kernel log's "
			       "descriptor ring", numbers[i].at));
	TRY(get_number(kernel, view, ring + text_ring + text, r->word,
		       "the kernel log's text ring", &r->text));
	TRY(get_number(kernel, view, ring + desc_ring + count_bits, 4,
		       "the kernel log's descriptor ring", &bits));
	r->nr_descs = 1ull << (bits & 31);
	TRY(get_number(kernel, view, ring + text_ring + size_bits, 4,
		       "the kernel log's text ring", &size_bits));
	r->text_size = 1ull << (size_bits & 63);
	if (bits > MAX_DESC_BITS || size_bits > MAX_TEXT_BITS ||
	    size_bits < 4 ||
	    ((r->head_id - r->tail_id) & id_mask(r)) >= r->nr_descs)
		return error_create(ERROR_INVALID, "the kernel log claims 2^%llu"
				    " bytes, 2^%llu records, ids %#llx to "
				    "%#llx", (unsigned long long)size_bits,
				    (unsigned long long)bits,
				    (unsigned long long)r->tail_id,
				    (unsigned long long)r->head_id);
	return NULL;
}

/*
 * Where a record's block lies, and how long it is; false if the record has
 * none. A block is: id (a word), text, padding to a word; one that would run
 * over the ring's end starts at the ring's start instead. Positions grow, are
 * offsets modulo the ring's size, and begin near the top of a word.
 */
static bool block_place(const struct printk_ring *r, uint64_t begin,
			uint64_t next, uint64_t *offset, uint64_t *len)
{
	uint64_t top = UINT64_MAX >> (64 - 8 * r->word);
	uint64_t size = r->text_size, last = (next - 1) & top;

	/* bit 0: no data (LPOS_DATALESS()) */
	if ((begin | next) & (r->word - 1))
		return false;
	if (begin / size == last / size && begin <= last)
		*offset = begin % size;
	else if (((begin + size) & top) / size == last / size)
		*offset = 0;
	else
		return false;
	*len = last % size + 1 - *offset;
	return *len >= r->word;
}

struct reader {
	const struct kernel *kernel;
	struct view *view;
	const struct printk_ring *ring;
	char *text;		/* TEXT_MAX */
};

static struct error *read_text(struct reader *r, uint64_t id,
			       const uint8_t *desc, uint64_t len_said,
			       size_t *len, bool *ok)
{
	bool big_endian = r->kernel->space.target.big_endian;
	unsigned word = r->ring->word;
	uint64_t begin = get_uint(desc + r->ring->begin, word, big_endian);
	uint64_t next = get_uint(desc + r->ring->next, word, big_endian);
	const struct space *space = &r->kernel->space;
	uint64_t offset, size, owner;
	enum page_state state;

	*len = 0;
	/* Linux: EMPTY_LINE_LPOS, an empty line; FAILED_LPOS (1), lost */
	*ok = begin == 3 && next == 3;
	if (!block_place(r->ring, begin, next, &offset, &size))
		return NULL;
	TRY(space_read_word(space, r->view, r->ring->text + offset, &owner,
			    &state));
	if (state != PAGE_OK || owner != id)
		return NULL;
	*len = (size_t)min_u64(len_said, size - word);
	TRY(space_read(space, r->view, r->ring->text + offset + word, r->text,
		       *len, &state));
	*ok = state == PAGE_OK;
	return NULL;
}

static struct error *read_record(struct reader *r, uint64_t id,
				 struct printk_record *record, bool *valid,
				 bool *ok)
{
	const struct printk_ring *ring = r->ring;
	const struct space *space = &r->kernel->space;
	bool big_endian = space->target.big_endian;
	uint64_t slot = id & (ring->nr_descs - 1), state_word;
	uint8_t desc[4096], info[4096];
	enum page_state state;

	*valid = *ok = false;
	TRY(space_read(space, r->view, ring->descs + slot * ring->desc_size,
		       desc, ring->desc_size, &state));
	if (state == PAGE_OK)
		TRY(space_read(space, r->view, ring->infos + slot *
			       ring->info_size, info, ring->info_size, &state));
	if (state != PAGE_OK)
		return NULL;
	state_word = get_uint(desc + ring->state, ring->word, big_endian);
	if ((state_word ^ id) & id_mask(ring) ||
	    (state_word >> state_shift(ring) != STATE_COMMITTED &&
	     state_word >> state_shift(ring) != STATE_FINALIZED))
		return NULL;	/* being written, or free */
	record->sequence = get_u64(info + ring->sequence, big_endian);
	record->nanoseconds = get_u64(info + ring->time, big_endian);
	record->facility = info[ring->text_len + 2];
	/* flags:5, level:3 */
	record->level = big_endian ? info[ring->text_len + 3] & 7 :
			info[ring->text_len + 3] >> 5;
	record->text = r->text;
	*valid = true;
	return read_text(r, state_word & id_mask(ring), desc,
			 get_u16(info + ring->text_len, big_endian),
			 &record->len, ok);
}

static struct error *ring_each(const struct kernel *kernel, struct view *view,
			       const struct printk_ring *ring, struct log *log,
			       printk_fn *fn, void *arg)
{
	AUTO_FREE char *text = malloc(TEXT_MAX + 1);
	struct reader r = { .kernel = kernel, .view = view, .ring = ring,
			    .text = text };
	uint64_t nr = ((ring->head_id - ring->tail_id) & id_mask(ring)) + 1;
	unsigned bad = 0;

	if (!text)
		return error_nomem();
	for (uint64_t i = 0; i < nr; i++) {
		struct printk_record record;
		bool valid, ok;

		TRY(read_record(&r, ring->tail_id + i, &record, &valid, &ok));
		if (ok)
			TRY(fn(arg, &record));
		bad = valid ? 0 : bad + 1;
		if (bad == MAX_BAD) {
			log_warn(log, "the kernel log can't be read from "
				 "record %llu of %llu on",
				 (unsigned long long)(i + 1 - MAX_BAD),
				 (unsigned long long)nr);
			break;
		}
	}
	return NULL;
}

struct error *printk_each(const struct kernel *kernel, struct view *view,
			  struct log *log, printk_fn *fn, void *arg)
{
	struct printk_buffer buffer;
	struct printk_ring ring;

	if (!kernel->has_space)
		return error_create(ERROR_INVALID,
				    "the kernel log can't be found: %s",
				    kernel->why_not_pages);
	if (!vmcoreinfo_get(kernel->vmcoreinfo, "SYMBOL(prb)") &&
	    vmcoreinfo_get(kernel->vmcoreinfo, "SYMBOL(log_buf)")) {
		TRY(printk_buffer_find(kernel, view, &buffer));
		return printk_buffer_each(kernel, view, &buffer, log, fn, arg);
	}
	TRY(printk_ring_find(kernel, view, &ring));
	return ring_each(kernel, view, &ring, log, fn, arg);
}

struct printer {
	FILE *file;
	uint64_t nr;
};

/* As Linux record_print_text() does. */
void printk_record_print(const struct printk_record *record, FILE *file)
{
	const char *line = record->text, *end = line + record->len;
	bool more = true;

	while (more) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		more = stop;
		stop = stop ? stop : end;
		fprintf(file, "[%5llu.%06llu] ",
			(unsigned long long)(record->nanoseconds / 1000000000),
			(unsigned long long)(record->nanoseconds % 1000000000 /
					     1000));
		/* a tab within a line is harmless, and kernels use it */
		text_print_escaped(file, line, (size_t)(stop - line), 1);
		fputc('\n', file);
		line = stop + 1;
	}
}

static struct error *print_record(void *arg, const struct printk_record *record)
{
	struct printer *printer = arg;

	printk_record_print(record, printer->file);
	printer->nr++;
	return NULL;
}

struct error *printk_print(const struct kernel *kernel, struct view *view,
			   struct log *log, FILE *file, uint64_t *ret)
{
	struct printer printer = { .file = file };
	struct error *err = printk_each(kernel, view, log, print_record,
					&printer);

	*ret = printer.nr;
	return err;
}
