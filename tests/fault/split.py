#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Split dumps of which one file fails: its n-th call, for n = 1, 2 ..., a full
file system, a kill. What the run says of the files must be true: complete, they
are the reference's; cut short, each opens, none says that it is complete, what is
in it is right, and the files that did not fail have all their pages."""

import collections
import os
import resource
import signal
import subprocess
import sys
import time

import harness
from harness import (CAPDUMP, COMPLETE, CUT_SHORT, NO_DUMP, Judge, Suite,
                     capdump, digest, steps)
import kdumpfile

NR = 3
KINDS = {
    "write-eio": dict(call="write", how=5),
    "write-enospc-on": dict(call="write", how=28, last="forever"),
    "sync-eio-on": dict(call="sync", how=5, last="forever"),
    "fallocate-enospc-on": dict(call="fallocate", how=28, last="forever"),
    "truncate-eio": dict(call="truncate", how=5),
    "open-eacces": dict(call="open", how=13),
    "thread-on": dict(call="thread", last="forever"),
    "alloc": dict(call="alloc"),
}
GLOBAL = ("thread-on", "alloc")         # of no file


class Parts:
    def __init__(self, suite, image, level=31):
        self.suite, self.judge = suite, Judge(image, level)
        self.reference = self.names("reference-%d" % level)
        self.run("reference", self.reference)
        self.digests = [digest(p) for p in self.reference]
        self.named = kdumpfile.Dump(self.reference[0]).named

    def names(self, name):
        return [self.suite.path("%s.%d" % (name, i)) for i in range(NR)]

    def run(self, what, outputs, *options, **settings):
        run = capdump("-d", self.judge.level, "--split", *options,
                      self.judge.image, *outputs, **settings)
        if what == "reference" and run.code != COMPLETE:
            sys.exit(str(run))
        return run

    def part(self, path, whole, first):
        """Problems of a part of a dump that was cut short."""
        try:
            dump = kdumpfile.Dump(path)
        except (kdumpfile.NotADump, OSError, ValueError) as err:
            return ["%s does not open: %s" % (path, err)]
        out = self.judge.dump(path, False, all_bits=False)
        if not first and dump.named != self.named:
            out.append("%s: names other pages" % path)
        if whole and dump.not_reached:
            out.append("%s lacks %d pages, though it did not fail"
                       % (path, dump.not_reached))
        return out

    def left(self, path, want):
        """After status 1: nothing that claims to be what it is not."""
        if not os.path.exists(path):
            return []
        check = capdump("verify", path)
        if b"no metadata yet" in check.out or check.code == CUT_SHORT or \
                digest(path) == want:
            return []
        return ["verify says %s %s" % (check.code, check.out.decode())]

    def outcome(self, run, outputs, failed=None):
        problems = [p for p in [run.crash()] if p]
        for i, (path, want) in enumerate(zip(outputs, self.digests)):
            if run.code == COMPLETE and digest(path) != want:
                problems.append("status 0, but file %d is not right" % i)
            elif run.code == CUT_SHORT:
                problems += self.part(path, failed not in (None, i),
                                      "needs first" in run.err)
            elif run.code == NO_DUMP:
                problems += self.left(path, want)
        if run.code not in (COMPLETE, CUT_SHORT, NO_DUMP):
            problems.append("status")
        return ["%s\n%s" % (p, run) for p in problems]


def attempt(parts, kind, threads, n):
    outputs = parts.names("%s.%d.%d" % (kind, threads, n))
    run = parts.run(kind, outputs, "--num-threads", threads, fault=dict(
        KINDS[kind], n=n, input=parts.judge.image, output=outputs[1]))
    problems = parts.outcome(run, outputs, None if kind in GLOBAL else 1)
    harness.remove(*outputs)
    return run, problems


def sweep(suite, parts, kind, threads):
    harness.sweep(suite, "%s-%d" % (kind, threads), steps(),
                  lambda n: attempt(parts, kind, threads, n))


def limits(suite, parts):
    """Each file by itself, as large as RLIMIT_FSIZE lets it be."""
    problems, codes = [], collections.Counter()
    sizes = sorted(os.path.getsize(p) for p in parts.reference)
    data = max(kdumpfile.Dump(p).data for p in parts.reference)
    for limit in (1, data - 4096, *range(data + 8192, sizes[-1], (
            sizes[-1] - data) // 6), sizes[0], sizes[1], sizes[2] - 1,
                  sizes[2]):
        outputs = parts.names("limit")
        run = parts.run("limit", outputs, limits=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (limit, limit)))
        codes[run.code] += 1
        if run.code == COMPLETE and limit < sizes[-1]:
            problems.append("%d bytes are enough: %s" % (limit, run))
        problems += parts.outcome(run, outputs)
        harness.remove(*outputs)
    suite.check("limits", problems, "by status %s" % dict(codes))


def shared(suite, parts):
    """One file system that all files are on: what one reserves the others don't
    miss; and where it is too small, nothing is lost but pages."""
    where = suite.path("mnt")
    os.makedirs(where)
    need = sum(-(-os.path.getsize(p) // 4096) * 4096 for p in parts.reference)
    problems, codes = [], []
    for size in (65536, need // 2, need - 65536, need + 65536):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size,
                           "none", where], check=False,
                          capture_output=True).returncode:
            suite.skip("shared", "no tmpfs can be mounted")
            return
        try:
            outputs = [os.path.join(where, n) for n in "abc"]
            run = parts.run("shared", outputs)
            codes.append(run.code)
            problems += parts.outcome(run, outputs)
            if run.code == NO_DUMP and os.listdir(where):
                problems.append("leaves %s" % os.listdir(where))
        finally:
            subprocess.run(["umount", where], check=True)
    if codes != [NO_DUMP, CUT_SHORT, CUT_SHORT, COMPLETE]:
        problems.append("by status %s" % codes)
    suite.check("shared", problems, "4 sizes")


def kills(suite, parts):
    """A signal while files are written, slowly."""
    for signum in (signal.SIGKILL, signal.SIGTERM):
        problems = []
        for delay in (0.3, 0.8, 1.4):
            outputs = parts.names("kill")
            env = dict(os.environ, LD_PRELOAD=harness.SHIM,
                       FAULT_SLOW="30000", FAULT_OUTPUT=outputs[0])
            with subprocess.Popen([CAPDUMP, "-d", "1", "-l", "--split",
                                   parts.judge.image, *outputs], env=env,
                                  stderr=subprocess.PIPE, text=True) as proc:
                time.sleep(delay)
                proc.send_signal(signum)
                err = proc.communicate(timeout=harness.TIMEOUT)[1]
            if signum == signal.SIGTERM and proc.returncode not in (
                    COMPLETE, CUT_SHORT, NO_DUMP):
                problems.append("status %s: %s" % (proc.returncode, err))
            for path in outputs if proc.returncode else ():
                if not os.path.exists(path):
                    continue
                check = capdump("verify", path)
                # it may come when some are marked complete already
                if b"no metadata yet" not in check.out and \
                        check.code not in (CUT_SHORT, COMPLETE):
                    problems.append("after %.1f s verify %s says %s: %s" % (
                        delay, path, check.code, check.out.decode()))
            harness.remove(*outputs)
        suite.check(signum.name, problems, "3 runs")


def main():
    suite = Suite("split")
    image = suite.image(os.path.join(harness.HERE, "small.txt"))
    parts = Parts(suite, image)
    for kind in KINDS:
        for threads in (0, 2) if kind != "alloc" else (0,):
            sweep(suite, parts, kind, threads)
    limits(suite, parts)
    shared(suite, Parts(suite, suite.image(os.path.join(
        harness.HERE, "dense.txt")), 0))
    kills(suite, parts)
    suite.finish()


if __name__ == "__main__":
    main()
