# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump verify and info of ELF files: what is there is good, what a file lacks is
named, and what says that it was not finished stays so, whatever is made of it."""

import json
import os
import struct

from harness import equal, need, read_dump
import elfdump
import kdumpfile
import mkdump

IMAGE = "good-6.12-vmemmap"
BIG = "good-ppc64-fadump-4k"
E_FLAGS = 48            # of an Elf64_Ehdr


def verify(box, path, code):
    result = box.bad(code, "verify", path) if code else \
        box.good("verify", path)
    return result.out.decode() + result.err


def good(box):
    """A vmcore with half a GiB of notes (e2e/sets has all others); dumps of -E."""
    image = box.image("good-6.12-devdump")
    need("\ngood\n" in verify(box, image.path, 0), "not good")
    image = box.image(IMAGE)
    for level in (0, 31):
        box.good("-f", "-E", "-d", level, image.path, "elf")
        need("\ngood\n" in verify(box, "elf", 0), "-d %d", level)


def lacking(text):
    return [tuple(int(x, 16) for x in line.split()[1].split("-"))
            for line in text.splitlines() if line.startswith("lacking: 0x")]


def cut_off(box):
    """At some places of the last two PT_LOADs: what is told to be lacking is what
    their headers say."""
    image = box.image(IMAGE, own=True)
    dump = elfdump.ElfDump(image.path, 4096)
    loads = sorted(dump.loads, key=lambda load: load.offset)
    ends = [load.offset + load.filesz for load in loads]
    for size in (ends[-1] - 1, ends[-1] - 5 * 4096, loads[-1].offset,
                 loads[-2].offset + 4096):
        os.truncate(image.path, size)
        want = [(x.paddr + max(0, size - x.offset), x.paddr + x.filesz - 1)
                for x in loads if x.offset + x.filesz > size]
        text = verify(box, image.path, 1)
        # memory that is there a second time is not lacking
        have = lacking(text)
        need(set(have) <= set(want) and have, "%s: not %s", text, want)
        equal("last", have[-1], max(want))
        need("does not say that it is incomplete" in text, "%s", text)
    with open(box.image(IMAGE).path, "rb") as file:
        content = mkdump.flatten(file.read())
    with open(box.path("stream"), "wb") as file:
        file.write(content[:len(content) * 2 // 3])
    text = verify(box, "stream", 3)
    need(lacking(text) and "incomplete, but good" in text, "%s", text)
    box.bad(3, "rearrange", "stream", "plain")
    # by pages in the stream, by bytes in the file
    equal("rearranged", [(a & -4096, b) for a, b in
                         lacking(verify(box, "plain", 3))], lacking(text))


def stays_incomplete(box, path):
    """PATH is incomplete, and so are dumps of it."""
    text = verify(box, path, 3)
    need("incomplete, but good" in text, "%s", text)
    equal("info", json.loads(box.good("info", "--json", path).out)["complete"],
          False)
    need("complete:    no" in box.good("info", path).out.decode(), "info")
    result = box.bad(3, "-f", "-d", "31", path, "of")
    need("the input is incomplete" in result.err, "%s", result.err)
    need(read_dump(box.path("of")).head["status"] & kdumpfile.INCOMPLETE,
         "the dump says it is complete")
    box.bad(3, "-f", "-E", "-d", "31", path, "of")
    verify(box, "of", 3)


def flags_of(path, value=None, order="<"):
    """e_flags, or what they become."""
    with open(path, "r+b") as file:
        file.seek(E_FLAGS)
        if value is None:
            return struct.unpack(order + "I", file.read(4))[0]
        return file.write(struct.pack(order + "I", value))


def incomplete(box):
    """Dumps that -L cut short; the mark alone, as makedumpfile sets it."""
    image = box.image(IMAGE, own=True)
    box.bad(3, "-E", "-d", "1", "-L", "2M", image.path, "cut")
    stays_incomplete(box, "cut")
    for name in (IMAGE, "good-riscv64-sv39", "good-ppc64le-radix-4k"):
        image = box.image(name, own=True)
        equal("complete", json.loads(box.good("info", "--json", image.path)
                                     .out)["complete"], None)
        for flags in {1, 3} if "ppc" in name else {1}:
            flags_of(image.path, flags)
            stays_incomplete(box, image.path)


def abi(box):
    """Bits that are an ABI are no mark. A fadump of ppc64's kernels of ABI 1 has 1
    there, of ABI 2 it has 2."""
    image = box.image(BIG, own=True)
    for flags in (0, 1, 2):
        flags_of(image.path, flags, ">")
        verify(box, image.path, 0)
        box.good("-f", "-d", "31", image.path, "dump")
        box.good("-f", "-E", "-d", "31", image.path, "elf")
        equal("flags", flags_of(box.path("elf"), None, ">"), 0)
        verify(box, "elf", 0)
        box.bad(3, "-f", "-E", "-d", "1", "-L", "2M", image.path, "cut")
        equal("flags", flags_of(box.path("cut"), None, ">"), 3)
        stays_incomplete(box, "cut")
    # makedumpfile's mark, where headers are missing
    flags_of(box.path("cut"), 1, ">")
    stays_incomplete(box, "cut")
    image = box.image("good-ppc64le-radix-4k", own=True)
    flags_of(image.path, 2)
    verify(box, image.path, 0)


# what is broken, by field of program header 1 or 2: p_offset, p_filesz, p_memsz
OFFSET, FILESZ, MEMSZ = 8, 32, 40


def broken(box):
    """Headers that contradict each other."""
    image = box.image("good-6.12-overlap")
    with open(image.path, "rb") as file:
        content = bytearray(file.read())
    dump = elfdump.ElfDump(image.path, 4096)
    twice = [(a, b) for a in dump.loads for b in dump.loads
             if a.offset < b.offset and a.filesz and b.filesz and
             max(a.paddr, b.paddr) < min(a.paddr + a.filesz,
                                         b.paddr + b.filesz)]
    need(twice, "no memory is there twice")

    def damaged(what, change):
        copy = bytearray(content)
        change(copy)
        with open(box.path("bad"), "wb") as file:
            file.write(copy)
        text = verify(box, "bad", 1)
        need(what in text and "problem" in text, "%s: %s", what, text)

    def field(number, at, value):
        def change(copy):
            struct.pack_into("<Q", copy, 64 + 56 * number + at, value)
        return change

    def other(copy):
        a, b = twice[0]
        paddr = max(a.paddr, b.paddr)
        copy[b.offset + paddr - b.paddr] ^= 1

    def note(copy):
        at, = struct.unpack_from("<Q", copy, 64 + OFFSET)
        copy[at + 4:at + 8] = b"\xff" * 4

    load = max(range(1, dump.count), key=lambda i: dump.loads[i - 1].filesz)
    damaged("not the same", other)
    damaged("p_filesz is", field(load, MEMSZ, 4096))
    damaged("in the program headers", field(load, OFFSET, 64))
    damaged("that is no note", note)
    image = box.image("good-arm64-4k-48")
    with open(image.path, "rb") as file:
        content = bytearray(file.read())
    dump = elfdump.ElfDump(image.path, 4096)
    damaged("in two places of memory", field(
        dump.count - 1, OFFSET, dump.loads[-2].offset))


def tests():
    for function in (good, cut_off, incomplete, abi, broken):
        yield "ELF: " + function.__name__, function
