# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs that are broken, foreign or strange: one clear message and exit 1,
a warning, or a dump; never a crash, a hang, unbounded memory or a dump that
looks right and is not."""

import json
import os
import re
import struct

from harness import (FIXTURES, MIB, check_dump, equal, fixtures, need,
                     read_dump)
import fixture
import kdumpfile

LIMIT = 128 * MIB       # private memory, the stacks of two threads in it


def messages(result):
    """What was said at the end, warnings aside."""
    return [line for line in result.err.splitlines()
            if line and not line.startswith("warning: ")]


def need_message(result, path):
    lines = messages(result)
    need(len(lines) == 1, "%d messages: %s", len(lines), result.err[-600:])
    line = lines[0]
    need(line.startswith("capdump: "), "message: %s", line)
    need(path in line, "the file is not named: %s", line)
    need(all(c.isprintable() for c in line), "unprintable: %r", line)
    return line


def nothing_left(box, out):
    """No file, or one that no reader takes for a whole dump."""
    if not os.path.exists(out):
        return
    try:
        dump = kdumpfile.Dump(out)
    except (kdumpfile.NotADump, ValueError):
        return
    need(dump.head["status"] & kdumpfile.INCOMPLETE,
         "a dump that says it is complete was left behind")


def refuse(box, name):
    image = box.image(name)
    out = box.path("dump")
    result = box.bad(1, image.path, out, limit=LIMIT)
    line = need_message(result, image.path)
    need(re.search(r"\d", line.replace(image.path, "")) or
         name == "unsupported-empty", "no number: %s", line)
    nothing_left(box, out)
    # the same through a pipe: no stream that ends well
    result = box.bad(1, "-F", image.path, limit=LIMIT)
    need_message(result, image.path)
    need(not result.out or b"\xff" * 16 not in result.out[-16:],
         "a stream with its end")
    for command in ("info", "dmesg"):
        box.run(command, image.path, limit=LIMIT)
    return line.split(": ", 2)[-1]


TOLD = ("bad-note-desc", "bad-note-name", "bad-pagesize-zero")


def survive(box, name):
    """Strange but not hopeless: a dump, or one message."""
    image = box.image(name)
    out = box.path("dump")
    result = box.run("--report", box.path("report"), image.path, out,
                     limit=LIMIT)
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    if result.code == 1:
        equal("status", report["status"], "failed")
        need_message(result, image.path)
        return nothing_left(box, out)
    equal("exit", result.code, 0)
    read_dump(out)
    for command in ("info", "dmesg"):
        box.run(command, out, limit=LIMIT)
    result = box.run("verify", out, limit=LIMIT)
    # what is broken in the notes stands so in the dump, and verify says so
    equal("verify " + result.err, result.code, 1 if name in TOLD else 0)
    return "%d warnings" % len(report["warnings"])


# what the warning is about: a pattern, whether the free pages' count was
# read, whether the report says that the kernel is understood
WARNINGS = {
    "bad-arm-below": (r"memory begins at 0x8000000", True, True),
    "bad-arm-far-below": (r"memory begins at 0x40000000", True, True),
    "bad-freecount": (r"not understood", True, False),
    "bad-freecount-little": (r"free pages", True, True),
    "bad-nofree": (r"not understood", True, False),
    "bad-i386-machine-name": (r"its machine is damaged", True, True),
    "bad-node-data": (r"free pages|node", False, True),
}


def warn(box, name):
    """A dump, with all that the description asks for, and a warning; for
    what is wrong with the log, only where the log is read."""
    image = box.image(name)
    out = box.path("dump")
    result = box.good("--report", box.path("report"), image.path, out)
    check_dump(out, image, 31)
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    if name.startswith("bad-log-"):
        result = box.run("dmesg", image.path, limit=LIMIT)
        need(result.code == 1 or "warning: " in result.err,
             "nothing is said of the log: %s", result.err)
        need(box.good("info", image.path).out, "no info")
        return result.err.strip()
    pattern, counted, understood = WARNINGS[name]
    said = [w for w in report["warnings"] if re.search(pattern, w)]
    need(said, "warnings: %s", report["warnings"])
    need(said[0] in result.err, "not on stderr: %s", result.err)
    free = report["free_pages"]
    equal("understood", free["understood"], understood)
    need((free["kernel"] is not None) == counted, "free: %s", free)
    return said[0]


def not_a_core(box):
    """Files of other kinds, and none at all."""
    for name, content in (
            ("empty", b""), ("short", b"\x7fELF"),
            ("text", b"hello\n" * 1000), ("zero", bytes(1 << 16)),
            ("script", b"#!/bin/sh\n")):
        path = box.path(name)
        with open(path, "wb") as file:
            file.write(content)
        for args in ((path, "dump"), ("info", path), ("dmesg", path)):
            result = box.bad(1, *args, limit=LIMIT)
            need_message(result, path)
        result = box.bad(1, "verify", path, limit=LIMIT)
        if b"no metadata yet" not in result.out:
            need_message(result, path)
        need(not os.path.exists(box.path("dump")), "an output was made")
    for path in (box.path("missing"), box.folder, "/dev/null"):
        result = box.bad(1, path, "dump")
        need_message(result, path)
    need(not os.path.exists(box.path("dump")), "an output was made")


def truncated(box):
    """A vmcore cut anywhere is refused, with --salvage it is a dump in
    which what is missing is marked."""
    image = box.image("good-6.1-vmemmap", own=True)
    size = os.path.getsize(image.path)
    whole = image.core()
    cuts = [40, 63, 64, 100, 0x200, 4095, 4096, 5000, size // 2, size - 1]
    for cut in sorted(cuts, reverse=True):
        os.truncate(image.path, cut)
        result = box.bad(1, image.path, "dump", limit=LIMIT)
        need_message(result, image.path)
        need(not os.path.exists(box.path("dump")), "an output was made")
        if cut > MIB:
            salvage(box, image, cut, whole)


def salvage(box, image, cut, whole):
    result = box.good("-f", "--salvage", "-d", "0", "--report",
                      box.path("report"), image.path, "salvaged")
    need("warning: " in result.err, "no warning: %s", result.err)
    dump = read_dump(box.path("salvaged"))
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    there = {pfn for first, end, offset in whole.whole
             for pfn in range(first, end)
             if offset + (pfn - first + 1) * 4096 <= cut}
    filler, bad = kdumpfile.filler(4096), 0
    with open(image.path, "rb") as file:
        for pfn, page in dump.pages():
            if page == filler:
                bad += 1
                need(pfn not in there, "frame %x is there", pfn)
            elif pfn in there:
                first, _, offset = next(
                    w for w in whole.whole if w[0] <= pfn < w[1])
                file.seek(offset + (pfn - first) * 4096)
                need(page == file.read(4096), "frame %x", pfn)
    need(bad, "nothing is marked as unreadable")
    equal("unreadable", report["pages_unreadable"], bad)
    result = box.bad(4, "-f", "--strict", "--salvage", "-d", "0",
                     image.path, "salvaged")
    os.unlink(box.path("salvaged"))


def dump_cut(box):
    """A dump that lost its end says so, whatever its header says."""
    image = box.image("good-6.1-vmemmap")
    box.good("-d", "31", image.path, "dump")
    size = os.path.getsize(box.path("dump"))
    whole = json.loads(box.good("info", "--json", "dump").out)
    need(whole["complete"] and not whole["pages_not_reached"], "%s", whole)
    for cut in (size - 1, size // 2):
        os.truncate(box.path("dump"), cut)
        cut = json.loads(box.good("info", "--json", "dump").out)
        need(cut["complete"] is False, "complete: %s", cut["complete"])
        need(0 < cut["pages_not_reached"] <= cut["pages_kept"], "%d of %d",
             cut["pages_not_reached"], cut["pages_kept"])
        out = box.good("info", "dump").out.decode()
        need("pages are not in the file" in out, "%s", out)
        box.bad(1, "verify", "dump")


def headers(box):
    """Each byte of the ELF header set to 0xff and 0."""
    image = box.image("good-6.1-vmemmap", own=True)
    with open(image.path, "rb") as file:
        head = file.read(64 + 56)
    for at in range(len(head)):
        for value in (0xff, 0):
            if head[at] == value:
                continue
            with open(image.path, "r+b") as file:
                file.seek(at)
                file.write(struct.pack("B", value))
            result = box.run("--dry-run", image.path, "dump", limit=LIMIT)
            # e_flags may say that it is incomplete
            need(result.code in (0, 1) or (at, result.code) == (48, 3),
                 "byte %d: exit %d", at, result.code)
            if result.code == 1:
                need_message(result, image.path)
            with open(image.path, "r+b") as file:
                file.write(head)


def tests():
    for name in fixtures("bad-", "unsupported-", "warn-", "survive-"):
        kind = fixture.load(os.path.join(FIXTURES, name + ".txt"))["expect"]
        if kind == "warn" or name.startswith("bad-log-"):
            yield name, warn, name
        elif kind == "survive":
            yield name, survive, name
        else:
            yield name, refuse, name
    yield "not-a-core", not_a_core
    yield "truncated", truncated
    yield "dump-cut", dump_cut
    yield "headers", headers
