/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMCOREINFO from debugging symbols: see vmlinux.h. What Linux has as macros only
 * is derived here from what has a name.
 */
#include "vmlinux.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arch/arch.h"
#include "../base/io.h"
#include "elf_file.h"
#include "types.h"

#define UTS_LEN	65	/* Linux include/uapi/linux/utsname.h: new_utsname */

struct description {
	struct elf_file file;
	struct wanted_value *values;
	FILE *text;
};

static const uint64_t *find(const struct description *d, enum wanted_kind kind,
			    const char *within, const char *name)
{
	return wanted_find(d->values, kind, within, name);
}

/* The release, as the file has it in its own names. */
static struct error *print_release(struct description *d)
{
	const uint64_t *ns = find(d, WANTED_SYMBOL, NULL, "init_uts_ns");
	const uint64_t *name = find(d, WANTED_OFFSET, NULL,
				    "uts_namespace.name");
	char names[3 * UTS_LEN];
	const char *release = names + 2 * UTS_LEN;

	if (!ns || !name)
		return error_create(ERROR_UNSUPPORTED,
				    "is no Linux kernel, or has not its symbols: there is no %s",
				    ns ? "struct uts_namespace" : "init_uts_ns");
	if (!elf_file_read(&d->file, *ns + *name, names, sizeof(names)))
		return error_create(ERROR_UNSUPPORTED,
				    "has symbols only and not the kernel itself (init_uts_ns is not in it): the whole vmlinux is wanted");
	if (memcmp(names, "Linux", 6) ||
	    !memchr(release, '\0', UTS_LEN) || !*release ||
	    strpbrk(release, "\n="))
		return error_create(ERROR_INVALID,
				    "the kernel's name is not where its symbols say");
	fprintf(d->text, "OSRELEASE=%s\n", release);
	return NULL;
}

static struct error *print_head(struct description *d)
{
	const struct arch_ops *arch = arch_find(d->file.target.elf_machine);
	unsigned shift = d->file.target.page_shift;

	if (!arch)
		return error_create(ERROR_UNSUPPORTED,
				    "ELF machine %u is not supported",
				    d->file.target.elf_machine);
	TRY(print_release(d));
	if (d->file.build_id_len) {
		fprintf(d->text, "BUILD-ID=");
		for (size_t i = 0; i < d->file.build_id_len; i++)
			fprintf(d->text, "%02x", d->file.build_id[i]);
		fprintf(d->text, "\n");
	}
	/* the only size that this machine has, or what the file says */
	if (!(arch->page_shifts & (arch->page_shifts - 1)))
		shift = (unsigned)__builtin_ctz(arch->page_shifts);
	if (!shift || !(arch->page_shifts >> shift & 1))
		return error_create(ERROR_UNSUPPORTED,
				    "does not say how large this kernel's pages are (empty_zero_page)");
	fprintf(d->text, "PAGESIZE=%u\n", 1u << shift);
	return NULL;
}

static void print_rows(struct description *d)
{
	for (unsigned kind = 0; kind < NR_WANTED_KINDS; kind++)
		for (size_t i = 0; i < nr_wanted_rows; i++) {
			const struct wanted *row = &wanted_rows[i];

			if (row->kind != kind || row->hidden ||
			    !d->values[i].found)
				continue;
			fprintf(d->text, "%s(%s)=", wanted_kind_name(kind),
				row->name);
			fprintf(d->text, kind == WANTED_SYMBOL ? "%" PRIx64 :
				"%" PRId64, d->values[i].number);
			fprintf(d->text, "\n");
		}
}

static void print_number(struct description *d, const char *name,
			 int64_t number)
{
	fprintf(d->text, "NUMBER(%s)=%" PRId64 "\n", name, number);
}

/*
 * How the page type WHAT stands in page->page_type (Linux
 * include/linux/page-flags.h):
 *   6.12+       enum pagetype PGTY_buddy: the top byte (4ffca5a96678)
 *   6.11        enum pagetype PG_buddy: a bit that is cleared in ~0
 *   5.1 - 6.10  #define PG_buddy 0x80, PG_offline 0x100, cleared in ~0; in no
 *               debugging symbols, OLD_BIT of which is the same ever since
 */
