#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges an ELF dump (-E) by the compressed dump of the same crash and level, by
the raw vmcore, and by the peer's. usage: elf_pages.py NAME DIR
DIR is as for sets.py, and holds d31, elf and peer.elf. Prints a PASS or FAIL line
for each claim; status 1 if any failed.
"""
import sys

from dumpfile import Kdump, Vmcore, frames_of
from sets import Case, describe

# makedumpfile.h, PFN_EXCLUDED: pages that are left out stay in the file if there
# are fewer in a row
PEER_RUN = 256


def short_runs(frames, excluded):
    """Which of the frames are in no run of PEER_RUN or more excluded ones."""
    out, run, last = set(), [], -2
    for pfn in list(frames_of(excluded)) + [-1]:
        if pfn != last + 1:
            if len(run) < PEER_RUN:
                out.update(run)
            run = []
        run.append(pfn)
        last = pfn
    return [p for p in frames_of(frames) if p not in out]


def main():
    case, folder = Case(sys.argv[1] + ' elf:', sys.argv[2]), sys.argv[2]
    core, dump = case.core, Kdump(folder + '/d31')
    ours, peer = Vmcore(folder + '/elf'), Vmcore(folder + '/peer.elf')
    kept = dump.bits()
    odd = ours.bits() ^ kept
    case.claim(kept and not odd, 'the pages of the compressed dump',
               f'{kept.bit_count()}, {odd.bit_count()} differ')
    wrong = [p for p in frames_of(kept) if ours.page(p) != core.page(p)]
    case.claim(not wrong, 'each holds what the vmcore holds',
               describe(wrong, case.kind_name) if wrong else '')
    stored, theirs = ours.whole(), peer.whole()
    lost = list(frames_of(stored & ~theirs))
    # pages of zeroes behind what is stored are memory without bytes; before it
    # they are stored
    zero = [p for p in lost if peer.bits() >> p & 1 and not any(core.page(p))]
    odd = [p for p in lost if p not in zero and not case.explain(p, True)]
    case.claim(not odd, 'all that is stored is in the peer\'s',
               describe(odd, case.kind_name) if odd else
               f'{stored.bit_count()} but {len(zero)} of zeroes and '
               f'{len(lost) - len(zero)} that it misreads')
    extra = theirs & ~stored
    odd = short_runs(extra, core.bits() & ~stored)
    case.claim(not odd, 'what only the peer\'s has lies in runs of fewer than '
               f'{PEER_RUN} pages', describe(odd, case.kind_name) if odd else
               f'{extra.bit_count()}')
    return 1 if case.failed else 0


if __name__ == '__main__':
    sys.exit(main())
