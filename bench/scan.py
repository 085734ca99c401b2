#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scan.py [--quick | --cores-only] [-n ROUNDS] [-o FOLDER] [--document]
        [VMCORE...]

The scan of struct pages on one core: beside the bound (only to read the same
struct pages, found and mapped the same way: scan.c) on vmcores of machines of
1 GiB to 64 TiB (scan_image.py; --quick: up to 1 TiB), and on the VMCOREs beside
makedumpfile ($MAKEDUMPFILE, or that of the PATH), whose own figures "Checking for
memory holes" and "Excluding unnecessary pages" are taken: what there is, and what
of it is kept, which our scan finds out in one pass. All of it interleaved, medians, thread CPU time;
makedumpfile gives wall time only. The images go to FOLDER (600 MiB; default: a
temporary one).

--cores-only measures the VMCOREs and keeps what is known of the rest.

For more than 1 TiB there are fewer rounds, and the bound reads the struct pages
of the first TiB only.

Writes bench/results/scan.json, and with --document the table of
docs/performance.md between its marks.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import machine
import tables

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
PEER = os.environ.get("MAKEDUMPFILE") or shutil.which("makedumpfile")
SIZES = ("1G", "16G", "256G", "1T", "4T", "16T", "64T")
BOUND_GIB = 1024
RESULTS = os.path.join(TOP, "bench", "results", "scan.json")
BEGIN, END = "<!-- bench-scan: begin -->", "<!-- bench-scan: end -->"


def gib(size):
    return int(size[:-1]) << (10 if size[-1] == "T" else 0)


def run_scan(path, rounds, *options):
    out = subprocess.run(
        [os.path.join(BUILD, "bench", "scan"), "-n", str(rounds), *options,
         path], check=True, capture_output=True, text=True, timeout=3600)
    return json.loads(out.stdout)


def run_peer(path, out):
    """Its seconds for both bitmaps, or None."""
    if not PEER:
        return None
    run = subprocess.run(
        [PEER, "--message-level", "31", "-f", "-l", "-d", "31", path, out],
        check=False, capture_output=True, text=True, errors="replace",
        timeout=3600)
    found = re.findall(r"STEP \[(?:Checking for memory holes|"
                       r"Excluding unnecessary pages)\s*\] : ([\d.]+)",
                       run.stdout + run.stderr)
    os.sync()               # its output is not to disturb the next run
    if run.returncode or not found:
        print("scan.py: %s: makedumpfile failed: %s" % (
            path, run.stderr[-300:]), file=sys.stderr)
        return None
    return sum(map(float, found))


def rate(one):
    """Millions of struct pages a CPU second, the median round's."""
    return one["pages"] / statistics.median(one["cpu"]) / 1e6


def add(found, more):
    """The rounds of another run."""
    if not found:
        return more
    for name in ("scan", "bound"):
        for key in ("seconds", "cpu"):
            found[name][key] += more[name][key]
    return found


