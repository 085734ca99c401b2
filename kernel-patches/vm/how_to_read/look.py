#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints as JSON what drgn finds in a dump: how many flags section_mem_map has
and what is in it, what tails hold, which page types there are, hwerr_data.
usage: look.py CORE VMLINUX"""
import collections
import json
import struct
import sys

import drgn
from drgn.helpers.linux.mm import pfn_to_page

from drgn_view import open_core

MASK = (1 << 64) - 1
PER_SECTION = 1 << 15   # x86_64: frames in 128 MiB
ROOTS = 64              # of mem_section, as far as the guest's memory goes


def sections(prog):
    """(section_mem_map) of all sections that have one."""
    roots = prog['mem_section']
    size = drgn.sizeof(prog.type('struct mem_section'))
    per_root = prog['PAGE_SIZE'].value_() // size
    for i in range(ROOTS):
        if not roots[i]:
            continue
        for j in range(per_root):
            value = roots[i][j].section_mem_map.value_()
            if value & 2:
                yield i * per_root + j, value


def scan(prog, base, last):
    """Of the struct pages of frames below LAST: tails by what they hold, page
    types by the top byte."""
    page = prog.type('struct page')
    size = drgn.sizeof(page)
    info_at = drgn.offsetof(page, 'compound_info')
    type_at = drgn.offsetof(page, 'page_type')
    head_bit = 1 << prog.constant('PG_head').value_()
    tails, types = collections.Counter(), collections.Counter()
    for first in range(0, last, 512):
        try:
            data = prog.read(base + first * size, 512 * size)
        except drgn.FaultError:
            tails['unread'] += 512
            continue
        for i in range(512):
            at = i * size
            kind = struct.unpack_from('<I', data, at + type_at)[0]
            if 0xf0000000 <= kind < 0xff000000:
                types[kind >> 24] += 1
            info = struct.unpack_from('<Q', data, at + info_at)[0]
            if not info & 1 or info == MASK:
                continue
            head = info & ~1
            span = -head & MASK
            if span & span - 1 == 0 and span < 1 << 40:
                head = base + (first + i) * size & info & ~1
                tails['mask'] += 1
            else:
                tails['pointer'] += 1
            flags = prog.read_u64(head)
            tails['astray'] += not flags & head_bit
    return tails, types


def main():
    core, vmlinux = sys.argv[1:]
    prog = open_core(core, vmlinux)
    base = pfn_to_page(prog, 0).value_()
    maps = dict(sections(prog))
    tails, types = scan(prog, base, (max(maps) + 1) * PER_SECTION)
    errors = prog['hwerr_data']
    info = prog.type('struct hwerr_info')
    json.dump({
        'flags': prog.constant('SECTION_MAP_LAST_BIT').value_(),
        'preinit': 1 << prog.constant(
            'SECTION_IS_VMEMMAP_PREINIT_BIT').value_(),
        'memmap': base, 'maps': list(maps.values()), 'tails': tails,
        'types': types,
        'names': {n: v for n, v in
                  prog.type('enum pagetype').enumerators},
        'hwerr_data': errors.address_, 'kinds': len(errors),
        'hwerr_info': [drgn.sizeof(info), drgn.offsetof(info, 'count'),
                       drgn.offsetof(info, 'timestamp')],
        'errors': [[e.member_('count').counter.value_() & 0xffffffff,
                    e.timestamp.value_()] for e in errors],
        'text': prog['VMCOREINFO'].string_().decode(),
    }, sys.stdout, indent=1)


main()
