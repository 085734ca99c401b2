# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds what `capdump estimate` said, in the running kernel or of the vmcore,
against the dumps that were made after the panic. usage: estimate.py DIR [FILE]
FILE: in DIR, what it said; estimate.json, the running kernel's

Each dump's size must have been foretold within 15 %, and its pages within 10 %
(the crash itself needs memory)."""
import json
import os
import sys

import dumpfile

MADE = (("d31", 31), ("d1", 1))
SIZE, PAGES = 0.15, 0.10


def main():
    folder = sys.argv[1]
    said = sys.argv[2] if len(sys.argv) > 2 else "estimate.json"
    with open(os.path.join(folder, said)) as f:
        levels = {row["level"]: row for row in json.load(f)["levels"]}
    bad = 0
    for name, level in MADE:
        path = os.path.join(folder, name)
        row = levels[level]
        for what, told, real, most in (
                ("bytes", row["sizes"]["zstd"], os.path.getsize(path), SIZE),
                ("pages", row["pages"], dumpfile.Kdump(path).bits().bit_count(), PAGES)):
            off = told / real - 1
            print("-d %d: %d %s foretold, %d came: %+.1f %%" % (
                level, told, what, real, off * 100))
            bad += abs(off) > most
    sys.exit(bool(bad))


main()
