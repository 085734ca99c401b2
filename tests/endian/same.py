#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""same.py [-j N] [-k] [NAME...]: every good fixture through capdump on this
machine ($CAPDUMP) and on one of the other byte order ($FOREIGN): the same
bytes and the same log; of each third the same flattened stream, or words about it.

The libraries have to be the same: on s390x some builds of zlib leave the work
to the machine, whose deflate is another (CONFIG DFLTCC). Debian's does not.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import run as runner    # noqa: E402
from harness import CODECS, equal, fixtures, need, same_file  # noqa: E402

FOREIGN = os.environ.get("FOREIGN", "")
OPTIONS = [[option] for option in CODECS.values()] + [
    [], ["-z", "--fast"], ["-z", "--level", "3"]]


def said(result):
    """What does not depend on the hour and on the machine's size."""
    text = result.out.decode(errors="replace") + result.err
    return re.sub(r", [0-9.]+ s, .* of memory used", "", text)


def each(box, image, name, *args):
    """This machine's file and the other's."""
    files = []
    for where, program in (("here", None), ("there", FOREIGN)):
        files.append(box.path(name + "." + where))
        box.good("-f", *args, image.path, files[-1], program=program)
    return files


def both(box, name, options, turn):
    """A dump of level 31 and the log; by turns, since an emulator takes its time,
    one of level 1 in the order of addresses, a stream, or info."""
    image = box.image(name)
    here, there = each(box, image, "d31", *options, "-d", "31")
    same_file("level 31 " + " ".join(options), there, here)
    # what one wrote, the other reads
    for reader in (None, FOREIGN):
        box.good("verify", here, program=reader)
    if turn == 0:
        files = each(box, image, "d1", *options, "-d", "1", "--num-threads",
                     "3", "--order", "address")
        same_file("level 1, by address", *files)
    elif turn == 1:
        streams = [box.good("-F", *options, "-d", "31", image.path,
                            program=program).out
                   for program in (None, FOREIGN)]
        need(streams[0] and streams[0] == streams[1], "the streams differ")
    for command in ("info", "dmesg") if turn == 2 else ("dmesg",):
        words = [said(box.good(command, image.path, program=program))
                 for program in (None, FOREIGN)]
        equal(command, *words)
    return " ".join(options) or "raw"


def builds(_box):
    """FOREIGN is of another byte order."""
    def order(path):
        with open(path, "rb") as file:
            return file.read(6)[5]

    other = os.path.join(os.path.dirname(FOREIGN), "capdump")
    need(order(other) != order(os.environ["CAPDUMP"]),
         "%s has this machine's byte order", other)


def tests():
    yield "builds", builds
    for i, name in enumerate(fixtures("good-")):
        yield name, both, name, OPTIONS[i % len(OPTIONS)], i % 3


if __name__ == "__main__":
    sys.exit(runner.main("s390x", [("s390x", sys.modules["__main__"], 1)]))
