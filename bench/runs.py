# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program and says what it cost. The clock stops when its dump is on
the disk: both sides' files are synced alike."""

import mmap
import os
import statistics
import subprocess
import sys
import threading
import time

MAP_LOCKED = 0x2000     # Linux, asm-generic/mman.h; not in Python


class Peak(threading.Thread):
    """What a process held at most, KiB, looked at every 10 ms."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.anon, self.resident = pid, 0, 0
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.01):
            try:
                with open("/proc/%d/status" % self.pid,
                          encoding="ascii") as file:
                    for line in file:
                        if line.startswith("RssAnon:"):
                            self.anon = max(self.anon, int(line.split()[1]))
                        elif line.startswith("VmHWM:"):
                            self.resident = int(line.split()[1])
            except (OSError, ValueError):
                return


def remove(path):
    if os.path.lexists(path):
        os.unlink(path)


def sync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def run(command, cpus, stdin=os.devnull, stdout=os.devnull, env=None):
    """The figures of one run on that many CPUs, until the program's end."""
    pinned = ["taskset", "-c", ",".join(map(str, pick(cpus))), *command]
    with open(stdin, "rb") as read, open(stdout, "wb") as write:
        start = time.monotonic()
        # pylint: disable-next=consider-using-with
        child = subprocess.Popen(pinned, stdin=read, stdout=write,
                                 stderr=subprocess.PIPE, env=env)
    peak = Peak(child.pid)
    peak.start()
    err = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    ended = time.monotonic()
    peak.done.set()
    child.stderr.close()
    if child.returncode:
        sys.exit("%s: exit %d\n%s" % (" ".join(command), child.returncode,
                                      err.decode(errors="replace")[-2000:]))
    return dict(start=start, time=ended - start, ended=ended - start,
                user=used.ru_utime, system=used.ru_stime,
                anon=peak.anon << 10, resident=peak.resident << 10)


def measure(command, cpus, out, more=(), stdin=os.devnull, stdout=os.devnull):
    """The same until the output is on the disk; OUT, and MORE files that it
    writes, are gone afterwards."""
    for path in (out, *more):
        remove(path)
    os.sync()           # what others left to write is not ours
    figures = run(command, cpus, stdin, stdout)
    for path in (out, *more):
        sync(path)
    figures["time"] = time.monotonic() - figures.pop("start")
    figures["size"] = sum(map(os.path.getsize, (out, *more)))
    for path in (out, *more):
        os.unlink(path)
    return figures


def pick(cpus):
    """The last CPUs: the first often serves interrupts."""
    return sorted(os.sched_getaffinity(0))[-cpus:]


def median(figures):
    return {key: statistics.median(f[key] for f in figures)
            for key in figures[0]}


def seconds(figure):
    return figure["time"]


def cpu_seconds(figure):
    return max(figure["user"] + figure["system"], 1e-6)


def times_as_fast(base, figures, cost=seconds):
    """The median over rounds of a ratio, for which drift of the machine's
    speed cancels out."""
    return statistics.median(cost(b) / cost(f)
                             for b, f in zip(base, figures))


class Warm:
    """Holds a file in the page cache, holes too. Read once is not enough: a
    kernel may reclaim pages long before it runs short of them (DAMON)."""

    def __init__(self, path):
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        with open(path, "rb", buffering=0) as file:
            try:
                self.held = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ,
                                      flags=flags | MAP_LOCKED)
                return
            except OSError:     # needs root, or a limit (ulimit -l)
                print("%s is not locked into memory" % path)
            self.held = None
            buf = bytearray(1 << 20)
            while file.readinto(buf):
                pass

    def close(self):
        if self.held:
            self.held.close()
