# SPDX-License-Identifier: GPL-2.0-or-later
"""arm64: pages of 4K, 16K and 64K; 39 to 52 bits of address.

Linux 7.2, arch/arm64: include/asm/memory.h (the areas), pgtable-hwdef.h
(levels, entries; the Arm ARM's VMSAv8-64), mm/init.c arm64_memblock_init()
(PHYS_OFFSET), mm/mmu.c vmemmap_populate(), kernel/vmcore_info.c; the areas of
6.1 are those of its own memory.h.

'va_bits' is the kernel's VA_BITS, 'va_actual' what its CPU has: TCR_EL1.T1SZ.
"""

from archs.arch import Arch as Base

TABLE, PAGE, BLOCK = 3, 3, 1
AF, SHARED, NG = 1 << 10, 3 << 8, 1 << 11
DBM, CONT, PXN, UXN, DIRTY = 1 << 51, 1 << 52, 1 << 53, 1 << 54, 1 << 55
PXN_TABLE = 1 << 59
MASK = (1 << 64) - 1
GIB, MIB = 1 << 30, 1 << 20
# contiguous entries of level 1 and 2 (Kconfig ARM64_CONT_P?E_SHIFT)
RUNS = {12: (16, 16), 14: (128, 32), 16: (32, 32)}
ORDERS = {12: 11, 14: 12, 16: 14}       # ARCH_FORCE_MAX_ORDER + 1


def base(bits):
    return MASK + 1 - (1 << bits)


