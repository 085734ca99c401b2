# SPDX-License-Identifier: GPL-2.0-or-later
"""The crashed machine: puts the kernel image, page tables, memmap, node
data and log into physical memory, all from a Fixture.

Physical layout: the image at kernel_paddr (text, then data from 2 MiB on),
everything the kernel allocated at boot in the arena, the rest as the
fixture's 'pages' statements say.
"""

import bisect

import archs
import devices
import layouts as L
import kallsyms
import kinds
import leftout
import nodes
import printk
import structpage as S
import told
import vmcoreinfo
from memory import Memory
from pagetable import PageTables


class Machine(kallsyms.Places):
    def __init__(self, fixture):
        self.fx = fixture
        self.arch = arch = archs.get(fixture)
        self.words = arch.words
        self.page = arch.page   # its size
        self.layout = L.get(fixture["kernel"], arch,
                            fixture.num("struct_page"))
        self.mem = Memory(arch.words, arch.page)
        self.symbols = {}
        self.sizes = {}         # symbol -> bytes it spans
        self.units = {}         # pfn -> Unit, of listed pages
        self.alloc_kind = {}    # pfn -> image, memmap, pagetable, reserved
        self.page_offset, self.vmalloc = arch.page_offset, arch.vmalloc
        self.vmemmap, self.text = arch.vmemmap, arch.text
        self.kernel_paddr = arch.kernel_paddr
        self.kernel_size = arch.kernel_size
        self.arena = arch.base + fixture.num("arena")
        self.image_next = self.kernel_paddr + self.DATA
        self.ram = sorted(fixture.ram) or [(0x1000, 0x9fbff),
                                           (0x100000, 0x3ffffff)]
        self.ram = [(a + arch.base, b + arch.base) for a, b in self.ram]
        self.base_pfn = arch.base // self.page + fixture.num("frames")
        for page in fixture.pages:
            page.first += self.base_pfn
            page.last += self.base_pfn
        self.max_pfn = max(b for _, b in self.ram) // self.page + 1
        self.per_section = 1 << (arch.section_bits - arch.page_shift)
        self.devices = devices.parse(self)
        self.bounds = []        # frames where page.flags may change
        if self.model == "vmemmap" and self.vmemmap & \
                arch.leaves.get(arch.vmemmap_leaf, (self.page,))[0] - 1:
            raise SystemExit("vmemmap_start must be %s aligned"
                             % arch.vmemmap_leaf)

    @property
    def model(self):
        return self.fx["model"]

    @property
    def flat_first(self):
        """The first frame of a flat memmap."""
        return self.arch.base // self.page if self.arch.FLAT_FROM_BASE else 0

    # ---- addresses --------------------------------------------------------
    def direct(self, paddr):
        return self.arch.direct(paddr)

    def image_vaddr(self, paddr):
        return self.arch.image_vaddr(paddr)

    def ram_pfns(self):
        """Frames that RAM covers, at least in part, ascending."""
        seen = -1
        for first, last in self.ram:
            for pfn in range(max(first // self.page, seen + 1),
                             last // self.page + 1):
                yield pfn
                seen = pfn

    # ---- allocation -------------------------------------------------------
    def allocate(self, size, align=None, kind="reserved"):
        """From the arena; the pages are PG_reserved, as memblock's."""
        align = align or self.page
        paddr = (self.arena + align - 1) & ~(align - 1)
        self.arena = paddr + size
        for pfn in range(paddr // self.page,
                         (paddr + size - 1) // self.page + 1):
            self.alloc_kind[pfn] = kind
        return paddr

    def symbol(self, name, size, align=8, data=b""):
        """Space in the kernel image; returns its physical address."""
        paddr = (self.image_next + align - 1) & ~(align - 1)
        self.image_next = paddr + size
        if self.image_next > self.kernel_paddr + self.DATA_END:
            raise SystemExit("the image has no room for %s" % name)
        if data:
            self.mem.write(paddr, data)
        self.symbols[name] = self.image_vaddr(paddr)
        self.sizes[name] = size
        return paddr

    def symbol_paddr(self, name):
        """Of a symbol in the image."""
        return self.symbols[name] - self.text + self.kernel_paddr

    # ---- building ---------------------------------------------------------
    def build(self):
        self.place_image()
        self.make_arrays()
        self.place_pages()
        self.map_memmap()
        self.map_kernel()
        self.map_vmalloc()
        nodes.build(self)
        self.log = printk.build(self)
        told.build(self)
        kallsyms.build(self)
        leftout.build(self)
        self.check_arena()
        self.store_arrays()
        self.apply_pokes()
        self.vmcoreinfo = vmcoreinfo.build(self)

    def place_image(self):
        for pfn in range(self.kernel_paddr // self.page,
                         (self.kernel_paddr + self.kernel_size) // self.page):
            self.alloc_kind[pfn] = "image"
        self.symbols["_stext"] = self.text + self.arch.STEXT
        self.sizes["_stext"] = 1
        # some text, so that the image is not zero
        line = b"\x55\x48\x89\xe5\x0f\x1f\x44\x00\x00\xc3\xcc\xcc" * 21
        for at in range(0, 0x40000, self.page):
            self.mem.write(self.kernel_paddr + at, line)
        arch = self.arch
        root = self.symbol(arch.ROOT_SYMBOL or arch.ROOT,
                           arch.table_size(arch.levels),
                           max(self.page, arch.table_align(arch.levels)))
        self.mem.write(root, arch.empty_table(self, arch.levels))
        self.tables = PageTables(arch, self.mem, root, self.new_table)
        arch.prepare(self)
        name = bytearray(6 * 65)
        release = self.fx["release"] or self.layout.release
        for i, text in enumerate(("Linux", "fixture", release,
                                  "#1 SMP test", self.arch.UTS,
                                  "(none)")):
            name[65 * i:65 * i + len(text)] = text.encode()
        uts = self.symbol("init_uts_ns", 448)
        self.mem.write(uts + self.layout.uts_name, name)

    def new_table(self, level):
        arch = self.arch
        paddr = self.allocate(arch.table_size(level), arch.table_align(level),
                              "pagetable")
        self.mem.write(paddr, arch.empty_table(self, level))
        return paddr

    def node_of(self, pfn):
        nodes = self.fx.num("nodes")
        if nodes == 1:
            return 0
        for i, (first, last) in enumerate(self.ram):
            if first // self.page <= pfn <= last // self.page:
                return i * nodes // len(self.ram)
        return 0

    def flag_base(self, pfn):
        """Of the struct page of that frame: the same between two bounds."""
        if not self.bounds:
            self.bounds = sorted({0, *(z[0] for z in nodes.zones(self)), *(
                edge for first, last in self.ram for edge in (
                    first // self.page, last // self.page + 1)), *(
                edge for dev in self.devices for edge in (
                    dev.first, dev.last + 1))})
            self.flags_from = [self.flags_at(p) for p in self.bounds]
        return self.flags_from[bisect.bisect_right(self.bounds, pfn) - 1]

    def flags_at(self, pfn):
        """Node and zone in page.flags, and an unset last_cpupid
        (include/linux/page-flags-layout.h, NODES_SHIFT 10)."""
        zone = devices.ZONE_DEVICE if devices.is_device(self, pfn) \
            else nodes.zone_of(self, pfn)
        if self.words.bits == 32:
            return zone << 30
        node = self.node_of(pfn) if self.fx.num("nodes") > 1 else 0
        return node << 54 | zone << 51 | 0x1fffff << 30

    def section_of(self, pfn):
        return pfn // self.per_section

    def make_arrays(self):
        """Default struct pages for all memory the memmap covers."""
        if self.model == "flat":
            first = self.flat_first
            self.arrays = S.PageArrays(self.max_pfn - first,
                                       self.layout.page_size, first)
            wanted = [0]
        else:
            self.arrays = S.PageArrays(self.per_section, self.layout.page_size)
            wanted = sorted({self.section_of(p) for p in self.ram_pfns()}
                            - {int(n, 0) for n in self.fx.no_sections}
                            | devices.sections(self))
        for index in wanted:
            self.arrays.add(index)
        self.place_memmap(wanted)
        self.enc = S.Encoder(self.arch, self.layout, self.arrays,
                             self.flag_base, self.page_vaddr)
        self.default_pages(wanted)
        devices.fill(self)

    def place_memmap(self, wanted):
        """A piece for each section; where these are smaller than a page of
        the vmemmap, they lie together in one."""
        self.memmap_paddr = {}
        size = self.arrays.per * self.layout.page_size
        unit = self.arch.memmap_unit if self.model == "vmemmap" else self.page
        shared = {}
        for n in wanted:
            on_device = devices.place(self, n, size)
            if on_device is not None:
                self.memmap_paddr[n] = on_device
            elif size >= unit or self.model == "flat":
                self.memmap_paddr[n] = self.allocate(
                    size, self.page if self.model == "flat"
                    else self.arch.memmap_align, "memmap")
            if n in self.memmap_paddr:
                continue
            group, at = divmod(self.page_vaddr(n * self.arrays.per), unit)
            if group not in shared:
                shared[group] = self.allocate(unit, unit, "memmap")
            self.memmap_paddr[n] = shared[group] + at

    def default_pages(self, wanted):
        """Holes are reserved, RAM is plain kernel memory."""
        reserved, size = self.layout.mask("reserved"), self.layout.page_size
        for index in wanted:
            buf = self.arrays.arrays[index]
            first = index * self.arrays.per + self.arrays.first
            end = first + self.arrays.per
            self.flag_base(first)
            edges = [first, *(b for b in self.bounds if first < b < end), end]
            for pfn, stop in zip(edges, edges[1:]):
                ram = any(a // self.page <= pfn <= b // self.page
                          for a, b in self.ram)
                self.enc.put(pfn, 0 if ram else reserved)
                at = (pfn - first) * size
                buf[at:at + (stop - pfn) * size] = \
                    buf[at:at + size] * (stop - pfn)

    def page_vaddr(self, pfn):
        """Address of the struct page of that frame."""
        if self.model == "vmemmap":
            return self.arch.page_struct(pfn, self.layout.page_size)
        index, at = self.arrays.place(pfn)
        return self.direct(self.memmap_paddr.get(index, 0)
                           + at * self.layout.page_size)

    def page_paddr(self, pfn):
        """Where the struct page lies in physical memory, or None."""
        index, at = self.arrays.place(pfn)
        if index not in self.memmap_paddr:
            return None
        at *= self.layout.page_size
        alias = self.alias.get((index, at // self.page))
        if alias is not None:
            return alias + at % self.page
        return self.memmap_paddr[index] + at

    def place_pages(self):
        """Runs the fixture's 'pages' statements."""
        present = set(self.ram_pfns())
        taken = set()
        self.alias = {}         # (array, its page) -> shared memmap page
        for page in self.fx.pages:
            over = page.get("override", "0") != "0"
            for unit in kinds.place(self.enc, page):
                span = range(unit.first, unit.first + unit.nr)
                for pfn in span:
                    if (pfn in taken or pfn not in present) and not over:
                        raise SystemExit("line %d: frame %x is %s" % (
                            page.line, pfn, "given twice"
                            if pfn in taken else "not in RAM"))
                    taken.add(pfn)
                    self.units[pfn] = unit
                    if pfn not in self.alloc_kind and "content" in page.attrs:
                        self.mem.lazy[pfn] = page.get("content")
                if page.get("hvo", "0") != "0":
                    self.share_tails(unit)

    def share_tails(self, unit):
        """HVO: the memmap pages behind a huge page's first one are the
        same page.  Up to 7.0 that is the first page itself, read only
        ('fake heads', page-flags.h page_fixed_fake_head); since 7.1 one page
        of tails (mm/hugetlb_vmemmap.c vmemmap_tails)."""
        if self.model != "vmemmap":
            raise SystemExit("hvo needs the vmemmap model")
        index, at = self.arrays.place(unit.first)
        first = at * self.layout.page_size // self.page
        if self.layout.name == "7.2":
            shared = self.tail_page(unit)
        else:
            shared = self.memmap_paddr[index] + first * self.page
        for i in range(1, unit.nr * self.layout.page_size // self.page):
            self.alias[(index, first + i)] = shared

    def tail_page(self, unit):
        if not hasattr(self, "tail_pages"):
            self.tail_pages = {}
        if unit.nr not in self.tail_pages:
            paddr = self.allocate(self.page, kind="memmap")
            buf, at = self.arrays.slot(unit.first + unit.nr
                                       - self.page // self.layout.page_size)
            self.mem.write(paddr, bytes(buf[at:at + self.page]))
            self.tail_pages[unit.nr] = paddr
        return self.tail_pages[unit.nr]

    # ---- mappings ---------------------------------------------------------
    def map_memmap(self):
        if self.model != "vmemmap":
            return
        shared = {n for n, _ in self.alias}
        size = self.arrays.per * self.layout.page_size
        unit = self.arch.memmap_unit
        done = set()
        for index, paddr in self.memmap_paddr.items():
            vaddr = self.page_vaddr(index * self.arrays.per)
            leaf = self.arch.page_name if index in shared \
                else self.arch.vmemmap_leaf
            if size < unit:
                paddr -= vaddr % unit
                vaddr -= vaddr % unit
                if vaddr in done:
                    continue
                done.add(vaddr)
            self.arch.map_memmap(self, vaddr, paddr, max(size, unit), leaf)
            for (n, page), target in self.alias.items():
                if n == index:
                    self.tables.map_one(vaddr + page * self.page, target)

    def map_kernel(self):
        self.arch.map_image(self)
        self.arch.map_direct(self)

    def map_vmalloc(self):
        """Stacks, modules and vmalloc pages, a guard page between runs."""
        at = {"module": self.arch.modules}
        large = self.arch.level(2)[0]
        for page in self.fx.pages:
            if page.kind not in ("vmalloc", "stack", "module", "percpu"):
                continue
            area = page.kind if page.kind == "module" else "vmalloc"
            vaddr = at.get(area, self.arch.vmalloc_at)
            nr = page.last + 1 - page.first
            leaf = self.arch.page_name
            if page.get("huge", "0") != "0":
                leaf = archs.arch.size_name(1 << large)
                vaddr = (vaddr + (1 << large) - 1) >> large << large
            page.vaddr = vaddr
            self.tables.map(vaddr, page.first * self.page, nr * self.page,
                            leaf)
            at[area] = vaddr + (nr + 1) * self.page

    # ---- the end ----------------------------------------------------------
    def check_arena(self):
        """What the kernel allocated is PG_reserved and nobody else's."""
        present = set(self.ram_pfns())
        for pfn, kind in self.alloc_kind.items():
            if pfn not in present:
                raise SystemExit("%s page %x is not in RAM: move 'arena' or "
                                 "'kernel_paddr'" % (kind, pfn))
            unit = self.units.get(pfn)
            if unit is None:
                self.enc.put(pfn, self.layout.mask("reserved"))
            elif not any(p.first <= pfn <= p.last and p.get("override")
                         for p in self.fx.pages):
                raise SystemExit("frame %x is both %s and listed"
                                 % (pfn, kind))

    def store_arrays(self):
        for index, buf in self.arrays.arrays.items():
            paddr = self.memmap_paddr[index]
            for at in range(0, len(buf), self.page):
                if self.alias.get((index, at // self.page)) is None:
                    self.mem.write(paddr + at, buf[at:at + self.page])

    def apply_pokes(self):
        if self.fx.fadump:
            self.mem.write(self.fx.fadump.paddr,
                           self.fx.fadump.pack(self.words))
        for key, args in self.fx.pokes:
            if key == "pokep":
                self.mem.write(int(args[0], 0), bytes.fromhex(args[1]))
            elif key == "pokev":
                paddr = self.arch.translate(self, self.address(args[0]))
                self.mem.write(paddr, bytes.fromhex(args[1]))
            elif key == "ptset":
                self.poke_table(*args)

    def address(self, word):
        """A number, a symbol's name, or base+offset of a known area."""
        name, _, offset = word.partition("+")
        base = {"vmemmap": self.vmemmap, "direct": self.page_offset,
                "vmalloc": self.vmalloc, "text": self.text,
                "modules": self.arch.modules}.get(name, self.symbols.get(name))
        if base is None:
            base = int(name, 0)
        return base + (int(offset, 0) if offset else 0)

    def poke_table(self, where, level, value):
        """ptset VADDR LEVEL self|root|absent|NUMBER"""
        at = self.tables.entry_paddr(self.address(where), int(level))
        arch, level = self.arch, int(level)
        # a table stands where its entry is
        here = at & ~(arch.table_align(level) - 1)
        entry = {"self": arch.table_entry(here, level), "absent": 0,
                 "root": arch.table_entry(self.tables.root, level),
                 }.get(value)
        self.tables.put(at, int(value, 0) if entry is None else entry)
