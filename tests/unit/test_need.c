/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a crash kernel needs and the crashkernel= that is recommended: against
 * what capture kernels were seen to need (tests/vm/recommended.sh boots with
 * it), and what each architecture's command line takes.
 */
#include "../../src/machine/need.h"
#include "unit.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static const char pc[] =	/* 8 GiB, the kernel low */
	"00001000-0009fbff : System RAM\n"
	"00100000-7fffffff : System RAM\n"
	"  52e00000-55ffffff : Kernel code\n"
	"100000000-27fffffff : System RAM\n";
static const char pc_full[] =	/* hardly any memory below 4 GiB */
	"00100000-17ffffff : System RAM\n"
	"  01000000-03ffffff : Kernel code\n"
	"100000000-27fffffff : System RAM\n";
static const char small[] = "00100000-07ffffff : System RAM\n";
static const char partition[] = "00000000-1ffffffff : System RAM\n";

/* The machine of tests/vm: Debian's 7.2 with 26.6 MiB of initramfs. */
static void ask(struct need_asked *asked, const char *arch)
{
	if (!CHECK(need_init(asked, arch, "7.2.13")))
		exit(1);
	asked->kernel = 50 * MIB;
	asked->packed = 8 * MIB;
	asked->unpacked = 27 * MIB;
	asked->capdump = 11 * MIB;
}

static void advise(const struct need_asked *asked, const char *map,
		   const char *cmdline, struct need_advice *ret)
{
	struct reserve_machine machine = {
		.arch = asked->arch, .encryption = asked->encryption,
		.cmdline = cmdline };
	struct iomem iomem;

	*ret = (struct need_advice){ .granted = false };
	if (!CHECK_OK(iomem_parse(map, strlen(map), &iomem)))
		return;
	machine.iomem = &iomem;
	CHECK_OK(need_advise(asked, &machine, ret));
	iomem_deinit(&iomem);
	CHECK(ret->checked);
}

static uint64_t sum(const struct need *need)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < NR_NEED_PARTS; i++)
		bytes += need->bytes[i];
	return bytes;
}

/* 112 MiB are not enough for that kernel (it dies while it unpacks), 128 are
 * for capdump alone: the answer is above that, and below twice of it. */
static void test_measured(void)
{
	struct need_asked asked;
	struct need need;

	ask(&asked, "x86_64");
	need_plan(&asked, false, &need);
	CHECK(need.boot > 112 * MIB && need.boot < 144 * MIB);
	CHECK(need.total > 128 * MIB && need.total <= 224 * MIB);
	CHECK(need.total % (16 * MIB) == 0 && !need.low);
	/* whatever is not there at the same time is not added twice */
	CHECK(need.run + need.bytes[NEED_PACKED] + need.bytes[NEED_MARGIN] ==
	      sum(&need));
	CHECK(need.total >= need.run + need.bytes[NEED_MARGIN]);
	CHECK(need.bytes[NEED_PAGES] == need.total / 64);
	CHECK(!need.assumed[NEED_KERNEL] && !need.assumed[NEED_UNPACKED]);
	CHECK(need.assumed[NEED_PROGRAMS]);
}

static void test_grows(void)
{
	struct need_asked asked;
	struct need small_one, need;

	ask(&asked, "x86_64");
	need_plan(&asked, false, &small_one);
	asked.unpacked += 100 * MIB;
	need_plan(&asked, false, &need);
	CHECK(need.total >= small_one.total + 96 * MIB);
	/* a large initramfs is not unpacked to where it lies */
	asked.packed = 200 * MIB;
	need_plan(&asked, false, &need);
	CHECK(need.boot > need.run && need.total > need.boot);
	asked.nr_cpus = 17;
	need_plan(&asked, false, &small_one);
	CHECK(small_one.bytes[NEED_CPUS] == 32 * MIB);
	/* of a debug kernel */
	ask(&asked, "x86_64");
	asked.struct_page_size = 128;
	need_plan(&asked, false, &need);
	CHECK(need.bytes[NEED_PAGES] == need.total / 32);
	/* it takes half of what is free */
	asked.capdump = 100 * MIB;
	need_plan(&asked, false, &need);
	CHECK(need.bytes[NEED_MARGIN] == 100 * MIB);
}

static void test_defaults(void)
{
	static const char *const archs[] = { "x86_64", "arm64", "riscv64",
		"loongarch64", "s390x", "ppc64" };
	struct need_asked asked;
	struct need need;

	for (size_t i = 0; i < sizeof(archs) / sizeof(archs[0]); i++) {
		CHECK(need_init(&asked, archs[i], "7.2"));
		asked.capdump = 11 * MIB;
		need_plan(&asked, false, &need);
		CHECK(need.assumed[NEED_KERNEL] && need.bytes[NEED_KERNEL]);
		CHECK(need.assumed[NEED_PACKED] && need.bytes[NEED_PACKED]);
		CHECK(need.bytes[NEED_UNPACKED] > need.bytes[NEED_PACKED]);
		CHECK(need.total >= 192 * MIB && need.total <= 512 * MIB);
	}
	/* the CMA area of Debian's riscv64 kernel: slabs can't be there */
	CHECK(need_init(&asked, "riscv64", "7.2"));
	asked.unpacked = 27 * MIB;
	need_plan(&asked, false, &need);
	CHECK(need.bytes[NEED_CMA] > 0);
	CHECK(need.total - need.bytes[NEED_UNPACKED] -
	      need.bytes[NEED_PROGRAMS] - need.bytes[NEED_OUTPUT] -
	      need.bytes[NEED_MARGIN] >= 128 * MIB);
}

