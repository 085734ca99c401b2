# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF cores that claim things: from scratch, or a good one with other program
headers. What they claim costs no disk: files are sparse."""

import struct

PAGE = 4096
PHDR = struct.Struct("<IIQQQQQQ")
EHDR = struct.Struct("<4sBBB9xHHIQQQIHHHHHH")
PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xffff


class Base:
    """A good core, to be changed and changed back: at the head and behind the
    end only."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.path, self.head = path, file.read(EHDR.size)
            self.size = file.seek(0, 2)
            fields = EHDR.unpack(self.head)
            file.seek(fields[8])
            self.phdrs = [PHDR.unpack(file.read(PHDR.size))
                          for _ in range(fields[13])]


class Core:
    """A core in place of BASE (a Base), which it begins with, or from scratch
    in place of the file BASE, without memory or notes."""

    def __init__(self, base):
        self.phdrs, self.at = [], PAGE
        if isinstance(base, Base):
            self.path, self.phdrs = base.path, list(base.phdrs)
            self.at = (base.size + PAGE - 1) & -PAGE
            self.file = open(base.path, "r+b")
            self.file.truncate(base.size)
            self.file.write(base.head)
        else:
            self.path = base
            self.file = open(base, "w+b")
            self.file.write(EHDR.pack(b"\x7fELF", 2, 1, 1, 4, 62, 1, 0, 0, 0,
                                      0, EHDR.size, PHDR.size, 0, 0, 0, 0))

    def load(self, paddr, memsz, offset=0, filesz=0):
        self.phdrs.append((PT_LOAD, 4, offset, 0, paddr, filesz, memsz, 0))
        return self

    def loads(self, nr, start, step, memsz=PAGE):
        for i in range(nr):
            self.load(start + i * step, memsz)
        return self

    def note(self, offset, size):
        self.phdrs.append((PT_NOTE, 4, offset, 0, 0, size, 0, 0))
        return self

    def append(self, data, size=0):
        """DATA, and a hole to SIZE bytes; where that is in the file."""
        at = self.at
        self.file.seek(at)
        self.file.write(data)
        self.at += (max(len(data), size) + PAGE - 1) & -PAGE
        return at

    def put(self, offset, data):
        self.file.seek(offset)
        self.file.write(data)

    def notes(self, size, *notes):
        """A PT_NOTE of SIZE bytes; NOTES are (offset in it, bytes)."""
        at = self.append(b"", size)
        for offset, data in notes:
            self.put(at + offset, data)
        return self.note(at, size)

    def write(self, count=None, size=0):
        """COUNT: how many program headers the file says it has; SIZE: how
        long it is at least. Its path."""
        nr = len(self.phdrs) if count is None else count
        section = self.append(struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0,
                                          nr, 0, 0))
        at = self.append(b"".join(PHDR.pack(*p) for p in self.phdrs))
        self.put(32, struct.pack("<QQ", at, section))
        self.put(56, struct.pack("<HHHH", min(nr, PN_XNUM), 64, 1, 0))
        self.file.truncate(max(self.at, size))
        self.file.close()
        return self.path


def note(name, desc_len, kind=1):
    """A note's header and name; its contents are what follows."""
    return struct.pack("<III", len(name), desc_len, kind) + \
        name + bytes(-len(name) % 4)
