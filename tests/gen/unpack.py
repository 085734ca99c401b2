# SPDX-License-Identifier: GPL-2.0-or-later
"""Decoding of one page: raw, zlib, lzo, snappy, zstd.  The last three
through ctypes, straight from the system's libraries; a library is loaded
when the first page asks for it."""

import ctypes
import ctypes.util
import zlib

LIBRARIES = {"lzo": "lzo2", "snappy": "snappy", "zstd": "zstd"}
SONAMES = {"lzo": "liblzo2.so.2", "snappy": "libsnappy.so.1",
           "zstd": "libzstd.so.1"}
_loaded = {}


class Bad(Exception):
    """The page does not decode to exactly one page."""


def library(name):
    if name not in _loaded:
        try:
            lib = ctypes.CDLL(SONAMES[name])
        except OSError:
            found = ctypes.util.find_library(LIBRARIES[name])
            if not found:
                raise Bad("lib%s is not installed" % LIBRARIES[name]) \
                    from None
            lib = ctypes.CDLL(found)
        if name == "zstd":
            lib.ZSTD_decompress.restype = ctypes.c_size_t
            lib.ZSTD_decompress.argtypes = (
                ctypes.c_char_p, ctypes.c_size_t,
                ctypes.c_char_p, ctypes.c_size_t)
            lib.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
            lib.ZSTD_findFrameCompressedSize.argtypes = (
                ctypes.c_char_p, ctypes.c_size_t)
        elif name == "lzo":
            lib.lzo1x_decompress_safe.argtypes = (
                ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
                ctypes.POINTER(ctypes.c_size_t), ctypes.c_void_p)
        else:
            lib.snappy_uncompress.argtypes = (
                ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p,
                ctypes.POINTER(ctypes.c_size_t))
        _loaded[name] = lib
        _buffers[name] = ctypes.create_string_buffer(1 << 20)
    return _loaded[name]


_buffers = {}


def page(codec, raw, size):
    """raw decoded, exactly size bytes; else Bad."""
    if codec == "raw":
        if len(raw) != size:
            raise Bad("raw page of %d bytes" % len(raw))
        return raw
    if codec == "zlib":
        decoder = zlib.decompressobj()
        try:
            out = decoder.decompress(raw, size + 1)
        except zlib.error as err:
            raise Bad("zlib: %s" % err) from None
        if not decoder.eof or decoder.unused_data:
            raise Bad("zlib: not one stream of the data")
    elif codec == "zstd":
        lib = library(codec)
        # readers take one frame, no dictionary
        if lib.ZSTD_findFrameCompressedSize(raw, len(raw)) != len(raw):
            raise Bad("zstd: not one frame")
        buf = _buffers[codec]
        n = lib.ZSTD_decompress(buf, size, raw, len(raw))
        if n != size:
            raise Bad("zstd: result %d" % ctypes.c_ssize_t(n).value)
        return buf[:size]
    elif codec in ("lzo", "snappy"):
        lib = library(codec)
        buf, n = _buffers[codec], ctypes.c_size_t(size)
        if codec == "lzo":
            rc = lib.lzo1x_decompress_safe(raw, len(raw), buf,
                                           ctypes.byref(n), None)
        else:
            rc = lib.snappy_uncompress(raw, len(raw), buf, ctypes.byref(n))
        if rc:
            raise Bad("%s: error %d" % (codec, rc))
        if n.value != size:
            raise Bad("%s: %d bytes" % (codec, n.value))
        return buf[:size]
    else:
        raise Bad("unknown compression")
    if len(out) != size:
        raise Bad("%s: %d bytes" % (codec, len(out)))
    return out
