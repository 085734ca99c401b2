#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""qemudump.py VMCORE OUT [--raw] [--codec NAME] [--machine NAME] [--block N]

The compressed dump that QEMU's dump-guest-memory would make of an image of
mkimage.py, written from the description of that (QEMU dump/dump.c, 7.2 to
11.1): all memory; of the names the machine's at most; no time; level 1, but
pages of zeroes are there, on one block that comes first; phys_base as QEMU
misreads VMCOREINFO's; frames count from 0 on arm, too; heads without padding.
As it comes (flattened), descriptors and contents in turn, 4 pages of each; with
--raw (QEMU 8.2) the same at its place.
"""

import argparse
import io
import os
import re
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import flatstream       # noqa: E402
import mkdump           # noqa: E402
from rawcore import RawCore             # noqa: E402

# struct DiskDumpHeader32/64 behind the utsname, KdumpSubHeader32/64
HEADS = {4: ("10xIIIIIIIIII", "IIIIIQIQIQIQQQ"),
         8: ("22xIIIIIIIIII", "QIIQQQQQQQQQQQ")}
# e_machine of those with words of 4 bytes
NARROW = (3, 40)


class Records:
    """Where QEMU's write_buffer() goes."""

    def __init__(self, raw):
        self.raw, self.out = raw, io.BytesIO()
        if not raw:
            self.out.write((flatstream.SIGNATURE + struct.pack(">qq", 1, 1))
                           .ljust(flatstream.HEADER, b"\0"))

    def write(self, offset, data):
        if self.raw:
            self.out.seek(offset)
        else:
            self.out.write(struct.pack(">qq", offset, len(data)))
        self.out.write(data)

    def end(self):
        if not self.raw:
            self.out.write(struct.pack(">qq", -1, -1))
        return self.out.getvalue()


class Cache:
    """Consecutive bytes, written when the next would be too many."""

    def __init__(self, records, offset, size):
        self.records, self.offset, self.size = records, offset, size
        self.held = b""

    def write(self, data):
        if len(self.held) + len(data) > self.size:
            self.flush()
        self.held += data

    def flush(self):
        if self.held:
            self.records.write(self.offset, self.held)
        self.offset += len(self.held)
        self.held = b""


def misread_phys_base(text):
    """qemu_strtou64(..., 16): a decimal number of x86_64's is taken for a
    hexadecimal one. That of arm64 is one."""
    found = re.search(rb"\nNUMBER\(phys_base\)=(-?\d+)\n", text) or \
        re.search(rb"\nNUMBER\(PHYS_OFFSET\)=(0x[0-9a-f]+)\n", text)
    return int(found.group(1), 16) if found else 0


def head(raw, order, notes, block, machine, codec, frames):
    """Header and sub-header; where bitmaps begin, and how long each is."""
    word = 4 if raw.machine in NARROW else 8
    main, sub = (struct.Struct(order + form) for form in HEADS[word])
    at, size = mkdump.find_vmcoreinfo(notes, order)
    sub_blocks = -(-(sub.size + len(notes)) // block)
    half = -(-(frames + 7) // 8 // block) * block
    base = misread_phys_base(notes[at:at + size]) & (1 << 8 * word) - 1
    nr_cpus = notes.count(struct.pack(order + "I", 1) + b"CORE\0")
    if raw.machine == 40:       # the first of RAM
        base = min(load[0] for load in raw.loads)
    first = b"KDUMP   " + struct.pack(order + "I", 6) \
        + bytes(4 * 65) + machine.ljust(65, b"\0") + bytes(65) \
        + main.pack(mkdump.FLAGS[codec], block, sub_blocks, 2 * half // block,
                    frames, 0, 0, 0, 0, nr_cpus)
    offset = block + sub.size
    second = sub.pack(base, 1, 0, 0, 0, offset + at if size else 0, size,
                      offset, len(notes), 0, 0, 0, 0, frames)
    return first, second, block * (1 + sub_blocks), half


def bitmaps(records, pfns, at, half, block):
    bits = mkdump.bitmap(pfns, half)
    for i in range(0, pfns[-1] // 8 + 1, block):
        records.write(at + i, bits[i:i + block])
        records.write(at + half + i, bits[i:i + block])


def pages(records, raw, order, pfns, codec, table, block):
    data = table + 24 * len(pfns)
    zero = bytes(block)
    descs = Cache(records, table, 4 * block)
    contents = Cache(records, data, 4 * block)
    contents.write(zero)
    end = data + block
    for pfn in pfns:
        page = raw.page(pfn)
        if page == zero:
            descs.write(struct.pack(order + "QIIQ", data, block, 0, 0))
            continue
        packed = mkdump.pack_page(codec, page)
        out = packed or page
        contents.write(out)
        descs.write(struct.pack(order + "QIIQ", end, len(out),
                                mkdump.FLAGS[codec] if packed else 0, 0))
        end += len(out)
    descs.flush()
    contents.flush()


def build(image, plain=False, codec="zlib", machine="Unknown", block=None):
    """The file as bytes."""
    page = RawCore(image).size
    raw = RawCore(image, block or page)
    pfns = sorted(raw.present())
    notes = raw.note_bytes()
    records = Records(plain)
    first, second, at, half = head(raw, raw.order, notes, raw.size,
                                   machine.encode(), codec, pfns[-1] + 1)
    records.write(0, first)
    records.write(raw.size, second)
    records.write(raw.size + len(second), notes)
    bitmaps(records, pfns, at, half, raw.size)
    pages(records, raw, raw.order, pfns, codec, at + 2 * half, raw.size)
    return records.end()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("out")
    parser.add_argument("--raw", action="store_true")
    parser.add_argument("--codec", default="zlib")
    parser.add_argument("--machine", default="Unknown")
    parser.add_argument("--block", type=int)
    args = parser.parse_args()
    with open(args.out, "wb") as file:
        file.write(build(args.image, args.raw, args.codec, args.machine,
                         args.block))


if __name__ == "__main__":
    main()
