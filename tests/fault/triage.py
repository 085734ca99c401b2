#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump triage when the n-th call of a kind fails: files are whole or not there,
and what of the crash could not be read costs nothing else."""

import itertools
import json
import os
import resource
import sys

import harness
from harness import COMPLETE, NO_DUMP, Suite, capdump, steps

# name: (shim settings, options)
KINDS = {
    "alloc": (dict(call="alloc"), ()),
    "alloc-on": (dict(call="alloc", last="forever"), ()),
    "read-eio": (dict(call="read", how=5), ("--non-mmap",)),
    "read-eio-on": (dict(call="read", how=5, last="forever"),
                    ("--non-mmap",)),
    "open-eacces": (dict(call="open", how=13), ()),
}
SUFFIXES = (".dmesg", ".triage.json")


def contents(out):
    """Of the files that are there."""
    have = {}
    for suffix in SUFFIXES:
        if os.path.exists(out + suffix):
            with open(out + suffix, "rb") as file:
                have[suffix] = file.read()
    return have


def outcome(run, have, want, reads):
    """Problems with how a run ended. READS: the crash may have told less."""
    if run.crash():
        yield run.crash()
    elif run.code not in (COMPLETE, NO_DUMP):
        yield str(run)
    elif run.code == COMPLETE and len(have) != len(SUFFIXES):
        yield "status 0 and %s only: %s" % (sorted(have), run)
    elif run.code == NO_DUMP and (not run.err or len(have) == len(SUFFIXES)):
        yield "status 1: %s" % run
    for suffix, text in have.items():
        if suffix.endswith("json"):
            told = json.loads(text)
            if reads and list(told) == list(json.loads(want[suffix])):
                continue
        if text != want[suffix] and not reads:
            yield "%s differs: %s" % (suffix, run)


def sweep(suite, image, want, kind):
    fault, options = KINDS[kind]
    reads = kind.startswith(("alloc", "read"))
    out, problems, codes = suite.path(kind), [], []
    for n in itertools.takewhile(lambda n: n < 2000, steps()):
        # both outputs begin so
        run = capdump("triage", *options, image, out, fault=dict(
            fault, n=n, input=image, output=out))
        problems += outcome(run, contents(out), want, reads)
        harness.remove(*(out + s for s in SUFFIXES))
        if not run.struck or len(problems) > 20:
            break
        codes.append(run.code)
    suite.check(kind, problems, "%d runs, by status %s" % (len(codes), {
        c: codes.count(c) for c in sorted(set(codes), key=str)}))
    return len(codes)


def full(suite, image, want):
    """No room for both files, for one of them, for neither."""
    problems, counts = [], []
    sizes = sorted(len(text) for text in want.values())
    for limit in (sizes[1], sizes[1] - 1, sizes[0], sizes[0] - 1, 0):
        out = suite.path("full%d" % limit)
        run = capdump("triage", image, out, limits=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (limit, limit)))
        have = contents(out)
        problems += outcome(run, have, want, False)
        counts.append(len(have))
    if counts != [2, 1, 1, 0, 0]:
        problems.append("files: %s" % counts)
    suite.check("full", problems, "%s bytes" % sizes)


def main():
    suite = Suite("triage")
    image = suite.image(os.path.join(harness.HERE, "small.txt"))
    out = suite.path("want")
    run = capdump("triage", image, out)
    want = contents(out)
    suite.check("whole", [] if run.code == 0 and len(want) == 2 else
                [str(run)])
    full(suite, image, want)
    struck = {kind: sweep(suite, image, want, kind) for kind in KINDS}
    suite.check("struck", ["%s never failed" % k for k in struck
                           if not struck[k]])
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
