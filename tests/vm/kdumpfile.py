#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a dump through libkdumpfile itself: every page that the bitmap names
is what the raw vmcore has, and every other page of memory is not there.

usage: kdumpfile.py VMCORE DUMP [STREAM]          (run in the chroot)
STREAM: DUMP was made of this flattened stream, which is read instead.
libkdumpfile 0.5 kdumpfile.h: kdump_new, kdump_open_fdset, kdump_read;
KDUMP_MACHPHYSADDR is 1, KDUMP_ERR_NODATA 3.
"""
import ctypes
import sys

from dumpfile import Kdump, Vmcore, frames_of, PAGE

PHYSICAL, OK, NODATA = 1, 0, 3

lib = ctypes.CDLL('libkdumpfile.so.12')
lib.kdump_new.restype = ctypes.c_void_p
lib.kdump_get_err.restype = ctypes.c_char_p
lib.kdump_get_err.argtypes = [ctypes.c_void_p]
lib.kdump_open_fdset.argtypes = [ctypes.c_void_p, ctypes.c_uint,
                                 ctypes.POINTER(ctypes.c_int)]
lib.kdump_read.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64,
                           ctypes.c_char_p, ctypes.POINTER(ctypes.c_size_t)]

core, kept = Vmcore(sys.argv[1]), Kdump(sys.argv[2]).bits()
file = open(sys.argv[-1], 'rb')
context = lib.kdump_new()
if lib.kdump_open_fdset(context, 1, (ctypes.c_int * 1)(file.fileno())):
    sys.exit('open: ' + lib.kdump_get_err(context).decode())

buf, size = ctypes.create_string_buffer(PAGE), ctypes.c_size_t()
right, absent, wrong = 0, 0, []
for pfn in frames_of(core.bits()):
    size.value = PAGE
    status = lib.kdump_read(context, PHYSICAL, pfn * PAGE, buf,
                            ctypes.byref(size))
    if kept >> pfn & 1:
        good = status == OK and buf.raw == core.page(pfn)
        right += good
    else:
        good = status == NODATA
        absent += good
    if not good:
        wrong.append(f'{pfn:#x}: ' + (lib.kdump_get_err(context) or
                                      b'differs').decode())
print(f'{right} pages right, {absent} absent, {len(wrong)} wrong')
print('\n'.join(wrong[:5]))
sys.exit(bool(wrong or not right))
