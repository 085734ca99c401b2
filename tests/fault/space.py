#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Not enough space: -L, RLIMIT_FSIZE and full file systems of many sizes.
What fits is a dump, the more room the more pages; lists of levels; the first
rank alone when no level fits."""

import os
import resource
import shutil
import subprocess
import sys

import harness
from harness import COMPLETE, CUT_SHORT, FULL, NO_DUMP, Judge, Suite, capdump
import kdumpfile


# kind: (size of the disk, options of mkfs)
DISKS = {"ext4": (32 << 20, ["-m", "0"]), "btrfs": (256 << 20, []),
         "xfs": (300 << 20, [])}


class Space:
    def __init__(self, suite):
        self.suite = suite
        self.image = suite.image(os.path.join(harness.HERE, "dense.txt"))
        self.judges, self.sizes, self.head = {}, {}, {}
        for level in (0, 1, 31):
            out = suite.path("reference.%d" % level)
            run = capdump("-d", level, self.image, out)
            self.judges[level] = judge = Judge(self.image, level)
            suite.check("reference-%d" % level, [str(run)] if run.code
                        else judge.dump(out, True))
            if run.code:
                suite.finish()
            self.sizes[level] = os.path.getsize(out)
            self.head[level] = min(d[0] for d in kdumpfile.Dump(out).desc)
            judge.reference = harness.digest(out)
            harness.remove(out)

    def judge(self, run, out, level, limit, first=False):
        """Problems of a run that had LIMIT bytes; and the pages it saved.
        FIRST: only the first rank may have been kept."""
        judge = self.judges[level]
        if run.crash():
            return [run.crash()], 0
        if run.code == CUT_SHORT:
            problems = judge.dump(out, False, all_bits=not first)
            dump = kdumpfile.Dump(out)
            check = capdump("verify", out)
            if check.code != CUT_SHORT:
                problems.append("verify: %s %s" % (check, check.out))
            if limit is not None and dump.size > limit:
                problems.append("%d bytes" % dump.size)
            if limit is not None and dump.size < limit - 65536:
                problems.append("only %d bytes" % dump.size)
            pages = len(dump.kept) - dump.not_reached
        elif run.code == COMPLETE:
            problems = [] if harness.digest(out) == judge.reference else \
                ["not the complete dump"]
            pages = 1 << 40
        else:
            problems = judge.outcome(run, out)
            if os.path.exists(out):
                problems.append("leaves a file of %d bytes"
                                % os.path.getsize(out))
            pages = -1
        return ["%d bytes: %s\n%s" % (limit or 0, p, run)
                for p in problems], pages

    def limits(self, level):
        """Sizes to try, ascending, with what the end must be."""
        head, size = self.head[level], self.sizes[level]
        rng = harness.rng("space %d" % level)
        inner = sorted(rng.randrange(head, size)
                       for _ in range(60 if FULL else 12))
        yield from ((n, NO_DUMP) for n in (1, 4096, 16384))
        yield head - 1, None
        yield from ((n, CUT_SHORT) for n in (head, head + 1, head + 4096))
        yield from ((n, CUT_SHORT) for n in inner)
        yield size - 1, CUT_SHORT
        yield from ((n, COMPLETE) for n in (size, size + 1, 2 * size))

    def sweep(self, name, level, start, ordered=True):
        """START(limit, output) is a run that has so much room. ORDERED: it
        knows; otherwise zero pages beyond the point where the data ended may
        be in the dump, more or fewer."""
        problems, before, count = [], -1, 0
        for limit, code in self.limits(level):
            out = self.suite.path(name)
            run = start(limit, out)
            bad, pages = self.judge(run, out, level, limit,
                                    first=code is None)
            problems += bad
            if code is not None and run.code != code:
                problems.append("%d bytes: not status %d: %s"
                                % (limit, code, run))
            if ordered and code is not None and pages < before:
                problems.append("%d bytes: %d pages, %d with less"
                                % (limit, pages, before))
            if code is not None:
                before = pages
            count += 1
            harness.remove(out)
        self.suite.check("%s-%d" % (name, level), problems,
                         "%d sizes" % count)

    def by_option(self, level, *options):
        return lambda limit, out: capdump("-d", level, "-L", limit, *options,
                                          self.image, out)

    def by_rlimit(self, level):
        def start(limit, out):
            return capdump(
                "-d", level, self.image, out,
                limits=lambda: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (limit, limit)))
        return start

    # ---- file systems -----------------------------------------------------
    def mount(self, kind, size):
        """A file system with so many free bytes; None if there are none
        here."""
        where = self.suite.path("mnt")
        os.makedirs(where, exist_ok=True)
        if kind == "tmpfs":
            done = subprocess.run(["mount", "-t", "tmpfs", "-o",
                                   "size=%d" % size, "none", where],
                                  capture_output=True, check=False)
            return None if done.returncode else where
        disk = self.suite.path("disk")
        if not shutil.which("mkfs." + kind):
            return None
        harness.remove(disk)
        with open(disk, "wb") as file:
            file.truncate(DISKS[kind][0])
        for args in (["mkfs." + kind, "-q"] + DISKS[kind][1] + [disk],
                     ["mount", "-o", "loop", disk, where]):
            if subprocess.run(args, capture_output=True,
                              check=False).returncode:
                return None
        with open(os.path.join(where, "ballast"), "wb") as file:
            state = os.statvfs(where)
            spare = state.f_bavail * state.f_frsize - size
            while spare > 0:
                try:
                    os.posix_fallocate(file.fileno(), 0, spare)
                    break
                except OSError:
                    spare -= 65536
        return where

    def file_system(self, kind, level, sizes):
        problems, codes = [], []
        for size in sizes:
            where = self.mount(kind, size)
            if not where:
                self.suite.skip("%s-%d" % (kind, level),
                                "no such mount here")
                return
            try:
                out = os.path.join(where, "dump")
                run = capdump("-d", level, self.image, out)
                bad, _ = self.judge(run, out, level, None, first=True)
            finally:
                subprocess.run(["umount", where], check=True)
            problems += bad
            codes.append(run.code)
        if not {COMPLETE, CUT_SHORT} <= set(codes):
            problems.append("sizes do not meet every case: %s" % codes)
        self.suite.check("%s-%d" % (kind, level), problems,
                         "%d sizes, by status %s" % (len(codes), " ".join(
                             "%d: %d" % (c, codes.count(c))
                             for c in sorted(set(codes)))))

    # ---- levels -----------------------------------------------------------
    def levels(self):
        """A list of levels: the first that fits."""
        between = (self.sizes[31] + self.sizes[1]) // 2
        cases = (("1,31", between, 31, COMPLETE),
                 ("0,1,31", between, 31, COMPLETE),
                 ("1,31", 2 * self.sizes[1], 1, COMPLETE),
                 ("1,31", self.sizes[31] - 65536, 31, CUT_SHORT),
                 ("31,1", self.sizes[31], 31, COMPLETE))
        for how in ("limit", "tmpfs"):
            for levels, size, level, code in cases:
                problems = self.list_case(how, levels, size, level, code)
                if problems is None:
                    continue
                self.suite.check("levels-%s-%s-%d" % (how, levels, size),
                                 problems, "takes %d" % level)

    def list_case(self, how, levels, size, level, code):
        out, report = self.suite.path("list"), self.suite.path("list.json")
        where = None
        args = ["-f", "-d", levels, "--report", report]
        if how == "limit":
            args += ["-L", size]
        else:
            # pages of a mount round up; the data must not fit by that
            where = self.mount("tmpfs", size + 8192)
            if not where:
                return None
            out = os.path.join(where, "dump")
        try:
            run = capdump(*args, self.image, out)
            problems, _ = self.judge(run, out, level, None)
        finally:
            harness.remove(out)
            if where:
                subprocess.run(["umount", where], check=True)
        if run.code != code:
            problems.append("not status %d: %s" % (code, run))
        elif harness.load_report(report)["level"] != level:
            problems.append("report: level %d" % harness.load_report(
                report)["level"])
        return problems

    def first_rank(self):
        """Less than the metadata of the last level."""
        out, report = self.suite.path("first"), self.suite.path("first.json")
        run = capdump("-d", 31, "-L", self.head[31] - 1, "--report", report,
                      self.image, out)
        problems, pages = self.judge(run, out, 31, self.head[31], first=True)
        if run.code != CUT_SHORT:
            problems.append("not status 3: %s" % run)
        elif not harness.load_report(report)["first_rank_only"]:
            problems.append("the report does not tell")
        elif pages < 1:
            problems.append("no page is in it")
        self.suite.check("first-rank", problems, "%d pages" % pages)

    def advice(self):
        """A higher level is named only where there is one."""
        problems = []
        for levels, higher in (("1", True), ("1,31", False), ("31", False)):
            run = capdump("-d", levels, "-L", 4096, self.image,
                          self.suite.path("none"))
            if run.code != NO_DUMP or "more room" not in run.err or \
                    ("higher level" in run.err) != higher:
                problems.append(str(run))
        self.suite.check("advice", problems)

    def full_stdout(self):
        with open("/dev/full", "wb") as full:
            run = capdump("-d", 31, "-F", self.image, stdout=full)
        problems = [run.crash()]
        if run.code != NO_DUMP:
            problems.append("not status 1: %s" % run)
        else:
            problems.append(harness.one_message(run))
        self.suite.check("dev-full", problems)

    def report(self):
        """No room for the report: the dump is there, and that is said."""
        where = self.mount("tmpfs", 8192)
        if not where:
            self.suite.skip("report", "no such mount here")
            return
        out = self.suite.path("dump")
        try:
            with open(os.path.join(where, "ballast"), "wb") as file:
                file.write(bytes(8192))
            run = capdump("-d", 31, "--report", os.path.join(where, "report"),
                          self.image, out)
        finally:
            subprocess.run(["umount", where], check=True)
        problems, _ = self.judge(run, out, 31, None)
        if run.code != COMPLETE or "No space left" not in run.err:
            problems.append(str(run))
        harness.remove(out)
        self.suite.check("report", problems, "a full disk for the report")

    def flat(self):
        """-F -L: what comes is rearranged and right."""
        stream, out = self.suite.path("stream"), self.suite.path("plain")
        with open(stream, "wb") as file:
            capdump("-d", 31, "-F", self.image, stdout=file)
        whole = os.path.getsize(stream)
        rng, problems, before = harness.rng("flat"), [], -1
        sizes = sorted(rng.randrange(self.head[31], self.sizes[31])
                       for _ in range(20 if FULL else 6))
        for size in sizes:
            with open(stream, "wb") as file:
                run = capdump("-d", 31, "-F", "-L", size, self.image,
                              stdout=file)
            if run.code != CUT_SHORT or os.path.getsize(stream) > whole:
                problems.append("not status 3: %s" % run)
            with open(stream, "rb") as file:
                back = capdump("-R", "-f", out, stdin=file)
            if back.code not in (COMPLETE, CUT_SHORT):
                problems.append(str(back))
                continue
            problems += self.judges[31].dump(out, False, all_bits=False)
            dump = kdumpfile.Dump(out)
            if dump.size > size:
                problems.append("-L %d: %d bytes" % (size, dump.size))
            pages = len(dump.kept) - dump.not_reached
            if pages < before:
                problems.append("%d bytes: fewer pages" % size)
            before = pages
        self.suite.check("flat", problems, "%d sizes" % len(sizes))


def main():
    suite = Suite("space")
    space = Space(suite)
    space.sweep("limit", 31, space.by_option(31))
    space.sweep("rlimit", 31, space.by_rlimit(31), ordered=False)
    if FULL:
        space.sweep("limit", 0, space.by_option(0))
        space.sweep("limit-address", 31,
                    space.by_option(31, "--num-threads", 0))
    size, head = space.sizes[31], space.head[31]
    count = 24 if FULL else 6
    step = (size + (1 << 20) - head) // count
    sizes = [65536, 131072, head - 65536, head, head + 65536]
    sizes += range(head + step, size + (2 << 20), step)
    space.file_system("tmpfs", 31, sizes)
    if FULL:
        for kind in DISKS:
            space.file_system(kind, 31, sizes)
    space.levels()
    space.first_rank()
    space.advice()
    space.full_stdout()
    space.report()
    space.flat()
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
