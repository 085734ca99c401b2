/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the crashed kernel left out: see left_out_map.h. */
#include "left_out_map.h"

#include <inttypes.h>

#include "../base/bytes.h"
#include "../base/text.h"

static struct error *add_bytes(void *arg, uint64_t paddr, uint64_t end)
{
	uint64_t *sum = arg;

	*sum += end - paddr;
	return NULL;
}

/* What was counted. Ranges of a kernel neither overlap nor are many; those of a
 * hostile dump shall not be counted again and again. */
struct counted {
	uint64_t end;		/* of the last range */
	uint64_t bytes;		/* of all */
};

static bool count_now(const struct left_out_range *r, struct counted *counted)
{
	uint64_t len = r->end - r->paddr;

	if (r->paddr < counted->end || len > LOST_MAX_BYTES - counted->bytes)
		return false;
	*counted = (struct counted){ r->end, counted->bytes + len };
	return true;
}

static struct error *find_hole(const struct kernel *kernel,
			       struct left_out_hole *hole,
			       struct counted *counted)
{
	const struct left_out_range *r = &hole->range;
	uint64_t end = min_u64(r->end, image_end_paddr(kernel->image));
	struct error *err;

	if (r->paddr < end)
		TRY(image_runs(kernel->image, FRAMES_PRESENT, r->paddr, end,
			       add_bytes, &hole->there));
	if (hole->there || r->why != LEFT_OUT_CRASH_CMA ||
	    !count_now(r, counted))
		return NULL;
	err = lost_count(kernel, r->paddr, r->end, &hole->lost);
	if (err && error_kind(err) == ERROR_STOPPED)
		return err;
	error_destroy(err);	/* a number that nothing hangs on */
	return NULL;
}

struct error *left_out_map_find(const struct kernel *kernel, struct view *view,
				struct log *log, struct left_out_map *ret)
{
	struct counted counted = { .end = 0 };
	struct left_out table;

	*ret = (struct left_out_map){ .known = false };
	TRY(left_out_read(kernel, view, LEFT_OUT_MEMORY, log, &table));
	ret->known = table.known;
	ret->more = table.more;
	for (unsigned i = 0; i < table.nr; i++) {
		ret->holes[i].range = table.ranges[i];
		TRY(find_hole(kernel, &ret->holes[i], &counted));
		ret->nr++;
	}
	return NULL;
}

const char *left_out_text(const struct left_out_hole *hole,
			  char buf[LEFT_OUT_LINE_LEN])
{
	const struct left_out_range *r = &hole->range;
	uint64_t len = r->end - r->paddr;
	char size[16], more[96] = "";

	if (hole->there)
		snprintf(more, sizeof(more), ", but %s of it saved",
			 hole->there < len ? text_size(hole->there, size) :
			 "all");
	else if (hole->lost.known)
		snprintf(more, sizeof(more), ", with %" PRIu64
			 " pages of users and page cache", hole->lost.nr);
	snprintf(buf, LEFT_OUT_LINE_LEN, "%012" PRIx64 "-%012" PRIx64
		 " %s, %s%s", r->paddr, r->end - 1, text_size(len, size),
		 left_out_reason(r->why), more);
	return buf;
}

void left_out_map_tell(const struct left_out_map *map, struct log *log)
{
	char line[LEFT_OUT_LINE_LEN];

	for (unsigned i = 0; i < map->nr; i++)
		log_print(log, map->holes[i].lost.nr ? LOG_MESSAGE : LOG_REPORT,
			  "left out: %s", left_out_text(&map->holes[i], line));
}

void left_out_map_print_json(const struct left_out_map *map, FILE *file)
{
	if (!map->known) {
		fputs("null", file);
		return;
	}
	fputc('[', file);
	for (unsigned i = 0; i < map->nr; i++) {
		const struct left_out_hole *hole = &map->holes[i];
		const struct left_out_range *r = &hole->range;

		fprintf(file, "%s\n    { \"start\": %" PRIu64 ", \"end\": %"
			PRIu64 ", \"why\": \"%s\", \"reason\": %" PRIu32
			", \"bytes_saved\": %" PRIu64 ", \"lost\": ",
			i ? "," : "", r->paddr, r->end, left_out_key(r->why),
			r->why, hole->there);
		lost_print_json(&hole->lost, file);
		fputs(" }", file);
	}
	fputc(']', file);
}
