# SPDX-License-Identifier: GPL-2.0-or-later
"""Page tables of any architecture that has a tree of them. An architecture
(archs/arch.py) says what a level covers and how entries look; this file
makes the tables, from the machine's allocator, and walks them."""


class PageTables:
    """Level 1 holds the entries of pages, arch.levels is the top one."""

    def __init__(self, arch, memory, root, alloc):
        """root: physical address of the top table; alloc(level): the physical
        address of a new, empty table of that level."""
        self.arch = arch
        self.memory = memory
        self.root = root
        self.alloc = alloc
        self.known = {}         # entry address -> next table (cache)

    def slot(self, table, vaddr, level):
        """Address of vaddr's entry in a table of that level."""
        shift, bits = self.arch.level(level)
        return table + self.arch.ENTRY * (vaddr >> shift & (1 << bits) - 1)

    def entry_paddr(self, vaddr, level):
        """Where the entry of that level for vaddr lies (level 1: a PTE);
        makes the tables above it."""
        table = self.root
        for i in range(self.arch.levels, level, -1):
            at = self.slot(table, vaddr, i)
            table = self.known.get(at)
            if table is None:
                table = self.alloc(i - 1)
                self.put(at, self.arch.table_entry(table, i))
                self.known[at] = table
        return self.slot(table, vaddr, level)

    def put(self, at, entry):
        self.memory.write(at, entry.to_bytes(
            self.arch.ENTRY, self.arch.table_order))

    def get(self, at):
        return int.from_bytes(self.memory.read(at, self.arch.ENTRY),
                              self.arch.table_order)

    def map_one(self, vaddr, paddr, leaf=None, nx=True):
        """One leaf, by the name of its size: see arch.leaves."""
        size, level, count = self.arch.leaves[leaf or self.arch.page_name]
        assert vaddr % size == 0 and paddr % size == 0, \
            "map %x -> %x as %s" % (vaddr, paddr, leaf)
        step = size // count
        for i in range(count):
            self.put(self.entry_paddr(vaddr + i * step, level),
                     self.arch.leaf_entry(paddr, i * step, level, nx, count))

    def map(self, vaddr, paddr, length, leaf, nx=True):
        """Maps a range with the largest leaves allowed that fit."""
        end = vaddr + length
        leaves = self.arch.leaves
        most = leaves[leaf][0]
        order = sorted((s, n) for n, (s, _, _) in leaves.items() if s <= most)
        while vaddr < end:
            for size, name in reversed(order):
                if vaddr % size == 0 and paddr % size == 0 \
                        and end - vaddr >= size:
                    break
            else:
                size, name = order[0]
            self.map_one(vaddr, paddr, name, nx)
            vaddr += size
            paddr += size

    def translate(self, vaddr):
        """A plain walk, for the generator's own checks: paddr or None."""
        table = self.root
        for level in range(self.arch.levels, 0, -1):
            at = self.slot(table, vaddr, level)
            kind, paddr = self.arch.decode(self.get(at), level)
            if kind is None:
                return None
            if kind == "leaf":
                size = 1 << self.arch.level(level)[0]
                return (paddr & ~(size - 1)) + (vaddr & (size - 1))
            table = paddr
        return None
