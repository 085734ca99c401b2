# SPDX-License-Identifier: GPL-2.0-or-later
"""loongarch64: pages of 4K, 16K and 64K, 2 to 4 levels.

Linux 7.2, arch/loongarch: include/asm/pgtable.h (areas, levels),
pgtable-bits.h (entries), mm/pgtable.c (empty entries lead to an 'invalid'
table, entries hold virtual addresses), loongarch.h (direct mapped windows).
Image and linear map lie in the window at 0x9000000000000000; there is no
arch_crash_save_vmcoreinfo(), so nothing tells the levels.
"""

from archs.arch import Arch as Base

VALID, DIRTY, CACHED, GLOBAL, HUGE = 1, 2, 1 << 4, 1 << 6, 1 << 6
PRESENT, WRITE, MODIFIED, HGLOBAL = 1 << 7, 1 << 8, 1 << 9, 1 << 12
NO_EXEC = 1 << 62
LEAF = VALID | DIRTY | CACHED | PRESENT | WRITE | MODIFIED
WINDOW = 0x9000000000000000
PHYSICAL = (1 << 48) - 1
TABLES = {1: "invalid_pte_table", 2: "invalid_pmd_table",
          3: "invalid_pud_table"}


class Arch(Base):
    ELF_MACHINE = 258
    HWPOISON = False            # no ARCH_SUPPORTS_MEMORY_FAILURE
    UTS = "loongarch64"
    NR_REGS = 45
    STEXT = 0x20000
    PAGE_SHIFT = 14
    SECTION_BITS = 29
    PHYSMEM_BITS = 48
    PAGE_STRUCT = 80            # last_cpupid finds no room in the flags
    POISON = 0                  # no CONFIG_ILLEGAL_POINTER_VALUE
    ZONES = ((1 << 32, b"DMA32"), (None, b"Normal"))

    def __init__(self, fx):
        super().__init__(fx)
        step = self.page_shift - 3
        self.set_levels([step] * fx.num("levels", 3), (1, 2))
        self.nr_page_orders = {12: 11, 14: 12, 16: 14}[self.page_shift]
        self.huge_order = step
        bits = self.page_shift + step * self.levels
        # cpu_vabits and cpu_pabits are one less than what there is; small
        # CPUs have 40 bits
        cpu = 47 if bits > 40 else 39
        huge = self.page << step
        start = (1 << 64) - (1 << cpu)
        modules = start + (32 << 20) + 2 * self.page
        end = start + (1 << min(bits, cpu)) - huge \
            - (self.PAGE_STRUCT << cpu + 1 - self.page_shift)
        self.bases(WINDOW, modules + (1 << 31), -(-end // huge) * huge,
                   modules)
        self.text = WINDOW + self.kernel_paddr
        self.vmemmap_leaf = fx["vmemmap_leaf"] or self.page_name
        self.memmap_unit = self.leaves[self.vmemmap_leaf][0]
        self.memmap_align = self.page
        self.invalid = {}

    def invalid_table(self, m, level):
        """The table that empty entries of the level above lead to."""
        if level not in self.invalid:
            size = self.table_size(level)
            paddr = m.symbol(TABLES[level], size, size)
            self.invalid[level] = WINDOW + paddr
            m.mem.write(paddr, self.empty_table(m, level))
        return self.invalid[level]

    def empty_table(self, m, level):
        # kernel_pte_init(): global, the entry's buddy in the TLB must be too
        entry = self.invalid_table(m, level - 1) if level > 1 else GLOBAL
        return self.words.pack("Q", entry) * (self.table_size(level) // 8)

    def table_entry(self, table, level):
        return WINDOW + table

    def leaf_entry(self, paddr, at, level, nx, count):
        bits = LEAF | (NO_EXEC if nx else 0)
        return paddr | bits | (GLOBAL if level == 1 else HUGE | HGLOBAL)

    def decode(self, entry, level):
        if level == 1 or entry & HUGE:
            if not entry & PRESENT:
                return None, 0
            size = 1 << self.level(level)[0]
            return "leaf", entry & PHYSICAL & -size
        if entry in (0, self.invalid.get(level - 1)):
            return None, 0
        return "table", entry & PHYSICAL

    def translate(self, m, vaddr):
        if vaddr >> 60 in (8, 9):
            return vaddr & PHYSICAL
        return super().translate(m, vaddr)

    def map_image(self, m):
        """In the window."""

    map_direct = map_image

    def freed(self, m):
        return [(m.TEXT_END, m.RODATA)]

    def symbols(self, m):
        """In the order of arch/loongarch/kernel/vmlinux.lds.S."""
        return [("T", "_text", 0), ("T", "_stext", self.STEXT),
                ("T", "_etext", m.TEXT_END), ("T", "__init_begin", m.TEXT_END),
                ("T", "_sinittext", m.TEXT_END),
                ("T", "_einittext", m.TEXT_END + 0x8000),
                ("D", "__init_end", m.RODATA), ("D", "_sdata", m.RODATA),
                ("D", "__start_rodata", m.RODATA),
                ("D", "__end_rodata", m.RODATA_END),
                ("D", "_edata", m.DATA_END), ("B", "__bss_start", m.DATA_END),
                ("B", "__bss_stop", self.kernel_size),
                ("B", "_end", self.kernel_size)]

    def regs(self, m, cpu):
        """32 registers, orig_a0, era, badvaddr, crmd ..."""
        regs = [0] * 45
        regs[1] = self.text + 0x2100                    # ra
        regs[3] = self.stack(m, cpu)                    # sp
        regs[33] = self.pc(cpu)
        return regs