class Arch(Base):
    ELF_MACHINE = 183
    UTS = "aarch64"
    RAM_BASE = 0x40000000
    NR_REGS = 34
    STEXT = 0x10000
    MASK_TAILS = False      # no ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP
    ZONES = ((1 << 30, b"DMA"), (1 << 32, b"DMA32"), (None, b"Normal"))

    def __init__(self, fx):
        super().__init__(fx)
        shift = self.page_shift
        self.va_bits = fx.num("va_bits", 48)
        self.actual = fx.num("va_actual", self.va_bits)
        # descriptors of LPA2 hold PA[51:50] in bits 9:8, those of 64K pages
        # PA[51:48] in 15:12, where PA_BITS is 52: as VA_BITS here
        self.lpa2 = shift < 16 and self.actual == 52
        self.high = shift == 16 and self.va_bits == 52
        self.physmem_bits = fx.num("physmem_bits",
                                   52 if self.lpa2 or self.high else 48)
        self.nr_page_orders = ORDERS[shift]
        self.huge_order = shift - 3
        if shift == 16:
            self.section_bits = 29
        self.set_tables()
        self.areas()
        self.text = self.modules_end + fx.num("kaslr")
        self.vmalloc_at = self.vmalloc + 0x4000000000 // 16
        self.phys_offset = self.base - (self.base % (
            GIB if shift == 12 else 512 * MIB if shift == 16 else 32 * MIB))
        if self.va_bits == 52 and self.actual != 52:
            self.phys_offset -= base(self.actual) - base(52)

    def set_tables(self):
        """ARM64_HW_PGTABLE_LEVELS(); the top level has what is left. Where
        the CPU has fewer bits the kernel folds levels (pgtable_l5_enabled());
        with 64K pages it has the same levels, and uses the end of the top
        table: TTBR1 points there, swapper_pg_dir does not."""
        shift, step = self.page_shift, self.page_shift - 3
        bits = self.va_bits if shift == 16 else self.actual
        count = (bits - 4) // step
        leaf_levels = [1, 2, 3] if shift == 12 or self.va_bits == 52 \
            else [1, 2]
        self.set_levels(
            [step] * (count - 1) + [bits - shift - step * (count - 1)],
            [n for n in leaf_levels if n <= count],
            [(1, RUNS[shift][0]), (2, RUNS[shift][1])])
        self.page_table_size = 1 << shift
        if shift != 12:
            self.direct_leaf = self.fx["direct_leaf"] or "2m"   # a run of PTEs
            self.vmemmap_leaf = self.fx["vmemmap_leaf"] or self.page_name
            self.memmap_align = self.page

    def areas(self):
        fx, low = self.fx, min(self.va_bits, 48)
        if self.va_bits > 48 and self.page_shift == 14:
            low = 47
        end = base(low - 1)
        offset = base(self.va_bits)
        if fx["kernel"] in ("5.10", "6.1"):
            self.modules_end = end + 128 * MIB
            self.vmemmap_start = base(self.va_bits - (self.page_shift - 6))
            self.vmemmap_end = self.vmemmap_start + (
                (end - offset) >> self.page_shift << 6)
            self.vmalloc_end = self.vmemmap_start - 256 * MIB
        else:
            self.modules_end = end + 2 * GIB
            self.vmemmap_end = MASK + 1 - GIB
            self.vmemmap_start = self.vmemmap_end - (
                (end - offset) >> self.page_shift << 6)
            unused = (base(self.actual) - offset if self.va_bits != low
                      else 0) >> self.page_shift
            self.vmalloc_end = self.vmemmap_start + unused * 64 - 8 * MIB
        self.bases(offset, self.modules_end, self.vmemmap_start, end)

    # ---- addresses --------------------------------------------------------
    def direct(self, paddr):
        """__phys_to_virt(); wraps where PHYS_OFFSET is negative."""
        return (paddr - self.phys_offset + self.page_offset) & MASK

    def page_struct(self, pfn, size):
        """vmemmap: VMEMMAP_START stands for PHYS_OFFSET's page."""
        first = self.phys_offset >> self.page_shift
        return (self.vmemmap + (pfn - first) * size) & MASK

    # ---- page tables ------------------------------------------------------
    def table_size(self, level):
        return max(64, super().table_size(level))

    def address(self, paddr):
        """__phys_to_pte_val()"""
        if self.lpa2:
            return paddr & (1 << 50) - 1 | paddr >> 50 << 8
        if self.high:
            return paddr & (1 << 48) - 1 | paddr >> 48 << 12
        return paddr

    def table_entry(self, table, level):
        return self.address(table) | TABLE | AF | PXN_TABLE

    def leaf_entry(self, paddr, at, level, nx, count):
        bits = AF | UXN | DBM | DIRTY | (PAGE if level == 1 else BLOCK)
        if not self.lpa2:
            bits |= SHARED
        if nx:
            bits |= PXN
        if count > 1:
            bits |= CONT
        return self.address(paddr + at) | bits

    def decode(self, entry, level):
        if not entry & 1 or level == 1 and not entry & 2:
            return None, 0
        low = 50 if self.lpa2 else 48
        paddr = entry & (1 << low) - (1 << self.page_shift)
        if self.lpa2:
            paddr |= (entry >> 8 & 3) << 50
        elif self.high:
            paddr |= (entry >> 12 & 15) << 48
        return "leaf" if level == 1 or not entry & 2 else "table", paddr

    # ---- notes ------------------------------------------------------------
    def vmcoreinfo(self, note):
        note.num("VA_BITS", self.va_bits)
        if self.fx["kernel"] not in ("5.10", "6.1"):
            for name, value in (
                    ("MODULES_VADDR", self.modules),
                    ("MODULES_END", self.modules_end),
                    ("VMALLOC_END", self.vmalloc_end),
                    ("VMEMMAP_START", self.vmemmap),
                    ("VMEMMAP_END", self.vmemmap_end)):
                note.num(name, "0x%x" % (value & MASK))
        note.num("kimage_voffset",
                 "0x%x" % (self.text - self.kernel_paddr & MASK))
        note.num("PHYS_OFFSET", "0x%x" % (self.phys_offset & MASK))
        note.num("TCR_EL1_T1SZ", "0x%x" % (64 - self.actual))
        note.put("KERNELOFFSET", "%x" % self.fx.num("kaslr"))
        note.num("KERNELPACMASK", "0x%x" % (
            (1 << 55) - (1 << self.actual) if self.actual < 52 else
            0xfff0000000000000))

    def regs(self, m, cpu):
        """struct user_pt_regs: x0 to x30, sp, pc, pstate."""
        regs = list(range(31))
        regs[29] = self.stack(m, cpu) + 0x10
        regs[30] = self.text + 0x11000
        return regs + [self.stack(m, cpu), self.pc(cpu),
                       0x600000c5]
