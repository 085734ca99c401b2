# SPDX-License-Identifier: GPL-2.0-or-later
"""A file by places, whose holes are not read: to read them takes as long as to
read what is in the file, and of a machine with large pages most are holes."""

import bisect
import errno
import mmap
import os


class Mapped:
    """The file as it was when it was opened; map: all of it."""

    def __init__(self, path, size):
        """size: of what is asked for most."""
        self.zero = bytes(size)
        with open(path, "rb") as file:
            self.ends, self.starts = data_runs(file)
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def get(self, at, size):
        """That many bytes; behind the file's end they are zero."""
        i = bisect.bisect_right(self.ends, at)
        if size == len(self.zero) and (
                i == len(self.ends) or self.starts[i] >= at + size):
            return self.zero
        out = self.map[at:at + size]
        return out if len(out) == size else out.ljust(size, b"\0")


def data_runs(file):
    """Ends and begins of the parts that are no holes, ascending."""
    ends, starts, at = [], [], 0
    size = os.fstat(file.fileno()).st_size
    while at < size:
        try:
            start = os.lseek(file.fileno(), at, os.SEEK_DATA)
        except OSError as err:
            if err.errno != errno.ENXIO:
                raise
            break               # nothing but a hole
        at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
        starts.append(start)
        ends.append(at)
    return ends, starts
