/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is reserved: the fifteen cases of the patches for arm64 of 2022, by
 * their own rules and by Linux 7.2's, each on a stated map; and what the other
 * architectures do differently.
 */
#include "reserve_check.h"

/* QEMU's virt with -m 8G: all in one piece, and Debian's kernel has taken 64
 * MiB for CMA where low memory ends. */
static const char virt[] =
	"40000000-23fffffff : System RAM\n"
	"  40200000-430fffff : Kernel code\n"
	"  fc000000-ffffffff : reserved\n";
/* The same without that. */
static const char virt_free[] =
	"40000000-23fffffff : System RAM\n"
	"  40200000-430fffff : Kernel code\n";

/* The table of the patches' cover letter; 7.2's default low part is half of
 * theirs. What is fixed depends on the map: it has a column for each. */
static const struct {
	const char *cmdline;
	struct want series, linux_7_2;	/* on the server */
	struct want virt, virt_free;	/* 7.2 */
} fifteen[] = {
	/* 1 */ { "crashkernel=4G",
	  { 4096, 256 }, { 4096, 128 }, { 4096, 128 }, { 4096, 128 } },
	/* 2 */ { "crashkernel=4G crashkernel=512M,high crashkernel=512M,low",
	  { 4096, 256 }, { 4096, 128 }, { 4096, 128 }, { 4096, 128 } },
	/* 3 */ { "crashkernel=4G crashkernel=512M,high",
	  { 4096, 256 }, { 4096, 128 }, { 4096, 128 }, { 4096, 128 } },
	/* 4 */ { "crashkernel=4G crashkernel=512M,low",
	  { 4096, 256 }, { 4096, 128 }, { 4096, 128 }, { 4096, 128 } },
	/* 5 */ { "crashkernel=4G@0xe0000000",
	  { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 4096 } },
	/* 6 */ { "crashkernel=512M",
	  { 0, 512 }, { 0, 512 }, { 0, 512 }, { 0, 512 } },
	/* 7 */ { "crashkernel=128M",
	  { 0, 128 }, { 0, 128 }, { 0, 128 }, { 0, 128 } },
	/* 8 */ { "crashkernel=512M@0xde000000",
	  { 0, 512 }, { 0, 512 }, { 0, 0 }, { 0, 512 } },
	/* 9 */ { "crashkernel=4G,high",
	  { 4096, 256 }, { 4096, 128 }, { 4096, 128 }, { 4096, 128 } },
	/* a */ { "crashkernel=4G,high crashkernel=512M,low",
	  { 4096, 512 }, { 4096, 512 }, { 4096, 512 }, { 4096, 512 } },
	/* b */ { "crashkernel=512M,high crashkernel=128M,low",
	  { 512, 128 }, { 512, 128 }, { 512, 128 }, { 512, 128 } },
	/* c */ { "crashkernel=128M,high",
	  { 128, 256 }, { 128, 128 }, { 128, 128 }, { 128, 128 } },
	/* d */ { "crashkernel=512M,low",
	  { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	/* e */ { "crashkernel=512M,high crashkernel=0,low",
	  { 512, 0 }, { 512, 0 }, { 512, 0 }, { 512, 0 } },
	/* f */ { "crashkernel=512M,high crashkernel=garbage,low",
	  { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
};

static void test_fifteen(void)
{
	for (size_t i = 0; i < sizeof(fifteen) / sizeof(fifteen[0]); i++) {
		const char *cmdline = fifteen[i].cmdline;

		check("arm64", RESERVE_SERIES, server, cmdline,
		      fifteen[i].series);
		check("arm64", RESERVE_LINUX(7, 2), server, cmdline,
		      fifteen[i].linux_7_2);
		check("arm64", RESERVE_LINUX(7, 2), virt, cmdline,
		      fifteen[i].virt);
		check("arm64", RESERVE_LINUX(7, 2), virt_free, cmdline,
		      fifteen[i].virt_free);
	}
}

static bool noted(const char *arch, const char *map, const char *cmdline,
		  bool caution, const char *text)
{
	struct reserve_plan p;

	return plan(arch, RESERVE_LINUX(7, 2), RESERVE_PLAIN, map, cmdline,
		    &p) && has_note(&p, caution, text);
}

/* Where to, and which way back. */
static void test_fall_back(void)
{
	static const char small[] = "1G+2G=ram", above[] = "8G+8G=ram";
	const char *cmdline = "crashkernel=512M,high";

	/* ,high below, without a second part */
	check("arm64", RESERVE_LINUX(7, 2), small, cmdline,
	      (struct want){ 0, 512 });
	CHECK(noted("arm64", small, cmdline, false, "no room for them above"));
	check("x86_64", RESERVE_LINUX(7, 2), small, cmdline,
	      (struct want){ 0, 512 });
	/* without any memory below 4 GiB all of arm64's is low */
	check("arm64", RESERVE_LINUX(7, 2), above, "crashkernel=512M",
	      (struct want){ 0, 512 });
	/* the others find no low part, and then nothing */
	check("riscv64", RESERVE_LINUX(7, 2), above, "crashkernel=512M",
	      (struct want){ 0, 0 });
	CHECK(noted("riscv64", above, "crashkernel=512M", true,
		    "no memory below"));
	check("riscv64", RESERVE_LINUX(7, 2), above,
	      "crashkernel=512M,high crashkernel=0,low",
	      (struct want){ 512, 0 });
	check("loongarch64", RESERVE_LINUX(7, 2), server, "crashkernel=4G",
	      (struct want){ 4096, 128 });
	/* more than there is, in one piece or at all */
	check("arm64", RESERVE_LINUX(7, 2), server, "crashkernel=17G",
	      (struct want){ 0, 0 });
	check("arm64", RESERVE_LINUX(7, 2), server, "crashkernel=64G",
	      (struct want){ 0, 0 });
	check("arm64", RESERVE_LINUX(7, 2), server,
	      "crashkernel=4G,high crashkernel=4G,low",
	      (struct want){ 0, 0 });
	CHECK(noted("arm64", server, "crashkernel=4G,high crashkernel=4G,low",
		    false, "gives up both"));
}

static void test_fixed(void)
{
	struct reserve_plan p;

	plan("arm64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server,
	     "crashkernel=256M@0x90000000", &p);
	CHECK(p.nr_regions == 1 && p.regions[0].exact && p.certain &&
	      p.regions[0].start == 0x90000000 &&
	      p.regions[0].end == 0xa0000000);
	/* above 4 GiB there is no low part beside it */
	check("arm64", RESERVE_LINUX(7, 2), server, "crashkernel=256M@8G",
	      (struct want){ 256, 0 });
	CHECK(noted("arm64", server, "crashkernel=256M@8G", true,
		    "no low memory"));
	CHECK(noted("arm64", server, "crashkernel=256M@0x90100000", false,
		    "not a multiple of 2 MiB"));
	CHECK(noted("arm64", server, "crashkernel=256M@0x40000000", false,
		    "the kernel itself"));
	CHECK(noted("arm64", server, "crashkernel=256M@0xf8000000", false,
		    "not all of"));
	CHECK(noted("arm64", virt, "crashkernel=512M@0xde000000", false,
		    "0xfc000000-0xffffffff there is reserved"));
	/* what is reserved may have come later */
	plan("arm64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, virt,
	     "crashkernel=512M@0xde000000", &p);
	CHECK(!p.certain && has_note(&p, true, "depends on"));
	check("arm64", RESERVE_LINUX(7, 2), server,
	      "crashkernel=256M@0xfffffffffff00000", (struct want){ 0, 0 });
}

static void test_ranges(void)
{
	struct reserve_plan p;

	plan("arm64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server,
	     "crashkernel=512M", &p);
	CHECK(p.nr_regions == 1 && !p.regions[0].exact && p.certain &&
	      p.regions[0].start == 0x40000000 &&
	      p.regions[0].end == 0xfe000000);
	plan("arm64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server,
	     "crashkernel=512M,high", &p);
	CHECK(p.nr_regions == 2 && p.regions[0].start == 4 * GIB &&
	      p.regions[0].end == 20 * GIB && p.regions[0].high &&
	      p.regions[1].part == RESERVE_LOW_PART && !p.regions[1].high);
	CHECK(noted("arm64", server, "crashkernel=8G-32G:1G,32G-:2G", false,
		    "in which 19 GiB lie") ||
	      noted("arm64", server, "crashkernel=8G-32G:1G,32G-:2G", false,
		    "in which 19456 MiB lie"));
	check("arm64", RESERVE_LINUX(7, 2), server,
	      "crashkernel=8G-32G:1G,32G-:2G", (struct want){ 0, 1024 });
}

/* The image moves with each boot: here one of 6.1 lay high, the next did not, and
 * 3 GiB were reserved at 1bf000000. */
static void test_moved(void)
{
	static const char map[] = "00100000-7ffdefff : System RAM\n"
				  "100000000-27fffffff : System RAM\n"
				  "  24e600000-2519fffff : Kernel code\n";
	const struct reserve_region *r;
	struct reserve_plan p;

	if (!CHECK(plan("x86_64", RESERVE_LINUX(6, 1), RESERVE_PLAIN, map,
			"crashkernel=3G", &p)) || !CHECK(p.nr_regions == 2))
		return;
	r = &p.regions[p.regions[0].part != RESERVE_MAIN];
	CHECK(r->size == 3 * GIB && r->high && !r->exact);
	CHECK(r->start <= 0x1bf000000 && r->end == 0x280000000);
	CHECK(p.certain);
}

static void test_cma(void)
{
	static const char words[] = "crashkernel=128M crashkernel=256M,cma";
	struct reserve_plan p;

	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server, words, &p);
	CHECK(reserve_plan_cma(&p) == 256 * MIB &&
	      reserve_plan_size(&p, false) == 128 * MIB);
	CHECK(has_note(&p, true, "missing from the vmcore"));
	CHECK(has_note(&p, true, "CONFIG_CMA"));
	plan("arm64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server, words, &p);
	CHECK(!reserve_plan_cma(&p) &&
	      reserve_plan_size(&p, false) == 128 * MIB &&
	      has_note(&p, true, "does not know ,cma"));
	/* ppc64 takes it even for nothing, x86 only with the rest valid */
	plan("ppc64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, "0+8G=ram",
	     "crashkernel=256M,cma", &p);
	CHECK(reserve_plan_cma(&p) == 256 * MIB && p.nr_regions == 1 &&
	      has_note(&p, true, "although there is no crash kernel"));
	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server,
	     "crashkernel=256M,cma", &p);
	CHECK(!p.nr_regions);
	/* where there is no room for the rest, there may be for this */
	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server,
	     "crashkernel=17G crashkernel=256M,cma", &p);
	CHECK(reserve_plan_cma(&p) == 256 * MIB && p.nr_regions == 1);
}

/* The default low part of x86 follows SWIOTLB. */
static void test_swiotlb(void)
{
	static const char map[] = "1M+3071M=ram\n4G+61G=ram";
	struct reserve_plan p;

	check("x86_64", RESERVE_LINUX(7, 2), map, "crashkernel=256M,high",
	      (struct want){ 256, 256 });
	check("x86_64", RESERVE_LINUX(7, 2), map,
	      "swiotlb=524288 crashkernel=256M,high",
	      (struct want){ 256, 1032 });
	check("x86_64", RESERVE_LINUX(7, 2), map,
	      "swiotlb=524288 crashkernel=256M,high crashkernel=256M,low",
	      (struct want){ 256, 256 });
	check("x86_64", RESERVE_LINUX(7, 2), map,
	      "xswiotlb=524288 swiotlb=force crashkernel=256M,high",
	      (struct want){ 256, 256 });
	CHECK(noted("x86_64", map, "swiotlb=524288 crashkernel=256M,high",
		    true, "larger than it need be"));
	CHECK(!noted("x86_64", map, "crashkernel=256M,high", true,
		     "larger than it need be"));
	/* a guest of 64 GiB: 6 % are more than 1 GiB */
	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_GUEST, map,
	     "crashkernel=256M,high", &p);
	CHECK(reserve_plan_size(&p, false) == 1032 * MIB);
	CHECK(has_note(&p, true, "SWIOTLB of 64 MiB") &&
	      has_note(&p, true, "larger than it need be"));
	/* one of 4000 MiB: 240 MiB and 8 are less than the usual 256 */
	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_GUEST,
	     "1M+2G=ram\n4G+1951M=ram", "crashkernel=256M,high", &p);
	CHECK(reserve_plan_size(&p, false) == 256 * MIB);
	/* nothing is added to a plain one */
	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_SME, map,
	     "crashkernel=160M", &p);
	CHECK(reserve_plan_size(&p, false) == 160 * MIB &&
	      has_note(&p, true, "add 64 MiB yourself") &&
	      has_note(&p, true, "has 96 MiB"));
	plan("x86_64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, map,
	     "crashkernel=160M", &p);
	CHECK(!has_note(&p, true, "SWIOTLB"));
}

