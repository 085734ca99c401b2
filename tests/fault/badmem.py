#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that can't be read: EIO for read(), a real SIGBUS under mmap(), or as
firmware's memory is refused on riscv (see shim.c), on pages of every kind. The dump is complete, filler stands for these
pages and for no other, their numbers are in the report, and what describes
pages (memmap, page tables, lists) loses none when it is bad."""

import os
import sys

import harness
from harness import Judge, Suite, capdump
import listdump

LEVEL = 31
# what the scan found
COUNTED = ("pages_present", "pages_kept", "pages", "ranks", "free_pages")


class Bad:
    def __init__(self, suite):
        self.suite = suite
        self.image = suite.image(os.path.join(harness.HERE, "small.txt"))
        self.judge = Judge(self.image, LEVEL)
        self.kinds = {}         # kind: frames
        with open(self.image + ".truth", encoding="ascii") as file:
            for line in file:
                span, kind = line.rstrip("\n").split(" ", 1)
                first, last = (int(x, 16) for x in span.split("-"))
                self.kinds.setdefault(kind, []).extend(
                    range(first, last + 1))

    def offsets(self, pfn):
        """Where the frame is in the file: the kernel image is there twice,
        since it has a PT_LOAD of its own."""
        at = pfn * 4096
        out = ["%d" % (offset + at - paddr)
               for paddr, _, filesz, offset in self.judge.raw.loads
               if paddr <= at and at + 4096 <= paddr + filesz]
        if not out:
            raise ValueError("frame %x is not in the file" % pfn)
        return out

    def run(self, name, pfns, *options, code=0, bad_as=""):
        """A capture with these frames bad; the dump's path and problems."""
        out = self.suite.path(name)
        offsets = ",".join(o for p in pfns for o in self.offsets(p))
        run = capdump("-d", LEVEL, "--report", out + ".json", *options,
                      self.image, out,
                      fault=dict(bad=offsets, bad_as=bad_as, input=self.image,
                                 output=out))
        if run.crash():
            return out, [run.crash()]
        if run.code != code:
            return out, ["not status %d: %s" % (code, run)]
        return out, []

    def dump_problems(self, out, pfns):
        """The dump at OUT misses exactly the kept ones of PFNS."""
        report = harness.load_report(out + ".json")
        dump = listdump.kdumpfile.Dump(out)
        bad = sorted(set(dump.kept) & set(pfns))
        if report["pages_unreadable"] != len(bad):
            yield "%d unreadable pages in the report, %d are" % (
                report["pages_unreadable"], len(bad))
        if sorted(report["unreadable_pfns"]) != bad[:harness.LISTED]:
            if len(bad) <= harness.LISTED:
                yield "listed: %s, bad and kept: %s" % (
                    report["unreadable_pfns"][:20], bad[:20])
        filler = listdump.kdumpfile.filler(4096)
        for pfn, page in dump.pages(set(bad)):
            if page != filler:
                yield "frame %x is bad, but has no filler" % pfn
        yield from self.judge.dump(out, True, filler_ok=set(bad),
                                   more_ok=True)

    def check(self, name, pfns, exact=False, bad_as=""):
        """Mapped and read, serial and with threads: all the same bytes and
        counts. EXACT: no page more may be kept for it."""
        problems, digests, counts = [], set(), []
        for how, options in (("map", ("--num-threads", 4)),
                             ("read", ("--num-threads", 0, "--non-mmap"))):
            out, bad = self.run("%s-%s" % (name, how), pfns, *options,
                                bad_as=bad_as)
            problems += ["%s: %s" % (how, b) for b in bad]
            if bad:
                continue
            problems += ["%s: %s" % (how, b)
                         for b in self.dump_problems(out, pfns)]
            if exact:
                problems += self.judge.kept(
                    listdump.kdumpfile.Dump(out))
            digests.add(harness.digest(out))
            report = harness.load_report(out + ".json")
            counts.append([report[key] for key in COUNTED])
            harness.remove(out, out + ".json")
        if len(digests) > 1:
            problems.append("mapped and read dumps differ")
        if len(counts) > 1 and counts[0] != counts[1]:
            problems.append("mapped and read counts differ: %s, %s" % (
                counts[0], counts[1]))
        self.suite.check(name, problems, "%d bad pages" % len(pfns))


def main():
    suite = Suite("badmem")
    bad = Bad(suite)
    rng = harness.rng("badmem")
    tells = ("memmap", "pagetable", "image named", "reserved",
             "reserved named")
    for kind, pfns in sorted(bad.kinds.items()):
        some = sorted(rng.sample(pfns, min(len(pfns), 5)))
        bad.check(kind.replace(" ", "-"), some, exact=kind not in tells)
    for kind in tells:
        bad.check("all-" + kind.replace(" ", "-"), bad.kinds[kind])
    for n in range(40 if harness.FULL else 10):
        pfns = [p for k in tells for p in bad.kinds[k]]
        bad.check("vital-%d" % n, sorted(rng.sample(pfns, 1 + n)))
    everything = sorted(p for pfns in bad.kinds.values() for p in pfns)
    bad.check("random", sorted(rng.sample(everything, 500)))
    bad.check("run", everything[5000:5400])
    bad.check("neighbours", everything[6000:6400:2], exact=True)
    bad.check("firmware", everything[5000:5400], bad_as="firmware")
    bad.check("firmware-all-memmap", bad.kinds["memmap"], bad_as="firmware")
    # a whole region that is gone: more than a report lists
    bad.check("many", everything[1000:4000], exact=True)

    stack = bad.kinds["stack"][:1]
    out, problems = bad.run("strict", stack, "--strict", code=4)
    suite.check("strict", problems, "status 4")
    harness.remove(out)
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
