/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capture kernel's own memory over the crashed one's: /proc/iomem texts. */
#include "../../src/capture/own_memory.h"
#include "unit.h"

#define MIB (1ull << 20)

/* a bit for each block of 128 MiB */
static bool online(void *arg, uint64_t paddr)
{
	const uint64_t *blocks = arg;

	return *blocks >> (paddr / (128 * MIB)) & 1;
}

static struct own_memory find(const char *iomem, uint64_t blocks)
{
	/* what a DIMM of 512 MiB at 4 GiB leaves in /proc/vmcore */
	struct segment segments[] = {
		{ .paddr = 0x1000, .memsz = 0x9ec00 },
		{ .paddr = MIB, .memsz = 543 * MIB },
		{ .paddr = 800 * MIB, .memsz = 223 * MIB },
		{ .paddr = 4096 * MIB, .memsz = 512 * MIB },
	};
	struct image image = { .segments = segments, .nr_segments = 4 };
	struct own_memory own;

	own_memory_find(&image, iomem, 128 * MIB, online, &blocks, &own);
	return own;
}

/* 544 to 799 MiB are the reservation. */
static const char good[] =
	"00000000-00000fff : Reserved\n"
	"00001000-0009fbff : System RAM\n"
	"000a0000-000bffff : PCI Bus 0000:00\n"
	"22000000-2200000f : System RAM\n"
	"22000010-31f5cfff : System RAM\n"
	"  27200000-284ca8df : Kernel code\n"
	"31f5d000-31fffbff : RAM buffer\n"
	"40000000-afffffff : PCI Bus 0000:00\n"
	"  fd000000-fdffffff : System RAM\n";

static void test_none(void)
{
	CHECK(find(good, ~0ull).size == 0);
	CHECK(find("", ~0ull).size == 0);
	CHECK(find("\n\n:\n-\nSystem RAM\n1-2 System RAM", ~0ull).size == 0);
	CHECK(find("00000000-00000000 : System RAM\n", ~0ull).size == 0);
	CHECK(find("200000-100000 : System RAM\n", ~0ull).size == 0);
	CHECK(find("100000-ffffffffffffffff : System RAM\n", ~0ull).size == 0);
	CHECK(find("100000000-11fffffff : System ROM\n", ~0ull).size == 0);
}

static void test_dimm(void)
{
	char iomem[1024];
	struct own_memory own;

	snprintf(iomem, sizeof(iomem), "%s%s", good,
		 "100000000-11fffffff : System RAM");
	own = find(iomem, ~0ull);
	CHECK(own.size == 512 * MIB && own.paddr == 4096 * MIB);
	/* the kernel has it, but offline: all of it, then two blocks */
	CHECK(find(iomem, 0xffffffff).size == 0);
	own = find(iomem, 0x5ull << 33);
	CHECK(own.size == 256 * MIB && own.paddr == (4096 + 128) * MIB);
	/* a part only, and a driver's */
	own = find("118000000-13fffffff : System RAM (virtio_mem)", ~0ull);
	CHECK(own.size == 128 * MIB && own.paddr == 0x118000000);
}

static void test_across_segments(void)
{
	/* 500 to 899 MiB: 44 below the reservation, 100 above it */
	struct own_memory own = find("1f400000-383fffff : System RAM\n",
				     ~0ull);

	CHECK(own.size == 144 * MIB && own.paddr == 500 * MIB);
}

int main(void)
{
	test_none();
	test_dimm();
	test_across_segments();
	return unit_end();
}
