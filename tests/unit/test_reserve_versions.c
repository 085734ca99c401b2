/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of kernels before 7.2, and which of them a version is given. */
#include "reserve_check.h"

/* What older kernels do otherwise: the same words, a version before and after
 * each change. */
static const struct {
	const char *arch;
	unsigned major, minor;
	const char *map, *cmdline;
	struct want want;
} versions[] = {
	/* arm64: low memory only; ,high without a low part, no way up; a default
	 * low part and a way up; ,high first above */
	{ "arm64", 5, 18, server, "crashkernel=4G,high", { 0, 0 } },
	{ "arm64", 5, 19, server, "crashkernel=4G,high", { 4096, 0 } },
	{ "arm64", 6, 1, server, "crashkernel=4G,high", { 4096, 0 } },
	{ "arm64", 6, 1, server, "crashkernel=4G,high crashkernel=64M,low",
	  { 4096, 64 } },
	{ "arm64", 6, 2, server, "crashkernel=4G,high", { 4096, 128 } },
	{ "arm64", 6, 1, server, "crashkernel=4G", { 0, 0 } },
	{ "arm64", 6, 2, server, "crashkernel=4G", { 4096, 128 } },
	{ "arm64", 6, 1, server, "crashkernel=512M", { 0, 512 } },
	{ "arm64", 6, 1, "1G+3G=ram", "crashkernel=512M,high", { 0, 512 } },
	{ "arm64", 6, 12, "1G+3G=ram", "crashkernel=512M,high", { 0, 512 } },
	/* where the main part ends in low memory, 6.2 may add to it */
	{ "arm64", 6, 4, "1G+3G=ram", "crashkernel=64M,high", { 0, 192 } },
	{ "arm64", 6, 4, "1G+3G=ram", "crashkernel=128M,high", { 0, 128 } },
	{ "arm64", 6, 5, "1G+3G=ram", "crashkernel=64M,high", { 0, 64 } },
	/* x86_64 before 6.7 */
	{ "x86_64", 6, 6, server, "crashkernel=256M,high crashkernel=x,low",
	  { 256, 256 } },
	{ "x86_64", 6, 7, server, "crashkernel=256M,high crashkernel=x,low",
	  { 0, 0 } },
	{ "x86_64", 6, 6, server, "crashkernel=4G crashkernel=64M,low",
	  { 4096, 64 } },
	{ "x86_64", 6, 7, server, "crashkernel=4G crashkernel=64M,low",
	  { 4096, 256 } },
	{ "x86_64", 6, 6, server, "crashkernel=x crashkernel=256M,high",
	  { 256, 256 } },
	{ "x86_64", 6, 7, server, "crashkernel=x crashkernel=256M,high",
	  { 0, 0 } },
	{ "x86_64", 6, 6, server, "crashkernel=256M@8G", { 256, 256 } },
	{ "x86_64", 6, 7, server, "crashkernel=256M@8G", { 256, 0 } },
	{ "x86_64", 6, 6, server, "crashkernel=256M@0x90100000", { 0, 256 } },
	{ "x86_64", 6, 7, server, "crashkernel=256M@0x90100000", { 0, 0 } },
	{ "x86_64", 6, 6, server, "crashkernel=64G", { 0, 0 } },
	{ "x86_64", 6, 6, server, "crashkernel=-1", { 0, 0 } },
	{ "x86_64", 6, 6, server, "crashkernel=17E,high", { 0, 0 } },
	/* ,cma was a bad SIZE, if it stood last */
	{ "x86_64", 6, 16, server, "crashkernel=256M crashkernel=64M,cma",
	  { 0, 0 } },
	{ "x86_64", 6, 16, server, "crashkernel=64M,cma crashkernel=256M",
	  { 0, 256 } },
	{ "x86_64", 6, 17, server, "crashkernel=256M crashkernel=64M,cma",
	  { 0, 256 } },
	{ "arm64", 6, 16, server, "crashkernel=256M crashkernel=64M,cma",
	  { 0, 0 } },
	{ "arm64", 6, 17, server, "crashkernel=256M crashkernel=64M,cma",
	  { 0, 256 } },
	/* ranges: 19424 MiB, 19456 if rounded */
	{ "arm64", 5, 19, server, "crashkernel=19424M-:64M", { 0, 64 } },
	{ "arm64", 5, 19, server, "crashkernel=19425M-:64M", { 0, 0 } },
	{ "arm64", 6, 0, server, "crashkernel=19456M-:64M", { 0, 64 } },
	/* riscv64 */
	{ "riscv64", 5, 12, server, "crashkernel=256M", { 0, 0 } },
	{ "riscv64", 6, 1, server, "crashkernel=256M", { 0, 256 } },
	{ "riscv64", 6, 1, server, "crashkernel=4G", { 4096, 0 } },
	{ "riscv64", 6, 6, server, "crashkernel=4G", { 4096, 128 } },
	{ "riscv64", 6, 5, server, "crashkernel=256M,high", { 0, 0 } },
	{ "riscv64", 6, 6, server, "crashkernel=256M,high", { 256, 128 } },
	{ "riscv64", 6, 6, "2G+2G=ram", "crashkernel=256M,high", { 0, 256 } },
	{ "riscv64", 6, 11, "2G+2G=ram", "crashkernel=256M,high", { 0, 256 } },
	{ "riscv64", 6, 12, "2G+2G=ram", "crashkernel=256M,high", { 0, 0 } },
	/* loongarch64 */
	{ "loongarch64", 6, 0, server, "crashkernel=256M", { 0, 0 } },
	{ "loongarch64", 6, 1, server, "crashkernel=256M", { 0, 0 } },
	{ "loongarch64", 6, 1, server, "crashkernel=256M@2G", { 0, 256 } },
	{ "loongarch64", 6, 4, server, "crashkernel=256M", { 0, 256 } },
	{ "loongarch64", 6, 6, server, "crashkernel=4G", { 0, 0 } },
	{ "loongarch64", 6, 7, server, "crashkernel=4G", { 4096, 128 } },
	/* what is not known is told by the nearest that is */
	{ "arm64", 4, 19, server, "crashkernel=4G,high", { 0, 0 } },
	{ "arm64", 9, 0, server, "crashkernel=4G,high", { 4096, 128 } },
};

