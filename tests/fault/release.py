#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fadump's memory is released if the dump is complete, and only then: whichever
write, sync, truncation or preallocation of the output fails, read of the input
or allocation, and at whichever of them a signal comes. What was released is
gone, so release_mem must be written last, by a run that ends with status 0 and
leaves a dump that is complete and right. (FULL=1: each n; else some.)"""

import os
import shutil
import subprocess
import sys

import harness
from harness import FULL, Judge, Suite, capdump

FIXTURE = os.path.join(harness.TOP, "tests", "fixtures",
                       "good-ppc64le-fadump-cma.txt")
RELEASE = "sys/kernel/fadump/release_mem"
# errno, or what the shim knows: EIO, ENOSPC, SIGTERM just before
WAYS = (("write", "5"), ("write", "28"), ("write", "stop"), ("sync", "5"),
        ("sync", "28"), ("sync", "stop"), ("fallocate", "28"),
        ("truncate", "5"), ("read", "stop"), ("alloc", "12"))
MOST = 10 ** 6 if FULL else 12


def on_disk():
    """What is written to memory is not safe, and nothing is released for it."""
    for folder in (os.environ.get("TMPDIR", "/tmp"), "/var/tmp", harness.BUILD):
        kind = subprocess.run(["stat", "-f", "-c", "%T", folder], check=True,
                              stdout=subprocess.PIPE).stdout.strip()
        if kind not in (b"tmpfs", b"ramfs"):
            return folder
    sys.exit("release.py: TMPDIR, /var/tmp and the build are all in memory")


class Root:
    """What a machine has in the boot after a crash."""

    def __init__(self, suite):
        self.path = suite.path("root")
        self.vmcore = self.file("proc/vmcore")
        os.makedirs(self.file("proc"))
        os.makedirs(os.path.dirname(self.file(RELEASE)))
        shutil.copy(suite.image(FIXTURE), self.vmcore)
        self.reset()

    def file(self, name):
        return os.path.join(self.path, name)

    def reset(self):
        with open(self.file(RELEASE), "wb"):
            pass

    def released(self):
        return os.path.getsize(self.file(RELEASE)) > 0


def one(root, out, fault):
    harness.remove(out)
    root.reset()
    return capdump("--release", "-f", "-l", "--num-threads", "1",
                   "--machine-root", root.path, root.vmcore, out, fault=fault)


def complete(judge, out):
    """Why the dump that stands there is not all that it should be."""
    if not os.path.exists(out):
        return ["there is no dump"]
    return judge.dump(out, True)


def judged(root, judge, out, run):
    if run.crash():
        return [run.crash()]
    if root.released():
        problems = complete(judge, out)
        if run.code:
            problems.append("status %d" % run.code)
        return ["released: %s: %s" % (p, run) for p in problems]
    # the dump may be whole all the same, and the signal came after it
    if run.code == 0 and " memory is not released: " not in run.err:
        return ["neither released nor told: %s" % run]
    return []


def every(root, judge, out, call, how):
    """The n-th call of a kind fails, n up to one beyond the last."""
    base = {"call": call, "output": out, "input": root.vmcore}
    count = one(root, out, dict(base, n=0)).counts().get(call, 0)
    step = max(1, count // MOST)
    problems, n, ended = [], 1, 0
    while n <= count + step and not problems:
        run = one(root, out, dict(base, n=n, how=how))
        problems = judged(root, judge, out, run)
        ended += run.code != 0
        n += step
    return problems, "%d of %d calls tried, %d of them ended the dump" % (
        (n - 1) // step, count, ended)


def main():
    os.environ["TMPDIR"] = on_disk()
    suite = Suite("release")
    root = Root(suite)
    judge = Judge(root.vmcore, 31)
    out = suite.path("dump")
    run = one(root, out, None)
    suite.check("none", judged(root, judge, out, run)
                or [] if root.released() else ["not released: %s" % run])
    for call, how in WAYS:
        problems, detail = every(root, judge, out, call, how)
        suite.check("%s-%s" % (call, how), problems, detail)
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
