/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An ELF dump's header, program headers and notes, and which of the memory that they
 * name the file has: see verify_elf.h. Facts: elf(5).
 */
#include "verify_elf.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/stop.h"
#include "../image/elf_read.h"
#include "../image/notes.h"
#include "../image/vmcoreinfo.h"
#include "verify_impl.h"

#define PHDRS_AT_ONCE 512u
#define COMPARE 65536u		/* bytes at once */
#define COST 64u		/* to look for something to compare, in bytes */

struct elf_check {
	struct verify *verify;	/* problems go there */
	struct verify_elf *ret;
	Elf64_Ehdr ehdr;
	uint64_t nr_phdrs;
	unsigned phdr_len;
	uint64_t heads_end;	/* of the program headers, in the file */
	uint64_t to_compare;	/* bytes that may still be: as many as the file
				 * has, whatever headers claim */
	uint8_t buf[2][COMPARE];
};

static void check_ehdr(struct elf_check *c)
{
	const Elf64_Ehdr *e = &c->ehdr;
	bool narrow = e->e_ident[EI_CLASS] == ELFCLASS32;
	unsigned len = narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);

	c->phdr_len = narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	c->heads_end = e->e_phoff + c->nr_phdrs * c->phdr_len;
	if (e->e_version != EV_CURRENT)
		verify_problem(c->verify, "header: e_version is %u",
			       e->e_version);
	/* e_ehsize nobody looks at; QEMU's is 8 (dump/dump.c 7.2) */
	if (e->e_phoff < len)
		verify_problem(c->verify,
			       "header: the program headers (e_phoff %#" PRIx64 ") begin inside of it",
			       (uint64_t)e->e_phoff);
}

/* Program header number I, a PT_LOAD or a PT_NOTE. */
static void check_phdr(struct elf_check *c, uint64_t i, const Elf64_Phdr *p)
{
	if (p->p_memsz < p->p_filesz && p->p_type == PT_LOAD)
		verify_problem(c->verify,
			       "program header %" PRIu64 ": p_filesz is %#" PRIx64 ", p_memsz %#" PRIx64,
			       i, (uint64_t)p->p_filesz, (uint64_t)p->p_memsz);
	if (p->p_filesz && p->p_offset < c->heads_end &&
	    (p->p_offset >= c->ehdr.e_phoff ||
	     p->p_filesz > c->ehdr.e_phoff - p->p_offset))
		verify_problem(c->verify,
			       "program header %" PRIu64 ": its contents at offset %#" PRIx64 " lie in the program headers",
			       i, (uint64_t)p->p_offset);
}

/* The bytes of two places in the file are the same; what is missing of either is
 * lacking and no difference. */
static struct error *compare(struct elf_check *c, uint64_t a, uint64_t b,
			     uint64_t len, bool *same)
{
	const struct image_file *file = &c->verify->image->file;

	*same = true;
	for (uint64_t done = 0; done < len && *same; done += COMPARE) {
		size_t n = (size_t)min_u64(len - done, COMPARE);

		TRY(stop_check());
		if (!image_file_has(file, a + done, n) ||
		    !image_file_has(file, b + done, n))
			continue;
		TRY(image_file_read_exact(file, c->buf[0], n, a + done));
		TRY(image_file_read_exact(file, c->buf[1], n, b + done));
		*same = !memcmp(c->buf[0], c->buf[1], n);
	}
	return NULL;
}

/* What of a PT_LOAD another one has, too, in another place of the file, as
 * /proc/vmcore has the kernel's image, is the same there. */
static struct error *check_twice(struct elf_check *c, uint64_t i,
				 const Elf64_Phdr *p)
{
	const struct image *image = c->verify->image;
	uint64_t end, last;

	if (add_overflows(p->p_paddr, p->p_filesz, &end) ||
	    add_overflows(p->p_offset, p->p_filesz, &last))
		return NULL;	/* left out by the reader, which told */
	for (size_t k = image_find_segment(image, p->p_paddr);
	     k < image->nr_segments && image->segments[k].paddr < end; k++) {
		const struct segment *s = &image->segments[k];
		uint64_t from = max_u64(s->paddr, p->p_paddr);
		uint64_t to = min_u64(s->paddr + s->filesz, end);
		uint64_t a = p->p_offset + (from - p->p_paddr);
		uint64_t b = s->offset + (from - s->paddr);
		bool same;

		if (c->to_compare < COST)
			return NULL;
		c->to_compare -= COST;
		if (from >= to || a == b || c->to_compare < to - from)
			continue;
		c->to_compare -= to - from;
		TRY(compare(c, a, b, to - from, &same));
		if (!same)
			verify_problem(c->verify,
				       "program header %" PRIu64 ": memory from %#" PRIx64 " on is there twice, and not the same",
				       i, from);
	}
	return NULL;
}

static struct error *check_phdrs(struct elf_check *c)
{
	AUTO_FREE uint8_t *buf = malloc((size_t)PHDRS_AT_ONCE * c->phdr_len);

	if (!buf)
		return error_nomem();
	for (uint64_t i = 0; i < c->nr_phdrs; i++) {
		uint64_t k = i % PHDRS_AT_ONCE;
		Elf64_Phdr p;

		if (!k)
			TRY(image_file_read_exact(&c->verify->image->file, buf,
				(size_t)min_u64(c->nr_phdrs - i, PHDRS_AT_ONCE)
				* c->phdr_len,
				c->ehdr.e_phoff + i * c->phdr_len));
		elf_get_phdr(&c->ehdr, buf + k * c->phdr_len, &p);
		c->ret->nr_empty += p.p_type == PT_NULL;
		if (p.p_type != PT_LOAD && p.p_type != PT_NOTE)
			continue;
		check_phdr(c, i, &p);
		if (p.p_type != PT_LOAD)
			continue;
		c->ret->nr_loads++;
		/* the reader has left others out, and told */
		if (image_has(c->verify->image, p.p_paddr, 1) &&
		    !c->verify->image->live)
			TRY(check_twice(c, i, &p));
	}
	return NULL;
}

