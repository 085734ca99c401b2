# SPDX-License-Identifier: GPL-2.0-or-later
"""--split: a dump in several files. Each is a part as readers want it, together
they have what the dump in one file has, and put together they are that one."""

import json
import os

import kdumpfile
from harness import (HERE, check_contents, equal, need, read_dump,
                     same_file)

WEIGHT = 2
IMAGE = "good-6.12-vmemmap"
THREE = os.path.join(HERE, "three-windows.txt")
# each word, byte order and page size; frames that do not count from 0 (arm)
NAMES = ("good-7.2-hvo", "good-i386-pae", "good-arm-lpae",
         "good-arm64-64k-48", "good-s390x-4level")


def names(nr, prefix="part"):
    return ["%s%d" % (prefix, i) for i in range(nr)]


def check_parts(box, parts, whole, core, complete=True):
    """The files against the dump in one file; returns how many pages each has."""
    whole, at, kept, heads = read_dump(box.path(whole)), 0, [], set()
    for name in parts:
        dump = read_dump(box.path(name))
        equal("split", dump.sub["split"], 1)
        equal("present", dump.present, whole.present)
        equal("named", dump.named, whole.kept)
        first = whole.max_mapnr - whole.sub["max_mapnr"]    # arm
        equal("begin of " + name, dump.range[0], at or first)
        need(dump.range[1] > dump.range[0], "%s has no frames", name)
        equal("complete", not dump.head["status"] & kdumpfile.INCOMPLETE,
              complete)
        check_contents(dump, core)
        at = dump.range[1]
        kept.append(dump.kept)
        heads.add(dump.map[:dump.head["block_size"]])
    equal("end", at, whole.max_mapnr)
    equal("kept", sum(kept, []), whole.kept)
    # crash and makedumpfile --reassemble compare them
    equal("different headers", len(heads), 1)
    return [len(k) for k in kept]


def whole_again(box, parts, whole, *args):
    box.good("-f", *args, "--reassemble", *parts, "again")
    same_file("put together", box.path("again"), box.path(whole))


def machines(box, name):
    image = box.image(name)
    box.good("-z", "-d", "1", image.path, "whole")
    parts = names(3)
    box.good("-z", "-d", "1", "--split", image.path, *parts)
    nr = check_parts(box, parts, "whole", image.core())
    need(max(nr) - min(nr) <= 3 * 64, "pages %s", nr)
    whole_again(box, parts[::-1], "whole")


def same(box):
    """Threads, memory, windows and what else is written change no byte."""
    image = box.image(THREE)
    for words in (("-l", "-d", "0"), ("-z",), ("-c", "--order", "address"),
                  ("-p", "-d", "31"), ("-l", "-d", "1", "--dedup")):
        box.good("-f", *words, image.path, "whole")
        parts = names(4)
        box.good("-f", *words, "--split", image.path, *parts)
        check_parts(box, parts, "whole", image.core())
        if "address" not in words:
            whole_again(box, parts, "whole", *words[3:])
        for more in (("--num-threads", "0"), ("--num-threads", "4"),
                     ("--memory", "1M"), ("--memory", "64M"), ("--non-mmap",),
                     ("--paranoid", "--num-threads", "3")):
            box.good("-f", *words, *more, "--split", image.path,
                     *names(4, "other"))
            for one, other in zip(parts, names(4, "other")):
                same_file("%s: %s" % (more, one), box.path(other),
                          box.path(one))


def inputs(box):
    """Of a dump, a flattened one, an ELF core and a split dump it is the
    same."""
    image = box.image(IMAGE)
    parts, others = names(3), names(3, "other")
    box.good("-l", "--split", image.path, *parts)
    box.good("-z", "-d", "1", image.path, "dump")
    stream, _ = box.pipe("-F", "-z", "-d", "1", image.path)
    box.good("-E", "-d", "0", image.path, "core")
    for source in ("dump", stream):
        box.good("-f", "-l", "--split", source, *others)
        for one, other in zip(parts, others):
            same_file(source, box.path(other), box.path(one))
    box.good("-f", "-l", "core", "whole")
    box.good("-f", "-l", "--split", "core", *others)
    check_parts(box, others, "whole", image.core())


