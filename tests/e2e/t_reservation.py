# SPDX-License-Identifier: GPL-2.0-or-later
"""What crashkernel= reserves, told from files and from a machine's copy; and
the capture kernel's own memory in a vmcore, which is left out and told."""

import json
import os
import re

from harness import FIXTURES, equal, need, read_dump
from images import Image

MIB = 1 << 20
IMAGE = "good-6.12-vmemmap"
# two of its banks, as a low and a high reservation
RESERVED = ((0x18000000, 0x18200000), (0x140000000, 0x140200000))

MAP = """# a machine with a hole below 4 GiB
0x40000000-0xfdffffff=ram
0x40000000-0x42ffffff=kernel
4G+16G=ram
"""
IOMEM = """00001000-0009fbff : System RAM
00100000-bfffffff : System RAM
  01000000-02ffffff : Kernel code
  a0000000-afffffff : Crash kernel
100000000-4ffffffff : System RAM
  4e0000000-4efffffff : Crash kernel
"""


def ask(box, *words):
    return json.loads(box.good("reservation", "--json", *words).out)


def sizes(answer):
    return tuple(answer[k] // MIB for k in ("high", "low", "cma"))


def rules(box):
    """By 7.2's rules and those of the patches of 2022, from a map; the reasons
    are in the text, each once."""
    path = box.text("map", MAP)
    words = "crashkernel=4G crashkernel=512M,high crashkernel=512M,low"
    arm64 = ("--arch", "arm64", "--iomem", path, "--cmdline")
    answer = ask(box, *arm64, words)
    equal("7.2", sizes(answer), (4096, 128, 0))
    equal("counts", answer["counts"], ["crashkernel=4G"])
    equal("ignored", answer["ignored"], words.split()[1:])
    equal("series", sizes(ask(box, "--kernel", "series", *arm64, words)),
          (4096, 256, 0))
    high, low = answer["regions"]
    equal("high", (high["kind"], high["exact"], high["within"]),
          ("high", False, [1 << 32, 20 << 30]))
    equal("low", (low["kind"], low["size"]), ("low", 128 * MIB))
    text = box.good("reservation", *arm64, words).out.decode()
    for part in ("high ", "low ", "4.0 GiB", "128.0 MiB"):
        need(part in text, "no %s: %s", part, text)
    for why in answer["why"]:
        equal(why, text.count("  - " + why + "\n"), 1)
    equal("x86_64", sizes(ask(box, "--arch", "x86_64", "--encryption",
                              "guest", "--iomem", path, "--cmdline",
                              "crashkernel=256M,high")), (256, 1032, 0))


def from_files(box):
    """A command line in a file loses its newline, and nothing else."""
    path = box.text("map", MAP)
    for content, want in (("crashkernel=256M\n", (0, 256, 0)),
                          ("crashkernel=256M", (0, 256, 0)),
                          ("crashkernel=256M\tquiet\n", (0, 0, 0)),
                          ("", (0, 0, 0))):
        line = box.text("cmdline", content)
        answer = ask(box, "--arch", "arm64", "--iomem", path, "--cmdline",
                     "@" + line)
        equal(repr(content), sizes(answer), want)
    # a terminal is not driven by what stands there
    line = box.text("cmdline", "crashkernel=\x1b[2Jx")
    out = box.good("reservation", "--arch", "arm64", "--iomem", path,
                   "--cmdline", "@" + line).out
    need(b"\x1b" not in out and b"\\x1b" in out, "%r", out)


def machine(box, iomem=IOMEM, cmdline="ro crashkernel=256M,high\n"):
    os.makedirs(box.path("root/proc"), exist_ok=True)
    box.text("root/proc/iomem", iomem)
    box.text("root/proc/cmdline", cmdline)
    return box.path("root")


def copy(box):
    """Of a machine's copied /proc: what will be, and what is reserved."""
    root = machine(box)
    answer = ask(box, "--machine-root", root)
    if answer["arch"] == "x86_64":
        equal("will be", sizes(answer), (256, 256, 0))
    equal("is", [x["range"] for x in answer["reserved_now"]],
          [[0xa0000000, 0xb0000000], [0x4e0000000, 0x4f0000000]])
    # an encrypted guest says so in its flags
    box.text("root/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sev "
             "hypervisor\nbugs\t\t:\n")
    if answer["arch"] == "x86_64":
        equal("guest", sizes(ask(box, "--machine-root", root)),
              (256, 1032, 0))
    os.makedirs(box.path("root/sys/kernel/kexec"))
    box.text("root/sys/kernel/kexec/crash_cma_ranges",
             "5b400000-6b3fffff\n120000000-12fffffff\n")
    now = ask(box, "--machine-root", root)["reserved_now"]
    equal("CMA", [x["range"] for x in now if "cma" in x["source"]],
          [[0x5b400000, 0x6b400000], [0x120000000, 0x130000000]])


def versions(box):
    """By the rules of the running kernel, or of one that is named; one that is
    not known is said to be none."""
    path = box.text("map", MAP)
    other = ("--arch", "arm64", "--iomem", path, "--cmdline",
             "crashkernel=4G,high")
    for version, want in (("6.1.0-50-arm64", (4096, 0, 0)),
                          ("6.6", (4096, 128, 0)), ("5.10", (0, 0, 0))):
        answer = ask(box, "--kernel", version, *other)
        equal(version, sizes(answer), want)
        equal("rules", answer["rules"], ".".join(
            version.split("-", maxsplit=1)[0].split(".")[:2]))
    answer = ask(box, "--kernel", "12.0", *other)
    equal("not known", (answer["kernel"], answer["rules"]), ("12.0", "7.3"))
    text = box.good("reservation", "--kernel", "4.4", *other).out
    need(b"rules of Linux 5.10, since those of 4.4 are not known" in text,
         "%r", text)
    root = machine(box)
    os.makedirs(box.path("root/proc/sys/kernel"))
    for release, rules_of in (("6.1.0-50-amd64\n", "6.1"), ("odd\n", "7.2")):
        box.text("root/proc/sys/kernel/osrelease", release)
        equal(release, ask(box, "--machine-root", root)["rules"], rules_of)
    equal("what if", ask(box, "--machine-root", root, "--kernel", "6.12",
                         "--cmdline", "")["rules"], "6.12")
    box.text("root/proc/sys/kernel/osrelease", "5.14.0-427.el9.x86_64\n")
    need(any("--kernel" in x for x in
             ask(box, "--machine-root", root)["cautions"]), "no caution")
    box.bad(2, "reservation", "--kernel", "six", *other)


def refused(box):
    """What is not there or makes no sense: one line that says so."""
    path = box.text("map", MAP)
    bad = box.text("bad", "1G+1G=ram\nwhat is this\n")
    empty = box.text("empty", "00000000-00000000 : System RAM\n")
    words = ("--arch", "arm64", "--cmdline", "crashkernel=1M")
    for args, text, code in (
            (("--iomem", "/nonexistent"), "/nonexistent", 1),
            (("--iomem", bad), "line 2", 1),
            (("--iomem", empty), "root only", 1),
            (("--iomem", path, "--encryption", "sme"), "x86_64", 2),
            (("--iomem", path, "--kernel", "series", "--arch", "s390x"),
             "arm64", 2),
            (("--iomem", path, "file"), "file", 2)):
        err = box.bad(code, "reservation", *words, *args).err.splitlines()
        need(len(err) == 1 and text in err[0], "%s: %s", args, err)
    box.bad(1, "reservation", "--machine-root", "/nonexistent")
    root = machine(box)
    os.makedirs(box.path("root/sys/kernel/kexec"))
    box.text("root/sys/kernel/kexec/crash_cma_ranges", "nonsense\n")
    box.bad(1, "reservation", "--machine-root", root)


def cells(*numbers):
    return b"".join(n.to_bytes(8, "big") for n in numbers)


def tree(box, content, width=2):
    folder = box.path("root/proc/device-tree/chosen")
    os.makedirs(folder, exist_ok=True)
    for name, value in (("#address-cells", width), ("#size-cells", width)):
        with open(os.path.join(folder, "..", name), "wb") as file:
            file.write(value.to_bytes(4, "big"))
    with open(os.path.join(folder, "linux,usable-memory-range"),
              "wb") as file:
        file.write(content)
    return box.path("root")


def left_out(box):
    """Both reservations of a vmcore that holds them are left out and named;
    all else is as it was."""
    image = box.image(IMAGE)
    box.good("-d", 0, image.path, "whole")
    flat = [x for start, end in RESERVED for x in (start, end - start)]
    root = tree(box, cells(*flat))
    err = box.good("-d", 0, "--machine-root", root, "--report", "report",
                   image.path, "part").err
    for start, end in RESERVED:
        need("%#x-%#x" % (start, end - 1) in err, "not named: %s", err)
    with open(box.path("report"), encoding="utf-8") as file:
        warnings = json.load(file)["warnings"]
    equal("warnings", sum("own memory" in w for w in warnings), 2)
    whole, part = read_dump(box.path("whole")), read_dump(box.path("part"))
    own = {pfn for start, end in RESERVED
           for pfn in range(start >> 12, end >> 12)}
    need(own <= set(whole.present), "the vmcore does not hold them")
    equal("memory", set(part.present), set(whole.present) - own)
    equal("kept", set(part.kept), set(whole.kept) - own)
    pages = dict(whole.pages())
    for pfn, page in part.pages():
        need(pages[pfn] == page, "page %#x differs", pfn)
    # /proc/iomem's lines do the same, of a machine without a device tree
    box.text("root/proc/iomem", "".join(
        "%08x-%08x : Crash kernel\n" % (start, end - 1)
        for start, end in RESERVED))
    os.unlink(box.path("root/proc/device-tree/chosen/"
                       "linux,usable-memory-range"))
    box.good("-d", 0, "--machine-root", root, image.path, "lines")
    with open(box.path("lines"), "rb") as a, open(box.path("part"),
                                                  "rb") as b:
        need(a.read() == b.read(), "another dump by /proc/iomem")


def elsewhere(box):
    """Reservations that the vmcore does not hold, as it should be, change
    nothing and are not spoken of; a damaged device tree is an error."""
    image = box.image(IMAGE)
    box.good("-d", 31, image.path, "whole")
    root = tree(box, cells(0x30000000, 0x10000000))
    err = box.good("-d", 31, "--machine-root", root, image.path, "same").err
    need("own memory" not in err, "%s", err)
    with open(box.path("whole"), "rb") as a, open(box.path("same"),
                                                  "rb") as b:
        need(a.read() == b.read(), "another dump")
    for content, width, text in (
            (b"short", 2, "5 bytes"), (cells(1, 1), 9, "9"),
            (cells(1 << 63, 1 << 63), 2, "too large")):
        tree(box, content, width)
        err = box.bad(1, "-f", "--machine-root", root, image.path,
                      "none").err
        need(re.search(r"\b%s\b" % text, err), "no %s: %s", text, err)


def own_words(box):
    """The crashed kernel's own words, in a vmcore that lacks its high
    reservation and holds the low one: that is left out. A vmcore with both is
    no capture kernel's; words that are none change nothing."""
    text = os.path.join(FIXTURES, IMAGE + ".txt")
    low = "0x18000000-0x181fffff"
    for crashk, cut in (("0x200000000-0x20fffffff " + low, True),
                        (low + " 0x200000000-0x20fffffff", True),
                        (low + " 0x140000000-0x1401fffff", False),
                        (low, False),
                        ("0x200000000-0x20fffffff 0x181fffff-0x18000000",
                         False),
                        ("0x200000000-0x20fffffff 0-0xffffffffffffffff",
                         False)):
        image = Image(box.path("crashk.vmcore"), text, ["crashk=" + crashk])
        err = box.good("-f", "-d", 0, image.path, "dump").err
        equal(crashk, ("%s" % low) in err and "own memory" in err, cut)
        dump = read_dump(box.path("dump"))
        equal(crashk, 0x18000 in set(dump.present), not cut)
        need(0x18200 in set(dump.present), "too much is left out")


def tests():
    for function in (rules, from_files, copy, versions, refused, left_out,
                     elsewhere, own_words):
        yield function.__name__, function
