/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying again: for how long. */
#include "../../src/sink/retry.h"

#include "unit.h"

/* Whether there is another try after one that got to GOT. */
static bool goes_on(struct retry *retry, uint64_t got)
{
	struct error *err = retry_error(retry, error_create(ERROR_IO, "no"),
					got, 10, 0);
	bool again = error_kind(err) == ERROR_AGAIN;

	error_destroy(err);
	retry->pause = 0;	/* nobody waits here */
	return again;
}

/* As if what was until now had been SECONDS before. */
static void pass(struct retry *retry, double seconds)
{
	retry->since -= seconds;
	if (retry->failed > 0)
		retry->failed -= seconds;
}

static void test_end(void)
{
	struct retry retry = { .seconds = 300 };

	CHECK(goes_on(&retry, 0));
	CHECK_OK(retry_pause(&retry));
	pass(&retry, 200);
	CHECK(goes_on(&retry, 0));
	CHECK_OK(retry_pause(&retry));
	pass(&retry, 101);
	CHECK(!goes_on(&retry, 10));
	/* further, by more than a step */
	CHECK(goes_on(&retry, 21));
	CHECK(retry.nr == 3);
}

/* Between a failure and the pause others may have had their turn. */
static void test_other_work(void)
{
	struct retry retry = { .seconds = 300 };

	CHECK(goes_on(&retry, 0));
	pass(&retry, 10000);
	CHECK_OK(retry_pause(&retry));
	CHECK_OK(retry_pause(&retry));
	pass(&retry, 200);
	CHECK(goes_on(&retry, 0));
	CHECK_OK(retry_pause(&retry));
	pass(&retry, 101);
	CHECK(!goes_on(&retry, 0));
}

int main(void)
{
	test_end();
	test_other_work();
	return unit_end();
}
