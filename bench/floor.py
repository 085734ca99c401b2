#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""floor.py [-n ROUNDS] [-o FOLDER] [--sync] VMCORE...: capdump beside
makedumpfile ($MAKEDUMPFILE, or that of the PATH) on real vmcores.

Each round runs the peer without threads and capdump with 0, 1 and 2 threads,
one after the other, for -z, -l and no compression at dump levels 31 and 1;
the table has the medians of all rounds: time, user and system CPU (seconds),
the most anonymous and resident memory, the dump's size, and the times as
ratios to the peer's. The floor: one thread is never slower than the peer,
two are at least 1.6 times as fast, anonymous memory stays below 16 MiB, the
dump is no larger. Say what else the machine did: the load is printed.

--sync counts the time until the peer's dump is on the disk, as capdump does
by itself. The output goes to FOLDER (default: a temporary one).
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CAPDUMP = os.environ.get("CAPDUMP", os.path.join(TOP, "build", "capdump"))
PEER = os.environ.get("MAKEDUMPFILE") or shutil.which("makedumpfile")
CODECS = {"zstd": "-z", "lzo": "-l", "none": None}
LEVELS = (31, 1)
THREADS = (0, 1, 2)
MIB = 1 << 20


class Peak(threading.Thread):
    """What a process held at most, bytes, looked at every 10 ms."""

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


def measure(command, out, sync):
    """One run's figures; the dump is gone afterwards."""
    if os.path.exists(out):
        os.unlink(out)
    before = os.times()
    start = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as child:
        peak = Peak(child.pid)
        peak.start()
        err = child.communicate()[1]
    peak.done.set()
    if sync:
        fd = os.open(out, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
    took = time.monotonic() - start
    after = os.times()
    if child.returncode:
        sys.exit("%s: exit %d\n%s" % (" ".join(command), child.returncode,
                                      err.decode(errors="replace")[-2000:]))
    size = os.path.getsize(out)
    os.unlink(out)
    return dict(time=took, user=after[2] - before[2],
                system=after[3] - before[3], anon=peak.anon << 10,
                resident=peak.resident << 10, size=size)


def commands(vmcore, codec, level, out):
    """Name and command line of each contestant."""
    letter = [CODECS[codec]] if CODECS[codec] else []
    yield "makedumpfile", [PEER, *letter, "-d", str(level),
                           "--message-level", "4", vmcore, out], True
    program = CAPDUMP
    if codec == "none":         # by that name its default is none
        program = os.path.join(os.path.dirname(out), "makedumpfile")
        if not os.path.lexists(program):
            os.symlink(os.path.abspath(CAPDUMP), program)
    for threads in THREADS:
        yield "capdump %d" % threads, [
            program, *letter, "-d", str(level), "--message-level", "4",
            "--num-threads", str(threads), vmcore, out], False


def row(name, figures, peer):
    median = {key: statistics.median(f[key] for f in figures)
              for key in figures[0]}
    faster = statistics.median(p["time"] / f["time"]
                               for p, f in zip(peer, figures))
    print("  %-14s %6.2f %6.2f %6.2f %7.1f %8.1f %10d %7.2fx" % (
        name, median["time"], median["user"], median["system"],
        median["anon"] / MIB, median["resident"] / MIB, median["size"],
        faster), flush=True)
    return median, faster


def judge(name, median, faster, peer):
    """What of the floor does not hold."""
    least = {"capdump 1": 1.0, "capdump 2": 1.6}.get(name, 0)
    bad = []
    if faster < least:
        bad.append("%.2f times as fast, not %.1f" % (faster, least))
    if median["anon"] > 16 * MIB:
        bad.append("%.1f MiB of memory" % (median["anon"] / MIB))
    if median["size"] > peer["size"]:
        bad.append("%d bytes larger" % (median["size"] - peer["size"]))
    return ["%s: %s" % (name, text) for text in bad]


def case(vmcore, codec, level, args):
    """Runs and prints one block of the table."""
    out = os.path.join(args.output, "dump")
    figures = {}
    for _ in range(args.rounds):
        for name, command, theirs in commands(vmcore, codec, level, out):
            figures.setdefault(name, []).append(
                measure(command, out, theirs and args.sync))
    print("%s -d %d, load %.1f" % (codec, level, os.getloadavg()[0]))
    peer = figures["makedumpfile"]
    bad, base = [], None
    for name, runs in figures.items():
        median, faster = row(name, runs, peer)
        base = base or median
        bad += judge(name, median, faster, base)
    for text in bad:
        print("  below the floor: " + text)
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("-o", "--output")
    parser.add_argument("--sync", action="store_true")
    parser.add_argument("--codec", choices=CODECS, action="append")
    parser.add_argument("--level", type=int, action="append")
    parser.add_argument("vmcore", nargs="+")
    args = parser.parse_args()
    if not PEER:
        sys.exit("no makedumpfile: set MAKEDUMPFILE")
    folder = None
    if not args.output:
        args.output = folder = tempfile.mkdtemp(prefix="floor-")
    bad = []
    try:
        for vmcore in args.vmcore:
            with open(vmcore, "rb") as file:    # into the page cache
                while file.read(MIB):
                    pass
            print("%s\n%-16s %6s %6s %6s %7s %8s %10s %8s" % (
                vmcore, "", "time", "user", "sys", "anon", "resident",
                "bytes", "faster"))
            for codec in args.codec or CODECS:
                for level in args.level or LEVELS:
                    bad += case(vmcore, codec, level, args)
    finally:
        if folder:
            shutil.rmtree(folder)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
