#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""remote.py [--rounds N] [--output FOLDER] [--document] VMCORE...: the same dump
to a file, to a store (s3) and to a server (PUT) on loopback, which keep nothing
(null_store.py). All three run one after the other in a round, on all CPUs, every
second round backwards; figures are medians. The ratios are of the file's time
to theirs: a round's, then the median."""

import os
import sys

import bench
import machine
import null_store
import runs
import tables

BEGIN, END = "<!-- bench-remote: begin -->", "<!-- bench-remote: end -->"
AIMED = {"s3": 0.9, "PUT": 0.5}         # of a file's speed
CODECS, LEVELS = ("zstd", "lzo", "zlib"), ("1", "31")
MIB = 1 << 20
ENV = dict({k: v for k, v in os.environ.items()
            if not k.lower().endswith("_proxy") and k[:4] != "AWS_"},
           HOME="/nonexistent", AWS_ACCESS_KEY_ID="AK",
           AWS_SECRET_ACCESS_KEY="SK")


def ways(store, out):
    """(name, words)"""
    yield "file", [out]
    yield "s3", ["--triage=no", "--s3-endpoint", store.url, "s3://dumps/dump"]
    yield "PUT", ["--triage=no", store.url + "/dump"]


def measure_one(way, words, store, out):
    command = [bench.CAPDUMP, "-f", "--message-level", "4", *words]
    if way == "file":
        return dict(runs.measure(command, bench.CPUS[-1], out), store=0.0)
    os.sync()
    before = store.cpu_seconds()
    figures = runs.run(command, bench.CPUS[-1], env=ENV)
    del figures["start"]
    return dict(figures, store=store.cpu_seconds() - before)


def measure(vmcore, store, out, rounds):
    """{codec and level: {way: [figures]}}"""
    found = {}
    for level in LEVELS:
        for codec in CODECS:
            case = found.setdefault("%s -d %s" % (codec, level), {})
            for number in range(rounds):
                for way, words in list(ways(store, out))[
                        ::-1 if number % 2 else 1]:
                    case.setdefault(way, []).append(measure_one(
                        way, [bench.LETTERS[codec], "-d", level, vmcore,
                              *words], store, out))
    return found


def row(name, case):
    file = runs.median(case["file"])
    cells = [name, "%.1f" % (file["size"] / MIB), "%.3f" % file["time"],
             "%.2f" % runs.cpu_seconds(file)]
    for way in AIMED:
        one = runs.median(case[way])
        cells += ["%.3f" % one["time"],
                  "%.2f" % runs.times_as_fast(case["file"], case[way]),
                  "%.2f + %.2f" % (runs.cpu_seconds(one), one["store"]),
                  "%.1f" % (one["anon"] / MIB)]
    return cells


def verdict(results, way):
    """How many of all cases reach what was aimed at; nothing is said of it where
    other work has the CPUs."""
    if not machine.is_idle([results["load"]]):
        return "(loaded machine)"
    ratios = [runs.times_as_fast(case["file"], case[way])
              for cases in results["cores"].values()
              for case in cases.values()]
    met = sum(round(r, 2) >= AIMED[way] for r in ratios)
    return "met" if met == len(ratios) else "met by %d of %d, least %.2f" % (
        met, len(ratios), min(ratios))


def markdown(results):
    yield "%s, %d CPUs; commit %s; %d rounds, machine %s." % (
        results["machine"]["cpu"], results["machine"]["cpus"],
        results["commit"], results["rounds"],
        machine.state([results["load"]]))
    head = ["", "MiB", "file s", "CPU s"]
    for way in AIMED:
        head += [way + " s", "of a file's speed", "CPU s + the server's",
                 "RssAnon MiB"]
    for core, cases in results["cores"].items():
        yield ""
        yield "| " + " | ".join([core, *head[1:]]) + " |"
        yield "|---" * len(head) + "|"
        for name, case in cases.items():
            yield "| " + " | ".join(row(name, case)) + " |"
    yield ""
    yield "Aimed at: %s." % "; ".join(
        "%s %.1f of a file's speed: %s" % (way, AIMED[way],
                                           verdict(results, way))
        for way in AIMED)


def main():
    args = bench.few_arguments(__doc__, 7)
    where, cores = machine.describe(args.output), {}
    os.nice(args.nice)
    paths = [(name, bench.crash(name)) for name in args.vmcore]
    others, store = machine.Others(), null_store.Store()
    try:
        for name, vmcore in paths:
            warm = runs.Warm(vmcore)
            cores[bench.core_name(name)] = measure(
                vmcore, store, os.path.join(args.output, "dump"), args.rounds)
            warm.close()
    finally:
        store.close()
    results = {"//": machine.LICENCE, "machine": where,
               "commit": bench.commit(), "load": others.load(),
               "rounds": args.rounds, "cores": cores}
    machine.save(os.path.join(bench.HERE, "results", machine.slug(where) +
                              "-remote.json"), results)
    tables.publish(markdown(results), BEGIN, END, args.document)


if __name__ == "__main__":
    sys.exit(main())
