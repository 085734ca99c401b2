/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments against a model with one entry a byte. */
#include "../../src/image/segments.h"
#include "unit.h"

#define SPACE 256

/* What byte PADDR reads as: -1 absent, -2 zero, else its file offset. */
static long model(const struct segment *s, size_t nr, uint64_t paddr)
{
	long found = -1;

	for (size_t i = 0; i < nr; i++) {
		if (paddr < s[i].paddr || paddr >= s[i].paddr + s[i].memsz)
			continue;
		if (paddr < s[i].paddr + s[i].filesz)
			return (long)(s[i].offset + paddr - s[i].paddr);
		found = -2;
	}
	return found;
}

static unsigned next(unsigned *seed, unsigned max)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % max;
}

static void check_one(unsigned seed)
{
	size_t nr = next(&seed, 9), n = nr;
	struct segment in[9], *s = malloc((nr + 1) * sizeof(*s));
	struct image image = { 0 };

	for (size_t i = 0; i < nr; i++) {
		in[i].paddr = next(&seed, SPACE / 2);
		in[i].memsz = next(&seed, SPACE / 2);
		in[i].filesz = next(&seed, 3) ? in[i].memsz :
			       next(&seed, (unsigned)in[i].memsz + 1);
		/* often the offset that continues another segment */
		in[i].offset = in[i].paddr + 1000 * next(&seed, 3);
	}
	memcpy(s, in, nr * sizeof(*s));
	if (!CHECK_OK(segments_normalize(&s, &n)))
		return;
	image.segments = s;
	image.nr_segments = n;
	for (size_t i = 0; i < n; i++) {
		CHECK(s[i].memsz > 0 && s[i].filesz <= s[i].memsz);
		CHECK(!i || s[i - 1].paddr + s[i - 1].memsz <= s[i].paddr);
	}
	for (uint64_t p = 0; p < SPACE + 2; p++) {
		if (!CHECK(model(in, nr, p) == model(s, n, p)))
			fprintf(stderr, "  byte %u\n", (unsigned)p);
		CHECK(image_has(&image, p, 1) == (model(in, nr, p) != -1));
		CHECK(image_covers(&image, p, 1) == (model(in, nr, p) != -1));
	}
	for (uint64_t p = 0; p < SPACE; p++) {
		bool all = true;

		for (uint64_t len = 1; len < 20; len++) {
			all &= model(in, nr, p + len - 1) != -1;
			CHECK(image_covers(&image, p, len) == all);
		}
	}
	free(s);
}

static void test_joined(void)
{
	struct segment *s = calloc(3, sizeof(*s));
	size_t nr = 3;

	s[0] = (struct segment){ 0x3000, 0x1000, 0x1000, 0x5000 };
	s[1] = (struct segment){ 0x1000, 0x1000, 0x1000, 0x3000 };
	s[2] = (struct segment){ 0x2000, 0x1000, 0x1000, 0x4000 };
	CHECK_OK(segments_normalize(&s, &nr));
	CHECK(nr == 1 && s[0].paddr == 0x1000 && s[0].memsz == 0x3000 &&
	      s[0].filesz == 0x3000 && s[0].offset == 0x3000);
	free(s);
}

/* As s390x's capture kernels list them (Linux 7.2 arch/s390/kernel/crash_dump.c:
 * text_init(), loads_init()): the image first, then the memory it lies in. The
 * image's bytes are the first one's. */
static void test_within(void)
{
	struct segment *s = calloc(2, sizeof(*s));
	size_t nr = 2;

	s[0] = (struct segment){ 0x3c8000, 0x637000, 0x637000, 0x3000 };
	s[1] = (struct segment){ 0, 0x4f500000, 0x4f500000, 0x63a000 };
	CHECK_OK(segments_normalize(&s, &nr));
	if (CHECK(nr == 3)) {
		CHECK(s[0].paddr == 0 && s[0].memsz == 0x3c8000 &&
		      s[0].filesz == 0x3c8000 && s[0].offset == 0x63a000);
		CHECK(s[1].paddr == 0x3c8000 && s[1].memsz == 0x637000 &&
		      s[1].filesz == 0x637000 && s[1].offset == 0x3000);
		CHECK(s[2].paddr == 0x9ff000 &&
		      s[2].memsz == 0x4f500000 - 0x9ff000 &&
		      s[2].filesz == s[2].memsz &&
		      s[2].offset == 0x63a000 + 0x9ff000);
	}
	free(s);
}

/* What is taken out is gone, all else reads as before. */
static void check_cut(unsigned seed)
{
	size_t nr = next(&seed, 6), n = 0;
	struct segment before[6], *s = malloc((nr + 1) * sizeof(*s));
	uint64_t paddr, end, size = 0, at = 0, want = 0;

	while (n < nr) {
		struct segment *one = &s[n++];

		one->paddr = at += next(&seed, 30);
		one->memsz = 1 + next(&seed, 30);
		one->filesz = next(&seed, (unsigned)one->memsz + 1);
		one->offset = 1000 + next(&seed, 1000);
		at += one->memsz;
	}
	memcpy(before, s, nr * sizeof(*s));
	paddr = next(&seed, SPACE);
	end = paddr + next(&seed, SPACE);
	if (!CHECK_OK(segments_cut(&s, &n, paddr, end, &size)))
		return;
	for (uint64_t p = 0; p < 2 * SPACE; p++) {
		bool inside = p >= paddr && p < end;
		long old = model(before, nr, p);

		want += inside && old != -1;
		CHECK(model(s, n, p) == (inside ? -1 : old));
	}
	CHECK(size == want && n <= nr + 1);
	for (size_t i = 0; i < n; i++)
		CHECK(s[i].memsz > 0 && s[i].filesz <= s[i].memsz &&
		      (!i || s[i - 1].paddr + s[i - 1].memsz <= s[i].paddr));
	free(s);
}

int main(void)
{
	for (unsigned seed = 1; seed <= 2000; seed++)
		check_cut(seed);
	for (unsigned seed = 1; seed <= 2000; seed++)
		check_one(seed);
	test_joined();
	test_within();
	return unit_end();
}
