# SPDX-License-Identifier: GPL-2.0-or-later
"""ppc64, big-endian (ppc64le.py: little): the radix and the hash MMU of
book3s64, pages of 4K and 64K.

Linux 7.2, arch/powerpc: include/asm/book3s/64/{radix,hash}*.h (levels, areas),
pgtable.h (entries, big-endian on both), mm/init_64.c vmemmap_populate() (the
list), kernel/setup_64.c and the VMCOREINFO of real 7.2 crashes.  The linear map
is at 0xc000000000000000 by rule and holds the image; with the hash MMU it is in
no table of the kernel, and the vmemmap is on a list.
"""

from archs.arch import Arch as Base

PRESENT, PTE = 1 << 63, 1 << 62
EXEC, RW, PRIVILEGED, DIRTY, ACCESSED = 1, 6, 8, 0x80, 0x100
LINEAR = 0xc000000000000000
END = 0xc000100000000000        # of the linear map, generous
# (mmu, page shift): bits of each level, and vmalloc, IO, vmemmap begin
LEVELS = {("radix", 12): (9, 9, 9, 13), ("radix", 16): (5, 9, 9, 13),
          ("hash", 12): (9, 7, 9, 9), ("hash", 16): (8, 10, 10, 8)}
AREAS = {False: (0xc008000000000000, 0xc00c000000000000),
         True: (0xc0003d0000000000, 0xc0003f0000000000)}
PSIZE = {12: 0, 16: 2, 21: 7, 24: 10}   # asm/mmu.h MMU_PAGE_*
PSIZES = 16
MMU_FTR_TYPE_RADIX = 0x40


class Arch(Base):
    ELF_MACHINE = 21
    BIG = True
    TABLES_BIG = True
    UTS = "ppc64"
    KERNEL_PADDR = 0
    TEXT_LOAD = False
    NR_REGS = 48
    SECTION_BITS = 24
    PHYSMEM_BITS = 51
    MASK_TAILS = False          # no ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP
    POISON = 0x5deadbeef0000000
    ZONES = ((None, b"Normal"), )

    def __init__(self, fx):
        super().__init__(fx)
        self.radix = fx["mmu"] == "radix"
        self.set_levels(LEVELS[fx["mmu"], self.page_shift], (1, 2, 3))
        vmalloc, vmemmap = AREAS[not self.radix and self.page_shift == 12]
        self.bases(LINEAR, vmalloc, vmemmap, vmalloc + (1 << 30))
        self.text = LINEAR + self.kernel_paddr
        self.nr_page_orders = 13 if self.page_shift == 12 else 9
        self.huge_order = self.level(2)[0] - self.page_shift
        # the vmemmap is made of pieces that hold several sections' pages
        self.vmemmap_leaf = fx["vmemmap_leaf"] or (
            "2m" if self.radix else self.page_name)
        if not self.radix:
            self.leaves["16m"] = (1 << 24, 2, 1)
        self.memmap_unit = self.leaves[self.vmemmap_leaf][0]
        self.memmap_align = self.page
        self.blocks = []        # of the vmemmap: (virtual, physical, size)

    def prepare(self, m):
        """What leads to the list, and the CPU's features."""
        m.symbol("vmemmap_list", 8)
        m.mem.u32(m.symbol("mmu_vmemmap_psize", 4, 4),
                  PSIZE[self.memmap_unit.bit_length() - 1])
        defs = m.symbol("mmu_psize_defs", 96 * PSIZES)
        for shift, index in PSIZE.items():
            m.mem.u32(defs + 96 * index, shift)
        spec = m.symbol("the_cpu_spec", 64)
        m.mem.long(m.symbol("cur_cpu_spec", 8), m.image_vaddr(spec))
        m.mem.long(spec + 16, 0x3f)
        m.mem.u32(spec + 32, 0x20001 | (MMU_FTR_TYPE_RADIX if self.radix
                                        else 0))

    # ---- page tables ------------------------------------------------------
    def table_entry(self, table, level):
        bits = self.level(level - 1)[1] if self.radix else 0
        return table | PRESENT | bits

    def leaf_entry(self, paddr, at, level, nx, count):
        return paddr | PRESENT | PTE | RW | PRIVILEGED | DIRTY | ACCESSED \
            | (0 if nx else EXEC)

    def decode(self, entry, level):
        if not entry & PRESENT:
            return None, 0
        if level == 1 or entry & PTE:
            return "leaf", entry & (1 << 53) - (1 << self.page_shift)
        return "table", entry & ~0xc0000000000000ff

    def map_memmap(self, m, vaddr, paddr, size, leaf):
        if self.radix:
            super().map_memmap(m, vaddr, paddr, size, leaf)
            return
        for at in range(0, size, self.memmap_unit):
            self.blocks.append((vaddr + at, paddr + at, self.memmap_unit))
            # struct vmemmap_backing: next, physical, virtual address
            entry = m.allocate(24, 8)
            m.mem.write(entry, m.mem.read(m.symbol_paddr("vmemmap_list"), 8)
                        + self.words.pack("QQ", paddr + at, vaddr + at))
            m.mem.long(m.symbol_paddr("vmemmap_list"), self.direct(entry))

    def map_image(self, m):
        """It lies in the linear map."""

    def map_direct(self, m):
        if self.radix:
            super().map_direct(m)

    def translate(self, m, vaddr):
        if LINEAR <= vaddr < END:
            return vaddr - LINEAR
        for start, paddr, size in self.blocks:
            if start <= vaddr < start + size:
                return paddr + vaddr - start
        return super().translate(m, vaddr)

    # ---- notes ------------------------------------------------------------
    def vmcoreinfo(self, note):
        note.node_data(note.m, 256)
        for name in ("vmemmap_list", "mmu_vmemmap_psize", "mmu_psize_defs"):
            note.sym(name)
        note.size("vmemmap_backing", 24)
        for i, name in enumerate(("list", "phys", "virt_addr")):
            note.off("vmemmap_backing." + name, 8 * i)
        note.size("mmu_psize_def", 96)
        note.off("mmu_psize_def.shift", 0)
        if self.fx["kernel"] not in ("5.10", "6.1"):
            note.sym("cur_cpu_spec")
            note.off("cpu_spec.cpu_features", 16)
            note.off("cpu_spec.mmu_features", 32)
            note.num("RADIX_MMU", int(self.radix))
        note.put("KERNELOFFSET", "%x" % self.fx.num("kaslr"))

    def regs(self, m, cpu):
        """struct pt_regs: 32 registers, nip, msr, orig_gpr3, ctr, link ..."""
        regs = [0] * 48
        regs[1] = self.stack(m, cpu)
        regs[32], regs[33] = self.pc(cpu), 0x8000000000001033
        regs[36] = self.text + 0x2100
        return regs
