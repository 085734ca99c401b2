#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken vmcores by chance: words changed in headers, notes, page tables, the
memmap and the kernel's lists (also to other words of the same kind, which
makes cycles), and files cut anywhere. Each ends within seconds and little
memory: in one message and status 1, or in a dump that is right in every page
of that file."""

import json
import os
import re
import struct
import sys

import harness
from harness import (COMPLETE, CUT_SHORT, FULL, NO_DUMP, Judge, Suite,
                     capdump)

ROUNDS = 200 if FULL else 40
MEMORY = 96 << 20               # private bytes
SIZE = 1 << 30                  # of a dump: of memory that is not there
FRAMES = 1 << 22                # more are not looked at one by one
SECONDS = 120                   # 16 TiB of nothing take 15 s to scan
NOTES = re.compile(r": (the notes end at|header: utsname has release)")
KINDS = (("kernel=5.10", "model=flat", "log=records"),
         ("kernel=5.10", "model=extreme"), ("kernel=6.1", "levels=5", "arena=0x200000"),
         ("kernel=6.6",),
         ("kernel=6.12",), ("kernel=7.2",), ("kernel=7.2", "model=extreme"))
ODD = (0, 1, 0xff, 0x7fffffff, 0xffffffff, 1 << 47, (1 << 64) - 1,
       (1 << 63) - 1, 0xffff888000000000, 0xffffea0000000000)


# KiB, blocks, blocks of 512 bytes
LIMITS = ("-d %d" % (MEMORY >> 10), "-c 0", "-f %d" % (SIZE >> 9))


class Target:
    """One image, and where in its file are the words that matter."""

    def __init__(self, suite, settings):
        # one copy of the kernel image: changing one of two is two truths
        self.path = suite.image(os.path.join(harness.HERE, "small.txt"),
                                "text_load=0", *settings)
        self.judge = Judge(self.path)
        self.size = os.path.getsize(self.path)
        self.spots = {"headers": [0], "notes": [
            o for o, n in self.judge.raw.notes for o in range(o, o + n, 512)]}
        with open(self.path + ".truth", encoding="ascii") as file:
            for line in file:
                span, kind = line.split()[:2]
                if kind not in ("memmap", "pagetable", "reserved", "image"):
                    continue
                first, last = (int(x, 16) for x in span.split("-"))
                self.spots.setdefault(kind, []).extend(
                    o for pfn in range(first, last + 1)
                    for o in self.offsets(pfn))

    def offsets(self, pfn):
        """Of the frame's contents, unless they are zero."""
        for first, end, offset in self.judge.raw.whole:
            at = offset + (pfn - first) * 4096
            if first <= pfn < end and \
                    self.judge.raw.map[at:at + 4096].strip(b"\0"):
                yield at

    def word_at(self, rng, file):
        """A word that is not zero, on a page of some kind."""
        spots = self.spots[rng.choice(sorted(self.spots))]
        for _ in range(50):
            base = rng.choice(spots)
            at = base + 8 * rng.randrange(
                512 if base % 4096 == 0 and base else 64)
            file.seek(at)
            raw = file.read(8)
            if len(raw) == 8 and raw.strip(b"\0"):
                return at, raw
        return base, bytes(8)

    def mangle(self, rng, file):
        """Changes some words; returns what was there."""
        before = []
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            at, raw = self.word_at(rng, file)
            how = rng.randrange(5)
            if how == 0:
                word = struct.pack("<Q", rng.choice(ODD))
            elif how == 1:
                word = self.word_at(rng, file)[1]
            elif how == 2:
                word = (int.from_bytes(raw, "little")
                        ^ 1 << rng.randrange(64)).to_bytes(8, "little")
            elif how == 3:
                word = rng.randbytes(8)
            else:
                word = struct.pack("<Q", (int.from_bytes(raw, "little")
                                          + rng.choice((-4096, -1, 1, 64,
                                                        4096))) % (1 << 64))
            before.append((at, raw))
            file.seek(at)
            file.write(word)
        file.flush()
        return before


