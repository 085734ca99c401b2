#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""mkimage.py FIXTURE.txt OUT [--set KEY=VALUE ...]

Makes a vmcore of a small crashed machine, of the architecture that its
description names (archs/), and beside it what a dump of it must hold (OUT.expect, OUT.truth, OUT.log; see
expect.py).  --keys lists the settings.  Shares no code with the product.
"""

import argparse
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import elfcore          # noqa: E402
import expect           # noqa: E402
import fixture          # noqa: E402
from machine import Machine     # noqa: E402


def make(path, out, overrides=()):
    """Makes one image; returns the Machine (None for what is no core)."""
    fx = fixture.load(path, overrides)
    if fx.flag("empty") or fx.num("garbage"):
        with open(out, "wb") as file:
            file.write(random.Random(1).randbytes(fx.num("garbage")))
        with open(out + ".expect", "w", encoding="utf-8") as file:
            print("verdict", fx["expect"], file=file)
        return None
    machine = Machine(fx)
    machine.build()
    core = elfcore.Core(machine)
    core.write(out)
    expect.Expect(machine, core.segs).write(out)
    return machine


def main():
    parser = argparse.ArgumentParser(
        description="make a vmcore from a text fixture")
    parser.add_argument("fixture", nargs="?")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--set", action="append", default=[],
                        metavar="KEY=VALUE", help="override a setting")
    parser.add_argument("--keys", action="store_true",
                        help="list the settings and their defaults")
    args = parser.parse_args()
    if args.keys:
        for key, (default, text) in fixture.SETTINGS.items():
            print("%-18s %-12s %s" % (key, default, text))
        return
    if not args.out:
        parser.error("FIXTURE and OUT are needed")
    make(args.fixture, args.out, args.set)


if __name__ == "__main__":
    main()