def blocks(box):
    """--splitblock-size: boundaries are multiples of it, as far as there are
    any; of 64 pages, if it is less."""
    image = box.image(IMAGE)
    box.good("-l", image.path, "whole")
    parts = names(3)
    for kib, step in ((1024, 256), (12, 64), (300, 128), (1 << 20, None)):
        box.good("-f", "-l", "--split", "--splitblock-size", kib, image.path,
                 *parts)
        check_parts(box, parts, "whole", image.core())
        for name in parts[1:] if step else ():
            start = read_dump(box.path(name)).range[0]
            equal("%s at %d KiB" % (name, kib), start % step, 0)
    result = box.bad(1, "-f", "--split", "--splitblock-size", "10",
                     image.path, *parts)
    need("no multiple of the page size" in result.err, "said: %s",
         result.err)
    result = box.good("-f", "-l", "--splitblock-size", "1024", image.path,
                      "one")
    need("no effect" in result.err, "said: %s", result.err)
    same_file("without --split", box.path("one"), box.path("whole"))


def many(box):
    """As many files as there may be."""
    image = box.image(IMAGE)
    box.good("-l", image.path, "whole")
    parts = names(64)
    box.good("-l", "--split", image.path, *parts)
    nr = check_parts(box, parts, "whole", image.core())
    need(max(nr) <= 128 + len(read_dump(box.path("whole")).kept) // 64,
         "%s", nr)
    whole_again(box, parts, "whole")


def shunned(box):
    """No page stands where makedumpfile --reassemble looks for zeroes: behind
    a table of all pages."""
    # a multiple of 512 pages, and of each quarter more than the table is long
    text = "kernel 6.12\nram 0x100000-0x40fffff\n" + "".join(
        "pages 0x%x-0x%x module content=random\n" % (at, at + 0x7f)
        for at in (0x400, 0x800, 0x2400, 0x2800, 0x3400, 0x3800))
    image = box.image(box.text("round.txt", text))
    box.run("-d", "1", image.path, "whole", program=box.makedumpfile())
    whole, parts = read_dump(box.path("whole")), names(4)
    equal("pages", len(whole.kept) % 512, 0)
    box.good("-d", "1", "--split", image.path, *parts,
             program=box.makedumpfile())
    check_parts(box, parts, "whole", image.core())
    met = 0
    for name in parts:
        dump = read_dump(box.path(name))
        shunned_at = dump.table + 24 * len(whole.kept)
        offsets = sorted(d[0] for d in dump.desc)
        need(shunned_at not in offsets, "%s has a page at %d", name,
             shunned_at)
        met += shunned_at + 8 in offsets
    equal("files where a page had to give way", met, 4)


def limits(box):
    """-L is for each file; one that is full does not keep the others from what
    they should have, and none is complete then."""
    image = box.image(IMAGE)
    parts = names(3)
    box.good("-l", "-d", "1", image.path, "whole")
    box.good("-l", "-d", "1", "--split", image.path, *parts)
    sizes = [os.path.getsize(box.path(p)) for p in parts]
    whole = read_dump(box.path("whole"))
    limit = sorted(sizes)[1]
    others = names(3, "other")
    result = box.bad(3, "-l", "-d", "1", "-L", limit, "--split", image.path,
                     *others)
    need("incomplete" in result.err and "file %d of 3" % (
        sizes.index(max(sizes)) + 1) in result.err, "said: %s", result.err)
    for name, other, size in zip(parts, others, sizes):
        dump = read_dump(box.path(other))
        need(dump.head["status"] & kdumpfile.INCOMPLETE, "%s: complete",
             other)
        check_contents(dump, image.core())
        equal("named", dump.named, whole.kept)
        need(os.path.getsize(box.path(other)) <= limit, "%s is too large",
             other)
        equal("not reached in " + other, dump.not_reached > 0, size > limit)
    # the next level, for all of them
    result = box.good("-f", "-l", "-d", "1,31", "-L", limit - 4096, "--split",
                      image.path, *others)
    need("dump level 1: " in result.err, "said: %s", result.err)
    box.good("-f", "-l", "-d", "31", "--split", image.path, *parts)
    for name, other in zip(parts, others):
        same_file("the next level", box.path(other), box.path(name))
    # nothing fits: nothing is left
    for name in parts:
        os.unlink(box.path(name))
    box.bad(1, "-l", "-L", "10000", "--split", image.path, *parts)
    need(not any(os.path.exists(box.path(p)) for p in parts), "%s",
         "files are left")


