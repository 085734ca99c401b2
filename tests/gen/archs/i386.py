# SPDX-License-Identifier: GPL-2.0-or-later
"""i386: 3 levels with entries of 8 bytes (PAE), or 2 of 4 ('levels 2').

Linux 7.2, arch/x86: include/asm/pgtable-3level_types.h, pgtable_32_areas.h,
sparsemem.h, kernel/vmcore_info_32.c; Intel SDM vol. 3A, "PAE paging" and
"32-bit paging".
"""

from archs.lowmem import Arch as Base

P, RW, A, D, PS, G = 1, 2, 0x20, 0x40, 0x80, 0x100
NX = 1 << 63


class Arch(Base):
    ELF_MACHINE = 3
    UTS = "i686"
    NR_REGS = 17
    SECTION_BITS = 29
    PHYSMEM_BITS = 36
    ZONES = ((1 << 24, b"DMA"), (0x2f000000, b"Normal"), (None, b"HighMem"))

    def __init__(self, fx):
        super().__init__(fx)
        self.pae = fx.num("levels", 3) == 3
        if self.pae:
            self.set_levels([9, 9, 2], (1, 2))
        else:
            self.ENTRY = 4
            self.set_levels([10, 10], (1, 2))
            self.section_bits, self.huge_order = 26, 10
            self.physmem_bits = fx.num("physmem_bits", 32)
            self.direct_leaf = fx["direct_leaf"] or "4m"
        self.areas(max([b for _, b in fx.ram] or [0x3ffffff]) + 1)

    def table_align(self, level):
        return 32 if level == 3 else self.page

    def table_entry(self, table, level):
        # of a page directory pointer only P may be set
        return table | (P if level == 3 else P | RW | A | D)

    def leaf_entry(self, paddr, at, level, nx, count):
        return paddr | P | RW | A | D | G | (PS if level == 2 else 0) \
            | (NX if nx and self.pae else 0)

    def decode(self, entry, level):
        if not entry & P:
            return None, 0
        leaf = level == 1 or level == 2 and entry & PS
        return "leaf" if leaf else "table", entry & (1 << 52) - 0x1000

    def vmcoreinfo(self, note):
        note.node_data(note.m)
        if self.pae:
            note.put("CONFIG_X86_PAE", "y")

    def regs(self, m, cpu):
        """struct user_regs_struct: ebx ecx edx esi edi ebp eax ds es fs gs
        orig_eax eip cs eflags esp ss."""
        regs = [0] * 17
        regs[12], regs[13] = self.pc(cpu), 0x60
        regs[14], regs[15], regs[16] = 0x46, self.stack(m, cpu), 0x68
        return regs
