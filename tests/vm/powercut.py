#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cuts the power while capdump writes, at every flush and between.

usage: powercut.py NAME DIR CAPDUMP [POINTS]
DIR/writes is QEMU's log of all writes to the second disk (the format of
Linux Documentation/admin-guide/device-mapper/log-writes.rst), DIR/writes.base
the disk before the boot, DIR/vmcore the raw vmcore. For each point the writes
before it are replayed, the journal is recovered as a mount would, and the
dump that is then in the file system is judged. Prints PASS and FAIL lines.
"""
import hashlib
import os
import struct
import subprocess
import sys
import tempfile

from dumpfile import Kdump, Vmcore, PAGE

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
DUMP = '/dump'


def read_log(path):
    """Entries as (disk offset, len, flags, offset of the bytes in the log)."""
    size = os.path.getsize(path)
    with open(path, 'rb') as f:
        magic, version, count, sector = struct.unpack('<QQQI', f.read(28))
        if magic != MAGIC or version != 1:
            raise ValueError('no write log')
        at = sector
        entries = []
        while len(entries) < count and at + sector <= size:
            f.seek(at)
            start, sectors, flags, _ = struct.unpack('<QQQQ', f.read(32))
            at += sector
            entries.append((start * sector, sectors * sector, flags, at))
            if not flags & (DISCARD | MARK):
                at += sectors * sector
    return entries


def copy_sparse(source, target):
    """Copies what is not a hole; TARGET is made new."""
    with open(source, 'rb') as src, open(target, 'wb') as dst:
        size = os.fstat(src.fileno()).st_size
        dst.truncate(size)
        at = 0
        while at < size:
            try:
                at = os.lseek(src.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(src.fileno(), at, os.SEEK_HOLE)
            while at < end:
                at += os.copy_file_range(src.fileno(), dst.fileno(),
                                         end - at, at, at)


class Disk:
    """The disk as it was after some of the writes."""

    def __init__(self, base, log, work):
        self.image = work + '/image'
        copy_sparse(base, self.image)
        self.file = open(self.image, 'r+b', buffering=0)
        self.log = open(log, 'rb', buffering=0)

    def apply(self, entry):
        start, length, flags, at = entry
        if flags & MARK or not length:
            return
        while length:
            part = min(length, 1 << 20)
            if flags & DISCARD:
                data = bytes(part)
            else:
                data = os.pread(self.log.fileno(), part, at)
                at += part
            os.pwrite(self.file.fileno(), data, start)
            start += part
            length -= part

    def extract(self, work):
        """Recovers a copy's journal; the path of the dump in it, or None."""
        scratch, dump = work + '/scratch', work + '/dump'
        copy_sparse(self.image, scratch)
        run = subprocess.run(['e2fsck', '-y', '-E', 'journal_only', scratch],
                             capture_output=True)
        if run.returncode > 1:
            raise ValueError(f'e2fsck: status {run.returncode}')
        if os.path.exists(dump):
            os.remove(dump)
        run = subprocess.run(['debugfs', '-R', f'dump {DUMP} {dump}', scratch],
                             capture_output=True)
        if b'File not found' in run.stderr or not os.path.exists(dump):
            return None
        return dump


