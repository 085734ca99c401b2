#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dedup.py [--rounds N] [--nice N] [--time CORE] [--document] VMCORE...: what
--dedup saves of the size of dumps (-z) at the levels 31, 1 and 0; and of --time,
one of those by its folder's name, what it costs: instructions, as callgrind
counts them, and CPU seconds, without and with it in turn, medians."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

import bench
import machine
import runs
import tables

BEGIN, END = "<!-- bench-dedup: begin -->", "<!-- bench-dedup: end -->"
LEVELS = ("31", "1", "0")
OFF, ON = "--no-dedup", "--dedup"


def sizes(vmcore, folder):
    """{level: (pages, of them equal, bytes without, bytes with)}"""
    found = {}
    for level in LEVELS:
        told = []
        for option in (OFF, ON):
            subprocess.run([bench.CAPDUMP, "-f", "-z", option, "-d", level,
                            "--message-level", "4", "--report",
                            folder + "/report", vmcore, folder + "/dump"],
                           check=True)
            with open(folder + "/report", encoding="utf-8") as file:
                told.append(json.load(file))
        found[level] = (told[1]["pages_written"], told[1]["pages_same"],
                        told[0]["output_bytes"], told[1]["output_bytes"])
    return found


def instructions(words, folder):
    err = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + folder +
         "/counts", bench.CAPDUMP, "-f", "--num-threads", "0", *words,
         folder + "/dump"], check=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True).stderr
    return int(re.search(r"Collected : (\d+)", err).group(1))


def costs(vmcore, folder, rounds):
    """{codec and level: the instructions, the CPU time without, and by how much
    it is more with it}"""
    found, out = {}, folder + "/dump"
    for letter, level in (("-z", "31"), ("-l", "31"), ("-z", "1"),
                          ("-l", "1")):
        words = [letter, "-d", level, "--message-level", "4"]
        counts = [instructions([*words, option, vmcore], folder)
                  for option in (OFF, ON)]
        figures = {OFF: [], ON: []}
        for number in range(rounds):
            for option in (OFF, ON)[::-1 if number % 2 else 1]:
                figures[option].append(runs.measure(
                    [bench.CAPDUMP, "--num-threads", "0", *words, option,
                     vmcore, out], 1, out))
        found["%s -d %s" % (letter, level)] = dict(
            instructions=counts,
            cpu=runs.times_as_fast(figures[ON], figures[OFF],
                                   runs.cpu_seconds),
            seconds=runs.cpu_seconds(runs.median(figures[OFF])))
    return found


def markdown(results):
    yield "| -z | " + " | ".join(
        "-d %s: MiB | equal pages | saved" % n for n in LEVELS) + " |"
    yield "|---" * (1 + 3 * len(LEVELS)) + "|"
    for core, found in results["sizes"].items():
        yield "| %s | " % core + " | ".join(
            "%.1f | %.1f %% | %.2f %%" % (
                off / 2**20, 100 * same / pages, 100 * (off - on) / off)
            for pages, same, off, on in (found[n] for n in LEVELS)) + " |"
    yield ""
    yield "%s, one thread, %d rounds, others used %.0f %% of the CPUs:" % (
        results["time"], results["rounds"], 100 * results["load"]["busy"])
    yield ""
    yield "| | G instructions | with --dedup | CPU s | with --dedup |"
    yield "|---" * 5 + "|"
    for name, one in results["costs"].items():
        off, on = one["instructions"]
        yield "| %s | %.3f | %+.1f %% | %.3f | %+.1f %% |" % (
            name, off / 1e9, 100 * (on / off - 1), one["seconds"],
            100 * (one["cpu"] - 1))


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--time")
    parser.add_argument("--document", action="store_true")
    parser.add_argument("vmcore", nargs="*", default=["small"])
    args = parser.parse_args()
    where = machine.describe(bench.HERE)
    os.nice(args.nice)
    paths = {bench.core_name(name): bench.crash(name) for name in args.vmcore}
    timed = args.time or next(iter(paths))
    with tempfile.TemporaryDirectory(prefix="dedup-", dir=os.path.join(
            bench.TOP, "build")) as folder:
        found = {name: sizes(path, folder) for name, path in paths.items()}
        warm, others = runs.Warm(paths[timed]), machine.Others()
        cost = costs(paths[timed], folder, args.rounds)
        load = others.load()
        warm.close()
    results = {"//": machine.LICENCE, "machine": where, "sizes": found,
               "commit": bench.commit(), "load": load,
               "rounds": args.rounds, "time": timed, "costs": cost}
    machine.save(os.path.join(bench.HERE, "results", machine.slug(where) +
                              "-dedup.json"), results)
    tables.publish(markdown(results), BEGIN, END, args.document)


if __name__ == "__main__":
    sys.exit(main())
