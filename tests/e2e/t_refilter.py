# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps as input: made smaller, or packed otherwise. What comes out is what a
capture of the vmcore itself would have given; where the input lacks pages, so
does the output, and says so. What other programs have packed: t_copy.py."""

import itertools
import json
import os
import struct

import mkdump
from harness import (CODECS, HERE, MIB, TOP, check_contents, check_stream, equal,
                     need, read_dump, same_file)
import kdumpfile

WEIGHT = 2
IMAGE = "good-6.12-vmemmap"
# each architecture, word, byte order and page size
NAMES = (IMAGE, "good-7.2-hvo", "good-6.12-unaligned", "good-i386-pae",
         "good-arm-lpae", "good-arm64-64k-48", "good-ppc64-radix-4k",
         "good-ppc64le-fadump", "good-s390x-4level")
# of the header: diskdump_mod.h, struct disk_dump_header
STATUS, TIME_US = 424, 416
LETTERS = dict(CODECS, none=None)


def letter(codec):
    return [LETTERS[codec]] if LETTERS[codec] else []


def make(box, codec, level, source, out, *args, code=0):
    """A dump of SOURCE, be it a vmcore or a dump; what was said."""
    return box.bad(code, "-f", *letter(codec), "-d", level, *args, source,
                   box.path(out), program=None if letter(codec) else
                   box.makedumpfile())


def report_of(box):
    with open(box.path("report"), encoding="utf-8") as file:
        return json.load(file)


def levels(box, name):
    """Down to 31 from what holds everything; and 31 can't be made more."""
    image = box.image(name)
    make(box, "lzo", 31, image.path, "want")
    want = read_dump(box.path("want"))
    for level in (0, 1):
        make(box, "lzo", level, image.path, "old")
        result = make(box, "lzo", 31, box.path("old"), "new", "--report",
                      box.path("report"))
        same_file("31 of %d" % level, box.path("new"), box.path("want"))
        need("instead of" not in result.err, "%s", result.err)
        report = report_of(box)
        equal("present", report["pages_present"], len(want.present))
        equal("kept", report["pages_kept"], len(want.kept))
        equal("not in the input",
              report["pages"]["not_in_input"]["present"],
              len(want.present) - len(read_dump(box.path("old")).kept))
    result = make(box, "lzo", 1, box.path("want"), "new", "--report",
                  box.path("report"))
    same_file("1 of 31", box.path("new"), box.path("want"))
    need("Dump level 31 instead of 1: " in result.err, "%s", result.err)
    report = report_of(box)
    equal("level", report["level"], 31)
    equal("sum of present", sum(k["present"] for k in
                                report["pages"].values()), len(want.present))
    equal("not in the input", report["pages"]["not_in_input"]["present"],
          len(want.present) - len(want.kept))


def mixed(box):
    """What either level leaves out is left out."""
    image = box.image(IMAGE)
    for old, new in ((2, 8), (16, 4), (9, 22)):
        make(box, "lzo", old | new, image.path, "want")
        make(box, "lzo", old, image.path, "old")
        make(box, "lzo", new, box.path("old"), "new")
        same_file("%d of %d" % (new, old), box.path("new"), box.path("want"))


def codecs(box):
    """Each codec into each."""
    image = box.image(IMAGE)
    for codec in LETTERS:
        make(box, codec, 31, image.path, "want." + codec)
        make(box, codec, 1, image.path, "old." + codec)
    for old, new in itertools.product(LETTERS, LETTERS):
        make(box, new, 31, box.path("old." + old), "new")
        same_file("%s of %s" % (new, old), box.path("new"),
                  box.path("want." + new))


def same(box):
    """Threads, windows, order and sink change no byte."""
    image = box.image(os.path.join(HERE, "three-windows.txt"))
    box.good("-l", "-d", "1", image.path, "old")
    for order in ("value", "address"):
        box.good("-f", "--order", order, "-d", "31", image.path, "want")
        for threads, again in itertools.product((0, 1, 4), (False, True)):
            memory = ("--memory", "%dK" % (8192 + 3080 + 3072 * threads)
                      ) if again else ()
            box.good("-f", "--order", order, "--num-threads", threads,
                     *memory, "-d", "31", "old", "new")
            same_file("%s order, %d threads, %s" % (order, threads, memory),
                      box.path("new"), box.path("want"))
    stream, _ = box.pipe("-F", "-d", "31", "old")
    check_stream(stream)
    box.rearrange(stream, box.path("new"), "-f")
    same_file("stream", box.path("new"), box.path("want"))


