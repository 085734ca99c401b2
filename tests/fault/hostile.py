#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Vmcores made to take all memory, or for ever: headers that claim more than
there is, page tables and lists that lead everywhere. Whatever they claim, info
and dmesg stay below 64 MiB and everything ends in time; and a signal ends a
capture at once also where a long scan is under way."""

import os
import resource
import signal
import struct
import subprocess
import time

import harness
from harness import CAPDUMP, Suite

MIB = 1 << 20
FIXTURES = os.path.join(harness.TOP, "tests", "fixtures")
PHDR = struct.Struct("<IIQQQQQQ")
PT_LOAD, PT_NOTE = 1, 4


class Core:
    """An ELF64 core whose program headers are made anew at its end."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        at, = struct.unpack_from("<Q", self.data, 32)
        nr, = struct.unpack_from("<H", self.data, 56)
        self.phdrs = [list(PHDR.unpack_from(self.data, at + i * PHDR.size))
                      for i in range(nr)]

    def add(self, kind, paddr, memsz, offset=0, filesz=0):
        self.phdrs.append([kind, 4, offset, 0, paddr, filesz, memsz, 0])

    def append(self, data):
        """Bytes at the end; their offset."""
        self.data += bytes(-len(self.data) % 4096)
        at = len(self.data)
        self.data += data
        return at

    def write(self, path):
        nr = len(self.phdrs)
        table = b"".join(PHDR.pack(*phdr) for phdr in self.phdrs)
        section = self.append(bytes(64) if nr < 0xffff else
                              struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0,
                                          nr, 0, 0))
        at = self.append(table)
        struct.pack_into("<Q", self.data, 32, at)
        struct.pack_into("<H", self.data, 56, min(nr, 0xffff))
        if nr >= 0xffff:
            struct.pack_into("<Q", self.data, 40, section)
            struct.pack_into("<HHH", self.data, 58, 64, 1, 0)
        with open(path, "wb") as file:
            file.write(self.data)
        return path


class Ended:
    """A run: status, output, seconds and peak resident memory."""

    def __init__(self, args, after=None, signum=signal.SIGTERM, timeout=60):
        start = time.monotonic()
        with subprocess.Popen([CAPDUMP] + [str(a) for a in args],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C")) as proc:
            try:
                if after is not None:
                    try:
                        proc.wait(after)
                    except subprocess.TimeoutExpired:
                        proc.send_signal(signum)
                    start = time.monotonic()
                self.out = proc.communicate(timeout=timeout)[0].decode(
                    "utf-8", "replace")
                self.code = proc.returncode
            except subprocess.TimeoutExpired:
                proc.kill()
                self.code, self.out = None, "still runs"
        self.seconds = time.monotonic() - start

    def __str__(self):
        return "status %s after %.1f s: %s" % (self.code, self.seconds,
                                               self.out[-800:])


class Hostile:
    def __init__(self, suite):
        self.suite = suite
        self.good = suite.image(os.path.join(FIXTURES,
                                             "good-6.12-vmemmap.txt"))

    def core(self):
        return Core(self.good)

    def stop_in_scan(self):
        """16 TiB of nothing take some seconds to scan, eight times."""
        core = self.core()
        core.add(PT_LOAD, 1 << 40, 1 << 44)
        image = core.write(self.suite.path("wide"))
        problems, slowest = [], 0
        for threads in (0, 2):
            out = self.suite.path("stopped")
            run = Ended(["-d", "0,1,2,4,8,16,30,31", "-L", "1",
                         "--num-threads", threads, image, out], after=0.7)
            slowest = max(slowest, run.seconds)
            if run.code != harness.NO_DUMP or "stopped by signal" \
               not in run.out or run.out.count("stopped") != 1:
                problems.append("%d threads: %s" % (threads, run))
            if run.seconds > 1:
                problems.append("%d threads: %s" % (threads, run))
            if os.path.exists(out):
                problems.append("leaves a file")
        self.suite.check("stop-in-scan", problems,
                         "SIGTERM ends a scan after %.1f s" % slowest)


def main():
    suite = Suite("hostile")
    hostile = Hostile(suite)
    hostile.stop_in_scan()
    suite.finish()


if __name__ == "__main__":
    main()
