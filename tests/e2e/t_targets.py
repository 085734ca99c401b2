# SPDX-License-Identifier: GPL-2.0-or-later
"""A dump in several files before it is made: estimate and check --files, and with
several targets. What goes to one file system needs its room together."""

import json
import os

from harness import equal, need
from machine_tree import IOMEM, build, machine

IMAGE = "good-6.12-vmemmap"
MIB = 1 << 20


def foretold(box, *args):
    return json.loads(box.good("estimate", "--json", "--vmcore",
                               box.image(IMAGE).path, "-d", "1,31", *args).out)


def sizes(box):
    """What comes of --split, within 15 % or 32 KiB a file."""
    one, told = foretold(box), foretold(box, "--files", "4")
    equal("files", (one["files"], told["files"]), (1, 4))
    need("file_sizes" not in one["levels"][0], "%s", one["levels"][0])
    names = ["a", "b", "c", "d"]
    for row in told["levels"]:
        for codec, option in (("zlib", "-c"), ("zstd", "-z")):
            box.good("-f", option, "-d", row["level"], "--split",
                     box.image(IMAGE).path, *names)
            real = [os.path.getsize(box.path(n)) for n in names]
            each, size = row["file_sizes"][codec], row["sizes"][codec]
            need(abs(size - sum(real)) <= max(0.15 * sum(real), 32768),
                 "%s: %d bytes foretold, %s came", codec, size, real)
            need(0 <= 4 * each - size < 4, "%d of %d", each, size)
            # pages of different kinds pack differently: all are of a size
            need(min(real) / 2 < each < 2 * max(real), "%d: %s", each, real)
            # each has the head and both bitmaps
            need(size > [r for r in one["levels"] if r["level"] ==
                         row["level"]][0]["sizes"][codec] + 3 * 4096,
                 "%d bytes in four files", size)


def memory(box):
    """5 MiB for each file after the first, in what is recommended, too."""
    def capdump(told):
        return (told["memory_wanted"],
                told["crash_kernel"]["parts"]["capdump"]["bytes"])
    one, many = foretold(box), foretold(box, "--files", 33)
    equal("memory", [b - a for a, b in zip(capdump(one), capdump(many))],
          [32 * 5 * MIB] * 2)
    need(many["crash_kernel"]["size"] >= one["crash_kernel"]["size"] +
         160 * MIB, "%s", many["crash_kernel"])
    text = box.good("estimate", "--vmcore", box.image(IMAGE).path, "--files",
                    3).out.decode()
    need("of each file" in text and " and 3 files" in text, "%s", text)


def targets(box):
    """File systems, and their files: dealt out to the folders in turn."""
    for name in "xyz":
        os.mkdir(box.path(name))
    folders = [box.path("x"), "/dev/shm", box.path("y"), box.path("z")]
    words = [word for folder in folders for word in ("--target", folder)]
    for nr, more in ((4, ()), (6, ("--files", 6))):
        told = foretold(box, *words, *more)
        equal("files", told["files"], nr)
        want = {}
        for i in range(nr):
            folder = folders[i % 4]
            want.setdefault(os.stat(folder).st_dev, [folder, 0])[1] += 1
        equal("targets", [[t["target"], t["files"]] for t in told["targets"]],
              list(want.values()))
        equal("the first", (told["target"], told["bytes_per_second"]),
              (folders[0], told["targets"][0]["bytes_per_second"]))
        for row in told["levels"]:
            slowest = max(row["file_sizes"]["none"] * t["files"] /
                          t["bytes_per_second"] for t in told["targets"])
            need(row["seconds"]["none"] >= 0.99 * slowest - 0.001, "%s: %f",
                 row, slowest)


def check_target(box, root, *words):
    answer = json.loads(box.run("check", "--json", "--machine-root", root,
                                *words).out)
    return [c for c in answer["checks"] if c["check"] == "target"][0]


def checked(box):
    """Folders of one file system need its room together."""
    tree = {**machine(), "srv/x": "", "mnt/x": ""}
    root = build(box, tree)
    row = check_target(box, root, "/srv", "/mnt", "--files", 5)
    equal("result", (row["result"], len(row["findings"])), ("ok", 1))
    need("/srv has" in row["findings"][0]["text"] and
         "for 5 of 5 files" in row["findings"][0]["text"], "%s", row)
    row = check_target(box, root, "/srv", "/none", "/mnt")
    equal("one is missing", [(f["id"], f["severity"]) for f in
                             row["findings"]],
          [("target-missing", "warning"), ("target", "ok")])
    need("for 2 of 3 files" in row["findings"][1]["text"], "%s", row)
    # each of two would fit, both do not
    fs = os.statvfs(root)
    start = 1 << 48
    tree["proc/iomem"] = IOMEM + "%x-%x : System RAM\n" % (
        start, start + fs.f_bavail * fs.f_frsize * 3 // 2 - 1)
    root = build(box, tree)
    row = check_target(box, root, "/srv", "/mnt")
    equal("both", [f["id"] for f in row["findings"]], ["target-below-ram"])
    row = check_target(box, root, "/srv", "/none")
    equal("half of it", [f["id"] for f in row["findings"]],
          ["target-missing", "target"])
    # what is reserved has to do for more files
    words = ("--files", "64")
    few, many = (json.loads(box.run(
        "check", "--json", "--machine-root", root, *w).out)["checks"]
        for w in ((), words))
    need(few[1]["check"] == "reservation" and
         few[1]["findings"] != many[1]["findings"], "%s", many[1])


def wrong(box):
    path = box.image(IMAGE).path
    for words, text in (
            (("--files", "x"), "--files takes a number"),
            (("--files", "65"), "from 0 to 64"),
            (("--files", "1", "--target", "a", "--target", "b"),
             "--files 1: less than the 2 targets"),
            (("--target", "a") * 65, "more than 64 targets")):
        result = box.bad(2, "estimate", "--vmcore", path, *words)
        need(text in result.err, "%s: %s", words, result.err)
    result = box.bad(1, "estimate", "--vmcore", path, "--target",
                     box.path("."), "--target", "/nonexistent/dir")
    need("/nonexistent/dir" in result.err, "%s", result.err)
    result = box.bad(3, "check", "--files", "2", "a", "b", "c")
    need("less than the 3 targets" in result.err, "%s", result.err)


def tests():
    for function in (sizes, memory, targets, checked, wrong):
        yield function.__name__, function
