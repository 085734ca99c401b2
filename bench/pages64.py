#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pages64.py [--rounds N] [--document]: the compressors on the pages of a machine with
pages of 64 KiB (crash64.sh), each test of it in turn, one thread, CPU seconds,
medians. The filter plays no part: all pages are taken but
those of one repeated word. What it takes to copy and test them is taken off."""

import argparse
import json
import os
import statistics
import subprocess
import sys

import bench
import machine
import tables

BEGIN, END = "<!-- bench-64k: begin -->", "<!-- bench-64k: end -->"
COPY = "none"
CODECS = (COPY, "zstd", "zstd:fast", "zstd:1", "lzo", "zlib")
LEAST, LARGER = 1.3, 0.08


def measure(vmcore, rounds):
    """{codec: [what bound.c printed]}"""
    found = {codec: [] for codec in CODECS}
    for number in range(rounds):
        for codec in CODECS[::-1 if number % 2 else 1]:
            out = subprocess.run(
                [bench.BOUND, "-n", "1", "-t", "1", "-s", "65536", codec,
                 vmcore], check=True, capture_output=True, text=True).stdout
            found[codec].append(json.loads(out))
    return found


def rows(results):
    base = results["runs"]["zstd:1"]
    copy = statistics.median(r["1"]["cpu"] for r in results["runs"][COPY])
    for codec, runs in results["runs"].items():
        if codec == COPY:
            continue
        faster = statistics.median(
            (b["1"]["cpu"] - copy) / (r["1"]["cpu"] - copy)
            for b, r in zip(base, runs))
        seconds = statistics.median(r["1"]["cpu"] for r in runs) - copy
        yield codec, seconds, faster, runs[0]["bytes"], \
            runs[0]["bytes"] / base[0]["bytes"] - 1, \
            runs[0]["pages"] * 65536 / 1e6 / seconds


def markdown(results):
    first = results["runs"]["zstd"][0]
    yield "%s: %d pages of 64 KiB that are not one repeated word, %d of them " \
        "stored raw. Commit %s, %s, %d rounds." % (
            results["vmcore"], first["pages"], first["raw"],
            results["commit"], results["machine"]["cpu"],
            len(results["runs"]["zstd"]))
    yield ""
    yield "| | CPU s | against zstd:1 | MB/s of input | bytes | size |"
    yield "|---|---|---|---|---|---|"
    for codec, seconds, faster, size, larger, speed in rows(results):
        yield "| %s | %.3f | %.2fx | %.0f | %d | %+.1f %% |" % (
            codec, seconds, faster, speed, size, 100 * larger)
    own = next(row for row in rows(results) if row[0] == "zstd")
    yield ""
    yield "Aimed at: our encoder %.1f times as fast as libzstd's level 1, at " \
        "most %.0f %% larger: %s." % (
            LEAST, 100 * LARGER, "met" if own[2] >= LEAST and
            own[4] <= LARGER else "**not met**")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--document", action="store_true")
    args = parser.parse_args()
    folder = subprocess.run(
        [os.path.join(bench.HERE, "crash64.sh")], check=True,
        stdout=subprocess.PIPE, text=True).stdout.strip()
    vmcore = os.path.join(folder, "vmcore")
    where = machine.describe(bench.HERE)
    results = {"//": machine.LICENCE, "machine": where,
               "commit": bench.commit(), "vmcore": os.path.basename(folder),
               "runs": measure(vmcore, args.rounds)}
    path = os.path.join(bench.HERE, "results",
                        machine.slug(where) + "-64k.json")
    machine.save(path, results)
    tables.publish(markdown(results), BEGIN, END, args.document)


if __name__ == "__main__":
    sys.exit(main())
