#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Saves what drgn sees of the kernel's struct pages: OUT.bin, the array from
# frame 0, and OUT.json, where its members lie and what the bits mean, all of
# it from the debuginfo. usage: drgn_pages.py CORE VMLINUX LAST_PFN OUT
import json
import sys

import drgn
from drgn.helpers.linux.mm import pfn_to_page

from drgn_view import open_core

core, vmlinux, last, out = sys.argv[1:]
prog = open_core(core, vmlinux)
page = prog.type('struct page')
size = drgn.sizeof(page)
base = pfn_to_page(prog, 0).value_()

fields = {}
for name in ('flags', 'mapping', '_mapcount', 'page_type', '_refcount',
             'compound_head', 'compound_info', 'private'):
    try:
        fields[name] = drgn.offsetof(page, name)
    except LookupError:
        pass
flags = dict(prog.type('enum pageflags').enumerators)
try:
    types = {n: v << 24 for n, v in prog.type('enum pagetype').enumerators
             if v <= 0xff}
    types_high = True
except LookupError:
    # Linux 6.1 include/linux/page-flags.h: macros, cleared bits of all ones
    types = {'PGTY_buddy': 0xffffffff & ~0x80,
             'PGTY_offline': 0xffffffff & ~0x100,
             'PGTY_table': 0xffffffff & ~0x200}
    types_high = False

symbols = {}
for name in ('_text', '_end', '__init_begin', '__init_end'):
    virt = prog.symbol(name).address
    try:
        symbols[name] = int(drgn.helpers.linux.mm.follow_phys(
            prog['init_mm'].address_of_(), virt)) if name != '_end' else \
            symbols['_text'] + virt - prog.symbol('_text').address
    except (drgn.FaultError, NotImplementedError):
        break		# arm64 has unmapped it

holes = 0
with open(out + '.bin', 'wb') as f:
    for pfn in range(0, int(last) + 1, 512):
        try:
            f.write(prog.read(base + pfn * size, 512 * size))
        except drgn.FaultError:
            f.write(b'\xff' * (512 * size))
            holes += 1
with open(out + '.json', 'w') as f:
    json.dump({'size': size, 'fields': fields, 'flags': flags, 'types': types,
               'types_high': types_high, 'symbols': symbols,
               'holes': holes}, f, indent=1)
