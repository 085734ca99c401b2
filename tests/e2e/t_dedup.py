# SPDX-License-Identifier: GPL-2.0-or-later
"""--dedup: pages of equal contents share a block where they lie in one section
of 16,384 pages; pages that only their hash has in common do not; threads,
windows and sinks change no byte; who reads such a dump sees what a plain one
holds."""

import itertools
import json
import os
import random
import struct

from harness import (CODECS, HERE, MIB, check_contents, check_dump,
                     check_stream, equal, need, read_dump, same_file)

WEIGHT = 3
SPREAD = os.path.join(HERE, "three-windows.txt")
SECTION = 16384
PAGE = 4096
MASK = (1 << 64) - 1


def noise(seed):
    return random.Random(seed).randbytes(PAGE)


def sparse(seed):
    """A page that is packed to little."""
    return random.Random(seed).randbytes(128).ljust(PAGE, b"\0")


def colliding(page):
    """Another page with the same hash (src/capture/worker.c: worker_hash()):
    the sums of its rows, and the sums of those, are the same."""
    words = list(struct.unpack("<512Q", page))
    for row, factor in enumerate((1, -2, 1)):
        words[4 * row] = words[4 * row] + factor * 0x123456789 & MASK
    return struct.pack("<512Q", *words)


# At level 0 and 1 a section ends before FIRST. Equal pages side by side, in the same
# batch, in others, in other windows and sections; and pairs that collide, side by
# side and far from each other.
FIRST = 0x400061
PAGES = {
    noise(1): (0x2440, 0x2441, 0x2460, 0x24f0, 0x400010, 0x400100, 0x400101,
               0xa00100, 0xa004f0),
    sparse(2): (0x2458, 0x2470, 0x2585, 0x2a53, 0x400020, 0x400120, 0xa00110),
    noise(3): (0x2450,), colliding(noise(3)): (0x2451,),
    noise(7): (FIRST - 2, FIRST - 1, FIRST, FIRST + 1),
    sparse(4): (0x2468,), colliding(sparse(4)): (0x2469,),
    noise(5): (0x24f8,), colliding(noise(5)): (0x400018,),
    sparse(6): (0x24fc,), colliding(sparse(6)): (0x400024,),
}


def make(box):
    text = ["include " + SPREAD]
    for page, frames in PAGES.items():
        text += ["pokep 0x%x %s" % (pfn * PAGE, page.hex()) for pfn in frames]
    return box.image(box.text("equal.txt", "\n".join(text) + "\n"))


def letter(codec):
    return [CODECS[codec]] if codec in CODECS else []


def dump(box, codec, out, *args, code=0):
    program = None if codec in CODECS else box.makedumpfile()
    box.bad(code, "-f", *letter(codec), *args, box.path(out), program=program)
    return box.path(out)


