# SPDX-License-Identifier: GPL-2.0-or-later
"""Reader of kdump-compressed dumps, versions 1 to 6, of any machine:
the second opinion on what the product writes, made from the format's
description alone (struct disk_dump_header, kdump_sub_header and page_desc of
makedumpfile's diskdump_mod.h).

Layout: block 0 header; sub_hdr_size blocks of sub-header; bitmap1, bitmap2;
a page_desc for each set bit of bitmap2, in frame order; data anywhere.
Nothing is believed: every claim is collected in Dump.problems.
"""

import collections
import mmap
import re
import struct

import unpack

SIGNATURE = b"KDUMP   "
INCOMPLETE, EXCLUDED_VMEMMAP = 0x8, 0x10
CODEC_FLAGS = {0: "raw", 1: "zlib", 2: "lzo", 4: "snappy", 0x20: "zstd"}
FILLER = b"capdump: unreadable page"
DESC = struct.Struct("<qIIQ")
BITS = [[i for i in range(8) if b >> i & 1] for b in range(256)]
MOST = 1 << 24          # frames: more than that no list of Python holds well


# By uname -m: where struct disk_dump_header's timestamp is, what it and the
# numbers behind it are; struct kdump_sub_header. off_t has 8 bytes, which
# i386 packs and arm aligns.
SHAPES = {
    r"i[3-6]86": (404, "iiIiiIIIIIIi", "iiiIIQIQIQIQQQ"),
    r"armv": (404, "iiIiiIIIIIIi", "iiiII4xQI4xQI4xQI4xQQQ"),
    "": (408, "qqIiiIIIIIIi", "qii11Q"),
}


class NotADump(Exception):
    pass


def set_bits(bitmap, limit):
    """Numbers of the set bits below limit, ascending (bit 0 of byte 0 is
    number 0)."""
    out = []
    count = sum(int.from_bytes(bitmap[at:at + 65536], "little").bit_count()
                for at in range(0, len(bitmap), 65536))
    if count > MOST:
        raise NotADump("%d frames are more than are looked at" % count)
    zero = bytes(4096)
    for start in range(0, len(bitmap), 4096):
        chunk = bitmap[start:start + 4096]
        if chunk == zero[:len(chunk)]:
            continue
        for at, byte in enumerate(chunk, start):
            if byte:
                base = at * 8
                out += [base + i for i in BITS[byte]]
    return [n for n in out if n < limit] if out and out[-1] >= limit else out


