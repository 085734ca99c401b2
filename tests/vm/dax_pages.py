#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the struct pages of a device's frames from a dump, as a debugger
would: through the page tables that are in it. x86_64, Linux 7.2.

usage: dax_pages.py VMCORE DUMP FIRST COUNT FRAMES
  VMCORE  only for VMCOREINFO; FRAMES: a file that names those of the device's
          frames (hex) that a process has mapped, page by page
All struct pages must be in the dump; those of mapped frames say what of,
those of none of the others do.
"""
import re
import struct
import sys

import dumpfile

ADDRESS = 0x000ffffffffff000


class Memory:
    """Kernel virtual memory of a dump."""

    def __init__(self, vmcore, dump):
        core = dumpfile.Vmcore(vmcore)
        at = core.find(b'OSRELEASE=')
        text = core.map[at:at + 4096].split(b'\0')[0].decode()
        self.info = dict(line.split('=', 1) for line in text.splitlines())
        self.dump = dumpfile.Kdump(dump)
        self.where = {pfn: rest for pfn, *rest in self.dump.pages()}
        self.cache = {}
        self.levels = 5 if self.number('pgtable_l5_enabled') else 4
        self.root = (int(self.info['SYMBOL(init_top_pgt)'], 16) -
                     0xffffffff80000000 + self.number('phys_base'))

    def number(self, name, kind='NUMBER'):
        return int(self.info[f'{kind}({name})'], 0)

    def page(self, pfn):
        if pfn not in self.cache:
            if pfn not in self.where:
                raise KeyError(f'frame {pfn:#x} is not in the dump')
            self.cache[pfn] = self.dump.unpack(*self.where[pfn])
        return self.cache[pfn]

    def physical(self, paddr, length):
        at = paddr % 4096
        return self.page(paddr >> 12)[at:at + length]

    def translate(self, vaddr):
        table = self.root
        for level in range(self.levels, 0, -1):
            shift = 3 + 9 * level
            entry, = struct.unpack('<Q', self.physical(
                (table & ADDRESS) + (vaddr >> shift & 511) * 8, 8))
            if not entry & 1:
                raise KeyError(f'{vaddr:#x} is not mapped')
            if level == 1 or level < 4 and entry & 0x80:
                low = (1 << shift) - 1
                return entry & ADDRESS & ~low | vaddr & low
            table = entry


def main():
    vmcore, dump, first, count, listed = sys.argv[1:]
    memory = Memory(vmcore, dump)
    with open(listed) as f:
        mapped = [int(line, 16) for line in f]
    size = memory.number('page', 'SIZE')
    vmemmap = int(memory.info['SYMBOL(vmemmap)'], 16)
    mapping, head = (memory.number('page.' + name, 'OFFSET')
                     for name in ('mapping', 'compound_info'))
    reserved = 1 << 13          # 7.2's PG_reserved
    used, tails, plain = set(), 0, 0
    for pfn in range(int(first), int(first) + int(count)):
        vaddr = vmemmap + pfn * size
        page = memory.physical(memory.translate(vaddr), size)
        flags, = struct.unpack_from('<Q', page)
        word, = struct.unpack_from('<Q', page, mapping)
        info, = struct.unpack_from('<Q', page, head)
        plain += bool(flags & reserved)
        if info & 1:
            # a devdax page of 2 MiB: what its head says is its tails'
            tails += 1
            if pfn & ~511 in used:
                used.add(pfn)
        elif word:
            used.add(pfn)
    print(f'{count} struct pages, {plain} reserved, {tails} tails, '
          f'{len(used)} of something, {len(mapped)} mapped')
    missed = set(mapped) - used
    print(f'mapped, and their struct pages do not say so: {len(missed)}')
    # the file system maps nothing else; the first frames have what was there
    more = {p for p in used if p >= int(first) + 2} - set(mapped)
    print(f'not mapped, and their struct pages do not say so: {len(more)}')
    sys.exit(not mapped or bool(missed) or len(more) > len(mapped) // 2 or
             plain < int(count) - 2)


if __name__ == '__main__':
    main()
