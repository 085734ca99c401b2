# SPDX-License-Identifier: GPL-2.0-or-later
"""Page contents of a raw ELF64 vmcore, for comparison: a frame's bytes are
what any PT_LOAD's file part holds of it, the rest zero."""

import bisect
import mmap
import struct

PAGE = 4096
HIGHEST = 1 << 57       # no machine has memory there: not believed
MOST = 1 << 24          # frames: more than that no set of Python holds well


def disjoint(runs):
    """(first, end, offset) runs without what an earlier one has."""
    out, top = [], -1
    for first, end, offset in sorted(runs):
        if end > top:
            skip = max(0, top - first)
            out.append((first + skip, end, offset + skip * PAGE))
            top = end
    return out


class RawCore:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        m = self.map
        if m[:6] != b"\x7fELF\x02\x01":
            raise ValueError("%s: no little-endian ELF64" % path)
        phoff, shoff = struct.unpack_from("<QQ", m, 32)
        phnum = struct.unpack_from("<H", m, 56)[0]
        if phnum == 0xffff:
            phnum = struct.unpack_from("<I", m, shoff + 44)[0]
        self.loads = []
        self.notes = []
        for i in range(phnum):
            kind, _, offset, vaddr, paddr, filesz, memsz, _ = \
                struct.unpack_from("<IIQQQQQQ", m, phoff + 56 * i)
            if kind == 1 and paddr + max(memsz, filesz) <= HIGHEST:
                self.loads.append((paddr, memsz, filesz, offset))
            elif kind == 4:
                self.notes.append((offset, filesz))
        self.index = {}         # frame -> segments that touch it, partly
        self.whole = []         # (first frame, end frame, offset of first)
        for paddr, memsz, filesz, offset in self.loads:
            first, end = -(-paddr // PAGE), (paddr + filesz) // PAGE
            if first < end:
                self.whole.append((first, end,
                                   offset + first * PAGE - paddr))
            last = (paddr + memsz - 1) // PAGE if memsz else -1
            for pfn in {paddr // PAGE, (paddr + filesz) // PAGE, last}:
                self.index.setdefault(pfn, []).append(
                    (paddr, filesz, offset))
        self.whole = disjoint(self.whole)
        self.starts = [w[0] for w in self.whole]

    def page(self, pfn):
        i = bisect.bisect_right(self.starts, pfn) - 1
        if i < 0 or pfn >= self.whole[i][1]:
            return self.partial(pfn)
        first, _, offset = self.whole[i]
        start = offset + (pfn - first) * PAGE
        return self.map[start:start + PAGE].ljust(PAGE, b"\0")

    def partial(self, pfn):
        out = bytearray(PAGE)
        for paddr, filesz, offset in self.index.get(pfn, ()):
            low = max(paddr, pfn * PAGE)
            high = min(paddr + filesz, pfn * PAGE + PAGE)
            if low < high:
                at = offset + low - paddr
                out[low - pfn * PAGE:high - pfn * PAGE] = \
                    self.map[at:at + high - low].ljust(high - low, b"\0")
        return bytes(out)

    def present(self):
        """Frames that lie at least partly in a segment's memory."""
        pfns = set()
        for paddr, memsz, _, _ in self.loads:
            if memsz // PAGE > MOST:
                raise ValueError("a segment of %d bytes" % memsz)
            if memsz:
                pfns.update(range(paddr // PAGE,
                                  (paddr + memsz - 1) // PAGE + 1))
        return pfns

    def note_bytes(self):
        return b"".join(self.map[o:o + n] for o, n in self.notes)
