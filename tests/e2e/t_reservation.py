# SPDX-License-Identifier: GPL-2.0-or-later
"""What crashkernel= reserves, told from files and from a machine's copy."""

import json
import os

from harness import equal, need

MIB = 1 << 20

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


def tests():
    for function in (rules, from_files, copy, refused):
        yield function.__name__, function
