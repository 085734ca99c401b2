# SPDX-License-Identifier: GPL-2.0-or-later
"""ELF dumps (-E): the pages that the compressed dump of the same level has,
the same bytes whatever wrote them, and no header that claims more than there
is."""

import itertools
import json
import os

from harness import (FULL, LEVELS, SANITIZED, check_dump, check_stream, equal,
                     filecmp, need, no_problems, read_dump, same_file)
from t_matrix import SPREAD, THREADS, WINDOWS, memory
import elfdump
import kdumpfile

WEIGHT = 2
IMAGE = "good-6.12-vmemmap"
EM_386, EM_ARM = 3, 40

# of each architecture, of each kind of program header
IMAGES = (
    "good-6.1-ragged", "good-6.1-xnum", "good-6.12-overlap", "good-6.12-qemu",
    "good-6.12-memsz", "good-6.12-unaligned", "good-arm64-4k-48",
    "good-arm-2level", "good-i386-pae", "good-i386-numa",
    "good-loongarch64-16k-3", "good-ppc64-hash-4k-16m", "good-ppc64le-fadump",
    "good-riscv64-sv39", "good-s390x-4level", "bad-no-vmcoreinfo",
)


def read_elf(path, image):
    dump = elfdump.ElfDump(path, image.machine.page)
    no_problems(os.path.basename(path), dump.problems)
    return dump


def check_pages(elf, dump, level):
    """All of the compressed dump's, no other, each as there."""
    equal("level %d: frames" % level, sorted(elf.frames), sorted(dump.kept))
    zero = 0
    for pfn, page in dump.pages():
        need(elf.page(pfn) == page, "level %d: frame %x differs", level, pfn)
        zero += page == bytes(len(page))
    no_problems("level %d" % level, elf.problems + dump.problems)
    return zero


def narrow(image):
    """For a machine of 32 bits, if all its memory has such addresses."""
    return image.core().machine in (EM_386, EM_ARM) and \
        all(load[0] + load[1] <= 1 << 32 for load in image.core().loads)


def sets(box, name, *levels):
    image = box.image(name)
    for level in levels:
        box.good("-f", "-d", level, image.path, "dump")
        box.good("-f", "-E", "-d", level, image.path, "elf")
        dump, elf = read_dump(box.path("dump")), read_elf(box.path("elf"),
                                                          image)
        equal("complete", (elf.complete, elf.nulls), (True, 0))
        zero = check_pages(elf, dump, level)
        equal("notes", elf.notes, dump.area("note"))
        stored = elf.data_bytes() // image.machine.page
        equal("level %d: ELF32" % level, not elf.wide, narrow(image))
        if level & 1:
            need(stored >= len(dump.kept) - zero, "level %d: %d pages of %d",
                 level, stored, len(dump.kept))
            need(not zero or stored < len(dump.kept),
                 "level %d: %d zero pages, none left out", level, zero)
        else:
            equal("level %d: pages" % level, stored, len(dump.kept))
    return "%d headers" % elf.count


def addresses(box):
    """Where the vmcore's headers have memory, the dump's have it; those of
    QEMU say nothing, then it is where the kernel has it."""
    image = box.image(IMAGE)
    box.good("-E", "-d", "31", image.path, "elf")
    elf = read_elf(box.path("elf"), image)
    core = elfdump.ElfDump(image.path, image.machine.page)
    need(len({x.vaddr - x.paddr for x in core.loads}) == 2,
         "no two mappings: %s", core.loads)
    for load in elf.loads:
        need(any(x.paddr <= load.paddr and x.vaddr - x.paddr ==
                 load.vaddr - load.paddr and
                 load.paddr + load.memsz <= x.paddr + x.memsz
                 for x in core.loads), "%s is at none of %s", load, core.loads)
    equal("mappings", {x.vaddr - x.paddr for x in elf.loads},
          {x.vaddr - x.paddr for x in core.loads})
    twice = [n for n in elf.frames.values() if len(n) > 1]
    need(twice and all(n[0].offset - n[0].paddr == n[1].offset - n[1].paddr
                       for n in twice), "the image is in the file twice")
    qemu = box.image("good-6.12-qemu")
    box.good("-f", "-E", "-d", "31", qemu.path, "elf")
    found = {x.vaddr - x.paddr for x in read_elf(box.path("elf"), qemu).loads}
    need(len(found) == 2 and all(x > 1 << 63 for x in found), "%s", found)


def matrix(box, level):
    """Threads, windows and sinks do not change a byte."""
    image = box.image(SPREAD)
    for threads, window, stream in itertools.product(
            THREADS, WINDOWS, (False, True)):
        what = "%d threads, %s windows, %s" % (
            threads, window, "stream" if stream else "file")
        words = ("-E", "-d", level, "--num-threads", threads,
                 *memory(threads, window), image.path)
        if stream:
            path, _ = box.pipe(*words)
            check_stream(path)
            box.rearrange(path, box.path("dump"), "-f")
        else:
            box.good("-f", *words, "dump")
        if not os.path.exists(box.path("first")):
            os.rename(box.path("dump"), box.path("first"))
        else:
            same_file(what, box.path("dump"), box.path("first"))
    box.good("-f", "-d", level, image.path, "dump")
    check_pages(read_elf(box.path("first"), image),
                read_dump(box.path("dump")), level)
    box.good("-E", "--non-mmap", "-d", level, image.path, "read")
    same_file("--non-mmap", box.path("read"), box.path("first"))


