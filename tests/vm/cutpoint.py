#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where in a dump written in value order ranks 0 and 1 end.

usage: cutpoint.py DUMP        prints bytes from the start of the file
Within a rank pages lie by frame, so a rank begins where frames go back. The
block that all pages of zeroes share says nothing and is left out.
"""
import collections
import sys

from dumpfile import Kdump

blocks = collections.defaultdict(list)
for pfn, offset, size, _ in Kdump(sys.argv[1]).pages():
    blocks[offset, size].append(pfn)
rank, last = 0, -1
for (offset, size), pfns in sorted(blocks.items()):
    if len(pfns) > 1:
        continue
    if pfns[0] < last:
        rank += 1
        if rank == 2:
            print(offset)
            sys.exit()
    last = pfns[0]
sys.exit('cutpoint.py: fewer than three ranks')
