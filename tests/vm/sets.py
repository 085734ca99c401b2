#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges which pages dumps of one crash hold, and what is in them.

usage: sets.py NAME DIR LEVEL:DUMP:[PEER]...
DIR holds vmcore, kpageflags, truth.txt (tests/vm/boot.sh) and pages.bin,
pages.json (drgn_pages.py, s390x_pages.py); without these, for a kernel without debuginfo,
kpageflags is the only witness. cma.txt and hidden.txt there, ranges START-LAST,
are of machine/cma and machine/loader. DUMP is capdump's, PEER the peer's dump
of that level, if it can make one. Prints a PASS or FAIL line for each claim;
status 1 if any failed.
"""
import collections
import os
import sys

import frames
from dumpfile import Kdump, Vmcore, bits_of, frames_of, PAGE

# Frames that changed hands between /proc/kpageflags and the panic: processes
# ended, files were written, kpageflags itself first (a page for 512 frames).
# Measured 300 to 900 of 196,000, 4,651 of 982,907.
MAX_DRIFT = 3500
# Kernel pages among them, where no struct pages tell which changed hands. Looked
# at on s390x, 1 to 4: page tables of processes that ended after kpageflags was
# read, each in a free block at the panic.
MAX_FREED = MAX_DRIFT // 4


def describe(pfns, judge, most=5):
    kinds = collections.Counter(judge(p) for p in pfns)
    return ', '.join(f'{n} {k}' for k, n in kinds.most_common(most)) + \
        ' e.g. ' + ' '.join(hex(p) for p in pfns[:3])


class Case:
    def __init__(self, name, folder):
        self.name = name
        self.failed = 0
        self.core = Vmcore(folder + '/vmcore')
        self.memory = self.core.bits()
        self.hidden = bits_of(self.find_range(folder + '/hidden.txt'))
        self.in_vmcore = self.memory & self.hidden
        self.memory &= ~self.hidden
        self.whole = self.core.whole()
        self.flags = frames.Flags(folder + '/kpageflags',
                                  self.core.order == '>')
        self.max_drift = MAX_DRIFT + len(self.flags.raw) // 512
        self.pages = None
        if os.path.exists(folder + '/pages.json'):
            self.pages = frames.Pages(folder + '/pages')
        # frames that the capture kernel got to use (crashkernel=,cma)
        self.cma, self.in_cma = self.find_range(folder + '/cma.txt'), 0
        self.truth = collections.defaultdict(list)
        with open(folder + '/truth.txt') as f:
            for line in f:
                kind, content, pfn = line.split()
                if int(pfn, 16) in self.cma:
                    self.in_cma += 1
                elif int(pfn, 16):
                    self.truth[kind, content].append(int(pfn, 16))
        self.giga = {p for (kind, _), pfns in self.truth.items()
                     if kind == 'giga' for p in pfns}
        self.least = (16 << 20) // PAGE	# of the workload's pages
        # a dump that QEMU made has memory of devices and the firmware, too
        for witness in filter(None, (self.pages, self.flags)):
            witness.kinds += [frames.KERNEL] * (
                self.memory.bit_length() - len(witness.kinds))
        self.kinds = (self.pages or self.flags).kinds
        self.find_image()
        self.drifted = {p for p in frames_of(self.memory)
                        if self.kinds[p] != self.flags.kinds[p]}

    @staticmethod
    def find_range(path):
        """The frames of a range that the crashed kernel told, if it is one."""
        if not os.path.exists(path):
            return range(0)
        with open(path) as f:
            first, last = (int(x, 16) for x in f.read().strip().split('-'))
        return range(first // PAGE, last // PAGE + 1)

    def find_image(self):
        """Frames of the kernel's image: where no kallsyms tell which part of
        it was freed after booting (before 6.0), capdump keeps it whole."""
        self.image = 0
        if self.pages and self.core.find(b'SYMBOL(kallsyms_names)=') < 0:
            start, end = (self.pages.json['symbols'][n]
                          for n in ('_text', '_end'))
            self.image = (1 << -(-end // PAGE)) - (1 << start // PAGE)

    def differ(self, got, kinds, level):
        expected = self.expected(kinds, level)
        return list(frames_of((got ^ expected) &
                              ~(got & ~expected & self.image)))

    def claim(self, good, what, why=''):
        self.failed += not good
        print('PASS' if good else 'FAIL', self.name, what,
              f'({why})' if why else '', flush=True)

    def expected(self, kinds, level):
        return self.memory & ~bits_of(
            p for p in frames_of(self.memory)
            if frames.dropped_at(kinds[p], level))

    def kind_name(self, pfn):
        return f'{frames.NAMES[self.kinds[pfn]]}' \
            f' (kpageflags: {frames.NAMES[self.flags.kinds[pfn]]})' + \
            (' tail' if self.is_tail(pfn) else '')

    def is_tail(self, pfn):
        return (self.pages or self.flags).is_tail(pfn)

    def struct_pages(self, level, got):
        wrong = self.differ(got, self.kinds, level)
        self.claim(not wrong, f'd{level}: the pages are those that the '
                   'struct pages name',
                   describe(wrong, self.kind_name) if wrong else
                   f'{got.bit_count()} of {self.memory.bit_count()}')

    def kpageflags(self, level, got):
        wrong = set(self.differ(got, self.flags.kinds, level))
        # without debuginfo nobody knows which frames changed hands, only that
        # they are few and that the peer sees them as we do
        unknown = sorted(wrong - self.drifted) if self.pages else []
        good = not unknown and len(wrong) <= self.max_drift
        self.claim(good, f'd{level}: the pages are those that '
                   '/proc/kpageflags names',
                   describe(unknown, self.kind_name) if unknown else
                   f'but {len(wrong)} that changed hands before the panic')

    def must_stay(self, level, got):
        lost = [p for p in frames_of(self.memory & ~got)
                if self.flags.kinds[p] == frames.KERNEL and
                self.flags.must_stay(p)]
        # given back to the buddy lists or to user space before the panic
        lost = [p for p in lost if p not in self.drifted]
        self.claim(not lost or not self.pages and len(lost) <= MAX_FREED,
                   f'd{level}: no slab, page table or reserved page is missing',
                   describe(lost, self.kind_name) if lost else '')

    def explain(self, pfn, kept_by_us):
        """Why capdump and the peer differ here; None: for no known reason."""
        if kept_by_us and not self.whole >> pfn & 1:
            return 'only partly in memory, left out by the peer'
        if kept_by_us and pfn >= len(self.flags.raw):
            return 'a device\'s or the firmware\'s, left out by the peer'
        if kept_by_us and self.image >> pfn & 1:
            return 'of a kernel image without kallsyms'
        if kept_by_us and self.is_tail(pfn):
            return 'compound tail misread by the peer'
        if not kept_by_us and pfn in self.giga and \
                self.flags.is_huge(pfn) and self.kinds[pfn] == frames.USER:
            return 'of a 1 GiB page, its memmap misread by the peer'
        if self.pages and pfn < len(self.kinds) and \
                self.kinds[pfn] == frames.USER and self.pages.waiters(pfn):
            return 'a user page whose PG_waiters the peer takes for PG_slab'
        return None

    def peer(self, level, got, theirs):
        why, unknown = collections.Counter(), []
        for pfn in frames_of(got ^ theirs):
            reason = self.explain(pfn, got >> pfn & 1)
            why[reason] += 1
            if not reason:
                unknown.append(pfn)
        known = ', '.join(f'{n} {r}' for r, n in why.items() if r)
        self.claim(not unknown, f'd{level}: the pages are the peer\'s',
                   describe(unknown, self.kind_name) if unknown else
                   known or 'no difference')

    def truth_kinds(self, level, got):
        wrong = []
        for (kind, _), pfns in self.truth.items():
            for pfn in pfns:
                if kind == 'hwpoison':
                    drop = True
                elif kind in ('anon', 'thp', 'hugetlb', 'giga'):
                    drop = bool(level & 8)
                elif kind in ('memfd', 'tmpfs'):
                    drop = bool(level & 6)
                else:			# a file's, with or without buffers
                    drop = bool(level & 4)
                    if level & 2 and not level & 4:
                        continue
                if bool(got >> pfn & 1) == drop:
                    wrong.append(pfn)
        nr = sum(map(len, self.truth.values()))
        self.claim(not wrong and nr > self.least,
                   f'd{level}: the workload\'s pages',
                   describe(wrong, self.kind_name) if wrong else f'{nr}')

    def truth_contents(self):
        wrong, nr = [], 0
        for (kind, content), pfns in self.truth.items():
            if kind == 'hwpoison':
                continue
            for pfn in pfns:
                page = self.core.page(pfn)
                nr += 1
                if not {'zero': lambda: not any(page),
                        'text': lambda: b'workload' in page,
                        'number': lambda: page[:8] * (PAGE // 8) == page,
                        'random': lambda: len(set(page)) > 180}[content]():
                    wrong.append(pfn)
        self.claim(not wrong and nr > self.least, 'the raw vmcore holds what the '
                   'workload wrote',
                   describe(wrong, self.kind_name) if wrong else
                   f'{nr} pages')

    def contents(self, level, dump):
        wrong, zero_blocks, nr, zeroes = [], set(), 0, 0
        seen = {}
        zero = bytes(PAGE)
        for pfn, offset, size, flags in dump.pages():
            nr += 1
            want = self.core.page(pfn)
            # a block that several pages share is decoded once
            key = offset, size, flags
            have = seen.get(key)
            try:
                if have is None:
                    have = dump.unpack(*key)
                    if want == zero:
                        seen[key] = have
            except Exception as e:	# any codec's own
                wrong.append(f'{pfn:#x}: {e}')
                continue
            if have != want:
                wrong.append(f'{pfn:#x}: differs')
            elif want == zero:
                zero_blocks.add(key)
                zeroes += 1
        self.claim(not wrong and nr, f'd{level}: every page is what the raw '
                   'vmcore has', f'{len(wrong)} wrong, ' + '; '.join(wrong[:3])
                   if wrong else f'{nr} pages, {zeroes} of zeroes')
        if level & 1:
            self.claim(len(zero_blocks) == 1, f'd{level}: pages of zeroes '
                       'share one block', f'{len(zero_blocks)} blocks')
        self.claim(dump.version == 6 and not dump.status & dump.INCOMPLETE,
                   f'd{level}: the header says version 6, complete')

    def judge(self, level, dump_path, peer_path):
        dump = Kdump(dump_path)
        got = dump.bits()
        if self.pages:
            self.struct_pages(level, got)
        self.kpageflags(level, got)
        self.must_stay(level, got)
        if self.hidden:
            found = got | int.from_bytes(dump.memory, 'little')
            self.claim(not found & self.hidden, f'd{level}: nothing of the '
                       'reservation that the loader did not know, in either '
                       'bitmap')
        self.truth_kinds(level, got)
        if peer_path:
            self.peer(level, got, Kdump(peer_path).bits())
        self.contents(level, dump)


def main():
    case = Case(sys.argv[1], sys.argv[2])
    case.truth_contents()
    if case.cma:
        bits = (1 << case.cma.stop) - (1 << case.cma.start)
        # whether the workload got pages of it the kernel decides each boot
        case.claim(not case.memory & bits,
                   'no frame of the CMA range is in the vmcore',
                   f'{len(case.cma)}, {case.in_cma} of the workload')
    if case.hidden:
        case.claim(case.in_vmcore == case.hidden, 'the reservation that the '
                   'loader did not know is in the vmcore',
                   f'{case.in_vmcore.bit_count()} frames')
    if case.pages:
        case.claim(len(case.drifted) <= case.max_drift, 'struct pages and '
                   '/proc/kpageflags agree', f'but for {len(case.drifted)}')
    for arg in sys.argv[3:]:
        level, dump, peer = arg.split(':')
        try:
            case.judge(int(level), dump, peer)
        except Exception as e:
            case.claim(False, f'd{level}: the dumps can be read', repr(e))
    sys.exit(bool(case.failed))


if __name__ == '__main__':
    main()
