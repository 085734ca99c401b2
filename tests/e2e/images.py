# SPDX-License-Identifier: GPL-2.0-or-later
"""The images of the generator, as tests use them.

To make one takes ten times as long as to dump it. So each process keeps some,
by a fixture's name, and tests get hard links to them.
"""

import collections
import os

import expect
import fixture
import mkimage
from listdump import read_expect
from rawcore import RawCore

KEPT = 10               # images of some 30 MiB, and as much memory for each
BESIDE = ("", ".expect", ".truth", ".log")


class Image:
    """A generated vmcore; made is one of the same text, whose file is at path
    already."""

    def __init__(self, path, text, overrides=(), made=None):
        self.path = path
        self.fx = made.fx if made else fixture.load(text, overrides)
        self.machine = made.machine if made else \
            mkimage.make(text, path, overrides)
        self.raw = None
        self.expected = {}

    def expect(self, level):
        """What none of the level's bits leaves out; not to be changed."""
        if level not in self.expected:
            self.expected[level] = self.read_expect(level)
        return self.expected[level]

    def read_expect(self, level):
        parts = [read_expect(self.path + ".expect", n) for n in (
            [level] if level in expect.LEVELS else
            [1 << i for i in range(5) if level >> i & 1])]
        out, either = parts[0], set.union(*(p["maybe"] for p in parts))
        kept = set.intersection(*(p["keep"] | p["maybe"] for p in parts)) \
            if out["keep"] is not None else None
        if kept is not None:
            out["maybe"], out["keep"] = either & kept, kept - either
        return out

    def release(self):
        """uname -r"""
        return self.fx["release"] or self.machine.layout.release

    def partial(self):
        """Frames that lie only partly in a segment."""
        whole = {pfn for first, end, _ in self.core().whole
                 for pfn in range(first, end)}
        return self.core().present() - whole

    def core(self):
        if not self.raw:
            self.raw = RawCore(self.path, self.machine.page)
        return self.raw


class Made(Image):
    """One of the store's."""

    def __init__(self, path, text):
        super().__init__(path, text)
        if self.machine:
            self.machine.mem.held = None        # what is in the file
        self.state = self.look()
        self.gone = None        # how it was when it was removed

    def look(self):
        found = [os.stat(self.path + end) for end in BESIDE
                 if os.path.exists(self.path + end)]
        return [(st.st_size, st.st_mtime_ns) for st in found]

    def unchanged(self):
        return self.look() == self.state if self.gone is None else self.gone

    def remove(self):
        self.gone = self.unchanged()
        for end in BESIDE:
            if os.path.exists(self.path + end):
                os.unlink(self.path + end)


class Store:
    """Those of this process that were used last, in a folder of its own."""

    stores = {}             # by folder and process

    def __init__(self, folder):
        self.folder = folder
        self.made = collections.OrderedDict()
        os.makedirs(folder, exist_ok=True)

    @classmethod
    def of(cls, folder):
        path = os.path.join(folder, "images", str(os.getpid()))
        if path not in cls.stores:
            cls.stores[path] = cls(path)
        return cls.stores[path]

    def get(self, text):
        if text in self.made and not self.made[text].unchanged():
            self.made.pop(text).remove()
        if text not in self.made:
            while len(self.made) >= KEPT:
                self.made.popitem(last=False)[1].remove()
            self.made[text] = Made(os.path.join(
                self.folder, os.path.basename(text)[:-4]), text)
        self.made.move_to_end(text)
        return self.made[text]

    def link(self, text, path):
        return self.place(text, path, os.link)

    def copy(self, text, path):
        return self.place(text, path, copy_sparse)

    def place(self, text, path, how):
        made = self.get(text)
        for end in BESIDE:
            if os.path.lexists(path + end):
                os.unlink(path + end)
            if os.path.exists(made.path + end):
                how(made.path + end, path + end)
        return Image(path, text, made=made)


def copy_sparse(source, target):
    """The file's holes stay holes."""
    with open(source, "rb") as have, open(target, "wb") as out:
        size, at = os.fstat(have.fileno()).st_size, 0
        while at < size:
            try:
                at = os.lseek(have.fileno(), at, os.SEEK_DATA)
            except OSError:         # ENXIO: nothing but a hole
                break
            end = os.lseek(have.fileno(), at, os.SEEK_HOLE)
            os.lseek(out.fileno(), at, os.SEEK_SET)
            while at < end:
                at += os.sendfile(out.fileno(), have.fileno(), at, end - at)
        os.truncate(out.fileno(), size)
