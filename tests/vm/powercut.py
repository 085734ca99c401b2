#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cuts the power while capdump writes, at every flush and between.

usage: powercut.py NAME DIR CAPDUMP [POINTS]
DIR/writes is QEMU's log of all writes to the second disk (the format of
Linux Documentation/admin-guide/device-mapper/log-writes.rst), DIR/writes.base
the disk before the boot, DIR/vmcore the raw vmcore. The writes are replayed up
to a point, the journal is recovered as a mount would, and the dump that is
then in the file system is judged. The points are every flush, and between
two flushes: after a write; inside one, of which the first half is there
(such a torn write may misstate one page); and with some of the writes since
the last flush and not others, as a disk's cache leaves them. Prints PASS and
FAIL lines.
"""
import collections
import hashlib
import os
import random
import struct
import subprocess
import sys
import tempfile

from dumpfile import Kdump, Vmcore, PAGE

MAGIC = 0x6a736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
DUMP = '/dump'
SECTOR = 512


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


def put(log, entry, torn, image):
    """Writes an entry of the log, or its first half, into a file."""
    start, length, flags, at = entry
    if flags & MARK:
        return
    if torn:
        length = length // 2 // SECTOR * SECTOR
    while length:
        part = min(length, 1 << 20)
        data = bytes(part)
        if not flags & DISCARD:
            data = os.pread(log.fileno(), part, at)
            at += part
        os.pwrite(image.fileno(), data, start)
        start += part
        length -= part


class Disk:
    """The disk as it was at the last flush."""

    def __init__(self, base, log, work):
        self.image, self.work = work + '/image', work
        copy_sparse(base, self.image)
        self.file = open(self.image, 'r+b', buffering=0)
        self.log = open(log, 'rb', buffering=0)

    def advance(self, writes):
        for entry in writes:
            put(self.log, entry, False, self.file)

    def extract(self, writes=()):
        """Recovers a copy's journal, after WRITES, pairs (entry, torn), went
        to that copy; the path of the dump in it, or None."""
        scratch, dump = self.work + '/scratch', self.work + '/dump'
        copy_sparse(self.image, scratch)
        with open(scratch, 'r+b', buffering=0) as f:
            for entry, torn in writes:
                put(self.log, entry, torn, f)
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

    def state(self, dump, torn):
        """(pages that can be read, is complete), or why it is no dump."""
        with open(dump, 'rb') as f:
            digest = hashlib.file_digest(f, 'sha256').digest(), torn
        if digest not in self.seen:
            self.seen[digest] = self.look(dump, torn)
        return self.seen[digest]

    def look(self, path, torn):
        try:
            dump = Kdump(path)
            if dump.kept != self.whole.kept:
                return 'bitmap 2 differs', None
        except (ValueError, struct.error) as e:
            return f'no metadata: {e}', None
        there, misstated = 0, []
        for i, (pfn, *block) in enumerate(self.whole.pages()):
            at = self.whole.table + i * 24
            have = dump.map[at:at + 24]
            if not any(have):
                continue
            offset, size, _ = block
            if have != self.whole.map[at:at + 24] or \
                    dump.map[offset:offset + size] != \
                    self.whole.map[offset:offset + size]:
                misstated.append(hex(pfn))
            else:
                there += 1
        if len(misstated) > torn:
            raise ValueError(f'{len(misstated)} wrong: {misstated[:3]}')
        complete = not dump.status & Kdump.INCOMPLETE
        if complete and there != self.whole.bits().bit_count():
            raise ValueError('says complete, pages are missing')
        run = subprocess.run([self.capdump, 'verify', path],
                             capture_output=True, text=True)
        want = (1, 3) if misstated else (0,) if complete else (3,)
        if run.returncode not in want:
            raise ValueError(f'verify: status {run.returncode}, '
                             f'{run.stderr.strip()[-200:]}')
        return there, complete


def epochs_of(entries):
    """The writes between two flushes, each list with the flush that ends it
    (FUA: a write that is a flush of itself only)."""
    epoch = []
    for entry in entries:
        epoch.append(entry)
        if entry[2] & FLUSH:
            yield epoch
            epoch = []
    yield epoch


def cuts_of(epoch, chance):
    """What can be on the disk in this epoch: lists of (entry, torn)."""
    writes = [(e, False) for e in epoch if e[1]]
    for i, (entry, _) in enumerate(writes):
        if entry[1] > SECTOR and not entry[2] & (DISCARD | FUA):
            yield 'torn', writes[:i] + [(entry, True)]
        if i + 1 < len(writes):
            yield 'prefix', writes[:i + 1]
    for _ in range(min(8, len(writes))):
        yield 'subset', [w for w in writes
                         if w[0][2] & FUA or chance.random() < 0.5]


def replay(judge, entries, disk, extra):
    """Judges all cuts at flushes, about EXTRA of the others; the states in
    order, what was wrong, and how many cuts of each kind there were."""
    chance = random.Random(1)
    epochs = list(epochs_of(entries))
    cuts = [[('flush', [])] + list(cuts_of(e, chance)) for e in epochs]
    keep = extra / max(1, sum(len(c) - 1 for c in cuts))
    states, wrong, kinds = [], [], collections.Counter()
    for number, (epoch, some) in enumerate(zip(epochs, cuts)):
        for kind, writes in some:
            if kind != 'flush' and chance.random() > keep:
                continue
            kinds[kind] += 1
            try:
                dump = disk.extract(writes)
                states.append((number, kind, judge.state(dump, kind == 'torn')
                               if dump else ('no file yet', None)))
            except ValueError as e:
                wrong.append(f'{kind} in epoch {number}: {e}')
        disk.advance(epoch)
    return states, wrong, kinds


def main():
    name, folder, capdump = sys.argv[1:4]
    judge = Judge(name, folder, capdump)
    entries = read_log(folder + '/writes')
    files = folder + '/writes.base', folder + '/writes'
    with tempfile.TemporaryDirectory(dir=folder) as work:
        disk = Disk(*files, work)
        disk.advance(entries)
        dump = disk.extract()
        judge.claim(dump is not None, 'with no cut there is a dump')
        if not dump:
            return 1
        os.rename(dump, folder + '/whole')
        judge.load_whole(folder + '/whole')
        states, wrong, kinds = replay(judge, entries, Disk(*files, work),
                                      int(sys.argv[4]) if sys.argv[4:] else 250)

    judge.claim(not wrong, f'whatever can be read is right, at '
                f'{kinds.pop("flush")} flushes and {kinds.total()} cuts '
                'between', '; '.join(wrong[:3]) if wrong else
                ', '.join(f'{n} {k}' for k, n in kinds.items()))
    flushed = [(n, s) for n, kind, (s, _) in states
               if kind == 'flush' and isinstance(s, int)]
    first = flushed[0][0] if flushed else 1 << 30
    lost = [(n, kind, s) for n, kind, (s, _) in states
            if n >= first and not isinstance(s, int)]
    judge.claim(flushed and not lost, 'once there is a dump there always is '
                'one', f'{lost[:3]}' if lost else f'from flush {first} on')
    back = [(n, kind, s) for at, before in flushed
            for n, kind, (s, _) in states
            if n >= at and isinstance(s, int) and s + (kind == 'torn') < before]
    judge.claim(not back, 'no page is lost again', f'{back[:3]}' if back else
                '')
    part = {s for _, s in flushed if 0 < s < judge.whole.bits().bit_count()}
    judge.claim(bool(part), 'there were checkpoints before the end',
                f'{len(part)}')
    return judge.failed != 0


if __name__ == '__main__':
    sys.exit(main())
