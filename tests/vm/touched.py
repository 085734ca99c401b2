#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pages of a guest's memory, a file on a tmpfs, anybody ever touched.

usage: touched.py extents FILE                 OFFSET LENGTH of each extent
       touched.py offline KPAGEFLAGS PADDR EXTENTS
                  number of touched frames of memory at PADDR that kpageflags
                  calls offline
"""
import os
import sys

import frames


def extents(path):
    with open(path, 'rb') as f:
        at = 0
        while True:
            try:
                start = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:		# ENXIO: only holes from here on
                return
            at = os.lseek(f.fileno(), start, os.SEEK_HOLE)
            print(start, at - start)


def offline(flags_path, paddr, extents_path):
    kinds = frames.Flags(flags_path).kinds
    if frames.OFFLINE not in kinds[paddr >> 12:]:
        sys.exit('no frame is offline there')
    nr = 0
    with open(extents_path) as f:
        for line in f:
            start, length = map(int, line.split())
            first = (paddr + start) >> 12
            nr += kinds[first:first + (length >> 12)].count(frames.OFFLINE)
    print(nr)


if sys.argv[1] == 'extents':
    extents(sys.argv[2])
else:
    offline(sys.argv[2], int(sys.argv[3]), sys.argv[4])
