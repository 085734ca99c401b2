#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What came out of a case with device-backed struct pages. x86_64, Linux 7.2.

usage: judge.py RESULTS CLAIM...      CLAIM: a function below
The struct pages are read from the dump as a debugger would: by their virtual
addresses, through the page tables that are in the dump.
"""
import os
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(os.environ['TOP']) / 'tests' / 'vm'))
import dax_pages  # noqa: E402
import dumpfile  # noqa: E402

NAME = 'Device Backed Vmemmap'
# where QEMU puts the NVDIMM; 512 MiB, a struct page of 64 bytes for each page;
# the memmap begins at the first boundary of 2 MiB behind the 8 KiB of info block
DEVICE = 0x100000000
FRAMES = 131072
FIRST = DEVICE >> 12
RANGE = (DEVICE + 0x200000, DEVICE + 0x9fffff)
OLD = 0xa5
RESERVED = 1 << 13      # 7.2's PG_reserved
failed = False


def claim(true, what, seen):
    global failed
    failed |= not true
    print(f'PASS {what}' if true else f'FAIL {what}: {seen}')


def text(out, name):
    path = out / name
    return path.read_text(errors='replace') if path.exists() else ''


def named_ranges(iomem):
    return [(int(a, 16), int(b, 16)) for a, b in re.findall(
        rf'^ +([0-9a-f]+)-([0-9a-f]+) : {NAME}$', iomem, re.M)]


def device_loads(out):
    """PT_LOADs inside the device, as readelf shows them."""
    loads = re.findall(r'LOAD +0x\w+ 0x\w+ (0x\w+) (0x\w+) ',
                       text(out, 'headers'))
    ranges = [(int(p, 16), int(p, 16) + int(n, 16) - 1) for p, n in loads]
    return ranges, [r for r in ranges
                    if DEVICE <= r[0] < DEVICE + FRAMES * 4096]


def shown(ranges):
    return ' '.join(f'{a:x}-{b:x}' for a, b in ranges) or 'none'


def named(out):
    found = named_ranges(text(out, 'first.iomem'))
    claim(found == [RANGE], f'/proc/iomem names {shown([RANGE])}, no more',
          shown(found))


def not_named(out):
    found = named_ranges(text(out, 'first.iomem'))
    claim('Persistent Memory' in text(out, 'first.iomem') and not found,
          '/proc/iomem names no struct pages on the device', shown(found))


def was_named(out):
    claim(NAME in text(out, 'first.log'), 'the namespace had its struct pages '
          'named when the crash kernel was loaded', text(out, 'first.log'))


def loaded(out):
    ranges, found = device_loads(out)
    claim(found == [RANGE], f'the vmcore has a PT_LOAD for {shown([RANGE])} '
          'and for nothing else of the device', shown(found))
    # the kernel's text is first, and overlaps what it is in
    claim(ranges[1:] == sorted(ranges[1:]), 'the PT_LOADs are in order',
          shown(ranges))


def not_loaded(out):
    ranges, found = device_loads(out)
    claim(ranges and not found, 'the vmcore has no PT_LOAD for the device',
          shown(found) if ranges else 'no PT_LOADs at all')


def captured(out):
    status = text(out, 'capdump.status').strip()
    claim(status == '0', 'capdump saved a dump',
          f'status {status}: {text(out, "capdump.log")[-200:]}')


def unwarned(out):
    log = text(out, 'capdump.log')
    claim('device memory' not in log, 'capdump warns of no lost struct pages',
          log[-300:])


def warned_missing(out):
    log = text(out, 'capdump.log')
    claim('not in the vmcore' in log,
          "unpatched: capdump warns that the device's struct pages are not in "
          'the vmcore', log[-300:])


def warned_anew(out):
    log = text(out, 'capdump.log')
    claim('made them anew' in log,
          'an unpatched capture kernel: capdump warns that it made the struct '
          'pages anew', log[-300:])


def left_alone(out):
    log = text(out, 'capture.dmesg')
    claim('dax0.0: left alone in a kdump kernel' in log,
          'the capture kernel binds no driver to the device',
          re.findall('.*dax.*', log))


class Pages:
    """The struct pages of the device's frames, out of the dump."""

    def __init__(self, out):
        self.memory = dax_pages.Memory(str(out / 'head'), str(out / 'dump'))
        number = self.memory.number
        self.size = number('page', 'SIZE')
        self.start = int(self.memory.info['SYMBOL(vmemmap)'], 16)
        self.mapping, self.info, self.refs = (
            number(f'page.{name}', 'OFFSET')
            for name in ('mapping', 'compound_info', '_refcount'))

    def __getitem__(self, pfn):
        vaddr = self.start + pfn * self.size
        return self.memory.physical(self.memory.translate(vaddr), self.size)

    def fields(self, page):
        """flags, info, mapping, index, references"""
        return (struct.unpack_from('<Q', page)[0],
                struct.unpack_from('<Q', page, self.info)[0],
                # index follows mapping, 7.2 linux/mm_types.h
                *struct.unpack_from('<QQ', page, self.mapping),
                struct.unpack_from('<i', page, self.refs)[0])


