#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Several targets of which one fails, by its n-th call, for n = 1, 2 ..., and one to
fall back on. What the run says of each must be true: complete, it is the reference's;
the one that did not fail is complete whatever happens to the other; the other opens,
or does not claim to."""

import os
import subprocess
import sys

import harness
from harness import COMPLETE, CUT_SHORT, NO_DUMP, Judge, Suite, capdump, \
    digest, steps

KINDS = {
    "write-eio": dict(call="write", how=5),
    "write-enospc-on": dict(call="write", how=28, last="forever"),
    "sync-eio-on": dict(call="sync", how=5, last="forever"),
    "truncate-eio": dict(call="truncate", how=5),
    "open-eacces": dict(call="open", how=13),
    "alloc": dict(call="alloc"),
}
# of no file: the shim fails syncs of any folder, too
GLOBAL = ("alloc", "open-eacces", "sync-eio-on")


class Also:
    def __init__(self, suite, image):
        self.suite, self.judge = suite, Judge(image, 31)
        reference = suite.path("reference")
        run = capdump("--order", "address", image, reference)
        if run.code != COMPLETE:
            sys.exit(str(run))
        self.digest = digest(reference)

    def is_whole(self, path):
        return os.path.exists(path) and digest(path) == self.digest

    def left(self, path):
        """Problems of a target that is not complete."""
        if not os.path.exists(path) or self.is_whole(path):
            return []
        check = capdump("verify", path)
        if b"no metadata yet" in check.out:
            return []
        if check.code != CUT_SHORT:
            return ["verify says %s %s" % (check.code, check.out.decode())]
        return self.judge.dump(path, False)

    def outcome(self, run, outputs, option, failing):
        """FAILING: which of them; None: either."""
        whole = [self.is_whole(p) for p in outputs]
        problems = [p for p in [run.crash()] if p]
        for path in outputs:
            problems += self.left(path)
        enough = all(whole) if option == "--also" else any(whole)
        # what can't be synced may stand all the same
        if run.code not in (COMPLETE, CUT_SHORT, NO_DUMP) or \
                enough != (run.code == COMPLETE) and not (
                    enough and failing is None):
            problems.append("status, with complete ones: %s" % whole)
        if failing is not None and not whole[1 - failing] and \
                not (option == "--fallback" and whole[0]):
            problems.append("the other one is not complete")
        return ["%s\n%s" % (p, run) for p in problems]


def attempt(also, option, kind, threads, failing, n):
    outputs = [also.suite.path("%s.%d.%d.%s" % (kind, threads, n, c))
               for c in "ab"]
    run = capdump("--order", "address", "--num-threads", threads, option,
                  outputs[1], also.judge.image, outputs[0], fault=dict(
                      KINDS[kind], n=n, input=also.judge.image,
                      output=outputs[failing]))
    problems = also.outcome(run, outputs, option,
                            None if kind in GLOBAL else failing)
    harness.remove(*outputs)
    return run, problems


def sweep(suite, also, option, kind, threads, failing):
    harness.sweep(suite, "%s-%s-%d-%d" % (option[2:], kind, threads, failing),
                  steps(), lambda n: attempt(also, option, kind, threads,
                                             failing, n))


# KiB of a disk that one target is on; whether that is the first; which of the levels 0
# and 31 the other gets
ROOMS = {"no-level": (16, True, 0), "no-level-also": (16, False, 0),
         "full": (400, True, 31), "full-also": (400, False, 0)}


def rooms(suite):
    """Where no level fits one target the other gets the first; a full one chooses the
    next, if it is the first."""
    image = suite.image(os.path.join(harness.HERE, "dense.txt"))
    where, digests = suite.path("mnt"), {}
    os.makedirs(where)
    for level in (0, 31):
        reference = suite.path("reference.%d" % level)
        capdump("-d", level, "--order", "address", image, reference)
        digests[digest(reference)] = level
        harness.remove(reference)
    for name, (size, first, level) in ROOMS.items():
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dk" % size,
                           "none", where], check=False,
                          capture_output=True).returncode:
            suite.skip("rooms", "no tmpfs can be mounted")
            return
        small, other = os.path.join(where, "a"), suite.path("other")
        try:
            run = capdump("-d", "0,31", "--also", other if first else small,
                          image, small if first else other)
            problems = [p for p in [run.crash()] if p]
            if run.code != CUT_SHORT:
                problems.append("status")
            if digests.get(digest(other)) != level:
                problems.append("the other one is not of level %d" % level)
            if os.path.exists(small) != (size > 100):
                problems.append("left: %s" % os.listdir(where))
            if os.path.exists(small) and \
                    capdump("verify", small).code != CUT_SHORT:
                problems.append("verify of the full one")
            suite.check("room-" + name, ["%s\n%s" % (p, run)
                                         for p in problems], "1 run")
        finally:
            subprocess.run(["umount", where], check=True)
        harness.remove(other)


def main():
    suite = Suite("also")
    also = Also(suite, suite.image(os.path.join(harness.HERE, "small.txt")))
    for kind in KINDS:
        for failing in (0, 1) if kind not in GLOBAL else (0,):
            sweep(suite, also, "--also", kind,
                  0 if kind in GLOBAL or failing else 2, failing)
        sweep(suite, also, "--fallback", kind, 0, 0)
    rooms(suite)
    suite.finish()


if __name__ == "__main__":
    main()