def cut(box):
    """Cut short by -L at any size it is marked, and has what it claims."""
    image = box.image(IMAGE)
    box.good("-E", "-d", "0", image.path, "whole")
    whole = read_elf(box.path("whole"), image)
    size, seen = os.path.getsize(box.path("whole")), set()
    for limit in (8192, 16384, 65536, 1 << 20, size // 2, size - 1):
        result = box.run("-f", "-E", "-d", "0", "-L", limit, image.path, "cut")
        if result.code == 1:
            need(limit <= 8192, "-L %d: %s", limit, result.err)
            continue
        equal("status", result.code, 3)
        part = read_elf(box.path("cut"), image)
        need(not part.complete and os.path.getsize(box.path("cut")) <= limit,
             "-L %d: flags %x", limit, part.flags)
        equal("bytes", part.data_bytes(), len(part.frames) * part.page_size)
        for pfn in part.frames:
            need(part.page(pfn) == whole.page(pfn), "frame %x", pfn)
        seen.add(len(part.frames))
        with open(box.path("stream"), "wb") as file:
            box.bad(3, "-E", "-d", "0", "-L", limit, image.path, stdout=file)
        with open(box.path("stream"), "rb") as file:
            box.run("-R", "-f", box.path("again"), stdin=file)
        same_file("-L %d, streamed" % limit, box.path("again"),
                  box.path("cut"))
        if part.frames:
            box.good("info", "cut")
    need(len(seen) >= 4, "%s pages", seen)
    # all but the status
    box.good("-f", "-E", "-d", "0", "-L", size, image.path, "cut")
    same_file("-L of its size", box.path("cut"), box.path("whole"))


def unreadable(box):
    """What is missing in the vmcore is told in its place."""
    image = box.image(IMAGE, own=True)
    os.truncate(image.path, os.path.getsize(image.path) - 40960)
    box.good("-d", "0", "--salvage", image.path, "dump")
    box.good("-E", "-d", "0", "--salvage", image.path, "elf")
    dump, elf = read_dump(box.path("dump")), read_elf(box.path("elf"), image)
    check_pages(elf, dump, 0)
    text = kdumpfile.filler(image.machine.page)
    need(10 <= sum(elf.page(pfn) == text for pfn in elf.frames) <= 11,
         "not ten pages that can't be read")


def read_back(box):
    """An ELF dump is a vmcore: its log, and dumps of it."""
    image = box.image(IMAGE)
    log = box.good("dmesg", image.path).out
    box.good("-d", "31", image.path, "want")
    for level in (0, 1, 31):
        box.good("-f", "-E", "-d", level, image.path, "elf")
        equal("level %d: log" % level, box.good("dmesg", "elf").out, log)
        have = json.loads(box.good("info", "--json", "elf").out)
        need("Kernel panic" in have["panic"], "%s", have)
        box.good("-f", "-d", "31", "elf", "again")
        want, again = read_dump(box.path("want")), read_dump(
            box.path("again"))
        equal("level %d: frames" % level, again.kept, want.kept)
        for (pfn, a), (_, b) in zip(want.pages(), again.pages()):
            need(a == b, "level %d: frame %x", level, pfn)
        box.good("-f", "-E", "-d", level, "elf", "twice")
        same_file("level %d, of its own" % level, box.path("twice"),
                  box.path("elf"))
    check_dump(box.path("want"), image, 31)


def usage(box):
    image = box.image(IMAGE)
    for letter in "clpz":
        box.bad(2, "-E", "-" + letter, image.path, "dump")
        box.bad(1, "-E", "-" + letter, image.path, "dump",
                program=box.makedumpfile())
    box.bad(2, "-E", "--level", "3", image.path, "dump")
    box.bad(2, "-E", "--fast", image.path, "dump")
    box.bad(2, "-E", "--order", "value", image.path, "dump")
    box.good("-E", "--order", "address", image.path, "dump")
    box.good("-E", "-f", image.path, "other", program=box.makedumpfile())
    need(not filecmp.cmp(box.path("dump"), box.path("other"), shallow=False),
         "-d 0 and -d 31 are the same")
    box.good("-E", "--dry-run", image.path)


def little(box):
    """A page of each run and no more than one window: memory does not grow
    with the number of segments."""
    if SANITIZED:
        return
    image = box.image("good-6.1-xnum")
    result = box.good("-E", "-d", "31", "--num-threads", "0", image.path,
                      "dump", watch=True)
    need(result.anon < 24 << 20, "%d bytes", result.anon)


def tests():
    yield IMAGE, sets, IMAGE, *(LEVELS if FULL else (0, 1, 31))
    for name in IMAGES:
        yield name, sets, name, 31
    yield "addresses", addresses
    for level in (0, 31):
        yield "matrix-%d" % level, matrix, level
    yield "cut", cut
    yield "unreadable", unreadable
    yield "read-back", read_back
    yield "usage", usage
    yield "little", little
