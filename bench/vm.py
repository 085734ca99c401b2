#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vm.py FOLDER RATE: what vm.sh's capture kernel measured, as a table, as JSON
in bench/results/ and in docs/performance.md. RATE: the disk's, bytes a second."""

import json
import os
import re
import sys
import time

import bench
import machine
import tables

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN, END = "<!-- bench-vm: begin -->", "<!-- bench-vm: end -->"
RUNS = ("none", "none.2", "lzo", "zstd")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def figures(folder):
    """The plain writes' best rate in MB/s, and a dict for each dump."""
    plain = max(load(os.path.join(folder, "plain.%d.json" % i))
                ["mb_per_second"] for i in (1, 2))
    found = {}
    for name in RUNS:
        cost = load(os.path.join(folder, name + ".json"))
        report = load(os.path.join(folder, name + ".report.json"))
        if cost["status"] or report["status"] != "complete":
            sys.exit("%s: status %s" % (name, cost["status"]))
        writing = report["seconds"]["all"] - report["seconds"]["scan"]
        found[name] = dict(
            cost, bytes=report["output_bytes"], threads=report["threads"],
            pages=report["pages_written"], mapped=report["mapped"],
            scan=report["seconds"]["scan"], writing=writing,
            mb_per_second=report["output_bytes"] / writing / 1e6)
    return plain, found


def met(reached):
    return "met" if reached else "**not met**"


def markdown(results):
    plain = results["plain_mb_per_second"]
    yield "Linux %s under QEMU (software emulation), 1 CPU, %.0f MiB of " \
        "memory in the capture kernel, %.0f MiB available at the start; the " \
        "disk does %.0f MB/s, plain O_DIRECT writes of 1 MiB reach %.1f. " \
        "Commit %s, %s, load average of the host's %d CPUs %.1f." % (
            results["release"], results["memory_mib"],
            results["available_mib"], results["rate"] / 1e6, plain,
            results["commit"], results["when"],
            results["machine"]["cpus"], results["load_average"])
    yield ""
    yield "| -d 31 | dump MB | s | scan s | write MB/s | of plain | idle | " \
        "RssAnon MiB | VmHWM MiB | MemFree, least | MemAvailable, least |"
    yield "|---|" + "---|" * 10
    for name in RUNS:
        one = results["runs"][name]
        yield "| %s | %.0f | %.1f | %.2f | %.1f | %.0f %% | %.0f %% | %.1f " \
            "| %.1f | %.0f | %.0f |" % (
                name, one["bytes"] / 1e6, one["seconds"], one["scan"],
                one["mb_per_second"], 100 * one["mb_per_second"] / plain,
                100 * (one["idle"] + one["iowait"]),
                one["anon_kib"] / 1024, one["resident_kib"] / 1024,
                one["least_free_kib"] / 1024,
                one["least_available_kib"] / 1024)
    yield ""
    best = max(results["runs"][n]["mb_per_second"] for n in RUNS[:2])
    free = min(one["least_free_kib"] for one in results["runs"].values())
    anon = max(one["anon_kib"] for one in results["runs"].values()) / 1024
    yield "Aimed at: 90 %% of plain writes (best of two %.0f %%: %s), " \
        "120 MiB left free (%.0f: %s), RssAnon of 4 MiB and 3 MiB a thread " \
        "(%.1f: %s)." % (
            100 * best / plain, met(best >= 0.9 * plain), free / 1024,
            met(free >= 120 * 1024), anon, met(anon <= 7.1))


def main():
    folder, rate = sys.argv[1], int(sys.argv[2])
    plain, found = figures(folder)
    with open(os.path.join(folder, "capture-mem.txt"),
              encoding="ascii") as file:
        memory = dict(re.findall(r"(\w+): +(\d+)", file.read()))
    with open(os.path.join(folder, "release"), encoding="ascii") as file:
        release = file.read().strip()
    where = machine.describe(HERE)
    results = dict(
        {"//": machine.LICENCE}, machine=where, rate=rate, plain_mb_per_second=plain, runs=found,
        release=release, commit=bench.commit(), load_average=os.getloadavg()[0],
        memory_mib=int(memory["MemTotal"]) / 1024,
        available_mib=int(memory["MemAvailable"]) / 1024,
        when=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
    path = os.path.join(HERE, "results", machine.slug(where) + "-vm.json")
    machine.save(path, results, sort_keys=True)
    tables.publish(markdown(results), BEGIN, END)


if __name__ == "__main__":
    sys.exit(main())
