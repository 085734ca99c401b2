# SPDX-License-Identifier: GPL-2.0-or-later
"""s390x: big-endian, 3 to 5 levels of tables.

Linux 7.2, arch/s390: include/asm/pgtable.h (entries; the Principles of
Operation's region, segment and page tables), boot/startup.c
setup_kernel_memory_layout(), boot/vmem.c, mm/vmem.c, kernel/crash_dump.c (the
notes and PT_LOADs), kernel/vmcore_info.c.  Before 6.10 the image and the
identity map were one: addresses are physical ones.  Linux itself uses 3 or 4
levels; 5 is what the format has.
"""

from archs.arch import Arch as Base

INVALID = 0x20                  # of region and segment entries
PTE_INVALID = 0x400
NOEXEC, LARGE = 0x100, 0x400
PTE = 0x3d                      # present, young, dirty, read, write
LARGE_BITS = 0xf001             # read, write, dirty, young; present
TYPE = {2: 0, 3: 4, 4: 8, 5: 12}        # segment, region 3, 2, 1
LENGTH = 3
TEXT_OFFSET = 0x100000
MIB, GIB = 1 << 20, 1 << 30
# the end of the kernel's address space: a region 2, region 1, anything
LIMITS = {3: 1 << 42, 4: 1 << 53, 5: 1 << 60}


class Arch(Base):
    ELF_MACHINE = 22
    BIG = True
    HWPOISON = False            # no ARCH_SUPPORTS_MEMORY_FAILURE
    UTS = "s390x"
    KERNEL_PADDR = 0x1000000
    PID = 0                     # the CPU's number stands there
    SECTION_LONGS = 2
    MASK_TAILS = False          # no ARCH_WANT_OPTIMIZE_HUGETLB_VMEMMAP
    DIRECT_LEAF = VMEMMAP_LEAF = "1m"
    HUGE_ORDER = 8
    ZONES = ((1 << 31, b"DMA"), (None, b"Normal"))

    def __init__(self, fx):
        super().__init__(fx)
        self.set_levels([8] + [11] * (fx.num("levels", 3) - 1), (1, 2, 3))
        self.memmap_align = MIB
        self.old = fx["kernel"] in ("5.10", "6.1", "6.4", "6.6", "6.8", "6.9")
        limit = LIMITS[self.levels]
        self.text = self.kernel_paddr if self.old else \
            limit - 0x638000 - fx.num("kaslr")
        end = limit if self.old else self.text & -MIB
        modules = end - 2 * GIB
        vmalloc = modules - 510 * GIB
        # aligned to what a top level entry maps, as small as that can be
        vmemmap = vmalloc - 56 * GIB & -2 * GIB
        self.bases(0, vmalloc, vmemmap, modules)
        self.TEXT_LOAD = not self.old

    # ---- page tables ------------------------------------------------------
    def empty_table(self, m, level):
        entry = PTE_INVALID if level == 1 else INVALID | TYPE[level]
        return self.words.pack("Q", entry) * (self.table_size(level) // 8)

    def table_entry(self, table, level):
        if level == 2:
            return table | 1
        return table | TYPE[level] | LENGTH | (1 if level == 3 else 0)

    def leaf_entry(self, paddr, at, level, nx, count):
        bits = NOEXEC if nx else 0
        if level == 1:
            return paddr | PTE | bits
        return paddr | bits | LARGE | LARGE_BITS | TYPE[level]

    def decode(self, entry, level):
        if level == 1:
            if entry & PTE_INVALID:
                return None, 0
            return "leaf", entry & -0x1000
        if entry & INVALID or entry & 12 != TYPE[level]:
            return None, 0
        if level in (2, 3) and entry & LARGE:
            return "leaf", entry & -(1 << self.level(level)[0])
        return "table", entry & (-0x800 if level == 2 else -0x1000)

    # ---- the rest ---------------------------------------------------------
    def prepare(self, m):
        """Each CPU's lowcore, and the array of pointers to them."""
        cpus = self.fx.num("cpus")
        array = m.symbol("lowcore_ptr", 8 * cpus)
        for cpu in range(cpus):
            paddr = m.allocate(0x2000, 0x2000)
            m.mem.u64(array + 8 * cpu, self.direct(paddr))
            m.mem.write(paddr + 0x1000, b"lowcore of CPU %d" % cpu)
        m.mem.u64(m.symbol("high_memory", 8),
                  self.direct(m.max_pfn * self.page))

    def vmcoreinfo(self, note):
        note.sym("lowcore_ptr")
        note.sym("high_memory")
        note.len("lowcore_ptr", self.fx.num("cpus"))
        note.put("SAMODE31", "%x" % self.kernel_paddr)
        note.put("EAMODE31", "%x" % (self.kernel_paddr + 0x3000))
        if self.old:
            note.put("KERNELOFFSET", "%x" % (self.text - TEXT_OFFSET))
            return
        note.put("IDENTITYBASE", "%x" % self.page_offset)
        note.put("KERNELOFFSET", "%x" % (self.text - TEXT_OFFSET))
        note.put("KERNELOFFPHYS", "%x" % (self.kernel_paddr - TEXT_OFFSET))

    def regs(self, m, cpu):
        """s390_regs: psw, 16 registers, 16 access registers of 4 bytes,
        orig_gpr2."""
        gprs = [0] * 16
        gprs[14] = self.text + 0x2100
        gprs[15] = self.stack(m, cpu)
        return self.words.pack(
            "2Q16Q16IQ", 0x0404c00180000000, self.pc(cpu),
            *gprs, *range(16), 0)

    def cpu_notes(self, m, cpu):
        """kernel/crash_dump.c fill_cpu_elf_notes()"""
        notes = [(b"CORE", 3, bytes(136))] if not cpu else []
        notes += [(b"CORE", 1, self.prstatus(m, cpu)),
                  (b"CORE", 2, bytes(136))]
        for kind, size in ((0x301, 8), (0x302, 8), (0x303, 4), (0x304, 128),
                           (0x305, 4), (0x30a, 256), (0x309, 128)):
            notes.append((b"LINUX", kind, bytes(size)))
        return notes
