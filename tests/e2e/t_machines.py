# SPDX-License-Identifier: GPL-2.0-or-later
"""Of each machine but x86_64, whose fixtures others use: where its CPUs were,
that a dump of it is found good, and that in value order what is needed first
lies first: page tables, and what they map of the vmalloc and module areas."""

import json
import os
import re

from harness import FIXTURES, equal, fixtures, need, read_dump
from images import Image
import fixture

WEIGHT = 2
# a debugger cannot do without them
FIRST = ("vmalloc", "stack", "module", "percpu")
# RAM whose address takes all the bits that descriptors have for it
FAR = {"good-arm64-64k-52": (1 << 48, 0xf << 48),
       "good-arm64-16k-52": (1 << 50, 1 << 51),
       "good-arm64-4k-52": (3 << 50, ),
       "good-ppc64le-radix-64k": (1 << 50, )}
LATER = ("zsmalloc", "movable", "large_kmalloc", "table")


def machines():
    """The name of a fixture for each architecture and kind of MMU."""
    seen = {}
    for name in fixtures("good-"):
        fx = fixture.load(os.path.join(FIXTURES, name + ".txt"))
        if fx["arch"] != "x86_64" and any(p.kind == "module"
                                          for p in fx.pages):
            seen.setdefault((fx["arch"], fx["mmu"], fx["page_size"]), name)
    return seen.values()


def registers(box, image, path):
    """Each CPU's process, where it was, and its stack."""
    text = box.good("info", path).out.decode()
    have = re.findall(r"^ +\d+: (?:PID (\d+), )?[a-z_]+ ([0-9a-f]+), "
                      r"\w+ ([0-9a-f]+)$", text, re.MULTILINE)
    arch, cpus = image.machine.arch, range(image.fx.num("cpus"))
    equal("CPUs", [(int(pid or i), int(pc, 16), int(sp, 16))
                   for i, (pid, pc, sp) in enumerate(have)],
          [(arch.PID + i, arch.pc(i), arch.stack(image.machine, i))
           for i in cpus])


def offsets(dump, core, pfns):
    """Where pages lie that share their block with no other."""
    desc = dict(zip(dump.kept, dump.desc))
    for pfn in sorted(pfns & set(desc)):
        page = core.page(pfn)
        if page != page[:8] * (len(page) // 8):
            yield desc[pfn][0]


def first(image, dump):
    m = image.machine
    tables = {p for p, kind in m.alloc_kind.items() if kind == "pagetable"}
    pages = {kinds: {p for p, unit in m.units.items() if unit.kind in kinds}
             for kinds in (FIRST, LATER)}
    head = list(offsets(dump, image.core(), tables | pages[FIRST]))
    rest = list(offsets(dump, image.core(), pages[LATER]))
    need(len(head) > 10 and rest, "%d and %d pages", len(head), len(rest))
    need(max(head) < min(rest), "page tables and vmalloc end at %d, other "
         "pages of the kernel begin at %d", max(head), min(rest))
    return len(head)


def machine(box, name):
    image = box.image(name)
    box.good("-d", 31, image.path, "dump")
    dump = read_dump(box.path("dump"))
    for path in (image.path, "dump"):
        registers(box, image, path)
    need("good" in box.good("verify", "dump").out.decode().split(),
         "verify says something else")
    equal("uname -m", dump.head["machine"], image.machine.arch.UTS)
    return "%d pages lie first" % first(image, dump)


def kinds(box, path):
    return json.loads(box.good("info", "--json", path).out).get("pages")


def far(box, name):
    """No dump is written: its bitmaps would take gigabytes."""
    want = kinds(box, box.image(name).path)
    need(want and want["free"] and want["anonymous"], "%s", want)
    for base in FAR[name]:
        image = Image(box.path("far"), os.path.join(FIXTURES, name + ".txt"),
                      ("base=0x%x" % base, ))
        equal("from %#x on" % base, kinds(box, image.path), want)


def tests():
    for name in FAR:
        yield "far-" + name[5:], far, name
    for name in machines():
        yield name, machine, name
