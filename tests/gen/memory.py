# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical memory of the modelled machine, and sets of page frames.

Memory holds only what was written: page frame -> bytes, or a way to make
the bytes (a content word of the fixture).  All other memory is zero.
"""

import functools
import random

PAGE = 4096             # of most machines
ZERO = bytes(PAGE)


class Memory:
    def __init__(self, words, page=PAGE):
        """words: see words.py; page: its size."""
        self.words = words
        self.size = page
        self.zero = bytes(page)
        self.pages = {}         # pfn -> bytearray
        self.lazy = {}          # pfn -> content word
        self.held = None        # what nonzero() found, until a write

    def page(self, pfn):
        """The page's bytes, or None when it is all zero by construction."""
        page = self.pages.get(pfn)
        if page is None and pfn in self.lazy:
            page = make_content(self.lazy[pfn], pfn, self)
        return page

    def _own(self, pfn):
        self.held = None
        page = self.pages.get(pfn)
        if page is None:
            page = bytearray(self.page(pfn) or self.zero)
            self.lazy.pop(pfn, None)
            self.pages[pfn] = page
        return page

    def write(self, paddr, data):
        view = memoryview(data)
        while len(view):
            pfn, at = divmod(paddr, self.size)
            n = min(self.size - at, len(view))
            self._own(pfn)[at:at + n] = view[:n]
            view = view[n:]
            paddr += n

    def u64(self, paddr, value):
        self.write(paddr, self.words.pack("Q", value & (1 << 64) - 1))

    def u32(self, paddr, value):
        self.write(paddr, self.words.pack("I", value & 0xffffffff))

    def long(self, paddr, value):
        """An unsigned long or a pointer."""
        self.write(paddr, self.words.pack("L", value & self.words.mask))

    def read(self, paddr, length):
        out = bytearray()
        while length:
            pfn, at = divmod(paddr, self.size)
            n = min(self.size - at, length)
            out += (self.page(pfn) or self.zero)[at:at + n]
            paddr += n
            length -= n
        return bytes(out)

    def nonzero(self):
        """Pages that hold something else than zeroes, by frame, ascending."""
        if self.held is None:
            self.held = {}
            for pfn in sorted(set(self.pages) | set(self.lazy)):
                page = self.page(pfn)
                if page is not None and page != self.zero:
                    self.held[pfn] = page
        return self.held


@functools.lru_cache(maxsize=4096)
def noise(pfn, size):
    """The same in all machines."""
    return random.Random(pfn * 2654435761 + 1).randbytes(size)


def make_content(word, pfn, memory):
    """zero | text | random | fill:WORD | auto (one of them by pfn)."""
    size = memory.size
    if word == "auto":
        word = ("zero", "text", "random", "fill:0x%x" % (pfn & ~1))[pfn & 3]
    if word == "zero":
        return None
    if word == "text":
        line = b"page frame %08x: the quick brown fox jumps over it.\n" % pfn
        return (line * (size // len(line) + 1))[:size]
    if word == "random":
        return noise(pfn, size)
    if word.startswith("fill:"):
        value = int(word[5:], 0) & (1 << 64) - 1
        return memory.words.pack("Q", value) * (size // 8) if value else None
    if word.startswith("byte:"):
        # one byte set at this offset, the rest zero
        page = bytearray(size)
        page[int(word[5:], 0)] = 1
        return bytes(page)
    raise ValueError("content '%s' is not known" % word)


# ---- sets of page frames -------------------------------------------------

def pack(pfns):
    """An ascending iterable of pfns as '10-1f 30' (hex, last inclusive)."""
    out = []
    first = last = None
    for pfn in pfns:
        if first is None:
            first = last = pfn
        elif pfn == last + 1:
            last = pfn
        else:
            out.append((first, last))
            first = last = pfn
    if first is not None:
        out.append((first, last))
    return " ".join("%x" % a if a == b else "%x-%x" % (a, b) for a, b in out)


def unpack(text):
    """The set of page frames that pack() wrote."""
    pfns = set()
    for word in text.split():
        first, _, last = word.partition("-")
        pfns.update(range(int(first, 16), int(last or first, 16) + 1))
    return pfns
