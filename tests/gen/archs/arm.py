# SPDX-License-Identifier: GPL-2.0-or-later
"""arm: the long descriptors of LPAE, 3 levels, or the short ones ('levels 2').

Linux 7.2, arch/arm: include/asm/pgtable-{2,3}level{,-hwdef}.h, memory.h,
sparsemem.h, kernel/vmcore_info.c; the Arm ARM's translation table formats. Of
the short ones these are the CPU's tables: sections of 1 MiB, supersections of
16 MiB and large pages of 64 KiB are 1 or 16 entries.
"""

from archs.lowmem import Arch as Base

AF, SHARED, XN = 1 << 10, 3 << 8, 1 << 54
SUPER = 1 << 18


class Arch(Base):
    ELF_MACHINE = 40
    HWPOISON = False            # no ARCH_SUPPORTS_MEMORY_FAILURE
    UTS = "armv7l"
    RAM_BASE = 0x40000000
    NR_REGS = 18
    SECTION_BITS = 28
    PHYSMEM_BITS = 36
    FLAT_FROM_BASE = True       # ARCH_PFN_OFFSET
    ZONES = ((0x70000000, b"Normal"), (None, b"HighMem"))

    def __init__(self, fx):
        super().__init__(fx)
        self.RAM_AT = self.base
        self.lpae = fx.num("levels", 3) == 3
        if self.lpae:
            self.set_levels([9, 9, 2], (1, 2), [(1, 16)])
        else:
            self.ENTRY = 4
            self.set_levels([8, 12], (1, 2), [(1, 16), (2, 16)])
            self.direct_leaf = fx["direct_leaf"] or "1m"
        self.areas(max([b for _, b in fx.ram] or [0x3ffffff]) + 1)
        self.modules = 0xbf000000               # MODULES_VADDR

    def table_align(self, level):
        return max(32, self.table_size(level))

    def table_entry(self, table, level):
        return table | (3 if self.lpae else 1)

    def leaf_entry(self, paddr, at, level, nx, count):
        if self.lpae:
            return paddr + at | AF | SHARED | (3 if level == 1 else 1) \
                | (XN if nx else 0) | (1 << 52 if count > 1 else 0)
        if count > 1:
            # the same entry in all places
            return paddr | (0x55 << 4 | 1 if level == 1 else SUPER | 2 << 10
                            | 2)
        return paddr + at | (0x10 | 2 | nx if level == 1 else 1 << 10 | 2)

    def decode(self, entry, level):
        kind = entry & 3
        if self.lpae:
            if not kind & 1:
                return None, 0
            leaf = level == 1 or not kind & 2
            return "leaf" if leaf else "table", entry & (1 << 40) - 0x1000
        if level == 1:
            if kind == 1:
                raise SystemExit("a large page is not for this walk")
            return ("leaf", entry & -0x1000) if kind else (None, 0)
        if kind == 2:
            return "leaf", entry & -0x100000
        return ("table", entry & -0x400) if kind == 1 else (None, 0)

    def vmcoreinfo(self, note):
        if self.lpae:
            note.put("CONFIG_ARM_LPAE", "y")

    def regs(self, m, cpu):
        """struct pt_regs: r0 to r15, cpsr, orig_r0."""
        regs = list(range(18))
        regs[13], regs[14] = self.stack(m, cpu), self.text + 0x2100
        regs[15], regs[16] = self.pc(cpu), 0x600f0093
        return regs
