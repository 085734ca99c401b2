#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Vmcores made to take all memory, or for ever: headers that claim more than
there is, page tables and lists that lead everywhere. Whatever they claim, info
and dmesg stay below 64 MiB and everything ends in time; and a signal ends a
capture at once also where a long scan is under way."""

import json
import os
import re
import signal
import struct
import subprocess
import time

import harness
import mkimage
import rawcore
from cores import Base, Core, PAGE, note
from dumps import Dump
from harness import CAPDUMP, Suite

MIB = 1 << 20
TIB = 1 << 40
FIXTURES = os.path.join(harness.TOP, "tests", "fixtures")
# A sanitizer's shadow memory is not the product's.
SANITIZED = bool(harness.PRELOAD or os.environ.get("CAPDUMP_SANITIZED"))
LIMIT = 64 * MIB        # private memory that may be asked for
CPU_SECONDS = 60 if SANITIZED else 10   # a hang: what takes time takes < 2 s
LIMITS = ["-t %d" % CPU_SECONDS] + ([] if SANITIZED else
                                    ["-d %d" % (LIMIT >> 10)])


class Ended:
    """A run: status, output, seconds. When its progress says that it is on its
    way in PHASE, it is sent SIGTERM, and the seconds count from then."""

    def __init__(self, args, phase=None, timeout=120):
        start, progress = time.monotonic(), ()
        if phase:
            progress = os.pipe()
            args = [*args, "--progress-fd", progress[1]]
        with subprocess.Popen(harness.limited(
                LIMITS, [CAPDUMP] + [str(a) for a in args]),
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              pass_fds=progress[1:],
                              env=dict(os.environ, LC_ALL="C")) as proc:
            try:
                if phase:
                    os.close(progress[1])
                    self.wait(progress[0], phase)
                    proc.send_signal(signal.SIGTERM)
                    start = time.monotonic()
                out, err = proc.communicate(timeout=timeout)
                self.code = proc.returncode
            except subprocess.TimeoutExpired:
                proc.kill()
                self.code, (out, err) = None, proc.communicate()
        if phase:
            os.close(progress[0])
        self.seconds = time.monotonic() - start
        self.args = " ".join(str(a) for a in args)
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode("utf-8", "replace")

    @staticmethod
    def wait(progress, phase):
        """Until it is there, or the run has ended."""
        with open(progress, encoding="ascii", closefd=False) as file:
            for line in file:
                at = json.loads(line)
                if at["phase"] == phase and at["seconds"] > 0:
                    break

    def __str__(self):
        return "%s: status %s after %.1f s: %s" % (
            self.args, self.code, self.seconds, self.err[-600:])

    def problem(self):
        """What no run may end like."""
        if self.code not in (0, 1, 3) or harness.CRASHES.search(self.err) \
           or "out of memory" in self.err:
            return str(self)
        if self.code == 1:
            return harness.one_message(self)
        return None


class Hostile:
    def __init__(self, suite):
        self.suite = suite
        self.good = Base(suite.image(os.path.join(
            FIXTURES, "good-6.12-vmemmap.txt")))
        self.out = suite.path("out")
        self.kept = self.capture(Core(self.good).write()).get("pages_kept", 0)

    def core(self):
        """The good one, with more to come."""
        return Core(self.good)

    def bare(self):
        """Neither memory nor notes."""
        return Core(self.suite.path("bare"))

    def capture(self, image, *options):
        """A capture; its report."""
        harness.remove(self.out, self.out + ".json")
        self.run = Ended(["-d", 31, "--num-threads", 0, "--memory", "32M",
                          "--report", self.out + ".json", *options, image,
                          self.out])
        return harness.load_report(self.out + ".json")

    def captured(self, want, report):
        """Problems with what a capture has left."""
        problem = self.run.problem()
        if problem or (self.run.code == 0) != (want is None):
            yield problem or str(self.run)
        elif want is not None and not re.search(want, self.run.err):
            yield "not '%s': %s" % (want, self.run)
        elif want is None and report["pages_kept"] < self.kept:
            yield "%d pages kept" % report["pages_kept"]

    def check(self, name, core, want=None, info=None, warning=None,
              verified=None):
        """Everything is run on the core. WANT: what the one message of a
        capture is about; None: there is a dump. INFO: the same for info and
        dmesg. WARNING: what all of them say besides. VERIFIED: what verify
        says of the dump; None: it is good."""
        problems, cpu = [], os.times()
        for args in (["info"], ["dmesg"], ["--dump-dmesg"]):
            harness.remove(self.out)
            run = Ended(args + [core] + [self.out] * (args[0][0] == "-"))
            if run.problem():
                problems.append(run.problem())
            elif (run.code == 0) != (info is None) or \
                    not re.search(info or "", run.err):
                problems.append("not '%s': %s" % (info, run))
            elif warning and not re.search(warning, run.err):
                problems.append("no '%s': %s" % (warning, run))
        run = Ended(["verify", core])
        if run.code not in (0, 1, 3) or harness.CRASHES.search(run.err):
            problems.append(str(run))
        problems += self.captured(want, self.capture(core, "-L", "1G"))
        if want is None and not problems:
            problems += self.dump_problems(verified, info is None)
        problems += self.captured(want, self.capture(
            core, "--dry-run", "-L", "1G"))
        harness.remove(self.out)
        self.suite.check(name, problems, "%.1f s of CPU" % (
            sum(os.times()[2:4]) - sum(cpu[2:4])))

    def dump_problems(self, verified, log):
        """Of the dump that a capture made; LOG: it has one."""
        run = Ended(["verify", self.out])
        if run.code != (verified is not None) or \
           not re.search(verified or "", run.err):
            yield str(run)
        for command in ("info", "dmesg"):
            run = Ended([command, self.out])
            if run.problem() or log and run.code:
                yield str(run)

    def many_loads(self):
        """Many PT_LOADs: in FULL 2^20."""
        start, nr = 1 << 40, 1 << (20 if harness.FULL else 18)
        many = "more than 131072 pieces of memory"
        for name, step, want in (
                ("touching", PAGE, None), ("touching-down", -PAGE, None),
                ("apart", 2 * PAGE, many), ("apart-down", -2 * PAGE, many),
                ("overlapping", PAGE // 2, many)):
            core = self.core().loads(nr, start, step)
            self.check("loads-" + name, core.write(), want, want)
        self.check("loads-120000", self.core().loads(
            120000, start, 2 * PAGE).write())

    def many_phdrs(self):
        """A count in section header 0 that the file does not have, or has."""
        count = 2**32 - 1
        self.check("count-short", self.bare().load(0, PAGE).write(count),
                   "the file ends at", "the file ends at")
        said = "4294967295 program headers: more than"
        self.check("count-sparse", self.bare().load(0, PAGE).write(
            count, count * 57), said, said)

    def many_notes(self):
        core, said = self.core(), "PT_NOTEs are left out"
        at = core.append(note(b"X\0", 0) * 4096)
        for i in range(1 << 18):
            core.note(at + i % 4096 * 16, 16)
        self.check("notes-many", core.write(), warning=said)
        core = self.core()
        at = core.append(note(b"X\0", 0) * 4096)
        for _ in range(1 << 15):
            core.note(at, PAGE * 16)
        self.check("notes-same", core.write(), warning=said,
                   verified="the notes end at")
        # all zero: the end of the notes
        self.check("notes-zero", self.core().notes(100 * MIB).write(),
                   verified="the notes end at")
        core = self.core()
        at = core.append(note(b"X\0", 0) * (1 << 20))
        self.check("notes-small", core.note(at, 16 << 20).write(),
                   warning="more than 262144 notes",
                   verified="the notes end at")

    def big_notes(self):
        """No dump has room for these."""
        head = note(b"LINUX\0", (1 << 31) - 20, 0x700)
        self.check("notes-1t", self.core().notes(TIB, (0, head)).write(),
                   "no dump level fits")
        self.check("notes-2g", self.core().notes(
            TIB, *((at, head) for at in range(0, TIB, 1 << 31))).write(),
            "no dump level fits")

    def absurd(self):
        """Memory where no machine has any."""
        said = "left out, no machine has that"
        for name, paddr, size in (("wrap", 2**64 - PAGE, PAGE),
                                  ("57-bits", 1 << 57, PAGE),
                                  ("64-bits", 1 << 40, 2**64 - (1 << 40))):
            self.check("absurd-" + name, self.core().load(
                paddr, size).write(), warning=said)
        said = "with a physical address: no memory"
        self.check("absurd-alone", self.bare().load(1 << 57, PAGE).write(),
                   said, said)

    def check_dump(self, name, dump, said):
        """info, dmesg and verify of a dump that claims things, and a dump
        that is made of it. SAID: what verify objects to; None: nothing."""
        problems, cpu = [], os.times()
        for command in ("info", "dmesg"):
            run = Ended([command, dump])
            if run.problem():
                problems.append(run.problem())
        run = Ended(["verify", dump])
        if run.code != (said is not None) or run.code is None or \
           harness.CRASHES.search(run.err) or \
           not re.search(said or "", run.err):
            problems.append("not '%s': %s" % (said, run))
        self.capture(dump, "-L", "1G")
        if self.run.problem():
            problems.append(self.run.problem())
        problems += self.differs(0, dump, dump)
        self.suite.check("dump-" + name, problems, "%.1f s of CPU" % (
            sum(os.times()[2:4]) - sum(cpu[2:4])))

    def differs(self, want, *names):
        """Problems with diff, whose exit status is to be WANT."""
        run = Ended(["diff", *names])
        # "the header is wrong" is what others are checked for
        if run.code != want and "max_mapnr" not in run.err or \
           harness.CRASHES.search(run.err):
            yield str(run)

    def dumps(self):
        """Bitmaps, tables and notes of dumps that are as large as the format
        can say."""
        path, empty = self.suite.path("dump"), "its descriptor is empty"
        table = 1 << 32         # bytes, a hole
        for bits in (38, 40):
            self.check_dump("no-page-%d" % bits, Dump(path, 1 << bits).write(),
                            None)
            self.check_dump("last-page-%d" % bits, Dump(path, 1 << bits).bits(
                (1 << bits) // 8 - 1, b"\x80").write(24), empty)
        self.check_dump("too-many", Dump(path, (1 << 40) + 1).write(),
                        "max_mapnr is 1099511627777")
        spread = Dump(path, 1 << 40)
        for at in range(12345, 1 << 37, 1 << 26):
            spread.bits(at, b"\x10")
        self.check_dump("spread", spread.write(table), empty)
        self.check_dump("dense", Dump(path, 1 << 40).bits(
            0, b"\xff" * MIB).write(table), empty)
        self.check_dump("alternate", Dump(path, 1 << 40).bits(
            1 << 30, b"\x55" * (1 << 20)).write(table), empty)
        self.check_dump("no-table", Dump(path, 1 << 40).bits(
            0, b"\xff" * (4 << 20)).write(1000), "the file ends at")
        self.check_dump("sub-header", Dump(path, 1 << 20, 2**31 - 1).bits(
            0, b"\xff").write(1000), empty)
        blocks = TIB // PAGE + 1
        self.check_dump("notes", Dump(
            path, 1 << 20, blocks, offset_note=2 * PAGE, size_note=TIB).put(
                2 * PAGE, note(b"X\0", 0) * (1 << 19)).bits(
                    0, b"\xff").write(1000), "the notes end at")
        self.check_dump("vmcoreinfo", Dump(
            path, 1 << 20, blocks, offset_note=2 * PAGE, size_note=TIB,
            offset_vmcoreinfo=2 * PAGE + 24, size_vmcoreinfo=2**32 - 16).put(
                2 * PAGE, note(b"VMCOREINFO\0", 2**32 - 16, 0) +
                b"A=B\n" * 100000).bits(0, b"\xff").write(1000), empty)

    def wide(self):
        """One segment of as much as a header can say. There is room for no
        bitmaps of it; info and dmesg do with what is known of the rest."""
        large, none = "the bitmaps of [0-9]+ page frames alone", "VMCOREINFO"
        for bits in (46, 50, 52, 56):
            self.check("wide-%d" % bits, self.core().load(
                TIB, (1 << bits) - TIB).write(), large,
                warning="46 bits" if bits > 46 else None)
            run = Ended(["info", self.bare().load(0, 1 << bits).write()])
            problems = [run.problem()] if run.problem() else []
            if run.code or not re.search("memory: *[0-9.]+ [TPE]iB in 1 range",
                                         run.out):
                problems.append(str(run))
            for option in ("-c", "--dry-run"):
                report = self.capture(self.suite.path("bare"), option, "-L",
                                      "1G")
                problems += self.captured(large, report)
            self.suite.check("wide-alone-%d" % bits, problems, none)

    def wide_diff(self):
        """What is in one alone, and zeroes in both, are not gone through."""
        core = self.core().load(TIB, (1 << 46) - TIB).write()
        bare = self.bare().load(0, 1 << 46).write()
        self.suite.check("diff-wide", [
            *self.differs(0, core, core), *self.differs(1, core, bare),
            *self.differs(1, bare, core)])

    def far(self):
        """One page, far away."""
        for paddr in (1 << 40, (1 << 46) - PAGE, 1 << 46, 1 << 51, 1 << 56):
            core = self.core().load(paddr, PAGE).write()
            above = paddr >> 46
            self.check("far-%x" % paddr, core,
                       "the bitmaps" if paddr >> 45 == 1 else None,
                       warning="46 bits" if above else None)

    def everywhere(self, name, alias):
        """A vmcore whose mem_section says that all frames have a struct page.
        ALIAS: these are mapped, all to those of the first section."""
        path = self.suite.path(name)
        machine = mkimage.make(os.path.join(
            FIXTURES, "good-6.12-vmemmap.txt"), path)
        memory = Memory(path)
        table = machine.symbols["mem_section"] - machine.page_offset
        root, = struct.unpack("<Q", memory.read(table, 8))
        memory.write(table, struct.pack("<Q", root) * (
            machine.sizes["mem_section"] // 8))
        root -= machine.page_offset
        memory.write(root, memory.read(root, 32) * (PAGE // 32))
        for level in (2, 3) if alias else ():
            at = machine.tables.entry_paddr(machine.vmemmap, level)
            memory.write(at & -PAGE, memory.read(at, 8) * (PAGE // 8))
        if alias:
            at = machine.tables.entry_paddr(machine.vmemmap, 4)
            memory.write(at + 8, memory.read(at, 8))
        memory.file.close()
        return Base(path)

    def sections(self):
        nothing = self.everywhere("nothing", False)
        self.check("sections-unmapped", Core(nothing).load(
            TIB, TIB).write(), "no dump level fits")
        alias = self.everywhere("alias", True)
        self.check("sections-alias", Core(alias).load(
            TIB, 1 << (36 if harness.FULL else 33)).write())
        image = Core(alias).load(TIB, (1 << 46) - TIB).write()
        if harness.FULL:
            run = Ended(["info", image])
            problems = [run.problem()] if run.problem() else []
            if "1 TiB with struct pages" not in run.err or run.code:
                problems.append(str(run))
            self.suite.check("sections-info", problems)
        self.stop("stop-in-scan", image, "scan")

    def mapped(self):
        """Page tables of the vmalloc area that map a page in each piece of 3
        TiB: more than is remembered of where things are mapped."""
        path, nr = self.suite.path("mapped"), 512
        machine = mkimage.make(os.path.join(
            FIXTURES, "good-6.12-vmemmap.txt"), path)
        memory = Memory(path)
        at = machine.tables.entry_paddr(machine.vmalloc, 3)
        memory.write(at + 64, struct.pack("<Q", TIB | 0x63))
        memory.file.close()
        tables = [struct.pack("<512Q", *(
            TIB + (1 + i) * PAGE | 0x63 for i in range(nr)))]
        for i in range(nr):     # each piece of 128 MiB 10 times
            tables.append(struct.pack("<512Q", *(
                ((i * 512 + k) << 27) % (3 * TIB) | 0x63
                for k in range(512))))
        tables = b"".join(tables)
        core = Core(Base(path))
        core.load(TIB, len(tables), core.append(tables), len(tables))
        core.load(TIB + len(tables), 2 * TIB - len(tables))
        self.capture(core.write(), "--dry-run", "-L", "1G")
        problems = [self.run.problem()] if self.run.problem() else []
        if self.run.code != harness.CUT_SHORT or \
           "too scattered to be remembered" not in self.run.err:
            problems.append(str(self.run))
        self.suite.check("mapped-everywhere", problems)
        harness.remove(path)

    def stop(self, name, image, phase):
        """What takes long is ended by a signal at once."""
        problems, slowest = [], 0
        for threads in (0, 2):
            run = Ended(["-d", 31, "--dry-run", "--num-threads", threads,
                         "--memory", "32M", image, self.out], phase=phase)
            slowest = max(slowest, run.seconds)
            if run.code not in (harness.NO_DUMP, harness.CUT_SHORT) or \
               run.err.count("stopped by signal") != 1 or run.seconds > 10:
                problems.append("%d threads: %s" % (threads, run))
            if os.path.exists(self.out):
                problems.append("leaves a file")
        self.suite.check(name, problems, "%.1f s" % slowest)


class Memory:
    """Physical memory of a core, to be changed."""

    def __init__(self, path):
        self.loads = rawcore.RawCore(path).loads
        self.file = open(path, "r+b")

    def seek(self, paddr):
        for start, _, filesz, offset in self.loads:
            if start <= paddr < start + filesz:
                self.file.seek(offset + paddr - start)
                return
        raise ValueError("no memory at %x" % paddr)

    def read(self, paddr, size):
        self.seek(paddr)
        return self.file.read(size)

    def write(self, paddr, data):
        self.seek(paddr)
        self.file.write(data)


def main():
    suite = Suite("hostile")
    hostile = Hostile(suite)
    hostile.many_loads()
    hostile.many_phdrs()
    hostile.many_notes()
    hostile.big_notes()
    hostile.absurd()
    hostile.dumps()
    hostile.wide()
    hostile.wide_diff()
    hostile.far()
    hostile.sections()
    hostile.mapped()
    hostile.stop("stop-in-feed", hostile.bare().load(0, 1 << 42).write(), "write")
    suite.finish()


if __name__ == "__main__":
    main()
