# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages by kind: capdump info of a vmcore and of dumps of it; and what a
capture keeps against its level, for lack of a symbol table, is told."""

import json

from harness import FIXTURES, MIB, equal, need

IMAGE = "good-6.12-vmemmap"


def info(box, path):
    result = box.good("info", "--json", path, limit=64 * MIB)
    return json.loads(result.out), result.err


def kinds(box):
    """A dump holds the struct pages: it tells the kinds that its vmcore does,
    whatever was left out; the report of the capture counted the same."""
    image = box.image(IMAGE)
    want = info(box, image.path)[0]["pages"]
    need(sum(1 for n in want.values() if n) >= 8, "only %s", want)
    for level in (0, 1, 31):
        box.good("-f", "-d", level, "--report", "report", image.path, "dump")
        with open(box.path("report"), encoding="utf-8") as file:
            report = json.load(file)
        # also of poison in huge pages that are left out
        equal("the report's", {k: v["present"] for k, v in
                               report["pages"].items()}, want)
        have = info(box, "dump")[0]
        equal("level %d" % level, have["pages"], want)
        equal("all", sum(want.values()), have["pages_present"])
        text = box.good("info", "dump").out.decode()
        need("%12d free pages\n" % want["free"] in text, "%s", text)


def cut(box):
    """Of a dump that was cut short nobody knows the kinds: none is told."""
    image = box.image(IMAGE)
    box.bad(3, "-d", 0, "-L", "4M", image.path, "dump")
    have = info(box, "dump")[0]
    need(not have["complete"] and "pages" not in have, "%s", have)
    need("Kernel panic" in have["panic"], "%s", have["panic"])


def absurd(box):
    """A vmcore that claims a pebibyte is not counted for an hour: what no
    machine has is left out, what has no struct page is not looked at."""
    with open("%s/bad-load-huge.txt" % FIXTURES, encoding="utf-8") as file:
        text = file.read()
    need("memsz 0x4000000000000000" in text, "another fixture: %s", text)
    path = box.text("absurd.txt", text.replace("memsz 0x4000000000000000",
                                               "memsz 0x4000000000000"))
    for name in ("population.inc", "log.inc", "population-poison.inc"):
        with open("%s/%s" % (FIXTURES, name), encoding="utf-8") as file:
            box.text(name, file.read())
    have, err = info(box, box.image(path).path)
    need("46 bits" in err, "%s", err)
    equal("frames", sum(have["pages"].values()) >> 33, 1)


def kept(box):
    """Linux 5.10 does not say what it freed of its image: all of it stays."""
    counts = []
    for name in ("good-5.10-initfreed", "good-6.12-initfreed"):
        result = box.good("-f", "-d", 31, "--report", "report",
                          box.image(name).path, "dump")
        with open(box.path("report"), encoding="utf-8") as file:
            counts.append(json.load(file)["pages_kept_all_the_same"])
        line = "%d pages that the level leaves out are kept" % counts[-1]
        need(line in result.err, "%s: %s", name, result.err)
    need(counts[0] > counts[1], "%s", counts)
    result = box.good("-f", "-d", 0, box.image(IMAGE).path, "dump")
    need("leaves out" not in result.err, "%s", result.err)


def tests():
    for function in (kinds, cut, absurd, kept):
        yield function.__name__, function
