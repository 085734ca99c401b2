#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""listdump.py DUMP [options]: checks a kdump-compressed dump's structure
and says what it holds.  Exit 1 if anything is wrong, 2 for usage.

  --header           header and sub-header, counts, as JSON
  --pfns FILE        kept frames as a bitmap of little-endian 64-bit words
  --ranges           kept frames as hex ranges
  --digest FILE      'PFN DIGEST' of each page (blake2b, 8 bytes)
  --against VMCORE   each page's content must be the raw vmcore's
  --allow-filler     ... or the text that stands for an unreadable page
  --decode           decode each page, compare with nothing
  --expect FILE --level N   bitmaps must be those of mkimage's OUT.expect
  --notes VMCORE     the note area must be the vmcore's notes, byte for byte
  --partial          zero descriptors (pages not reached) are no error
  --flat             DUMP is a flattened stream ('-': standard input)
  --rearrange OUT    with --flat: write the plain file
"""

import argparse
import array
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import flatstream       # noqa: E402
import kdumpfile        # noqa: E402
from memory import pack, unpack         # noqa: E402
from rawcore import RawCore             # noqa: E402


def read_expect(path, level):
    """present, keep and maybe sets and the rest of an .expect file."""
    out = {"maybe": set(), "keep": None}
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, _, rest = line.rstrip("\n").partition(" ")
            if key in ("keep", "maybe"):
                which, _, ranges = rest.partition(" ")
                if int(which) == level:
                    out[key] = unpack(ranges)
            elif key in ("present", "zero"):
                out[key] = unpack(rest)
            else:
                out[key] = rest
    return out


def check_expect(dump, path, level):
    want = read_expect(path, level)
    if want["keep"] is None:
        dump.problem("%s has no level %d", path, level)
        return
    have = set(dump.kept)
    for text, pfns in (
            ("should be kept", want["keep"] - have),
            ("should be left out", have - want["keep"] - want["maybe"]),
            ("are missing in bitmap1", want["present"] - set(dump.present)),
            ("are in bitmap1, not in memory",
             set(dump.present) - want["present"])):
        if pfns:
            dump.problem("level %d: %d frames %s: %s", level, len(pfns),
                         text, pack(sorted(pfns))[:400])
    if int(want["max_mapnr"], 16) != dump.max_mapnr:
        dump.problem("max_mapnr %x, not %s", dump.max_mapnr,
                     want["max_mapnr"])


def compare(dump, args):
    """Decodes all pages, compares or digests; returns counts."""
    size = dump.head["block_size"]
    raw = RawCore(args.against, size) if args.against else None
    zero, filler = bytes(size), kdumpfile.filler(size)
    count = dict(pages=0, zero=0, different=0, filler=0)
    zero_blocks = set()
    digest = open(args.digest, "w", encoding="ascii") if args.digest else None
    fillers = []
    for pfn, page in dump.pages():
        if page is None:
            continue
        count["pages"] += 1
        count["zero"] += page == zero
        if digest:
            digest.write("%x %s\n" % (pfn, hashlib.blake2b(
                page, digest_size=8).hexdigest()))
        if not raw:
            continue
        if page == filler:
            count["filler"] += 1
            fillers.append(pfn)
        elif page != raw.page(pfn):
            count["different"] += 1
            dump.problem("frame %x: content differs from the vmcore's", pfn)
            continue
        if page == filler and not args.allow_filler:
            if raw.page(pfn) != filler:
                dump.problem("frame %x: filler, not the content", pfn)
    for pfn, (offset, length, _, _) in zip(dump.kept, dump.desc):
        if raw and offset and raw.page(pfn) == zero:
            zero_blocks.add((offset, length))
    if raw:
        count["zero_blocks"] = len(zero_blocks)
        count["filler_pfns"] = pack(fillers)
    if digest:
        digest.close()
    return count


def check_notes(dump, path):
    raw = RawCore(path)
    want = raw.note_bytes()
    have = dump.area("note")
    if have != want:
        dump.problem("notes: %d bytes, the vmcore's are %d%s", len(have),
                     len(want), "" if len(have) != len(want)
                     else ", different")


def plain(args):
    try:
        dump = kdumpfile.Dump(args.dump)
    except (kdumpfile.NotADump, OSError, ValueError) as err:
        print("listdump: %s: %s" % (args.dump, err), file=sys.stderr)
        return 1
    result = dump.summary() if args.header else {
        k: v for k, v in dump.summary().items()
        if k in ("kept_pages", "not_reached", "complete", "codecs")}
    if args.partial:
        dump.problems = [p for p in dump.problems if "not reached" not in p]
    if args.expect:
        check_expect(dump, args.expect, args.level)
    if args.notes:
        check_notes(dump, args.notes)
    if args.against or args.digest or args.decode:
        result.update(compare(dump, args))
    if args.pfns:
        words = array.array("Q", bytes((dump.max_mapnr + 63) // 64 * 8))
        for pfn in dump.kept:
            words[pfn >> 6] |= 1 << (pfn & 63)
        with open(args.pfns, "wb") as file:
            words.tofile(file)
    if args.ranges:
        print(pack(dump.kept))
    else:
        json.dump(result, sys.stdout, indent=1)
        print()
    for text in dump.problems:
        print("listdump: %s: %s" % (args.dump, text), file=sys.stderr)
    return 1 if dump.problems else 0


def flat(args):
    out = open(args.rearrange, "w+b") if args.rearrange else None
    try:
        if args.dump == "-":
            stream = flatstream.Flat(sys.stdin.buffer, out)
        else:
            with open(args.dump, "rb") as file:
                stream = flatstream.Flat(file, out)
    finally:
        if out:
            out.close()
    json.dump(stream.summary(), sys.stdout, indent=1)
    print()
    for text in stream.problems:
        print("listdump: %s: %s" % (args.dump, text), file=sys.stderr)
    return 1 if stream.problems else 0


def main():
    parser = argparse.ArgumentParser(
        usage="listdump.py DUMP [options]", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump")
    for name in ("header", "ranges", "allow-filler", "decode", "partial",
                 "flat"):
        parser.add_argument("--" + name, action="store_true",
                            help=argparse.SUPPRESS)
    for name in ("pfns", "digest", "against", "expect", "notes",
                 "rearrange"):
        parser.add_argument("--" + name, help=argparse.SUPPRESS)
    parser.add_argument("--level", type=int, default=31,
                        help=argparse.SUPPRESS)
    args = parser.parse_args()
    return flat(args) if args.flat else plain(args)


if __name__ == "__main__":
    sys.exit(main())
