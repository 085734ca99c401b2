#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""seeds.py FOLDER: makes FOLDER/bases, the vmcores that patched.c changes, and
FOLDER/seeds/TARGET, what each fuzzer begins with. CAPDUMP names the program
that makes the dumps among them."""

import gzip
import os
import random
import resource
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "gen"))

import archive          # noqa: E402
import devicetree       # noqa: E402
import kdumpfile        # noqa: E402
import mkimage          # noqa: E402
from rawcore import RawCore     # noqa: E402

CAPDUMP = os.environ["CAPDUMP"]
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
# of other machines: those of wide.txt
OTHERS = {
    "arm-short": ("arch=arm", "kernel=6.1", "model=flat", "levels=2"),
    "arm-lpae": ("arch=arm", "kernel=6.12", "model=sparse", "elf_class=64"),
    "arm64-4k": ("arch=arm64", "kernel=7.2"),
    "arm64-16k": ("arch=arm64", "kernel=6.12", "page_size=16384",
                  "frames=0xa00", "va_bits=52"),
    "arm64-64k": ("arch=arm64", "kernel=6.1", "page_size=65536",
                  "frames=0x280", "va_bits=52", "model=extreme"),
    "i386-flat": ("arch=i386", "kernel=6.1", "model=flat", "levels=2"),
    "i386-pae": ("arch=i386", "kernel=7.2", "model=sparse", "elf_class=64"),
    "loongarch64-4k": ("arch=loongarch64", "kernel=6.12", "page_size=4096",
                       "levels=4"),
    "loongarch64-16k": ("arch=loongarch64", "kernel=7.2", "frames=0xa00"),
    "ppc64-hash": ("arch=ppc64", "kernel=7.2", "page_size=65536", "mmu=hash",
                   "frames=0x280"),
    "ppc64le-hash": ("arch=ppc64le", "kernel=6.12", "mmu=hash",
                     "physmem_bits=46"),
    "ppc64le-radix": ("arch=ppc64le", "kernel=6.1"),
    "riscv64-sv39": ("arch=riscv64", "kernel=6.1", "levels=3",
                     "frames=0x3800"),
    "riscv64-sv57": ("arch=riscv64", "kernel=7.2", "levels=5",
                     "frames=0x3800"),
    "s390x-old": ("arch=s390x", "kernel=6.1", "model=sparse",
                  "physmem_bits=36"),
    "s390x": ("arch=s390x", "kernel=7.2"),
}
# Of pages that are the same all but so many are left alone.
SAME = 3


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

    def base(self, name, fixture, settings):
        """A vmcore, and what is worth changing: 4 KiB that are not zero."""
        path = os.path.join(self.folder, "bases", name + ".core")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        machine = mkimage.make(os.path.join(HERE, fixture), path, settings)
        raw = RawCore(path)
        seen, frames = {bytes(4096): SAME}, []
        with open(path + ".regions", "w", encoding="ascii") as file:
            for pfn in sorted(raw.present()):
                if not machine.alloc_kind.get(pfn):
                    continue
                page = raw.page(pfn)
                for at in range(0, raw.size, 4096):
                    piece = page[at:at + 4096]
                    seen[piece] = seen.get(piece, 0) + 1
                    if seen[piece] <= SAME:
                        frames.append((pfn * raw.size + at) >> 12)
            for frame in frames:
                print("%x %x" % (frame, frame), file=file)
        return path, raw, machine, frames


def vmcoreinfo(raw):
    """The text of the VMCOREINFO note."""
    notes = raw.note_bytes()
    at = notes.index(b"VMCOREINFO\0")
    length, = struct.unpack_from(raw.order + "I", notes, at - 8)
    start = at + 12
    return notes[start:start + length].rstrip(b"\0")


def small_elf(raw):
    """The vmcore with a piece of each segment."""
    notes = raw.note_bytes()
    count = 1 + len(raw.loads)
    wide = raw.map[4] == 2
    form = struct.Struct(raw.order + ("IIQQQQQQ" if wide else "8I"))
    word, size = "Q" if wide else "I", 64 if wide else 52
    head = bytearray(raw.map[:size])
    struct.pack_into(raw.order + 2 * word, head, 32 if wide else 28,
                     size, 0)                           # e_phoff, e_shoff
    struct.pack_into(raw.order + "HHHHH", head, 54 if wide else 42,
                     form.size, count, 0, 0, 0)

    def phdr(kind, offset, filesz, paddr, memsz):
        if wide:
            return form.pack(kind, 7, offset, paddr + 0xffff888000000000,
                             paddr, filesz, memsz, 4)
        return form.pack(kind, offset, paddr + 0xc0000000 & 0xffffffff,
                         paddr, filesz, memsz, 7, 4)

    at = size + form.size * count
    phdrs = phdr(4, at, len(notes), 0, len(notes))
    at += len(notes)
    data = b""
    for paddr, memsz, filesz, offset in raw.loads:
        length = min(filesz, 600)
        phdrs += phdr(1, at + len(data), length, paddr, min(memsz, 0x3000))
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
    head = bytearray(dump.map[:size * (1 + dump.head["sub_hdr_size"])])
    where, numbers, sub = dump.shape
    count = count if size < 65536 else 8
    at = where + struct.calcsize(dump.order + numbers[:5])
    struct.pack_into(dump.order + "II", head, at, 2, 2 * count)
    at = size + struct.calcsize(dump.order + sub) - 8
    struct.pack_into(dump.order + "Q", head, at, 2 * count)     # max_mapnr
    bits = (b"\x55" * (count // 4)).ljust(size, b"\0")
    step = max(1, len(dump.desc) // count)
    table, data = b"", b""
    at = len(head) + 2 * size + 24 * count
    for offset, length, flags, _ in dump.desc[::step][:count]:
        table += dump.form.pack(at + len(data) if offset else 0, length,
                                flags, 0)
        data += dump.map[offset:offset + length]
    return bytes(head) + bits + bits + table + data


def parts_of(dump, *ends):
    """A small dump as makedumpfile --split would have written it: of frames up
    to each of ENDS."""
    size, = struct.unpack_from("<I", dump, 428)
    bitmaps = size * (1 + struct.unpack_from("<I", dump, 432)[0])
    frames, = struct.unpack_from("<Q", dump, size + 96)
    table, start = bitmaps + 2 * size, 0
    desc = dict(zip(range(0, frames, 2), struct.iter_unpack(
        "<qIIQ", dump[table:table + 24 * (frames // 2)])))
    for end in ends:
        head = bytearray(dump[:table])
        struct.pack_into("<I", head, size + 12, 1)
        for at in (16, 80):     # for 32 bits, and for 64
            struct.pack_into("<QQ", head, size + at, start, end)
        mine = [desc[pfn] for pfn in desc if start <= pfn < end]
        at, body, data = table + 24 * len(mine), b"", b""
        for offset, length, flags, _ in mine:
            body += struct.pack("<qIIQ", at + len(data), length, flags, 0)
            data += dump[offset:offset + length]
        yield bytes(head) + body + data
        start = end


def split(seeds, small):
    """For fuzz_split: files, also one too few, or twice; ranges."""
    a, b, c = parts_of(small, 16, 20, 48)
    for files in ((a, b, c), (c, b, a), (b, c), (a, a, c), (a, small), (c,)):
        seeds.add("split", b"\0" + b"CUT HERE".join(files))
    for script in ((0, 0, 24, 24, 48), (1, 0, 8, 8, 30, 30, 48),
                   (2, 0, 9, 9, 17, 20, 30, 40, 48)):
        seeds.add("split", b"\1" + bytes(script).ljust(9, b"\0") + small)


def renamed(dump, name):
    """The dump with another uname -m, as QEMU writes them."""
    return dump[:272] + name.ljust(65, b"\0") + dump[337:]


def dump_of(seeds, path, options, name=None):
    """A small dump of the vmcore at PATH, and the same of a machine NAME."""
    out = os.path.join(seeds.folder, "seed.dump")
    subprocess.run([CAPDUMP, "-f"] + options + [path, out], check=False,
                   capture_output=True)
    small = small_dump(out)
    seeds.add("kdump", small)
    if name:
        seeds.add("kdump", renamed(small, name))
    return out, small


def stream_of(path):
    return subprocess.run([CAPDUMP, "-F", "-d", "31", path], check=True,
                          capture_output=True).stdout


def dumps(seeds, path):
    """Dumps of each codec, cut ones, and streams."""
    for options in (["-z"], ["-l"], ["-c"], ["-p"], ["-L", "140000"],
                    ["-d", "0", "-L", "200K"]):
        out, small = dump_of(seeds, path, options,
                             options == ["-c"] and b"i686")
        if options in (["-z"], ["-l"]):
            split(seeds, small)
    with open(out, "rb") as file:
        seeds.add("kdump", file.read())
    os.unlink(out)
    stream = stream_of(path)
    seeds.add("flat", stream)
    seeds.add("flat", stream[:len(stream) // 2])
    seeds.add("kdump", stream)
    seeds.add("kdump", stream[:len(stream) // 2])
    head = struct.Struct(">16sqq")
    small = head.pack(b"makedumpfile", 1, 1).ljust(4096, b"\0")
    record = struct.Struct(">qq")
    seeds.add("flat", small + record.pack(0, 8) + b"KDUMP   "
              + record.pack(4096, 4) + b"abcd" + record.pack(-1, -1))
    seeds.add("flat", small + record.pack(8, 3) + b"abc")


def flattened(dump, piece):
    """In records of so many bytes."""
    record = struct.Struct(">qq")
    return struct.pack(">16sqq", b"makedumpfile", 1, 1).ljust(
        4096, b"\0") + b"".join(
            record.pack(at, len(dump[at:at + piece])) + dump[at:at + piece]
            for at in range(0, len(dump), piece)) + record.pack(-1, -1)


def cuts(seeds, path):
    """What every_cut cuts at every byte: FOLDER/cuts/TARGET/NAME."""
    def put(target, name, content):
        where = os.path.join(seeds.folder, "cuts", target)
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, name), "wb") as file:
            file.write(content)

    out = os.path.join(seeds.folder, "seed.dump")
    for name, letter in (("zlib", "-c"), ("lzo", "-l"), ("snappy", "-p"),
                         ("zstd", "-z")):
        subprocess.run([CAPDUMP, "-f", letter, path, out], check=True,
                       capture_output=True)
        small = small_dump(out, 8)
        put("kdump", name, small)
    put("split", "parts", b"CUT HERE".join(parts_of(small, 8, 16)))
    put("kdump", "flattened", flattened(small, 5000))
    # QEMU's streams: it names no machine, and its records are of 64 KiB at most
    put("kdump", "qemu", flattened(renamed(small, b"Unknown"), 65536))
    put("flat", "zstd", flattened(small, 5000))
    subprocess.run([CAPDUMP, "-f", "-E", "-d", "31", "-L", "20K", path, out],
                   check=False, capture_output=True)
    with open(out, "rb") as file:
        put("elf", "dump", file.read())
    os.unlink(out)


def elf_dumps(seeds, path):
    """ELF dumps (-E), also unfinished ones."""
    out = os.path.join(seeds.folder, "seed.elf")
    for limit, flags in (("12K", 0), ("20K", 2), ("48K", 1)):
        subprocess.run([CAPDUMP, "-f", "-E", "-d", "31", "-L", limit, path,
                        out], check=False, capture_output=True)
        if os.path.exists(out):
            with open(out, "rb") as file:
                seeds.add("elf", bytes([flags]) + file.read())
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


def patch(page, offset, word, how=15):
    """What patched.h takes: another word in memory, or line of VMCOREINFO."""
    return struct.pack("<HHB", page, offset, how) + word


def patches(seeds, number, raw, machine, frames):
    """For those that take a vmcore with something changed."""
    per = raw.size // 4096
    tables = [i for i, frame in enumerate(frames)
              if machine.alloc_kind[frame // per] == "pagetable"]
    found = [patch(page, 64 * page % 4096,
                   struct.pack("<Q", page << 12 | 0x63))
             for page in range(0, 60, 7)]
    # an entry of a table in another one
    for i, page in enumerate(tables[:6]):
        at = frames[tables[i - 1]]
        words = raw.page(at // per)[at % per * 4096:][:4096]
        start = next(n for n in range(0, 4096, 8) if any(words[n:n + 8]))
        found.append(b"".join(patch(page, at, words[start:start + 8])
                              for at in (0, 8, start, 4088)))
    lines = sorted({line.split(b"=")[0]
                    for line in vmcoreinfo(raw).splitlines() if b"=" in line})
    for n, line in enumerate(lines):
        if not line.startswith((b"SYMBOL", b"SIZE", b"OFFSET")) or n % 8 == 0:
            found.append(patch(n, 0, struct.pack("<Q", n), 31))
    for target, some in (("printk", found[::6]), ("kernel", found)):
        for one in [b""] + some:
            seeds.add(target, bytes([number]) + one)


def trees(seeds):
    """Device trees, and the firmware's table by itself."""
    folder = os.path.join(os.path.dirname(HERE), "fixtures", "devicetree")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            props = devicetree.load(file.read())
        seeds.add("fadump", devicetree.blob(props))
        table = props.get(("rtas", "ibm,kernel-dump"))
        if table:
            seeds.add("fadump", table)


