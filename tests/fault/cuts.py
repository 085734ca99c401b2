#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of each format cut anywhere, and with bits turned, through all commands
that read dumps: each ends in time and within 64 MiB, with an exit status that is
documented, and what is made of a dump that was cut has no wrong page and does
not say that it is complete. (tests/fuzz/every_cut.c does the readers alone, at
every byte.) FULL=1: many; SEED changes where."""

import os
import sys

import harness
from harness import (CAPDUMP, COMPLETE, CUT_SHORT, FULL, NO_DUMP, Judge, Suite,
                     capdump)
from hostile import Ended
import kdumpfile

CUTS, FLIPS = (30, 30) if FULL else (3, 3)      # of each format
DIFFERENT, TROUBLE = 1, 2       # of diff, as diff(1)
# name: options, what goes to stdout
KINDS = {
    "zstd": (("-z", "-d", "1"), False),
    "zlib": (("-c", "-d", "1"), False),
    "lzo": (("-l", "-d", "31"), False),
    "snappy": (("-p", "-d", "31"), False),
    "elf": (("-E", "-d", "31"), False),
    "flat": (("-F", "-z", "-d", "1"), True),
    "flat-elf": (("-F", "-E", "-d", "31"), True),
    "part": (("--split", "-z", "-d", "1"), False),
}


class Cutter:
    def __init__(self, suite, image, name):
        self.suite, self.name = suite, name
        self.judge, self.rng = Judge(image), harness.rng("cuts " + name)
        self.judge.want = None
        self.whole, self.path = suite.path(name), suite.path(name + ".cut")
        options, self.flat = KINDS[name]
        self.rest = [self.whole + ".rest"] if name == "part" else []
        if self.flat:
            with open(self.whole, "wb") as file:
                run = capdump(*options, image, stdout=file)
        else:
            run = capdump(*options, image, self.whole, *self.rest)
        if run.code:
            raise SystemExit(str(run))
        with open(self.whole, "rb") as file:
            self.content = file.read()
        self.codes = {}

    def spots(self, nr):
        """Half of them in what comes first."""
        size = len(self.content)
        return [self.rng.randrange(min(size, 40960) if i % 2 else size)
                for i in range(nr)]

    def made(self, out, whole):
        """Problems of what is made of a cut file."""
        dump = kdumpfile.Dump(out)
        if not dump.head["status"] & kdumpfile.INCOMPLETE and not whole:
            return ["a part is said to be complete"]
        return self.judge.dump(out, not dump.head["status"]
                               & kdumpfile.INCOMPLETE, all_bits=False)

    def commands(self):
        out, made = self.path + ".out", (COMPLETE, NO_DUMP, CUT_SHORT)
        if self.rest:
            files = [self.path, *self.rest]
            yield ["info", *files], None, (COMPLETE, NO_DUMP)
            yield ["verify", *files], None, made
            for level in ((), ("-d", 31)):
                yield ["-f", *level, "--num-threads", 0, "--memory", "32M",
                       "--reassemble", *files, out], out, made
            return
        yield ["info", self.path], None, (COMPLETE, NO_DUMP)
        yield ["dmesg", self.path], None, (COMPLETE, NO_DUMP)
        yield ["verify", self.path], None, made
        yield ["diff", self.path, self.whole], None, (
            COMPLETE, DIFFERENT, TROUBLE)
        yield ["-f", "-d", 31, "--num-threads", 0, "--memory", "32M",
               self.path, out], out, made
        if "elf" not in self.name:
            yield ["repair", "-f", self.path, out], out, made
        if self.flat:
            yield ["rearrange", "-f", self.path, out], None, made

    def look(self, what, is_cut):
        problems = []
        for args, out, codes in self.commands():
            run = Ended(args, timeout=240)
            self.codes[run.code] = self.codes.get(run.code, 0) + 1
            if run.code not in codes or harness.CRASHES.search(run.err) or \
                    "out of memory" in run.err:
                problems.append("%s: %s" % (what, run))
            elif run.code == NO_DUMP and not run.out and not run.err:
                problems.append("%s: not a word: %s" % (what, run))
            elif out and is_cut and run.code in (COMPLETE, CUT_SHORT):
                problems += ["%s: %s: %s" % (what, run, p)
                             for p in self.made(out, run.code == COMPLETE)]
            harness.remove(self.path + ".out")
        return problems

    def run(self):
        problems = []
        for at in self.spots(CUTS):
            with open(self.path, "wb") as file:
                file.write(self.content[:at])
            problems += self.look("cut at %d" % at, True)
        for at in self.spots(FLIPS):
            content, bit = bytearray(self.content), self.rng.randrange(8)
            content[at] ^= 1 << bit
            with open(self.path, "wb") as file:
                file.write(content)
            problems += self.look("bit %d of byte %d" % (bit, at), False)
        harness.remove(self.path, self.whole, *self.rest)
        return problems


def main():
    suite = Suite("cuts")
    image = suite.image(os.path.join(harness.HERE, "small.txt"))

    def one(name):
        cutter = Cutter(suite, image, name)
        return cutter.run(), cutter.codes

    names = sys.argv[1:] or list(KINDS)
    for name, (problems, codes) in zip(names, harness.parallel(one, names)):
        suite.check(name, problems, "%d runs of %s, by status %s" % (
            sum(codes.values()), os.path.basename(CAPDUMP),
            " ".join("%s: %d" % i for i in sorted(
                codes.items(), key=str))))
    suite.finish()


if __name__ == "__main__":
    main()
