/* SPDX-License-Identifier: GPL-2.0-or-later */
/* capdump reservation's answer as text and as JSON: see reservation.h. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "reservation.h"

static const char *region_name(const struct reserve_region *region)
{
	switch (region->part) {
	case RESERVE_MAIN:
		return region->high ? "high" : "low";
	case RESERVE_LOW_PART:
		return "low";
	case RESERVE_CMA:
		break;
	}
	return "cma";
}

/* "7.2" or "series"; BUF holds at least 16 bytes. */
static const char *kernel_name(unsigned kernel, char *buf)
{
	if (kernel == RESERVE_SERIES)
		return "series";
	snprintf(buf, 16, "%u.%u", kernel / 1000, kernel % 1000);
	return buf;
}

static void print_machine(const struct reservation_answer *answer, FILE *file)
{
	unsigned kernel = answer->machine.kernel;
	char size[16], name[16], asked[16];

	fprintf(file, "Machine: %s, %s of memory; rules of ",
		answer->machine.arch->name,
		text_size(answer->plan.ram, size));
	if (kernel == RESERVE_SERIES)
		fputs("the patches of 2022", file);
	else
		fprintf(file, "Linux %s", kernel_name(kernel, name));
	if (answer->asked_kernel != kernel)
		fprintf(file, ", since those of %s are not known",
			kernel_name(answer->asked_kernel, asked));
	if (answer->machine.release) {
		fputs(" (running: ", file);
		text_print_escaped(file, answer->machine.release,
				   strlen(answer->machine.release), 0);
		fputc(')', file);
	}
	fputc('\n', file);
}

static void print_region(const struct reserve_region *region, FILE *file)
{
	char size[16];

	fprintf(file, "  %-5s %10s  ", region_name(region),
		text_size(region->size, size));
	if (region->exact)
		fprintf(file, "at %#" PRIx64 "-%#" PRIx64 "\n", region->start,
			region->end - 1);
	else
		fprintf(file, "somewhere in %#" PRIx64 "-%#" PRIx64 "\n",
			region->start, region->end - 1);
}

static void print_notes(const struct reserve_plan *plan, bool caution,
			const char *title, FILE *file)
{
	bool begun = false;

	for (unsigned i = 0; i < plan->nr_notes; i++) {
		const char *text = plan->notes[i].text;

		if (plan->notes[i].caution != caution)
			continue;
		if (!begun)
			fprintf(file, "%s\n", title);
		begun = true;
		fputs("  - ", file);
		text_print_escaped(file, text, strlen(text), 0);
		fputc('\n', file);
	}
}

static void print_now(const struct reservation_answer *answer, FILE *file)
{
	char size[16];

	if (!answer->live)
		return;
	fputs(answer->now.nr ? "Reserved now:\n" : "Reserved now: nothing\n",
	      file);
	for (size_t i = 0; i < answer->now.nr; i++) {
		const struct reservation *r = &answer->now.at[i];

		fprintf(file, "  %10s  at %#" PRIx64 "-%#" PRIx64 " (%s)\n",
			text_size(r->end - r->paddr, size), r->paddr,
			r->end - 1, reservation_source_name(r->source));
	}
}

void reservation_print(const struct reservation_answer *answer, FILE *file)
{
	const struct reserve_plan *plan = &answer->plan;

	print_machine(answer, file);
	fputs(plan->nr_regions ? "Will be reserved:\n" :
	      "Will be reserved: nothing\n", file);
	for (unsigned i = 0; i < plan->nr_regions; i++)
		print_region(&plan->regions[i], file);
	print_now(answer, file);
	print_notes(plan, false, "Why:", file);
	print_notes(plan, true, "Caution:", file);
}

static void json_words(const struct reserve_plan *plan, FILE *file)
{
	const struct crashkernel *asked = &plan->asked;
	const struct crashkernel_word words[] = { asked->main, asked->low,
						  asked->cma };
	bool begun = false;

	fputs(",\n  \"counts\": [", file);
	for (unsigned i = 0; i < 3; i++) {
		if (!words[i].len)
			continue;
		fputs(begun ? ", " : "", file);
		text_print_json(file, words[i].text, words[i].len);
		begun = true;
	}
	fputs("],\n  \"ignored\": [", file);
	for (unsigned i = 0; i < asked->nr_ignored &&
			     i < CRASHKERNEL_MAX_IGNORED; i++) {
		fputs(i ? ", " : "", file);
		text_print_json(file, asked->ignored[i].text,
				asked->ignored[i].len);
	}
	fputc(']', file);
}

static void json_regions(const struct reserve_plan *plan, FILE *file)
{
	fputs(",\n  \"regions\": [", file);
	for (unsigned i = 0; i < plan->nr_regions; i++) {
		const struct reserve_region *r = &plan->regions[i];

		fprintf(file, "%s\n    {\"kind\": \"%s\", \"size\": %" PRIu64
			", \"exact\": %s, \"within\": [%" PRIu64 ", %" PRIu64 "]}",
			i ? "," : "", region_name(r), r->size,
			r->exact ? "true" : "false", r->start, r->end);
	}
	fputc(']', file);
}

static void json_now(const struct reservation_answer *answer, FILE *file)
{
	if (!answer->live)
		return;
	fputs(",\n  \"reserved_now\": [", file);
	for (size_t i = 0; i < answer->now.nr; i++) {
		const struct reservation *r = &answer->now.at[i];

		fprintf(file, "%s{\"range\": [%" PRIu64 ", %" PRIu64
			"], \"source\": \"%s\"}", i ? ", " : "", r->paddr,
			r->end, reservation_source_name(r->source));
	}
	fputc(']', file);
}

static void json_notes(const struct reserve_plan *plan, bool caution,
		       const char *key, FILE *file)
{
	bool begun = false;

	fprintf(file, ",\n  \"%s\": [", key);
	for (unsigned i = 0; i < plan->nr_notes; i++) {
		const char *text = plan->notes[i].text;

		if (plan->notes[i].caution != caution)
			continue;
		fputs(begun ? ",\n    " : "\n    ", file);
		text_print_json(file, text, strlen(text));
		begun = true;
	}
	fputc(']', file);
}

void reservation_print_json(const struct reservation_answer *answer,
			    FILE *file)
{
	static const char *const verdicts[] = {
		[CRASHKERNEL_NONE] = "none",
		[CRASHKERNEL_INVALID] = "invalid",
		[CRASHKERNEL_OK] = "ok",
	};
	const struct reserve_plan *plan = &answer->plan;
	char rules[16], asked[16];

	fprintf(file, "{\n  \"arch\": \"%s\",\n  \"kernel\": \"%s\"",
		answer->machine.arch->name,
		kernel_name(answer->asked_kernel, asked));
	fprintf(file, ",\n  \"rules\": \"%s\"",
		kernel_name(answer->machine.kernel, rules));
	fprintf(file, ",\n  \"memory\": %" PRIu64, plan->ram);
	fprintf(file, ",\n  \"command_line\": \"%s\"",
		verdicts[plan->asked.verdict]);
	json_words(plan, file);
	fprintf(file, ",\n  \"high\": %" PRIu64 ",\n  \"low\": %" PRIu64
		",\n  \"cma\": %" PRIu64,
		reserve_plan_size(plan, true), reserve_plan_size(plan, false),
		reserve_plan_cma(plan));
	fprintf(file, ",\n  \"certain\": %s",
		plan->certain ? "true" : "false");
	json_regions(plan, file);
	json_now(answer, file);
	json_notes(plan, false, "why", file);
	json_notes(plan, true, "cautions", file);
	fputs("\n}\n", file);
}
