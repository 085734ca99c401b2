# SPDX-License-Identifier: GPL-2.0-or-later
"""Page contents of a raw vmcore of any class and byte order, for comparison:
a frame's bytes are what any PT_LOAD's file part holds of it, the rest zero;
but what lies in the file between a page's begin and a PT_LOAD of ppc64, and is
the crash header of a fadump, is that page's, too (tests/gen/fadump.py).
How large a page is says VMCOREINFO, if the caller does not."""

import bisect
import re
import struct

from holes import Mapped

HIGHEST = 1 << 57       # no machine has memory there: not believed
MOST = 1 << 24          # frames: more than that no set of Python holds well


def disjoint(runs, page):
    """(first, end, offset) runs without what an earlier one has."""
    out, top = [], -1
    for first, end, offset in sorted(runs):
        if end > top:
            skip = max(0, top - first)
            out.append((first + skip, end, offset + skip * page))
            top = end
    return out


class RawCore:
    def __init__(self, path, page=None):
        self.file = Mapped(path, page or 4096)
        self.map = self.file.map
        if self.map[:4] != b"\x7fELF" or self.map[4] not in (1, 2) \
                or self.map[5] not in (1, 2):
            raise ValueError("%s: no ELF file" % path)
        self.order = "<>"[self.map[5] - 1]
        self.loads = []
        self.notes = []
        self.read_table()
        found = re.search(rb"\nPAGESIZE=(\d+)\n", self.note_bytes())
        page = page or int(found.group(1) if found else 4096) or 4096
        self.loads = [self.with_header(*load) for load in self.loads]
        if page != len(self.file.zero):
            self.file.zero = bytes(page)
        self.size, self.zero = page, self.file.zero
        self.index = {}         # frame -> segments that touch it, partly
        self.whole = []         # (first frame, end frame, offset of first)
        for paddr, memsz, filesz, offset in self.loads:
            first, end = -(-paddr // page), (paddr + filesz) // page
            if first < end:
                self.whole.append((first, end,
                                   offset + first * page - paddr))
            last = (paddr + memsz - 1) // page if memsz else -1
            for pfn in {paddr // page, (paddr + filesz) // page, last}:
                self.index.setdefault(pfn, []).append(
                    (paddr, filesz, offset))
        self.whole = disjoint(self.whole, page)
        self.starts = [w[0] for w in self.whole]

    def read_table(self):
        m, order = self.map, self.order
        self.machine = struct.unpack_from(order + "H", m, 18)[0]
        if m[4] == 2:
            phoff, shoff = struct.unpack_from(order + "QQ", m, 32)
            at, info, head, size = 56, 44, order + "IIQQQQQQ", 56
        else:
            phoff, shoff = struct.unpack_from(order + "II", m, 28)
            at, info, head, size = 44, 28, order + "8I", 32
        phnum = struct.unpack_from(order + "H", m, at)[0]
        if phnum == 0xffff:
            phnum = struct.unpack_from(order + "I", m, shoff + info)[0]
        for i in range(phnum):
            entry = struct.unpack_from(head, m, phoff + size * i)
            if m[4] == 2:
                kind, _, offset, _, paddr, filesz, memsz, _ = entry
            else:
                kind, offset, _, paddr, filesz, memsz, _, _ = entry
            if kind == 1 and paddr + max(memsz, filesz) <= HIGHEST:
                self.loads.append((paddr, memsz, filesz, offset))
            elif kind == 4:
                self.notes.append((offset, filesz))

    def with_header(self, paddr, memsz, filesz, offset):
        below = paddr % 4096
        start = offset - below
        if below < 0x28 or start < 0 or self.machine != 21 or not filesz \
                or len(self.map) < start + below:
            return paddr, memsz, filesz, offset
        magic, version, _, _, _, regs, mask = struct.unpack_from(
            self.order + "QIIQQII", self.map, start)
        if magic.to_bytes(8, "big") != b"FADMPSIG" or version != 1 \
                or 0x28 + regs + mask != below:
            return paddr, memsz, filesz, offset
        return paddr - below, memsz + below, filesz + below, start

    def page(self, pfn):
        i = bisect.bisect_right(self.starts, pfn) - 1
        if i < 0 or pfn >= self.whole[i][1]:
            return self.partial(pfn)
        first, _, offset = self.whole[i]
        return self.file.get(offset + (pfn - first) * self.size, self.size)

    def partial(self, pfn):
        out = bytearray(self.size)
        for paddr, filesz, offset in self.index.get(pfn, ()):
            low = max(paddr, pfn * self.size)
            high = min(paddr + filesz, pfn * self.size + self.size)
            if low < high:
                at = offset + low - paddr
                out[low - pfn * self.size:high - pfn * self.size] = \
                    self.map[at:at + high - low].ljust(high - low, b"\0")
        return bytes(out)

    def present(self):
        """Frames that lie at least partly in a segment's memory."""
        pfns = set()
        for paddr, memsz, _, _ in self.loads:
            if memsz // self.size > MOST:
                raise ValueError("a segment of %d bytes" % memsz)
            if memsz:
                pfns.update(range(paddr // self.size,
                                  (paddr + memsz - 1) // self.size + 1))
        return pfns

    def note_bytes(self):
        return b"".join(self.map[o:o + n] for o, n in self.notes)
