/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A crash kernel's memory as text and as JSON: see estimate_need.h. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "estimate_need.h"

static void print_part(const struct estimate_need *n, enum need_part part,
		       FILE *file)
{
	const struct need *need = &n->advice.need;
	char size[16];

	if (!need->bytes[part])
		return;
	fprintf(file, "  %-28s %10s%s\n", need_part_name(part),
		text_size(need->bytes[part], size),
		part == NEED_PACKED ? need->assumed[part] ?
		"  assumed; until it is unpacked" : "  until it is unpacked" :
		part == NEED_SWIOTLB && need->low ? "  below 4 GiB" :
		need->assumed[part] ? "  assumed" : "");
}

static void print_checked(const struct estimate_need *n, FILE *file)
{
	const struct need_advice *a = &n->advice;
	char high[16], low[16];

	if (!a->checked) {
		fprintf(file, "Whether the kernel would reserve that is not known: %s.\n",
			n->no_map);
	} else if (n->asked.fadump) {
		fputs(a->granted ? "That is no more than the quarter of memory that the kernel allows fadump.\n" :
		      "That is more than the quarter of memory that the kernel allows fadump: this machine is too small.\n",
		      file);
	} else if (a->granted) {
		text_size(a->low_bytes, low);
		text_size(a->high_bytes, high);
		if (a->high_bytes)
			fprintf(file, "The kernel would reserve %s above 4 GiB and %s below%s.\n",
				high, low, a->certain ? "" :
				", if nothing else is in the way by then");
		else
			fprintf(file, "The kernel would reserve %s%s.\n", low,
				a->certain ? "" :
				", if nothing else is in the way by then");
	} else {
		fputs("The kernel would NOT reserve that here: see capdump reservation.\n",
		      file);
	}
}

void estimate_need_print(const struct estimate_need *n, FILE *file)
{
	const struct need *need = &n->advice.need;
	unsigned nr_cpus = n->asked.nr_cpus;

	if (!n->known) {
		fprintf(file, "\nWhat a crash kernel needs on %s is not known.\n",
			n->name);
		return;
	}
	fprintf(file, "\nmemory of the crash kernel (%s, %u CPU%s%s)\n",
		n->name, nr_cpus, nr_cpus == 1 ? "" : "s",
		n->asked.fadump ? ", fadump" : "");
	for (unsigned part = 0; part < NR_NEED_PARTS; part++)
		print_part(n, part, file);
	if (*n->initramfs) {
		fputs("The initramfs is ", file);
		text_print_escaped(file, n->initramfs, strlen(n->initramfs), 0);
		if (n->closed)
			fprintf(file, ", which is packed by %s and was not looked into",
				n->closed);
		fputs(".\n", file);
	}
	fprintf(file, "Recommended: %s\n", n->advice.words);
	if (need->low)
		fputs("Below 4 GiB there is no room for all of it.\n", file);
	print_checked(n, file);
}

static void json_parts(const struct need *need, FILE *file)
{
	fputs(",\n    \"parts\": {", file);
	for (unsigned i = 0; i < NR_NEED_PARTS; i++)
		fprintf(file, "%s\n      \"%s\": {\"bytes\": %" PRIu64
			", \"assumed\": %s}", i ? "," : "", need_part_key(i),
			need->bytes[i], need->assumed[i] ? "true" : "false");
	fputs("\n    }", file);
}

void estimate_need_print_json(const struct estimate_need *n, FILE *file)
{
	const struct need_advice *a = &n->advice;

	fputs(",\n  \"crash_kernel\": ", file);
	if (!n->known) {
		fputs("null", file);
		return;
	}
	fprintf(file, "{\n    \"machine\": \"%s\",\n    \"from_machine\": %s"
		",\n    \"fadump\": %s,\n    \"initramfs\": ", n->name,
		n->live ? "true" : "false",
		n->asked.fadump ? "true" : "false");
	if (*n->initramfs)
		text_print_json(file, n->initramfs, strlen(n->initramfs));
	else
		fputs("null", file);
	json_parts(&a->need, file);
	fprintf(file, ",\n    \"while_unpacking\": %" PRIu64
		",\n    \"while_dumping\": %" PRIu64 ",\n    \"size\": %" PRIu64
		",\n    \"low\": %" PRIu64 ",\n    \"recommended\": \"%s\"",
		a->need.boot, a->need.run, a->need.total, a->need.low,
		a->words);
	if (a->checked)
		fprintf(file, ",\n    \"granted\": %s,\n    \"certain\": %s"
			",\n    \"would_reserve\": {\"high\": %" PRIu64
			", \"low\": %" PRIu64 "}", a->granted ? "true" : "false",
			a->certain ? "true" : "false", a->high_bytes,
			a->low_bytes);
	fputs("\n  }", file);
}
