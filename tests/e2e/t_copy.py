# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps as input whose codec is that of the output: pages stay packed as they
are. What other programs pack is other bytes than capdump's, so that it can be
seen; and a block that does not decode is never taken."""

import json
import os

import kdumpfile
import mkdump
import unpack
from harness import (CODECS, check_contents, check_stream, equal, need,
                     read_dump, same_file)
from t_refilter import LETTERS, make, put, split

WEIGHT = 2
IMAGE = "good-6.12-vmemmap"
PAGE = 4096
THREADS = (0, 1, 4)


def build(box, image, name, codec, level=1, flat=False, **how):
    """A dump by the second writer: zlib's, liblzo2's lzo1x_1, libzstd's."""
    data = mkdump.build(image.path, level, codec, **how)
    with open(box.path(name), "wb") as file:
        file.write(mkdump.flatten(data) if flat else data)
    return read_dump(box.path(name)) if not flat else None


def blocks(dump):
    """{frame: (flags, bytes)}"""
    return {pfn: (flags, dump.map[at:at + size])
            for pfn, (at, size, flags, _) in zip(dump.kept, dump.desc)}


def is_filled(page):
    return page == page[:8] * (PAGE // 8)


def check_copied(new, old, core, but=()):
    """Each page of NEW is packed as in OLD, but those of one word, which share a
    block of our own. Returns how many."""
    have, want, nr = blocks(new), blocks(old), 0
    check_contents(new, core)
    for pfn in set(have) - set(but):
        if not is_filled(core.page(pfn)):
            need(have[pfn] == want[pfn], "frame %x: packed otherwise", pfn)
            nr += 1
    need(nr, "%s", "no page could be copied")
    return nr


def copied(box, codec):
    """Threads, order, sink, and how the input comes change no byte."""
    image = box.image(IMAGE)
    old = build(box, image, "old", codec)
    build(box, image, "old.flat", codec, flat=True)
    make(box, codec, 31, image.path, "anew")
    for order in ("value", "address"):
        for threads in THREADS:
            out = "%s.%d" % (order, threads)
            make(box, codec, 31, box.path("old"), out, "--order", order,
                 "--num-threads", threads)
            same_file(out, box.path(out), box.path(order + ".0"))
    new, anew = read_dump(box.path("value.0")), read_dump(box.path("anew"))
    equal("frames", new.kept, anew.kept)
    nr = check_copied(new, old, image.core())
    other = sum(x != y for x, y in zip(blocks(new).values(),
                                       blocks(anew).values()))
    # snappy has one way to pack, LZO for such text
    need(other or codec in ("snappy", "lzo"), "%s",
         "capdump packs no page otherwise: nothing is shown by this")
    for source in ("old", "old.flat"):
        stream, _ = box.pipe("-F", LETTERS[codec], "-d", "31", source)
        check_stream(stream)
        box.rearrange(stream, box.path("new"), "-f")
        same_file(source + " as a stream", box.path("new"),
                  box.path("address.0"))
    make(box, codec, 31, box.path("old"), "new", "--paranoid")
    same_file("--paranoid", box.path("new"), box.path("value.0"))
    box.good("verify", "new")
    return "%d pages, %d of them not as capdump packs" % (nr, other)


def reassembled(box, codec):
    """--reassemble keeps all pages as they are, in any order of the parts."""
    image = box.image(IMAGE)
    old = build(box, image, "whole", codec)
    _, names = split(box, "whole", (0x2345, 0x18000))
    for threads in THREADS:
        for order in (names, names[::-1]):
            box.good("-f", "--num-threads", threads, "--reassemble", *order,
                     "new")
            if not os.path.exists(box.path("first")):
                os.rename(box.path("new"), box.path("first"))
                continue
            same_file("%d threads" % threads, box.path("new"),
                      box.path("first"))
    new = read_dump(box.path("first"))
    equal("frames", new.kept, old.kept)
    check_copied(new, old, image.core())
    for words in (("-f", LETTERS[codec], "--reassemble", *names),
                  ("repair", "-f", "whole")):
        box.good(*words, "new")
        same_file(words[1], box.path("new"), box.path("first"))


def anew(box):
    """Another codec, or a level: what the vmcore gives."""
    image = box.image(IMAGE)
    for codec in ("zlib", "zstd"):
        build(box, image, "old", codec)
        for new, words in (("lzo", ()), ("none", ()), ("zlib", ("--level", "1")),
                           ("zlib", ("--level", "6")), ("zstd", ("--fast",)),
                           ("zstd", ("--level", "3"))):
            make(box, new, 31, image.path, "want", *words)
            make(box, new, 31, box.path("old"), "new", *words)
            same_file("%s %s of %s" % (new, words, codec), box.path("new"),
                      box.path("want"))


def shares(box, codec):
    """Pages of one word have blocks of their own, packed and raw: they become
    the shared ones that they always are."""
    image = box.image(IMAGE)
    old = build(box, image, "old", codec, 2)
    make(box, codec, 2, box.path("old"), "want")
    flag, at, nr = mkdump.FLAGS[codec], old.size, 0
    for i, pfn in enumerate(old.kept):
        page = image.core().page(pfn)
        if not is_filled(page):
            continue
        packed = mkdump.pack_page(codec, page) if i % 3 else page
        put(box.path("old"), at, "%ds" % len(packed), packed)
        put(box.path("old"), old.table + 24 * i, "<qII", at, len(packed),
            flag if i % 3 else 0)
        at, nr = at + len(packed), nr + 1
    need(nr > 100, "%d pages of one word", nr)
    for threads in THREADS:
        make(box, codec, 2, box.path("old"), "new", "--num-threads", threads)
        same_file("%d threads" % threads, box.path("new"), box.path("want"))
    check_contents(read_dump(box.path("new")), image.core())
    for threads in THREADS:
        make(box, codec, 2, box.path("old"), "dedup.%d" % threads, "--dedup",
             "--num-threads", threads)
        same_file("--dedup, %d threads" % threads,
                  box.path("dedup.%d" % threads), box.path("dedup.0"))
    check_contents(read_dump(box.path("dedup.0")), image.core())


def raw(box, codec):
    """A raw page did not get smaller, by the codec that the head names; where
    it names none, or more than one, that has to be tried."""
    image = box.image(IMAGE)
    old = build(box, image, "old", codec)
    make(box, codec, 1, image.path, "anew")
    own = blocks(read_dump(box.path("anew")))
    i = next(i for i, pfn in enumerate(old.kept) if own[pfn][0]
             and not is_filled(image.core().page(pfn)))
    pfn = old.kept[i]
    put(box.path("old"), old.size, "%ds" % PAGE, image.core().page(pfn))
    put(box.path("old"), old.table + 24 * i, "<qII", old.size, PAGE, 0)
    flag = mkdump.FLAGS[codec]
    for status, copies in ((flag, True), (0, False), (0x27, False)):
        put(box.path("old"), 424, "<I", status)
        make(box, codec, 1, box.path("old"), "new")
        new = read_dump(box.path("new"))
        check_copied(new, old, image.core(), {
            p for p, d in zip(old.kept, old.desc) if not d[2]} | {pfn})
        equal("status %#x: raw" % status, blocks(new)[pfn] == (
            0, image.core().page(pfn)), copies)
        if not copies:
            equal("status %#x" % status, blocks(new)[pfn], own[pfn])


def damaged(box, codec):
    """Blocks that do not decode to a page are unreadable pages, as ever, and so
    are those that say so."""
    image = box.image(IMAGE)
    old = build(box, image, "old", codec)
    core, flag = image.core(), mkdump.FLAGS[codec]
    packed = [i for i, d in enumerate(old.desc) if d[2] == flag
              and not is_filled(core.page(old.kept[i]))]
    wrong, end = {}, old.size
    for k, i in enumerate(packed[5::len(packed) // 12][:12]):
        at, size = old.desc[i][:2]
        block = bytes(old.map[at:at + size])
        text = kdumpfile.filler(PAGE)
        block = (
            b"\xff" * 16 + block[16:],          # nonsense
            block[:size // 2],                  # cut off
            mkdump.pack_page(codec, bytes(PAGE // 2)),  # half a page
            mkdump.pack_page(codec, text))[k % 4]
        wrong[old.kept[i]] = block
        put(box.path("old"), end, "%ds" % len(block), block)
        put(box.path("old"), old.table + 24 * i, "<qI", end, len(block))
        end += len(block)
        try:
            equal("what it decodes to", unpack.page(codec, block, PAGE), text)
        except unpack.Bad:
            pass
    for threads in THREADS:
        for words in (("-d", "1"), ("-d", "1", "--paranoid"),
                      ("-d", "1", "--dedup")):
            said = box.good("-f", LETTERS[codec], *words, "--report",
                            "report", "--num-threads", threads, "old",
                            "new").err
            with open(box.path("report"), encoding="utf-8") as file:
                report = json.load(file)
            equal("unreadable", sorted(report["unreadable_pfns"]),
                  sorted(wrong))
            need("could not be read" in said or "unreadable" in said,
                 "said: %s", said)
            new = read_dump(box.path("new"))
            equal("filler", sorted(check_contents(new, core, True)),
                  sorted(wrong))
            need(not {b for _, b in blocks(new).values()} &
                 set(wrong.values()), "%s", "a damaged block was copied")
    box.bad(4, "-f", "--strict", LETTERS[codec], "-d", "1", "old",
            "new")


def tests():
    for codec in CODECS:
        yield "copied-" + codec, copied, codec
        yield "damaged-" + codec, damaged, codec
    for codec in ("zlib", "zstd"):
        yield "reassembled-" + codec, reassembled, codec
        yield "raw-" + codec, raw, codec
    for codec in ("lzo", "zstd"):
        yield "shares-" + codec, shares, codec
    yield "anew", anew
