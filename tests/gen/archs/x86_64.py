# SPDX-License-Identifier: GPL-2.0-or-later
"""x86_64: 4 or 5 levels, leaves of 4K, 2M and 1G.

Tables: Intel SDM vol. 3A chapter 5 (bits P, RW, A, D, PS, G, NX); the C bit of
AMD's memory encryption is set in every entry, as the kernel's sme_me_mask
asks.  Addresses: Documentation/arch/x86/x86_64/mm.rst.
"""

from archs.arch import Arch as Base

P, RW, A, D, PS, G = 1, 2, 0x20, 0x40, 0x80, 0x100
NX = 1 << 63
TABLE = P | RW | A | D
LEAF = P | RW | A | D | G

TEXT_MAP = 0xffffffff80000000
MODULES = 0xffffffffc0000000    # with KERNEL_IMAGE_SIZE of 1 GiB
BASES = {4: (0xffff888000000000, 0xffffc90000000000, 0xffffea0000000000),
         5: (0xff11000000000000, 0xffa0000000000000, 0xffd4000000000000)}


class Arch(Base):
    ELF_MACHINE = 62
    UTS = "x86_64"
    ROOT_SYMBOL = "init_top_pgt"
    ABSOLUTE_PERCPU = True
    UNACCEPTED = True
    LISTED = ()
    MAPPING = 0xffff888003456780

    def __init__(self, fx):
        super().__init__(fx)
        self.set_levels([9] * fx.num("levels", 4))
        self.bases(*BASES[self.levels], MODULES)
        self.physmem_bits = fx.num("physmem_bits",
                                   52 if self.levels == 5 else 46)
        self.text = TEXT_MAP + 0x1000000 + fx.num("kaslr")
        self.phys_base = self.kernel_paddr - (self.text - TEXT_MAP)
        bit = fx.num("sme_bit")
        self.sme_mask = 1 << bit if bit is not None else 0

    def table_entry(self, table, level):
        return table | TABLE | self.sme_mask

    def leaf_entry(self, paddr, at, level, nx, count):
        return (paddr + at) | LEAF | (PS if level > 1 else 0) \
            | (NX if nx else 0) | self.sme_mask

    def decode(self, entry, level):
        if not entry & P:
            return None, 0
        base = entry & 0x000ffffffffff000 & ~self.sme_mask
        return "leaf" if level == 1 or entry & PS else "table", base

    def map_image(self, m):
        """With page table isolation without what was freed of it
        (arch/x86/mm/init.c free_kernel_image_pages)."""
        at = self.kernel_paddr
        gone = self.freed(m)[:3] if self.fx.flag("pti") else []
        for first, end in gone + [(self.kernel_size, 0)]:
            first += self.kernel_paddr
            m.tables.map(self.image_vaddr(at), at, first - at,
                         "4k" if gone else "2m", nx=False)
            at = self.kernel_paddr + end

    def freed(self, m):
        """The gaps around rodata (arch/x86/mm/init_64.c mark_rodata_ro),
        init (free_initmem), and what of .brk was not used."""
        size = self.kernel_size
        return [(m.TEXT_END, m.RODATA), (m.RODATA_END, m.DATA),
                (m.INIT, m.INIT_END), (size - m.BRK_SIZE, size)]

    def symbols(self, m):
        """In the order of arch/x86/kernel/vmlinux.lds.S."""
        size = self.kernel_size
        return [("T", "_text", 0), ("T", "_stext", 0), ("T", "startup_64", 0),
                ("t", m.BIG, 0x1000), ("T", "panic", 0x2000),
                ("T", "_etext", m.TEXT_END), ("R", "__start_rodata", m.RODATA),
                ("R", "__end_rodata", m.RODATA_END),
                ("R", "__end_rodata_aligned", m.RODATA_END),
                ("R", "__end_rodata_hpage_align", m.DATA),
                ("D", "_sdata", m.DATA), ("D", "_edata", m.DATA_END),
                ("D", "__init_begin", m.INIT), ("T", "_sinittext", m.INIT),
                ("T", "_einittext", m.INIT + 0x40000),
                ("R", "__init_end", m.INIT_END),
                ("B", "__bss_start", m.INIT_END),
                ("B", "__bss_stop", size - m.BRK_SIZE),
                ("B", "__end_of_kernel_reserve", size - m.BRK_SIZE),
                ("B", "__brk_base", size - m.BRK_SIZE),
                ("B", "__brk_limit", size), ("B", "_end", size)]

    def vmcoreinfo(self, note):
        """arch/x86/kernel/vmcore_info_64.c"""
        m = note.m
        note.signed("phys_base", self.phys_base)
        note.sym("init_top_pgt")
        note.num("pgtable_l5_enabled", int(self.levels == 5))
        note.node_data(m)
        note.put("KERNELOFFSET", "%x" % m.fx.num("kaslr"))
        note.num("KERNEL_IMAGE_SIZE", 1 << 30)
        note.signed("sme_mask", self.sme_mask)

    def pc(self, cpu):
        return self.text + 0x1000 + 16 * cpu

    def regs(self, m, cpu):
        """struct user_regs_struct."""
        regs = [0] * 27
        regs[16] = self.pc(cpu)                                # rip
        regs[17], regs[18], regs[20] = 0x10, 0x46, 0x18         # cs, flags, ss
        regs[19] = self.stack(m, cpu)
        return regs
