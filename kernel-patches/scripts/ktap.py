#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ktap.py BOOTLOG SUITE...: what the KUnit suites in a console's log say (Linux
Documentation/dev-tools/ktap.rst): a PASS or FAIL line for each suite. One that is
not there, did not end, ran no test or skipped one has failed. So has one that
nobody expected, if it failed."""

import re
import sys

RESULT = re.compile(r"(\s*)(ok|not ok) \d+ (?:- )?([^#\s]+)(?:\s*# (\w+))?")
BEGIN = re.compile(r"(\s*)# Subtest: (\S+)")


def ktap_lines(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"\[ *\d+\.\d+\] ?(?:\[ *[CT]\d+\] ?)?(.*)",
                             line.rstrip("\r\n"))
            if match:
                yield match.group(1)


def suites(lines):
    """name: [good, tests that passed, names of those that did not]"""
    found, current = {}, None
    for line in lines:
        begin, result = BEGIN.match(line), RESULT.match(line)
        depth = len((begin or result).group(1)) // 4 if begin or result else 0
        if begin and depth == 1:
            current = begin.group(2)
            found[current] = [None, 0, []]
        elif result and depth == 0 and result.group(3) in found:
            found[result.group(3)][0] = result.group(2) == "ok"
            current = None
        elif result and depth == 1 and current:
            if result.group(2) == "ok" and result.group(4) != "SKIP":
                found[current][1] += 1
            else:
                found[current][2].append(result.group(3))
    return found


def judge(name, suite):
    """What is wrong, None if nothing is."""
    if suite is None:
        return "it did not run"
    good, passed, others = suite
    if others:
        return "failed or skipped: " + " ".join(others)
    if good is None:
        return "it did not end"
    if not good or not passed:
        return "%s, %d tests passed" % ("ok" if good else "not ok", passed)
    return None


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    found, failed = suites(ktap_lines(sys.argv[1])), False
    for name in sys.argv[2:]:
        wrong = judge(name, found.get(name))
        failed |= wrong is not None
        print("FAIL kunit/%s: %s" % (name, wrong) if wrong else
              "PASS kunit/%s: %d tests" % (name, found[name][1]))
    for name in sorted(set(found) - set(sys.argv[2:])):
        if found[name][0] is False:
            failed = True
            print("FAIL kunit/%s: not ok" % name)
    return failed


if __name__ == "__main__":
    sys.exit(main())