class Judge:
    def __init__(self, name, folder, capdump):
        self.name, self.folder, self.capdump = name, folder, capdump
        self.failed = 0
        self.whole = None
        self.seen = {}

    def claim(self, good, what, why=''):
        self.failed += not good
        print('PASS' if good else 'FAIL', self.name, 'power cut:', what,
              f'({why})' if why else '', flush=True)

    def load_whole(self, dump):
        """The dump at the end, against the raw vmcore."""
        core = Vmcore(self.folder + '/vmcore')
        self.whole = Kdump(dump)
        wrong = [pfn for pfn, *block in self.whole.pages()
                 if self.whole.unpack(*block) != core.page(pfn)]
        count = self.whole.bits().bit_count()
        self.claim(not wrong and count and
                   not self.whole.status & Kdump.INCOMPLETE,
                   'with no cut the dump is complete and right',
                   f'{count} pages, {len(wrong)} wrong')

    def state(self, dump):
        """(pages that can be read, is complete), or why it is no dump."""
        with open(dump, 'rb') as f:
            digest = hashlib.file_digest(f, 'sha256').digest()
        if digest not in self.seen:
            self.seen[digest] = self.look(dump)
        return self.seen[digest]

    def look(self, path):
        try:
            dump = Kdump(path)
            if dump.kept != self.whole.kept:
                return 'bitmap 2 differs', None
        except (ValueError, struct.error) as e:
            return f'no metadata: {e}', None
        there = 0
        table, whole = dump.map, self.whole
        for i, (pfn, *block) in enumerate(whole.pages()):
            at = whole.table + i * 24
            have = table[at:at + 24]
            if not any(have):
                continue
            if have != whole.map[at:at + 24]:
                raise ValueError(f'descriptor of {pfn:#x} differs')
            offset, size, _ = block
            if dump.map[offset:offset + size] != \
                    whole.map[offset:offset + size]:
                raise ValueError(f'contents of {pfn:#x} differ')
            there += 1
        complete = not dump.status & Kdump.INCOMPLETE
        if complete and there != whole.bits().bit_count():
            raise ValueError('says complete, pages are missing')
        run = subprocess.run([self.capdump, 'verify', path],
                             capture_output=True, text=True)
        if run.returncode not in (0, 3):
            raise ValueError(f'verify: status {run.returncode}, '
                             f'{run.stderr.strip()[-200:]}')
        return there, complete


def points_of(entries, extra):
    """Entries after which the power goes: all flushes, EXTRA between."""
    flushes = {i for i, e in enumerate(entries) if e[2] & (FLUSH | FUA)}
    others = [i for i in range(len(entries)) if i not in flushes]
    step = max(1, len(others) // extra) if extra else len(others) + 1
    return flushes, flushes | set(others[::step])


def replay(judge, entries, points, work):
    disk = Disk(judge.folder + '/writes.base', judge.folder + '/writes', work)
    states, wrong = [], []
    for i, entry in enumerate(entries):
        disk.apply(entry)
        if i not in points:
            continue
        try:
            dump = disk.extract(work)
            states.append((i, judge.state(dump) if dump else
                           ('no file yet', None)))
        except ValueError as e:
            wrong.append(f'after write {i}: {e}')
    return states, wrong


def main():
    name, folder, capdump = sys.argv[1:4]
    judge = Judge(name, folder, capdump)
    entries = read_log(folder + '/writes')
    flushes, points = points_of(entries,
                                int(sys.argv[4]) if len(sys.argv) > 4 else 200)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        disk = Disk(folder + '/writes.base', folder + '/writes', work)
        for entry in entries:
            disk.apply(entry)
        dump = disk.extract(work)
        judge.claim(dump is not None, 'with no cut there is a dump')
        if not dump:
            return 1
        os.rename(dump, folder + '/whole')
        judge.load_whole(folder + '/whole')
        states, wrong = replay(judge, entries, points, work)

    judge.claim(not wrong, f'whatever can be read is right, at '
                f'{len(flushes)} flushes and {len(points) - len(flushes)} '
                'points between', '; '.join(wrong[:3]))
    good = [(i, s) for i, (s, _) in states if isinstance(s, int)]
    first = good[0][0] if good else len(entries)
    lost = [(i, s) for i, (s, _) in states
            if i > first and not isinstance(s, int)]
    judge.claim(good and not lost, 'once there is a dump there always is one',
                f'{lost[:3]}' if lost else
                f'from write {first} of {len(entries)} on')
    back = [(i, s) for (_, before), (i, s) in zip(good, good[1:])
            if s < before]
    judge.claim(not back, 'no page is lost again', f'{back[:3]}' if back else
                f'{len(set(s for _, s in good))} different numbers of pages')
    between = [s for _, s in good if 0 < s < judge.whole.bits().bit_count()]
    judge.claim(bool(between), 'there were checkpoints before the end',
                f'{len(set(between))}')
    return judge.failed != 0


if __name__ == '__main__':
    sys.exit(main())
