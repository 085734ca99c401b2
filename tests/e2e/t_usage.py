# SPDX-License-Identifier: GPL-2.0-or-later
"""--mem-usage: the pages by kind are those of a dump, the pages that each level
keeps are those that it does keep, and the table is the one that scripts read."""

import json
import re

from harness import MIB, equal, need

IMAGES = ("good-6.12-vmemmap", "good-5.10-sparse", "good-6.1-pmem-shared")
LEVELS = (0, 1, 2, 4, 8, 16, 31)
ROW = re.compile(r"(\w+)\s+(\d+)\s+(yes|no)\s+(\S.*)")
LEVEL = re.compile(r"-d (\d+)\s+(\d+)\s+\S")


def usage(box, image, *options):
    result = box.good("--mem-usage", *options, image.path, limit=64 * MIB)
    return result.out.decode()


def levels(box, name):
    image = box.image(name)
    told = json.loads(usage(box, image, "--json"))
    pages = {entry["level"]: entry["pages"] for entry in told["levels"]}
    equal("levels", sorted(pages), list(range(32)))
    for level in LEVELS:
        box.good("-f", "--dry-run", "-d", level, "--report", "report",
                 image.path)
        with open(box.path("report"), encoding="utf-8") as file:
            report = json.load(file)
        # a huge page that is left out counts as a whole, poison and all
        extra = pages[level] - report["pages_kept"]
        need(0 <= extra <= told["kinds"]["hwpoison"] + 1, "level %d: %d, not %d",
             level, pages[level], report["pages_kept"])
        if level == 31:
            equal("level 31", extra, 0)
    kinds = report["pages"]
    for key, names in (("non_private_cache", ("cache",)),
                       ("private_cache", ("cache_private",)),
                       ("user", ("anonymous", "hugetlb")),
                       ("free", ("free", "unaccepted"))):
        equal(key, told[key], sum(kinds[n]["dropped"] for n in names))
    equal("all", sum(told[k] for k in (
        "zero", "non_private_cache", "private_cache", "user", "free",
        "kernel", "never_dumped")), told["pages"])


def table(box):
    """makedumpfile's lines, in its order, with the same numbers as JSON has."""
    image = box.image(IMAGES[0])
    told = json.loads(usage(box, image, "--json"))
    for options in ((), ("-c", "-d", "1"), ("--num-threads", "0"),
                    ("--memory", "12M")):
        text = usage(box, image, *options)
        rows = [m.groups() for m in map(ROW.match, text.splitlines()) if m]
        equal("kinds", [(r[0], int(r[1]), r[2]) for r in rows], [
            ("ZERO", told["zero"], "yes"),
            ("NON_PRI_CACHE", told["non_private_cache"], "yes"),
            ("PRI_CACHE", told["private_cache"], "yes"),
            ("USER", told["user"], "yes"), ("FREE", told["free"], "yes"),
            ("KERN_DATA", told["kernel"], "no")])
        need(re.search(r"^page size:\t\t%d *$" % told["page_size"], text,
                       re.M), "%s", text)
        need(re.search(r"^Total pages on system:\t%d *$" % told["pages"],
                       text, re.M), "%s", text)
        pages = {int(a): int(b) for a, b in LEVEL.findall(text)}
        need(len(pages) > 8, "%s", text)
        for level, nr in pages.items():
            equal("level %d" % level, nr, told["levels"][level]["pages"])


def words(box):
    """Wrong usage; and a machine without /proc/kcore, or whoever asks may not
    read it: an error that names it."""
    box.bad(2, "--mem-usage", "a", "b")
    box.bad(2, "--mem-usage", "--dump-dmesg", "a")
    box.bad(1, "--mem-usage", box.path("none"))
    equal("the same", box.bad(1, "mem-usage", box.path("none")).err,
          box.bad(1, "--mem-usage", box.path("none")).err)


def tests():
    for name in IMAGES:
        yield name, levels, name
    yield "table", table
    yield "words", words