def frames(path):
    """max_mapnr of a dump's sub-header."""
    with open(path, "rb") as file:
        file.seek(4096 + 96)
        return struct.unpack("<Q", file.read(8))[0]


def look(problems, run):
    """No run of any kind may end worse than with a message."""
    if run.crash():
        problems.append(run.crash())
    elif run.code == NO_DUMP and not run.out:
        problems.append(harness.one_message(run))
    elif run.code not in (COMPLETE, NO_DUMP, CUT_SHORT):
        problems.append("status %s: %s" % (run.code, run))


def attempt(image, out, options):
    """Captures IMAGE, reads what comes of it; problems, and the status."""
    problems = []
    run = capdump("-f", *options, image, out, ulimits=LIMITS, timeout=SECONDS)
    look(problems, run)
    if run.code in (COMPLETE, CUT_SHORT) and not run.crash():
        check = capdump("verify", out, ulimits=LIMITS, timeout=SECONDS)
        # what is broken in the notes stands so in the dump, and verify says so
        said = [line for line in check.err.splitlines()
                if not NOTES.search(line)]
        if check.code != run.code and (check.code != NO_DUMP or said
                                       or check.crash()):
            problems.append("verify: %s\n%s" % (check, check.out))
        if frames(out) <= FRAMES:
            judge = Judge(image)
            judge.want = None
            problems += ["%s\n%s" % (p, run) for p in judge.dump(
                out, run.code == COMPLETE, filler_ok=harness.ALL)]
        for word in ("info", "dmesg"):
            look(problems, capdump(word, out, ulimits=LIMITS,
                                   timeout=SECONDS))
    harness.remove(out)
    for word in ("info", "dmesg"):
        look(problems, capdump(word, image, ulimits=LIMITS, timeout=SECONDS))
    run = capdump("triage", "--json", image, ulimits=LIMITS, timeout=SECONDS)
    look(problems, run)
    if run.code == COMPLETE:
        json.loads(run.out)
    return [p for p in problems if p], run.code


def changed(suite, number, settings):
    """Words changed in one image."""
    target = Target(suite, settings)
    rng = harness.rng("mangle %d" % number)
    problems, codes = [], []
    out = suite.path("mangled.%d" % number)
    with open(target.path, "r+b") as file:
        for _ in range(ROUNDS // len(KINDS)):
            before = target.mangle(rng, file)
            bad, code = attempt(target.path, out, (
                "-d", rng.choice((1, 31, 31)), "--num-threads",
                rng.randrange(3)))
            codes.append(code)
            problems += ["words at %s: %s" % (
                " ".join("%#x" % at for at, _ in before), p) for p in bad]
            for at, raw in reversed(before):
                file.seek(at)
                file.write(raw)
            file.flush()
    return problems, codes


def cut(suite):
    """One image cut anywhere, with and without --salvage."""
    path = suite.image(os.path.join(harness.HERE, "small.txt"),
                       "text_load=0")
    size = os.path.getsize(path)
    rng = harness.rng("cut")
    points = [rng.randrange(size) for _ in range(40 if FULL else 6)]
    points += [rng.randrange(8192) for _ in range(40 if FULL else 6)]
    out, problems = suite.path("cut"), []
    for point in sorted(points, reverse=True):
        os.truncate(path, point)
        for options in ((), ("--salvage",), ("--salvage", "--non-mmap")):
            bad, code = attempt(path, out, ("-d", 31) + options)
            problems += ["cut at %d: %s" % (point, p) for p in bad]
            if code != NO_DUMP and not options:
                problems.append("cut at %d: status %s" % (point, code))
    suite.check("cut", problems, "%d points" % len(points))


def main():
    suite = Suite("mangle")
    results = harness.parallel(lambda job: changed(suite, *job),
                               list(enumerate(KINDS)))
    for settings, (problems, codes) in zip(KINDS, results):
        suite.check("-".join(s.split("=")[1] for s in settings), problems,
                    "%d files, by status %s" % (len(codes), " ".join(
                        "%s: %d" % (c, codes.count(c))
                        for c in sorted(set(codes), key=str))))
    cut(suite)
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
