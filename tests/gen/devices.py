# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of devices that has struct pages (ZONE_DEVICE): 'device' statements.

Linux drivers/nvdimm/pfn_devs.c (where the struct pages are put),
mm/memremap.c and mm/mm_init.c (what is in them), mm/memory_hotplug.c (the
flags of their sections).  Seen on a real 7.2: struct pages begin at the next
2 MiB after the info block, whose own ones are never initialised.
"""

import structpage as S

ZONE_DEVICE = 4
INFO_FRAMES = 2                 # nd_info_block_reserve(), 8 KiB
MEMMAP_AT = 0x200               # frames: 2 MiB
PRESENT, ONLINE, TAINT = 3, 4, 16


class Device:
    """memmap: self or ram.  load: the struct pages' PT_LOAD, none, from
    behind the info block (1), or with it (all).  stale: what the info
    block's struct pages hold, a byte, or 'buddy'.  pgmap: physical address
    of what the others name as their struct dev_pagemap; if none is told, it
    is in the kernel's memory."""

    def __init__(self, words, machine):
        first, _, last = words[0].partition("-")
        attrs = dict(w.split("=", 1) for w in words[1:])
        base = machine.base_pfn
        self.first, self.last = base + int(first, 0), base + int(last, 0)
        self.on_device = attrs.pop("memmap", "self") == "self"
        self.load = attrs.pop("load", "0")
        self.stale = attrs.pop("stale", "0xa5")
        self.pgmap = int(attrs.pop("pgmap", "0"), 0)
        if attrs:
            raise SystemExit("device: %s is not known" % " ".join(attrs))
        if machine.model != "vmemmap":
            raise SystemExit("a device needs the vmemmap model")
        self.memmap = self.first + MEMMAP_AT
        self.memmap_end = self.memmap

    def has(self, pfn):
        return self.first <= pfn <= self.last


def parse(machine):
    return [Device(words, machine) for words in machine.fx.devices]


def sections(machine):
    """The memory sections that the devices lie in."""
    return {n for d in machine.devices
            for n in range(machine.section_of(d.first),
                           machine.section_of(d.last) + 1)}


def of_section(machine, nr):
    """(the device in that section or None, whether all of it is its)"""
    start = nr * machine.per_section
    for dev in machine.devices:
        if dev.first < start + machine.per_section and dev.last >= start:
            return dev, dev.first <= start \
                and dev.last >= start + machine.per_section - 1
    return None, False


def place(machine, nr, size):
    """Where the section's struct pages are on a device; None: in memory. A
    section that memory is in as well has all of them from boot."""
    dev, whole = of_section(machine, nr)
    if not dev or not whole or not dev.on_device:
        return None
    paddr = dev.memmap_end * machine.page
    dev.memmap_end += size // machine.page
    return paddr


def flags(machine, nr, online):
    """Of section_mem_map."""
    dev, whole = of_section(machine, nr)
    if not dev:
        return online
    return PRESENT if whole else online | TAINT


def is_device(machine, pfn):
    return any(d.has(pfn) for d in machine.devices)


def fill(machine):
    """The struct pages, the padding's content, and the units."""
    enc, reserved = machine.enc, machine.layout.mask("reserved")
    pgmap = machine.direct(machine.allocate(64, 64))
    for dev in machine.devices:
        named = machine.direct(dev.pgmap) if dev.pgmap else pgmap
        for pfn in range(dev.first + INFO_FRAMES, dev.last + 1):
            own = dev.memmap_end > pfn
            # of the pages that hold struct pages: an empty list
            node = machine.page_vaddr(pfn) + machine.layout.lru
            enc.put(pfn, reserved, w1=node if own else named,
                    w2=node if own else 0, refcount=int(own))
        for pfn in range(dev.first, dev.first + INFO_FRAMES):
            if dev.stale == "buddy":
                enc.put(pfn, private=10, mapcount=machine.layout.types["buddy"])
                enc.fields(pfn, flags=0)
                continue
            buf, at = machine.arrays.slot(pfn)
            size = machine.layout.page_size
            buf[at:at + size] = bytes([int(dev.stale, 0)]) * size
        if dev.load != "0":
            for pfn in loaded(dev):
                machine.units[pfn] = S.Unit("device", pfn, 1)
                if pfn < dev.memmap:
                    machine.mem.lazy[pfn] = "text"


def loaded(dev):
    """Frames in the PT_LOAD."""
    return range(dev.first + (0 if dev.load == "all" else INFO_FRAMES),
                 dev.memmap_end)


def segments(machine):
    """(paddr, size) of the devices' PT_LOADs."""
    for dev in machine.devices:
        if dev.load != "0":
            pfns = loaded(dev)
            yield pfns[0] * machine.page, len(pfns) * machine.page