static void print_type(struct description *d, const char *what,
		       const char *new, const char *middle, uint32_t old_bit)
{
	const uint64_t *number = find(d, WANTED_NUMBER, "pagetype", new);
	char name[64];
	uint32_t value;

	if (number) {
		value = (uint32_t)*number << 24;
	} else {
		number = find(d, WANTED_NUMBER, "pagetype", middle);
		if (number)
			value = ~(uint32_t)*number;
		else if (old_bit && find(d, WANTED_OFFSET, NULL,
					 "page.page_type") &&
			 find(d, WANTED_NUMBER, "pageflags", "PG_slab"))
			value = ~old_bit;
		else
			return;
	}
	snprintf(name, sizeof(name), "PAGE_%s_MAPCOUNT_VALUE", what);
	print_number(d, name, (int32_t)value);
}

/*
 * A memory section's size: each bit of its subsection_map is of 2 MiB (Linux
 * include/linux/mmzone.h: SUBSECTION_SHIFT), and the map has whole words; so one
 * word is up to 27 bits. Of these machines only ppc64 has fewer
 * (arch/powerpc/include/asm/sparsemem.h: SECTION_SIZE_BITS).
 */
static void print_section(struct description *d)
{
	const uint64_t *words = find(d, WANTED_LENGTH, NULL,
				     "mem_section_usage.subsection_map");

	if (d->file.target.elf_machine == EM_PPC64)
		print_number(d, "SECTION_SIZE_BITS", 24);
	else if (words && *words && !(*words & (*words - 1)) &&
		 *words <= 1u << 10 && d->file.target.word_size == 8)
		print_number(d, "SECTION_SIZE_BITS",
			     27 + __builtin_ctzll(*words));
}

/* Names that are others' in the source: Linux include/linux/nodemask.h
 * (node_online_map), arch/x86/include/asm/pgtable_64.h (swapper_pg_dir). */
static void print_aliases(struct description *d)
{
	const uint64_t *states = find(d, WANTED_SYMBOL, NULL, "node_states");
	const uint64_t *online = find(d, WANTED_NUMBER, NULL, "N_ONLINE");
	const uint64_t *size = find(d, WANTED_SIZE, NULL, "nodemask_t");
	const uint64_t *top = find(d, WANTED_SYMBOL, NULL, "init_top_pgt");

	if (states && online && size &&
	    !find(d, WANTED_SYMBOL, NULL, "node_online_map"))
		fprintf(d->text, "SYMBOL(node_online_map)=%" PRIx64 "\n",
			*states + *online * *size);
	if (top && !find(d, WANTED_SYMBOL, NULL, "swapper_pg_dir"))
		fprintf(d->text, "SYMBOL(swapper_pg_dir)=%" PRIx64 "\n", *top);
}

static void print_derived(struct description *d)
{
	const uint64_t *head = find(d, WANTED_NUMBER, "pageflags", "PG_head");

	if (head && *head < 64)
		print_number(d, "PG_head_mask", (int64_t)(1ull << *head));
	print_type(d, "BUDDY", "PGTY_buddy", "PG_buddy", 0x80);
	print_type(d, "OFFLINE", "PGTY_offline", "PG_offline", 0x100);
	print_type(d, "SLAB", "PGTY_slab", "PG_slab", 0);
	print_type(d, "HUGETLB", "PGTY_hugetlb", "PG_hugetlb", 0);
	print_type(d, "UNACCEPTED", "PGTY_unaccepted", "", 0);
	print_section(d);
	print_aliases(d);
}

static struct error *describe(struct description *d, const char *path)
{
	TRY(elf_file_init(&d->file, path));
	TRY(elf_file_symbols(&d->file, d->values));
	TRY(types_find(d->file.elf, d->file.size, d->values));
	TRY(print_head(d));
	print_rows(d);
	print_derived(d);
	return NULL;
}

struct error *vmlinux_describe(const char *path, char **ret, size_t *len)
{
	struct description d = { .file.fd = -1 };
	AUTO_FREE char *text = NULL;
	struct error *err;

	d.values = calloc(nr_wanted_rows, sizeof(*d.values));
	d.text = open_memstream(&text, len);
	err = d.values && d.text ? describe(&d, path) : error_nomem();
	elf_file_deinit(&d.file);
	free(d.values);
	if (d.text && fclose(d.text) && !err)
		err = error_nomem();
	if (err)
		return error_wrap(err, "%s", path);
	*ret = text;
	text = NULL;
	return NULL;
}
