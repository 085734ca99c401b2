#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is the memory of the firmware's ACPI tables in a dump?

usage: acpi_pages.py DIR DUMP
DIR holds vmcore, iomem.txt and dmesg.txt of a kernel that ran with efi=debug.
Each range that EFI's memory map calls "ACPI Reclaim" has to be System RAM which
the kernel keeps reserved, each page of it in the vmcore and in the dump, and the
same in both; and each table that the kernel found has to begin with its own name
there (ACPI 6.5, 5.2.6: System Description Table Header; 5.2.5.3: RSDP).
"""
import re
import sys

from dumpfile import Kdump, Vmcore, PAGE

folder = sys.argv[1]
with open(folder + '/dmesg.txt', errors='replace') as f:
    log = f.read()
reclaim = [(int(first, 16), int(last, 16) + 1) for first, last in re.findall(
    r'efi: +0x([0-9a-f]+)-0x([0-9a-f]+) \[ACPI Reclaim', log)]
tables = [(name, int(at, 16)) for name, at in re.findall(
    r'ACPI: ([A-Z0-9]{4}) 0x([0-9A-F]{16}) [0-9A-F]{6} ', log)]

ram, reserved = [], []
with open(folder + '/iomem.txt') as f:
    for line in f:
        first, last, name = re.match(r'\s*(\w+)-(\w+) : (.*)', line).groups()
        where = {('System RAM', False): ram, ('reserved', True): reserved}.get(
            (name, line[0] == ' '))
        if where is not None:
            where.append((int(first, 16), int(last, 16) + 1))


def inside(start, end, ranges):
    """Whether the ranges, which are sorted, cover all of it."""
    for first, stop in ranges:
        if first <= start < stop:
            start = stop
    return start >= end


core = Vmcore(folder + '/vmcore')
whole = core.whole()
dump = Kdump(sys.argv[2])
at = {pfn: place for pfn, *place in dump.pages()}
wrong, pages = [], {}
for start, end in reclaim:
    if not inside(start, end, ram):
        wrong.append(f'{start:#x}-{end - 1:#x}: no System RAM')
    if not inside(start, end, reserved):
        wrong.append(f'{start:#x}-{end - 1:#x}: not reserved')
    for pfn in range(start // PAGE, -(-end // PAGE)):
        if not whole >> pfn & 1:
            wrong.append(f'{pfn:#x}: not in the vmcore')
        elif pfn not in at:
            wrong.append(f'{pfn:#x}: not in the dump')
        else:
            pages[pfn] = dump.unpack(*at[pfn])
            if pages[pfn] != core.page(pfn):
                wrong.append(f'{pfn:#x}: differs')
for name, paddr in tables:
    if not inside(paddr, paddr + 4, reclaim):
        wrong.append(f'{name} at {paddr:#x}: not in ACPI reclaim memory')
        continue
    want = b'RSD PTR ' if name == 'RSDP' else name.encode()
    have = pages.get(paddr // PAGE, b'')[paddr % PAGE:][:len(want)]
    if have != want:
        wrong.append(f'{name} at {paddr:#x}: {have}')

names = ' '.join(name for name, _ in tables)
print(f'{len(reclaim)} ranges, {len(pages)} pages, tables {names}; '
      f'{len(wrong)} wrong')
print('\n'.join(wrong[:6]))
sys.exit(bool(wrong) or not pages or not {'RSDP', 'XSDT', 'DSDT', 'FACP'} <=
         {name for name, _ in tables})
