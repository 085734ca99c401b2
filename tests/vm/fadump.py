#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What `capdump info --json /proc/vmcore` said in the boot after a
firmware-assisted dump, held against what else tells of it.

usage: fadump.py firmware|area|header|lost|tree DIR
DIR holds live.json, tree.json and tree-after.json (of /proc/device-tree, before
and after the release) and, from the capture boot, kernel-dump (the device tree's
property), mem_reserved (sysfs), the vmcore, and the first kernel's kpageflags.
Status 1 with a line if they disagree.
"""
import json
import os
import struct
import sys

PAGE = int(os.environ.get('PAGE_SIZE', 65536))
# Linux include/uapi/linux/kernel-page-flags.h
LRU, BUDDY, HUGE, NOPAGE, RESERVED = 1 << 5, 1 << 10, 1 << 17, 1 << 20, 1 << 32
# pages that changed hands between kpageflags and the panic
DRIFT = 200


def read(folder, name):
    with open(f'{folder}/{name}', 'rb') as file:
        return file.read()


def firmware(folder, told):
    """Every section, as it stands in the property; all whole."""
    raw = read(folder, 'kernel-dump')
    version, nr, status, first = struct.unpack_from('>IHHI', raw)
    have = told['firmware']
    sections = [struct.unpack_from('>IHHQQQQ', raw, first + 40 * i)
                for i in range(nr)]
    said = [tuple(s[k] for k in ('request', 'type', 'error_flags', 'source',
                                 'asked', 'dumped', 'destination'))
            for s in have['sections']]
    print(f'status {status:#x}, {nr} sections: {sections}')
    return (version, status, sections) == (
        have['version'], have['status'], said) and \
        all(s['whole'] for s in have['sections']) and \
        not told['problems'] and told['live']


def area(folder, told):
    """As large as Linux says, if its end is known by the crash header; the
    firmware's copies lie in it."""
    start, end = told['area']
    size = int(read(folder, 'mem_reserved'))
    print(f'area {start:#x}-{end:#x}, {size} bytes are reserved')
    known = told['crash_header']['version'] is not None
    return (end - start == size if known else end - start <= size) and all(
        start <= s['destination'] <= s['destination'] + s['asked'] <= end
        for s in told['firmware']['sections'] if s['type'] != 0x100)


def header(folder, told):
    """As it stands in the file, if it does: Linux has one since 6.10 that can be
    reached. Else it lies behind the copies."""
    have = told['crash_header']
    with open(folder + '/vmcore', 'rb') as file:
        head = file.read(1 << 16)
        phoff, = struct.unpack_from('<Q', head, 32)
        count, = struct.unpack_from('<H', head, 56)
        below = {}
        for i in range(count):
            kind, _, offset, _, paddr = struct.unpack_from(
                '<IIQQQ', head, phoff + i * 56)
            if kind == 1 and paddr % PAGE:
                file.seek(offset - paddr % PAGE)
                below[paddr - paddr % PAGE] = file.read(0x28)
    copies = max(s['destination'] + s['asked']
                 for s in told['firmware']['sections'] if s['type'] == 0x11)
    print(have, {hex(at): raw.hex() for at, raw in below.items()})
    if not below:
        return have == {'paddr': copies, 'version': None}
    magic, version, cpu, paddr, size, regs, mask = struct.unpack(
        '<QIIQQII', below[copies])
    return magic == int.from_bytes(b'FADMPSIG', 'big') and have == {
        'paddr': copies, 'version': version, 'crashing_cpu': cpu,
        'vmcoreinfo': paddr, 'vmcoreinfo_bytes': size,
        'registers_bytes': regs, 'cpu_mask_bytes': mask}


def tree(folder, told):
    """The machine's device tree alone: the same, and whether it waits."""
    before, after = (json.loads(read(folder, name))['fadump']
                     for name in ('tree.json', 'tree-after.json'))
    print({k: (before[k], after[k]) for k in ('live', 'released')})
    return before['firmware'] == after['firmware'] == told['firmware'] and \
        (before['live'], before['released']) == (True, False) and \
        (after['live'], after['released']) == (False, True)


def lost(folder, told):
    start, end = (-(-at // PAGE) for at in told['area'])
    flags = struct.unpack_from(f'<{end - start}Q', read(folder, 'kpageflags'),
                               start * 8)
    used = sum(bool(f & (LRU | HUGE) and
                    not f & (BUDDY | NOPAGE | RESERVED)) for f in flags)
    said = sum(told['lost'].values())
    print(f'{said} pages lost; {used} by /proc/kpageflags')
    return 0 < said and abs(said - used) <= DRIFT


def main():
    what, folder = sys.argv[1:]
    told = json.loads(read(folder, 'live.json'))['fadump']
    judge = {'firmware': firmware, 'area': area, 'header': header,
             'lost': lost, 'tree': tree}[what]
    sys.exit(0 if judge(folder, told) else 1)


if __name__ == '__main__':
    main()
