#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""seeds.py FOLDER: makes FOLDER/bases, the vmcores that patched.c changes, and
FOLDER/seeds/TARGET, what each fuzzer begins with. CAPDUMP names the program
that makes the dumps among them."""

import os
import random
import resource
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "gen"))

import kdumpfile        # noqa: E402
import mkimage          # noqa: E402
from rawcore import RawCore     # noqa: E402

CAPDUMP = os.environ["CAPDUMP"]
FIXTURE = os.path.join(HERE, "base.txt")
# name: settings; the alphabetical order is that of patched.c
BASES = {
    "a510-flat": ("kernel=5.10", "model=flat", "log=records"),
    "b510-sparse": ("kernel=5.10", "model=sparse", "physmem_bits=36"),
    "c61-vmemmap": ("kernel=6.1", "levels=5"),
    "d66-extreme": ("kernel=6.6", "model=extreme"),
    "e69-vmemmap": ("kernel=6.9",),
    "f612-vmemmap": ("kernel=6.12",),
    "g72-vmemmap": ("kernel=7.2",),
    "h72-extreme": ("kernel=7.2", "model=extreme"),
}


class Seeds:
    def __init__(self, folder):
        self.folder = folder
        self.count = {}

    def add(self, target, content):
        where = os.path.join(self.folder, "seeds", target)
        os.makedirs(where, exist_ok=True)
        number = self.count[target] = self.count.get(target, 0) + 1
        with open(os.path.join(where, "%03d" % number), "wb") as file:
            file.write(content)

    def base(self, name, settings):
        """A vmcore, and what is worth changing: pages that are not zero."""
        path = os.path.join(self.folder, "bases", name + ".core")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        machine = mkimage.make(FIXTURE, path, settings)
        raw = RawCore(path)
        zero = bytes(4096)
        with open(path + ".regions", "w", encoding="ascii") as file:
            for pfn in sorted(raw.present()):
                kind = machine.alloc_kind.get(pfn)
                if kind and raw.page(pfn) != zero:
                    print("%x %x" % (pfn, pfn), file=file)
        return path, raw, machine


def vmcoreinfo(raw):
    """The text of the VMCOREINFO note."""
    notes = raw.note_bytes()
    at = notes.index(b"VMCOREINFO\0")
    length, = struct.unpack_from("<I", notes, at - 8)
    start = at + 12
    return notes[start:start + length].rstrip(b"\0")


def small_elf(raw):
    """The vmcore with one page of each segment."""
    notes = raw.note_bytes()
    count = 1 + len(raw.loads)
    head = bytearray(raw.map[:64])
    struct.pack_into("<QQ", head, 32, 64, 0)            # e_phoff, e_shoff
    struct.pack_into("<HHHHH", head, 54, 56, count, 0, 0, 0)
    at = 64 + 56 * count
    phdrs = struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(notes), len(notes),
                        4)
    at += len(notes)
    data = b""
    for paddr, memsz, filesz, offset in raw.loads:
        length = min(filesz, 600)
        phdrs += struct.pack("<IIQQQQQQ", 1, 7, at + len(data),
                             paddr + 0xffff888000000000, paddr, length,
                             min(memsz, 0x3000), 4096)
        data += raw.map[offset:offset + length]
    return bytes(head) + phdrs + notes + data


def memmap_bytes(raw, machine):
    """Struct pages as they lie in memory: pieces of the memmap's pages."""
    for pfn, kind in sorted(machine.alloc_kind.items()):
        if kind == "memmap":
            page = raw.page(pfn)
            if page.count(0) < 4000:
                yield page[:2048]


def small_dump(path, count=24):
    """The dump at PATH with COUNT of its pages, as frames 0, 2, 4 ..."""
    dump = kdumpfile.Dump(path)
    size = dump.head["block_size"]
    blocks = dump.head["sub_hdr_size"]
    head = bytearray(dump.map[:size * (1 + blocks)])
    struct.pack_into("<II", head, 436, 2, 2 * count)    # bitmap, max_mapnr
    struct.pack_into("<Q", head, size + 96, 2 * count)
    bits = (b"\x55" * (count // 4)).ljust(size, b"\0")
    step = len(dump.desc) // count
    table, data = b"", b""
    at = len(head) + 2 * size + 24 * count
    for offset, length, flags, _ in dump.desc[::step][:count]:
        table += kdumpfile.DESC.pack(at + len(data) if offset else 0, length,
                                     flags, 0)
        data += dump.map[offset:offset + length]
    return bytes(head) + bits + bits + table + data


def dumps(seeds, path):
    """Dumps of each codec, cut ones, and streams."""
    out = os.path.join(seeds.folder, "seed.dump")
    for options in (["-z"], ["-l"], ["-c"], ["-p"], ["-L", "140000"],
                    ["-d", "0", "-L", "200K"]):
        subprocess.run([CAPDUMP, "-f"] + options + [path, out], check=False,
                       capture_output=True)
        seeds.add("kdump", small_dump(out))
    with open(out, "rb") as file:
        seeds.add("kdump", file.read())
    stream = subprocess.run([CAPDUMP, "-F", path], check=True,
                            capture_output=True).stdout
    seeds.add("flat", stream)
    seeds.add("flat", stream[:len(stream) // 2])
    head = struct.Struct(">16sqq")
    small = head.pack(b"makedumpfile", 1, 1).ljust(4096, b"\0")
    record = struct.Struct(">qq")
    seeds.add("flat", small + record.pack(0, 8) + b"KDUMP   "
              + record.pack(4096, 4) + b"abcd" + record.pack(-1, -1))
    seeds.add("flat", small + record.pack(8, 3) + b"abc")
    os.unlink(out)


def pages(seeds, raw):
    """For fuzz_zstd: pages as they are, and scripts that make some."""
    nonzero = [raw.page(pfn) for pfn in sorted(raw.present())
               if raw.page(pfn).strip(b"\0")]
    for page in nonzero[::max(1, len(nonzero) // 24)]:
        seeds.add("zstd", bytes((64, 0, 0, 0)) + page)
    rng = random.Random(1)
    for number in range(64):
        seeds.add("zstd", bytes((number & 63, 4 * number & 0xff))
                  + rng.randbytes(2 + 7 * number))


def main():
    # what goes astray fails, and does not take the machine with it
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
    seeds = Seeds(sys.argv[1])
    for number, (name, settings) in enumerate(sorted(BASES.items())):
        path, raw, machine = seeds.base(name, settings)
        info = vmcoreinfo(raw)
        seeds.add("vmcoreinfo", info)
        seeds.add("notes", struct.pack("<H", number * 340)
                  + raw.note_bytes())
        for flags in range(4) if number < 2 else (number & 3,):
            seeds.add("elf", bytes([flags]) + small_elf(raw))
        pieces = list(memmap_bytes(raw, machine))
        for piece in pieces[::max(1, len(pieces) // 8)]:
            seeds.add("classify", info + b"\0" + struct.pack(
                "<QQ", 0xa00 << 12, 0xffffea0000000000) + piece)
        for target in ("printk", "kernel"):
            seeds.add(target, bytes([number]))
            for page in range(0, 60, 7):
                seeds.add(target, bytes([number]) + struct.pack(
                    "<HHBQ", page, 64 * page, 15, page << 12 | 0x63))
    dumps(seeds, path)
    pages(seeds, raw)
    print(" ".join("%s: %d" % i for i in sorted(seeds.count.items())))


if __name__ == "__main__":
    main()