def check_less(old, new, want, core):
    """Of an OLD dump that lacks pages a NEW one, as good as can be: WANT is
    one of all memory."""
    there = {pfn for pfn, desc in zip(old.kept, old.desc) if desc[0] and
             desc[0] + desc[1] <= old.size}
    have = set(new.kept)
    equal("incomplete", new.head["status"] & kdumpfile.INCOMPLETE,
          kdumpfile.INCOMPLETE)
    equal("not reached", new.not_reached, 0)
    equal("present", new.present, old.present)
    need(have <= there, "%d pages come from nowhere", len(have - there))
    need(set(want.kept) & there <= have, "%d pages are lost",
         len(set(want.kept) & there - have))
    check_contents(new, core)
    return there


def cut_short(box):
    """Dumps that -L ended, in both orders; what was not reached is in no
    bitmap of the new one."""
    image = box.image(IMAGE)
    make(box, "lzo", 1, image.path, "whole")
    make(box, "lzo", 31, image.path, "want")
    want, size = read_dump(box.path("want")), os.path.getsize(
        box.path("whole"))
    for order, part in itertools.product(("value", "address"), (0.5, 0.97)):
        box.bad(3, "-f", "-l", "-d", "1", "--order", order, "-L",
                int(size * part), image.path, "old")
        result = make(box, "lzo", 31, box.path("old"), "new", "--report",
                      box.path("report"), code=3)
        need("is incomplete" in result.err, "%s", result.err)
        old, new = kdumpfile.Dump(box.path("old")), read_dump(box.path("new"))
        there = check_less(old, new, want, image.core())
        need(len(there) < len(old.kept), "%s", "nothing is missing")
        report = report_of(box)
        equal("missing", report["pages"]["missing_in_input"]["present"],
              len(old.kept) - len(there))
        equal("status", report["status"], "incomplete")
        box.bad(3, "verify", "new")


