/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crashkernel= as Linux 7.2 reads it: numbers, forms, which word counts. */
#include "../../src/machine/crashkernel.h"
#include "unit.h"

#define KIB 1024ull
#define MIB (KIB << 10)
#define GIB (MIB << 10)
#define HIGH CRASHKERNEL_TAKES_HIGH
#define ALL (CRASHKERNEL_TAKES_HIGH | CRASHKERNEL_TAKES_CMA)

static bool word_is(struct crashkernel_word word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.text, text, word.len);
}

static void test_numbers(void)
{
	static const struct {
		const char *text;
		uint64_t value;
		size_t used;
	} cases[] = {
		{ "512M", 512 * MIB, 4 }, { "512m,high", 512 * MIB, 4 },
		{ "0", 0, 1 }, { "1k", KIB, 2 }, { "3T", 3ull << 40, 2 },
		{ "2P", 2ull << 50, 2 }, { "1e", 1ull << 60, 2 },
		{ "0x10M", 16 * MIB, 5 }, { "0XfG", 15 * GIB, 4 },
		{ "010M", 8 * MIB, 4 }, { "08M", 0, 1 }, { "0x", 0, 1 },
		{ "0xg", 0, 1 }, { "123", 123, 3 }, { "1MM", MIB, 2 },
		{ "", 0, 0 }, { "M", 0, 0 }, { "garbage", 0, 0 },
		{ "-1", 0, 0 }, { " 1", 0, 0 },
		/* too much: a unit says the most there is, digits wrap */
		{ "16E", UINT64_MAX, 3 },
		{ "18446744073709551616", 0, 20 },
		{ "18446744073709551617K", KIB, 21 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *end;

		if (!CHECK(crashkernel_number(cases[i].text, &end) ==
			   cases[i].value &&
			   end == cases[i].text + cases[i].used))
			fprintf(stderr, "  \"%s\"\n", cases[i].text);
	}
}

static void test_simple(void)
{
	struct crashkernel ck;

	crashkernel_parse("quiet", GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_NONE && !ck.nr_ignored);
	crashkernel_parse("quiet crashkernel=256M ro", GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == 256 * MIB &&
	      !ck.base && !ck.high && !ck.low_given && !ck.cma_size);
	CHECK(word_is(ck.main, "crashkernel=256M"));
	crashkernel_parse("crashkernel=256M@16M", GIB, ALL, &ck);
	CHECK(ck.size == 256 * MIB && ck.base == 16 * MIB);
	/* nothing behind @ is looked at; no number is no place */
	crashkernel_parse("crashkernel=256M@16Mxyz", GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.base == 16 * MIB);
	crashkernel_parse("crashkernel=256M@", GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && !ck.base);
	/* the last one counts */
	crashkernel_parse("crashkernel=64M crashkernel=96M", GIB, ALL, &ck);
	CHECK(ck.size == 96 * MIB && ck.nr_ignored == 1 &&
	      word_is(ck.ignored[0], "crashkernel=64M"));
	/* found in the middle of a word, too */
	crashkernel_parse("x.crashkernel=64M", GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == 64 * MIB);
	for (const char **p = (const char *[]) {
		"crashkernel=", "crashkernel=M", "crashkernel=-1",
		"crashkernel=64M,", "crashkernel=64M\tquiet",
		"crashkernel=\"64M\"", "crashkernel=1G", "crashkernel=0",
		"crashkernel=64M crashkernel=oops", NULL }; *p; p++) {
		crashkernel_parse(*p, GIB, ALL, &ck);
		if (!CHECK(ck.verdict == CRASHKERNEL_INVALID && *ck.why))
			fprintf(stderr, "  %s\n", *p);
	}
}

static void test_ranges(void)
{
	static const char two[] =
		"crashkernel=512M-2G:64M,2G-:128M@16M quiet";
	struct crashkernel ck;

	crashkernel_parse(two, GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == 64 * MIB &&
	      ck.base == 16 * MIB);
	crashkernel_parse(two, 3 * GIB, ALL, &ck);
	CHECK(ck.size == 128 * MIB && ck.base == 16 * MIB);
	/* memory is rounded up to 128 MiB */
	crashkernel_parse(two, 2 * GIB - 100 * MIB, ALL, &ck);
	CHECK(ck.size == 128 * MIB);
	crashkernel_parse(two, 2 * GIB - 128 * MIB, ALL, &ck);
	CHECK(ck.size == 64 * MIB);
	crashkernel_parse(two, 256 * MIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID &&
	      strstr(ck.why, "256 MiB"));
	/* what stands behind the range that counts is not looked at */
	crashkernel_parse("crashkernel=0-:64M,nonsense", GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == 64 * MIB);
	crashkernel_parse("crashkernel=0-:64M,nonsense@8M", GIB, ALL, &ck);
	CHECK(ck.base == 8 * MIB);
	for (const char **p = (const char *[]) {
		"crashkernel=:64M", "crashkernel=1G:64M",
		"crashkernel=1G-x:64M", "crashkernel=2G-1G:64M",
		"crashkernel=1G-1G:64M", "crashkernel=1G-2G64M,3G-:1M",
		"crashkernel=1G-:", "crashkernel=1G-:x", "crashkernel=0-:8G",
		"crashkernel=4G-:8G,0-:64M", "crashkernel=0-:0",
		"crashkernel=0-:64M@", "crashkernel=0-:64M@x",
		"crashkernel=4G-:64M", "crashkernel=4G-:64M;0-:64M", NULL };
	     *p; p++) {
		crashkernel_parse(*p, 2 * GIB, ALL, &ck);
		if (!CHECK(ck.verdict == CRASHKERNEL_INVALID && *ck.why))
			fprintf(stderr, "  %s\n", *p);
	}
}

static void test_high_low(void)
{
	struct crashkernel ck;

	crashkernel_parse("crashkernel=1G,high", 8 * GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.high && ck.size == GIB &&
	      !ck.low_given);
	crashkernel_parse("crashkernel=1G,high crashkernel=64M,low", 8 * GIB,
			  ALL, &ck);
	CHECK(ck.low_given && ck.low_size == 64 * MIB && !ck.nr_ignored &&
	      word_is(ck.low, "crashkernel=64M,low"));
	crashkernel_parse("crashkernel=0,low crashkernel=1G,high", 8 * GIB,
			  ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.low_given && !ck.low_size);
	/* a word without ending beats both */
	crashkernel_parse("crashkernel=1G,high crashkernel=2G crashkernel=1M,low",
			  8 * GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && !ck.high && ck.size == 2 * GIB &&
	      !ck.low_given && ck.nr_ignored == 2);
	/* even a bad one */
	crashkernel_parse("crashkernel=1G,high crashkernel=x", 8 * GIB, ALL,
			  &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID);
	for (const char **p = (const char *[]) {
		"crashkernel=1G,low", "crashkernel=0,high",
		"crashkernel=x,high", "crashkernel=1G@1G,high",
		"crashkernel=1G-2G:1M,high", "crashkernel=1Gx,high",
		"crashkernel=1G,high crashkernel=x,low",
		"crashkernel=1G,high crashkernel=garbage,low",
		"crashkernel=1G,high crashkernel=64Mx,low",
		"crashkernel=8G,high", "crashkernel=1G,cma", NULL }; *p; p++) {
		crashkernel_parse(*p, 8 * GIB, ALL, &ck);
		if (!CHECK(ck.verdict == CRASHKERNEL_INVALID && *ck.why))
			fprintf(stderr, "  %s\n", *p);
	}
	/* where ,high is unknown */
	crashkernel_parse("crashkernel=1G,high", 8 * GIB, 0, &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID &&
	      strstr(ck.why, "no ,high"));
}

static void test_cma(void)
{
	struct crashkernel ck;

	crashkernel_parse("crashkernel=1G crashkernel=2G,cma", 8 * GIB, ALL,
			  &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == GIB &&
	      ck.cma_size == 2 * GIB && !ck.nr_ignored);
	crashkernel_parse("crashkernel=1G,high crashkernel=2G,cma", 8 * GIB,
			  ALL, &ck);
	CHECK(ck.high && ck.cma_size == 2 * GIB);
	crashkernel_parse("crashkernel=1G crashkernel=2G,cma", 8 * GIB, HIGH,
			  &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && !ck.cma_size &&
	      ck.nr_ignored == 1);
	/* a bad one does not harm; what was read of it counts */
	crashkernel_parse("crashkernel=1G crashkernel=x,cma", 8 * GIB, ALL,
			  &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && !ck.cma_size &&
	      ck.nr_ignored == 1);
	crashkernel_parse("crashkernel=1G crashkernel=64Mx,cma", 8 * GIB, ALL,
			  &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.cma_size == 64 * MIB);
}

/* What older kernels did. */
static void test_old(void)
{
	const unsigned lenient = HIGH | CRASHKERNEL_LENIENT |
				 CRASHKERNEL_NO_CMA | CRASHKERNEL_ANY_SIZE;
	struct crashkernel ck;

	crashkernel_parse("crashkernel=x crashkernel=1G,high", 8 * GIB,
			  lenient, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.high && ck.size == GIB &&
	      !ck.low_given && ck.nr_ignored == 1 &&
	      word_is(ck.ignored[0], "crashkernel=x"));
	crashkernel_parse("crashkernel=1G@ crashkernel=0x,high", 8 * GIB,
			  lenient, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && !ck.high && ck.nr_ignored == 1);
	crashkernel_parse("crashkernel=x@1G crashkernel=x,high", 8 * GIB,
			  lenient, &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID);
	crashkernel_parse("crashkernel=1G,high crashkernel=64Mx,low", 8 * GIB,
			  lenient, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.high && !ck.low_given &&
	      !ck.low_size && ck.nr_ignored == 1);
	crashkernel_parse("crashkernel=1G crashkernel=64M,low", 8 * GIB,
			  lenient, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && !ck.high && ck.low_given &&
	      ck.low_size == 64 * MIB && !ck.nr_ignored);
	crashkernel_parse("crashkernel=64M,low", 8 * GIB, lenient, &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID && ck.nr_ignored == 1);
	/* the last SIZE is the one with ,cma */
	crashkernel_parse("crashkernel=1G crashkernel=64M,cma", 8 * GIB,
			  HIGH | CRASHKERNEL_NO_CMA, &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID && !ck.cma_size &&
	      strstr(ck.why, "6.17"));
	crashkernel_parse("crashkernel=64M,cma crashkernel=1G", 8 * GIB,
			  HIGH | CRASHKERNEL_NO_CMA, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == GIB &&
	      ck.nr_ignored == 1);
	crashkernel_parse("crashkernel=0-:64M,cma", 8 * GIB,
			  HIGH | CRASHKERNEL_NO_CMA, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == 64 * MIB);
	crashkernel_parse("crashkernel=9G", 8 * GIB, CRASHKERNEL_ANY_SIZE,
			  &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.size == 9 * GIB);
	crashkernel_parse("crashkernel=1900M-:64M", 1900 * MIB,
			  CRASHKERNEL_NO_ROUND, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK);
	crashkernel_parse("crashkernel=1901M-:64M", 1900 * MIB,
			  CRASHKERNEL_NO_ROUND, &ck);
	CHECK(ck.verdict == CRASHKERNEL_INVALID);
	crashkernel_parse("crashkernel=1901M-:64M", 1900 * MIB, 0, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK);
}

/* More words than are held. */
static void test_many(void)
{
	char line[4096] = "";
	struct crashkernel ck;

	for (unsigned i = 0; i < 100; i++)
		strcat(line, "crashkernel=64M ");
	crashkernel_parse(line, GIB, ALL, &ck);
	CHECK(ck.verdict == CRASHKERNEL_OK && ck.nr_ignored == 99);
}

int main(void)
{
	test_numbers();
	test_simple();
	test_ranges();
	test_high_low();
	test_cma();
	test_old();
	test_many();
	return unit_end();
}
