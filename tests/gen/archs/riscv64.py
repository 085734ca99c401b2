# SPDX-License-Identifier: GPL-2.0-or-later
"""riscv64: sv39, sv48 and sv57, 3 to 5 levels.

Linux 7.2, arch/riscv: include/asm/pgtable.h (the areas), pgtable-64.h,
pgtable-bits.h (entries; the privileged ISA's Sv39, Svnapot, Svpbmt),
mm/init.c setup_bootmem() and setup_vm(), kernel/vmcore_info.c.
"""

from archs.arch import Arch as Base

V, R, W, X, G, A, D = 1, 2, 4, 8, 0x20, 0x40, 0x80
NAPOT = 1 << 63
LINK = 0xffffffff80000000       # KERNEL_LINK_ADDR
PAGE_OFFSETS = {3: 0xffffffd600000000, 4: 0xffffaf8000000000,
                5: 0xff60000000000000}


class Arch(Base):
    ELF_MACHINE = 243
    HWPOISON = False            # no ARCH_SUPPORTS_MEMORY_FAILURE
    UTS = "riscv64"
    RAM_BASE = 0x80000000
    NR_REGS = 32
    STEXT = 0x2000
    PHYSMEM_BITS = 56
    ZONES = ((1 << 32, b"DMA32"), (None, b"Normal"))

    def __init__(self, fx):
        super().__init__(fx)
        # a 64K run of Svnapot; a leaf of 512G is a level 4 entry
        self.set_levels([9] * fx.num("levels", 4), (1, 2, 3, 4), [(1, 16)])
        self.va_bits = 12 + 9 * self.levels
        offset = PAGE_OFFSETS[self.levels]
        top = self.level(self.levels)[0]
        vmalloc = offset - (1 << top + 6)
        self.vmemmap_end = vmalloc
        vmemmap = vmalloc - (1 << self.va_bits - 12 - 1 + 6)
        self.text = LINK + fx.num("kaslr")
        modules = (self.text + self.kernel_size) - (1 << 31)
        self.bases(offset, vmalloc, vmemmap, modules)
        self.phys_ram_base = self.base & ~0x1fffff
        # the vmemmap's first frame: VMEMMAP_ADDR_ALIGN was a section, it is
        # the largest folio, 16 GiB, where tails hold a mask
        align = 34 if fx["kernel"] == "7.2" else 27
        self.first_pfn = self.phys_ram_base >> align << align - 12

    def direct(self, paddr):
        return self.page_offset + paddr - self.phys_ram_base

    def page_struct(self, pfn, size):
        return self.vmemmap + (pfn - self.first_pfn) * size

    def table_entry(self, table, level):
        return table >> 12 << 10 | V

    def leaf_entry(self, paddr, at, level, nx, count):
        bits = V | R | W | A | D | G | (0 if nx else X)
        bits |= self.fx.num("pbmt") << 61
        if count > 1:
            # all of them are the same; the lowest bit set tells how many
            return (paddr >> 12 | count >> 1) << 10 | bits | NAPOT
        return (paddr + at) >> 12 << 10 | bits

    def decode(self, entry, level):
        if not entry & V:
            return None, 0
        frame = entry >> 10 & (1 << 44) - 1
        if entry & (R | W | X) == 0:
            return "table", frame << 12
        return "leaf", (frame & frame - 1 if entry & NAPOT else frame) << 12

    def load_vaddr(self, paddr):
        """kexec-tools 2.0.32 writes nonsense, as seen on a real crash."""
        return paddr - 0x7f201000

    def vmcoreinfo(self, note):
        note.num("phys_ram_base", self.phys_ram_base)
        for name, value in (("PAGE_OFFSET", self.page_offset),
                            ("VMALLOC_END", self.page_offset)):
            note.num(name, "0x%x" % value)
        note.num("VA_BITS", self.va_bits)
        for name, value in (
                ("VMEMMAP_START", self.vmemmap),
                ("VMEMMAP_END", self.vmemmap_end),
                ("MODULES_VADDR", self.modules), ("MODULES_END", self.text),
                ("KERNEL_LINK_ADDR", LINK),
                ("va_kernel_pa_offset",
                 self.text - self.kernel_paddr & self.words.mask)):
            note.num(name, "0x%x" % value)
        if self.fx["kernel"] != "7.2":
            # 6.12 of Debian says neither
            return
        note.put("KERNELOFFSET", "%x" % self.fx.num("kaslr"))
        # of the CPU that crashed: a process's table, not swapper_pg_dir
        root = note.m.symbols[self.ROOT] - self.text + self.kernel_paddr
        note.num("satp", "0x%x" % (self.levels + 5 << 60 | root >> 12))

    def regs(self, m, cpu):
        """struct user_regs_struct: pc, ra, sp, gp, tp, t0 and so on."""
        regs = list(range(32))
        regs[0] = self.pc(cpu)
        regs[1] = self.text + 0x3100
        regs[2] = self.stack(m, cpu)
        regs[8] = self.stack(m, cpu) + 0x40             # s0
        return regs
