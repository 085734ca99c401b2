# SPDX-License-Identifier: GPL-2.0-or-later
"""Node and zone data (with the kernel's own count of free pages), and the
tables that lead to the memmap: mem_map or mem_section."""

import struct

import layouts as L
from memory import PAGE

MAX_NR_ZONES = 5                # DMA DMA32 Normal Movable Device
ZONES = ((0, 0x1000, b"DMA"), (0x1000, 0x100000, b"DMA32"),
         (0x100000, 1 << 52, b"Normal"))


class NodeLayout:
    """Offsets in pglist_data; flat kernels have node_mem_map and, without
    NUMA, far smaller zone lists."""

    def __init__(self, machine):
        lay = machine.layout
        self.node_mem_map = None
        self.numa = machine.fx.flag("numa") and machine.model != "flat"
        if self.numa:
            self.nr_zones, self.start_pfn = lay.nr_zones, lay.start_pfn
            self.spanned, self.node_id = lay.span_pages, lay.node_id
            self.size = lay.pgdat_size
            return
        # one zone list of MAX_NR_ZONES + 1 references of 16 bytes
        base = MAX_NR_ZONES * lay.zone_size + 16 * (MAX_NR_ZONES + 1)
        self.nr_zones = base
        base += 8
        if machine.model == "flat":
            self.node_mem_map = base
            base += 8
        self.start_pfn, self.spanned = base, base + 16
        self.node_id = base + 24
        self.size = (base + 2048 + 63) & ~63


def free_counts(machine):
    """(node, zone) -> free pages, as __mod_zone_freepage_state counts:
    buddy blocks and unaccepted memory."""
    counts = {}
    for pfn, unit in machine.units.items():
        if unit.kind in ("buddy", "unaccepted") and pfn == unit.first:
            zone = [i for i, z in enumerate(ZONES) if z[0] <= pfn < z[1]][0]
            key = (machine.node_of(pfn), zone)
            counts[key] = counts.get(key, 0) + unit.nr
    want = machine.fx.num("free_pages")
    machine.free_pages = sum(counts.values())
    if want is not None:
        key = max(counts, key=counts.get) if counts else (0, 1)
        counts[key] = counts.get(key, 0) + want - machine.free_pages
    return counts


def build(machine):
    machine.pgdat = NodeLayout(machine)
    counts = free_counts(machine)
    nodes = machine.fx.num("nodes") if machine.pgdat.numa else 1
    if machine.pgdat.numa:
        array = machine.symbol("node_data", 8 * 1024, 64)
        for node in range(nodes):
            paddr = machine.allocate(machine.pgdat.size, PAGE)
            fill_node(machine, node, paddr, machine.direct(paddr), counts)
            machine.mem.u64(array + 8 * node, machine.direct(paddr))
    else:
        paddr = machine.symbol("contig_page_data", machine.pgdat.size, 64)
        fill_node(machine, 0, paddr, machine.symbols["contig_page_data"],
                  counts)
        pointer = machine.symbol("mem_map", 8)
        if machine.model == "flat":
            machine.mem.u64(pointer, machine.page_vaddr(0))
            machine.mem.u64(paddr + machine.pgdat.node_mem_map,
                            machine.page_vaddr(0))
    online = machine.symbol("node_online_map",
                            128 if machine.pgdat.numa else 8)
    machine.mem.u64(online, (1 << nodes) - 1)
    if machine.layout.vmap_area:
        vmap_list(machine)
    if machine.model != "flat":
        sections(machine)


def fill_node(machine, node, paddr, vaddr, counts):
    """vaddr: the address the kernel has for the pglist_data at paddr."""
    lay, mem, pgdat = machine.layout, machine.mem, machine.pgdat
    pfns = [p for p in machine.ram_pfns() if machine.node_of(p) == node] \
        or [0]
    first, end = pfns[0], pfns[-1] + 1
    if machine.model == "flat":
        first = 0
    nr_zones = 0
    for i, (low, high, name) in enumerate(ZONES):
        zone = paddr + i * lay.zone_size
        start, stop = max(first, low), min(end, high)
        if start < stop:
            nr_zones = i + 1
            mem.u64(zone + lay.zone_start, start)
            mem.u64(zone + lay.spanned, stop - start)
            mem.u64(zone + lay.spanned + 8, stop - start)
        text = machine.symbol("zone_name_%d_%d" % (node, i), 16, 8, name)
        mem.u64(zone + lay.zone_name, machine.image_vaddr(text))
        mem.u64(zone + lay.vm_stat, counts.get((node, i), 0))
        for order in range(L.NR_PAGE_ORDERS):
            area = lay.free_area + order * lay.free_area_size
            for kind in range(lay.migrate_types):
                at = area + 16 * kind
                head = vaddr + i * lay.zone_size + at
                mem.write(zone + at, struct.pack("<QQ", head, head))
    mem.u32(paddr + pgdat.nr_zones, nr_zones)
    mem.write(paddr + pgdat.start_pfn,
              struct.pack("<QQQ", first, len(pfns), end - first))
    mem.u32(paddr + pgdat.node_id, node)


def vmap_list(machine):
    """vmap_area_list with one area: kernels up to 6.8."""
    head = machine.symbol("vmap_area_list", 16)
    area = machine.symbol("first_vmap_area", 72)
    # struct vmap_area: va_start 0, va_end 8, rb_node 16, list 40
    vhead, varea = machine.image_vaddr(head), machine.image_vaddr(area)
    machine.mem.write(area, struct.pack(
        "<QQ", machine.vmalloc, machine.vmalloc + 0x200000))
    machine.mem.write(area + 40, struct.pack("<QQ", vhead, vhead))
    machine.mem.write(head, struct.pack("<QQ", varea + 40, varea + 40))


def sections(machine):
    """mem_section.  section_mem_map is the address the section's memmap
    would have if it began with frame 0, low bits are flags (mmzone.h
    SECTION_MARKED_PRESENT ...)."""
    mem, size = machine.mem, 32
    flags = machine.fx.num("section_flags")
    total = 1 << (machine.physmem_bits - L.SECTION_SIZE_BITS)
    entries = {}
    for nr in machine.memmap_paddr:
        start = nr << (L.SECTION_SIZE_BITS - 12)
        coded = machine.page_vaddr(start) - start * machine.layout.page_size
        usage = machine.direct(machine.allocate(64, 64))
        entries[nr] = struct.pack("<4Q", (coded & (1 << 64) - 1) | flags,
                                  usage, 0, 0)
    if machine.model == "sparse":
        machine.section_roots = total
        table = machine.symbol("mem_section", total * size, 64)
        for nr, data in entries.items():
            mem.write(table + nr * size, data)
        return
    per_root = PAGE // size
    machine.section_roots = total // per_root
    # memblock gave it: not page aligned, as seen on real machines
    table = machine.allocate(8 * machine.section_roots + 0x1000) + 0x680
    machine.symbols["mem_section"] = machine.direct(table)
    machine.sizes["mem_section"] = 8 * machine.section_roots
    roots = {}
    for nr, data in entries.items():
        root, at = divmod(nr, per_root)
        if root not in roots:
            roots[root] = machine.allocate(PAGE)
            mem.u64(table + 8 * root, machine.direct(roots[root]))
        mem.write(roots[root] + at * size, data)