def checked(box):
    """verify, info and diff of one file, of all, and of those that are no
    dump together."""
    image = box.image(IMAGE)
    parts = names(3)
    box.good("-l", "-d", "1", image.path, "whole")
    box.good("-l", "-d", "1", "--split", image.path, *parts)
    kept = [len(read_dump(box.path(p)).kept) for p in parts]
    for part, nr in zip(parts, kept):
        said = box.good("verify", part).out.decode()
        need(" %d of " % nr in said and said.endswith("good\n"), "%s", said)
    said = box.good("verify", *parts[::-1]).out.decode()
    equal("good", said.count("good"), 4)
    need("together: %d of " % sum(kept) in said, "%s", said)
    lacks = box.bad(3, "verify", *parts[:2])
    need("no part has the pages of frames" in lacks.err, "%s", lacks.err)
    for wrong, why in ((parts[:1] * 2, "both have the pages of frame 0"),
                       ([parts[0], "whole"], "is no part of a dump"),
                       ([parts[0], "other"], "differ in the dump level"),
                       ([parts[0], image.path], "no part of a dump")):
        if "other" in wrong:
            box.good("-l", "-d", "31", "--split", image.path, "other", "more")
        result = box.bad(1, "verify", *wrong)
        need(why in result.err, "%s: %s", wrong, result.err)
    # a bad page of one of them
    dump = read_dump(box.path(parts[1]))
    with open(box.path(parts[1]), "r+b") as file:
        file.seek(dump.table + 24 * (len(dump.kept) - 1) + 8)
        file.write(b"\0\0\0\x01")
    result = box.bad(1, "verify", *parts)
    need("part1: page" in result.err and result.out.count(b"good") == 2, "%s",
         result)
    box.good("-f", "-l", "-d", "1", "--split", image.path, *parts)
    whole = json.loads(box.good("info", "--json", "whole").out)
    have = json.loads(box.good("info", "--json", *parts).out)
    equal("parts", have.pop("parts"), 3)
    for key in ("file", "size"):
        del have[key], whole[key]
    equal("info", have, whole)
    have = json.loads(box.good("info", "--json", parts[1]).out)
    equal("part", have["part"], list(dump.range))
    equal("in the part", have["pages_kept"], kept[1])
    box.good("diff", "--reassemble", *parts, "whole")
    have = json.loads(box.bad(1, "diff", "--json", parts[1], "whole").out)
    equal("same", have["pages"]["same"], kept[1])
    equal("elsewhere", have["pages"]["only_b"], kept[0] + kept[2])


def usage(box):
    image = box.image(IMAGE)
    for words, said in (
            (("one",), "2 to 64 files"),
            (names(65), "2 to 64 files"),
            (("-F", "a", "b"), "is one stream"),
            (("-E", "a", "b"), "-E exclude"),
            (("--reassemble", "a", "b"), "--reassemble exclude"),
            (("a", "https://host/b"), "server")):
        result = box.bad(2, "--split", image.path, *words)
        need(said in result.err, "%s: %s", words, result.err)
    os.mkdir(box.path("folder"))
    box.text("there", "precious\n")
    os.link(box.path("there"), box.path("there2"))
    for words in (("a", "a"), ("a", "folder/../a"), ("a", "there"),
                  ("a", "/dev/stdout"), ("a", "folder"),
                  ("-f", "there", "there2"), ("-f", "a", image.path)):
        result = box.bad(1, "--split", image.path, *words)
        need(not os.path.exists(box.path("a")), "%s: a file was made", words)
    with open(box.path("there"), encoding="ascii") as file:
        equal("what was there", file.read(), "precious\n")
    box.good("--split", "--check-params", image.path, "a", "b")
    said = box.good("--split", "--dry-run", "--report", "dry", image.path,
                    "a", "b").err
    need(not os.path.exists(box.path("a")), "%s", "--dry-run made a file")
    need(" in 2 files of up to " in said, "--dry-run: %s", said)
    result = box.good("--split", "--report", "report", image.path, "a", "b")
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    equal("files", report["files"], ["a", "b"])
    sizes = [os.path.getsize(box.path(p)) for p in "ab"]
    with open(box.path("dry"), encoding="utf-8") as file:
        dry = json.load(file)
    for told in (report, dry):
        equal("bytes", told["output_bytes"], sum(sizes))
        equal("of the largest", told["largest_file_bytes"], max(sizes))


def tests():
    for name in NAMES:
        yield "machine-" + name, machines, name
    for function in (same, inputs, blocks, many, shunned, limits, checked,
                     usage):
        yield function.__name__, function