def measure_size(size, folder, rounds):
    path = os.path.join(folder, "image")
    subprocess.run(["/usr/bin/python3",
                    os.path.join(TOP, "bench", "scan_image.py"), size, path],
                   check=True)
    few = max(1, min(rounds, rounds * 1024 // gib(size)))
    run_scan(path, 1, "-b", "1")            # into the page cache
    found = run_scan(path, few, "-b", str(BOUND_GIB))
    os.unlink(path)
    return found


def measure_core(path, folder, rounds):
    found, peer = None, []
    out = os.path.join(folder, "peer")
    run_scan(path, 1)
    for _ in range(rounds):
        found = add(found, run_scan(path, 1))
        seconds = run_peer(path, out)
        if seconds:
            peer.append(seconds)
    if os.path.exists(out):
        os.unlink(out)
    return dict(found, peer=peer)


def figures(found):
    """Seconds, millions a second, the bound's, the share of it."""
    scan, bound = rate(found["scan"]), rate(found["bound"])
    return (statistics.median(found["scan"]["cpu"]), scan, bound,
            scan / bound)


def describe(folder, rounds):
    commit = subprocess.run(["git", "-C", TOP, "rev-parse", "--short",
                             "HEAD"], check=False, capture_output=True,
                            text=True).stdout.strip()
    peer = subprocess.run([PEER, "-v"], check=False, capture_output=True,
                          text=True) if PEER else None
    peer = re.search(r"version ([^\s,]+)", peer.stdout + peer.stderr) \
        if peer else None
    return dict(machine.describe(folder), rounds=rounds, commit=commit,
                when=time.strftime("%Y-%m-%d", time.gmtime()), load=[],
                peer="makedumpfile %s" % peer.group(1) if peer else None)


def markdown(results):
    where = results["machine"]
    yield "`bench/results/scan.json`: %s, %d CPUs, Linux %s; %s, commit %s, " \
        "%d rounds, machine %s; level 31." % (
            where["cpu"], where["cpus"], where["kernel"], where["when"],
            where["commit"], where["rounds"],
            machine.state(where["load"]))
    yield ""
    yield "| memory | million struct pages | s | M/s | bound M/s | " \
        "of the bound |"
    yield "|---|---|---|---|---|---|"
    for size, found in results["sizes"].items():
        seconds, scan, bound, share = figures(found)
        yield "| %s | %.1f | %.4f | %.0f | %.0f | %.0f %% |" % (
            re.sub(r"([GT])", r" \1iB", size), found["scan"]["pages"] / 1e6,
            seconds, scan, bound, 100 * share)
    if not results["cores"]:
        return
    yield ""
    yield "| vmcore | million struct pages | ms | M/s | bound M/s | " \
        "of the bound | %s, ms | faster |" % (where["peer"] or "peer")
    yield "|---|---|---|---|---|---|---|---|"
    for name, found in results["cores"].items():
        seconds, scan, bound, share = figures(found)
        peer = statistics.median(found["peer"]) if found["peer"] else None
        yield "| %s | %.2f | %.2f | %.0f | %.0f | %.0f %% | %s | %s |" % (
            name, found["scan"]["pages"] / 1e6, 1e3 * seconds, scan, bound,
            100 * share, "%.1f" % (1e3 * peer) if peer else "",
            "%.1fx" % (peer / seconds) if peer else "")


def measure(args, folder):
    results = dict({"//": machine.LICENCE}, sizes={}, cores={},
                   machine=describe(folder, args.rounds))
    load = results["machine"]["load"]
    sizes = SIZES[:4] if args.quick else SIZES
    if args.cores_only:
        sizes = ()
        with open(RESULTS, encoding="utf-8") as file:
            results["sizes"] = json.load(file)["sizes"]
    for size in sizes:
        load.append(machine.load())
        results["sizes"][size] = measure_size(size, folder, args.rounds)
        print("%s: %.4f s, %.0f M/s, bound %.0f M/s, %.2f of it" % (
            size, *figures(results["sizes"][size])), flush=True)
    for path in args.vmcores:
        load.append(machine.load())
        name = os.path.basename(os.path.dirname(os.path.abspath(path)))
        results["cores"][name] = measure_core(path, folder, args.rounds)
        print("%s: %.4f s, %.0f M/s, bound %.0f M/s, %.2f of it" % (
            path, *figures(results["cores"][name])), flush=True)
    load.append(machine.load())
    return results


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--cores-only", action="store_true")
    parser.add_argument("--document", action="store_true")
    parser.add_argument("-n", dest="rounds", type=int, default=5)
    parser.add_argument("-o", dest="folder")
    parser.add_argument("vmcores", nargs="*")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        results = measure(args, folder)
    machine.save(RESULTS, results)
    tables.publish(markdown(results), BEGIN, END, args.document)


if __name__ == "__main__":
    main()
