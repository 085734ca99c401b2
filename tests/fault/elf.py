#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An ELF dump (-E) whose making fails: the n-th call of each kind does, or
SIGKILL comes at some moment. What the file claims is in it and right, or it is
no ELF file yet; only a whole one says that it is complete."""

import collections
import itertools
import os
import signal
import subprocess
import sys
import time

import harness
from harness import CAPDUMP, COMPLETE, CUT_SHORT, FULL, NO_DUMP, Suite, \
    capdump, steps
import elfdump

PAGE = 4096
KINDS = {
    "write-eio": dict(call="write", how=5),
    "write-eio-on": dict(call="write", how=5, last="forever"),
    "write-enospc-on": dict(call="write", how=28, last="forever"),
    "write-short": dict(call="write", how="short"),
    "sync-eio": dict(call="sync", how=5),
    "fallocate-enospc-on": dict(call="fallocate", how=28, last="forever"),
    "truncate-eio": dict(call="truncate", how=5),
    "thread-on": dict(call="thread", last="forever"),
}
SLOW = 60000                    # microseconds a write to the output takes
KILLS = 40 if FULL else 4


class Judge:
    def __init__(self, image, reference):
        self.image, self.reference = image, reference
        self.whole = elfdump.ElfDump(reference, PAGE)

    def dump(self, path, complete):
        """Problems of a file that is there."""
        try:
            dump = elfdump.ElfDump(path, PAGE)
        except ValueError as err:
            return [str(err)]
        problems = list(dump.problems)
        for pfn in dump.frames:
            # of a frame that two PT_LOADs share one may not be there yet
            if pfn not in self.whole.frames or dump.page(pfn) != \
                    self.whole.page(pfn):
                problems.append("frame %x is not the reference's" % pfn)
        if dump.complete != complete:
            problems.append("complete: %s" % dump.complete)
        return problems + dump.problems[len(problems):]

    def left(self, path):
        """Problems of what is there after a death."""
        with open(path, "rb") as file:
            if file.read(4) != b"\x7fELF":
                return []
        return self.dump(path, False)

    def outcome(self, run, output):
        crash = run.crash()
        if crash:
            return [crash]
        if run.code == COMPLETE:
            same = harness.digest(output) == harness.digest(self.reference)
            return [] if same else ["status 0: %s" % run]
        if run.code == CUT_SHORT:
            problems = self.dump(output, False)
        elif run.code != NO_DUMP:
            problems = ["status %s" % run.code]
        elif not os.path.exists(output):
            problems = []
        elif harness.digest(output) == harness.digest(self.reference):
            problems = []       # all of it, but the last fsync() failed
        else:
            problems = self.left(output)
        return ["%s\n%s" % (p, run) for p in problems]


def sweep(suite, judge, kind, threads):
    problems, codes = [], collections.Counter()
    for n in steps(dense=8):
        output = suite.path("out")
        run = capdump("-E", "-d", 31, "--num-threads", threads, judge.image,
                      output, fault=dict(KINDS[kind], n=n, output=output,
                                         input=judge.image))
        problems += judge.outcome(run, output)
        harness.remove(output)
        if run.code is not None and not run.struck or len(problems) > 20:
            break
        codes[run.code] += 1
    suite.check("%s-%d" % (kind, threads), problems, "by status %s" % " ".join(
        "%s: %d" % i for i in sorted(codes.items(), key=str)))


def kill(judge, output, after):
    """A slow run that is killed; its problems, and how far it had come."""
    env = dict(os.environ, LD_PRELOAD=harness.SHIM, FAULT_SLOW=str(SLOW),
               FAULT_OUTPUT=output)
    with subprocess.Popen([CAPDUMP, "-E", "-d", "0", "--num-threads", "0",
                           judge.image, output], env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as run:
        time.sleep(after)
        run.send_signal(signal.SIGKILL)
        ended = run.wait() == 0
    if not os.path.exists(output):
        return [], "none"
    with open(output, "rb") as file:
        opens = file.read(4) == b"\x7fELF"
    problems = judge.dump(output, True) if ended else judge.left(output)
    harness.remove(output)
    return problems, "whole" if ended else "opens" if opens else "no ELF"


def kills(suite, image):
    reference = suite.path("reference.0")
    capdump("-E", "-d", 0, image, reference)
    judge = Judge(image, reference)
    random, seen = harness.rng("elf"), collections.Counter()
    problems = []
    for i in range(KILLS):
        bad, how = kill(judge, suite.path("killed"),
                        0.05 + random.random() * 0.3 * (1 + i % 4))
        problems += bad
        seen[how] += 1
    if not seen["opens"]:
        problems.append("no run was killed while it wrote: %s" % seen)
    suite.check("kills", problems, " ".join("%s: %d" % i for i in sorted(
        seen.items())))


def main():
    suite = Suite("elf")
    image = suite.image(os.path.join(harness.HERE, "small.txt"))
    reference = suite.path("reference")
    run = capdump("-E", "-d", 31, image, reference)
    judge = Judge(image, reference)
    suite.check("reference", judge.whole.problems + [run.crash()])
    for kind, threads in itertools.product(sys.argv[1:] or KINDS,
                                           (0, 4) if FULL else (4,)):
        sweep(suite, judge, kind, threads)
    if not sys.argv[1:]:
        kills(suite, image)
    suite.finish()


if __name__ == "__main__":
    main()