static void test_words(void)
{
	struct need_asked asked;
	struct need_advice a;

	ask(&asked, "x86_64");
	advise(&asked, pc, "quiet crashkernel=8G", &a);
	CHECK(a.granted && a.certain);
	CHECK(strstr(a.words, "crashkernel=") == a.words &&
	      !strstr(a.words, "high"));
	CHECK(a.low_bytes == a.need.total && !a.high_bytes);
	/* no room below 4 GiB for all of it: bounce buffers are there */
	asked.unpacked = 200 * MIB;
	advise(&asked, pc_full, "quiet", &a);
	CHECK(a.granted && a.need.low == 256 * MIB);
	CHECK(strstr(a.words, "M,high crashkernel=256M,low"));
	CHECK(a.high_bytes == a.need.total && a.low_bytes == 256 * MIB);
	CHECK(a.need.bytes[NEED_SWIOTLB] == 64 * MIB);
	CHECK(a.need.total < a.need.run + a.need.bytes[NEED_SWIOTLB] +
			     a.need.bytes[NEED_MARGIN]);
	/* none at all */
	advise(&asked, small, "", &a);
	CHECK(!a.granted && !a.high_bytes && !a.low_bytes);
	/* whatever the map */
	CHECK_OK(need_advise(&asked, NULL, &a));
	CHECK(!a.checked && !a.granted && !strncmp(a.words, "crashkernel=", 12));
	/* no ,high there */
	ask(&asked, "ppc64le");
	advise(&asked, partition, "", &a);
	CHECK(a.granted && !strstr(a.words, ","));
	ask(&asked, "s390x");
	advise(&asked, partition, "", &a);
	CHECK(a.granted && !strstr(a.words, ","));
	advise(&asked, small, "", &a);
	CHECK(!a.granted);
}

/* What may be asked for depends on the kernel: riscv64 takes ,high since 6.6. */
static void test_kernels(void)
{
	static const struct { const char *release; bool high; } kernels[] = {
		{ "6.5.0-1-riscv64", false }, { "6.6.9", true },
		{ "7.2.13+deb14-riscv64", true }, { "generic", true },
	};
	static const char map[] = "00100000-1fffffff : System RAM\n"
				  "100000000-27fffffff : System RAM\n";
	struct need_asked asked;
	struct need_advice a;

	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		CHECK(need_init(&asked, "riscv64", kernels[i].release));
		asked.kernel = 36 * MIB;
		asked.packed = 8 * MIB;
		asked.unpacked = 500 * MIB;	/* no room below */
		asked.swiotlb = 4 * MIB;
		advise(&asked, map, "", &a);
		CHECK(!strstr(a.words, "M,high") == !kernels[i].high);
		CHECK(asked.arch == reserve_arch_of("riscv64",
				kernels[i].high && i != 1 ? RESERVE_LINUX(7, 2) :
				reserve_kernel_parse(kernels[i].release)));
	}
}

static void test_encryption(void)
{
	struct need_asked asked;
	struct need plain, need;

	ask(&asked, "x86_64");
	need_plan(&asked, false, &plain);
	CHECK(!plain.bytes[NEED_SWIOTLB]);
	asked.encryption = RESERVE_GUEST;
	need_plan(&asked, false, &need);
	CHECK(need.bytes[NEED_SWIOTLB] == 64 * MIB);
	CHECK(need.total >= plain.total + 64 * MIB);
	asked.swiotlb = 1 * GIB;
	need_plan(&asked, true, &need);
	CHECK(need.low >= GIB + 8 * MIB && need.total < GIB);
}

/* The struct pages of the whole machine, made by a kernel that has no more than
 * crashkernel=; never less than the firmware's least, or more than a quarter. */
static void test_fadump(void)
{
	struct need_asked asked;
	struct need_advice a;

	ask(&asked, "ppc64");
	asked.page_size = 65536;
	asked.fadump = true;
	asked.ram = 4 * GIB;
	advise(&asked, partition, "", &a);
	CHECK(!strncmp(a.words, "fadump=on crashkernel=", 22));
	CHECK(a.need.total >= 320 * MIB && a.granted);
	asked.ram = 1 * GIB;
	advise(&asked, partition, "", &a);
	CHECK(!a.granted);
	asked.ram = 16ull << 40;
	advise(&asked, partition, "", &a);
	CHECK(a.need.bytes[NEED_PAGES] == 16 * GIB && a.granted);
}

static void test_judge(void)
{
	struct need_asked asked;
	struct need need;

	ask(&asked, "x86_64");
	need_plan(&asked, false, &need);
	CHECK(need_judge(&asked, false, need.total, 0) == NEED_MET);
	CHECK(need_judge(&asked, false, need.total + GIB, 0) == NEED_MET);
	CHECK(need_judge(&asked, false, need.run, 0) == NEED_TIGHT);
	CHECK(need_judge(&asked, false, need.total / 2, 0) == NEED_NOT_MET);
	CHECK(need_judge(&asked, false, 0, 0) == NEED_NOT_MET);
	need_plan(&asked, true, &need);
	CHECK(need_judge(&asked, true, need.total, need.low) == NEED_MET);
	CHECK(need_judge(&asked, true, need.total, 72 * MIB) == NEED_MET);
	CHECK(need_judge(&asked, true, need.total, 64 * MIB) == NEED_NOT_MET);
	CHECK(need_judge(&asked, true, need.total, 0) == NEED_NOT_MET);
}

static void test_names(void)
{
	for (unsigned i = 0; i < NR_NEED_PARTS; i++) {
		CHECK(need_part_name(i) && *need_part_name(i));
		CHECK(need_part_key(i) && !strchr(need_part_key(i), ' '));
	}
}

int main(void)
{
	test_measured();
	test_grows();
	test_defaults();
	test_words();
	test_kernels();
	test_encryption();
	test_fadump();
	test_judge();
	test_names();
	return unit_end();
}