static void test_versions(void)
{
	struct reserve_plan p;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		unsigned kernel = RESERVE_LINUX(versions[i].major,
						versions[i].minor);

		check(versions[i].arch, kernel, versions[i].map,
		      versions[i].cmdline, versions[i].want);
	}
	plan("arm64", RESERVE_LINUX(7, 2), RESERVE_PLAIN, server,
	     "crashkernel=64M crashkernel=64M,cma", &p);
	CHECK(!reserve_plan_cma(&p));
	plan("arm64", RESERVE_LINUX(7, 3), RESERVE_PLAIN, server,
	     "crashkernel=64M crashkernel=64M,cma", &p);
	CHECK(reserve_plan_cma(&p) == 64 * MIB);
	/* SEV's SWIOTLB: 6.1 makes it larger, 5.10 does not */
	plan("x86_64", RESERVE_LINUX(6, 1), RESERVE_GUEST, server,
	     "crashkernel=256M,high", &p);
	CHECK(reserve_plan_size(&p, false) == 1032 * MIB);
	plan("x86_64", RESERVE_LINUX(5, 10), RESERVE_GUEST, server,
	     "crashkernel=256M,high", &p);
	CHECK(reserve_plan_size(&p, false) == 256 * MIB);
	/* ppc64 */
	plan("ppc64", RESERVE_LINUX(6, 0), RESERVE_PLAIN, "0+4G=ram",
	     "crashkernel=512M", &p);
	CHECK(p.nr_regions == 1 && p.regions[0].start == 2 * GIB);
	plan("ppc64", RESERVE_LINUX(6, 14), RESERVE_PLAIN,
	     "0+4G=ram\n512M+1M=reserved", "crashkernel=512M", &p);
	CHECK(p.nr_regions == 1 && p.certain);
	plan("ppc64", RESERVE_LINUX(6, 17), RESERVE_PLAIN,
	     "0+4G=ram\n512M+1M=reserved", "crashkernel=512M", &p);
	CHECK(!p.nr_regions && !p.certain);
}

