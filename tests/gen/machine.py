# SPDX-License-Identifier: GPL-2.0-or-later
"""The crashed machine: puts the kernel image, page tables, memmap, node
data and log into physical memory, all from a Fixture.

Physical layout: the image at kernel_paddr (text, then data from 2 MiB on),
everything the kernel allocated at boot in the arena, the rest as the
fixture's 'pages' statements say.
"""

import layouts as L
import kallsyms
import kinds
import nodes
import printk
import structpage as S
import vmcoreinfo
from memory import PAGE, Memory
from pagetable import P, PageTables, SIZES

TEXT_MAP = 0xffffffff80000000
MODULES = 0xffffffffc0000000    # with KERNEL_IMAGE_SIZE of 1 GiB
BASES = {4: (0xffff888000000000, 0xffffc90000000000, 0xffffea0000000000),
         5: (0xff11000000000000, 0xffa0000000000000, 0xffd4000000000000)}
PER_SECTION = 1 << (L.SECTION_SIZE_BITS - 12)
MEM_SECTION = 32                # sizeof, with page_ext (pahole)


class Machine:
    def __init__(self, fixture):
        self.fx = fixture
        self.layout = L.get(fixture["kernel"], fixture.num("struct_page"))
        self.mem = Memory()
        self.symbols = {}
        self.sizes = {}         # symbol -> bytes it spans
        self.units = {}         # pfn -> Unit, of listed pages
        self.alloc_kind = {}    # pfn -> image, memmap, pagetable, reserved
        self.levels = fixture.num("levels")
        bases = BASES[self.levels]
        self.page_offset = fixture.num("page_offset", bases[0])
        self.vmalloc = fixture.num("vmalloc_start", bases[1])
        self.vmemmap = fixture.num("vmemmap_start", bases[2])
        self.physmem_bits = fixture.num(
            "physmem_bits", 52 if self.levels == 5 else 46)
        self.kernel_paddr = fixture.num("kernel_paddr")
        self.kernel_size = fixture.num("kernel_size")
        self.text = TEXT_MAP + 0x1000000 + fixture.num("kaslr")
        self.phys_base = self.kernel_paddr - (self.text - TEXT_MAP)
        bit = fixture.num("sme_bit")
        self.sme_mask = 1 << bit if bit is not None else 0
        self.arena = fixture.num("arena")
        self.image_next = self.kernel_paddr + kallsyms.DATA
        self.ram = sorted(fixture.ram) or [(0x1000, 0x9fbff),
                                           (0x100000, 0x3ffffff)]
        self.max_pfn = max(b for _, b in self.ram) // PAGE + 1
        if self.model == "vmemmap" and self.vmemmap & (1 << 21) - 1:
            raise SystemExit("vmemmap_start must be 2 MiB aligned")

    @property
    def model(self):
        return self.fx["model"]

    # ---- addresses --------------------------------------------------------
    def direct(self, paddr):
        return self.page_offset + paddr

    def image_vaddr(self, paddr):
        return self.text + paddr - self.kernel_paddr

    def ram_pfns(self):
        """Frames that RAM covers, at least in part, ascending."""
        seen = -1
        for first, last in self.ram:
            for pfn in range(max(first // PAGE, seen + 1), last // PAGE + 1):
                yield pfn
                seen = pfn

    # ---- allocation -------------------------------------------------------
    def allocate(self, size, align=PAGE, kind="reserved"):
        """From the arena; the pages are PG_reserved, as memblock's."""
        paddr = (self.arena + align - 1) & ~(align - 1)
        self.arena = paddr + size
        for pfn in range(paddr // PAGE, (paddr + size - 1) // PAGE + 1):
            self.alloc_kind[pfn] = kind
        return paddr

    def symbol(self, name, size, align=8, data=b""):
        """Space in the kernel image; returns its physical address."""
        paddr = (self.image_next + align - 1) & ~(align - 1)
        self.image_next = paddr + size
        if self.image_next > self.kernel_paddr + kallsyms.DATA_END:
            raise SystemExit("the image has no room for %s" % name)
        if data:
            self.mem.write(paddr, data)
        self.symbols[name] = self.image_vaddr(paddr)
        self.sizes[name] = size
        return paddr

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
        kallsyms.build(self)
        self.check_arena()
        self.store_arrays()
        self.apply_pokes()
        self.vmcoreinfo = vmcoreinfo.build(self)

    def place_image(self):
        for pfn in range(self.kernel_paddr // PAGE,
                         (self.kernel_paddr + self.kernel_size) // PAGE):
            self.alloc_kind[pfn] = "image"
        self.symbols["_stext"] = self.text
        self.sizes["_stext"] = 1
        # some text, so that the image is not zero
        line = b"\x55\x48\x89\xe5\x0f\x1f\x44\x00\x00\xc3\xcc\xcc" * 21
        for at in range(0, 0x40000, PAGE):
            self.mem.write(self.kernel_paddr + at, line)
        root = self.symbol("init_top_pgt", PAGE, PAGE)
        self.tables = PageTables(
            self.mem, root, self.levels,
            lambda: self.allocate(PAGE, PAGE, "pagetable"), self.sme_mask)
        name = bytearray(6 * 65)
        release = self.fx["release"] or self.layout.release
        for i, text in enumerate(("Linux", "fixture", release,
                                  "#1 SMP test", "x86_64", "(none)")):
            name[65 * i:65 * i + len(text)] = text.encode()
        uts = self.symbol("init_uts_ns", 448)
        self.mem.write(uts + self.layout.uts_name, name)

    def node_of(self, pfn):
        nodes = self.fx.num("nodes")
        for i, (first, last) in enumerate(self.ram):
            if first // PAGE <= pfn <= last // PAGE:
                return i * nodes // len(self.ram)
        return 0

    def flag_base(self, pfn):
        """Node and zone in page.flags, and an unset last_cpupid
        (include/linux/page-flags-layout.h, NODES_SHIFT 10)."""
        zone = 0 if pfn < 0x1000 else 1 if pfn < 0x100000 else 2
        node = self.node_of(pfn) if self.fx.num("nodes") > 1 else 0
        return node << 54 | zone << 51 | 0x1fffff << 30

    def section_of(self, pfn):
        return pfn // PER_SECTION

    def make_arrays(self):
        """Default struct pages for all memory the memmap covers."""
        if self.model == "flat":
            self.arrays = S.PageArrays(self.max_pfn, self.layout.page_size)
            wanted = [0]
        else:
            self.arrays = S.PageArrays(PER_SECTION, self.layout.page_size)
            wanted = sorted({self.section_of(p) for p in self.ram_pfns()}
                            - {int(n, 0) for n in self.fx.no_sections})
        for index in wanted:
            self.arrays.add(index)
        size = self.arrays.per * self.layout.page_size
        self.memmap_paddr = {
            n: self.allocate(size, 0x200000 if self.model != "flat" else PAGE,
                             "memmap") for n in wanted}
        self.enc = S.Encoder(self.layout, self.arrays, self.flag_base,
                             self.page_vaddr, self.fx.flag("mask_tails"))
        self.default_pages(wanted)

    def default_pages(self, wanted):
        """Holes are reserved, RAM is plain kernel memory."""
        enc, reserved = self.enc, self.layout.mask("reserved")
        present = set(self.ram_pfns())
        cache = {}
        for index in wanted:
            buf = self.arrays.arrays[index]
            base = index * self.arrays.per
            for i in range(self.arrays.per):
                pfn = base + i
                key = (self.flag_base(pfn), pfn in present)
                at = i * self.layout.page_size
                if key not in cache:
                    enc.put(pfn, 0 if key[1] else reserved)
                    cache[key] = bytes(buf[at:at + self.layout.page_size])
                else:
                    buf[at:at + self.layout.page_size] = cache[key]

    def page_vaddr(self, pfn):
        """Address of the struct page of that frame."""
        if self.model == "vmemmap":
            return self.vmemmap + pfn * self.layout.page_size
        index, at = divmod(pfn, self.arrays.per)
        return self.direct(self.memmap_paddr.get(index, 0)
                           + at * self.layout.page_size)

    def page_paddr(self, pfn):
        """Where the struct page lies in physical memory, or None."""
        index, at = divmod(pfn, self.arrays.per)
        if index not in self.memmap_paddr:
            return None
        alias = self.alias.get((index, at * self.layout.page_size // PAGE))
        if alias is not None:
            return alias + at * self.layout.page_size % PAGE
        return self.memmap_paddr[index] + at * self.layout.page_size

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
        index, at = divmod(unit.first, self.arrays.per)
        first = at * self.layout.page_size // PAGE
        if self.layout.name == "7.2":
            shared = self.tail_page(unit)
        else:
            shared = self.memmap_paddr[index] + first * PAGE
        for i in range(1, unit.nr * self.layout.page_size // PAGE):
            self.alias[(index, first + i)] = shared

    def tail_page(self, unit):
        if not hasattr(self, "tail_pages"):
            self.tail_pages = {}
        if unit.nr not in self.tail_pages:
            paddr = self.allocate(PAGE, PAGE, "memmap")
            buf, at = self.arrays.slot(unit.first + unit.nr - 64)
            self.mem.write(paddr, bytes(buf[at:at + PAGE]))
            self.tail_pages[unit.nr] = paddr
        return self.tail_pages[unit.nr]

    # ---- mappings ---------------------------------------------------------
    def map_memmap(self):
        if self.model != "vmemmap":
            return
        shared = {n for n, _ in self.alias}
        for index, paddr in self.memmap_paddr.items():
            size = self.arrays.per * self.layout.page_size
            vaddr = self.vmemmap + index * size
            leaf = "4k" if index in shared else self.fx["vmemmap_leaf"]
            self.tables.map(vaddr, paddr, size, leaf)
            for (n, page), target in self.alias.items():
                if n == index:
                    self.tables.map_one(vaddr + page * PAGE, target)

    def map_kernel(self):
        self.map_image()
        leaf = self.fx["direct_leaf"]
        for first, last in self.ram:
            start = first & ~(PAGE - 1)
            end = (last + PAGE) & ~(PAGE - 1)
            if leaf == "1g":
                # like a kernel whose firmware map let it: whole GiBs
                start &= ~(SIZES["1g"] - 1)
                end = (end + SIZES["1g"] - 1) & ~(SIZES["1g"] - 1)
            self.tables.map(self.direct(start), start, end - start, leaf)

    def map_image(self):
        """With page table isolation without what was freed of it
        (arch/x86/mm/init.c free_kernel_image_pages)."""
        at = self.kernel_paddr
        freed = kallsyms.freed(self)[:3] if self.fx.flag("pti") else []
        for first, end in freed + [((at + self.kernel_size) // PAGE, 0)]:
            self.tables.map(self.image_vaddr(at), at, first * PAGE - at,
                            "4k" if freed else "2m", nx=False)
            at = end * PAGE

    def map_vmalloc(self):
        """Stacks, modules and vmalloc pages, a guard page between runs."""
        at = {"module": MODULES}
        for page in self.fx.pages:
            if page.kind not in ("vmalloc", "stack", "module", "percpu"):
                continue
            area = page.kind if page.kind == "module" else "vmalloc"
            vaddr = at.get(area, self.vmalloc + 0x200000)
            nr = page.last + 1 - page.first
            leaf = "2m" if page.get("huge", "0") != "0" else "4k"
            if leaf == "2m":
                vaddr = (vaddr + 0x1fffff) & ~0x1fffff
            page.vaddr = vaddr
            self.tables.map(vaddr, page.first * PAGE, nr * PAGE, leaf)
            at[area] = vaddr + (nr + 1) * PAGE

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
            for at in range(0, len(buf), PAGE):
                if self.alias.get((index, at // PAGE)) is None:
                    self.mem.write(paddr + at, buf[at:at + PAGE])

    def apply_pokes(self):
        for key, args in self.fx.pokes:
            if key == "pokep":
                self.mem.write(int(args[0], 0), bytes.fromhex(args[1]))
            elif key == "pokev":
                paddr = self.tables.translate(self.address(args[0]))
                self.mem.write(paddr, bytes.fromhex(args[1]))
            elif key == "ptset":
                self.poke_table(*args)

    def address(self, word):
        """A number, a symbol's name, or base+offset of a known area."""
        name, _, offset = word.partition("+")
        base = {"vmemmap": self.vmemmap, "direct": self.page_offset,
                "vmalloc": self.vmalloc, "text": self.text,
                "modules": MODULES}.get(name, self.symbols.get(name))
        if base is None:
            base = int(name, 0)
        return base + (int(offset, 0) if offset else 0)

    def poke_table(self, where, level, value):
        """ptset VADDR LEVEL self|root|absent|NUMBER"""
        at = self.tables.entry_paddr(self.address(where), int(level))
        bits = P | 2 | 0x60 | self.sme_mask
        entry = {"self": at & ~(PAGE - 1) | bits,
                 "root": self.tables.root | bits, "absent": 0}.get(value)
        self.mem.u64(at, int(value, 0) if entry is None else entry)
