# SPDX-License-Identifier: GPL-2.0-or-later
"""What every end-to-end test uses: a box of its own to run capdump in, the
images of the generator, and the questions that are asked again and again.

A test is a function that takes a Box and raises Fail. The product is
$CAPDUMP (default build/capdump).
"""

import collections
import filecmp
import glob
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
FIXTURES = os.path.join(TOP, "tests", "fixtures")
sys.path.insert(0, os.path.join(TOP, "tests", "gen"))

import flatstream       # noqa: E402
import kdumpfile        # noqa: E402
from memory import pack                 # noqa: E402
import images           # noqa: E402

CAPDUMP = os.path.abspath(os.environ.get(
    "CAPDUMP", os.path.join(TOP, "build", "capdump")))
# all of what otherwise is a part
FULL = bool(os.environ.get("FULL"))
# A sanitizer's shadow memory is not the product's.
SANITIZED = bool(os.environ.get("CAPDUMP_SANITIZED"))
# against hangs; a busy machine takes its time
TIMEOUT = 240
MIB = 1 << 20
LEVELS = (0, 1, 2, 4, 8, 16, 31)
CODECS = {"zlib": "-c", "lzo": "-l", "snappy": "-p", "zstd": "-z"}

Result = collections.namedtuple("Result", "code out err anon peak")


class Fail(Exception):
    """What the product did wrong."""


class Skip(Exception):
    """Why this cannot be tested here."""


def need(condition, text, *args):
    if not condition:
        raise Fail(text % args if args else text)


def equal(what, have, want):
    need(have == want, "%s is %.300r, not %.300r", what, have, want)


def fixtures(*prefixes):
    """Names of the fixtures that begin so."""
    names = (os.path.basename(p)[:-4]
             for p in sorted(glob.glob(os.path.join(FIXTURES, "*.txt"))))
    return [n for n in names if n.startswith(prefixes)]


class Watch(threading.Thread):
    """The most memory a process held, bytes: anonymous, and resident."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path = "/proc/%d/status" % pid
        self.anon = self.peak = 0
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set():
            try:
                with open(self.path, encoding="ascii") as file:
                    text = file.read()
            except (OSError, UnicodeDecodeError):
                return
            for line in text.splitlines():
                if line.startswith("RssAnon:"):
                    self.anon = max(self.anon, int(line.split()[1]) << 10)
                elif line.startswith("VmHWM:"):
                    self.peak = max(self.peak, int(line.split()[1]) << 10)
            time.sleep(0.002)


class Box:
    """A test's folder, gone when the test is over."""

    def __init__(self, folder):
        self.folder = folder
        self.shared = []
        self.close()            # a run that was killed left it
        os.makedirs(folder)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def check_shared(self):
        """No image that other tests use was changed."""
        for image in self.shared:
            need(image.unchanged(), "%s was changed: own=True makes an image "
                 "that may be", os.path.basename(image.path))

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, name, own=False):
        """By a fixture's name, or a path to its text. Tests share it, unless it
        is this one's own, to be changed."""
        text = name if "/" in name else os.path.join(FIXTURES, name + ".txt")
        out = self.path(os.path.basename(text)[:-4] + ".vmcore")
        if text.startswith(self.folder):
            return images.Image(out, text)      # it is this test's alone
        store = images.Store.of(os.path.dirname(self.folder))
        if own:
            return store.copy(text, out)
        self.shared.append(store.get(text))
        return store.link(text, out)

    def text(self, name, content):
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        return path

    def makedumpfile(self):
        """capdump under its other name."""
        path = self.path("makedumpfile")
        if not os.path.lexists(path):
            os.symlink(CAPDUMP, path)
        return path

    def run(self, *args, program=None, stdin=None, stdout=None, limit=None,
            pass_fds=(), umask=None, watch=False, env=None):
        """Runs capdump. A death by signal and a hang are failures; limit is
        the most private memory in bytes it may ask for (RLIMIT_DATA)."""
        command = [program or CAPDUMP, *map(str, args)]
        # by a shell: a function to be called would need a fork() of all this
        before = ["umask %03o" % umask] if umask is not None else []
        if limit and not SANITIZED:
            before.append("ulimit -d %d" % (limit >> 10))
        shell = ["/bin/sh", "-c", " && ".join((*before, 'exec "$@"')), "sh"]
        with subprocess.Popen(
                shell + command if before else command,
                stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=pass_fds, cwd=self.folder, env=env) as child:
            watcher = Watch(child.pid) if watch else None
            if watcher:
                watcher.start()
            try:
                out, err = child.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                child.kill()
                raise Fail("%s: still running after %d s"
                           % (" ".join(command[1:]), TIMEOUT)) from None
        if watcher:
            watcher.stop.set()
            watcher.join()
        err = err.decode("utf-8", "surrogateescape")
        if child.returncode < 0:
            raise Fail("%s: killed by %s: %s" % (
                " ".join(command[1:]),
                signal.Signals(-child.returncode).name, err[-300:]))
        if "Sanitizer" in err:
            raise Fail("%s: %s" % (" ".join(command[1:]), err[-2000:]))
        return Result(child.returncode, out, err,
                      watcher.anon if watcher else 0,
                      watcher.peak if watcher else 0)

    def good(self, *args, **kwargs):
        """Runs capdump, which must succeed."""
        result = self.run(*args, **kwargs)
        need(result.code == 0, "%s: exit %d: %s",
             " ".join(map(str, args)), result.code, result.err.strip()[-400:])
        return result

    def bad(self, code, *args, **kwargs):
        """Runs capdump, which must refuse with this exit status."""
        result = self.run(*args, **kwargs)
        need(result.code == code, "%s: exit %d, not %d: %s",
             " ".join(map(str, args)), result.code, code,
             result.err.strip()[-400:])
        return result

    def pipe(self, *args, program=None):
        """capdump's standard output into a pipe; returns the stream's name
        and the result."""
        path = self.path("stream")
        with open(path, "wb") as file, subprocess.Popen(
                ["cat"], stdin=subprocess.PIPE, stdout=file) as cat:
            result = self.good(*args, program=program, stdout=cat.stdin)
            cat.stdin.close()
            cat.wait(TIMEOUT)
        return path, result

    def rearrange(self, stream, out, *args, program=None):
        with open(stream, "rb") as file:
            return self.good("-R", *args, out, program=program, stdin=file)


