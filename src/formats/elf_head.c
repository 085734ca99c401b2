/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers of an ELF dump: see elf_head.h. Sizes and offsets are those of
 * Elf32_Ehdr, Elf64_Ehdr and so on (elf(5)).
 *
 * crash 8.0.2 netdump.c: is_netdump() takes a file for kdump's only if the
 * first header is the PT_NOTE and the next one's p_align is 0.
 */
#include "elf_head.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../image/image.h"
#include "head_stream.h"

#define DATA_ALIGN 4096u
#define FIRST_BLOCK 4096u

/* A dump that a machine of 32 bits can tell offsets of. */
static bool is_narrow(const struct dump_facts *facts, uint64_t nr_loads,
		      uint64_t note_len)
{
	const struct image *image = facts->image;
	uint64_t len = (facts->nr_kept << facts->page_shift) + note_len +
		       nr_loads * sizeof(Elf32_Phdr) + 2 * FIRST_BLOCK;

	return image->target.word_size == 4 && len <= UINT32_MAX &&
	       image_end_paddr(image) - 1 <= UINT32_MAX;
}

struct error *elf_head_init(const struct dump_facts *facts, uint64_t nr_loads,
			    struct elf_head *head, struct dump_layout *layout)
{
	struct head_notes notes;
	uint64_t at, shdr;

	TRY(head_notes_measure(facts, &notes));
	/* sh_info counts in 32 bits; offsets are signed */
	if (nr_loads >= UINT32_MAX || notes.len > INT64_MAX / 4 ||
	    facts->nr_kept > (uint64_t)INT64_MAX / 4 >> facts->page_shift)
		return error_create(ERROR_INVALID, "%llu segments and %llu "
				    "bytes of notes do not fit the format",
				    (unsigned long long)nr_loads,
				    (unsigned long long)notes.len);
	*head = (struct elf_head){
		.narrow = is_narrow(facts, nr_loads, notes.len),
		.big = facts->image->target.big_endian,
		.nr_loads = nr_loads,
		.note_len = notes.len,
	};
	at = head->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
	shdr = head->narrow ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);
	head->phdr_len = head->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	head->flags = head->narrow ? 36 : 48;
	head->loads = at + head->phdr_len;
	at = head->loads + nr_loads * head->phdr_len;
	if (nr_loads + 1 >= PN_XNUM)
		at += shdr;
	head->note_offset = at;
	*layout = (struct dump_layout){
		.head_len = at + notes.len,
		.data = align_up(at + notes.len, DATA_ALIGN),
		.max_size = facts->max_size,
	};
	return NULL;
}

void elf_head_status(const struct dump_facts *facts, bool complete,
		     uint8_t status[4])
{
	const struct target *target = &facts->image->target;
	uint32_t mark = elf_incomplete_bits(target->elf_machine,
					    target->big_endian);

	put_u32(status, (facts->image->elf_flags & ~mark) |
		(complete ? 0 : mark), target->big_endian);
}

/* A number of the class's own length. */
static void put_word(const struct elf_head *head, uint8_t *p, uint64_t v)
{
	if (head->narrow)
		put_u32(p, (uint32_t)v, head->big);
	else
		put_u64(p, v, head->big);
}

static void put_phdr(const struct elf_head *head, uint32_t type,
		     const struct elf_load *load, uint8_t *p)
{
	unsigned word = head->narrow ? 4 : 8;
	uint8_t *q = p + word;		/* p_offset: after p_flags, or type */

	put_u32(p, type, head->big);
	put_u32(p + (head->narrow ? 24 : 4), type == PT_LOAD ?
		PF_R | PF_W | PF_X : 0, head->big);
	put_word(head, q, load->offset);
	put_word(head, q + word, load->vaddr);
	put_word(head, q + 2 * word, load->paddr);
	put_word(head, q + 3 * word, load->filesz);
	put_word(head, q + 4 * word, load->memsz);
}

void elf_head_put_load(const struct elf_head *head, const struct elf_load *load,
		       uint8_t *p)
{
	memset(p, 0, head->phdr_len);
	if (load->memsz)
		put_phdr(head, PT_LOAD, load, p);
}

/* The header, and the PT_NOTE behind it, to zeroes at P. */
static void put_ehdr(const struct dump_facts *facts,
		     const struct elf_head *head, uint8_t *p)
{
	const struct elf_load note = { 0, 0, head->note_offset, head->note_len,
				       head->note_len };
	bool many = head->nr_loads + 1 >= PN_XNUM, big = head->big;
	size_t ehdr_len = head->loads - head->phdr_len;
	unsigned word = head->narrow ? 4 : 8;
	uint8_t *half = p + head->flags + 4;	/* e_ehsize and its like */
	uint16_t halves[] = {
		(uint16_t)ehdr_len, (uint16_t)head->phdr_len,
		many ? PN_XNUM : (uint16_t)(head->nr_loads + 1),
		many ? (head->narrow ? sizeof(Elf32_Shdr) :
			sizeof(Elf64_Shdr)) : 0, many ? 1 : 0, 0
	};

	memcpy(p, ELFMAG, SELFMAG);
	p[EI_CLASS] = head->narrow ? ELFCLASS32 : ELFCLASS64;
	p[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
	p[EI_VERSION] = EV_CURRENT;
	put_u16(p + 16, ET_CORE, big);
	put_u16(p + 18, facts->image->target.elf_machine, big);
	put_u32(p + 20, EV_CURRENT, big);
	put_word(head, p + 24 + word, ehdr_len);
	if (many)
		put_word(head, p + 24 + 2 * word, head->note_offset -
			 halves[3]);
	elf_head_status(facts, false, p + head->flags);
	for (size_t i = 0; i < sizeof(halves) / sizeof(*halves); i++)
		put_u16(half + 2 * i, halves[i], big);
	put_phdr(head, PT_NOTE, &note, p + ehdr_len);
}

/* Section header 0: elf(5), e_phnum. */
static void put_shdr(const struct elf_head *head, uint8_t *p)
{
	put_word(head, p + (head->narrow ? 20 : 32), 1);	/* sh_size */
	put_u32(p + (head->narrow ? 28 : 44), (uint32_t)head->nr_loads + 1,
		head->big);					/* sh_info */
}

struct error *elf_head_write(const struct dump_facts *facts,
			     const struct elf_head *head,
			     const struct dump_layout *layout,
			     struct sink *sink)
{
	AUTO_FREE uint8_t *buf = calloc(1, HEAD_PIECE);
	struct head_stream stream = { facts, sink, buf, 0, 0, UINT64_MAX };
	uint64_t at = head->loads + head->nr_loads * head->phdr_len;

	if (!buf)
		return error_nomem();
	if (!sink->ops->rewrites) {
		put_ehdr(facts, head, buf);
		stream.skip = head->flags;
		stream.len = head->loads;
		TRY(head_stream_flush(&stream));
	}
	memset(buf, 0, head->note_offset - at);
	if (head->note_offset > at)
		put_shdr(head, buf);
	stream.offset = at;
	stream.len = head->note_offset - at;
	TRY(head_stream_notes(&stream));
	TRY(head_stream_zero(&stream, layout->data - stream.offset -
			     stream.len));
	return head_stream_flush(&stream);
}

struct error *elf_head_open(const struct dump_facts *facts,
			    const struct elf_head *head, struct sink *sink)
{
	uint8_t buf[256] = { 0 };

	put_ehdr(facts, head, buf);
	return sink->ops->meta(sink, 0, buf, head->loads);
}
