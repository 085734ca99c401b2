#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same bytes whatever happens meanwhile: an output that is slow at other
moments (so that checkpoints come at others), threads that do not start, mmap()
refused, little memory, and all of it again. tests/e2e compares the plain ways
to make a dump; this is about time and trouble."""

import os
import sys

import harness
from harness import FULL, Judge, Suite, capdump


def troubles(count):
    """Settings of the shim and options, at random."""
    rng = harness.rng("same")
    for _ in range(count):
        fault = dict(slow=rng.choice((0, 1000, 10000, 80000)))
        trouble = rng.choice((None, "mmap", "thread", "write"))
        if trouble == "write":
            fault.update(call="write", how="short", n=rng.randrange(1, 60),
                         last=60)
        elif trouble:
            fault.update(call=trouble, how=12, n=rng.randrange(1, 12),
                         last=rng.choice(("20", "forever")))
        options = ["--num-threads", rng.randrange(9)]
        if rng.randrange(2):
            options += ["--memory", "%dM" % rng.randrange(8, 64)]
        if not rng.randrange(4):
            options += ["--non-mmap"]
        yield fault, options


def main():
    suite = Suite("same")
    image = os.environ.get("VMCORE") or suite.image(
        os.path.join(harness.HERE, "bulk.txt"))
    level = int(os.environ.get("LEVEL", "1"))
    out, first = suite.path("dump"), suite.path("first")
    run = capdump("-d", level, "--num-threads", 0, image, first)
    suite.check("first", [str(run)] if run.code else
                Judge(image, level).dump(first, True))
    want = harness.digest(first)
    jobs = list(enumerate(troubles(40 if FULL else 6)))

    def attempt(job):
        number, (fault, options) = job
        out = suite.path("dump.%d" % number)
        run = capdump("-d", level, *options, image, out,
                      fault=dict(fault, input=image, output=out))
        if run.code or run.crash():
            return run.crash() or str(run)
        if harness.digest(out) != want:
            return "other bytes: %s" % run
        harness.remove(out)
        return None

    # most of them wait most of the time
    suite.check("trouble", harness.parallel(attempt, jobs, 6),
                "%d runs" % len(jobs))
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
