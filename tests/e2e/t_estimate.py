# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump estimate: held against the dumps that are then made."""

import json
import os
import re

from archive import cpio, zstd
from harness import CAPDUMP, check_dump, equal, need

LEVELS = (0, 1, 2, 4, 8, 16, 31)
CODECS = {"none": (), "zlib": ("-c",), "lzo": ("-l",), "snappy": ("-p",),
          "zstd": ("-z",), "zstd_fast": ("-z", "--fast")}


def foretold(box, image, *args):
    result = box.good("estimate", "--json", "--vmcore", image.path, *args)
    return json.loads(result.out)


def compare(box, image, levels):
    """Pages exactly; sizes within 15 %, which is what is promised, or 32 KiB:
    here all pages are sampled, but blocks are shared."""
    told = foretold(box, image)
    rows = {row["level"]: row for row in told["levels"]}
    equal("levels", sorted(rows), list(range(32)))
    for level, (codec, options) in zip(
            levels, list(CODECS.items()) * len(levels)):
        # only by that name nothing is packed
        program = box.makedumpfile() if codec == "none" else CAPDUMP
        box.good("-f", "-d", str(level), *options, image.path, "dump",
                 program=program)
        dump = check_dump(box.path("dump"), image, level)
        equal("pages at %d" % level, rows[level]["pages"], len(dump.kept))
        size, real = rows[level]["sizes"][codec], os.path.getsize(
            box.path("dump"))
        need(abs(size - real) <= max(0.15 * real, 32768),
             "-d %d %s: %d bytes foretold, %d came", level, codec, size, real)


def machines(box):
    for name in ("good-6.12-vmemmap", "good-s390x-6.12-init", "good-i386-pae",
                 "good-arm64-64k-48"):
        compare(box, box.image(name), LEVELS)


def text(box):
    """The table is the JSON's numbers; -d chooses rows, --target adds times."""
    image = box.image("good-6.12-vmemmap")
    told = foretold(box, image, "-d", "31,1")
    equal("levels", [row["level"] for row in told["levels"]], [31, 1])
    out = box.good("estimate", "-d", "31,1", "--vmcore", image.path,
                   "--target", box.path("."), "--cpus", "2").out.decode()
    rows = re.findall(r"^-d (\d+) +(\d+) (.*)$", out, re.M)
    equal("rows", [(int(level), int(pages)) for level, pages, _ in rows],
          2 * [(row["level"], row["pages"]) for row in told["levels"]])
    need(all(cell.endswith(" s") for cell in
             re.findall(r"[\d.]+ \w+", rows[-1][2])), "times: %s", rows[-1])
    need("2 of them" in out, "CPUs: %s", out)
    timed = foretold(box, image, "--target", box.path("."))
    need(timed["bytes_per_second"] > 0 and timed["target_room"] > 0,
         "%s", timed)
    for row in timed["levels"]:
        need(all(t > 0 for t in row["seconds"].values()), "%s", row)
    equal("what is left in the target", os.listdir(box.path(".")).count("dump"),
          0)


def wrong(box):
    for words, text in (
            (("estimate", "x"), "estimate takes options only"),
            (("estimate", "--cpus", "x"), "--cpus"),
            (("estimate", "-z"), "-z can't be used with estimate")):
        result = box.bad(2, *words)
        need(text in result.err, "%s: %s", words, result.err)
    result = box.bad(1, "estimate", "--vmcore", "/nonexistent")
    need("/nonexistent" in result.err, "%s", result.err)
    image = box.image("good-6.12-vmemmap")
    result = box.bad(1, "estimate", "--vmcore", image.path, "--target",
                     "/nonexistent/dir")
    need("/nonexistent/dir" in result.err, "%s", result.err)


def doubts(box):
    """Whoever reads the numbers is told what the scan could not read."""
    for name, text in (
            ("bad-pgtable-absent", "16286 struct pages can't be read"),
            ("bad-freecount", "1072 free pages were found, it says")):
        image = box.image(name)
        err = box.good("estimate", "--vmcore", image.path).err
        equal(name, err.count(text), 1)
    equal("a good one", box.good("estimate", "--vmcore", box.image(
        "good-6.12-vmemmap").path, "--message-level", "4").err, "")


MAP = """00100000-%x : System RAM
  01000000-03ffffff : Kernel code
  05000000-051fffff : Kernel bss
"""


def machine(box, end, files):
    """A root with what the sizes are read from; its folder."""
    for path, content in (
            ("proc/iomem", MAP % (end - 1)), ("proc/cmdline", "quiet\n"),
            ("proc/sys/kernel/osrelease", "7.2-x\n"),
            ("boot/initramfs-7.2-xkdump.img", files)):
        path = box.path("root/" + path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes)
                       else content.encode())
    return box.path("root")


def crash_kernel(box):
    """What it needs: by the machine's files, or by the vmcore alone."""
    image = box.image("good-6.12-vmemmap")
    files = zstd(cpio(*(("f%d" % i, 0o100644, 1000001 * b"x")
                        for i in range(20))))
    root = machine(box, 1 << 30, files)
    told = foretold(box, image, "--machine-root", root)["crash_kernel"]
    parts = {key: (part["bytes"], part["assumed"])
             for key, part in told["parts"].items()}
    equal("image", parts["kernel_image"], (0x4200000, False))
    equal("packed", parts["initramfs_packed"], (len(files), False))
    # whole pages and an inode each
    equal("unpacked", parts["initramfs_unpacked"],
          (20 * (245 * 4096 + 1024), False))
    equal("struct pages", parts["struct_pages"][0], told["size"] // 64)
    need(parts["programs"][1] and not parts["margin"][1], "%s", parts)
    equal("words", told["recommended"], "crashkernel=%dM" % (
        told["size"] >> 20))
    equal("granted", (told["granted"], told["from_machine"]), (True, True))
    need(told["size"] >= told["while_dumping"] + parts["margin"][0] and
         told["size"] < 2 * told["while_unpacking"], "%s", told)
    text = box.good("estimate", "--vmcore", image.path, "--machine-root",
                    root).out.decode()
    need("Recommended: %s\n" % told["recommended"] in text, "%s", text)
    # too small a machine
    machine(box, 192 << 20, files)
    told = foretold(box, image, "--machine-root", root)["crash_kernel"]
    equal("granted", told["granted"], False)
    # an initramfs that is none: told, and by default
    machine(box, 1 << 30, 100 * b"no")
    result = box.good("estimate", "--json", "--vmcore", image.path,
                      "--machine-root", root)
    need("initramfs-7.2-xkdump.img" in result.err, "%s", result.err)
    told = foretold(box, image)["crash_kernel"]
    equal("alone", (told["from_machine"], told["initramfs"]), (False, None))
    need(told["parts"]["initramfs_unpacked"]["assumed"], "%s", told)
    told = foretold(box, box.image("good-i386-pae"))
    equal("not known", told["crash_kernel"], None)


def tests():
    for function in (machines, text, wrong, doubts, crash_kernel):
        yield function.__name__, function
