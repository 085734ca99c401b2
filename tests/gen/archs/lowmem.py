# SPDX-License-Identifier: GPL-2.0-or-later
"""What i386 and arm share: image and RAM mapped from 3 GiB on, as far as they
fit, behind them the vmalloc area; the rest of RAM is HighMem, mapped nowhere.
"""

from archs.arch import Arch as Base

PAGE_OFFSET = 0xc0000000
MOST = 0x2f000000               # 752 MiB


class Arch(Base):
    BITS = 32
    POISON = 0
    PAGE_STRUCT = 40        # as Debian's 6.1 has it
    MASK_TAILS = False
    TEXT_LOAD = False
    RAM_AT = 0                  # the first byte of RAM mapped at PAGE_OFFSET

    def areas(self, end):
        """end: of RAM, from the machine's base."""
        low = min(end, MOST)
        vmalloc = (PAGE_OFFSET + low + (16 << 20)) & ~((8 << 20) - 1)
        self.low_end = self.RAM_AT + low
        self.bases(PAGE_OFFSET, vmalloc, 0, vmalloc + (32 << 20))
        self.text = self.direct(self.kernel_paddr)

    def direct(self, paddr):
        return paddr - self.RAM_AT + PAGE_OFFSET

    def map_image(self, m):
        """In the linear map."""

    def map_direct(self, m):
        for first, last in m.ram:
            start = first & ~(self.page - 1)
            end = min(last + self.page & ~(self.page - 1), self.low_end)
            if start < end:
                m.tables.map(self.direct(start), start, end - start,
                             self.direct_leaf, nx=False)

    def load_vaddr(self, paddr):
        """kexec-tools: -1 for HighMem."""
        return self.direct(paddr) if paddr < self.low_end else (1 << 64) - 1