def cut_off(box):
    """Dumps that lost their end, whatever the header says: at each place of
    the table and of the data, one in so many."""
    image = box.image(IMAGE)
    make(box, "lzo", 1, image.path, "whole", "--order", "address")
    make(box, "lzo", 31, image.path, "want")
    want, whole = read_dump(box.path("want")), read_dump(box.path("whole"))
    for size in (whole.table + 1000, whole.data + 5000,
                 (whole.data + whole.size) // 2, whole.size - 1):
        os.truncate(make_copy(box, "whole", "old"), size)
        make(box, "lzo", 31, box.path("old"), "new", code=3)
        check_less(kdumpfile.Dump(box.path("old")), read_dump(
            box.path("new")), want, image.core())
    with open(box.path("old"), "r+b") as file:
        file.truncate(whole.table - 1)
    make(box, "lzo", 31, box.path("old"), "none", code=1)
    need(not os.path.exists(box.path("none")), "%s", "an output was made")


def make_copy(box, name, other):
    with open(box.path(name), "rb") as old, \
            open(box.path(other), "wb") as new:
        while True:
            part = old.read(MIB)
            if not part:
                return box.path(other)
            new.write(part)


def unreadable(box):
    """Pages that could not be read stay so, and are counted again."""
    image = box.image(IMAGE, own=True)
    os.truncate(image.path, os.path.getsize(image.path) - 3 * MIB)
    make(box, "lzo", 1, image.path, "old", "--salvage", "--report",
         box.path("report"))
    before = report_of(box)
    need(before["pages_unreadable"], "%s", "nothing is unreadable")
    make(box, "zstd", 1, box.path("old"), "new", "--report",
         box.path("report"))
    after = report_of(box)
    equal("how many", after["pages_unreadable"], before["pages_unreadable"])
    equal("which", sorted(after["unreadable_pfns"]),
          sorted(before["unreadable_pfns"]))
    make(box, "zstd", 1, image.path, "want", "--salvage")
    same_file("with unreadable pages", box.path("new"), box.path("want"))
    box.bad(4, "-f", "--strict", "-d", "1", "old", "new")


def split(box, name, cuts):
    """The files that a split dump is: the whole head and both bitmaps in each,
    of the table the range's descriptors, and behind it zeroes."""
    dump, names = read_dump(box.path(name)), []
    size, ends = dump.head["block_size"], [0, *cuts, dump.max_mapnr]
    for i, (start, end) in enumerate(zip(ends, ends[1:])):
        path = make_copy(box, name, "part%d" % i)
        own = [d for pfn, d in zip(dump.kept, dump.desc)
               if start <= pfn < end]
        put(path, dump.table, "%ds" % (24 * len(dump.kept)),
            b"".join(struct.pack("<qIIQ", *d) for d in own))
        # struct kdump_sub_header of a machine of 64 bits
        put(path, size + 12, "<iQQ", 1, start, end)
        put(path, size + 80, "<QQ", start, end)
        names.append("part%d" % i)
    return dump, names


def parts(box):
    """--reassemble: any order; without one of them; with one that is not of
    the dump; as it is, and at another level."""
    image = box.image(IMAGE)
    make(box, "lzo", 1, image.path, "whole")
    make(box, "lzo", 31, image.path, "want")
    want = read_dump(box.path("want"))
    # within a unit of the bitmaps, in a hole of memory, and one of nothing
    whole, names = split(box, "whole", (0x2345, 0x2345, 0x20000))
    for order in (names, names[::-1]):
        said = box.good("-f", "--reassemble", *order, "new").err
        need("warning" not in said and "instead" not in said, "%s", said)
        same_file("put together", box.path("new"), box.path("whole"))
    box.good("-f", "-l", "-d", "31", "--num-threads", "4", "--reassemble",
             *names, "new")
    same_file("and at level 31", box.path("new"), box.path("want"))
    stream, _ = box.pipe("-F", "--reassemble", *names)
    box.rearrange(stream, box.path("new"), "-f")
    check_contents(read_dump(box.path("new")), image.core())
    for lost, frames in ((0, "0 to 0x2344"), (3, "0x20000 to ")):
        left = [n for i, n in enumerate(names) if i != lost]
        said = box.bad(3, "-f", "--reassemble", *left, "new").err
        need("no part has the pages of frames " + frames in said, "%s", said)
        new = read_dump(box.path("new"))
        start, end = ((0, 0x2345), (0x20000, whole.max_mapnr))[lost > 0]
        equal("kept", new.kept,
              [p for p in whole.kept if not start <= p < end])
        equal("present", new.present, whole.present)
        need(new.head["status"] & kdumpfile.INCOMPLETE, "%s", "complete")
        check_contents(new, image.core())
    os.unlink(box.path("new"))
    put(box.path("part3"), want.head["block_size"] * (
        1 + want.head["sub_hdr_size"]), "B", 0)
    for names, said in (
            (names, "they differ in the bitmaps"),
            (names[:1] + names[:1], "both have the pages of frame 0"),
            (names[:1] + ["want"], "differ in the dump level"),
            (["whole"], "is no part of a dump"),
            ([image.path, "part0"], "is an ELF vmcore")):
        result = box.bad(1, "--reassemble", *names, "new")
        need(said in result.err, "%s: %s", names, result.err)
        need(not os.path.exists(box.path("new")), "%s", "an output was made")
    box.bad(1, "-f", "--reassemble", "part0", "part1", "part2", "part0")
    box.bad(2, "--reassemble", "part0")
    for command in ((), ("dmesg",)):
        result = box.bad(1, *command, "part0", *([] if command else ["new"]))
        need("is one part of a dump" in result.err, "%s", result.err)


def parts_log(box):
    """The log of parts, in any order, to stdout and to a file; without a part
    that has none of it."""
    path = box.image(IMAGE).path
    make(box, "lzo", 1, path, "whole")
    want = box.good("dmesg", "whole").out
    last = read_dump(box.path("whole")).kept[-1]
    _, names = split(box, "whole", (0x1040, last))
    for command in ("dmesg", "--dump-dmesg"):
        for order in (names, names[::-1], names[:2]):
            result = box.good(command, "-F", "--reassemble", *order)
            equal("log", result.out, want)
            equal("no effect", "no effect" in result.err, False)
            equal("missing", "no part has" in result.err, len(order) < 3)
            box.good(command, "-f", "--reassemble", *order, "log")
            with open(box.path("log"), "rb") as file:
                equal("log in a file", file.read(), want)
        # what is named last is no part, and not replaced
        need("exists" in box.bad(1, command, "--reassemble", *names).err,
             "%s replaces a part", command)
        need("no part of a dump" in box.bad(
            1, command, "-F", "--reassemble", "whole").err, "%s", command)
        box.bad(2, command, "--reassemble", "part0")
        need("--reassemble" in box.bad(2, command, *names).err, "%s", command)
    need("--reassemble" in box.bad(2, "triage", *names).err, "triage")


def put(path, offset, form, *values):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(struct.pack(form, *values))


def head(box):
    """What only the old dump's head knows."""
    image = box.image(IMAGE)
    old, new = box.path("old"), box.path("new")
    make(box, "lzo", 1, image.path, "old")
    make(box, "lzo", 31, image.path, "want")
    want = read_dump(box.path("want"))
    put(old, TIME_US - 8, "<QQ", 1234567890, 654321)
    put(old, STATUS, "<I", want.head["status"] | kdumpfile.EXCLUDED_VMEMMAP)
    put(old, 460, "<i", 77)
    put(old, 12 + 65, "8s", b"another")
    put(old, want.head["block_size"], "<Q", 0x123000)
    result = make(box, "lzo", 31, old, "new")
    need("without the struct pages" in result.err, "%s", result.err)
    have = read_dump(new)
    equal("time", (have.head["timestamp"], have.head["timestamp_us"]),
          (1234567890, 654321))
    equal("status", have.head["status"], want.head["status"] |
          kdumpfile.EXCLUDED_VMEMMAP)
    equal("cpus", have.head["nr_cpus"], 77)
    equal("node", have.head["nodename"], "another")
    equal("phys_base", have.sub["phys_base"], 0x123000)
    equal("kept", have.kept, want.kept)
    check_contents(have, image.core())


def nothing(box):
    """A dump that was never begun, and the input as the output."""
    image = box.image(IMAGE)
    make(box, "lzo", 31, image.path, "old")
    size = os.path.getsize(box.path("old"))
    box.bad(1, "-f", "-d", "31", "old", "old")
    equal("size", os.path.getsize(box.path("old")), size)
    dump = read_dump(box.path("old"))
    put(box.path("old"), STATUS, "<I", kdumpfile.INCOMPLETE)
    with open(box.path("old"), "r+b") as file:
        file.seek(dump.head["block_size"] * (1 + dump.head["sub_hdr_size"]))
        file.write(bytes(dump.head["bitmap_blocks"] *
                         dump.head["block_size"]))
    result = box.bad(1, "-d", "31", "old", "new")
    need("its bitmaps were not written" in result.err, "%s", result.err)
    need(not os.path.exists(box.path("new")), "%s", "an output was made")


def vmcoreinfo_note(dump):
    """One of the dump's VMCOREINFO, its lines by key."""
    text = b"".join(sorted(dump.area("vmcoreinfo").splitlines(True),
                           key=lambda line: line.split(b"=")[0]))
    return struct.pack("<3I", 11, len(text), 0) + b"VMCOREINFO\0\0" + text + \
        bytes(-len(text) % 4)


def versions(box):
    """Of older headers, which lack fields: 4 and 5 as 6; 3 has VMCOREINFO and no
    other note; without it, in 1 and 2, no page is left out, and that is told."""
    image = box.image(os.path.join(TOP, "tests", "fault", "small.txt"))
    box.good("-l", "-d", "31", image.path, "want")
    want, old = read_dump(box.path("want")), sorted(image.expect(2)["keep"])
    for version in range(1, 7):
        with open(box.path("old"), "wb") as file:
            file.write(mkdump.build(image.path, 2, "lzo", version))
        result = box.good("-f", "-l", "-d", "31", "old", "new")
        new, less = read_dump(box.path("new")), version >= 3
        equal("version %d: frames" % version, new.kept,
              want.kept if less else old)
        equal("version %d: present" % version, new.present, want.present)
        equal("version %d: told" % version,
              "no page can be left out" in result.err, not less)
        equal("version %d: notes" % version, new.area("note"),
              want.area("note") if version >= 4 else
              vmcoreinfo_note(want) if less else b"")
        equal("version %d: release" % version, new.head["release"],
              want.head["release"])
        check_contents(new, image.core())
        box.good("verify", "new")
    need(len(old) > len(want.kept), "level 31 leaves nothing out of 2")


def tests():
    for name in NAMES:
        yield "levels-" + name, levels, name
    for function in (mixed, codecs, same, cut_short, cut_off, unreadable,
                     parts, parts_log, head, nothing, versions):
        yield function.__name__, function
