#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py [-j N] [-k] [NAME...]: the same images through capdump and through
makedumpfile ($MAKEDUMPFILE, or that of the PATH): equal sets of pages with
equal contents but where the fixture says that the peer is wrong ('peer'
lines, tests/fixtures/README), and the peer as a reader of our dumps.

Fixtures of kernels that this makedumpfile does not know are told in a NOTE
and not judged: what it says of them would be wrong.
"""

import itertools
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
from harness import (CODECS, TIMEOUT, Skip, equal, fixtures, need,
                     pack, read_dump, same_file)        # noqa: E402
import elfdump          # noqa: E402
import fixture          # noqa: E402
import kdumpfile        # noqa: E402
from t_sets import levels_of            # noqa: E402

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
    return image.partial()


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
    """Equal sets and contents at some levels, with FULL=1 at each."""
    installed()
    image = box.image(name)
    for level in levels_of(name):
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
    for (codec, letter), words in itertools.product(
            CODECS.items(), ((), ("--dedup",))):
        box.good("-f", letter, "-d", "0", *words, image.path, "ours")
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
        read.append(codec + "".join(words))
    need("zlib--dedup" in read, "it reads %s only", read)
    return " ".join(read)


def refiltered(box):
    """We read its dumps of each codec that it was built with, and make of
    them what we make of the vmcore; of those that -L ended what is left."""
    installed()
    image, read = box.image(IMAGE), []
    box.good("-l", "-d", "31", image.path, "want")
    want = read_dump(box.path("want"))
    for codec, letter in dict(CODECS, none=None).items():
        result = PEER.run(*([letter] if letter else []), "-d", "1",
                          image.path, out=box.path("theirs"))
        if b"when building" in result.stdout + result.stderr:
            continue            # built without that codec
        box.good("-f", "-l", "-d", "31", "theirs", "ours")
        ours = read_dump(box.path("ours"))
        same_frames(codec, set(ours.kept),
                    set(want.kept) & set(kdumpfile.Dump(
                        box.path("theirs")).kept))
        equal("present", ours.present, want.present)
        equal("utsname", ours.head["nodename"], want.head["nodename"])
        equal("notes", ours.area("note"), want.area("note"))
        harness.check_contents(ours, image.core())
        read.append(codec)
    need("zlib" in read, "its dumps of %s only were made", read)
    cut_short(box, image)
    return " ".join(read)


def cut_short(box, image):
    size = os.path.getsize(box.path("theirs"))
    # 1 or 2: it says that the limit was reached
    PEER.run("-d", "1", "-L", str(size // 2), image.path, out=box.path("less"))
    less = kdumpfile.Dump(box.path("less"))
    need(less.not_reached, "%s", "-L left nothing out")
    box.bad(3, "-f", "-l", "-d", "31", "less", "ours")
    ours = read_dump(box.path("ours"))
    there = {pfn for pfn, desc in zip(less.kept, less.desc) if desc[0]}
    need(ours.kept and set(ours.kept) <= there, "%s", "pages from nowhere")
    need(ours.head["status"] & kdumpfile.INCOMPLETE, "%s", "it is complete")
    harness.check_contents(ours, image.core())


def elf_input(box):
    """We read its ELF dumps, where what was excluded is no segment, or zeroes,
    in the file or beyond it, and make of them what we make of the vmcore."""
    installed()
    image = box.image(IMAGE)
    box.good("-l", "-d", "31", image.path, "want")
    want = read_dump(box.path("want"))
    for level in ("1", "31"):
        result = PEER.run("-E", "-d", level, image.path,
                          out=box.path("theirs"))
        need(result.returncode == 0, "-E: %s", result.stderr[-300:])
        need("\ngood\n" in box.good("verify", "theirs").out.decode(), "%s",
             "verify")
        box.good("-f", "-l", "-d", "31", "theirs", "ours")
        ours = read_dump(box.path("ours"))
        # some versions lose a frame that is not whole
        lost = set(want.kept) - set(ours.kept)
        same_frames(level, set(ours.kept) | (lost & partial(image)),
                    set(want.kept))
        equal("max_mapnr", ours.max_mapnr, want.max_mapnr)
        # what we keep and it excludes is zeroes in its file
        gone = image.expect(31)["maybe"] | selftest.peer_rules(
            image.fx, int(level))[1]
        for pfn, page in ours.pages(set(ours.kept) - gone):
            need(page == image.core().page(pfn), "frame %x differs", pfn)
        for command in ("info", "dmesg"):
            equal(command, without_file(box.good(command, "theirs").out),
                  without_file(box.good(command, image.path).out))


def split(box):
    """We put together what it split, as it does itself."""
    installed()
    image = box.image(IMAGE)
    box.good("-l", "-d", "1", image.path, "want")
    names = [box.path("part%d" % i) for i in range(3)]
    result = PEER.run("--split", "--splitblock-size", "1024", "-l", "-d", "1",
                      image.path, *names[:2], out=names[2])
    need(result.returncode == 0, "--split: %s", result.stderr[-300:])
    result = PEER.run("--reassemble", *names, out=box.path("theirs"))
    need(result.returncode == 0, "--reassemble: %s", result.stderr[-300:])
    theirs = kdumpfile.Dump(box.path("theirs"))
    box.good("--reassemble", *names[::-1], "ours")
    ours = read_dump(box.path("ours"))
    equal("kept", ours.kept, theirs.kept)
    equal("present", ours.present, theirs.present)
    equal("codecs", set(ours.by_codec), set(theirs.by_codec))
    harness.check_contents(ours, image.core())
    spread = sum(os.path.getsize(n) > os.path.getsize(
        box.path("theirs")) // 10 for n in names)
    need(spread > 1, "%s", "all pages are in one part")


def split_by_us(box):
    """It puts together what we split, at levels with zero pages in the dump and
    without: the same pages."""
    installed()
    image = box.image(IMAGE)
    names = [box.path("part%d" % i) for i in range(5)]
    for level in ("0", "31"):
        box.good("-f", "-l", "-d", level, image.path, "whole")
        box.good("-f", "-l", "-d", level, "--split", image.path, *names)
        result = PEER.run("--reassemble", *names, out=box.path("theirs"))
        need(result.returncode == 0, "--reassemble: %s", result.stderr[-300:])
        box.good("diff", "whole", "theirs")
        os.unlink(box.path("theirs"))


def without_file(out):
    """And without what differs: the file's own facts."""
    return [line for line in out.splitlines() if not re.match(
        rb"file:|memory:|pages:|   ", line)]


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


