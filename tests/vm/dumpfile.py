# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads vmcores and kdump-compressed dumps, for the judges of this folder.

Written from the description of the formats (ELF64; makedumpfile's
diskdump_mod.h), sharing nothing with src/. Trusts what it reads: these are
our own dumps and a reader that dies is a test that fails.

The environment's PAGE_SIZE says what a page is in the machine, 4096 bytes if
it says nothing. The files themselves tell the order of bytes.
"""
import mmap
import os
import struct
import zlib

PAGE = int(os.environ.get('PAGE_SIZE', 4096))


def open_map(path):
    with open(path, 'rb') as f:
        return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)


def bits_of(frames):
    """A set of frames as one integer, bit n for frame n."""
    frames = list(frames)
    buf = bytearray(max(frames, default=0) // 8 + 1)
    for pfn in frames:
        buf[pfn >> 3] |= 1 << (pfn & 7)
    return int.from_bytes(buf, 'little')


def frames_of(bits):
    """The frames in such an integer, ascending."""
    buf = bits.to_bytes((bits.bit_length() + 7) // 8, 'little')
    for i, byte in enumerate(buf):
        while byte:
            low = byte & -byte
            yield i * 8 + low.bit_length() - 1
            byte ^= low


class Vmcore:
    """An ELF vmcore: PT_LOADs by physical address. One that begins inside a page
    begins with what the kernel rounded into the file, if that is the crash header
    of a firmware-assisted dump (Linux 7.2 asm/fadump-internal.h)."""

    def __init__(self, path):
        self.map = open_map(path)
        self.order = {1: '<', 2: '>'}[self.map[5]]
        phoff, = self.unpack('Q', 32)
        shoff, = self.unpack('Q', 40)
        count, = self.unpack('H', 56)
        if count == 0xffff:
            count, = self.unpack('I', shoff + 44)
        self.loads = []
        for i in range(count):
            kind, _, offset, _, paddr, filesz, memsz, _ = self.unpack(
                'IIQQQQQQ', phoff + i * 56)
            if kind == 1 and memsz:
                below = self.header_below(offset, paddr % PAGE)
                self.loads.append((paddr - below, memsz + below,
                                   filesz + below, offset - below))
        self.loads.sort()

    def unpack(self, form, at):
        return struct.unpack_from(self.order + form, self.map, at)

    def header_below(self, offset, size):
        """SIZE, if so many bytes before OFFSET are a crash header; or 0."""
        if self.unpack('H', 18)[0] != 21 or not 0x28 <= size <= offset:
            return 0
        magic, version, _, _, _, regs, mask = self.unpack('QIIQQII',
                                                          offset - size)
        return size if (magic, version, 0x28 + regs + mask) == (
            int.from_bytes(b'FADMPSIG', 'big'), 1, size) else 0

    def find(self, text):
        """Where the headers and notes have it, -1: nowhere."""
        return self.map.find(text, 0, min(at for *_, at in self.loads))

    def bits(self):
        """Frames of which any byte is in a PT_LOAD."""
        bits = 0
        for paddr, memsz, _, _ in self.loads:
            first, end = paddr // PAGE, (paddr + memsz + PAGE - 1) // PAGE
            bits |= (1 << end) - (1 << first)
        return bits

    def whole(self):
        """Frames that lie in one PT_LOAD from end to end."""
        bits = 0
        for paddr, _, filesz, _ in self.loads:
            first, end = (paddr + PAGE - 1) // PAGE, (paddr + filesz) // PAGE
            if end > first:
                bits |= (1 << end) - (1 << first)
        return bits

    def page(self, pfn):
        """The frame's bytes; zeroes where no PT_LOAD has any."""
        start = pfn * PAGE
        out = None
        for paddr, _, filesz, offset in self.loads:
            if paddr <= start and start + PAGE <= paddr + filesz:
                at = offset + start - paddr
                return self.map[at:at + PAGE]
            low, high = max(start, paddr), min(start + PAGE, paddr + filesz)
            if low < high:
                out = out or bytearray(PAGE)
                at = offset + low - paddr
                out[low - start:high - start] = self.map[at:at + high - low]
        return bytes(out or PAGE)


def unpack_zlib(data):
    return zlib.decompress(data)


def unpack_lzo(data):
    import lzo
    return lzo.decompress(data, False, PAGE)


def unpack_snappy(data):
    import snappy
    return snappy.decompress(data)


class Unzstd:
    def __init__(self):
        import zstandard
        self.context = zstandard.ZstdDecompressor()

    def __call__(self, data):
        return self.context.decompress(data, max_output_size=PAGE)


class Kdump:
    """A kdump-compressed dump, not flattened."""
    INCOMPLETE = 8

    def __init__(self, path):
        self.map = open_map(path)
        if self.map[:8] != b'KDUMP   ':
            raise ValueError('no kdump signature')
        self.order = '<' if self.map[8] else '>'
        self.version, = struct.unpack_from(self.order + 'i', self.map, 8)
        self.status, self.block, sub, blocks = struct.unpack_from(
            self.order + 'IiiI', self.map, 424)
        if self.block != PAGE:
            raise ValueError(f'block size {self.block}')
        self.max_pfn, = struct.unpack_from(self.order + 'Q', self.map,
                                           PAGE + 96)
        at = (1 + sub) * PAGE
        half = blocks * PAGE // 2
        self.memory = self.map[at:at + half]
        self.kept = self.map[at + half:at + 2 * half]
        if len(self.kept) != half:
            raise ValueError('bitmaps cut off')
        self.table = at + 2 * half
        self.codecs = {}

    def bits(self):
        return int.from_bytes(self.kept, 'little')

    def pages(self):
        """(frame, offset, size, flags) in frame order."""
        at = self.table
        for pfn in frames_of(self.bits()):
            offset, size, flags = struct.unpack_from(
                self.order + 'QII', self.map, at)
            at += 24
            yield pfn, offset, size, flags

    def unpack(self, offset, size, flags):
        data = self.map[offset:offset + size]
        if len(data) != size:
            raise ValueError(f'data cut off at {offset}')
        if flags == 0:
            return data
        codec = self.codecs.get(flags)
        if codec is None:
            make = {1: lambda: unpack_zlib, 2: lambda: unpack_lzo,
                    4: lambda: unpack_snappy, 0x20: Unzstd}
            codec = self.codecs[flags] = make[flags]()
        return codec(data)
