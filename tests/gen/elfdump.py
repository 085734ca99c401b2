# SPDX-License-Identifier: GPL-2.0-or-later
"""Reader of ELF dumps: the second opinion on what the product writes with -E,
made from the description of the format alone (System V ABI, elf(5), and what
crash's netdump.c wants of a kdump's).  Nothing is believed: every claim is
collected in ElfDump.problems.

Frames are told whole: of one that is partly in a PT_LOAD the rest is zero.
"""

import collections
import struct

from holes import Mapped

INCOMPLETE = 1          # of e_flags: makedumpfile's DUMP_ELF_INCOMPLETE
PT_NULL, PT_LOAD, PT_NOTE = 0, 1, 4
PN_XNUM = 0xffff

Load = collections.namedtuple("Load", "paddr vaddr offset filesz memsz")


class ElfDump:
    def __init__(self, path, page):
        self.file = Mapped(path, page)
        self.map = self.file.map
        self.page_size, self.problems = page, []
        self.loads, self.nulls, self.notes = [], 0, b""
        m = self.map
        if m[:4] != b"\x7fELF":
            raise ValueError("%s: no ELF file" % path)
        self.wide, self.order = m[4] == 2, "<>"[m[5] - 1]
        self.read_header()
        self.read_loads()
        self.frames = {}        # frame: its loads, the first of each place
        for load in self.loads:
            self.add_frames(load)

    def problem(self, text, *args):
        if len(self.problems) < 100:
            self.problems.append(text % args if args else text)

    def get(self, code, at):
        return struct.unpack_from(self.order + code, self.map, at)

    def read_header(self):
        word, self.head_size, size = ("Q", 64, 56) if self.wide else \
            ("I", 52, 32)
        kind, self.machine, version = self.get("HHI", 16)
        entry, phoff, self.shoff = self.get("3" + word, 24)
        self.flags, ehsize, phsize, self.phnum, shsize, shnum, strndx = \
            self.get("I6H", self.head_size - 16)
        self.complete = not self.flags & INCOMPLETE
        for what, have, want in (
                ("e_type", kind, 4), ("e_version", version, 1),
                ("e_entry", entry, 0), ("e_phoff", phoff, self.head_size),
                ("e_ehsize", ehsize, self.head_size),
                ("e_phentsize", phsize, size), ("e_shstrndx", strndx, 0)):
            if have != want:
                self.problem("%s is %d, not %d", what, have, want)
        self.count = self.phnum
        if self.phnum == PN_XNUM:
            if shnum != 1 or shsize != (64 if self.wide else 40):
                self.problem("%d section headers of %d bytes", shnum, shsize)
            self.count = self.get("I", self.shoff +
                                  (44 if self.wide else 28))[0]
            if self.count < PN_XNUM:
                self.problem("PN_XNUM for %d headers", self.count)
        elif shnum or self.shoff:
            self.problem("%d section headers at %d", shnum, self.shoff)

    def read_loads(self):
        size = 56 if self.wide else 32
        head_end = 0
        for i in range(self.count):
            at = self.head_size + i * size
            if self.wide:
                kind, flags, offset, vaddr, paddr, filesz, memsz, align = \
                    self.get("IIQQQQQQ", at)
            else:
                kind, offset, vaddr, paddr, filesz, memsz, flags, align = \
                    self.get("8I", at)
            load = Load(paddr, vaddr, offset, filesz, memsz)
            if offset + filesz > len(self.map):
                self.problem("header %d: %s beyond the file", i, load)
            if (kind == PT_NOTE) != (i == 0) or align:
                self.problem("header %d: type %d, align %d", i, kind, align)
            if kind == PT_NOTE:
                self.notes = self.map[offset:offset + filesz]
                head_end = offset + filesz
            elif kind == PT_NULL:
                self.nulls += 1
                if any(load):
                    self.problem("header %d: PT_NULL with %s", i, load)
            elif kind != PT_LOAD or flags != 7:
                self.problem("header %d: type %d, flags %d", i, kind, flags)
            else:
                self.check_load(i, load, head_end)
                self.loads.append(load)

    def check_load(self, i, load, head_end):
        if not load.memsz or load.memsz < load.filesz:
            self.problem("header %d: %s", i, load)
        if load.offset < head_end:
            self.problem("header %d: %s is in the head", i, load)
        if self.nulls:
            self.problem("header %d: a PT_LOAD after PT_NULLs", i)

    def add_frames(self, load):
        size = self.page_size
        for pfn in range(load.paddr // size,
                         (load.paddr + load.memsz - 1) // size + 1):
            self.frames.setdefault(pfn, []).append(load)

    def page(self, pfn):
        """Its bytes, the same by each PT_LOAD."""
        size = self.page_size
        loads = self.frames[pfn]
        at = pfn * size - loads[0].paddr
        if len(loads) == 1 and 0 <= at <= loads[0].filesz - size:
            return self.file.get(at + loads[0].offset, size)
        if len(loads) == 1 and loads[0].filesz <= at <= \
                loads[0].memsz - size:
            return self.file.zero
        out, seen = bytearray(size), bytearray(size)
        for load in loads:
            low = max(load.paddr, pfn * size)
            high = min(load.paddr + load.memsz, pfn * size + size)
            stored = max(low, min(high, load.paddr + load.filesz))
            at = load.offset + low - load.paddr
            have = self.map[at:at + stored - low].ljust(high - low, b"\0")
            part = slice(low - pfn * size, high - pfn * size)
            if 1 in seen[part] and out[part] != have:
                self.problem("frame %x: %s says otherwise", pfn, load)
            out[part] = have
            seen[part] = b"\1" * (high - low)
        return bytes(out)

    def data_bytes(self):
        """That stand behind the head, each once; what no PT_LOAD has of them
        is what lies between parts of frames."""
        first = min((x.offset for x in self.loads), default=len(self.map))
        return len(self.map) - first // 4096 * 4096
