# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of devices that has struct pages (ZONE_DEVICE): what is said of it,
and that missing ones cost nothing else. Which pages are kept: t_sets.py."""

import json
import re

from harness import FIXTURES, FULL, check_dump, equal, need

MIB = 1 << 20


def info(box, path):
    return json.loads(box.good("info", "--json", path).out)


def capture(box, image, *args):
    """A dump; its report, and the warnings of the run."""
    result = box.good("-f", *args, "--report", "report", image.path, "dump")
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    return report, [w for w in result.err.splitlines() if "warning" in w]


def device(first, end, missing=False, at=None, made_anew=False,
           left_out=False):
    return {"start": first * MIB, "end": end * MIB, "missing": missing,
            "left_out": left_out, "made_anew": made_anew,
            "struct_pages": at and [at[0] * MIB, at[1] * MIB]}


def told(box, name, want, nr_pages):
    """Report, info of the vmcore, info of the dump: the same devices; nothing
    is warned about."""
    image = box.image(name)
    for level in (0, 31):
        report, warnings = capture(box, image, "-d", level)
        equal("warnings", warnings, [])
        equal("devices", report["devices"], want)
        equal("device pages", report["pages"]["device"],
              {"present": nr_pages, "kept": nr_pages, "dropped": 0})
        for path in (image.path, "dump"):
            have = info(box, path)
            equal("devices of " + path, have["devices"], want)
            equal("pages of " + path, have["pages"]["device"], nr_pages)
    text = box.good("info", "dump").out.decode()
    for d in want:
        need("%012x-%012x %.1f MiB, struct pages %s" % (
            d["start"], d["end"] - 1, (d["end"] - d["start"]) / MIB,
            "on the device, at %x-%x\n" % (
                d["struct_pages"][0], d["struct_pages"][1] - 1)
            if d["struct_pages"] else "in memory\n") in text, "%s", text)
    return "%d device pages" % nr_pages


def missing(box):
    """Once a range, with what helps; exit 0, even with --strict; all else is
    as without the device."""
    image = box.image("good-7.2-pmem-missing")
    want = [device(128, 384, True, (130, 134))]
    report, warnings = capture(box, image, "--strict")
    equal("devices", report["devices"], want)
    equal("warnings", len(warnings), 1)
    need(re.search(r"0x8000000-0x17ffffff \(256\.0 MiB\).* at 0x8200000-"
                   r"0x85fffff.*--map=mem", warnings[0]), "%s", warnings)
    equal("in the report", ["warning: " + w for w in report["warnings"]],
          warnings)
    equal("device pages", report["pages"]["device"]["present"], 0)
    equal("unknown", report["pages"]["unknown"]["present"], 0)
    check_dump(box.path("dump"), image, 31)
    for path in (image.path, "dump"):
        equal("devices of " + path, info(box, path)["devices"], want)
    text = box.good("info", "dump").out.decode()
    need(" on the device, at 8200000-85fffff, missing\n" in text, "%s", text)
    plain = box.image(strip(box, "good-7.2-pmem-missing"))
    other, warnings = capture(box, plain)
    equal("warnings without it", warnings, [])
    for key in ("pages", "pages_present", "pages_kept", "free_pages"):
        equal(key, report[key], other[key])


def left_out(box):
    """As missing ones, but the kernel says where they are: another reason and
    another help."""
    image = box.image("good-7.2-pmem-leftout")
    report, warnings = capture(box, image)
    equal("devices", report["devices"],
          [device(128, 384, True, (130, 134), left_out=True)])
    equal("warnings", len(warnings), 1)
    need(re.search(r"0x8000000-0x17ffffff .* at 0x8200000-0x85fffff.*"
                   r"left them out.*kexec -s", warnings[0]), "%s", warnings)
    text = box.good("info", "dump").out.decode()
    need(" on the device, at 8200000-85fffff, left out\n" in text, "%s", text)


def made_anew(box, pgmap):
    """By a kernel that had its dev_pagemap there: one warning, with what helps,
    and no other difference to the report."""
    with open(strip(box, "good-7.2-pmem"), encoding="utf-8") as file:
        image = box.image(box.text("anew.txt", "%sdirect_leaf 1g\n"
                                   "device 0x8000-0x17fff load=1 pgmap=%#x\n"
                                   % (file.read(), pgmap)))
    want = [device(128, 384, False, (130, 134), True)]
    plain = capture(box, box.image("good-7.2-pmem"))[0]
    report, warnings = capture(box, image, "--strict")
    equal("devices", report["devices"], want)
    equal("warnings", len(warnings), 1)
    need(re.search(r"0x8000000-0x17ffffff \(256\.0 MiB\).* at 0x8200000-"
                   r"0x85fffff.*made them anew.*module_blacklist=", warnings[0]),
         "%s", warnings)
    equal("pages", report["pages"], plain["pages"])
    for path in (image.path, "dump"):
        equal("devices of " + path, info(box, path)["devices"], want)
    text = box.good("info", "dump").out.decode()
    need(" on the device, at 8200000-85fffff, made anew\n" in text, "%s", text)


def strip(box, name):
    """The fixture without its devices, as a file."""
    for part in ("population.inc", "population-poison.inc", "log.inc"):
        with open("%s/%s" % (FIXTURES, part), encoding="utf-8") as file:
            box.text(part, file.read())
    with open("%s/%s.txt" % (FIXTURES, name), encoding="utf-8") as file:
        lines = [x for x in file if not x.startswith("device")]
    return box.text("plain.txt", "".join(lines))


def many(box):
    """More namespaces than are named: some warnings, not one for each."""
    text = "".join("device 0x%x-0x%x\n" % (0x10000 * i, 0x10000 * i + 0x7fff)
                   for i in range(1, 71))
    with open(strip(box, "good-7.2-pmem-missing"), encoding="utf-8") as file:
        image = box.image(box.text("many.txt", file.read() + text))
    report, warnings = capture(box, image)
    equal("devices", len(report["devices"]), 64)
    equal("warnings", len(warnings), 9)
    need("more" in warnings[-1], "%s", warnings[-1])


def tests():
    yield "pmem", told, "good-7.2-pmem", [
        device(128, 384, False, (130, 134))], 1534
    yield "stale", told, "good-6.12-pmem-stale", [
        device(128, 256, False, (130, 132)),
        device(384, 512, False, (386, 388))], 2044
    yield "shared", told, "good-6.1-pmem-shared", [device(128, 256)], 0
    yield "far", told, "good-7.2-pmem-5level", [
        device(1 << 18, (1 << 18) + 256, False,
               ((1 << 18) + 2, (1 << 18) + 6))], 1534
    yield "missing", missing
    yield "left-out", left_out
    # where the crashed kernel has nothing mapped; in memory that is not saved
    yield "anew", made_anew, 1 << 40
    yield "anew-unsaved", made_anew, 0x30000000
    if FULL:
        yield "many", many
