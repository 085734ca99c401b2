#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""split.py [--document] [VMCORE]: where capdump's instructions go, counted by
callgrind, which no load of the machine disturbs: by part of the program and
the most expensive functions. -d 31 without threads, with each codec, of
check-vm's crash or of VMCORE. --document: into docs/performance.md.

Instructions are not time: waiting for memory and the disk does not show, nor
what the kernel does.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

import bench
import tables

BEGIN, END = "<!-- bench-split: begin -->", "<!-- bench-split: end -->"
OPTIONS = (("-z", ["-z"]), ("-z --fast", ["-z", "--fast"]),
           ("-z --level 1", ["-z", "--level", "1"]), ("-l", ["-l"]),
           ("-c", ["-c"]))
LINE = re.compile(r" *([\d,]+) \( *[\d.]+%\)  ([^:]*):(\S+)(?: \[(.*)\])?$")
MOST = 10


def part(path, library):
    """The folder of the source, or the library."""
    found = re.search(r"src/(\w+)/", path)
    if found:
        return found.group(1)
    name = os.path.basename(library or "")
    if name.startswith(("libc.", "ld-linux")):
        return "libc"
    return name.split(".so")[0].split("-")[0] or "others"


def run(vmcore, options, folder):
    """[(instructions, part, function)]"""
    counts, dump = os.path.join(folder, "counts"), folder + "/dump"
    subprocess.run(
        ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" +
         counts, bench.CAPDUMP, "-f", *options, "-d", "31", "--num-threads",
         "0", "--message-level", "4", vmcore, dump], check=True)
    out = subprocess.run(
        ["callgrind_annotate", "--threshold=100", "--show-percs=yes",
         counts], check=True, capture_output=True, text=True).stdout
    found = []
    for line in out.split("\n"):
        match = LINE.match(line)
        if match:
            number, path, name, library = match.groups()
            where = part(path, library)
            # libraries have no symbols but those they export
            name = where if name.startswith("0x") else re.split(
                r"['.]", name)[0]
            found.append((int(number.replace(",", "")), where, name))
    return found


def share(found, key):
    """{key: percent}, the largest first."""
    total, sums = sum(f[0] for f in found), {}
    for one in found:
        sums[key(one)] = sums.get(key(one), 0) + one[0]
    return {name: 100 * count / total for name, count in sorted(
        sums.items(), key=lambda item: -item[1])}


def markdown(by_options, where):
    yield "%s -d 31, no threads, commit %s; percent of capdump's own " \
        "instructions, by folder of src/ or library:" % (
            where, bench.commit())
    yield ""
    parts = [name for name in dict.fromkeys(
        n for found in by_options.values()
        for n in share(found, lambda f: f[1])) if any(
            share(found, lambda f: f[1]).get(name, 0) >= 0.5
            for found in by_options.values())]
    yield "| | instructions | %s |" % " | ".join(parts)
    yield "|---|---|%s" % ("---|" * len(parts))
    for options, found in by_options.items():
        shares = share(found, lambda f: f[1])
        yield "| %s | %.3g G | %s |" % (
            options, sum(f[0] for f in found) / 1e9, " | ".join(
                "%.1f" % shares.get(name, 0) for name in parts))
    for options, found in by_options.items():
        yield ""
        yield "%s: %s." % (options, ", ".join(
            "%s %.1f" % item for item in list(share(
                found, lambda f: f[2]).items())[:MOST]))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--document", action="store_true")
    parser.add_argument("vmcore", nargs="?", default="small")
    args = parser.parse_args()
    vmcore = bench.crash(args.vmcore)
    with tempfile.TemporaryDirectory(prefix="split-") as folder:
        by_options = {name: run(vmcore, options, folder)
                      for name, options in OPTIONS}
    name = os.path.basename(os.path.dirname(vmcore)) \
        if "/" in args.vmcore else args.vmcore
    tables.publish(markdown(by_options, name), BEGIN, END, args.document)


if __name__ == "__main__":
    sys.exit(main())
