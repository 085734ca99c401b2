#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scan_image.py [--kernel PERCENT] SIZE OUT: a vmcore of a machine with SIZE
(1G ... 64T) of memory, in a file of a few hundred MiB at most.

Its memmap is whole: each GiB of it is mapped by a page table of its own, 2 MiB
leaf by leaf, as the kernel does. But the leaves share frames: 256 at most, a
memory section's struct pages each, of which 32 differ. This needs a kernel whose
tail pages hold masks and not pointers (7.1 and later): so they are right
wherever they are mapped. All memory that holds neither struct pages nor page
tables is zero and not in the file (p_filesz 0).

What the sections hold (PERFORMANCE figures of a real 8 GiB machine): 33 % free
in blocks of any order, 37 % page cache, a third of it in folios, 24 % user
pages, half of it huge, and 6 % (PERCENT) the kernel's: slabs, page tables and
single pages.
"""

import argparse
import os
import random
import struct

PAGE, HUGE = 1 << 12, 1 << 21
SECTION = 1 << 27                       # bytes of memory
PER_SECTION = SECTION // PAGE
PER_ROOT = PAGE // 16
LEAF, TABLE, LARGE = 0x163, 0x63, 0x80
KERNEL_MAP, LINEAR, VMEMMAP = (0xffffffff80000000, 0xffff888000000000,
                               0xffffea0000000000)
IMAGE, ROOT, ROOTS, TABLES, BLOCKS = (0x1000000, 0x1800000, 0x1900000,
                                      0x2000000, 0x4000000)
MAX_BLOCKS, PATTERNS = 256, 32
LRU, HEAD, PRIVATE, SWAPBACKED, RESERVED = (1 << 5, 1 << 6, 1 << 14, 1 << 17,
                                            1 << 13)
ZONE = 0x17ffffc000000000
BUDDY, SLAB, PGTABLE, NONE = 0xf0000000, 0xf5000000, 0xf2000000, 0xffffffff

VMCOREINFO = """OSRELEASE=7.2.0-synthetic
PAGESIZE=4096
SYMBOL(swapper_pg_dir)=%x
SYMBOL(_stext)=ffffffff81000000
SYMBOL(mem_section)=%x
LENGTH(mem_section)=2048
SIZE(mem_section)=16
OFFSET(mem_section.section_mem_map)=0
NUMBER(SECTION_SIZE_BITS)=27
NUMBER(MAX_PHYSMEM_BITS)=46
SIZE(page)=64
OFFSET(page.flags)=0
OFFSET(page._refcount)=52
OFFSET(page.mapping)=24
OFFSET(page.lru)=8
OFFSET(page._mapcount)=48
OFFSET(page.private)=40
OFFSET(page.compound_info)=8
LENGTH(zone.free_area)=11
NUMBER(PG_lru)=5
NUMBER(PG_private)=14
NUMBER(PG_swapcache)=10
NUMBER(PG_swapbacked)=17
NUMBER(PG_hwpoison)=21
NUMBER(PG_head_mask)=64
NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592
NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240
NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944
NUMBER(phys_base)=0
NUMBER(pgtable_l5_enabled)=0
NUMBER(KERNEL_IMAGE_SIZE)=1073741824
CRASHTIME=1760000000
"""


def size_of(text):
    """Bytes of "16T"."""
    units = {"G": 30, "T": 40}
    return int(text[:-1]) << units[text[-1]]


def struct_page(flags, mapping=0, mapcount=NONE, private=0, word=None):
    """One, with its list pointing somewhere."""
    return struct.pack("<6QIiQ", ZONE | flags,
                       0xffff888012345600 if word is None else word,
                       0xffff888012345608, mapping, 0x1234, private, mapcount,
                       1, 0)


def unit(kind, order):
    """The struct pages of one buddy block or (compound) page."""
    if kind == "free":
        return (struct_page(0, mapcount=BUDDY, private=order)
                + struct_page(0) * ((1 << order) - 1))
    flags, mapping, mapcount = {
        "cache": (LRU, 0xffff888100000000, 3),
        "private": (LRU | PRIVATE, 0xffff888100000000, NONE),
        "anon": (LRU | SWAPBACKED, 0xffff888100000001, 0),
        "slab": (0, 0, SLAB),
        "table": (0, 0, PGTABLE),
        "kernel": (0, 0, NONE),
        "reserved": (RESERVED, 0, NONE)}[kind]
    if not order:
        return struct_page(flags, mapping, mapcount)
    mask = (1 << 64) - (64 << order) | 1
    return (struct_page(flags | HEAD, mapping, mapcount)
            + struct_page(order, word=mask)
            + struct_page(0, word=mask) * ((1 << order) - 2))


def section(rng, kernel):
    """The struct pages of a memory section; KERNEL: percent."""
    rest = (100 - kernel) / 94
    mix = [(33 * rest, "free", (10, 10, 9, 8, 6, 4, 3, 2, 1, 0)),
           (22 * rest, "cache", (0,)), (13 * rest, "cache", (2, 4, 5, 9)),
           (2 * rest, "private", (0,)),
           (12 * rest, "anon", (0,)), (12 * rest, "anon", (9,)),
           (kernel * 0.4, "slab", (3, 2, 1, 0)), (kernel * 0.1, "table", (0,)),
           (kernel * 0.4, "kernel", (0,)), (kernel * 0.1, "reserved", (0,))]
    weights = [share for share, _, _ in mix]
    made, out, pfn = {}, [], 0
    while pfn < PER_SECTION:
        _, kind, orders = rng.choices(mix, weights)[0]
        # as many pages of each kind as its share says: a stretch at a time
        end = min(PER_SECTION, pfn + 512)
        while pfn < end:
            order = rng.choice(orders)
            while pfn & ((1 << order) - 1) or pfn + (1 << order) > PER_SECTION:
                order -= 1
            if (kind, order) not in made:
                made[kind, order] = unit(kind, order)
            out.append(made[kind, order])
            pfn += 1 << order
    return b"".join(out)


class Image:
    def __init__(self, path, size, kernel):
        self.size = size
        self.sections = size // SECTION
        self.blocks = min(self.sections, MAX_BLOCKS)
        self.low = BLOCKS + self.blocks * HUGE
        self.file = open(path, "wb")
        self.data = PAGE                # where frame 0 is in the file
        self.next_table = TABLES
        self.write_head()
        self.write_tables()
        self.write_sections()
        patterns = [section(random.Random(i), kernel)
                    for i in range(min(PATTERNS, self.blocks))]
        for i in range(self.blocks):
            self.put(BLOCKS + i * HUGE, patterns[i % PATTERNS])
        self.file.truncate(self.data + self.low)
        self.file.close()

    def put(self, paddr, content):
        self.file.seek(self.data + paddr)
        self.file.write(content)

    def put_words(self, paddr, words):
        self.put(paddr, struct.pack("<%dQ" % len(words), *words))

    def table(self, entries):
        """A page table; its address."""
        paddr = self.next_table
        self.next_table += PAGE
        self.put_words(paddr, entries)
        return paddr | TABLE

    def write_head(self):
        info = (VMCOREINFO % (KERNEL_MAP + ROOT, LINEAR + ROOTS)).encode()
        name = b"VMCOREINFO\0"
        note = struct.pack("<3I", len(name), len(info), 0) + name + b"\0"
        note += info + bytes(-len(info) % 4)
        loads = [(0, self.low, self.low), (self.low, 0, self.size - self.low)]
        head = struct.pack("<16sHHIQQQIHHHHHH",
                           b"\x7fELF\2\1\1" + bytes(9), 4, 62, 1, 0, 64, 0, 0,
                           64, 56, 1 + len(loads), 0, 0, 0)
        head += struct.pack("<IIQQQQQQ", 4, 0, 1024, 0, 0, len(note),
                            len(note), 0)
        for paddr, filesz, memsz in loads:
            head += struct.pack("<IIQQQQQQ", 1, 7, self.data + paddr,
                                LINEAR + paddr, paddr, filesz, memsz, 0)
        self.file.write(head + bytes(1024 - len(head)) + note)

    def write_tables(self):
        """Kernel image, linear map, memmap; the top table last."""
        top = [0] * 512
        image = self.table([0] * 8 + [IMAGE + i * HUGE | LEAF | LARGE
                                      for i in range(8)])
        top[511] = self.table([0] * 510 + [image])
        gib = [i << 30 | LEAF | LARGE for i in range(self.size >> 30)]
        for i in range(0, len(gib), 512):
            top[(LINEAR >> 39) % 512 + i // 512] = self.table(gib[i:i + 512])
        leaves = [BLOCKS + i % self.blocks * HUGE | LEAF | LARGE
                  for i in range(self.sections)]
        middle = [self.table(leaves[i:i + 512])
                  for i in range(0, len(leaves), 512)]
        for i in range(0, len(middle), 512):
            top[(VMEMMAP >> 39) % 512 + i // 512] = \
                self.table(middle[i:i + 512])
        self.put_words(ROOT, top)

    def write_sections(self):
        """mem_section: all but the last root are one page."""
        full, left = divmod(self.sections, PER_ROOT)
        roots = [LINEAR + ROOTS + 2048 * 8] * full
        self.put_words(ROOTS + 2048 * 8, [VMEMMAP | 0x1f, 0] * PER_ROOT)
        if left:
            self.put_words(ROOTS + 2048 * 8 + PAGE, [VMEMMAP | 0x1f, 0] * left)
            roots.append(LINEAR + ROOTS + 2048 * 8 + PAGE)
        self.put_words(ROOTS, roots)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernel", type=float, default=6)
    parser.add_argument("size", type=size_of)
    parser.add_argument("out")
    args = parser.parse_args()
    Image(args.out, args.size, args.kernel)
    os.sync()


if __name__ == "__main__":
    main()
