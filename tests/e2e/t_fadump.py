# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware-assisted dumps of POWER: what info tells of vmcores, dumps, device
trees and the machine itself; what a dump has of the page with the crash header;
what was lost; and that --release comes last, or not at all."""

import glob
import json
import os
import shutil
import subprocess
import time

import devicetree
from harness import (CAPDUMP, FIXTURES, TIMEOUT, check_dump, equal, fixtures,
                     kdumpfile, need, read_dump)

TREES = os.path.join(FIXTURES, "devicetree")
CMA = "good-ppc64le-fadump-cma"
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


def lost_by_class(image, header):
    """What the fixture put where no segment is, below the header."""
    m, page = image.machine, image.machine.page
    core = image.core().present()
    lost = {p: u for p, u in m.units.items()
            if p < header.paddr // page and p not in core}
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
    equal("area", want["area"], [start["paddr"] + start["memsz"],
                                 header.paddr + header.size])
    equal("header", want["crash_header"], {
        "paddr": header.paddr, "version": 1, "crashing_cpu":
        None if header.cpu == 0xffffffff else header.cpu})
    lost = lost_by_class(image, header)
    equal("lost", want["lost"], lost)
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


class Root:
    """A folder with what a machine has in its capture boot."""

    def __init__(self, box, name="good-pseries", release=RELEASE):
        self.box, self.path = box, box.path("root")
        shutil.rmtree(self.path, ignore_errors=True)
        image = box.image(CMA)
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
    need(result.err.count("warning: ") == 9, "%s", result.err)
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


def release(box):
    """After a complete dump, by either name of the file."""
    for name in (RELEASE, OLD):
        root = Root(box, release=name)
        box.good("-f", *root.words(), "dump")
        need(not root.released(name), "released without being asked")
        result = box.good("-f", "--release", *root.words(), "dump")
        need(root.released(name) and "is released" in result.err, "%s",
             result.err)
        read_dump(box.path("dump"))


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
    for fn in (trees, table, problems, damaged, unknown, live, release,
               not_released, refused, last):
        yield fn.__name__.replace("_", "-"), fn
    for name in fixtures("good-ppc64-fadump", CMA):
        yield "vmcore-" + name[5:], vmcore, name
