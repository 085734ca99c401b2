# SPDX-License-Identifier: GPL-2.0-or-later
"""What every architecture says of itself, with what is right for most.

A subclass sets the constants and, in __init__(), the addresses; it overrides
what differs.  'm' is always the Machine (machine.py), fx the fixture.
"""

from words import Words

SIZE_NAMES = {1 << s: n for s, n in (
    (12, "4k"), (14, "16k"), (16, "64k"), (20, "1m"), (21, "2m"), (22, "4m"),
    (24, "16m"), (25, "32m"), (29, "512m"), (30, "1g"), (31, "2g"),
    (34, "16g"), (36, "64g"), (39, "512g"), (42, "4t"))}


def size_name(size):
    return SIZE_NAMES.get(size, "0x%x" % size)


class Arch:
    # ---- constants of the subclass ---------------------------------------
    ELF_MACHINE = 0
    ELF_FLAGS = 0
    BITS = 64               # of an unsigned long; the ELF class
    BIG = False             # byte order
    UTS = ""                # uname -m
    ENTRY = 8               # bytes of a page table entry
    TABLES_BIG = None       # their byte order, where not the machine's
    ROOT = "swapper_pg_dir"     # symbol of the top table
    ROOT_SYMBOL = None      # its name in the image, where it is another
    KERNEL_PADDR = 0x1000000    # of the image, from the fixture's base
    TEXT_LOAD = True        # the vmcore has a PT_LOAD of the image's own map
    RAM_BASE = 0            # where RAM begins: setting 'base'
    PAGE_SHIFT = 12
    SECTION_BITS = 27       # SECTION_SIZE_BITS
    SECTION_LONGS = 4       # of a struct mem_section; 2 without page_ext
    PHYSMEM_BITS = 46       # MAX_PHYSMEM_BITS
    FLAT_FROM_BASE = False  # mem_map begins with the first frame of RAM
    NR_PAGE_ORDERS = 11
    HUGE_ORDER = 9          # of a page mapped by a level 2 leaf
    DIRECT_LEAF = "2m"      # largest leaf of the linear map
    VMEMMAP_LEAF = "2m"
    MAPPING = None          # an address_space or anon_vma, 8-aligned
    HWPOISON = True         # CONFIG_MEMORY_FAILURE can be had
    UNACCEPTED = False      # CONFIG_UNACCEPTED_MEMORY: x86_64's
    PAGE_STRUCT = None      # sizeof(struct page), if not 8 longs
    MASK_TAILS = True       # HVO is built in: see structpage.py tail_info()
    POISON = 0xdead000000000000     # CONFIG_ILLEGAL_POINTER_VALUE
    ZONES = ((0x1000000, b"DMA"), (0x100000000, b"DMA32"),
             (None, b"Normal"))         # (end in bytes, name)
    ABSOLUTE_PERCPU = False     # of CONFIG_KALLSYMS_...
    STEXT = 0               # offset of _stext in the image
    LISTED = ("node_data",)     # what else its symbol table has, if it exists
    PID = 100               # of what the first CPU ran
    NR_REGS = 0             # of a PRSTATUS note, longs

    # ---- set by __init__ --------------------------------------------------
    levels = 4              # of page tables
    page_offset = vmalloc = vmemmap = modules = None
    text = None             # address of _stext
    shifts = ()             # (shift, bits) of each level, level 1 first
    leaf_levels = ()        # levels whose entries can be leaves

    def __init__(self, fx):
        self.fx = fx
        self.words = Words(self.BIG, self.BITS)
        big = self.BIG if self.TABLES_BIG is None else self.TABLES_BIG
        self.table_order = "big" if big else "little"
        self.page_shift = fx.num("page_size",
                                 1 << self.PAGE_SHIFT).bit_length() - 1
        self.page = 1 << self.page_shift
        self.page_name = size_name(self.page)
        self.base = fx.num("base", self.RAM_BASE)
        self.kernel_paddr = self.base + fx.num(
            "kernel_paddr", self.KERNEL_PADDR)
        self.kernel_size = fx.num("kernel_size")
        self.physmem_bits = fx.num("physmem_bits", self.PHYSMEM_BITS)
        self.section_bits = self.SECTION_BITS
        self.nr_page_orders = self.NR_PAGE_ORDERS
        self.huge_order = self.HUGE_ORDER
        self.direct_leaf = fx["direct_leaf"] or self.DIRECT_LEAF
        self.vmemmap_leaf = fx["vmemmap_leaf"] or self.VMEMMAP_LEAF
        self.leaves = {}
        self.memmap_align = 0x200000    # of a section's struct pages
        self.memmap_unit = self.page    # what the vmemmap is made of

    def bases(self, page_offset, vmalloc, vmemmap, modules):
        """Where the areas lie, unless the fixture says otherwise."""
        fx = self.fx
        self.page_offset = fx.num("page_offset", page_offset)
        self.vmalloc = fx.num("vmalloc_start", vmalloc)
        self.vmemmap = fx.num("vmemmap_start", vmemmap)
        self.modules = modules
        self.vmalloc_at = self.vmalloc + 0x200000   # of the first area there

    def set_levels(self, bits, leaf_levels=(1, 2, 3), runs=()):
        """bits of index of each level, level 1 first; runs: (level, count),
        leaves that are made of several entries."""
        self.levels = len(bits)
        self.shifts, shift = [], self.page_shift
        for n in bits:
            self.shifts.append((shift, n))
            shift += n
        self.leaf_levels = leaf_levels
        for level in leaf_levels:
            if level <= self.levels:
                size = 1 << self.shifts[level - 1][0]
                self.leaves[size_name(size)] = (size, level, 1)
        for level, count in runs:
            size = count << self.shifts[level - 1][0]
            self.leaves[size_name(size)] = (size, level, count)

    def level(self, number):
        return self.shifts[number - 1]

    # ---- addresses --------------------------------------------------------
    def direct(self, paddr):
        """Address in the linear map."""
        return self.page_offset + paddr

    def image_vaddr(self, paddr):
        """Address in the kernel image's map."""
        return self.text + paddr - self.kernel_paddr

    def page_struct(self, pfn, size):
        """Address of a struct page of that size in the vmemmap."""
        return self.vmemmap + pfn * size

    # ---- page tables ------------------------------------------------------
    def table_size(self, level):
        """Bytes of a table of that level."""
        return self.ENTRY << self.level(level)[1]

    def table_align(self, level):
        return self.table_size(level)

    def empty_table(self, m, level):
        """What a new table holds, if not zeroes."""
        return b""

    def table_entry(self, table, level):
        """Entry at that level which leads to the table at paddr."""
        raise NotImplementedError

    def leaf_entry(self, paddr, at, level, nx, count):
        """Entry that maps paddr + at; it is one of count that map paddr
        together."""
        raise NotImplementedError

    def decode(self, entry, level):
        """(None | 'leaf' | 'table', paddr)"""
        raise NotImplementedError

    def translate(self, m, vaddr):
        """Physical address of any kernel address, or None."""
        return m.tables.translate(vaddr)

    def map_memmap(self, m, vaddr, paddr, size, leaf):
        m.tables.map(vaddr, paddr, size, leaf)

    def map_direct(self, m):
        """The linear map of all RAM."""
        size = self.leaves[self.direct_leaf][0]
        for first, last in m.ram:
            start = first & ~(self.page - 1)
            end = (last + self.page) & ~(self.page - 1)
            if size >= 1 << 30:
                # like a kernel whose firmware map let it: whole GiBs
                start &= ~(size - 1)
                end = (end + size - 1) & ~(size - 1)
            m.tables.map(self.direct(start), start, end - start,
                         self.direct_leaf)

    def map_image(self, m):
        m.tables.map(self.image_vaddr(self.kernel_paddr), self.kernel_paddr,
                     self.kernel_size, self.direct_leaf, nx=False)

    def prepare(self, m):
        """What else there is in the image, before pages are placed."""

    # ---- the image --------------------------------------------------------
    def freed(self, m):
        """Parts of the image that the kernel gave to the page allocator
        after boot, in offsets, as its symbol table tells them."""
        return [(m.INIT, m.INIT_END)]

    def symbols(self, m):
        """(type, name, offset in the image) for its symbol table."""
        return [("T", "_text", 0), ("T", "_stext", self.STEXT),
                ("T", "_etext", m.TEXT_END),
                ("R", "__start_rodata", m.RODATA),
                ("R", "__end_rodata", m.RODATA_END), ("D", "_sdata", m.DATA),
                ("D", "_edata", m.DATA_END), ("D", "__init_begin", m.INIT),
                ("T", "_sinittext", m.INIT),
                ("T", "_einittext", m.INIT + 0x40000),
                ("R", "__init_end", m.INIT_END),
                ("B", "__bss_start", m.INIT_END),
                ("B", "__bss_stop", self.kernel_size),
                ("B", "_end", self.kernel_size)]

    # ---- notes ------------------------------------------------------------
    def vmcoreinfo(self, note):
        """The lines of arch_crash_save_vmcoreinfo()."""

    def pc(self, cpu):
        """Where the CPU was."""
        return self.text + self.STEXT + 0x2000 + 16 * cpu

    def regs(self, m, cpu):
        """The registers of a PRSTATUS note, in its order: longs, or bytes."""
        return [0] * self.NR_REGS

    def prstatus(self, m, cpu):
        """struct elf_prstatus (include/linux/elfcore.h): three ints of signal,
        a short, two longs, four ints of which the first is the pid, four
        timevals, the registers, an int."""
        w = self.words
        regs = self.regs(m, cpu)
        if not isinstance(regs, bytes):
            regs = w.pack("%dL" % len(regs), *(r & w.mask for r in regs))
        head = bytes(16 + 2 * w.size) + w.pack("I", self.PID + cpu)
        head = head.ljust(16 + 2 * w.size + 16 + 8 * w.size, b"\0")
        desc = head + regs + bytes(4)
        return desc + bytes(-len(desc) % w.size)

    def cpu_notes(self, m, cpu):
        """(name, type, descriptor) of one CPU's notes."""
        return [(b"CORE", 1, self.prstatus(m, cpu))]

    def stack(self, m, cpu):
        """A stack pointer: into a 'stack' of the fixture, if any."""
        stacks = [p for p in m.fx.pages if p.kind == "stack"]
        return stacks[cpu % len(stacks)].vaddr + 0xf00 if stacks else 0

    def segments(self, m):
        """PT_LOADs before those of RAM: (paddr, size, vaddr)."""
        if not m.fx.num("text_load", int(self.TEXT_LOAD)):
            return []
        return [(self.kernel_paddr, self.kernel_size, self.text)]

    def load_vaddr(self, paddr):
        """p_vaddr of RAM's segments."""
        return self.direct(paddr) & self.words.mask
