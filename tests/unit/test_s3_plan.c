/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of dumps of all sizes: S3's limits, and that they follow each other. */
#include <stdint.h>

#include "../../src/sink/s3_parts.h"
#include "unit.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define TIB (1ull << 40)

/* What lies before the data, and the most that a dump has. */
static const struct {
	uint64_t data, bound;
	uint64_t part;		/* of data; 0: at least 5 MiB */
} known[] = {
	{ 4096, 4096, 5 * MIB },
	{ 4096, 0, 5 * MIB },
	{ 300 * 1024, 48 * GIB, 5 * MIB },
	{ 5 * MIB, 20 * MIB, 5 * MIB },
	{ 5 * MIB - 1, 20 * MIB, 5 * MIB },
	{ 5 * MIB + 1, 20 * MIB, 5 * MIB },
	{ 300 * MIB, 55 * GIB, 6 * MIB },
	{ 400 * MIB, 64 * GIB, 7 * MIB },
	{ 6 * GIB, TIB, 0 },
	{ 40 * GIB, 6 * TIB, 0 },
	{ 64 * MIB, 24 * TIB, 0 },
};

static void check_plan(uint64_t data, uint64_t bound, uint64_t size)
{
	const struct dump_layout layout = { .data = data, .bound = bound };
	uint64_t end = bound > data ? bound : data;
	struct s3_plan plan;
	struct error *err = s3_plan_init(&plan, &layout);

	CHECK(!err);
	if (err) {
		error_destroy(err);
		return;
	}
	CHECK(plan.head >= S3_PART_MIN && plan.data >= S3_PART_MIN);
	CHECK(!size || plan.data == size);
	/* five of them are in memory */
	CHECK(plan.head <= 6 * MIB);
	CHECK(plan.data == plan.head || plan.head == S3_PART_MIN);
	CHECK(plan.nr <= S3_PARTS_MAX);
	CHECK(plan.border >= data && plan.border - data < plan.head);
	CHECK(s3_plan_start(&plan, plan.nr_head) == plan.border);
	CHECK(s3_plan_start(&plan, plan.nr) >= end);
	CHECK(s3_plan_part(&plan, end - 1) < plan.nr);
	for (unsigned i = 0; i < plan.nr; i++) {
		uint64_t start = s3_plan_start(&plan, i);

		CHECK(s3_plan_part(&plan, start) == i);
		CHECK(s3_plan_start(&plan, i + 1) - start ==
		      (i < plan.nr_head ? plan.head : plan.data));
		CHECK(s3_plan_part(&plan, s3_plan_start(&plan, i + 1) - 1) ==
		      i);
	}
}

int main(void)
{
	const struct dump_layout large = { .data = 49 * GIB, .bound = TIB };
	struct s3_plan plan;
	struct error *err;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		check_plan(known[i].data, known[i].bound, known[i].part);
	err = s3_plan_init(&plan, &large);
	CHECK(err && error_kind(err) == ERROR_UNSUPPORTED);
	error_destroy(err);
	return unit_end();
}
