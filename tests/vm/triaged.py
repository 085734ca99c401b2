#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump triage --json DUMP | triaged.py RELEASE MODULES

Release, panic, the function that panicked and the modules, by the crashed kernel's
own uname -r and /proc/modules. What its VMCOREINFO does not lead to may be missing,
if that is said."""

import json
import sys


def main():
    have = json.load(sys.stdin)
    missing = {m["part"] for m in have["missing"]}
    with open(sys.argv[1], encoding="utf-8") as file:
        assert have["release"] == file.read().strip(), have["release"]
    assert "sysrq triggered crash" in have["panic"], have["panic"]
    names = [f["function"] for f in have["frames"]]
    assert "symbols" in missing or "sysrq_handle_crash" in names, names
    modules = sorted(m["name"] for m in have["modules"])
    with open(sys.argv[2], encoding="utf-8") as file:
        want = sorted(line.split()[0] for line in file)
    if "modules" not in missing or modules:
        assert modules == want, (modules, want)
    print(have["signature"], len(modules), "modules; missing:", missing)


if __name__ == "__main__":
    main()
