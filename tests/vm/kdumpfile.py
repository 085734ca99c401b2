#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a dump through libkdumpfile itself: every page that the bitmap names
is what the raw vmcore has, and every other page of memory is not there.

usage: kdumpfile.py VMCORE DUMP [FILE...]         (run in the chroot)
FILE: what is read instead and has the same pages: the flattened stream, the ELF
dump, the parts of a split one.
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
files = [open(path, 'rb') for path in sys.argv[3:] or sys.argv[2:]]
numbers = [file.fileno() for file in files]
context = lib.kdump_new()
if lib.kdump_open_fdset(context, len(numbers),
                        (ctypes.c_int * len(numbers))(*numbers)):
    sys.exit('open: ' + lib.kdump_get_err(context).decode())

buf, size = ctypes.create_string_buffer(PAGE), ctypes.c_size_t()
right, absent, unread, false, wrong = 0, 0, 0, 0, []
# libkdumpfile 0.5.6 of an ELF dump, whoever wrote it: what a program header has in
# memory and not in the file, zeroes to crash, drgn and gdb, is not there; what comes
# right before a program header's memory is there, and of zeroes
elf = files[0].read(4) == b'\x7fELF'
before = {at // PAGE - 1 for at, *_ in Vmcore(sys.argv[3]).loads} if elf else {}
for pfn in frames_of(core.bits()):
    size.value = PAGE
    status = lib.kdump_read(context, PHYSICAL, pfn * PAGE, buf,
                            ctypes.byref(size))
    if kept >> pfn & 1:
        page = core.page(pfn)
        good = status == OK and buf.raw == page
        right += good
        if elf and status == NODATA and not any(page):
            good, unread = True, unread + 1
    else:
        good = status == NODATA
        absent += good
        if status == OK and pfn in before and not any(buf.raw):
            good, false = True, false + 1
    if not good:
        wrong.append(f'{pfn:#x}: ' + (lib.kdump_get_err(context) or
                                      b'differs').decode())
print(f'{right} pages right, {absent} absent, {unread} of zeroes not read, {false} '
      f'before a segment, {len(wrong)} wrong')
print('\n'.join(wrong[:5]))
sys.exit(bool(wrong or not right))
