# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds what `capdump check` said in the running kernel against what came: its
crash was captured. usage: checked.py DIR

What captures is there, the crash kernel's memory is where /proc/iomem has it,
the initramfs has capdump and its libraries, and nothing is fatal."""
import json
import os
import re
import sys


def main():
    folder = sys.argv[1]
    with open(os.path.join(folder, "check.json"), encoding="utf-8") as file:
        answer = json.load(file)
    with open(os.path.join(folder, "iomem.txt"), encoding="ascii") as file:
        want = [[int(a, 16), int(b, 16) + 1] for a, b in re.findall(
            r"(\w+)-(\w+) : Crash kernel", file.read())]
    have = [r["range"] for r in answer["reserved"]
            if r["source"] == "/proc/iomem"]
    results = {c["check"]: c["result"] for c in answer["checks"]}
    for check in answer["checks"]:
        for finding in check["findings"]:
            print("%(severity)s %(id)s: %(text)s" % finding)
    print("status %d, reserved %s, in /proc/iomem %s" % (
        answer["status"], have, want))
    sys.exit(not (answer["loaded"] or answer["fadump"])
             or answer["status"] not in (0, 1) or sorted(have) != sorted(want)
             or (answer["loaded"] and results["initramfs"] != "ok"))


main()
