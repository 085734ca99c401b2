# SPDX-License-Identifier: GPL-2.0-or-later
"""Every good fixture at the highest dump level and one other, with FULL=1 at
every level: the frames that the description asks for, with the
vmcore's contents and notes, and a report that adds up."""

import json
import re
import zlib

from harness import (FULL, LEVELS, check_contents, check_dump, equal, fixtures,
                     need, read_dump, check_sets)

WEIGHT = 3
TYPES = {"page_tables": 16, "zsmalloc": 8, "guard": 16, "large_kmalloc": 64}


def check_report(report, dump, image, level):
    """The report's numbers agree with each other and with the dump."""
    kinds = report["pages"].values()
    for name, kind in report["pages"].items():
        equal("pages of " + name, kind["present"],
              kind["kept"] + kind["dropped"])
    present, kept = report["pages_present"], report["pages_kept"]
    # what is lost to fadump is in no segment
    equal("sum of present", sum(k["present"] for k in kinds)
          - report["pages"]["lost_to_fadump"]["present"], present)
    equal("sum of kept", sum(k["kept"] for k in kinds)
          + report["pages_kept_all_the_same"], kept)
    equal("sum of ranks", sum(report["ranks"].values()), kept)
    equal("present", present, len(dump.present))
    equal("kept", kept, len(dump.kept))
    equal("written", report["pages_written"], kept)
    equal("sum of written", sum(report.get("pages_" + k, 0) for k in (
        "zero", "filled", "raw", "packed", "unreadable")), kept)
    equal("unreadable", report["pages_unreadable"], 0)
    equal("output_bytes", report["output_bytes"], dump.size)
    equal("level", report["level"], level)
    equal("release", report["release"], image.release())
    equal("status", report["status"], "complete")
    check_free(report, image, level)
    if "PGTY_table" in image.machine.vmcoreinfo.decode():
        # population.inc: "the kernel's"
        equal("types", {k: report["pages"][k]["kept"] for k in TYPES}, TYPES)


def check_free(report, image, level):
    """What is found free is about what the kernel counted, where VMCOREINFO
    leads to its count: on few machines but x86 it does with NUMA."""
    told = any(b"SYMBOL(%s)" % name in image.machine.vmcoreinfo
               for name in (b"node_data", b"contig_page_data"))
    if not told and report["free_pages"]["kernel"] is None:
        return
    equal("understood", report["free_pages"]["understood"], True)
    want = int(image.expect(level)["free"], 16)
    equal("the kernel's free pages", report["free_pages"]["kernel"], want)
    slack = want // 100 + 1024
    need(abs(report["free_pages"]["found"] - want) <= slack,
         "%d free pages found, the kernel has %d",
         report["free_pages"]["found"], want)


def check_level(box, image, level, compare):
    out = box.path("dump")
    box.good("-f", "-l", "-d", level, "--report", box.path("report"),
             image.path, out)
    dump = read_dump(out)
    check_sets(dump, image, level)
    if compare:
        check_contents(dump, image.core())
    equal("dump_level", dump.sub["dump_level"], level)
    with open(box.path("report"), encoding="utf-8") as file:
        check_report(json.load(file), dump, image, level)
    return dump


def check_head(dump, image):
    head, fx = dump.head, image.fx
    equal("version", head["version"], 6)
    equal("timestamp", head["timestamp"], fx.num("crashtime"))
    equal("nr_cpus", head["nr_cpus"], fx.num("cpus"))
    equal("release", head["release"], image.release())
    equal("notes", dump.area("note") == image.core().note_bytes(), True)
    equal("vmcoreinfo", dump.area("vmcoreinfo"), image.machine.vmcoreinfo)
    # of x86_64, arm64 and riscv64; crash needs the first two
    for number in re.findall(rb"NUMBER\((?:phys_base|PHYS_OFFSET|"
                             rb"phys_ram_base)\)=(\S+)",
                             image.machine.vmcoreinfo):
        equal("phys_base", dump.sub["phys_base"] % (1 << 64),
              int(number, 0) % (1 << 64))


def levels_of(name):
    """Those to check of a fixture: the same ones each time."""
    if FULL:
        return LEVELS
    return LEVELS[zlib.crc32(name.encode()) % (len(LEVELS) - 1)], 31


def levels(box, name):
    image = box.image(name)
    for level in levels_of(name):
        # what is in a dump at 31 is in those of the other levels too
        dump = check_level(box, image, level, level in (0, 31))
    check_head(dump, image)
    # overlaps, holes, XNUM: e2e/verify_elf has those that are not good
    need(b"\ngood\n" in box.good("verify", image.path).out,
         "verify does not say that the vmcore is good")
    return "%d frames" % len(image.core().present())


def default(box):
    """No option: zstd, level 31."""
    image = box.image("good-6.12-vmemmap")
    out = box.path("dump")
    box.good(image.path, out)
    dump = check_dump(out, image, 31)
    need("zstd" in dump.by_codec and not {"lzo", "zlib", "snappy"}
         & set(dump.by_codec), "codecs: %s", dump.by_codec)


def tests():
    for name in fixtures("good-"):
        # half a GiB of notes: e2e/notes has one of those
        if FULL or name != "good-6.12-devdump":
            yield name, levels, name
    yield "default", default