def archives(seeds):
    library = archive.library("libc.so.6", "libz.so.1")
    early = archive.cpio(("kernel", 0o40755, b""))
    whole = archive.cpio(("lib/a.so.1", 0o120777, b"a.so.1.2"),
                         ("bin/sh", 0o100755, library))
    for content in (library, whole, early + whole, early + bytes(36)
                    + gzip.compress(whole, 1), archive.zstd(whole) + early):
        seeds.add("initramfs", content)


def main():
    # what goes astray fails, and does not take the machine with it
    resource.setrlimit(resource.RLIMIT_DATA, (2 << 30, 2 << 30))
    seeds = Seeds(sys.argv[1])
    bases = [(n, "base.txt", s) for n, s in BASES.items()]
    bases += [(n, "wide.txt", s) for n, s in OTHERS.items()]
    bases.sort(key=lambda b: b[0] + ".core")
    for number, (name, fixture, settings) in enumerate(bases):
        path, raw, machine, frames = seeds.base(name, fixture, settings)
        text = vmcoreinfo(raw)
        seeds.add("vmcoreinfo", text)
        # an odd cut is big-endian
        seeds.add("notes", struct.pack("<H", number * 340
                                       + (raw.order == ">"))
                  + raw.note_bytes())
        for flags in range(4) if number < 2 else (number & 3,):
            seeds.add("elf", bytes([flags]) + small_elf(raw))
        pieces = list(memmap_bytes(raw, machine))
        for piece in pieces[::max(1, len(pieces) // 8)]:
            seeds.add("classify", text + b"\0" + struct.pack(
                "<QQ", 0xa00 << 12, 0xffffea0000000000) + piece)
        patches(seeds, number, raw, machine, frames)
        if name == "h72-extreme":
            dumps(seeds, path)
            elf_dumps(seeds, path)
            cuts(seeds, path)
            pages(seeds, raw)
        elif name in OTHERS:
            os.unlink(dump_of(seeds, path, ["-d", "31", "-" + "zlcp"[
                number % 4]], raw.map[4] == 1 and b"Unknown")[0])
            if number % 4 == 0:
                seeds.add("flat", stream_of(path)[:200000])
    trees(seeds)
    archives(seeds)
    print(" ".join("%s: %d" % i for i in sorted(seeds.count.items())))


if __name__ == "__main__":
    main()