def is_filled(page):
    return page == page[:8] * (len(page) // 8)


def shared(plain):
    """What the pages of a dump in address order must have in common: for each
    that is like one before it in its section, which."""
    first, out = {}, {}
    for place, (pfn, page) in enumerate(plain.pages()):
        if is_filled(page):
            continue
        key = place // SECTION, page
        if key in first:
            out[pfn] = first[key]
        else:
            first[key] = pfn
    return out


def exactly(box, codec, level):
    """All that may share a block do, and nothing else."""
    image = make(box)
    options = ("-d", level, "--order", "address", image.path)
    plain = read_dump(dump(box, codec, "plain", *options))
    path = dump(box, codec, "dump", "--dedup", "--report", "report", *options)
    have = check_dump(path, image, level)
    if level < 2:
        equal("the second section's first", plain.kept[SECTION], FIRST)
    want = shared(plain)
    descs = dict(zip(have.kept, have.desc))
    for pfn, first in want.items():
        equal("frame %x, as %x" % (pfn, first), descs[pfn], descs[first])
    equal("blocks", have.unique, plain.unique - len(want))
    need(want, "%s", "no pages are equal")
    with open(box.path("report"), encoding="utf-8") as file:
        equal("reported", json.load(file)["pages_same"], len(want))
    need(have.size < plain.size, "%d bytes, without %d", have.size,
         plain.size)
    box.good("verify", "dump")
    box.good("diff", "plain", "dump")
    return "%d pages, of %d" % (len(want), len(have.kept))


def memory(threads, again):
    """As in t_matrix.py."""
    return ("--memory", "%dK" % (8192 + 3080 + 3072 * threads)) if again else ()


def same(box, codec):
    """Threads, windows and sinks change nothing, in either order."""
    image = make(box)
    for order in ("value", "address"):
        want = None
        for threads, again in itertools.product((0, 1, 2, 4), (False, True)):
            out = dump(box, codec, "have" if want else order, "--dedup", "-d",
                       "0", "--order", order, "--num-threads", threads,
                       *memory(threads, again), image.path)
            if want:
                same_file("%s order, %d threads" % (order, threads), out, want)
                continue
            want = out
            check_dump(want, image, 0)
    program = None if codec in CODECS else box.makedumpfile()
    for threads in (0, 4):
        stream, _ = box.pipe("-F", *letter(codec), "-d", "0", "--dedup",
                             "--num-threads", threads, image.path,
                             program=program)
        check_stream(stream)
        box.rearrange(stream, box.path("plain"), "-f")
        same_file("stream", box.path("plain"), want)


def options(box):
    """The last of both counts; by default, and with -E, nothing is shared."""
    image = make(box)
    for out, words in (("plain", ()), ("dedup", ("--dedup",)),
                       ("not", ("--dedup", "--no-dedup")),
                       ("last", ("--no-dedup", "--dedup")),
                       ("elf", ("-E",))):
        box.good("-d", "0", *words, image.path, out)
    same_file("--no-dedup", box.path("not"), box.path("plain"))
    same_file("--dedup", box.path("last"), box.path("dedup"))
    need(os.path.getsize(box.path("dedup")) < os.path.getsize(
        box.path("plain")), "%s", "--dedup saves nothing")
    result = box.good("-d", "0", "-E", "--dedup", image.path, "elf.dedup")
    same_file("-E", box.path("elf.dedup"), box.path("elf"))
    need("--dedup has no effect" in result.err, "-E: %s", result.err)
    box.good("-f", "-d", "0", "--dedup", "--non-mmap", image.path, "last")
    same_file("--non-mmap", box.path("last"), box.path("dedup"))
    box.good("-f", "-d", "0", "--dedup", "--paranoid", image.path, "last")
    same_file("--paranoid", box.path("last"), box.path("dedup"))


def refilter(box):
    """Shared blocks in the input change nothing, and are found anew."""
    image = make(box)
    for codec in ("lzo", "none"):
        for words in ((), ("--dedup",)):
            old = dump(box, codec, "old", "-d", "0", *words, image.path)
            for again in ((), ("--dedup",)):
                want = dump(box, codec, "want", "-d", "1", *again, image.path)
                have = dump(box, codec, "have", "-d", "1", *again, old)
                same_file("%s of %s" % (again, words), have, want)


def cut_short(box):
    """Limits, in steps: what is there is right, and repair says so."""
    image = make(box)
    whole = read_dump(dump(box, "lzo", "whole", "-d", "0", "--dedup",
                           image.path))
    for order, part in itertools.product(("value", "address"), (0.3, 0.6, 0.9)):
        limit = whole.data + int((whole.size - whole.data) * part)
        path = dump(box, "lzo", "cut", "-d", "0", "--dedup", "--order", order,
                    "-L", limit, image.path, code=3)
        have = read_dump(path)
        need(have.not_reached and have.size <= limit, "%d bytes", have.size)
        check_contents(have, image.core())
        box.bad(3, "verify", "cut")
        box.bad(3, "repair", "-f", "cut", "repaired")
        check_contents(read_dump(box.path("repaired")), image.core())


def overlap(box):
    """Contents that are not the same and not apart are still found."""
    image = make(box)
    path = dump(box, "none", "dump", "-d", "0", "--dedup", "--order",
                "address", image.path)
    have = read_dump(path)
    index = have.kept.index(0x2441)
    equal("shared", have.desc[index], have.desc[index - 1])
    with open(path, "r+b") as file:
        file.seek(have.table + 24 * index)
        file.write(struct.pack("<Q", have.desc[index][0] + 8))
    result = box.bad(1, "verify", "dump")
    need("overlap" in (result.out.decode() + result.err), "%s", result)


def memory_bound(box):
    """One table, however large the dump."""
    image = make(box)
    peaks = []
    for words in (("--no-dedup",), ("--dedup",)):
        dump(box, "lzo", "dump", "-d", "0", "--num-threads", "0", *words,
             "--report", "report", image.path)
        with open(box.path("report"), encoding="utf-8") as file:
            peaks.append(json.load(file)["peak_anonymous_bytes"])
    need(peaks[1] - peaks[0] < MIB, "%d bytes more", peaks[1] - peaks[0])
    return "%d KiB more" % ((peaks[1] - peaks[0]) >> 10)


def tests():
    yield "exactly, 0 lzo", exactly, "lzo", 0
    yield "exactly, 0 none", exactly, "none", 0
    yield "exactly, 1 zstd", exactly, "zstd", 1
    yield "exactly, 31 zlib", exactly, "zlib", 31
    yield "the same bytes, lzo", same, "lzo"
    yield "the same bytes, none", same, "none"
    yield "options", options
    yield "of dumps", refilter
    yield "cut short", cut_short
    yield "overlaps", overlap
    yield "memory", memory_bound
