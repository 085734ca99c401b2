# SPDX-License-Identifier: GPL-2.0-or-later
"""Node and zone data (with the kernel's own count of free pages), and the
tables that lead to the memmap: mem_map or mem_section."""

import devices

MAX_NR_ZONES = 5                # DMA DMA32 Normal Movable Device


def zones(machine):
    """(first pfn, end pfn, name), by the architecture's ends in bytes."""
    first = 0
    for end, name in machine.arch.ZONES:
        end = (1 << 64 if end is None else end) // machine.page
        yield first, end, name
        first = end


def zone_of(machine, pfn):
    return [i for i, z in enumerate(zones(machine)) if z[0] <= pfn < z[1]][0]


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
        # one zone list of MAX_NR_ZONES + 1 references of two longs
        word = machine.words.size
        base = MAX_NR_ZONES * lay.zone_size + 2 * word * (MAX_NR_ZONES + 1)
        self.nr_zones = base
        base += word
        if machine.model == "flat":
            self.node_mem_map = base
            base += word
        self.start_pfn, self.spanned = base, base + 2 * word
        self.node_id = base + 3 * word
        self.size = (base + 2048 + 63) & ~63


def free_counts(machine):
    """(node, zone) -> free pages, as __mod_zone_freepage_state counts:
    buddy blocks and unaccepted memory."""
    counts = {}
    for pfn, unit in machine.units.items():
        if unit.kind in ("buddy", "unaccepted") and pfn == unit.first:
            key = (machine.node_of(pfn), zone_of(machine, pfn))
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
        word = machine.words.size
        array = machine.symbol("node_data", word * 1024, 64)
        for node in range(nodes):
            paddr = machine.allocate(machine.pgdat.size)
            fill_node(machine, node, paddr, machine.direct(paddr), counts)
            machine.mem.long(array + word * node, machine.direct(paddr))
    else:
        paddr = machine.symbol("contig_page_data", machine.pgdat.size, 64)
        fill_node(machine, 0, paddr, machine.symbols["contig_page_data"],
                  counts)
        pointer = machine.symbol("mem_map", 8)
        if machine.model == "flat":
            machine.mem.long(pointer, machine.page_vaddr(machine.flat_first))
            machine.mem.long(paddr + machine.pgdat.node_mem_map,
                             machine.page_vaddr(machine.flat_first))
    online = machine.symbol("node_online_map",
                            128 if machine.pgdat.numa else 8)
    machine.mem.long(online, (1 << nodes) - 1)
    if machine.layout.vmap_area:
        vmap_list(machine)
    if machine.model != "flat":
        sections(machine)


def fill_node(machine, node, paddr, vaddr, counts):
    """vaddr: the address the kernel has for the pglist_data at paddr."""
    lay, mem, pgdat = machine.layout, machine.mem, machine.pgdat
    words = machine.words
    pfns = [p for p in machine.ram_pfns() if machine.node_of(p) == node] \
        or [0]
    first, end = pfns[0], pfns[-1] + 1
    if machine.model == "flat":
        first = machine.flat_first
    nr_zones = 0
    for i, (low, high, name) in enumerate(zones(machine)):
        zone = paddr + i * lay.zone_size
        start, stop = max(first, low), min(end, high)
        if start < stop:
            nr_zones = i + 1
            mem.long(zone + lay.zone_start, start)
            mem.write(zone + lay.spanned, words.pack(
                "LL", stop - start, stop - start))
        text = machine.symbol("zone_name_%d_%d" % (node, i), 16, 8, name)
        mem.long(zone + lay.zone_name, machine.image_vaddr(text))
        mem.long(zone + lay.vm_stat, counts.get((node, i), 0))
        for order in range(machine.arch.nr_page_orders):
            area = lay.free_area + order * lay.free_area_size
            for kind in range(lay.migrate_types):
                at = area + 2 * words.size * kind
                head = vaddr + i * lay.zone_size + at
                mem.write(zone + at, words.pack("LL", head, head))
    mem.u32(paddr + pgdat.nr_zones, nr_zones)
    mem.write(paddr + pgdat.start_pfn,
              words.pack("LLL", first, len(pfns), end - first))
    mem.u32(paddr + pgdat.node_id, node)


def vmap_list(machine):
    """vmap_area_list with one area: kernels up to 6.8."""
    word, pack = machine.words.size, machine.words.pack
    head = machine.symbol("vmap_area_list", 2 * word)
    area = machine.symbol("first_vmap_area", 9 * word)
    # struct vmap_area, in longs: va_start 0, va_end 1, rb_node 2, list 5
    vhead, varea = machine.image_vaddr(head), machine.image_vaddr(area)
    machine.mem.write(area, pack(
        "LL", machine.vmalloc, machine.vmalloc + 0x200000))
    machine.mem.write(area + 5 * word, pack("LL", vhead, vhead))
    machine.mem.write(head, pack("LL", *[varea + 5 * word] * 2))


def sections(machine):
    """mem_section.  section_mem_map is the address the section's memmap
    would have if it began with frame 0, low bits are flags (mmzone.h
    SECTION_MARKED_PRESENT ...)."""
    mem, word, arch = machine.mem, machine.words.size, machine.arch
    size = machine.section_size = word * arch.SECTION_LONGS
    flags = machine.fx.num("section_flags")
    total = 1 << (arch.physmem_bits - arch.section_bits)
    entries = {}
    for nr in machine.memmap_paddr:
        start = nr * machine.per_section
        coded = machine.page_vaddr(start) - start * machine.layout.page_size
        usage = machine.direct(machine.allocate(64, 64))
        entries[nr] = machine.words.pack(
            "LL", (coded & machine.words.mask) | devices.flags(
                machine, nr, flags),
            usage & machine.words.mask).ljust(size, b"\0")
    if machine.model == "sparse":
        machine.section_roots = total
        table = machine.symbol("mem_section", total * size, 64)
        for nr, data in entries.items():
            mem.write(table + nr * size, data)
        return
    per_root = machine.page // size
    machine.section_roots = -(-total // per_root)
    # memblock gave it: not page aligned, as seen on real machines
    table = machine.allocate(word * machine.section_roots + 0x1000) + 0x680
    machine.symbols["mem_section"] = machine.direct(table)
    machine.sizes["mem_section"] = word * machine.section_roots
    roots = {}
    for nr, data in entries.items():
        root, at = divmod(nr, per_root)
        if root not in roots:
            roots[root] = machine.allocate(machine.page)
            mem.long(table + word * root, machine.direct(roots[root]))
        mem.write(roots[root] + at * size, data)