static void test_s390x(void)
{
	static const char map[] = "0+4G=ram\n0+32M=kernel";

	check("s390x", RESERVE_LINUX(7, 2), map, "crashkernel=256M",
	      (struct want){ 0, 256 });
	check("s390x", RESERVE_LINUX(7, 2), map, "crashkernel=100000K",
	      (struct want){ 0, 98 });
	check("s390x", RESERVE_LINUX(7, 2), map, "crashkernel=256M@1G",
	      (struct want){ 0, 256 });
	check("s390x", RESERVE_LINUX(7, 2), map, "crashkernel=256M@128M",
	      (struct want){ 0, 0 });
	check("s390x", RESERVE_LINUX(7, 2), map, "crashkernel=256M,high",
	      (struct want){ 0, 0 });
	check("s390x", RESERVE_LINUX(7, 2), "0+128M=ram\n1G+1G=ram",
	      "crashkernel=256M", (struct want){ 0, 0 });
	/* above its own size, or not at all */
	check("s390x", RESERVE_LINUX(7, 2), "0+1G=ram", "crashkernel=600M",
	      (struct want){ 0, 0 });
	check("s390x", RESERVE_LINUX(7, 2), "0+1G=ram", "crashkernel=512M",
	      (struct want){ 0, 512 });
}

