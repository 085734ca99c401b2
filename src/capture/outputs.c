/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening outputs, and dividing pages among them: see outputs.h. */
#include "outputs.h"

#include <unistd.h>

#include "../base/bytes.h"
#include "../formats/kdump_split.h"

void outputs_close(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->nr; i++)
		sink_destroy(outputs->sinks[i]);
	outputs->nr = 0;
}

static struct error *open_one(const struct capture_options *options,
			      const char *path, bool force, struct log *log,
			      struct sink **ret)
{
	if (options->dry_run)
		return sink_null_create(ret);
	/* nothing of another level is in a store */
	if (path && remote_kind(path) == REMOTE_S3)
		return sink_s3_create(path, options->force ? SINK_FORCE : 0,
				      &options->way, log, ret);
	if (path && remote_is_url(path))
		return (remote_kind(path) == REMOTE_TUS ? sink_tus_create :
			sink_front_create)(path, options->force ? SINK_FORCE :
					   force ? SINK_OWN : 0,
					   &options->way, log, ret);
	if (!path)
		return sink_flat_create(STDOUT_FILENO, ret);
	if (options->flatten)
		return sink_flat_file_create(path, force, ret);
	return sink_file_create(path, (force ? SINK_FORCE : 0) |
				(options->nr_files || options->nr_also ?
				 SINK_SHARED : 0), ret);
}

struct error *outputs_open(struct outputs *outputs,
			   const struct capture_options *options,
			   const char *path, bool force, struct log *log)
{
	struct error *err = NULL;

	outputs_close(outputs);
	for (size_t i = 0; i <= options->nr_files && !err; i++) {
		err = open_one(options, i ? capture_file(options, i) : path,
			       force, log, &outputs->sinks[i]);
		outputs->nr += !err;
	}
	if (err)
		outputs_close(outputs);
	return err;
}

uint64_t outputs_room(const struct outputs *outputs)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < outputs->nr; i++)
		least = min_u64(least, outputs->sinks[i]->ops->room(
					outputs->sinks[i]));
	return least;
}

/* Files begin at multiples of so many frames: crash counts the bitmap of a split
 * dump's file in words of that (9.0.2 diskdump.c: read_dump_header()). */
#define UNIT 64u

/* Units of a block, 1 if none was asked for. */
static struct error *block_units(const struct capture_options *options,
				 unsigned page_shift, uint64_t *ret)
{
	uint64_t block = options->split_block;

	*ret = max_u64(align_up(block >> page_shift, UNIT) / UNIT, 1);
	if (block % (1ull << page_shift))
		return error_create(ERROR_INVALID,
				    "--splitblock-size: %llu KiB are no multiple of the page size, %llu KiB",
				    (unsigned long long)block >> 10,
				    1ull << page_shift >> 10);
	return NULL;
}

/* The unit that file I of NR begins with, and those before it have the first USED
 * of all NR_UNITS. At least one is left for each of the others. */
static struct error *part_unit(struct plan *plan, uint64_t first_pfn, size_t i,
			       size_t nr, uint64_t nr_units, uint64_t step,
			       uint64_t used, uint64_t *ret)
{
	uint64_t most = nr_units - (nr - i), pfn;

	/* i < 2^6, pages < 2^52 */
	TRY(plan_find(plan, plan->nr_kept * i / nr, &pfn));
	*ret = (max_u64(pfn, first_pfn) - first_pfn + UNIT - 1) / UNIT;
	*ret = (*ret + step - 1) / step * step;
	*ret = max_u64(*ret, used);
	if (*ret > most)
		*ret = most;
	return NULL;
}

static struct error *divide(struct outputs *outputs, struct plan *plan,
			    uint64_t first_pfn, uint64_t step)
{
	struct dump_part *parts = outputs->parts;
	size_t nr = outputs->nr;
	uint64_t nr_units = (plan->end_pfn - min_u64(plan->end_pfn, first_pfn) +
			     UNIT - 1) / UNIT, unit = 0;

	if (nr_units < nr)
		return error_create(ERROR_UNSUPPORTED,
				    "memory of %llu pages can't be split into %zu files of %u at least",
				    (unsigned long long)plan->end_pfn, nr,
				    UNIT);
	parts[0].first = parts[0].index = 0;
	for (size_t i = 1; i < nr; i++) {
		TRY(part_unit(plan, first_pfn, i, nr, nr_units, step, unit + 1,
			      &unit));
		parts[i].first = first_pfn + unit * UNIT;
		TRY(plan_index(plan, parts[i].first, &parts[i].index));
	}
	for (size_t i = 0; i < nr; i++) {
		bool last = i + 1 == nr;

		parts[i].end = last ? plan->end_pfn : parts[i + 1].first;
		parts[i].nr_kept = (last ? plan->nr_kept :
				    parts[i + 1].index) - parts[i].index;
	}
	return NULL;
}

struct error *outputs_writer(struct outputs *outputs,
			     const struct capture_options *options,
			     struct plan *plan, const struct dump_facts *facts,
			     bool last, struct writer **ret)
{
	uint64_t step;

	if (outputs->nr < 2)
		return options->format->create(outputs->sinks[0], facts, ret);
	TRY(block_units(options, facts->page_shift, &step));
	TRY(divide(outputs, plan, facts->first_pfn, step));
	return kdump_split_create(outputs->sinks, outputs->parts, outputs->nr,
				  facts, last, ret);
}
