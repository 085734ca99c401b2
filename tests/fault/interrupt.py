#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Kills a capture at random moments, with SIGKILL and with SIGTERM. From the
moment the metadata is written (the "write" phase's first progress line) the
file opens, every page in it is right, and every page that was finished 5 s
earlier is in it; before, verify says "no metadata yet". SIGTERM makes a valid
dump, status 3, soon; before the metadata is in place it ends with status 1 and
says that there is no dump. A second one ends at once.

The output is slowed down by the shim, so that a run takes about 12 s and
several at once cost little. VMCORE=path takes a real vmcore instead of the
generated image (LEVEL its level)."""

import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import harness
from harness import CAPDUMP, CUT_SHORT, FULL, NO_DUMP, Judge, Suite, \
    capdump
import kdumpfile

RUNS = 25 if FULL else 6        # of each signal
AT_ONCE = 12
SLOW = 100000                   # microseconds a write to the output takes
LATE = 5.0                      # seconds until a finished page is reachable
EARLY = 200 if FULL else 40     # runs stopped in their first 50 ms and a bit
AGAIN = 2                       # of what each signal left are captured
HANGS = 10.0                    # seconds: this is no end of any kind


def pending(pid, signum):
    """Whether the process has not taken the signal yet."""
    try:
        with open("/proc/%d/status" % pid) as f:
            masks = [int(line.split()[1], 16) for line in f
                     if line.startswith(("SigPnd:", "ShdPnd:"))]
    except FileNotFoundError:
        return False
    return any(mask >> (signum - 1) & 1 for mask in masks)


class Victim:
    """A running capture, its progress lines with the times they came."""

    def __init__(self, image, out, level, slow=SLOW):
        self.out = out
        receive, send = os.pipe()
        env = dict(os.environ, LD_PRELOAD=harness.SHIM, FAULT_SLOW=str(slow),
                   FAULT_OUTPUT=out)
        self.start = time.monotonic()
        self.proc = subprocess.Popen(
            [CAPDUMP, "-d", str(level), "-l", "--num-threads", "0",
             "--progress-fd", str(send), image, out], env=env,
            pass_fds=[send], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        os.close(send)
        self.lines = []                 # (seconds since start, line)
        self.pipe = os.fdopen(receive)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.pipe:
            self.lines.append((time.monotonic() - self.start,
                               json.loads(line)))

    def sleep_until(self, moment):
        left = self.start + moment - time.monotonic()
        if left > 0:
            time.sleep(left)

    def end(self, timeout=240):
        """Waits; the exit status, or a text when it hangs."""
        try:
            err = self.proc.communicate(timeout=timeout)[1]
        except subprocess.TimeoutExpired:
            self.proc.kill()
            err = self.proc.communicate()[1] + "hangs"
        self.ended = time.monotonic() - self.start
        self.reader.join()
        self.pipe.close()
        self.err = err
        return self.proc.returncode

    def metadata(self):
        """When the metadata was in place; None: not yet."""
        for moment, line in self.lines:
            if line["phase"] == "write":
                return moment
        return None

    def stall(self, moment):
        """Seconds that the machine held this run up until then, beyond what
        the slow output explains: a line comes every half of a second."""
        times = [t for t, line in self.lines
                 if line["phase"] == "write" and t <= moment] + [moment]
        gaps = [b - a for a, b in zip(times, times[1:])]
        return max(0.0, max(gaps, default=0.0) - 1.0)

    def done_by(self, moment):
        """Pages finished by then, as the progress lines tell."""
        pages = [line["pages"] for t, line in self.lines
                 if line["phase"] == "write" and t <= moment]
        return max(pages, default=0)


class Reference:
    """The complete dump, checked in full; the same bytes must stand in every
    cut one, for the order of pages does not depend on time."""

    def __init__(self, suite, image, level):
        self.image, self.level = image, level
        self.out = suite.path("reference")
        victim = Victim(image, self.out, level)
        code = victim.end()
        self.seconds = victim.ended
        self.metadata = victim.metadata()
        problems = [] if code == 0 else ["status %s: %s" % (code, victim.err)]
        if not problems:
            problems += Judge(image, level).dump(self.out, True)
        if self.metadata is None:
            problems.append("no progress line of the write phase")
        suite.check("reference", problems, "%.1f s, metadata after %.1f s"
                    % (self.seconds, self.metadata or 0))
        if problems:
            suite.finish()
        self.dump = kdumpfile.Dump(self.out)

    def compare(self, path):
        """Problems of a cut dump, and how many pages are in it."""
        try:
            dump = kdumpfile.Dump(path)
        except (kdumpfile.NotADump, ValueError) as err:
            return ["does not open: %s" % err], 0
        problems = list(dump.problems)
        if not dump.head["status"] & kdumpfile.INCOMPLETE:
            problems.append("says that it is complete")
        if dump.kept != self.dump.kept or dump.present != self.dump.present:
            problems.append("other bitmaps")
            return problems, 0
        end = 0
        for pfn, have, want in zip(dump.kept, dump.desc, self.dump.desc):
            if not have[0]:
                continue
            if have != want:
                problems.append("frame %x: another descriptor" % pfn)
            end = max(end, have[0] + have[1])
        if dump.map[self.dump.data:end] != self.dump.map[self.dump.data:end]:
            problems.append("other data")
        return problems, len(dump.kept) - dump.not_reached


class Sweep:
    def __init__(self, suite, reference):
        self.suite, self.reference = suite, reference
        self.slots = threading.Semaphore(AT_ONCE)
        self.judging = threading.Lock()         # one at a time: CPU
        self.before = {signal.SIGKILL: 0, signal.SIGTERM: 0}
        self.again = {signal.SIGKILL: 0, signal.SIGTERM: 0}
        self.stops = []         # seconds from SIGTERM to the end

    def moments(self, salt):
        """Random moments of the run, a fifth of them around the metadata."""
        rng = harness.rng(salt)
        for i in range(RUNS):
            end = self.reference.metadata * 1.2 if i % 5 == 0 \
                else self.reference.seconds * 0.98
            yield rng.uniform(0, end)

    def run(self, number, moment, signum):
        """One run; its problems."""
        out = self.suite.path("%s.%d" % (signum.name, number))
        with self.slots:
            victim = Victim(self.reference.image, out, self.reference.level)
            victim.sleep_until(moment)
            sent = time.monotonic() - victim.start      # or a little later
            victim.proc.send_signal(signum)
            code = victim.end()
        with self.judging:
            problems = self.judge(victim, code, sent, signum)
        harness.remove(out)
        return ["at %.2f s: %s\n%s" % (moment, p, victim.err[-600:])
                for p in problems]

    def judge(self, victim, code, sent, signum):
        if code == 0:
            return []           # it was done before
        if victim.metadata() is None and code in (-signum, NO_DUMP):
            self.before[signum] += 1
            return self.judge_before(victim, code, signum)
        if code != (CUT_SHORT if signum == signal.SIGTERM else -signum):
            return ["%s: status %s" % (signum.name, code)]
        if signum == signal.SIGTERM:
            self.stops.append(victim.ended - sent)
        if filecmp.cmp(victim.out, self.reference.out, shallow=False):
            return []           # all of it was done: it was about to exit
        problems, pages = self.reference.compare(victim.out)
        if not problems:
            check = capdump("verify", victim.out)
            if check.code != CUT_SHORT:
                problems.append("verify: %s\n%s" % (check, check.out))
            problems += self.recapture(victim.out, signum)
        due = victim.done_by(sent - LATE - victim.stall(sent))
        if pages < due:
            problems.append("%d pages are in it, %d were finished %g s before"
                            % (pages, due, LATE))
        if code == CUT_SHORT and pages < victim.done_by(sent):
            problems.append("SIGTERM: %d pages are in it, %d were finished"
                            % (pages, victim.done_by(sent)))
        return problems

    def recapture(self, path, signum):
        """Problems of a dump that is made of one that was not finished: it has
        what that has. Of some of them."""
        self.again[signum] += 1
        if self.again[signum] > AGAIN:
            return []
        run = capdump("-f", "-l", "-d", self.reference.level, path,
                      path + ".again")
        if run.code != CUT_SHORT:
            return ["made anew: %s" % run]
        judge = Judge(self.reference.image, self.reference.level)
        problems = judge.dump(path + ".again", False, all_bits=False)
        old = kdumpfile.Dump(path)
        there = {p for p, desc in zip(old.kept, old.desc) if desc[0]}
        lost = there - set(kdumpfile.Dump(path + ".again").kept)
        # all struct pages are there, or it is told that none is left out
        if lost:
            problems.append("made anew: %d of %d pages lost, first %x" % (
                len(lost), len(there), min(lost)))
        harness.remove(path + ".again")
        return problems

    def judge_before(self, victim, code, signum):
        """Stopped before the first line of the write phase came."""
        there = os.path.exists(victim.out)
        check = capdump("verify", victim.out) if there else None
        none = there and check.code == NO_DUMP and \
            check.out == b"no metadata yet\n"
        if code == -signal.SIGTERM:
            # until the handler is there it dies as anything would
            return ["dies by SIGTERM in mid-run"] \
                if victim.lines or there else []
        if code == NO_DUMP:
            if signum != signal.SIGTERM or there and not none:
                return ["%s: status 1" % signum.name]
            said = "no dump can be read" if there else "nothing was written"
            return [] if victim.err.count("\n") == 1 and \
                "(Terminated)" in victim.err and said in victim.err \
                else ["does not say that " + said]
        if not there or none:
            return []
        if check.code == CUT_SHORT:     # its line was on the way
            return self.reference.compare(victim.out)[0]
        return ["before the metadata verify says %r\n%s"
                % (check.out, check)]

    def early(self):
        """SIGTERM in fine steps through all that comes before the metadata."""
        image, level = self.reference.image, self.reference.level
        victim = Victim(image, self.suite.path("early"), level, slow=1)
        victim.end()
        last = max(0.05, (victim.metadata() or 0) * 1.2)
        harness.remove(victim.out)

        def one(moment):
            victim = Victim(image, self.suite.path("early.run"), level,
                            slow=1000)
            victim.sleep_until(moment)
            victim.proc.terminate()
            code = victim.end()
            problems = self.judge(victim, code, 0, signal.SIGTERM)
            harness.remove(victim.out)
            codes.append(code)
            return ["after %.1f ms: %s\n%s" % (
                moment * 1e3, p, victim.err[-600:]) for p in problems]

        codes, before = [], dict(self.before)
        # the first milliseconds in the finest steps
        problems = [p for n in range(EARLY)
                    for p in one(last * (n / EARLY) ** 2)]
        self.before = before
        # killed before it could listen, told, cut short, too late
        self.suite.check("sigterm-early", problems, "%d moments up to %.0f ms:"
                         " %s" % (EARLY, last * 1e3, ", ".join(
                             "%d of status %d" % (codes.count(c), c)
                             for c in sorted(set(codes)))))

    def sweep(self):
        """Both signals at once: most of the time is waiting."""
        jobs = [(i, t, signum) for signum in (signal.SIGKILL, signal.SIGTERM)
                for i, t in enumerate(self.moments(signum.name))]
        found = harness.parallel(lambda job: self.run(*job), jobs,
                                 AT_ONCE + 2)
        for signum in (signal.SIGKILL, signal.SIGTERM):
            problems = [p for job, bad in zip(jobs, found)
                        if job[2] == signum for p in bad]
            detail = "%d moments, %d before the metadata" % (
                RUNS, self.before[signum])
            if signum == signal.SIGTERM:
                slowest = max(self.stops, default=0)
                detail += ", slowest end after %.1f s" % slowest
                if slowest > HANGS:
                    problems.append("ended after %.1f s" % slowest)
            self.suite.check(signum.name.lower(), problems, detail)

    def twice(self):
        """A second SIGTERM ends at once; what is there still opens."""
        problems = []
        for n, moment in enumerate((1.5, 3.0)):
            out = self.suite.path("twice.%d" % n)
            victim = Victim(self.reference.image, out, self.reference.level,
                            slow=400000)
            victim.sleep_until(self.reference.metadata * 4 + moment)
            victim.proc.terminate()
            while pending(victim.proc.pid, signal.SIGTERM):
                time.sleep(0.005)       # two that wait are one
            time.sleep(0.05)            # sooner it is an echo: stop.c
            sent = time.monotonic() - victim.start
            victim.proc.terminate()
            code = victim.end()
            if code != -signal.SIGTERM or victim.ended - sent > HANGS:
                problems.append("status %s after %.2f s" % (
                    code, victim.ended - sent))
            problems += self.reference.compare(out)[0]
            harness.remove(out)
        self.suite.check("sigterm-twice", problems)

    def quick(self):
        """How long SIGTERM takes where the output is not slow."""
        out = self.suite.path("quick")
        victim = Victim(self.reference.image, out, self.reference.level,
                        slow=50000)
        while not victim.done_by(60) and victim.proc.poll() is None:
            time.sleep(0.01)
        victim.proc.terminate()
        sent = time.monotonic() - victim.start
        code = victim.end()
        problems = [] if code == CUT_SHORT and \
            victim.ended - sent < HANGS else ["status %s after %.2f s" % (
                code, victim.ended - sent)]
        self.suite.check("sigterm-quick", problems,
                         "%.2f s" % (victim.ended - sent))


def main():
    if "TMPDIR" not in os.environ and \
            shutil.disk_usage("/dev/shm").free > 3 << 30:
        os.environ["TMPDIR"] = "/dev/shm"       # nothing here is lost
    suite = Suite("interrupt")
    image = os.environ.get("VMCORE") or suite.image(
        os.path.join(harness.HERE, "bulk.txt"))
    level = int(os.environ.get("LEVEL", "0"))
    sweep = Sweep(suite, Reference(suite, image, level))
    sweep.early()
    sweep.sweep()
    sweep.twice()
    sweep.quick()
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