static void test_ppc64(void)
{
	struct reserve_plan p;

	plan("ppc64le", RESERVE_LINUX(7, 2), RESERVE_PLAIN, "0+4G=ram",
	     "crashkernel=512M", &p);
	CHECK(p.nr_regions == 1 && p.regions[0].exact &&
	      p.regions[0].start == 512 * MIB &&
	      p.regions[0].size == 512 * MIB);
	plan("ppc64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, "0+512M=ram",
	     "crashkernel=128M", &p);
	CHECK(p.nr_regions == 1 && p.regions[0].start == 256 * MIB);
	check("ppc64", RESERVE_LINUX(7, 2), "0+4G=ram\n0+64M=kernel",
	      "crashkernel=512M@32M", (struct want){ 0, 0 });
	check("ppc64", RESERVE_LINUX(7, 2), "0+768M=ram", "crashkernel=512M",
	      (struct want){ 0, 0 });
	CHECK(noted("ppc64", "0+4G=ram", "fadump=on crashkernel=512M", true,
		    "fadump's area"));
}

static void test_words(void)
{
	CHECK(noted("arm64", server, "quiet", false, "no crashkernel="));
	CHECK(noted("arm64", server, "crashkernel=1G crashkernel=2G", false,
		    "a later word"));
	CHECK(noted("arm64", server, fifteen[1].cmdline, false,
		    "crashkernel=512M,high has no effect"));
	CHECK(noted("arm64", server, fifteen[14].cmdline, false,
		    "crashkernel=garbage,low is not valid"));
	CHECK(!reserve_arch_name("vax") &&
	      !strcmp(reserve_arch_name("aarch64"), "arm64"));
}

int main(void)
{
	test_fifteen();
	test_fall_back();
	test_fixed();
	test_ranges();
	test_moved();
	test_cma();
	test_swiotlb();
	test_s390x();
	test_ppc64();
	test_words();
	return unit_end();
}
