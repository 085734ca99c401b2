# SPDX-License-Identifier: GPL-2.0-or-later
"""What is aimed at, and whether the figures reach it. All of it on the big
vmcore; how the scan and the capture kernel do is measured elsewhere."""

import runs
import tables

MIB = 1 << 20
PLAIN, SLOW = "makedumpfile/1", "makedumpfile --num-threads 2/2"

# codec, level, capdump's options, CPUs, against, times as fast, larger at most
SPEED = (
    ("zstd", 31, "", 1, PLAIN, 1.5, 0.08),
    ("zstd", 31, " --level 1", 1, PLAIN, 1.1, 0.005),
    ("zstd", 31, "", 2, PLAIN, 2.6, 0.08),
    ("zstd", 31, "", 2, SLOW, 8.0, 0.08),
    ("zstd", 1, "", 1, PLAIN, 1.35, None),
    ("zstd", 1, "", 2, PLAIN, 2.3, None),
    ("zstd", 31, " --fast", 1, PLAIN, 2.0, 0.15),
    ("zstd", 31, " --fast", 2, PLAIN, 3.2, 0.15),
    ("lzo", 31, "", 1, PLAIN, 1.2, None),
    ("lzo", 31, "", 2, PLAIN, 2.0, None),
    ("zlib", 31, "", 1, PLAIN, 1.9, None),
)
BOUND = (
    ("zstd", 31, " --level 1", 2, 0.85),
    ("zstd", 31, "", 2, 0.75),
)


def case_of(results, codec, level):
    return results["cases"].get("big -d %d %s" % (level, codec))


def row_of(case, name, cpus):
    return next((r for r in tables.rows(case) if r["name"] == name and
                 r["cpus"] == cpus), None)


def verdict(met, case=None):
    """Wall clock of a loaded machine proves nothing; memory does not mind."""
    if case and not case["idle"]:
        return "(loaded machine)"
    return "met" if met else "**not met**"


def speed(results):
    for codec, level, options, cpus, against, least, larger in SPEED:
        case = case_of(results, codec, level)
        name = "capdump" + options
        figures = case and case["figures"].get("%s/%d" % (name, cpus))
        base = case and case["figures"].get(against)
        if not figures or not base:
            continue
        have = runs.times_as_fast(base, figures)
        size = row_of(case, name, cpus)["larger"]
        met = have >= least and (larger is None or size <= larger)
        what = "%s -d %d%s, %d CPU%s%s" % (
            codec, level, options, cpus, "s" if cpus > 1 else "",
            ", against --num-threads 2" if against == SLOW else "")
        yield what, "%.2fx%s" % (least, "" if larger is None else
                                 ", %+.1f %%" % (100 * larger)), \
            "%.2fx (CPU time %.2fx), %+.1f %%" % (
                have, runs.times_as_fast(base, figures, runs.cpu_seconds),
                100 * size), verdict(met, case)


def bound(results):
    for codec, level, options, cpus, least in BOUND:
        case = case_of(results, codec, level)
        row = case and row_of(case, "capdump" + options, cpus)
        if row and row["bound"]:
            yield "%s -d %d%s, %d CPUs, part of the bound" % (
                codec, level, options, cpus), "%.0f %%" % (100 * least), \
                "%.0f %%" % (100 * row["bound"]), \
                verdict(row["bound"] >= least, case)


def memory(results):
    """4 MiB, 3 MiB for each thread, and the bitmap: a bit for each page."""
    for cpus in (1, 2):
        most = {}
        for case in results["cases"].values():
            bitmap = results["cores"][case["core"]]["bytes"] / 4096 / 8
            allowed = 4 * MIB + 3 * MIB * cpus + bitmap
            for row in tables.rows(case):
                if row["name"].startswith("capdump") and row["cpus"] == cpus:
                    most[row["anon"] / MIB] = allowed / MIB
        if most:
            have = max(most)
            yield "RssAnon of any run, %d CPU%s" % (
                cpus, "s" if cpus > 1 else ""), "%.1f MiB" % most[have], \
                "%.1f MiB" % have, verdict(have <= most[have])


def all_of(results):
    """(what, aimed at, measured, the verdict)"""
    yield from speed(results)
    yield from bound(results)
    yield from memory(results)


def markdown(results):
    lines = list(all_of(results))
    if not lines:
        return
    yield "| target | at least, size at most | measured | |"
    yield "|---|---|---|---|"
    for line in lines:
        yield "| %s | %s | %s | %s |" % line
    yield ""