def runs(pfns):
    """Lengths of the runs of frames, by each of their frames."""
    length, run = {}, []
    for pfn in sorted(pfns) + [None]:
        if run and (pfn is None or pfn != run[-1] + 1):
            length.update(dict.fromkeys(run, len(run)))
            run = []
        run.append(pfn)
    return length


def elf(box, name):
    """-E: each page of ours is in its dump, with equal contents (or zero and
    in neither file); what its file has and ours leaves out is of a run of
    fewer than 256 such frames."""
    installed()
    image = box.image(name)
    for level in (0, 16, 31):
        box.good("-f", "-E", "-d", level, image.path, "ours")
        peer_good("-E", "-d", level, image.path, out=box.path("theirs"))
        ours, theirs = (elfdump.ElfDump(box.path(n), image.machine.page)
                        for n in ("ours", "theirs"))
        _, either = theirs_as_ours(image, level, theirs.frames)
        wrong = selftest.peer_rules(image.fx, level)[1]     # it lacks these
        missing = set(ours.frames) - set(theirs.frames) - either - wrong
        need(not missing, "level %d: only in ours: %s", level,
             pack(sorted(missing))[:200])
        for pfn in set(ours.frames) & set(theirs.frames) - wrong - either:
            need(ours.page(pfn) == theirs.page(pfn),
                 "level %d: frame %x differs", level, pfn)
        core = elfdump.ElfDump(image.path, image.machine.page)
        out = runs(set(core.frames) - set(ours.frames))
        extra = {pfn for load in theirs.loads if load.filesz for pfn in range(
            -(-load.paddr // ours.page_size),
            (load.paddr + load.filesz) // ours.page_size)} - set(ours.frames)
        need(all(out[pfn] < 256 for pfn in extra - either),
             "level %d: the peer has frames of long runs: %s", level,
             pack(sorted(p for p in extra if out[p] >= 256))[:200])
        need(ours.notes == theirs.notes, "level %d: notes", level)


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
        fx = fixture.load(os.path.join(harness.FIXTURES, name + ".txt"))
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
    yield "refiltered", refiltered
    yield "elf-input", elf_input
    yield "split", split
    yield "split-by-us", split_by_us
    yield "rearrange", rearrange
    for name in ("good-6.1-ragged", IMAGE):
        yield "elf-" + name, elf, name
    for name in ("good-5.10-logrecords", IMAGE):
        yield "dmesg-" + name, dmesg, name


def groups():
    """WITH_E2E: and the end-to-end tests, which need the same images."""
    if os.environ.get("WITH_E2E"):
        yield from runner.end_to_end()
    yield "peer", sys.modules[__name__], 1


if __name__ == "__main__":
    sys.exit(runner.main("peer", groups()))