class Dump:
    def __init__(self, path):
        self.problems = []
        with open(path, "rb") as file:
            self.size = file.seek(0, 2)
            if self.size < 4096 + 464:
                raise NotADump("%s: %d bytes are too few" % (path, self.size))
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.read_header()
        self.read_sub_header()
        self.read_bitmaps()
        self.read_descriptors()

    def problem(self, text, *args):
        if len(self.problems) < 200:
            self.problems.append(text % args if args else text)

    # ---- header -----------------------------------------------------------
    def read_header(self):
        m = self.map
        if m[:8] != SIGNATURE:
            raise NotADump("signature is %r" % m[:8])
        # the crashed machine's byte order: a version is a small number
        self.order = "<" if struct.unpack_from("<I", m, 8)[0] < 1 << 16 \
            else ">"
        self.form = struct.Struct(self.order + "qIIQ")
        head = {"version": struct.unpack_from(self.order + "i", m, 8)[0]}
        names = "sysname nodename release version_string machine domainname"
        for i, name in enumerate(names.split()):
            raw = m[12 + 65 * i:12 + 65 * i + 65]
            head[name] = raw.split(b"\0")[0].decode("latin-1")
        self.shape = SHAPES[next((s for s in SHAPES if re.match(
            s, head["machine"])), "")]
        (head["timestamp"], head["timestamp_us"], head["status"],
         head["block_size"], head["sub_hdr_size"], head["bitmap_blocks"],
         head["max_mapnr_32"], head["total_ram_blocks"],
         head["device_blocks"], head["written_blocks"], head["current_cpu"],
         head["nr_cpus"]) = struct.unpack_from(
             self.order + self.shape[1], m, self.shape[0])
        self.head = head
        size = head["block_size"]
        if not 1 <= head["version"] <= 6:
            self.problem("header version %d", head["version"])
        if size < 512 or size & (size - 1) or size > 1 << 20:
            raise NotADump("block size %d" % size)
        known = INCOMPLETE | EXCLUDED_VMEMMAP | 1 | 2 | 4 | 0x20
        if head["status"] & ~known:
            self.problem("status 0x%x has unknown bits", head["status"])
        if head["sub_hdr_size"] < 1:
            self.problem("sub_hdr_size %d", head["sub_hdr_size"])
        if self.size > size and any(m[464:size]):
            self.problem("block 0 is not zero behind the header")

    def read_sub_header(self):
        m, head = self.map, self.head
        base, version = head["block_size"], head["version"]
        room = head["sub_hdr_size"] * base
        if base + min(room, 104) > self.size:
            raise NotADump("no sub-header")
        sub = dict(zip(
            "phys_base dump_level split start_pfn_32 end_pfn_32 "
            "offset_vmcoreinfo size_vmcoreinfo offset_note size_note "
            "offset_eraseinfo size_eraseinfo start_pfn end_pfn "
            "max_mapnr".split(),
            struct.unpack_from(self.order + self.shape[2], m, base)))
        since = dict(dump_level=1, split=2, start_pfn_32=2, end_pfn_32=2,
                     offset_vmcoreinfo=3, size_vmcoreinfo=3, offset_note=4,
                     size_note=4, offset_eraseinfo=5, size_eraseinfo=5,
                     start_pfn=6, end_pfn=6, max_mapnr=6)
        for key, first in since.items():
            if version < first:
                del sub[key]
        self.sub = sub
        self.max_mapnr = sub.get("max_mapnr", head["max_mapnr_32"])
        low = self.max_mapnr & 0xffffffff
        if version >= 6 and head["max_mapnr_32"] not in (low, 0xffffffff):
            self.problem("max_mapnr is %d in the header, %d in the "
                         "sub-header", head["max_mapnr_32"], self.max_mapnr)
        end = base + room
        for name in ("vmcoreinfo", "note", "eraseinfo"):
            offset = sub.get("offset_" + name, 0)
            length = sub.get("size_" + name, 0)
            if not length:
                continue
            if offset < base + struct.calcsize(
                    self.order + self.shape[2]) or offset + length > self.size:
                self.problem("%s at %d+%d is outside the file", name, offset,
                             length)
            elif offset + length > end:
                self.problem("%s at %d+%d leaves the sub-header's %d blocks",
                             name, offset, length, head["sub_hdr_size"])

    def area(self, name):
        """Bytes of vmcoreinfo, note or eraseinfo."""
        offset = self.sub.get("offset_" + name, 0)
        return self.map[offset:offset + self.sub.get("size_" + name, 0)]

    # ---- bitmaps ----------------------------------------------------------
    def read_bitmaps(self):
        head, size = self.head, self.head["block_size"]
        start = size * (1 + head["sub_hdr_size"])
        length = head["bitmap_blocks"] * size
        if start + length > self.size:
            raise NotADump("bitmaps end at %d, the file at %d"
                           % (start + length, self.size))
        if head["bitmap_blocks"] & 1:
            self.problem("%d bitmap blocks", head["bitmap_blocks"])
        half = length // 2
        need = (self.max_mapnr + 7) // 8
        if half < need:
            raise NotADump("bitmaps of %d bytes do not hold %d frames"
                           % (half, self.max_mapnr))
        if half - need >= size:
            self.problem("bitmaps are %d blocks longer than needed",
                         (half - need) // size)
        every, view = 1 << 62, memoryview(self.map)
        with view[start:start + half] as raw1:
            self.present = set_bits(raw1, every)
        with view[start + half:start + length] as raw2:
            self.kept = set_bits(raw2, every)
        view.release()
        for name, bits in (("bitmap1", self.present), ("bitmap2", self.kept)):
            if bits and bits[-1] >= self.max_mapnr:
                self.problem("%s has frame %d, max_mapnr is %d", name,
                             bits[-1], self.max_mapnr)
        if self.shape is SHAPES["armv"]:
            # frames count from the first of RAM, as for makedumpfile there
            base = self.sub["phys_base"] % (1 << 32) // size
            self.present = [p + base for p in self.present]
            self.kept = [p + base for p in self.kept]
            self.max_mapnr += base
        self.read_range()
        extra = set(self.kept) - set(self.present)
        if extra:
            self.problem("%d frames are in bitmap2 but not in bitmap1, "
                         "first %x", len(extra), min(extra))
        self.table = start + length

    def read_range(self):
        """One file of a split dump: it has what bitmap2 names in a range."""
        sub, self.named = self.sub, self.kept
        self.range = (0, self.max_mapnr)
        if not sub.get("split"):
            if any(sub.get(key) for key in sub if "_pfn" in key):
                self.problem("a range of frames, but not split")
            return
        start, end = (sub.get(key, sub[key + "_32"])
                      for key in ("start_pfn", "end_pfn"))
        for key in ("start_pfn", "end_pfn"):
            if sub[key + "_32"] != min(sub.get(key, 0), 0xffffffff):
                self.problem("%s is %d and %d", key, sub[key + "_32"],
                             sub.get(key, 0))
        # crash counts the bits of bitmap2 from there by words
        if start % 64:
            self.problem("starts with frame %x", start)
        base = self.sub["phys_base"] % (1 << 32) // self.head["block_size"] \
            if self.shape is SHAPES["armv"] else 0
        self.range = (start + base, end + base)
        if not start <= end <= self.max_mapnr - base:
            self.problem("frames %x to %x of %x", start, end, self.max_mapnr)
        self.kept = [p for p in self.kept
                     if self.range[0] <= p < self.range[1]]

    # ---- descriptors ------------------------------------------------------
    def read_descriptors(self):
        count = len(self.kept)
        self.data = self.table + count * self.form.size
        have = max(0, min(count, (self.size - self.table) // self.form.size))
        if have < count:
            self.problem("%d descriptors of %d are in the file", have, count)
        raw = self.map[self.table:self.table + have * self.form.size]
        self.desc = list(self.form.iter_unpack(raw))
        self.desc += [(0, 0, 0, 0)] * (count - have)
        # what a block's first frame says of it goes for the others
        count, first = collections.Counter(self.desc), dict(
            zip(reversed(self.desc), reversed(self.kept)))
        self.not_reached, self.by_codec, blocks = 0, {}, {}
        for desc, nr in count.items():
            if not desc[0]:
                self.not_reached += nr
                if any(desc):
                    self.problem("frame %x: offset 0, size %d", first[desc],
                                 desc[1])
                continue
            self.check_descriptor(first[desc], *desc)
            name = CODEC_FLAGS.get(desc[2])
            self.by_codec[name] = self.by_codec.get(name, 0) + nr
            if blocks.setdefault(desc[:2], desc[2]) != desc[2]:
                self.problem("frame %x: shared block, other flags",
                             first[desc])
        self.shared = len(self.desc) - self.not_reached - len(blocks)
        self.check_blocks(blocks)
        complete = not self.head["status"] & INCOMPLETE
        if complete and self.not_reached:
            self.problem("complete, but %d pages are not reached",
                         self.not_reached)

    def check_descriptor(self, pfn, offset, size, flags, page_flags):
        name = CODEC_FLAGS.get(flags)
        if name is None:
            self.problem("frame %x: flags 0x%x", pfn, flags)
        if not 0 < size <= self.head["block_size"]:
            self.problem("frame %x: size %d", pfn, size)
        elif name == "raw" and size != self.head["block_size"]:
            self.problem("frame %x: raw, but %d bytes", pfn, size)
        if offset < self.data or offset + size > self.size:
            self.problem("frame %x: data at %d+%d, they lie in %d..%d",
                         pfn, offset, size, self.data, self.size)
        if page_flags:
            self.problem("frame %x: page_flags 0x%x", pfn, page_flags)
        if name and flags & ~self.head["status"]:
            self.problem("frame %x: %s, which the header's status 0x%x "
                         "does not name", pfn, name, self.head["status"])

    def check_blocks(self, blocks):
        self.unique = len(blocks)
        self.data_bytes = sum(size for _, size in blocks)
        end = last = None
        for offset, size in sorted(blocks):
            if end is not None and offset < end:
                self.problem("data at %d+%d overlap those at %d+%d", offset,
                             size, *last)
            last, end = (offset, size), offset + size
        self.data_end = end or self.data
        self.tail = self.size - self.data_end

    # ---- pages ------------------------------------------------------------
    def pages(self, wanted=None):
        """(pfn, bytes) of each page that was reached; None as bytes when it
        cannot be decoded (a problem is recorded)."""
        size = self.head["block_size"]
        cache_key = cache = None
        for pfn, (offset, length, flags, _) in zip(self.kept, self.desc):
            if not offset or (wanted is not None and pfn not in wanted):
                continue
            if (offset, length) == cache_key:
                yield pfn, cache
                continue
            page = None
            raw = self.map[offset:offset + length]
            try:
                page = unpack.page(CODEC_FLAGS.get(flags), raw, size)
            except unpack.Bad as err:
                self.problem("frame %x: %s", pfn, err)
            cache_key, cache = (offset, length), page
            yield pfn, page

    def summary(self):
        out = dict(self.head)
        out.update(self.sub)
        out.update(
            file_size=self.size, present_pages=len(self.present),
            kept_pages=len(self.kept), not_reached=self.not_reached,
            complete=not self.head["status"] & INCOMPLETE,
            unique_blocks=self.unique, shared_pages=self.shared,
            data_bytes=self.data_bytes, table_offset=self.table,
            data_offset=self.data, tail_bytes=self.tail,
            codecs={str(k): v for k, v in self.by_codec.items()})
        return out


def filler(size):
    """What stands for a page that could not be read."""
    return (FILLER * (size // len(FILLER) + 1))[:size]
