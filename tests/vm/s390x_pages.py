#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# drgn_pages.py's files for s390x, where drgn has no debuginfo: the struct pages
# by VMCOREINFO and a walk of the kernel's page tables (Linux
# arch/s390/include/asm/pgtable.h; three levels, which is what memmap below
# 4 TiB has). It shares nothing with src/.
# usage: s390x_pages.py CORE LAST_PFN OUT
import json
import re
import sys

from dumpfile import PAGE, Vmcore

REGION_INVALID, SEGMENT_INVALID, PAGE_INVALID, LARGE = 0x20, 0x20, 0x400, 0x400
# Linux include/linux/page-flags.h, enum pageflags; not in VMCOREINFO
PG_RESERVED = 13

core = Vmcore(sys.argv[1])
last, out = int(sys.argv[2]), sys.argv[3]
at = core.find(b'OSRELEASE=')
text = core.map[at:at + 8192].split(b'\0')[0].decode('ascii', 'replace')
note = dict(re.findall(r'^([^=\n]+)=(.*)$', text, re.M))


def address(name):
    return int(note[name], 16)


def number(name):
    return int(note[f'NUMBER({name})'])


def word(paddr):
    return int.from_bytes(core.page(paddr // PAGE)[paddr % PAGE:][:8], 'big')


def translate(vaddr):
    """None: nothing is mapped there."""
    table = address('SYMBOL(swapper_pg_dir)') - address('KERNELOFFSET') + \
        address('KERNELOFFPHYS')
    for shift, index, align, invalid in ((31, 0x7ff, 12, REGION_INVALID),
                                         (20, 0x7ff, 11, SEGMENT_INVALID)):
        entry = word(table + 8 * (vaddr >> shift & index))
        if entry & invalid:
            return None
        if entry & LARGE:
            return entry >> shift << shift | vaddr & (1 << shift) - 1
        table = entry >> (12 if shift == 31 else 11) << align
    entry = word(table + 8 * (vaddr >> 12 & 0xff))
    return None if entry & PAGE_INVALID else entry >> 12 << 12 | vaddr & 0xfff


size = int(note['SIZE(page)'])
fields = {name: int(note[f'OFFSET(page.{name})'])
          for name in ('flags', 'mapping', 'private', 'compound_info')}
# page_type has been where _mapcount is since it was first there
fields['page_type'] = int(note['OFFSET(page._mapcount)'])
head = number('PG_head_mask')
flags = {'PG_head': head.bit_length() - 1, 'PG_reserved': PG_RESERVED,
         **{name: number(name) for name in
            ('PG_lru', 'PG_private', 'PG_swapcache', 'PG_swapbacked')}}
types = {'PGTY_' + name.lower():
         number(f'PAGE_{name}_MAPCOUNT_VALUE') & 0xffffffff
         for name in ('SLAB', 'BUDDY', 'HUGETLB', 'OFFLINE')}

memmap, holes = address('SYMBOL(vmemmap)'), 0
with open(out + '.bin', 'wb') as f:
    for start in range(0, (last + 1) * size, PAGE):
        paddr = translate(memmap + start)
        if paddr is None:
            holes += 1
            f.write(b'\xff' * PAGE)
        else:
            f.write(core.page(paddr // PAGE))
with open(out + '.json', 'w') as f:
    json.dump({'order': 'big', 'size': size, 'fields': fields, 'flags': flags,
               'types': types, 'types_high': True, 'symbols': {},
               'holes': holes}, f, indent=1)
