#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py [-j N] [-k] [NAME...]: the same images through capdump and through
makedumpfile ($MAKEDUMPFILE, or that of the PATH): equal sets of pages with
equal contents but where the fixture says that the peer is wrong ('peer'
lines, tests/fixtures/README), and the peer as a reader of our dumps.

Fixtures of kernels that this makedumpfile does not know are told in a NOTE
and not judged: what it says of them would be wrong.
"""

import os
import platform
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import harness          # noqa: E402
import run as runner    # noqa: E402
import selftest         # noqa: E402
from harness import (CODECS, LEVELS, TIMEOUT, Skip, equal, fixtures, need,
                     pack, read_dump, same_file)        # noqa: E402
import kdumpfile        # noqa: E402

PEER = selftest.Peer()
IMAGE = "good-6.1-vmemmap"


def peer_good(*args, out):
    result = PEER.run(*map(str, args), out=out)
    need(result.returncode == 0, "makedumpfile %s: exit %d: %s",
         " ".join(map(str, args)), result.returncode,
         (result.stdout + result.stderr).decode(errors="replace")[-300:])


def installed():
    if not PEER.path:
        raise Skip("makedumpfile is not installed")


def partial(image):
    """Frames that lie only partly in a segment: 1.7.2 leaves them out."""
    if PEER.version >= (1, 7, 8):
        return set()
    core = image.core()
    whole = {pfn for first, end, _ in core.whole for pfn in range(first, end)}
    return core.present() - whole


def same_frames(what, have, want):
    need(have == want, "%s: only in ours %s, only in the peer's %s", what,
         pack(sorted(have - want))[:200] or "-",
         pack(sorted(want - have))[:200] or "-")


def theirs_as_ours(image, level, theirs):
    """The peer's set but for what is known of it, and frames not to judge."""
    more, less = selftest.peer_rules(image.fx, level)
    either = image.expect(level)["maybe"] | partial(image)
    return ((set(theirs) - more) | less) - either, either


def check_level(box, image, level):
    ours, theirs = box.path("ours"), box.path("theirs")
    box.good("-f", "-l", "-d", level, image.path, ours)
    peer_good("-l", "-d", level, image.path, out=theirs)
    ours, theirs = read_dump(ours), kdumpfile.Dump(theirs)
    want, either = theirs_as_ours(image, level, theirs.kept)
    same_frames("level %d" % level, set(ours.kept) - either, want)
    both = set(ours.kept) & set(theirs.kept)
    for (pfn, a), (other, b) in zip(ours.pages(both), theirs.pages(both)):
        need(pfn == other and a == b, "frame %x differs", pfn)
    return ours, theirs


def sets(box, name):
    """Equal sets and contents at each level."""
    installed()
    image = box.image(name)
    for level in LEVELS:
        check_level(box, image, level)


def header(box):
    """The same facts in the head, too."""
    installed()
    ours, theirs = check_level(box, box.image(IMAGE), 31)
    for key in ("max_mapnr", "dump_level", "phys_base", "size_vmcoreinfo",
                "size_note"):
        equal(key, ours.sub[key], theirs.sub[key])
    for key in ("sysname", "nodename", "release", "version_string",
                "machine", "domainname", "nr_cpus", "block_size"):
        equal(key, ours.head[key], theirs.head[key])


def refilter(box):
    """It reads our dumps of each codec that it was built with, and makes of
    them what it makes of the vmcore."""
    installed()
    image = box.image(IMAGE)
    read = []
    for codec, letter in CODECS.items():
        box.good("-f", letter, "-d", "0", image.path, "ours")
        result = PEER.run("-d", "31", box.path("ours"),
                          out=box.path("theirs"))
        if b"when building" in result.stdout + result.stderr:
            continue            # built without that codec
        need(result.returncode == 0, "%s: %s", codec,
             (result.stdout + result.stderr)[-300:])
        dump = kdumpfile.Dump(box.path("theirs"))
        want, either = theirs_as_ours(image, 31, dump.kept)
        same_frames(codec, image.expect(31)["keep"] - either, want)
        harness.check_contents(dump, image.core())
        read.append(codec)
    need("zlib" in read, "it reads %s only", read)
    return " ".join(read)


def rearrange(box):
    """It puts our streams back together as we do, and we do its own."""
    installed()
    image = box.image(IMAGE)
    stream, _ = box.pipe("-F", "-l", "-d", "31", image.path)
    box.rearrange(stream, box.path("ours"))
    with open(stream, "rb") as file:
        subprocess.run([PEER.path, "-R", box.path("theirs")], stdin=file,
                       capture_output=True, check=True, timeout=TIMEOUT)
    same_file("-R", box.path("ours"), box.path("theirs"))
    with open(box.path("flat"), "wb") as file:
        subprocess.run([PEER.path, "-F", "-l", "-d", "31", image.path],
                       stdout=file, stderr=subprocess.DEVNULL, check=True,
                       timeout=TIMEOUT)
    box.rearrange(box.path("flat"), box.path("again"))
    dump = kdumpfile.Dump(box.path("again"))
    want, either = theirs_as_ours(image, 31, dump.kept)
    same_frames("its stream", image.expect(31)["keep"] - either, want)
    harness.check_contents(dump, image.core())
    box.good("verify", "again")


def log_lines(path):
    """Without the caller's id, and without the heads of a record's lines."""
    with open(path, encoding="latin-1") as file:
        text = file.read()
    return [re.sub(r"^(\[ *\d+\.\d+\]( \[ *[CT]\d+\])?|) *", "", line)
            for line in text.splitlines()]


def dmesg(box, name):
    """The log that it finds in the vmcore and in our dump, and ours."""
    installed()
    image = box.image(name)
    box.good("-l", image.path, "dump")
    for path, out in ((image.path, "log"), (box.path("dump"), "log2")):
        peer_good("--dump-dmesg", path, out=box.path(out))
    same_file("the dump's log", box.path("log2"), box.path("log"))
    box.good("dmesg", image.path, "ours")
    ours, theirs = (log_lines(box.path(n)) for n in ("ours", "log"))
    equal("number of lines", len(ours), len(theirs))
    for a, b in zip(ours, theirs):
        if "\\x" not in b:      # it escapes what is above ASCII, too
            equal("line", a, b)


def tests():
    unknown = {}
    for name in fixtures("good-"):
        fx = harness.fixture.load(os.path.join(harness.FIXTURES,
                                               name + ".txt"))
        if fx["arch"] != platform.machine():
            continue            # it knows the machine that it was built for
        if PEER.path and not PEER.knows(fx["kernel"]):
            unknown.setdefault(fx["kernel"], []).append(name)
        elif not any(selftest.peer_word(fx, word) for word in (
                "fails", "differs", "slow")):
            yield "sets-" + name, sets, name
    for kernel, names in unknown.items():
        print("NOTE peer: makedumpfile %s does not know %s: %d fixtures"
              % (PEER.text, kernel, len(names)), flush=True)
    yield "header", header
    yield "refilter", refilter
    yield "rearrange", rearrange
    for name in ("good-5.10-logrecords", IMAGE):
        yield "dmesg-" + name, dmesg, name


if __name__ == "__main__":
    sys.exit(runner.main("peer", [("peer", sys.modules[__name__], 1)]))