static bool noted_by(const char *arch, unsigned kernel, const char *map,
		     const char *cmdline, bool caution, const char *text)
{
	struct reserve_plan p;

	return plan(arch, kernel, RESERVE_PLAIN, map, cmdline, &p) &&
	       has_note(&p, caution, text);
}

static void test_version_notes(void)
{
	CHECK(noted_by("arm64", RESERVE_LINUX(6, 1), server,
		       "crashkernel=4G,high", true, "no low memory"));
	CHECK(noted_by("arm64", RESERVE_LINUX(6, 1), server, "crashkernel=4G",
		       false, "looks nowhere else"));
	CHECK(noted_by("riscv64", RESERVE_LINUX(6, 12), "2G+2G=ram",
		       "crashkernel=256M,high", false, "looks nowhere else"));
	CHECK(noted_by("x86_64", RESERVE_LINUX(6, 12), server,
		       "crashkernel=64M crashkernel=64M,cma", false,
		       "know no ,cma"));
	CHECK(noted_by("loongarch64", RESERVE_LINUX(6, 1), server,
		       "crashkernel=64M", false, "takes the address for 0"));
	CHECK(noted_by("riscv64", RESERVE_LINUX(5, 10), server,
		       "crashkernel=64M", false, "knows no crashkernel="));
	CHECK(noted_by("x86_64", RESERVE_LINUX(6, 1), server,
		       "crashkernel=256M,high crashkernel=x,low", false,
		       "take the default"));
	CHECK(noted_by("x86_64", RESERVE_LINUX(6, 1), server,
		       "crashkernel=x crashkernel=256M,high", false,
		       "look for ,high"));
	/* no room in the only memory there is */
	for (unsigned v = RESERVE_LINUX(6, 6); v <= RESERVE_LINUX(6, 8); v++)
		CHECK(noted_by("riscv64", v, "2G+1G=ram\n3200M+512M=ram",
			       "crashkernel=1200M", true, "will not boot") ==
		      (v > RESERVE_LINUX(6, 6)));
	CHECK(noted_by("riscv64", RESERVE_LINUX(6, 8), "2G+1G=ram",
		       "crashkernel=2G,high", true, "will not boot"));
	CHECK(!noted_by("riscv64", RESERVE_LINUX(6, 12), "2G+1G=ram",
			"crashkernel=512M,high", true, "will not boot"));
	CHECK(!noted_by("arm64", RESERVE_LINUX(6, 8),
			"1G+1G=ram\n3G+512M=ram", "crashkernel=1200M", true,
			"will not boot"));
}

static void test_kernel_parse(void)
{
	CHECK(reserve_kernel_parse("7.2") == RESERVE_LINUX(7, 2));
	CHECK(reserve_kernel_parse("6.1.0-50-amd64") == RESERVE_LINUX(6, 1));
	CHECK(reserve_kernel_parse("5.10") == RESERVE_LINUX(5, 10));
	CHECK(reserve_kernel_parse("6.12+deb13") == RESERVE_LINUX(6, 12));
	CHECK(!reserve_kernel_parse("") && !reserve_kernel_parse("6") &&
	      !reserve_kernel_parse("6.") && !reserve_kernel_parse(".1") &&
	      !reserve_kernel_parse("x6.1") && !reserve_kernel_parse("0.1") &&
	      !reserve_kernel_parse("6.1234") &&
	      !reserve_kernel_parse("99999999999999999999.1"));
	CHECK(reserve_kernel_known(RESERVE_LINUX(4, 4)) == RESERVE_OLDEST &&
	      reserve_kernel_known(RESERVE_LINUX(8, 0)) == RESERVE_NEWEST &&
	      reserve_kernel_known(RESERVE_SERIES) == RESERVE_SERIES);
	CHECK(!reserve_arch_of("x86_64", RESERVE_SERIES));
}

int main(void)
{
	test_versions();
	test_version_notes();
	test_kernel_parse();
	return unit_end();
}
