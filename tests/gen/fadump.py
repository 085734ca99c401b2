# SPDX-License-Identifier: GPL-2.0-or-later
"""The header that a kernel of POWER leaves at the end of the area that a
firmware-assisted dump copies memory to: struct fadump_crash_info_header (Linux
7.2 and 6.1 arch/powerpc/include/asm/fadump-internal.h)."""

MAGIC = {0: b"FADMPINF", 1: b"FADMPSIG"}
HEAD = {0: 0x18, 1: 0x28}


class Header:
    """A 'fadump' statement: PADDR and what is in it."""

    def __init__(self, paddr, attrs):
        get = {k: int(v, 0) for k, v in attrs.items()}
        self.paddr = paddr
        self.version = get.pop("version", 1)
        self.cpu = get.pop("cpu", 0)
        self.regs = get.pop("regs", 0x180)
        self.mask = get.pop("mask", 0x100)
        self.vmcoreinfo = get.pop("vmcoreinfo", 0)
        self.extra = get.pop("extra", 0)    # said to be longer by so much
        if get:
            raise ValueError("fadump knows no %s" % ", ".join(get))

    @property
    def size(self):
        return HEAD[self.version] + self.regs + self.mask

    def pack(self, words):
        magic = int.from_bytes(MAGIC[self.version], "big")
        if self.version:
            head = words.pack("QIIQQII", magic, 1, self.cpu, self.vmcoreinfo,
                              0x10024, self.regs + self.extra, self.mask)
        else:
            head = words.pack("QQII", magic, self.paddr + 0x1000, self.cpu, 0)
        regs = b"regs" * (self.regs // 4)
        return head + regs + b"\xff" * self.mask

    def known(self, segs):
        """Whether it is right below a segment, and as long as it says."""
        return self.version == 1 and not self.extra and any(
            s.paddr == self.paddr + self.size for s in segs)
