#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges dumps of the running kernel (/proc/kcore), and what was counted in it,
by the crash that followed. usage: live.py NAME DIR
DIR is as for sets.py, and holds live.31, live.1 (dumps), usage.json (capdump
--mem-usage --json) and maybe usage.peer.txt (makedumpfile --mem-usage). Prints a
PASS or FAIL line for each claim; status 1 if any failed.

What lay in a page may have changed by the crash, and some pages have changed
hands: no more of them than sets.py allows between /proc/kpageflags and the
panic. Those of the workload stay as they are.
"""
import json
import os
import re
import sys

from dumpfile import Kdump, PAGE, frames_of
from sets import Case, describe

ROWS = {'NON_PRI_CACHE': 'non_private_cache', 'PRI_CACHE': 'private_cache',
        'USER': 'user', 'FREE': 'free', 'ZERO': 'zero', 'KERN_DATA': 'kernel'}


class Live:
    def __init__(self, name, folder):
        self.case, self.folder = Case(name + ' live', folder), folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def frames(self, level):
        """Which pages the dump has, and of what memory."""
        case, dump = self.case, Kdump(self.path('live.%d' % level))
        got = dump.bits()
        memory = int.from_bytes(dump.memory, 'little')
        other = memory ^ case.memory
        # what a crash kernel is given of the first MiB, and never the
        # reservation, which is as large as the workload
        case.claim(not other >> ((1 << 20) // PAGE), 'd%d: the memory is '
                   'the vmcore\'s' % level, '%d frames differ, at %s'
                   % (other.bit_count(), [hex(p) for p in
                                          list(frames_of(other))[:3]]))
        case.truth_kinds(level, got)
        wrong = case.differ(got & case.memory, case.kinds, level)
        case.claim(len(wrong) <= case.max_drift, 'd%d: the pages are '
                   'those of the crash' % level, 'but for %d' % len(wrong)
                   if len(wrong) <= case.max_drift
                   else describe(wrong, case.kind_name))
        return dump

    def contents(self, dump):
        """The workload's pages, and how many others are as at the crash."""
        case, wrong, same, nr = self.case, [], 0, 0
        kind = {pfn: content for (of, content), pfns in case.truth.items()
                for pfn in pfns if of != 'hwpoison'}
        for pfn, *where in dump.pages():
            have = dump.unpack(*where)
            nr += 1
            equal = bool(case.memory >> pfn & 1) and have == case.core.page(pfn)
            same += equal
            if pfn in kind and not equal:
                wrong.append(pfn)
        held = sum(1 for pfn in kind if case.memory >> pfn & 1)
        case.claim(not wrong and held > case.least, 'd1: the workload\'s '
                   'pages hold what they hold at the crash',
                   describe(wrong, case.kind_name) if wrong else '%d' % held)
        case.claim(same > nr * 9 // 10, 'd1: nine of ten pages are as at '
                   'the crash', '%d of %d' % (same, nr))

    def usage(self):
        case = self.case
        with open(self.path('usage.json'), encoding='ascii') as file:
            told = json.load(file)
        for level in (31, 16, 8, 4, 2, 1, 0):
            want = case.expected(case.kinds, level).bit_count()
            have = told['levels'][level]['pages']
            case.claim(abs(have - want) <= case.max_drift, 'mem-usage\'s '
                       'pages of level %d' % level, '%d, at the crash %d'
                       % (have, want))
        if not os.path.exists(self.path('usage.peer.txt')):
            return
        with open(self.path('usage.peer.txt'), encoding='utf-8',
                  errors='replace') as file:
            text = file.read()
        rows = dict(re.findall(r'^(\w+)\s+(\d+)\s+(?:yes|no)\s', text, re.M))
        # the peer counts the kernel's image twice: /proc/kcore has two
        # program headers for it
        twice = int(re.search(r'^Total pages on system:\s+(\d+)', text,
                              re.M).group(1)) - told['pages']
        for name, key in ROWS.items():
            theirs = int(rows.get(name, -1))
            if name == 'KERN_DATA':
                theirs -= twice
            case.claim(theirs >= 0 and
                       abs(theirs - told[key]) <= case.max_drift,
                       'mem-usage\'s %s is the peer\'s' % name,
                       '%d, the peer\'s %d' % (told[key], theirs))


def main():
    live = Live(sys.argv[1], sys.argv[2])
    dump = live.frames(1)
    live.contents(dump)
    live.frames(31)
    live.usage()
    return 1 if live.case.failed else 0


if __name__ == '__main__':
    sys.exit(main())
