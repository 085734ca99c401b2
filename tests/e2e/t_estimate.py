# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump estimate: held against the dumps that are then made."""

import json
import os
import re

from harness import CAPDUMP, check_dump, equal, need

LEVELS = (0, 1, 2, 4, 8, 16, 31)
CODECS = {"none": (), "zlib": ("-c",), "lzo": ("-l",), "snappy": ("-p",),
          "zstd": ("-z",), "zstd_fast": ("-z", "--fast")}


def foretold(box, image, *args):
    result = box.good("estimate", "--json", "--vmcore", image.path, *args)
    return json.loads(result.out)


def compare(box, image, levels):
    """Pages exactly; sizes within 15 %, which is what is promised, or 32 KiB:
    here all pages are sampled, but blocks are shared."""
    told = foretold(box, image)
    rows = {row["level"]: row for row in told["levels"]}
    equal("levels", sorted(rows), list(range(32)))
    for level, (codec, options) in zip(
            levels, list(CODECS.items()) * len(levels)):
        # only by that name nothing is packed
        program = box.makedumpfile() if codec == "none" else CAPDUMP
        box.good("-f", "-d", str(level), *options, image.path, "dump",
                 program=program)
        dump = check_dump(box.path("dump"), image, level)
        equal("pages at %d" % level, rows[level]["pages"], len(dump.kept))
        size, real = rows[level]["sizes"][codec], os.path.getsize(
            box.path("dump"))
        need(abs(size - real) <= max(0.15 * real, 32768),
             "-d %d %s: %d bytes foretold, %d came", level, codec, size, real)


def machines(box):
    for name in ("good-6.12-vmemmap", "good-s390x-6.12-init", "good-i386-pae",
                 "good-arm64-64k-48"):
        compare(box, box.image(name), LEVELS)


def text(box):
    """The table is the JSON's numbers; -d chooses rows, --target adds times."""
    image = box.image("good-6.12-vmemmap")
    told = foretold(box, image, "-d", "31,1")
    equal("levels", [row["level"] for row in told["levels"]], [31, 1])
    out = box.good("estimate", "-d", "31,1", "--vmcore", image.path,
                   "--target", box.path("."), "--cpus", "2").out.decode()
    rows = re.findall(r"^-d (\d+) +(\d+) (.*)$", out, re.M)
    equal("rows", [(int(level), int(pages)) for level, pages, _ in rows],
          2 * [(row["level"], row["pages"]) for row in told["levels"]])
    need(all(cell.endswith(" s") for cell in
             re.findall(r"[\d.]+ \w+", rows[-1][2])), "times: %s", rows[-1])
    need("2 of them" in out, "CPUs: %s", out)
    timed = foretold(box, image, "--target", box.path("."))
    need(timed["bytes_per_second"] > 0 and timed["target_room"] > 0,
         "%s", timed)
    for row in timed["levels"]:
        need(all(t > 0 for t in row["seconds"].values()), "%s", row)
    equal("what is left in the target", os.listdir(box.path(".")).count("dump"),
          0)


def wrong(box):
    for words, text in (
            (("estimate", "x"), "estimate takes options only"),
            (("estimate", "--cpus", "x"), "--cpus"),
            (("estimate", "-z"), "-z can't be used with estimate")):
        result = box.bad(2, *words)
        need(text in result.err, "%s: %s", words, result.err)
    result = box.bad(1, "estimate", "--vmcore", "/nonexistent")
    need("/nonexistent" in result.err, "%s", result.err)
    image = box.image("good-6.12-vmemmap")
    result = box.bad(1, "estimate", "--vmcore", image.path, "--target",
                     "/nonexistent/dir")
    need("/nonexistent/dir" in result.err, "%s", result.err)


def doubts(box):
    """Whoever reads the numbers is told what the scan could not read."""
    for name, text in (
            ("bad-pgtable-absent", "16384 struct pages can't be read"),
            ("bad-freecount", "1072 free pages were found, it says")):
        image = box.image(name)
        err = box.good("estimate", "--vmcore", image.path).err
        equal(name, err.count(text), 1)
    equal("a good one", box.good("estimate", "--vmcore", box.image(
        "good-6.12-vmemmap").path, "--message-level", "4").err, "")


def tests():
    for function in (machines, text, wrong, doubts):
        yield function.__name__, function
