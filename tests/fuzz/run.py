#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py FOLDER TARGET...: runs fuzzers, FUZZ_AT_ONCE (2) at a time, those that
read dumps FUZZ_SECONDS (40) each, others half of that. And gives those that read
dumps small ones cut at every byte (every_cut.c).
A crash, a leak, a run that hangs or takes more than 256 MiB of memory fails;
what did it stays in FOLDER/found."""

import concurrent.futures
import glob
import os
import re
import subprocess
import sys

SECONDS = int(os.environ.get("FUZZ_SECONDS", "40"))
HANGS = 60              # seconds of one input: most take milliseconds
SEED = os.environ.get("FUZZ_SEED", "1")         # 0: another each time
# bytes of input, where the default of 4096 is too few
MAX_LEN = {"kdump": 300000, "flat": 300000, "split": 120000,
           "elf": 60000, "notes": 20000,
           "vmcoreinfo": 8192, "classify": 8192, "printk": 400,
           "kernel": 400, "zstd": 5000, "fadump": 8192,
           "initramfs": 4096}
DUMPS = ("kdump", "split", "flat", "elf")
CUT_HANGS = 20          # of a dump of 20 KiB
PREFIX = {"split": "0", "elf": "2"}     # what comes before the file
LIMITS = "quarantine_size_mb=8:malloc_context_size=12"
WORDS = {"classify": "vmcoreinfo"}      # another target's dictionary


def cut(folder, target):
    """Every cut of the dumps in FOLDER/cuts/TARGET, in 256 MiB of memory."""
    files = sorted(glob.glob(os.path.join(folder, "cuts", target, "*")))
    env = dict(os.environ, ASAN_OPTIONS=LIMITS + ":hard_rss_limit_mb=256",
               UBSAN_OPTIONS="print_stacktrace=1")
    if target in PREFIX:
        env["PREFIX"] = PREFIX[target]
    try:
        done = subprocess.run(
            [os.path.join(folder, "cut_" + target), str(CUT_HANGS), *files],
            env=env, capture_output=True, timeout=1200, check=False,
            stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return False, "hangs"
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.returncode == 0, "%d dumps, %s" % (
        len(files), "\n".join(text.splitlines()[:40]))


def run(folder, target):
    corpus = os.path.join(folder, "corpus", target)
    seeds = os.path.join(folder, "seeds", target)
    found = os.path.join(folder, "found", target) + "-"
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(os.path.dirname(found), exist_ok=True)
    args = [os.path.join(folder, "fuzz_" + target),
            "-max_total_time=%d" % (
                SECONDS if target in DUMPS else SECONDS // 2), "-timeout=%d" % HANGS,
            "-seed=" + SEED,
            "-rss_limit_mb=256", "-malloc_limit_mb=100",
            "-max_len=%d" % MAX_LEN[target], "-artifact_prefix=" + found,
            "-print_final_stats=1", corpus, seeds]
    words = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         WORDS.get(target, target) + ".dict")
    if os.path.exists(words):
        args.insert(1, "-dict=" + words)
    env = dict(os.environ, FUZZ_BASES=os.path.join(folder, "bases"),
               ASAN_OPTIONS=LIMITS, UBSAN_OPTIONS="print_stacktrace=1")
    try:
        done = subprocess.run(args, env=env, capture_output=True,
                              timeout=SECONDS + 10 * HANGS, check=False,
                              stdin=subprocess.DEVNULL)
        code, text = done.returncode, done.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        code, text = "hangs", (late.stderr or b"").decode("utf-8", "replace")
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", text))
    cover = re.findall(r"cov: (\d+)", text)
    line = "%s runs, %s edges" % (stats.get("number_of_executed_units", "no"),
                                  cover[-1] if cover else "no")
    if code == 0 and cover:
        return True, line
    # from the first word of a report on
    at = re.search(r"^.*(ERROR:|runtime error|fuzz_\w+\.c:\d+:)", text, re.M)
    report = text[at.start():] if at else text[-3000:]
    return False, "%s, status %s\n%s\n%s" % (
        line, code, "\n".join(report.splitlines()[:40]),
        " ".join(glob.glob(found + "*")))


def main():
    folder, targets = sys.argv[1], sys.argv[2:]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(
            int(os.environ.get("FUZZ_AT_ONCE", "2"))) as pool:
        jobs = [("cut-" + t, cut, t) for t in DUMPS if t in targets]
        jobs += [(t, run, t) for t in targets]
        results = pool.map(lambda job: job[1](folder, job[2]), jobs)
        for (name, *_), (good, text) in zip(jobs, results):
            print("%s fuzz/%s: %s" % ("PASS" if good else "FAIL", name,
                                      text.replace("\n", "\n    ")),
                  flush=True)
            failed += not good
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
