# SPDX-License-Identifier: GPL-2.0-or-later
"""What the fault tests share: images, runs of the program under test with
calls that fail (shim.c), and judging what a run left behind.

Settings from the environment: BUILD (default build) holds capdump and
fault/shim.so; FULL=1 tries every n; SEED changes what is random.
"""

import collections
import concurrent.futures
import hashlib
import itertools
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "tests", "gen"))

import kdumpfile        # noqa: E402
import listdump         # noqa: E402
import mkimage          # noqa: E402
from rawcore import RawCore     # noqa: E402

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
CAPDUMP = os.path.join(TOP, os.environ.get("CAPDUMP") or
                       os.path.join(BUILD, "capdump"))
SHIM = os.path.join(TOP, os.environ.get("SHIM") or
                    os.path.join(BUILD, "fault", "shim.so"))
PRELOAD = os.environ.get("PRELOAD", "")         # before the shim: libasan
FULL = os.environ.get("FULL") == "1"
SEED = int(os.environ.get("SEED", "1"))
TIMEOUT = 240           # against hangs; a busy machine takes its time

LISTED = 1000           # unreadable pages that a report names
ALL = object()          # filler may stand for any page

COMPLETE, NO_DUMP, USAGE, CUT_SHORT = 0, 1, 2, 3

UNPACKING = threading.Lock()    # unpack.py has one buffer for all

# an error, or a sanitizer's report, that no operator should ever see
CRASHES = re.compile(r"Sanitizer|runtime error:|Assertion|core dumped")

# a test that goes astray must not take the machine with it; what it runs
# inherits that. A sanitizer's shadow memory is not the product's.
MEMORY = 2 << 30
if not os.environ.get("CAPDUMP_SANITIZED"):
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