static int by_offset(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* No bytes of the file are two pieces of memory. Notes may be a piece of it. */
static struct error *check_places(struct elf_check *c)
{
	const struct image *image = c->verify->image;
	size_t nr = image->nr_segments;
	AUTO_FREE struct segment *all = calloc(nr, sizeof(*all));
	uint64_t end = 0;

	if (!all)
		return error_nomem();
	memcpy(all, image->segments, nr * sizeof(*all));
	qsort(all, nr, sizeof(*all), by_offset);
	for (size_t i = 0; i < nr; i++) {
		if (!all[i].filesz)
			continue;
		if (all[i].offset < end)
			verify_problem(c->verify,
				       "the file's bytes at offset %#" PRIx64 " are in two places of memory",
				       all[i].offset);
		end = max_u64(end, all[i].offset + all[i].filesz);
	}
	return NULL;
}

static void lacks(struct verify_elf *ret, uint64_t paddr, uint64_t end)
{
	ret->lacking += end - paddr;
	if (ret->nr_lacking && ret->nr_lacking <= VERIFY_MAX_LACKING &&
	    ret->range[ret->nr_lacking - 1].end == paddr) {
		ret->range[ret->nr_lacking - 1].end = end;
		return;
	}
	if (ret->nr_lacking < VERIFY_MAX_LACKING) {
		ret->range[ret->nr_lacking].paddr = paddr;
		ret->range[ret->nr_lacking].end = end;
	}
	ret->nr_lacking++;
}

/* Of a flattened file that was cut off anything may be missing: it is told by
 * pages. What lies in no record is passed at once. */
static void find_unsent(struct elf_check *c, const struct segment *s)
{
	const struct image_file *file = &c->verify->image->file;
	const uint64_t page =
		UINT64_C(1) << c->verify->image->target.page_shift;
	uint64_t end;

	for (uint64_t at = 0; at < s->filesz; at = end) {
		uint64_t next = image_file_next(file, s->offset + at);

		end = min_u64(at + page, s->filesz);
		if (image_file_has(file, s->offset + at, end - at))
			continue;
		if (next - s->offset > s->filesz)
			end = s->filesz;
		else
			end = max_u64(end, align_down(next - s->offset, page));
		lacks(c->ret, s->paddr + at, s->paddr + end);
	}
}

/* What of the memory that is named is not in the file. */
static struct error *find_lacking(struct elf_check *c)
{
	const struct image *image = c->verify->image;
	const struct image_file *file = &image->file;

	for (size_t i = 0; i < image->nr_segments; i++) {
		const struct segment *s = &image->segments[i];
		uint64_t has = file->size > s->offset ?
			       min_u64(file->size - s->offset, s->filesz) : 0;

		TRY(stop_check());
		c->ret->memory += s->memsz;
		c->ret->zero += s->memsz - s->filesz;
		if (!file->size)
			continue;	/* nobody knows */
		if (file->cut_off)
			find_unsent(c, s);
		else if (has < s->filesz)
			lacks(c->ret, s->paddr + has, s->paddr + s->filesz);
	}
	return NULL;
}

struct notes_seen {
	struct elf_check *c;
	uint64_t end;		/* of the last */
};

static struct error *see_note(void *arg, const struct note *note)
{
	struct notes_seen *seen = arg;

	seen->end = note->offset + note->len;
	seen->c->ret->nr_cpus += note_is_prstatus(note);
	return NULL;
}

/* Notes are understood to their end, behind which there are zeroes at most. */
static struct error *check_notes(struct elf_check *c)
{
	const struct image *image = c->verify->image;
	struct vmcoreinfo *v = NULL;
	uint32_t left = NOTES_MAX;

	for (size_t i = 0; i < image->nr_notes; i++) {
		const struct note_extent *extent = &image->notes[i];
		struct notes_seen seen = { c, extent->offset };

		TRY(notes_extent_each(image, i, NULL, see_note, &seen, &left));
		if (left == UINT32_MAX)
			break;		/* more than are looked at */
		TRY(verify_zeroes(c->verify, seen.end,
				  extent->offset + extent->len,
				  "in a PT_NOTE, that is no note"));
	}
	TRY(vmcoreinfo_read(image, NULL, &v));
	vmcoreinfo_destroy(v);
	return NULL;
}

struct error *verify_elf(const struct image *image, struct log *log,
			 struct verify_elf *ret)
{
	AUTO_FREE struct elf_check *c = calloc(1, sizeof(*c));
	struct verify_report report = { 0 };
	struct verify verify = { .image = image, .log = log,
				 .report = &report };

	memset(ret, 0, sizeof(*ret));
	if (!c)
		return error_nomem();
	c->verify = &verify;
	c->ret = ret;
	c->to_compare = image->file.size;
	TRY(elf_read_ehdr(&image->file, &c->ehdr));
	TRY(elf_count_phdrs(&image->file, &c->ehdr, &c->nr_phdrs));
	check_ehdr(c);
	TRY(check_phdrs(c));
	TRY(check_places(c));
	TRY(check_notes(c));
	TRY(find_lacking(c));
	ret->nr_problems = report.nr_problems;
	return NULL;
}
