# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the vmcore: ELF header, program headers, notes, segments.

Format: System V ABI (ELF64, PN_XNUM), Linux kernel/crash_core.c
crash_prepare_elf64_headers() and fs/proc/vmcore.c for what a /proc/vmcore
looks like, QEMU dump/dump.c for dump-guest-memory.  The file is sparse:
zero pages and device dumps are holes.
"""

import bisect
import random
import struct

import devices

PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xffff
NT_VMCOREDD = 0x700


class Segment:
    def __init__(self, paddr, memsz, filesz, vaddr):
        self.paddr, self.memsz, self.filesz = paddr, memsz, filesz
        self.vaddr, self.offset = vaddr, 0


def segments(machine):
    """The PT_LOADs, in table order: given by 'load' statements or made of
    RAM, then cut, grown and shuffled as the fixture says."""
    fx = machine.fx
    if fx.loads:
        return [Segment(x["paddr"], x["memsz"], x.get("filesz", x["memsz"]),
                        x.get("vaddr", machine.arch.load_vaddr(x["paddr"])))
                for x in fx.loads]
    segs = []
    if not fx.flag("qemu"):
        segs += [Segment(paddr, size, size, vaddr)
                 for paddr, size, vaddr in machine.arch.segments(machine)]
    size, overlap = fx.num("load_split"), fx.num("load_overlap")
    for first, last in machine.ram:
        start = first
        while start <= last:
            end = last + 1
            if size:
                end = min(end, (start // size + 1) * size)
            back = min(overlap, start - first)
            segs.append(Segment(start - back, end - start + back,
                                end - start + back, 0))
            start = end
    segs += [Segment(paddr, size, size, 0)
             for paddr, size in devices.segments(machine)]
    segs = cut(machine, segs)
    for seg in segs:
        if fx.flag("qemu"):
            seg.vaddr = 0
        elif not seg.vaddr:
            seg.vaddr = machine.arch.load_vaddr(seg.paddr)
    if fx["load_order"] == "reverse":
        segs.reverse()
    elif fx["load_order"] == "shuffled":
        random.Random(7).shuffle(segs)
    return segs


def absent_pfns(machine):
    """'absent' words: FIRST-LAST frames, memmap:PFN, pt:WHERE:LEVEL,
    symbol:NAME."""
    pfns, base, page = set(), machine.base_pfn, machine.page
    for word in machine.fx.absent:
        kind, _, rest = word.partition(":")
        if kind == "memmap":
            first, _, last = rest.partition("-")
            for pfn in range(int(first, 0), int(last or first, 0) + 1):
                pfns.add(machine.page_paddr(base + pfn) // page)
        elif kind == "pt":
            where, _, level = rest.rpartition(":")
            pfns.add(machine.tables.entry_paddr(
                machine.address(where), int(level)) // page)
        elif kind == "symbol":
            paddr = machine.arch.translate(machine, machine.symbols[rest])
            pfns.add(paddr // page)
        else:
            first, _, last = word.partition("-")
            pfns.update(range(base + int(first, 0),
                              base + int(last or first, 0) + 1))
    return pfns


def cut(machine, segs):
    """Leaves absent frames out of all segments."""
    holes = sorted(absent_pfns(machine))
    if not holes:
        return segs
    out = []
    for seg in segs:
        start, end = seg.paddr, seg.paddr + seg.memsz
        for pfn in holes:
            low, high = pfn * machine.page, (pfn + 1) * machine.page
            if high <= start or low >= end:
                continue
            if low > start:
                out.append(part(seg, start, low))
            start = high
        if start < end:
            out.append(part(seg, start, end))
    return out


def part(seg, start, end):
    vaddr = seg.vaddr + start - seg.paddr if seg.vaddr else 0
    return Segment(start, end - start, end - start, vaddr)


# ---- notes ----------------------------------------------------------------

def note(words, name, kind, desc):
    name = name + b"\0"
    return (words.pack("3I", len(name), len(desc), kind)
            + name + bytes(-len(name) % 4) + desc + bytes(-len(desc) % 4))


def notes(machine):
    """A list of PT_NOTE contents: [(bytes, trailing hole)], the hole being
    the rest of a device dump's descriptor."""
    fx, words = machine.fx, machine.words
    parts = [(b"".join(note(words, *item)
                       for item in machine.arch.cpu_notes(machine, cpu)), 0)
             for cpu in range(fx.num("cpus"))]
    if fx.flag("qemu"):
        parts += [(note(words, b"QEMU", 0, bytes(0x1b0)), 0)] * fx.num("cpus")
    for name, size in fx.devdumps:
        # include/uapi/linux/vmcore.h: 44 bytes of name begin the descriptor
        head = words.pack("3I", 6, size, NT_VMCOREDD) + b"LINUX\0\0\0" \
            + name.encode()[:43].ljust(44, b"\0")[:min(44, size)]
        parts.append((head, max(0, size - 44) + -size % 4))
    if fx.flag("vmcoreinfo"):
        parts.append((note(words, b"VMCOREINFO", 0, machine.vmcoreinfo), 0))
    count = min(fx.num("note_segments"), len(parts)) or 1
    groups = [[] for _ in range(count)]
    for i, item in enumerate(parts):
        groups[i * count // len(parts)].append(item)
    return groups


# ---- the file -------------------------------------------------------------

class Core:
    def __init__(self, machine):
        self.m = machine
        self.page = machine.page
        self.fx = machine.fx
        arch = machine.arch
        self.elf32 = (self.fx["elf_class"] or str(arch.BITS)) == "32"
        self.order = ">" if (self.fx["elf_data"] or arch.words.name) == "big" \
            else "<"
        self.segs = segments(machine)

    def write(self, path):
        with open(path, "wb") as file:
            self.file = file
            self.emit()
        self.poke(path)

    def emit(self):
        groups = notes(self.m)
        phnum = len(groups) + len(self.segs)
        xnum = phnum >= PN_XNUM or self.fx.flag("xnum")
        elf32, page = self.elf32, self.page
        ehsize, phsize, shsize = (52, 32, 40) if elf32 else (64, 56, 64)
        phoff, shoff, at = ehsize, 0, ehsize + phnum * phsize
        if xnum and self.fx["section_header"] == "first":
            shoff, phoff, at = ehsize, phoff + shsize, at + shsize
        elif xnum and self.fx.flag("section_header"):
            # behind the program headers, as QEMU and makedumpfile do
            shoff, at = at, at + shsize
        heads = []
        at = (at + page - 1) & ~(page - 1)
        for group in groups:
            start = at
            for data, hole in group:
                self.file.seek(at)
                self.file.write(data)
                at += len(data) + hole
            heads.append((PT_NOTE, start, 0, 0, at - start, at - start))
            at = (at + page - 1) & ~(page - 1)
        at = max(at, self.fx.num("offset_base")) \
            + self.fx.num("unaligned_offset")
        loads = []
        end = self.data(at)
        for seg in self.segs:
            loads.append((PT_LOAD, seg.offset, seg.vaddr, seg.paddr,
                          seg.filesz, seg.memsz))
        heads = loads + heads if self.fx.flag("note_last") else heads + loads
        self.headers(heads, phoff, shoff, phnum, xnum, elf32)
        self.file.truncate(max(end, at))

    def data(self, at):
        """Segment contents, each in file order of the table; as the kernel
        keeps p_offset and p_paddr congruent to the page size."""
        pages, page = self.m.mem.nonzero(), self.page
        pfns = sorted(pages)
        loose = self.fx.num("unaligned_offset")
        runs = []               # [offset, end, pieces]: few writes take less
        for seg in self.segs:
            if not loose:
                at = (at + page - 1) & ~(page - 1)
                at += seg.paddr % page
            seg.offset = at
            end = seg.paddr + seg.filesz
            i = bisect.bisect_left(pfns, seg.paddr // page)
            while i < len(pfns) and pfns[i] * page < end:
                base = pfns[i] * page
                low, high = max(base, seg.paddr), min(base + page, end)
                if self.fx.fadump:
                    # the kernel rounds segments outwards: fs/proc/vmcore.c
                    low = base
                where, piece = at + low - seg.paddr, pages[pfns[i]]
                if high - low < page:
                    piece = piece[low - base:high - base]
                if not runs or runs[-1][1] != where:
                    runs.append([where, where, []])
                runs[-1][1] += len(piece)
                runs[-1][2].append(piece)
                i += 1
            at += seg.filesz
        for start, _, pieces in runs:
            self.file.seek(start)
            self.file.write(b"".join(pieces))
        return at

    def headers(self, heads, phoff, shoff, phnum, xnum, elf32):
        order = self.order
        align = self.fx.num("phdr_align")
        ident = b"\x7fELF" + bytes((1 if elf32 else 2,
                                    2 if order == ">" else 1, 1)) + bytes(9)
        shentsize = (40 if elf32 else 64) if shoff else 0
        tail = struct.pack(
            order + "I6H", self.m.arch.ELF_FLAGS, 52 if elf32 else 64, 32 if elf32 else 56,
            PN_XNUM if xnum else phnum, shentsize, 1 if shoff else 0, 0)
        start = struct.pack(
            order + ("HHIIII" if elf32 else "HHIQQQ"),
            self.fx.num("elf_type"), self.fx.num(
                "elf_machine", self.m.arch.ELF_MACHINE), 1, 0, phoff, shoff)
        self.file.seek(0)
        self.file.write(ident + start + tail)
        if shoff:
            # section header 0: sh_info holds the count of program headers
            self.file.seek(shoff)
            self.file.write(struct.pack(
                order + ("10I" if elf32 else "IIQQQQIIQQ"),
                0, 0, 0, 0, 0, 0, 0, phnum, 0, 0))
        table = bytearray()
        for kind, offset, vaddr, paddr, filesz, memsz in heads:
            flags = 7 if kind == PT_LOAD else 0
            if elf32:
                table += struct.pack(order + "8I", kind, offset,
                                     vaddr & 0xffffffff, paddr, filesz,
                                     memsz, flags, align)
            else:
                table += struct.pack(order + "IIQQQQQQ", kind, flags, offset,
                                     vaddr, paddr, filesz, memsz, align)
        self.file.seek(phoff)
        self.file.write(table)
        self.phoff = phoff

    # field: (offset, bytes), of program and ELF header
    FIELDS = {False: {"type": (0, 4), "flags": (4, 4), "offset": (8, 8),
                      "vaddr": (16, 8), "paddr": (24, 8), "filesz": (32, 8),
                      "memsz": (40, 8), "align": (48, 8)},
              True: {"type": (0, 4), "offset": (4, 4), "vaddr": (8, 4),
                     "paddr": (12, 4), "filesz": (16, 4), "memsz": (20, 4),
                     "flags": (24, 4), "align": (28, 4)}}
    EHDR = {False: {"type": (16, 2), "machine": (18, 2), "version": (20, 4),
                    "phoff": (32, 8), "shoff": (40, 8), "ehsize": (52, 2),
                    "phentsize": (54, 2), "phnum": (56, 2),
                    "shentsize": (58, 2), "shnum": (60, 2),
                    "shstrndx": (62, 2)},
            True: {"type": (16, 2), "machine": (18, 2), "version": (20, 4),
                   "phoff": (28, 4), "shoff": (32, 4), "ehsize": (40, 2),
                   "phentsize": (42, 2), "phnum": (44, 2),
                   "shentsize": (46, 2), "shnum": (48, 2),
                   "shstrndx": (50, 2)}}

    def poke(self, path):
        """Damage to the finished file: poke, truncate, ehdr, phdr."""
        order = "big" if self.order == ">" else "little"
        phsize = 32 if self.elf32 else 56
        with open(path, "r+b") as file:
            for key, args in self.fx.pokes:
                if key == "poke":
                    file.seek(int(args[0], 0))
                    file.write(bytes.fromhex(args[1]))
                elif key == "truncate":
                    size = int(args[0], 0)
                    file.truncate(size if size >= 0
                                  else file.seek(0, 2) + size)
                elif key == "ehdr":
                    at, size = self.EHDR[self.elf32][args[0]]
                    file.seek(at)
                    file.write(int(args[1], 0).to_bytes(size, order))
                elif key == "phdr":
                    at, size = self.FIELDS[self.elf32][args[1]]
                    file.seek(self.phoff + phsize * int(args[0], 0) + at)
                    file.write(int(args[2], 0).to_bytes(size, order))