class Suite:
    """Counts PASS and FAIL lines; finish() ends the program."""

    def __init__(self, name):
        self.name = os.environ.get("SUITE", name)
        self.passed = self.failed = 0
        self.start = time.monotonic()
        self.dir = tempfile.mkdtemp(prefix="capdump-fault-",
                                    dir=os.environ.get("TMPDIR", "/tmp"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def image(self, fixture, *overrides):
        """The image of a fixture, made once."""
        out = self.path("-".join((os.path.basename(fixture)[:-4],)
                                 + overrides).replace("/", "_"))
        if not os.path.exists(out):
            mkimage.make(fixture, out, overrides)
        return out

    def check(self, name, problems, detail=""):
        """PROBLEMS: texts; none is a pass."""
        problems = [p for p in problems if p]
        if problems:
            self.failed += 1
            print("FAIL %s/%s: %s" % (self.name, name, detail))
            for text in problems[:8]:
                print("    " + text.replace("\n", "\n    "))
            if len(problems) > 8:
                print("    ... and %d more" % (len(problems) - 8))
        else:
            self.passed += 1
            print("PASS %s/%s: %s" % (self.name, name, detail))
        sys.stdout.flush()

    def skip(self, name, why):
        print("SKIP %s/%s: %s" % (self.name, name, why))

    def finish(self):
        if self.failed and os.environ.get("KEEP"):
            print("kept: " + self.dir)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        print("%s: %d passed, %d failed, %.0f s"
              % (self.name, self.passed, self.failed,
                 time.monotonic() - self.start))
        sys.exit(1 if self.failed or not self.passed else 0)


class Run:
    """One run of the program, ended."""

    def __init__(self, args, env, code, out, err, seconds, log=""):
        self.args, self.env = args, env
        self.code, self.out, self.err = code, out, err
        self.seconds, self.log = seconds, log
        self.struck = "struck" in log

    def __str__(self):
        env = " ".join("%s=%s" % i for i in sorted(self.env.items())
                       if i[0].startswith("FAULT_")
                       and i[0] != "FAULT_LOG" and len(i[1]) < 200)
        return "%s %s: status %s%s" % (
            env, " ".join(self.args), self.code,
            "".join("\n  | " + line
                    for line in self.err.splitlines()[-12:]))

    def counts(self):
        """How many calls of each kind there were."""
        return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", self.log)}

    def crash(self):
        """Why no run may end like this; None if it may."""
        if self.code is None:
            return "hangs: " + str(self)
        if self.code < 0:
            return "dies by %s: %s" % (signal.Signals(-self.code).name, self)
        if CRASHES.search(self.err):
            return "crashes: %s\n%s" % (self, self.err[-3000:])
        return None


def limited(limits, command):
    """The command with LIMITS, as a shell's ulimit takes them."""
    if not limits:
        return command
    words = ["ulimit %s &&" % limit for limit in limits]
    return ["/bin/sh", "-c", " ".join(words) + ' exec "$@"', "sh", *command]


def capdump(*args, fault=None, timeout=TIMEOUT, stdin=None, stdout=None,
            limits=None, ulimits=(), program=CAPDUMP):
    """Runs the program; FAULT are settings of the shim, ULIMITS what limited()
    takes, LIMITS a function that sets others, by a slow fork()."""
    args = [str(a) for a in args]
    env = dict(os.environ, LC_ALL="C")
    log = None
    if fault:
        fd, log = tempfile.mkstemp(prefix="capdump-shim-")
        os.close(fd)
        env.update({"FAULT_" + k.upper(): str(v) for k, v in fault.items()})
        env["FAULT_LOG"] = log
        env["LD_PRELOAD"] = (PRELOAD + " " + SHIM).strip()
    start = time.monotonic()
    try:
        proc = subprocess.run(
            limited(ulimits, [program] + args), env=env, timeout=timeout, stdin=stdin or
            subprocess.DEVNULL, stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=limits, check=False)
        code, out, err = proc.returncode, proc.stdout, proc.stderr
    except subprocess.TimeoutExpired as late:
        code, out, err = None, late.stdout, late.stderr
    text = ""
    if log:
        with open(log, encoding="ascii") as file:
            text = file.read()
        os.unlink(log)
    return Run(args, env if fault else {}, code, out or b"",
               (err or b"").decode("utf-8", "replace"),
               time.monotonic() - start, text)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() \
            if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(file.read()).hexdigest()


def remove(*paths):
    for path in paths:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass


def one_message(run):
    """Status 1 comes with one clear message; None if it does."""
    lines = [line for line in run.err.splitlines()
             if line.startswith("capdump: ")]
    if len(lines) != 1 or len(lines[0]) < 20:
        return "%d messages with status %s: %s" % (len(lines), run.code, run)
    return None


class Judge:
    """Judges dumps of one image."""

    def __init__(self, image, level=31):
        self.image = image
        self.raw = RawCore(image)
        self.level = level
        self.reference = None           # digest of the complete dump
        expect = image + ".expect"
        self.want = listdump.read_expect(expect, level) \
            if os.path.exists(expect) else None

    def pages(self, dump, filler_ok=(), wanted=None):
        """Problems with the contents of the pages that are reached."""
        size = dump.head["block_size"]
        filler = kdumpfile.filler(size)
        raw = RawCore(self.image)       # it remembers where it was
        for pfn, page in dump.pages(wanted):
            if page is None:
                continue                # dump.problems has it
            if page == filler and (filler_ok is ALL or pfn in filler_ok):
                continue
            if page != raw.page(pfn):
                yield "frame %x: wrong content%s" % (
                    pfn, " (filler)" if page == filler else "")

    def kept(self, dump, more_ok=False):
        """Problems with which pages the bitmaps say are in the dump."""
        if not self.want:
            return
        have = set(dump.kept)
        lost = self.want["keep"] - have
        if lost:
            yield "%d pages lost, first %x" % (len(lost), min(lost))
        extra = have - self.want["keep"] - self.want["maybe"]
        if extra and not more_ok:
            yield "%d pages too many, first %x" % (len(extra), min(extra))
        if set(dump.present) != self.want["present"]:
            yield "bitmap 1 is not the memory"

    def dump(self, path, complete, filler_ok=(), more_ok=False,
             all_bits=True):
        """Problems of a dump; COMPLETE: what its header must say."""
        with UNPACKING:
            return self.dump_locked(path, complete, filler_ok, more_ok,
                                    all_bits)

    def dump_locked(self, path, complete, filler_ok, more_ok, all_bits):
        try:
            dump = kdumpfile.Dump(path)
        except (kdumpfile.NotADump, OSError, ValueError) as err:
            return ["%s does not open: %s" % (path, err)]
        out = []
        if complete != (not dump.head["status"] & kdumpfile.INCOMPLETE):
            out.append("%s: header says %s" % (
                path, "incomplete" if complete else "complete"))
        if all_bits:
            out += self.kept(dump, more_ok)
        out += self.pages(dump, filler_ok)
        out += dump.problems
        return out

    def outcome(self, run, output, filler=False):
        """Problems of a run that was made to fail somewhere: whatever it
        says of its dump must be true. FILLER: pages may be unreadable, and
        more pages may be kept for it."""
        crash = run.crash()
        if crash:
            return [crash]
        if run.code == COMPLETE:
            if not filler:
                if digest(output) != self.reference:
                    return ["status 0, but not the complete dump: %s" % run]
                return []
            return self.unreadable(run, output)
        if run.code == CUT_SHORT:
            first = "only what a reader needs first" in run.err
            problems = self.dump(output, False, more_ok=filler,
                                 all_bits=not first)
            if "incomplete" not in run.err:
                problems.append("status 3 without a word")
            return ["%s\n%s" % (p, run) for p in problems]
        if run.code == NO_DUMP:
            return [p for p in [one_message(run)] if p] \
                + self.left_behind(run, output)
        return ["status %s: %s" % (run.code, run)]

    def left_behind(self, run, output):
        """After status 1 a file may be there, but not one that claims to be
        complete; one that opens must be right in what it has."""
        if not os.path.exists(output):
            return []
        check = capdump("verify", output)
        if check.code == NO_DUMP and b"no metadata yet" in check.out:
            return []
        if check.code == COMPLETE and digest(output) == self.reference:
            return []           # all of it, but the last fsync() failed
        if check.code != CUT_SHORT:
            return ["%s\nleaves a file of which verify says %s %s"
                    % (run, check.code, check.out.decode())]
        return ["%s\n%s" % (p, run) for p in self.dump(output, False,
                                                       all_bits=False)]

    def unreadable(self, run, output):
        """A complete dump with some pages replaced: those of the report."""
        report = load_report(output + ".json")
        listed = set(report["unreadable_pfns"])
        count = report["pages_unreadable"]
        problems = self.dump(output, True, more_ok=True,
                             filler_ok=ALL if count > LISTED else listed)
        if len(listed) != min(count, LISTED):
            problems.append("%d unreadable pages, %d listed"
                            % (count, len(listed)))
        return ["%s\n%s" % (p, run) for p in problems]


def load_report(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def steps(full=FULL, dense=24 if FULL or PRELOAD else 8,
          factor=1.5 if FULL or PRELOAD else 1.8):
    """1, 2, 3 ...: all, or with growing steps."""
    n = 1
    while True:
        yield n
        n = n + 1 if full or n < dense else int(n * factor) + 1


def parallel(fn, jobs, workers=2):
    """fn(job) of each job, in order."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(fn, jobs))


def rng(salt):
    return random.Random("%d %s" % (SEED, salt))


def sweep(suite, name, numbers, attempt):
    """A check: ATTEMPT of each of the numbers, until one strikes no call any
    more; batches, since two runs go at once."""
    problems, codes, last = [], collections.Counter(), 0
    while True:
        batch = list(itertools.islice(numbers, 8))
        for n, (run, bad) in zip(batch, parallel(attempt, batch)):
            problems += bad
            if run.struck or run.code is None:
                codes[run.code] += 1
                last = n
        if last < batch[-1] or len(problems) > 20:
            break
    suite.check(name, problems, "%d runs, n up to %d, by status %s" % (
        sum(codes.values()), last, " ".join(
            "%s: %d" % i for i in sorted(codes.items(), key=str))))
