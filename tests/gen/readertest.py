# SPDX-License-Identifier: GPL-2.0-or-later
"""The second reader's own tests, on dumps that mkdump.py makes: it accepts
what is right, in every version and codec, and objects to each change."""

import io
import os
import struct

import flatstream
import kdumpfile
import mkdump
import mkimage
from rawcore import RawCore

# a field, a wrong value, and what it would break in a reader
WRONG = [
    ("signature", "DISKDUMP"), ("version", 7), ("version", 0),
    ("status", 0x40), ("status", 0x8000), ("block_size", 0),
    ("block_size", 4097), ("block_size", 1 << 30), ("sub_hdr_size", 0),
    ("sub_hdr_size", 200), ("sub_hdr_size", -1), ("bitmap_blocks", 0),
    ("bitmap_blocks", 1), ("bitmap_blocks", 3), ("bitmap_blocks", 4),
    ("bitmap_blocks", 1 << 20), ("max_mapnr_32", 5), ("max_mapnr", 5),
    ("max_mapnr", 1 << 40), ("offset_vmcoreinfo", 1 << 50),
    ("offset_vmcoreinfo", 0), ("size_vmcoreinfo", 1 << 40),
    ("offset_note", 10), ("size_note", 1 << 33), ("offset_eraseinfo", 1),
    ("desc.0.offset", -1), ("desc.0.offset", 1), ("desc.0.offset", 4096),
    ("desc.0.offset", 1 << 50), ("desc.0.offset", 0), ("desc.0.size", 0),
    ("desc.0.size", 4097), ("desc.0.size", 17), ("desc.0.flags", 3),
    ("desc.0.flags", 0x40), ("desc.0.flags", 2), ("desc.0.page_flags", 1),
    ("desc.9.offset", 0), ("desc.9.size", 1 << 31), ("desc.9.flags", 0x20),
]
# a change that no reader can notice by structure alone
HARMLESS = {("offset_eraseinfo", 1)}


def problems_of(data, folder, decode=True):
    path = os.path.join(folder, "dump")
    with open(path, "wb") as file:
        file.write(data)
    try:
        dump = kdumpfile.Dump(path)
    except kdumpfile.NotADump as err:
        return [str(err)], None
    if decode:
        for _ in dump.pages():
            pass
    return dump.problems, dump


def accepted(report, image, folder):
    raw = RawCore(image)
    for version in range(1, 7):
        for codec in ("raw", "zlib", "lzo", "snappy", "zstd", "mixed"):
            if version != 6 and codec != "zlib":
                continue
            data = mkdump.build(image, codec=codec, version=version)
            problems, dump = problems_of(data, folder, False)
            if dump:
                problems += ["frame %x differs" % p for p, page
                             in dump.pages() if page != raw.page(p)][:3]
                if codec != "raw" and not dump.by_codec.keys() - {"raw"}:
                    problems.append("nothing is compressed")
            report.check("reader accepts version %d %s" % (version, codec),
                         problems)


def rejected(report, image, folder):
    missed = []
    for key, value in WRONG:
        data = mkdump.build(image, fields=[(key, value)])
        problems, _ = problems_of(data, folder)
        if bool(problems) == ((key, value) in HARMLESS):
            missed.append("%s=%s" % (key, value))
    report.check("reader objects to %d wrong fields" % len(WRONG), missed)

    plain = mkdump.build(image)
    at = 4096 * 3           # bitmap1, behind one sub-header block and more
    _, dump = problems_of(plain, folder)
    at = 4096 * (1 + dump.head["sub_hdr_size"])
    half = dump.head["bitmap_blocks"] * 2048
    missed = []
    for name, where, bit in (
            ("a bit beyond max_mapnr in bitmap1", at + half - 1, 7),
            ("a bit beyond max_mapnr in bitmap2", at + 2 * half - 1, 7),
            ("a bit of bitmap2 that bitmap1 lacks", at + half, 0),
            ("one bit more in bitmap2", at + half + 0x2000 // 8, 0)):
        data = bytearray(plain)
        data[where] ^= 1 << bit
        if not problems_of(bytes(data), folder)[0]:
            missed.append(name)
    for cut in (100, 5000, dump.table - 1, dump.data - 1, len(plain) - 1):
        if not problems_of(plain[:cut], folder)[0]:
            missed.append("cut at %d" % cut)
    data = bytearray(plain)
    data[dump.desc[0][0] + 3] ^= 0x55
    if not problems_of(bytes(data), folder)[0]:
        missed.append("damaged page data")
    report.check("reader objects to damage", missed)


def incomplete(report, image, folder):
    data = mkdump.build(image, reached=100)
    problems, dump = problems_of(data, folder)
    if dump.not_reached != len(dump.kept) - 100 or problems:
        problems.append("not reached: %d" % dump.not_reached)
    report.check("reader counts what was not reached", problems)
    data = mkdump.build(image, reached=100, fields=[("status", 0)])
    problems, _ = problems_of(data, folder)
    report.check("reader objects to zero descriptors in a complete dump",
                 [] if problems else ["it did not"])
    data = mkdump.build(image, unreadable={0x1000, 0x1001})
    problems, dump = problems_of(data, folder)
    pages = dict(dump.pages({0x1000, 0x1001}))
    if set(pages.values()) != {kdumpfile.filler(4096)}:
        problems.append("no filler")
    if dict(zip(dump.kept, dump.desc))[0x1000] != \
            dict(zip(dump.kept, dump.desc))[0x1001]:
        problems.append("two fillers")
    report.check("reader reads the filler", problems)


def flat(report, image):
    plain = mkdump.build(image)
    stream = mkdump.flatten(plain)
    out = io.BytesIO()
    got = flatstream.Flat(io.BytesIO(stream), out)
    problems = list(got.problems)
    if out.getvalue() != plain or got.twice or not got.ended:
        problems.append("the plain file differs")
    report.check("flattened stream put back together", problems)
    end = struct.pack(">qq", -1, -1)
    again = struct.pack(">qq", 8, 4) + b"\6\0\0\0"
    missed = []
    for name, data, twice in (
            ("bytes sent twice", stream[:-16] + again + end, 4),
            ("no end record", stream[:-16], 0),
            ("cut inside a record", stream[:-40], 0),
            ("cut inside the header", stream[:100], 0),
            ("bytes behind the end", stream + b"x", 0),
            ("a negative size", stream[:-16]
             + struct.pack(">qq", 0, -5) + end, 0),
            ("another signature", b"x" + stream[1:], 0)):
        got = flatstream.Flat(io.BytesIO(data))
        if not got.problems or (twice and got.twice != twice):
            missed.append(name)
    report.check("flattened stream: objects to damage", missed)


def run(report, folder, fixtures):
    image = os.path.join(folder, "image")
    mkimage.make(os.path.join(fixtures, "good-6.1-ragged.txt"), image)
    accepted(report, image, folder)
    rejected(report, image, folder)
    incomplete(report, image, folder)
    flat(report, image)
