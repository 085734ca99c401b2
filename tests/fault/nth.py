#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the n-th call of each kind fail, for n = 1, 2 ... until no call is
left to fail, on a small image, with 0, 1 and 4 threads. The program must not
crash or hang, and what it says of its dump must be true (Judge.outcome)."""

import collections
import itertools
import os
import sys

import harness
from harness import CAPDUMP, COMPLETE, CUT_SHORT, FULL, NO_DUMP, Judge, \
    Suite, capdump, steps

# name: (shim settings, may pages be unreadable, options)
KINDS = {
    "read-eio": (dict(call="read", how=5), True, ("--non-mmap",)),
    "read-eio-on": (dict(call="read", how=5, last="forever"), True,
                    ("--non-mmap",)),
    "read-eintr": (dict(call="read", how=4), False, ("--non-mmap",)),
    "read-short": (dict(call="read", how="short"), False, ("--non-mmap",)),
    "read-eof": (dict(call="read", how="eof"), True, ("--non-mmap",)),
    "read-eio-mapped": (dict(call="read", how=5), True, ()),
    "mmap-enomem": (dict(call="mmap", how=12), False, ()),
    "mmap-enomem-on": (dict(call="mmap", how=12, last="forever"), False, ()),
    "write-eio": (dict(call="write", how=5), False, ()),
    "write-eio-on": (dict(call="write", how=5, last="forever"), False, ()),
    "write-enospc-on": (dict(call="write", how=28, last="forever"), False,
                        ()),
    "write-short": (dict(call="write", how="short"), False, ()),
    "write-eintr": (dict(call="write", how=4), False, ()),
    "write-einval-on": (dict(call="write", how=22, last="forever"), False,
                        ()),
    "sync-eio": (dict(call="sync", how=5), False, ()),
    "sync-eio-on": (dict(call="sync", how=5, last="forever"), False, ()),
    "fallocate-enospc": (dict(call="fallocate", how=28), False, ()),
    "fallocate-enospc-on": (dict(call="fallocate", how=28, last="forever"),
                            False, ()),
    "fallocate-unsupported": (dict(call="fallocate", how=95,
                                   last="forever"), False, ()),
    "truncate-eio": (dict(call="truncate", how=5), False, ()),
    "open-eio": (dict(call="open", how=13), False, ()),
    "thread": (dict(call="thread"), False, ()),
    "thread-on": (dict(call="thread", last="forever"), False, ()),
    "alloc": (dict(call="alloc"), False, ()),
    "alloc-on": (dict(call="alloc", last="forever"), False, ()),
}


def attempt(suite, judge, kind, threads, n):
    fault, filler, options = KINDS[kind]
    output = suite.path("%s.%d.%d" % (kind, threads, n))
    run = capdump("-d", 31, "--num-threads", threads, "--report",
                  output + ".json", *options, judge.image, output,
                  fault=dict(fault, n=n, input=judge.image, output=output))
    problems = judge.outcome(run, output, filler)
    harness.remove(output, output + ".json")
    return run, problems


# Of the 521 calls of read() for small.txt 61 are made with mmap(), too: they tell
# what the input is. The others are alike: of struct pages and pages to be packed.
READS_ALIKE = 80


def reads(kind):
    """Each n up to READS_ALIKE, then every fifth. The five kinds that read() the
    whole image begin at five places, so each read fails in one of them."""
    yield from range(1, READS_ALIKE + 1)
    alike = [k for k in KINDS if "--non-mmap" in KINDS[k][2]]
    first = READS_ALIKE + 1 + (alike.index(kind) if kind in alike else 0)
    yield from itertools.count(first, len(alike))


def sweep(suite, judge, kind, threads):
    """All n of one kind; of reads and allocations fewer."""
    numbers = steps()
    # every one of them, with each number of threads, takes many minutes
    if kind.startswith(("alloc", "read")) and threads:
        numbers = steps(False)
    elif kind.startswith("read") and FULL:
        numbers = reads(kind)
    harness.sweep(suite, "%s-%d" % (kind, threads), numbers,
                  lambda n: attempt(suite, judge, kind, threads, n))


def stop(suite, judge, limit, call, n, levels):
    """A run that gets SIGTERM before the n-th call; its problems."""
    output = suite.path("stop")
    run = capdump("-d", levels, "-L", limit, "--num-threads", 0, "--non-mmap",
                  judge.image, output,
                  fault=dict(call=call, how="stop", n=n, input=judge.image,
                             output=output))
    there = os.path.exists(output)
    check = capdump("verify", output) if there else None
    if run.crash():
        problems = [run.crash()]
    elif run.code == NO_DUMP:
        problems = [harness.one_message(run)]
        # with a dump in place, be it of the level before, it is status 3
        if there and check.out != b"no metadata yet\n":
            problems.append("status 1, verify: %s\n%s" % (check.out, run))
    elif run.code == CUT_SHORT:
        problems = judge.dump(output, False, all_bits=False)
        if "stopped by signal 15" not in run.err or check.code != CUT_SHORT:
            problems.append("verify: %s\n%s" % (check, run))
    else:                       # it came too late
        problems = [] if run.code == COMPLETE and check.code == COMPLETE \
            else [str(run)]
    harness.remove(output)
    return run, problems


def stops(suite, judge):
    """SIGTERM before each call, also between two levels."""
    size = os.path.getsize(suite.path("reference"))
    for levels, limit in ((31, 10 * size), ("0,31", size + 65536)):
        for call in ("read", "write", "sync"):
            problems, codes = [], collections.Counter()
            step = 1 if call != "read" else 4 if FULL else 13
            for n in itertools.count(1, step):
                run, bad = stop(suite, judge, limit, call, n, levels)
                if not run.struck:
                    break
                codes[run.code] += 1
                problems += ["before %s %d: %s" % (call, n, p)
                             for p in bad if p]
            if CUT_SHORT not in codes:
                problems.append("no run was cut short")
            suite.check("stop-%s-%s" % (levels, call), problems,
                        "by status %s" % " ".join(
                            "%s: %d" % i for i in sorted(codes.items())))


def main():
    suite = Suite("nth")
    image = suite.image(os.path.join(harness.HERE, "small.txt"))
    judge = Judge(image)
    reference = suite.path("reference")
    run = capdump("-d", 31, "--num-threads", 0, image, reference)
    problems = [run.crash()] if run.code else judge.dump(reference, True)
    if run.code:
        problems.append(str(run))
    suite.check("reference", problems, CAPDUMP)
    if problems:
        suite.finish()
    judge.reference = harness.digest(reference)
    if not sys.argv[1:]:
        stops(suite, judge)
    skip = os.environ.get("SKIP", "none")
    for kind in sys.argv[1:] or KINDS:
        if kind.startswith(skip):
            continue
        for threads in (0, 1, 4) if FULL else (0, 4):
            sweep(suite, judge, kind, threads)
    suite.finish()


if __name__ == "__main__":
    main()
