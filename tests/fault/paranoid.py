#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A codec that packs pages wrongly (wrap_pack.c): the dump is wrong, which is
what makes the rest a test; with --paranoid it is right, the pages in question
are raw, and messages and report tell how many. With codecs that are right
--paranoid changes nothing."""

import os
import sys

import harness
from harness import BUILD, Judge, Suite, capdump

WRONG = os.path.join(BUILD, "fault", "capdump-wrong")
WAYS = {"zstd": ("-z",), "fast": ("-z", "--fast"),
        "level": ("-z", "--level", "1"), "snappy": ("-p",)}


def wrong_codec(suite, judge, name, options):
    """Problems with what becomes of NAME's mistakes."""
    plain, out = suite.path(name + ".plain"), suite.path(name)
    run = capdump(*options, judge.image, plain, program=WRONG)
    if run.code:
        return [str(run)]
    if not judge.dump(plain, True):
        return ["the codec was to be wrong, and the dump is right"]
    problems, first = [], None
    for threads in (0, 2):
        run = capdump(*options, "-f", "--paranoid", "--num-threads", threads,
                      "--report", out + ".json", judge.image, out,
                      program=WRONG)
        if run.code:
            return problems + [str(run)]
        problems += judge.dump(out, True)
        report = harness.load_report(out + ".json")
        count = report["pages_mispacked"]
        words = "%d pages did not unpack to what they were packed from" % count
        if not 0 < count <= report["pages_raw"] + report["pages_filled"] + 1:
            problems.append("%d of %d raw pages were mispacked"
                            % (count, report["pages_raw"]))
        if not report["pages_packed"]:
            problems.append("no page is packed")
        if words not in run.err or not any(words in w
                                           for w in report["warnings"]):
            problems.append("no warning: %s" % run)
        first = first or harness.digest(out)
        if harness.digest(out) != first:
            problems.append("%d threads: other bytes" % threads)
    return problems


def right_codec(suite, image, name, options):
    plain, out = suite.path(name + ".plain"), suite.path(name)
    problems = []
    for path, more in ((plain, ()), (out, ("--paranoid", "--report",
                                           out + ".json"))):
        run = capdump(*options, *more, "-f", image, path)
        if run.code or "did not unpack" in run.err:
            problems.append(str(run))
    if not problems and harness.digest(plain) != harness.digest(out):
        problems.append("other bytes")
    if not problems and harness.load_report(out + ".json")["pages_mispacked"]:
        problems.append("pages were mispacked")
    return problems


def main():
    suite = Suite("paranoid")
    image = suite.image(os.path.join(harness.HERE, "small.txt"))
    judge = Judge(image, 1)
    for name, options in WAYS.items():
        suite.check(name + "-wrong", wrong_codec(suite, judge, name, (
            "-d", 1, *options)), " ".join(options))
    for name, options in (*WAYS.items(), ("lzo", ("-l",)), ("zlib", ("-c",))):
        suite.check(name + "-right", right_codec(suite, image, name, (
            "-d", 1, *options)), " ".join(options))
    suite.finish()


if __name__ == "__main__":
    sys.exit(main())
