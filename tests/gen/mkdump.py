#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mkdump.py VMCORE OUT [--level N] [--codec NAME] [--version N] ...

Makes a kdump-compressed dump of an image that mkimage.py made: the frames
to keep come from VMCORE.expect.  For tests of readers: any header version,
codec, a dump that was cut short, unreadable pages, the flattened form.  It
is slow and simple, and shares no code with the product.

  --codec raw|zlib|lzo|snappy|zstd|mixed
  --version 1..6         of the header
  --reached N            the first N pages only; INCOMPLETE is set
  --unreadable PFNS      hex ranges of frames that become the filler text
  --flat                 write the flattened form
  --set FIELD=VALUE      a field of header or sub-header, as kdumpfile.py
                         names it; desc.N.FIELD for a descriptor's
"""

import argparse
import ctypes
import functools
import io
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import flatstream       # noqa: E402
import kdumpfile        # noqa: E402
import unpack           # noqa: E402
from listdump import read_expect        # noqa: E402
from memory import PAGE, ZERO           # noqa: E402
from memory import unpack as unpack_pfns        # noqa: E402
from rawcore import RawCore             # noqa: E402

FLAGS = {name: flag for flag, name in kdumpfile.CODEC_FLAGS.items()}

# field: (offset, struct code), header first, then sub-header (+4096)
FIELDS = {
    "signature": (0, "8s"), "version": (8, "i"), "timestamp": (408, "q"),
    "timestamp_us": (416, "q"), "status": (424, "I"),
    "block_size": (428, "i"), "sub_hdr_size": (432, "i"),
    "bitmap_blocks": (436, "I"), "max_mapnr_32": (440, "I"),
    "total_ram_blocks": (444, "I"), "device_blocks": (448, "I"),
    "written_blocks": (452, "I"), "current_cpu": (456, "I"),
    "nr_cpus": (460, "i"),
    "phys_base": (4096, "q"), "dump_level": (4104, "i"),
    "split": (4108, "i"), "start_pfn_32": (4112, "Q"),
    "end_pfn_32": (4120, "Q"), "offset_vmcoreinfo": (4128, "Q"),
    "size_vmcoreinfo": (4136, "Q"), "offset_note": (4144, "Q"),
    "size_note": (4152, "Q"), "offset_eraseinfo": (4160, "Q"),
    "size_eraseinfo": (4168, "Q"), "start_pfn": (4176, "Q"),
    "end_pfn": (4184, "Q"), "max_mapnr": (4192, "Q")}
DESC_FIELDS = {"offset": (0, "q"), "size": (8, "I"), "flags": (12, "I"),
               "page_flags": (16, "Q")}
# what a version's sub-header lacks, from that field on
SUB_ENDS = {1: "split", 2: "offset_vmcoreinfo", 3: "offset_note",
            4: "offset_eraseinfo", 5: "start_pfn", 6: None}

LZO_WORK = ctypes.create_string_buffer(1 << 20)


@functools.lru_cache(maxsize=1 << 15)
def pack_page(codec, page):
    """The compressed page, or None if it is not smaller."""
    if codec == "raw":
        return None
    if codec == "zlib":
        out = zlib.compress(page, 1)
    else:
        lib = unpack.library(codec)
        buf = ctypes.create_string_buffer(2 * len(page))
        if codec == "zstd":
            n = lib.ZSTD_compress(buf, ctypes.c_size_t(len(buf)), page,
                                  ctypes.c_size_t(len(page)), 1)
        elif codec == "lzo":
            size = ctypes.c_size_t(len(buf))
            lib.lzo1x_1_compress(page, ctypes.c_size_t(len(page)), buf,
                                 ctypes.byref(size), LZO_WORK)
            n = size.value
        else:
            size = ctypes.c_size_t(len(buf))
            lib.snappy_compress(page, ctypes.c_size_t(len(page)), buf,
                                ctypes.byref(size))
            n = size.value
        out = buf[:n]
    return out if len(out) < len(page) else None


def bitmap(pfns, length):
    out = bytearray(length)
    for pfn in pfns:
        out[pfn >> 3] |= 1 << (pfn & 7)
    return bytes(out)


def find_vmcoreinfo(notes, order="<"):
    """Offset and size of the VMCOREINFO text in the notes."""
    at = 0
    while at + 12 <= len(notes):
        namesz, descsz, _ = struct.unpack_from(order + "3I", notes, at)
        desc = at + 12 + (namesz + 3 & ~3)
        if notes[at + 12:at + 12 + namesz] == b"VMCOREINFO\0":
            return desc, descsz
        at = desc + (descsz + 3 & ~3)
    return 0, 0


def build(image, level=31, codec="zlib", version=6, reached=None,
          unreadable=(), fields=()):
    """The dump as bytes."""
    raw = RawCore(image)
    want = read_expect(image + ".expect", level)
    kept = sorted(want["keep"])
    max_mapnr = int(want["max_mapnr"], 16)
    notes = raw.note_bytes()
    info_at, info_size = find_vmcoreinfo(notes)
    nr_cpus = notes.count(b"CORE\0")
    release = notes[info_at:info_at + info_size].split(b"\n")[0]
    if version < 4:
        # version 3 has the VMCOREINFO text only, 1 and 2 nothing
        notes = notes[info_at:info_at + info_size] if version == 3 else b""
        info_at = 0
    sub_blocks = (104 + len(notes) + PAGE - 1) // PAGE
    half = ((max_mapnr + 7) // 8 + PAGE - 1) & ~(PAGE - 1)
    values = dict(
        signature=kdumpfile.SIGNATURE, version=version, timestamp=1700000000,
        status=sum(FLAGS.values()) if codec == "mixed" else FLAGS[codec],
        block_size=PAGE, sub_hdr_size=sub_blocks,
        bitmap_blocks=2 * half // PAGE, max_mapnr_32=max_mapnr,
        nr_cpus=nr_cpus, dump_level=level,
        offset_vmcoreinfo=PAGE + 104 + info_at,
        size_vmcoreinfo=info_size, offset_note=PAGE + 104,
        size_note=len(notes), max_mapnr=max_mapnr)
    if reached is not None:
        values["status"] |= kdumpfile.INCOMPLETE
    drop, gone = False, SUB_ENDS[version]
    out = bytearray(PAGE * (1 + sub_blocks))
    out[PAGE + 104:PAGE + 104 + len(notes)] = notes
    for key, (at, code) in FIELDS.items():
        drop = drop or key == gone
        if key in values and not (drop and at >= PAGE):
            struct.pack_into("<" + code, out, at, values[key])
    for i, text in enumerate((b"Linux", b"fixture",
                              release.partition(b"=")[2], b"#1 SMP test",
                              b"x86_64", b"(none)")):
        out[12 + 65 * i:12 + 65 * i + len(text)] = text
    out += bitmap(sorted(want["present"]), half) + bitmap(kept, half)
    table = len(out)
    out += bytes(24 * len(kept))
    out += pages(raw, kept, codec, reached, unreadable, table, out)
    for key, value in fields:
        put_field(out, table, key, value)
    return bytes(out)


def pages(raw, kept, codec, reached, unreadable, table, out):
    """Data of the pages; writes their descriptors into out."""
    names = ["raw", "zlib", "lzo", "snappy", "zstd"] if codec == "mixed" \
        else [codec]
    data, shared = bytearray(), {}
    base = len(out)
    for i, pfn in enumerate(kept[:reached]):
        page, name = raw.page(pfn), names[i % len(names)]
        if pfn in unreadable:
            page, name = kdumpfile.filler(PAGE), "raw"
        desc = shared.get(page)
        if desc is None:
            packed = pack_page(name, page)
            desc = struct.pack("<qIIQ", base + len(data),
                               len(packed or page),
                               FLAGS[name] if packed else 0, 0)
            data += packed or page
            if page == ZERO or pfn in unreadable:
                shared[page] = desc
        out[table + 24 * i:table + 24 * i + 24] = desc
    return data


def put_field(out, table, key, value):
    if key.startswith("desc."):
        _, number, name = key.split(".")
        at, code = DESC_FIELDS[name]
        at += table + 24 * int(number)
    else:
        at, code = FIELDS[key]
    if code == "8s":
        value = str(value).encode()
    else:
        size = struct.calcsize(code)
        value = int(str(value), 0) & (1 << 8 * size) - 1
        code = code.upper()
    struct.pack_into("<" + code, out, at, value)


def flatten(plain, chunk=65536):
    """A flattened stream of the plain dump: status word last."""
    out = io.BytesIO()
    out.write(flatstream.SIGNATURE + struct.pack(">qq", 1, 1))
    out.write(bytes(flatstream.HEADER - 32))
    records = [(0, 424), (428, PAGE - 428)]
    records += [(at, min(chunk, len(plain) - at))
                for at in range(PAGE, len(plain), chunk)]
    for at, size in records + [(424, 4)]:
        out.write(struct.pack(">qq", at, size) + plain[at:at + size])
    out.write(struct.pack(">qq", -1, -1))
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser(
        usage="mkdump.py VMCORE OUT [options]", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("out")
    parser.add_argument("--level", type=int, default=31)
    parser.add_argument("--codec", default="zlib")
    parser.add_argument("--version", type=int, default=6)
    parser.add_argument("--reached", type=int)
    parser.add_argument("--unreadable", default="")
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    data = build(args.image, args.level, args.codec, args.version,
                 args.reached, unpack_pfns(args.unreadable),
                 [tuple(x.split("=", 1)) for x in args.set])
    with open(args.out, "wb") as file:
        file.write(flatten(data) if args.flat else data)


if __name__ == "__main__":
    main()