def look_at(out):
    """(mapped frames in order, {frame: fields}, frames that cannot be read)"""
    mapped = [int(line, 16) for line in text(out, 'mapped').split()]
    pages, found, missing = Pages(out), {}, []
    for pfn in range(FIRST, FIRST + FRAMES):
        try:
            found[pfn] = pages.fields(pages[pfn])
        except KeyError:
            missing.append(pfn)
    return mapped, found, missing


def head_of(pfn, fields):
    """A tail says what its head says: a page of 2 MiB."""
    return pfn & ~511 if fields[1] & 1 else pfn


def pages(out):
    mapped, found, missing = look_at(out)
    claim(not missing, f'all {FRAMES} struct pages of the device are in the '
          'dump', f'{len(missing)} are not')
    on_device = [p for p in mapped if FIRST <= p < FIRST + FRAMES]
    claim(len(mapped) == 1024 and len(on_device) == 1024,
          'the process had 1024 pages of the device mapped',
          f'{len(on_device)} of {len(mapped)}')
    if missing or not mapped:
        return
    plain = [p for p in found if not found[p][0] & RESERVED]
    claim(set(plain) <= {FIRST, FIRST + 1}, 'they are ZONE_DEVICE pages, but '
          'the two of the info block', f'{len(plain)} are not')
    wrong = set()
    mappings = set()
    for index, pfn in enumerate(mapped):
        head = head_of(pfn, found[pfn])
        _, _, mapping, first, refs = found[head]
        mappings.add(mapping)
        if not mapping or refs < 1 or first + pfn - head != index:
            wrong.add(pfn)
    claim(not wrong and len(mappings) == 1,
          'mapped pages have the mapping, their index, and a reference',
          f'{len(wrong)} wrong, {len(mappings)} mappings; first page: '
          f'{[hex(n) for n in found[mapped[0]]]}')
    heads = {head_of(p, found[p]) for p in mapped}
    more = [p for p in found if p >= FIRST + 2 and found[p][2] and
            head_of(p, found[p]) == p and p not in heads]
    # the file system maps nothing else
    claim(not more, 'no other page has a mapping', f'{len(more)} have')


def pages_lost(out):
    """With an unpatched kernel the test above must fail."""
    mapped, found, missing = look_at(out)
    lost = [p for p in mapped if p in missing or
            not found[head_of(p, found[p])][2]]
    claim(mapped and len(lost) == len(mapped),
          'unpatched: no mapped page has its mapping in the dump',
          f'{len(lost)} of {len(mapped)}')
    print(f'{len(missing)} of {FRAMES} struct pages are not in the dump, '
          f'{len(lost)} of {len(mapped)} mapped ones have no mapping')


def clean(out):
    """Nothing that was on the device before."""
    memory = dax_pages.Memory(str(out / 'head'), str(out / 'dump'))
    device = [p for p in memory.where if FIRST <= p < FIRST + FRAMES]
    outside = [p for p in device if not RANGE[0] >> 12 <= p <= RANGE[1] >> 12]
    claim(device and not outside,
          'of the device only what holds struct pages is in the dump',
          f'{len(outside)} of {len(device)} pages are outside')
    old = sum(memory.page(p).count(bytes([OLD]) * 64) for p in device)
    # 8 KiB of info block: two struct pages that the kernel does not write
    claim(old <= 2, 'of what was on the device before two struct pages are in '
          'the dump at most', f'{old} times 64 bytes')
    print(f'{len(device)} pages of the device in the dump, {old} times 64 '
          'bytes of old content')


def target(out):
    """The namespace took a dump, before the one that is looked at was made."""
    log = text(out, 'capture.log')
    claim("mounted, the file is the process's" in log, 'the capture kernel mounts '
          'the namespace with dax, and reads what the process wrote', log[-300:])
    path, count = out / 'nvdimm.dump', 0
    if path.exists():
        dump = dumpfile.Kdump(str(path))
        count = sum(len(dump.unpack(*rest)) == 4096
                    for _, *rest in dump.pages())
    claim(count > 1000 and not dump.status & dump.INCOMPLETE,
          'a dump that is saved to the namespace is whole', f'{count} pages')


def mounted(out):
    log = text(out, 'capture.log').splitlines()
    claim('mounted' in log and "the file is the process's" in log,
          'the namespace can be mounted with dax=always in the capture kernel',
          log[-5:])
    claim('remounted' in log, 'and remounted with it', log[-5:])
    options = [line.split()[3].split(',') for line in log
               if line.startswith('/dev/pmem0 /dax ext4 ')]
    claim('DAX of the disk: 0' in log and len(options) == 1 and
          not any(option.startswith('dax') for option in options[0]),
          'but without DAX', log[-5:])


def memory_left(out):
    free = re.search(r'MemFree: +(\d+)', text(out, 'capture.log'))
    claim(free and int(free[1]) > 65536,
          'the capture kernel has memory left', free and free[0])
    print(free and free[0])


def ended(out):
    claim('capture done' in text(out, 'boot.log'),
          'the capture kernel comes to its end', text(out, 'boot.log')[-200:])


def deadlocked(out):
    log = text(out, 'boot.log')
    claim('crash:' in log and 'capture kernel up' not in log and
          'System is deadlocked on memory' in log,
          'unpatched: the capture kernel dies of a memmap for 16 GiB',
          log[-300:])


def main():
    out = Path(sys.argv[1])
    for name in sys.argv[2:]:
        globals()[name](out)


if __name__ == '__main__':
    main()
