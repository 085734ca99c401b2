# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of the figures: for the terminal and for docs/performance.md."""

import os
import re

import machine
import runs

MIB = 1 << 20
PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                    "docs", "performance.md")
CODECS = ("zstd", "lzo", "snappy", "zlib", "none")


def bound_seconds(case, name, cpus):
    """What the compressor alone takes on one CPU, shared among them. CPU
    seconds: they are the wall clock's where nothing else runs."""
    bound = case["bounds"].get(name) if case["codec"] != "none" else None
    return bound["1"]["cpu"] / cpus if bound else None


def rows(case):
    """One dict for each competitor: what the tables show."""
    base = case["figures"]["makedumpfile/1"]
    size = runs.median(base)["size"]
    for key, figures in case["figures"].items():
        name, cpus = key.rsplit("/", 1)
        one = runs.median(figures)
        bound = bound_seconds(case, name, int(cpus))
        yield dict(
            one, name=name, cpus=int(cpus), rounds=len(figures),
            faster=runs.times_as_fast(base, figures),
            cheaper=runs.times_as_fast(base, figures, runs.cpu_seconds),
            larger=one["size"] / size - 1,
            bound=bound / one["time"] if bound else None)


def cells(row):
    return ["%s, %d CPU%s" % (row["name"], row["cpus"],
                              "s" if row["cpus"] > 1 else ""),
            "%.3f" % row["time"], "%.2f" % row["faster"],
            "%.2f" % row["cheaper"],
            "%.2f" % row["user"], "%.2f" % row["system"],
            "%.1f" % (row["anon"] / MIB), "%.1f" % (row["resident"] / MIB),
            "%.1f" % (row["size"] / MIB), "%+.1f %%" % (100 * row["larger"]),
            "%.0f %%" % (100 * row["bound"]) if row["bound"] else ""]


HEAD = ("", "s", "x", "CPU x", "user", "sys", "anon", "HWM", "MiB", "size", "bound")


def text(case):
    """Lines for the terminal."""
    yield "%s -d %d %s: %d rounds, %.0f s" % (
        case["core"], case["level"], case["codec"],
        len(case["figures"]["makedumpfile/1"]), case["took"])
    form = "  %-38s %8s %6s %6s %7s %6s %6s %6s %8s %8s %6s"
    yield form % HEAD
    for row in rows(case):
        yield form % tuple(cells(row))


def ordered(results):
    """Cases in the order of the document."""
    return sorted(results["cases"].values(), key=lambda c: (
        c["core"], -c["level"], CODECS.index(c["codec"])))


def conditions(case):
    state = machine.state([case["load"]], case["idle"])
    note = "; " + case["note"] if case["note"] else ""
    return "%s, commit %s, %d rounds, machine %s%s" % (
        case["when"], case["commit"],
        len(case["figures"]["makedumpfile/1"]), state, note)


def summary(results):
    """The ratios of all cases in one table."""
    yield "| vmcore, level, codec | makedumpfile s | " \
        "1 CPU | of the bound | 2 CPUs | of the bound | size |"
    yield "|---|---|---|---|---|---|---|"
    for case in ordered(results):
        found = {(r["name"], r["cpus"]): r for r in rows(case)}
        for name in sorted({n for n, _ in found if n.startswith("capdump")}):
            one, two = found[name, 1], found[name, 2]
            yield "| %s -d %d %s%s | %.3f | %.2fx | %s | %.2fx | %s | %s |" % (
                case["core"], case["level"], case["codec"],
                name[len("capdump"):], found["makedumpfile", 1]["time"],
                one["faster"], cells(one)[-1], two["faster"], cells(two)[-1],
                cells(one)[-2])


def bound_lines(case):
    """The bounds themselves, and what a second thread gives them."""
    for name, bound in case["bounds"].items():
        line = "Bound of %s: %d pages, %.3f s" % (
            name, bound["pages"], bound["1"]["cpu"])
        if "2" in bound:
            line += "; with two threads %.2fx" % (
                bound["1"]["seconds"] / bound["2"]["seconds"])
        yield ""
        yield line + "."


def markdown(results, name):
    """The block between the marks."""
    where = results["machine"]
    yield "`bench/results/%s`: %s, %d CPUs%s, %s GiB of RAM, Linux %s, " \
        "dumps to %s." % (
            name, where["cpu"], where["cpus"],
            " (virtual machine)" if where["virtual"] else "",
            where["memory_gib"], where["kernel"], where["disk"])
    yield "Peer: %s." % ", ".join(sorted({
        c["peer"] for c in results["cases"].values()}))
    yield ""
    yield "![times as fast as makedumpfile](../bench/results/%s)" % \
        re.sub(r"json$", "svg", name)
    yield ""
    yield from summary(results)
    for case in ordered(results):
        yield ""
        yield "**%s -d %d %s** (%s)" % (case["core"], case["level"],
                                        case["codec"], conditions(case))
        yield ""
        yield "| | s | x | CPU x | user s | sys s | RssAnon MiB | VmHWM MiB | " \
            "dump MiB | size | bound |"
        yield "|---|" + "---|" * 10
        for row in rows(case):
            yield "| " + " | ".join(cells(row)) + " |"
        yield from bound_lines(case)


def replace(path, begin, end, lines):
    """Replaces what stands between two marks of a document."""
    with open(path, encoding="utf-8") as file:
        content = file.read()
    before, rest = content.split(begin, 1)
    after = rest.split(end, 1)[1]
    block = "\n".join(lines)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write("%s%s\n%s\n%s%s" % (before, begin, block, end, after))
    os.rename(path + ".tmp", path)


def publish(lines, begin, end, document=True):
    """Prints them, and puts them between these marks of docs/performance.md."""
    lines = list(lines)
    print("\n".join(lines))
    if document:
        replace(PAGE, begin, end, lines)
