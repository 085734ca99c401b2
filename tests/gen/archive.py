# SPDX-License-Identifier: GPL-2.0-or-later
"""What an initramfs is made of: archives of cpio, frames of zstd; and a small
library that asks for others."""

import struct


def cpio(*files):
    """newc, of (name, mode, content)."""
    out = b""
    for name, mode, content in (*files, ("TRAILER!!!", 0, b"")):
        name = name.encode() + b"\0"
        fields = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
        out += b"070701" + b"".join(b"%08X" % x for x in fields) + name
        out += b"\0" * (-len(out) % 4) + content
        out += b"\0" * (-len(out) % 4)
    return out


def zstd(content):
    """A frame of raw blocks (RFC 8878, 3.1.1)."""
    out = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(content))
    for at in range(0, len(content), 1 << 17):
        block = content[at:at + (1 << 17)]
        last = at + len(block) == len(content)
        out += struct.pack("<I", len(block) << 3 | last)[:3] + block
    return out


def library(*names):
    """An ELF file of 64 bits, little-endian, that needs these."""
    strings = b"\0" + b"".join(n.encode() + b"\0" for n in names)
    tags, at = [(5, 0x1000 + 176)], 1       # DT_STRTAB
    for name in names:
        tags.append((1, at))                # DT_NEEDED
        at += len(name) + 1
    dynamic = b"".join(struct.pack("<QQ", *t) for t in (*tags, (0, 0)))
    size = 176 + len(strings) + len(dynamic)

    def phdr(kind, offset, length):
        return struct.pack("<IIQQQQQQ", kind, 4, offset, 0x1000 + offset, 0,
                           length, length, 8)

    return (b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        + phdr(1, 0, size) + phdr(2, 176 + len(strings), len(dynamic))
        + strings + dynamic)
