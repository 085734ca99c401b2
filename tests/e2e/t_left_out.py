# SPDX-License-Identifier: GPL-2.0-or-later
"""What the crashed kernel says that it left out (kernel-patches/c-left-out):
the report, info and the log say so, and nothing else depends on it."""

import json
import struct

from harness import FIXTURES, check_dump, equal, need

NAME = "good-7.2-leftout"
LOST = {"cache": 8, "cache_private": 4, "anonymous": 32, "hugetlb": 0}


def hole(first, last, why, reason, saved=0, lost=None):
    return {"start": first, "end": last + 1, "why": why, "reason": reason,
            "bytes_saved": saved, "lost": lost}


HOLES = [hole(0, 0xfffff, "low_1m", 6, 0x9ec00),
         hole(0x4000000, 0x47fffff, "crash_cma", 3, 0, LOST),
         hole(0x5000000, 0x53fffff, "crash", 1),
         hole(0x7fff000, 0x7ffffff, "other", 99, 0x1000)]


def in_pages(holes):
    """As a dump has it, which knows whole pages."""
    return [dict(h, bytes_saved=-h["bytes_saved"] // 4096 * -4096)
            for h in holes]


def info(box, path):
    return json.loads(box.good("info", "--json", path).out)["left_out"]


def capture(box, image, *args):
    result = box.good("-f", *args, "--report", "report", image.path, "dump")
    with open(box.path("report"), encoding="utf-8") as file:
        return json.load(file), result.err


def told(box):
    """Report, info of the vmcore, info of the dump."""
    image = box.image(NAME)
    for level in (0, 31):
        report, err = capture(box, image, "-d", level)
        equal("report", report["left_out"], HOLES)
        equal("warnings", report["warnings"], [])
        need("left out: 000004000000-0000047fffff 8.0 MiB, CMA area, the "
             "crash kernel's, with 44 pages of users and page cache\n" in err,
             "%s", err)
        need("megabyte" not in err, "%s", err)
        check_dump(box.path("dump"), image, level)
        equal("info of the vmcore", info(box, image.path), HOLES)
        equal("info of the dump", info(box, "dump"), in_pages(HOLES))
    text = box.good("info", "dump").out.decode()
    need("\nleft out by the kernel:\n" in text, "%s", text)
    for line in ("000004000000-0000047fffff 8.0 MiB, CMA area, the crash "
                 "kernel's, with 44 pages of users and page cache",
                 "000005000000-0000053fffff 4.0 MiB, the crash kernel's",
                 "000000000000-0000000fffff 1.0 MiB, the first megabyte, "
                 "reserved, but 636.0 KiB of it saved",
                 "000007fff000-000007ffffff 4.0 KiB, for a reason that is "
                 "not known here, but all of it saved"):
        need("\n  %s\n" % line in text, "%s in %s", line, text)


def without(box):
    """A kernel that does not tell; one that could, and has nothing."""
    equal("6.12", info(box, box.image("good-6.12-vmemmap").path), None)
    image = changed(box, "pokev crash_left_out " + bytes(16 * 24).hex())
    equal("nothing", info(box, image.path), [])


def nonsense(box):
    """A table that can't be: a warning, and a dump that is as it would be."""
    for line in ("SIZE(crash_range)=23", "SIZE(crash_range)=100000",
                 "LENGTH(crash_left_out)=18446744073709551615",
                 "LENGTH(crash_left_out)=0", "SYMBOL(crash_left_out)=123"):
        image = changed(box, "info " + line)
        report, err = capture(box, image)
        equal(line, report["left_out"], None)
        need("crash_left_out" in err, "%s: %s", line, err)
        # the size is both tables'
        equal(line, len(report["warnings"]), 1 + ("SIZE" in line))
        check_dump(box.path("dump"), image, 31)
    # ends before it begins; the whole of what can be addressed, and almost
    image = changed(box, "pokev crash_left_out " + b"".join(
        struct.pack("<QQII", *row, 3, 0) for row in (
            (8192, 4096), (0, (1 << 64) - 1), (0, (1 << 64) - 2),
            ((1 << 64) - 2, (1 << 64) - 2))).hex())
    report, err = capture(box, image)
    equal("ranges", [(h["start"], h["end"]) for h in report["left_out"]][-2:],
          [(0x7fff000, 0x8000000), ((1 << 64) - 2, (1 << 64) - 1)])
    check_dump(box.path("dump"), image, 31)
    # the same memory twice: counted once
    image = changed(box, "pokev crash_left_out " + 4 * struct.pack(
        "<QQII", 0x4000000, 0x47fffff, 3, 0).hex())
    report, _ = capture(box, image)
    equal("lost", [h["lost"] for h in report["left_out"]
                   if h["why"] == "crash_cma"],
          [LOST, None, None, None])


def changed(box, line):
    """The fixture with another statement."""
    for part in ("population.inc", "log.inc"):
        with open("%s/%s" % (FIXTURES, part), encoding="utf-8") as file:
            box.text(part, file.read())
    with open("%s/%s.txt" % (FIXTURES, NAME), encoding="utf-8") as file:
        return box.image(box.text("changed.txt", file.read() + line + "\n"))


def tests():
    yield "told", told
    yield "without", without
    yield "nonsense", nonsense