def no_problems(what, problems):
    need(not problems, "%s: %s", what, "; ".join(map(str, problems[:4])))


def read_dump(path):
    """The second reader's view; its objections are failures."""
    try:
        dump = kdumpfile.Dump(path)
    except (kdumpfile.NotADump, ValueError) as err:
        raise Fail("%s: %s" % (os.path.basename(path), err)) from None
    no_problems(os.path.basename(path), dump.problems)
    return dump


def check_sets(dump, image, level):
    """Both bitmaps are those the fixture's description asks for."""
    want = image.expect(level)
    have, present = set(dump.kept), set(dump.present)
    for text, pfns in (
            ("should be kept", want["keep"] - have),
            ("should be left out", have - want["keep"] - want["maybe"]),
            ("are missing in bitmap1", want["present"] - present),
            ("are in bitmap1, not in memory", present - want["present"])):
        need(not pfns, "level %d: %d frames %s: %s", level, len(pfns), text,
             pack(sorted(pfns))[:300])
    equal("max_mapnr", dump.max_mapnr, int(want["max_mapnr"], 16))


def check_contents(dump, core, filler=False):
    """Every page is the vmcore's, byte for byte; returns those that carry
    the text for unreadable pages instead (allowed with filler)."""
    instead, block = [], kdumpfile.filler(dump.head["block_size"])
    zero_blocks = set()
    desc = dict(zip(dump.kept, dump.desc))
    for pfn, page in dump.pages():
        if dump.problems:
            no_problems("contents", dump.problems)
        want = core.page(pfn)
        if page == want:
            if want == core.zero:
                zero_blocks.add(desc[pfn][0])
            continue
        need(filler and page == block, "frame %x: not the vmcore's content",
             pfn)
        instead.append(pfn)
    need(len(zero_blocks) <= 1, "%d blocks for zero pages", len(zero_blocks))
    return instead


def check_dump(path, image, level, complete=True):
    """All of the above for a whole dump."""
    dump = read_dump(path)
    equal("complete", not dump.head["status"] & kdumpfile.INCOMPLETE,
          complete)
    check_sets(dump, image, level)
    check_contents(dump, image.core())
    return dump


def check_stream(path):
    """A flattened stream without fault, no byte in it twice."""
    with open(path, "rb") as file:
        flat = flatstream.Flat(file)
    no_problems("stream", flat.problems)
    equal("bytes sent twice", flat.twice, 0)
    return flat


def same_file(what, have, want):
    if filecmp.cmp(have, want, shallow=False):
        return
    with open(have, "rb") as a, open(want, "rb") as b:
        at = 0
        while True:
            x, y = a.read(MIB), b.read(MIB)
            if x != y:
                break
            at += len(x)
    at += next((i for i, (p, q) in enumerate(zip(x, y)) if p != q),
               min(len(x), len(y)))
    raise Fail("%s: differs at byte %d (sizes %d and %d)" % (
        what, at, os.path.getsize(have), os.path.getsize(want)))
