# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware-assisted dumps of POWER: what info tells of vmcores, dumps, device
trees and the machine itself; what a dump has of the page with the crash header;
what was lost; and that --release comes last, or not at all."""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import time

import devicetree
from harness import (CAPDUMP, FIXTURES, Skip, TIMEOUT, check_dump, equal,
                     fixtures, kdumpfile, need, read_dump)

TREES = os.path.join(FIXTURES, "devicetree")
CMA = "good-ppc64le-fadump-cma"
OLD_HEADER = "good-ppc64le-fadump-old"
ALIGNED = "good-ppc64le-fadump-aligned"
PIECES = "good-pseries-pieces"
AREA, COPIES_END = 0xc000000, 0xd000000     # of these fixtures
CLASSES = {"cache": ("cache", ), "cache_private": (),
           "anonymous": ("anon", "thp", "ksm", "swapcache"),
           "hugetlb": ("hugetlb", )}
RELEASE = "sys/kernel/fadump/release_mem"
OLD = "sys/kernel/fadump_release_mem"


def tree(box, name):
    """The device tree of that text, as a folder and flattened."""
    with open(os.path.join(TREES, name + ".txt"), encoding="utf-8") as file:
        props = devicetree.load(file.read())
    devicetree.folder(props, box.path(name))
    with open(box.path(name + ".dtb"), "wb") as file:
        file.write(devicetree.blob(props))
    return box.path(name), box.path(name + ".dtb")


def info(box, *words):
    return json.loads(box.good("info", "--json", *words).out)


def trees(box):
    """All of them, both forms say the same, and the good ones no problem."""
    names = [os.path.basename(p)[:-4]
             for p in sorted(glob.glob(TREES + "/*.txt"))]
    for name in names:
        both = [info(box, path)["fadump"] for path in tree(box, name)]
        equal(name, both[0], both[1])
        if name == "good-none":
            equal(name, both[0], None)
            continue
        text = box.good("info", name).out.decode()
        equal(name + ": warnings", text.count("  warning: "),
              len(both[0]["problems"]))
        equal(name + " is good", not both[0]["problems"],
              name.startswith("good-"))
    return "%d trees" % len(names)


def table(box):
    """Each field of the sections, and the area that they are copied to."""
    have = info(box, tree(box, "good-pseries")[0])["fadump"]
    equal("area", have["area"], [0x30000000, 0x60010000])
    equal("status", have["firmware"]["status"], 0xc000)
    sections = [(s["type"], s["source"], s["asked"], s["dumped"],
                 s["destination"], s["whole"])
                for s in have["firmware"]["sections"]]
    equal("sections", sections, [
        (1, 0, 0xa00, 0xa00, 0x30000000, True),
        (2, 0, 0, 0, 0x30000a00, True),
        (0x11, 0, 0x30000000, 0x30000000, 0x30010000, True),
        (0x100, 0xfffff800, 0x800, 0x800, 0xfffff800, True)])
    opal = info(box, tree(box, "good-opal")[0])["fadump"]
    equal("opal", (opal["opal"], opal["firmware"], opal["opal_loads"]),
          (True, None, [[0x30000000, 0x32000000]]))
    opal = info(box, tree(box, "bad-opal")[0])["fadump"]
    equal("opal", opal["opal_loads"], [[0x30000000, 0x32000000]])
    need("40 bytes" in opal["problems"][0], "%s", opal["problems"])


def problems(box):
    """Each is told with its place and value."""
    have = info(box, tree(box, "bad-pseries")[0])["fadump"]["problems"]
    for words in (("version 2", "offset 0"), ("aborted", "0xa000", "0x6"),
                  ("9 sections", "offset 0x4", "4 of them"),
                  ("error flags are 0x8000", "0x2e"),
                  ("section 0", "0 bytes were copied", "0xa00"),
                  ("section 1", "request is 0", "0x50"),
                  ("0x18000000 bytes were copied", "0x90", "0x30000000"),
                  ("unknown type 0x0077", "0xa4"),
                  ("0xfffffffffffff900", "no memory")):
        need(sum(all(w in p for w in words) for p in have) == 1,
             "%s: %s", words, have)
    equal("problems", len(have), 9)


def damaged(box):
    """Trees that are cut off or longer than they say: a line, or the truth."""
    _, path = tree(box, "good-pseries")
    with open(path, "rb") as file:
        whole = file.read()
    for size in range(1, len(whole), 7):
        with open(box.path("cut"), "wb") as file:
            file.write(whole[:size])
        result = box.run("info", "cut")
        need(result.code == 1 and len(result.err.splitlines()) == 1,
             "%d bytes: %d, %s", size, result.code, result.err)
    for at in range(0, len(whole), 3):
        with open(box.path("poked"), "wb") as file:
            file.write(whole[:at] + b"\xff\xff\xff" + whole[at + 3:])
        result = box.run("info", "poked")
        need(result.code in (0, 1), "at %d: %d", at, result.code)
    folder, _ = tree(box, "good-pseries-old")
    path = os.path.join(folder, "rtas", "ibm,kernel-dump")
    with open(path, "rb") as file:
        whole = file.read()
    for size, code in ((0, 1), (0x27, 1), (0x28, 0), (0x50, 0), (159, 0)):
        with open(path, "wb") as file:
            file.write(whole[:size])
        result = box.bad(code, "info", folder)
        need(code or "of them were read of its %d bytes" % size
             in result.out.decode(), "%d: %s", size, result.out)
    with open(path, "wb") as file:
        file.truncate(1 << 30)
    need("more than 65536" in box.bad(1, "info", folder).err, "huge")


def lost_by_class(image, end):
    """What the fixture put where no segment is, below END."""
    m, page = image.machine, image.machine.page
    core = image.core().present()
    lost = {p: u for p, u in m.units.items()
            if p < end // page and p not in core}
    out = {key: sum(u.kind in kinds and not private(m, p)
                    for p, u in lost.items())
           for key, kinds in CLASSES.items()}
    out["cache_private"] = sum(u.kind == "cache" and private(m, p)
                               for p, u in lost.items())
    return out


def private(machine, pfn):
    return any(s.first <= pfn <= s.last and s.get("private", "0") != "0"
               for s in machine.fx.pages)


def vmcore(box, name):
    """A vmcore and dumps of it say the same; the header's page is in them."""
    image = box.image(name)
    header = image.fx.fadump
    page = image.machine.page
    want = info(box, image.path)["fadump"]
    start = image.machine.fx.loads[0]
    # nothing tells how long a header of version 0 is
    equal("area", want["area"], [start["paddr"] + start["memsz"], header.paddr
                                 + (header.size if header.version else 0)])
    more = {"vmcoreinfo": header.vmcoreinfo, "vmcoreinfo_bytes": 0x10024,
            "registers_bytes": header.regs, "cpu_mask_bytes": header.mask}
    if not header.version:
        more = {"elfcorehdr": header.paddr + 0x1000}
    equal("header", want["crash_header"], {
        "paddr": header.paddr, "version": header.version, "crashing_cpu":
        None if header.cpu == 0xffffffff else header.cpu, **more})
    text = box.good("info", image.path).out.decode()
    for number in (header.paddr, *(v for k, v in more.items()
                                   if k in ("vmcoreinfo", "elfcorehdr"))):
        need(" at %012x" % number in text, "%x: %s", number, text)
    lost = lost_by_class(image, header.paddr)
    equal("lost", want["lost"], lost)
    equal("a kind of pages", info(box, image.path)["pages"]["lost_to_fadump"],
          sum(lost.values()))
    for level in (0, 31):
        result = box.good("-f", "-d", level, "--show-stats", "--report",
                          "report", image.path, "dump")
        dump = check_dump(box.path("dump"), image, level)
        equal("in the dump", info(box, "dump")["fadump"], want)
        need(header.paddr // page in dump.kept, "no page with the header")
        with open(box.path("report"), encoding="utf-8") as file:
            report = json.load(file)
        equal("report", report["fadump"], {"area": want["area"],
                                           "lost": lost})
        equal("the class", report["pages"]["lost_to_fadump"], {
            "present": sum(lost.values()), "kept": 0,
            "dropped": sum(lost.values())})
        equal("warnings", report["warnings"], [])
        need(("lost to fadump" in result.err) == any(lost.values()),
             "%s", result.err)
    pages = dict(dump.pages())
    equal("header's bytes", pages[header.paddr // page][:header.size],
          header.pack(image.machine.words))
    return "%d pages lost" % sum(lost.values())


def unknown(box):
    """A magic number alone is no header: zeroes, as without it."""
    for name in ("good-ppc64le-fadump-long", "good-ppc64le-fadump"):
        image = box.image(name)
        need("fadump" not in info(box, image.path), "%s is known", name)
        box.good("-f", "-d", 0, image.path, "dump")
        dump = check_dump(box.path("dump"), image, 0)
        seg = image.machine.fx.loads[1]["paddr"]
        page = image.machine.page
        equal("below the segment",
              dict(dump.pages())[seg // page][:seg % page],
              bytes(seg % page))


def by_table(box):
    """Where no header can be reached, the firmware's table tells of the area;
    the table of another crash does not."""
    image = box.image(ALIGNED)
    equal("without", info(box, image.path).get("fadump"), None)
    for path in tree(box, PIECES):
        have = info(box, "--device-tree", path, image.path)["fadump"]
        equal("area", have["area"], [AREA, COPIES_END])
        equal("header", have["crash_header"],
              {"paddr": COPIES_END, "version": None})
        equal("lost", have["lost"], lost_by_class(image, COPIES_END))
        equal("problems", have["problems"], [])
        equal("boot memory", [(s["source"], s["asked"], s["destination"])
                              for s in have["firmware"]["sections"]
                              if s["type"] == 0x11],
              [(0, 0x800000, 0xc010000), (0x1000000, 0x7f0000, 0xc810000)])
    box.good("-d", 0, "--report", "report", "--device-tree", PIECES,
             image.path, "dump")
    check_dump(box.path("dump"), image, 0)
    equal("report", box_report(box)["fadump"],
          {"area": have["area"], "lost": have["lost"]})
    equal("of the dump", info(box, "--device-tree", PIECES, "dump")["fadump"],
          have)
    # with a header, and where the vmcore has memory
    tree(box, "good-pseries")
    other = box.image("good-ppc64le-radix-64k")
    for vmcore_path, name, area in ((other.path, PIECES, None),
                                    (box.image(CMA).path, "good-pseries",
                                     [AREA, COPIES_END + 0x2a8])):
        have = info(box, "--device-tree", name, vmcore_path)["fadump"]
        equal("area", have["area"], area)
        need(len(have["problems"]) == 1 and
             "of another crash" in have["problems"][0], "%s", have)


def pieces(box):
    """What was not preserved, of a piece of boot memory: what info says, and a
    capture warns of."""
    path = tree(box, "bad-pieces")[0]
    said = info(box, path)["fadump"]["problems"]
    for words in (("section 2", "error flags are 0x4000", "0x7e"),
                  ("section 2", "0x10000 bytes", "0x90", "0xff0000"),
                  ("section 3", "error flags are 0x2000", "0xa6"),
                  ("section 3", "0 bytes were copied", "0xb8", "0x800"),
                  ("sections 1 and 2", "over each other", "0xc010000")):
        need(sum(all(w in p for w in words) for p in said) == 1,
             "%s: %s", words, said)
    equal("problems", len(said), 5)
    text = box.good("info", path).out.decode()
    need("not preserved 000001010000-000001feffff" in text, "%s", text)
    box.good("--report", "report", "--device-tree", path,
             box.image(CMA).path, "dump")
    warned = box_report(box)["warnings"]
    equal("warnings", warned, said)


def opal(box):
    """A powernv machine, live: that it is one, no addresses; all else works."""
    root = Root(box, "good-opal", ALIGNED)
    have = info(box, *root.words())
    fadump = have["fadump"]
    equal("opal", (fadump["live"], fadump["opal"], fadump["firmware"],
                   fadump["area"], fadump["crash_header"], fadump["lost"],
                   fadump["opal_loads"], fadump["problems"]),
          (True, True, None, None, None, None, [[0x30000000, 0x32000000]], []))
    text = box.good("info", *root.words()).out.decode()
    need("this machine's, not released" in text, "%s", text)
    result = box.good("--release", "--report", "report", *root.words(), "dump")
    need(root.released() and "registered again" not in result.err, "%s",
         result.err)
    equal("report", box_report(box)["fadump"], {"area": None, "lost": None})


def in_memory(path):
    kind = subprocess.run(["stat", "-f", "-c", "%T", path], check=True,
                          stdout=subprocess.PIPE).stdout
    return kind.strip() in (b"tmpfs", b"ramfs")


class Root:
    """A folder with what a machine has in its capture boot."""

    def __init__(self, box, name=PIECES, fixture=CMA, release=RELEASE):
        self.box, self.path = box, box.path("root")
        if in_memory(box.folder):
            raise Skip("what is written here is on no disk")
        shutil.rmtree(self.path, ignore_errors=True)
        image = box.image(fixture, own=True)
        os.makedirs(self.file("proc"))
        os.makedirs(self.file("sys/kernel/fadump"))
        os.rename(image.path, self.file("proc/vmcore"))
        os.rename(tree(box, name)[0], self.file("proc/device-tree"))
        if release:
            with open(self.file(release), "wb"):
                pass

    def file(self, name):
        return os.path.join(self.path, name)

    def words(self, *more):
        return (*more, "--machine-root", self.path, self.file("proc/vmcore"))

    def released(self, name=RELEASE):
        with open(self.file(name), "rb") as file:
            return file.read() == b"1"


def live(box):
    """The machine's own tree is taken in a boot that has what releases."""
    root = Root(box)
    have = info(box, *root.words())["fadump"]
    equal("live", (have["live"], len(have["firmware"]["sections"])), (True, 4))
    # another name of the same file
    os.symlink(root.file("proc/vmcore"), box.path("link"))
    have = info(box, "--machine-root", root.path, "link")["fadump"]
    equal("by another name", have["live"], True)
    os.unlink(root.file(RELEASE))
    have = info(box, *root.words())["fadump"]
    equal("kdump's boot", (have["live"], have["firmware"]), (False, None))
    root = Root(box, "bad-pseries")
    result = box.good("-f", *root.words(), "dump")
    need(result.err.count("warning: ") == 10, "%s", result.err)
    # what can't be read costs no dump
    path = root.file("proc/device-tree/rtas/ibm,kernel-dump")
    os.unlink(path)
    os.mkdir(path)
    need("a property is a file" in box.good("-f", *root.words(), "dump").err,
         "nothing was said")
    result = box.good("-f", "--device-tree", "nowhere", *root.words(), "dump")
    need("nowhere: No such file" in result.err, "%s", result.err)
    box.bad(1, "info", "--device-tree", "nowhere", *root.words())
    tree(box, "good-pseries")
    for path in ("good-pseries", "good-pseries.dtb"):
        have = info(box, "--device-tree", path, *root.words())["fadump"]
        equal(path, len(have["firmware"]["sections"]), 4)


def own_tree(box):
    """The machine's own device tree, by either name, tells whether it waits; a
    copy of it can't."""
    root = Root(box)
    os.makedirs(root.file("sys/firmware"))
    shutil.copy(tree(box, PIECES)[1], root.file("sys/firmware/fdt"))
    for vmcore_there in (True, False):
        for name in ("proc/device-tree", "sys/firmware/fdt"):
            words = ("--machine-root", root.path, root.file(name))
            have = info(box, *words)["fadump"]
            equal(name, (have["live"], have["released"]),
                  (vmcore_there, not vmcore_there))
            need("this machine's, %sreleased" % ("not " * vmcore_there)
                 in box.good("info", *words).out.decode(), "%s", name)
        have = info(box, "--machine-root", root.path, PIECES)["fadump"]
        equal("a copy", (have["live"], have["released"]), (False, None))
        if vmcore_there:
            os.unlink(root.file("proc/vmcore"))


def release(box):
    """After a complete dump, by either name of the file."""
    for name in (RELEASE, OLD):
        root = Root(box, release=name)
        box.good("-f", *root.words(), "dump")
        need(not root.released(name), "released without being asked")
        result = box.good("-f", "--release", *root.words(), "dump")
        need(root.released(name) and "is released" in result.err, "%s",
             result.err)
        # the header's page, which Linux gives away and goes on using
        need("the page at 0xd000000" in result.err, "%s", result.err)
        read_dump(box.path("dump"))
    for fixture in (OLD_HEADER, ALIGNED):
        root = Root(box, fixture=fixture)
        result = box.good("-f", "--release", *root.words(), "dump")
        need(root.released() and "registered again" not in result.err, "%s",
             result.err)


def not_released(box):
    """Not of a dump that is cut short or none, nor of another vmcore."""
    root = Root(box)
    for code, words, why in (
            (3, ("-L", "500K"), "the dump is not complete"),
            (1, ("-L", "1K"), "there is no dump of it")):
        result = box.bad(code, "-f", "-d", "0", "--order", "address",
                         "--release", *words, *root.words(), "dump")
        need(why in result.err, "%s: %s", words, result.err)
    shutil.copy(root.file("proc/vmcore"), box.path("copy"))
    for words in (("--release", "--machine-root", root.path, "copy", "dump"),
                  ("--release", "copy", "dump"),
                  ("--release", "--dry-run", *root.words()),
                  ("--release", "-F", *root.words()),
                  ("--release", *root.words())):
        result = box.bad(2, *words)
        need("--release" in result.err and len(result.err.splitlines()) == 1,
             "%s: %s", words, result.err)
    need(not root.released(), "released")
    # with pages that could not be read, if that is no success
    with open(root.file("proc/vmcore"), "r+b") as file:
        file.truncate(os.path.getsize(root.file("proc/vmcore")) - (1 << 20))
    result = box.bad(4, "-f", "--salvage", "--strict", "-d", "0", "--release",
                     *root.words(), "dump")
    need("the dump lacks pages" in result.err, "%s", result.err)
    need(not root.released(), "released")
    box.good("-f", "--salvage", "-d", "0", "--release", *root.words(), "dump")
    need(root.released(), "not released")


def on_no_disk(box):
    """A dump in memory would be gone with the next boot: it is not safe."""
    if not os.path.isdir("/dev/shm") or not in_memory("/dev/shm"):
        raise Skip("/dev/shm is no tmpfs")
    root = Root(box)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for code, more in ((0, ()), (4, ("--strict", ))):
            result = box.bad(code, "-f", "--release", *more, *root.words(),
                             folder + "/dump")
            need("not released: " in result.err and "in memory" in result.err,
                 "%s", result.err)
            read_dump(folder + "/dump")
    need(not root.released(), "released")


def refused(box):
    """The dump is as good as without: 0 with a warning, 4 with --strict."""
    root = Root(box, release=None)

    def both(why):
        for code, more in ((0, ()), (4, ("--strict", ))):
            result = box.bad(code, "-f", "--release", *more, *root.words(),
                             "dump")
            need("not released: " in result.err and why in result.err,
                 "%s: %s", why, result.err)
            read_dump(box.path("dump"))

    both("does not run after a firmware-assisted dump")
    os.symlink("/dev/full", root.file(RELEASE))
    both("No space left")
    os.unlink(root.file(RELEASE))
    os.mkdir(root.file(RELEASE))
    both("Is a directory")


def last(box):
    """When it is released the dump is complete, its report written, and the
    vmcore neither open nor mapped. A pipe that nobody reads holds it up."""
    root = Root(box, release=None)
    os.mkfifo(root.file(RELEASE))
    child = subprocess.Popen(
        [CAPDUMP, "--release", "--report", "report", *root.words(), "dump"],
        cwd=box.folder, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + TIMEOUT
        while not box_report(box):
            need(time.monotonic() < end and child.poll() is None,
                 "no report, or the end without release")
            time.sleep(0.05)
        dump = read_dump(box.path("dump"))
        need(not dump.head["status"] & kdumpfile.INCOMPLETE, "incomplete")
        proc = "/proc/%d/" % child.pid
        vmcore_path = root.file("proc/vmcore")
        names = [os.readlink(proc + "fd/" + fd)
                 for fd in os.listdir(proc + "fd")]
        with open(proc + "maps", encoding="utf-8") as file:
            maps = file.read()
        need(vmcore_path not in names and vmcore_path not in maps,
             "the vmcore is in use")
        with open(root.file(RELEASE), "rb") as file:
            equal("written", file.read(), b"1")
        equal("exit", child.wait(TIMEOUT), 0)
    finally:
        child.kill()
        child.wait()


def box_report(box):
    try:
        with open(box.path("report"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def tests():
    for fn in (trees, table, problems, damaged, unknown, by_table, pieces,
               opal, live, own_tree, release, not_released, on_no_disk,
               refused, last):
        yield fn.__name__.replace("_", "-"), fn
    for name in fixtures("good-ppc64-fadump", CMA, OLD_HEADER):
        yield "vmcore-" + name[5:], vmcore, name
