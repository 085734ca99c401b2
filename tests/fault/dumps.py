# SPDX-License-Identifier: GPL-2.0-or-later
"""Kdump-compressed dumps that claim things. What they claim costs no disk:
files are sparse."""

import struct

BLOCK = 4096


class Dump:
    """Bitmaps of FRAMES bits; SUB_BLOCKS of sub-header and notes. The rest is
    holes, for the caller to fill."""

    def __init__(self, path, frames, sub_blocks=1, **fields):
        self.path = path
        self.bitmap = (1 + sub_blocks) * BLOCK
        self.bitmap_len = (frames + 8 * BLOCK - 1) // (8 * BLOCK) * BLOCK
        self.table = self.bitmap + 2 * self.bitmap_len
        head = bytearray(2 * BLOCK)
        struct.pack_into("<8si", head, 0, b"KDUMP   ", 6)
        for i, name in enumerate((b"Linux", b"node", b"6.12", b"#1",
                                  b"x86_64", b"")):
            struct.pack_into("65s", head, 12 + 65 * i, name)
        struct.pack_into("<IiiIIIIIIi", head, 424, 0, BLOCK, sub_blocks,
                         self.bitmap_len // BLOCK * 2,
                         min(frames, 2**32 - 1), 0, 0, 0, 0, 0)
        struct.pack_into("<i", head, BLOCK + 8, 31)
        struct.pack_into("<QQQQ", head, BLOCK + 32,
                         fields.get("offset_vmcoreinfo", 0),
                         fields.get("size_vmcoreinfo", 0),
                         fields.get("offset_note", 0),
                         fields.get("size_note", 0))
        struct.pack_into("<Q", head, BLOCK + 96, frames)
        self.file = open(path, "w+b")
        self.file.write(head)

    def put(self, offset, data):
        self.file.seek(offset)
        self.file.write(data)
        return self

    def bits(self, offset, data):
        """Bytes of both bitmaps."""
        self.put(self.bitmap + offset, data)
        return self.put(self.bitmap + self.bitmap_len + offset, data)

    def write(self, size=0):
        """SIZE: bytes of the table and what follows it. The path."""
        self.file.truncate(self.table + size)
        self.file.close()
        return self.path
