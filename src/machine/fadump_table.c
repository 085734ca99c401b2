/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The property ibm,kernel-dump: see fadump_table.h. */
#include "fadump_table.h"

#include <stdio.h>

#include "../base/bytes.h"

/* Offsets: of the header, and of a section */
#define HEADER_LEN	0x28u
#define HEADER_VERSION	0x00u
#define HEADER_NR	0x04u
#define HEADER_STATUS	0x06u
#define HEADER_FIRST	0x08u

#define SECTION_LEN	0x28u
#define SECTION_TYPE	0x04u
#define SECTION_ERROR	0x06u
#define SECTION_SOURCE	0x08u
#define SECTION_ASKED	0x10u
#define SECTION_DUMPED	0x18u
#define SECTION_DEST	0x20u

struct error *fadump_table_parse(const uint8_t *bytes, size_t len,
				 struct fadump_table *ret)
{
	uint64_t first;

	*ret = (struct fadump_table){ .nr = 0 };
	if (len < HEADER_LEN)
		return error_create(ERROR_INVALID,
				    "ibm,kernel-dump has %#zx bytes, its header alone %#x",
				    len, HEADER_LEN);
	ret->version = get_u32(bytes + HEADER_VERSION, true);
	ret->nr_claimed = get_u16(bytes + HEADER_NR, true);
	ret->status = get_u16(bytes + HEADER_STATUS, true);
	first = get_u32(bytes + HEADER_FIRST, true);
	while (ret->nr < ret->nr_claimed && ret->nr < FADUMP_MAX_SECTIONS &&
	       first + SECTION_LEN <= len) {
		const uint8_t *at = bytes + first;

		ret->sections[ret->nr++] = (struct fadump_section){
			.offset = (unsigned)first,
			.request = get_u32(at, true),
			.type = get_u16(at + SECTION_TYPE, true),
			.error_flags = get_u16(at + SECTION_ERROR, true),
			.source = get_u64(at + SECTION_SOURCE, true),
			.asked = get_u64(at + SECTION_ASKED, true),
			.dumped = get_u64(at + SECTION_DUMPED, true),
			.destination = get_u64(at + SECTION_DEST, true),
		};
		first += SECTION_LEN;
	}
	return NULL;
}

const char *fadump_type_name(uint16_t type)
{
	switch (type) {
	case FADUMP_CPUS:
		return "CPU registers";
	case FADUMP_HPTE:
		return "hash page table";
	case FADUMP_BOOT_MEMORY:
		return "boot memory";
	case FADUMP_PARAMETERS:
		return "parameters";
	default:
		return "of an unknown type";
	}
}

bool fadump_section_good(const struct fadump_section *section)
{
	return section->request == 1 && !section->error_flags &&
	       section->dumped == section->asked;
}

bool fadump_section_in_area(const struct fadump_section *section)
{
	return section->type == FADUMP_CPUS || section->type == FADUMP_HPTE ||
	       section->type == FADUMP_BOOT_MEMORY;
}

static void check_header(const struct fadump_table *table, size_t len,
			 fadump_problem_fn *fn, void *arg)
{
	char text[160];

	if (table->version != 1) {
		snprintf(text, sizeof(text),
			 "ibm,kernel-dump is of version %u (offset %#x), not 1",
			 table->version, HEADER_VERSION);
		fn(arg, text);
	}
	if (table->status & FADUMP_ERROR) {
		snprintf(text, sizeof(text),
			 "the firmware aborted the dump: status %#06x (offset %#x)",
			 table->status, HEADER_STATUS);
		fn(arg, text);
	} else if (!(table->status & FADUMP_PERFORMED)) {
		snprintf(text, sizeof(text),
			 "the firmware did not perform the dump: status %#06x (offset %#x)",
			 table->status, HEADER_STATUS);
		fn(arg, text);
	}
	if (table->nr_claimed != table->nr) {
		snprintf(text, sizeof(text),
			 "ibm,kernel-dump says it has %u sections (offset %#x): %u of them were read of its %zu bytes",
			 table->nr_claimed, HEADER_NR, table->nr, len);
		fn(arg, text);
	}
}

static void check_section(const struct fadump_section *s, unsigned i,
			  fadump_problem_fn *fn, void *arg)
{
	const char *name = fadump_type_name(s->type);
	uint64_t end;
	char text[200];

	if (!fadump_section_in_area(s) && s->type != FADUMP_PARAMETERS) {
		snprintf(text, sizeof(text),
			 "section %u is of the unknown type %#06x (offset %#x)",
			 i, s->type, s->offset + SECTION_TYPE);
		fn(arg, text);
	}
	if (s->error_flags) {
		snprintf(text, sizeof(text),
			 "section %u, %s, was not copied well: its error flags are %#06x (offset %#x)",
			 i, name, s->error_flags, s->offset + SECTION_ERROR);
		fn(arg, text);
	}
	if (s->request != 1) {
		snprintf(text, sizeof(text),
			 "section %u, %s, was not to be copied: its request is %#x (offset %#x), not 1",
			 i, name, s->request, s->offset);
		fn(arg, text);
	} else if (s->dumped != s->asked) {
		snprintf(text, sizeof(text),
			 "section %u, %s: %#llx bytes were copied (offset %#x), %#llx were asked for",
			 i, name, (unsigned long long)s->dumped,
			 s->offset + SECTION_DUMPED,
			 (unsigned long long)s->asked);
		fn(arg, text);
	}
	if (add_overflows(s->source, s->asked, &end) ||
	    add_overflows(s->destination, s->asked, &end)) {
		snprintf(text, sizeof(text),
			 "section %u, %s: %#llx bytes from %#llx to %#llx (offset %#x) are no memory",
			 i, name, (unsigned long long)s->asked,
			 (unsigned long long)s->source,
			 (unsigned long long)s->destination,
			 s->offset + SECTION_SOURCE);
		fn(arg, text);
	}
}

/* Sections that were copied over each other: what was first is gone. */
static void check_overlaps(const struct fadump_table *table,
			   fadump_problem_fn *fn, void *arg)
{
	char text[160];

	for (unsigned i = 0; i < table->nr; i++)
		for (unsigned j = 0; j < i; j++) {
			const struct fadump_section *a = &table->sections[j];
			const struct fadump_section *b = &table->sections[i];
			uint64_t start = max_u64(a->destination,
						 b->destination);

			if (!fadump_section_in_area(a) ||
			    !fadump_section_in_area(b) ||
			    start - a->destination >= a->dumped ||
			    start - b->destination >= b->dumped)
				continue;
			snprintf(text, sizeof(text),
				 "sections %u and %u were copied over each other, at %#llx (offset %#x)",
				 j, i, (unsigned long long)start,
				 b->offset + SECTION_DEST);
			fn(arg, text);
		}
}

void fadump_table_check(const struct fadump_table *table, size_t len,
			fadump_problem_fn *fn, void *arg)
{
	bool boot_memory = false;

	check_header(table, len, fn, arg);
	for (unsigned i = 0; i < table->nr; i++) {
		check_section(&table->sections[i], i, fn, arg);
		boot_memory |= table->sections[i].type == FADUMP_BOOT_MEMORY;
	}
	check_overlaps(table, fn, arg);
	if (!boot_memory)
		fn(arg, "ibm,kernel-dump names no boot memory: nothing of that was preserved");
}
