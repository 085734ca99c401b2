#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints PASS and FAIL for a crash with crashkernel=SIZE,cma: what is in the dump,
what the capture kernel had, and what capdump says. usage: judge.py DIR CMA WORD...

CMA: bytes that were asked for; base in WORD: the kernel ignores it; two_zones: the
area can't be activated; two_zones_base: by an unpatched kernel; shrink: the crash
kernel's region was made smaller; low_1m, crash_low: these are named, too."""
import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.environ["TOP"], "tests/vm"))

import dumpfile     # noqa: E402

MARK = 0x6c65667400000000
PAGE = dumpfile.PAGE     # the environment's PAGE_SIZE


def claim(text, holds, seen):
    print("PASS " + text if holds else "FAIL %s: %s" % (text, seen))


def read(name, default=""):
    try:
        with open(os.path.join(sys.argv[1], name), encoding="utf-8",
                  errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return default


def crash_ranges(iomem):
    """What /proc/iomem calls so; end exclusive."""
    return [(int(a, 16), int(b, 16) + 1) for a, b in re.findall(
        r"([0-9a-f]+)-([0-9a-f]+) : Crash kernel", iomem)]


def crash_kernel(iomem):
    return sum(b - a for a, b in crash_ranges(iomem))


def ranges():
    """Of the CMA areas, as sysfs has them; end exclusive."""
    return [(int(a, 16), int(b, 16) + 1) for a, b in re.findall(
        r"([0-9a-f]+)-([0-9a-f]+)", read("cma"))]


def filled():
    """(frame, number) of each page that was."""
    return [[int(x, 16) for x in line.split()]
            for line in read("frames").splitlines()]


def check_pages(areas):
    """Each page that was filled is in the dump and right, unless it lies in a
    CMA area: then it is in no segment."""
    dump = dumpfile.Kdump(os.path.join(sys.argv[1], "dump"))
    have = {pfn: place for pfn, *place in dump.pages()}
    inside = wrong = lacking = leaked = 0
    frames = filled()
    for pfn, number in frames:
        if any(a <= pfn * PAGE < b for a, b in areas):
            inside += 1
            leaked += bool(dump.memory[pfn >> 3] >> (pfn & 7) & 1)
        elif pfn not in have:
            lacking += 1
        else:
            want = struct.pack("<Q", MARK + number) * (PAGE // 8)
            wrong += dump.unpack(*have[pfn]) != want
    print("    %d pages, %d of them in CMA" % (len(frames), inside))
    claim("pages outside of CMA are in the dump, and right",
          frames and not wrong and not lacking,
          "%d of %d wrong, %d not there" % (wrong, len(frames), lacking))
    if areas:
        claim("there were pages in CMA, and none is in the dump",
              inside and not leaked, (inside, leaked))
    return inside


def check_told(areas, words, inside):
    report = json.loads(read("report.json", "{}"))
    info = json.loads(read("info.json", "{}"))
    told = report.get("left_out") or []
    cma = [h for h in told if h["why"] == "crash_cma"]
    claim("the report names the CMA area",
          [(h["start"], h["end"]) for h in cma] == areas, told)
    claim("and counts what was in it", inside and sum(
        (h["lost"] or {}).get("anonymous", 0) for h in cma) >= inside,
        (inside, cma))
    claim("it says that none of it is in the vmcore",
          not any(h["bytes_saved"] for h in cma), cma)
    for a, b in areas:
        need = "left out: %012x-%012x " % (a, b - 1)
        claim("a message names %x-%x" % (a, b - 1), need in read("said") and
              "CMA area" in read("said"), read("said"))
    claim("the crash kernel's memory is named", sum(
        h["end"] - h["start"] for h in told
        if h["why"] in ("crash", "crash_low")) ==
        crash_kernel(read("first.iomem")), told)
    for word in words:
        claim(word + " is named", any(h["why"] == word for h in told), told)
    claim("info tells the same of the vmcore", info.get("left_out") == told,
          info.get("left_out"))


def check_two_zones(areas, total, reserved):
    """The area is not CMA, and nothing takes it for that."""
    claim("the log says that the area can't be used", "was not activated" in
          read("first.dmesg"), read("first.dmesg")[-500:])
    claim("there are no CMA ranges", not areas, areas)
    claim("the capture kernel has no more than was reserved",
          0 < total << 10 <= reserved + (1 << 20), (total << 10, reserved))
    check_pages([])
    told = json.loads(read("report.json", "{}")).get("left_out") or []
    claim("no CMA area is named", told and not any(
        h["why"] == "crash_cma" for h in told), told)


def check_two_zones_base(areas, total, reserved):
    """As it is without the patch: if it is no more, that is not needed."""
    claim("the area was not activated", "could not be activated" in
          read("first.dmesg"), read("first.dmesg")[-500:])
    claim("it is a CMA range all the same", areas, areas)
    claim("and the crash kernel's memory", total << 10 > reserved,
          (total << 10, reserved))
    check_pages(areas)


def check_shrink():
    """The table has the region as it is by now; what was given back is memory."""
    before, after = crash_ranges(read("before")), crash_ranges(read("after"))
    told = json.loads(read("report.json", "{}")).get("left_out") or []
    named = [(h["start"], h["end"]) for h in told if h["why"] == "crash"]
    claim("the region is smaller than it was",
          len(before) == len(after) == 1 and before[0][0] == after[0][0] and
          before[0][1] > after[0][1], (before, after))
    claim("the table has it as it is", named == after, told)
    claim("and the first megabyte, and nothing else",
          sorted(h["why"] for h in told) == ["crash", "low_1m"], told)
    back = [(a[1], b[1]) for a, b in zip(after, before)]
    claim("there were pages in what was given back",
          any(a <= pfn * PAGE < b for pfn, _ in filled() for a, b in back),
          back)
    check_pages([])


def main():
    asked, words = int(sys.argv[2]), sys.argv[3:]
    areas = ranges()
    reserved = crash_kernel(read("first.iomem"))
    total = int(re.search(r"MemTotal: *(\d+)", read("capture.meminfo",
                                                  "MemTotal: 0")).group(1))
    print("    crash kernel %d MiB, CMA %d MiB, the capture kernel has %d MiB"
          % (reserved >> 20, sum(b - a for a, b in areas) >> 20, total >> 10))
    if "two_zones" in words:
        check_two_zones(areas, total, reserved)
        return
    if "two_zones_base" in words:
        check_two_zones_base(areas, total, reserved)
        return
    if "shrink" in words:
        check_shrink()
        return
    if "base" in words:
        claim("no word of CMA in the log", reserved and "CMA" not in
              "".join(x for x in read("first.dmesg").splitlines()
                      if "crashkernel" in x and "ommand line" not in x),
              read("first.dmesg")[-500:])
        claim("the capture kernel has no more than was reserved",
              0 < total << 10 <= reserved, (total << 10, reserved))
        check_pages([])
        return
    claim("all of it is reserved", sum(b - a for a, b in areas) == asked,
          areas)
    # struct pages take of both, and LoongArch's SWIOTLB 64 MiB
    claim("the capture kernel has the CMA area's memory",
          total << 10 > reserved + asked // 2,
          (total << 10, reserved, asked))
    check_told(areas, words, check_pages(areas))


main()
