# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory encryption: the bit in each page table entry changes nothing, from
the image over the vmalloc area to the struct pages. Which pages are kept, and
that of a guest's own kinds: t_sets.py."""

import json

from harness import FIXTURES, equal, need

PARTS = ("population.inc", "population-poison.inc", "log.inc")


def capture(box, path, *args):
    result = box.good("-f", "--report", "report", *args, path, "dump")
    equal("warnings", result.err.count("warning: "), 0)
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    info = json.loads(box.good("info", "--json", path).out)
    log = box.good("dmesg", "dump").out
    return report, info, log


def same(box, name):
    """With the bit and without it: kinds, ranks, log, and what info tells."""
    with open("%s/%s.txt" % (FIXTURES, name), encoding="utf-8") as file:
        lines = file.readlines()
    for part in PARTS:
        with open("%s/%s" % (FIXTURES, part), encoding="utf-8") as file:
            box.text(part, file.read())
    need(any(x.startswith("sme_bit ") for x in lines), "no bit in %s", name)
    image = box.image(box.text("bit.txt", "".join(lines)))
    plain = box.image(box.text("plain.txt", "".join(
        x for x in lines if not x.startswith("sme_bit "))))
    mask = b"NUMBER(sme_mask)=%d\n" % (1 << image.fx.num("sme_bit"))
    need(mask in image.machine.vmcoreinfo, "VMCOREINFO has no mask")
    have, want = capture(box, image.path), capture(box, plain.path)
    for key in ("pages", "ranks", "pages_kept", "free_pages"):
        equal(key, have[0][key], want[0][key])
    need(want[0]["ranks"]["first"] > 100, "ranks: %s", want[0]["ranks"])
    for key in ("panic", "trace", "pages", "registers", "release"):
        equal("info's " + key, have[1][key], want[1][key])
    equal("log", have[2], want[2])
    need(have[2], "no log")
    return "%d pages first" % have[0]["ranks"]["first"]


def unaccepted(box):
    """A kind of its own, which goes with the free pages."""
    image = box.image("good-7.2-snp")
    for level, kept in ((31, 0), (16, 0), (15, 2048), (0, 2048)):
        report = capture(box, image.path, "-d", level)[0]
        equal("level %d" % level, report["pages"]["unaccepted"],
              {"present": 2048, "kept": kept, "dropped": 2048 - kept})
        equal("offline", report["pages"]["offline"]["kept"], 0)
        equal("free", report["free_pages"]["found"],
              report["free_pages"]["kernel"])


def tests():
    for name in ("good-6.12-sme", "good-6.1-sme-5level", "good-7.2-snp",
                 "good-7.2-snp-5level", "good-7.2-pmem-5level"):
        yield name, same, name
    yield "unaccepted", unaccepted
