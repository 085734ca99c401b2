# SPDX-License-Identifier: GPL-2.0-or-later
"""x86_64 kernel page tables, 4 or 5 levels, leaves of 4K, 2M and 1G.

Format: Intel SDM vol. 3A chapter 5 (bits P, RW, A, D, PS, G, NX); the C bit
of AMD's memory encryption is set in every entry, as the kernel's sme_me_mask
asks.  Tables themselves come from the machine's allocator.
"""

P, RW, US, A, D, PS, G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
NX = 1 << 63
TABLE = P | RW | A | D
LEAF = P | RW | A | D | G
SIZES = {"4k": 1 << 12, "2m": 1 << 21, "1g": 1 << 30}


class PageTables:
    def __init__(self, memory, root, levels, alloc, sme_mask=0):
        """root: physical address of the top table; alloc(): the physical
        address of a new, zeroed table page."""
        self.memory = memory
        self.root = root
        self.levels = levels
        self.alloc = alloc
        self.sme = sme_mask
        self.known = {}         # entry address -> next table (cache)

    def entry_paddr(self, vaddr, level):
        """Where the entry of that level for vaddr lies (level 1: a PTE);
        makes the tables above it."""
        table = self.root
        for i in range(self.levels, level, -1):
            at = table + 8 * (vaddr >> (12 + 9 * (i - 1)) & 511)
            table = self.known.get(at)
            if table is None:
                table = self.alloc()
                self.memory.u64(at, table | TABLE | self.sme)
                self.known[at] = table
        return table + 8 * (vaddr >> (12 + 9 * (level - 1)) & 511)

    def map_one(self, vaddr, paddr, leaf="4k", nx=True):
        level = {"4k": 1, "2m": 2, "1g": 3}[leaf]
        size = SIZES[leaf]
        assert vaddr % size == 0 and paddr % size == 0, \
            "map %x -> %x as %s" % (vaddr, paddr, leaf)
        bits = LEAF | (PS if level > 1 else 0) | (NX if nx else 0)
        self.memory.u64(self.entry_paddr(vaddr, level),
                        paddr | bits | self.sme)

    def map(self, vaddr, paddr, length, leaf="2m", nx=True):
        """Maps a range with the largest leaves allowed that fit."""
        end = vaddr + length
        order = [n for n in ("1g", "2m", "4k") if SIZES[n] <= SIZES[leaf]]
        while vaddr < end:
            for name in order:
                size = SIZES[name]
                if vaddr % size == 0 and paddr % size == 0 \
                        and (end - vaddr >= size or name == "4k"):
                    break
            self.map_one(vaddr, paddr, name, nx)
            vaddr += size
            paddr += size

    def translate(self, vaddr):
        """A plain walk, for the generator's own checks: paddr or None."""
        table = self.root
        for level in range(self.levels, 0, -1):
            entry = self.memory.read_u64(
                table + 8 * (vaddr >> (12 + 9 * (level - 1)) & 511))
            if not entry & P:
                return None
            base = entry & 0x000ffffffffff000 & ~self.sme
            if level == 1 or entry & PS:
                size = 1 << (12 + 9 * (level - 1))
                return (base & ~(size - 1)) + (vaddr & (size - 1))
            table = base
        return None
