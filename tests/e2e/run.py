#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py [-j N] [-k] [NAME...]: runs the end-to-end tests whose names hold
one of NAME (all), N at a time (as many as CPUs), and prints a PASS, FAIL or
SKIP line for each. -k keeps the folder of a test that failed.

Each t_*.py beside this file lists its tests in tests(): (name, function,
arguments...). A test gets a Box and the arguments.
"""

import argparse
import glob
import importlib
import itertools
import multiprocessing
import os
import resource
import shutil
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import harness          # noqa: E402

MEMORY = 2 << 30        # bytes that each test may hold


def limit_memory():
    """A test that goes astray fails, and does not take the machine with it.
    What it runs inherits the limit."""
    if not harness.SANITIZED:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def cpu_seconds():
    """Of this process and of those that it has waited for."""
    return sum(r.ru_utime + r.ru_stime for r in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def run_one(job):
    number, name, function, args, keep = job
    box = harness.Box(os.path.join(keep[0], "%03d" % number))
    start, cpu, word, text = time.monotonic(), cpu_seconds(), "PASS", ""
    try:
        text = function(box, *args) or ""
        box.check_shared()
    except harness.Skip as err:
        word, text = "SKIP", str(err)
    except harness.Fail as err:
        word, text = "FAIL", str(err)
    except (Exception, SystemExit):     # a test that breaks has not passed
        word, text = "FAIL", traceback.format_exc()
    if word != "FAIL" or not keep[1]:
        box.close()
    elif keep[1]:
        text += " (left in %s)" % box.folder
    return (word, name, text, time.monotonic() - start,
            cpu_seconds() - cpu)


def end_to_end():
    """(prefix, module, weight) of the modules beside this file."""
    for path in sorted(glob.glob(os.path.join(HERE, "t_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        yield ("e2e/" + module.__name__[2:], module,
               getattr(module, "WEIGHT", 1))


def collect(groups, wanted):
    jobs = []
    for prefix, module, weight in groups:
        for name, function, *args in module.tests():
            full = "%s/%s" % (prefix, name)
            if not wanted or any(w in full for w in wanted):
                jobs.append((full, function, args, weight))
    jobs.sort(key=lambda j: -j[3])      # long ones first
    return jobs


def by_image(jobs):
    """Lists of jobs that one process does one after another: those of the same
    fixture, which it then makes once."""
    groups = {}
    for job in jobs:
        args = job[3]
        key = args[0] if args and str(args[0]).startswith(
            ("good-", "bad-")) else job[0]
        groups.setdefault(key, []).append(job)
    return groups.values()


def run_group(group):
    return [run_one(job) for job in group]


def main(what="e2e", groups=None):
    parser = argparse.ArgumentParser(usage=__doc__)
    # those with servers mostly wait
    parser.add_argument("-j", type=int,
                        default=2 * len(os.sched_getaffinity(0)))
    parser.add_argument("-k", action="store_true")
    parser.add_argument("-t", action="store_true", help="print times: elapsed, of CPUs")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    folder = os.environ.get("E2E_FOLDER") or os.path.join(
        harness.TOP, "build", "e2e.%d" % os.getpid())
    shutil.rmtree(os.path.join(folder, "images"), ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    jobs = [(i, name, function, arguments, (folder, args.k))
            for i, (name, function, arguments, _)
            in enumerate(collect(groups or end_to_end(), args.names))]
    count = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    with multiprocessing.get_context("fork").Pool(
            args.j, limit_memory) as pool:
        for word, name, text, took, cpu in itertools.chain.from_iterable(
                pool.imap_unordered(run_group, by_image(jobs))):
            count[word] += 1
            took = " [%.1f s, %.1f s]" % (took, cpu) if args.t else ""
            print("%s %s%s%s" % (word, name, took,
                                 ": " + text if text else ""), flush=True)
    shutil.rmtree(os.path.join(folder, "images"), ignore_errors=True)
    try:
        os.rmdir(folder)
    except OSError:
        pass                    # -k left something
    print(what + ": %(PASS)d passed, %(FAIL)d failed, %(SKIP)d skipped"
          % count)
    return 1 if count["FAIL"] or not count["PASS"] else 0


if __name__ == "__main__":
    sys.exit(main())
