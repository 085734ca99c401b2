# SPDX-License-Identifier: GPL-2.0-or-later
"""Block devices as target and as input: a loop device in front of a file whose
bytes tell what was written. Skipped where there are none."""

import contextlib
import json
import os
import random
import shutil
import subprocess

from harness import MIB, Skip, equal, need, read_dump

IMAGE = "good-6.12-vmemmap"


@contextlib.contextmanager
def device(box, size, content=b""):
    """A device of SIZE bytes: CONTENT, then noise. Gives its path and the file
    behind it."""
    path = box.path("disk")
    with open(path, "wb") as file:
        file.write(content + random.Random(1).randbytes(size - len(content)))
    if not shutil.which("losetup") or os.geteuid():
        raise Skip("no losetup, or not root")
    try:
        made = subprocess.run(["losetup", "-f", "--show", path],
                              capture_output=True, check=True, text=True)
    except subprocess.CalledProcessError as err:
        raise Skip("no loop devices: %s" % err.stderr.strip()) from None
    name = made.stdout.strip()
    try:
        yield name, path
    finally:
        subprocess.run(["losetup", "-d", name], check=True)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def behind(name, path):
    """The bytes of the device, which has no cache of its own left."""
    with open(name, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return read(path)


def same(box):
    """The dump is the file's, byte for byte; what was behind it stays."""
    image = box.image(IMAGE)
    size = os.path.getsize(image.path) // 4096 * 4096 + 4 * MIB
    with device(box, size) as (name, path):
        noise = read(path)
        for words in (("-l", "-d", "0"), ("-z", "-d", "31"), ("-E", "-d", "31"),
                      ("-E", "-d", "1"), ("-z", "--order", "address"),
                      ("-z", "--num-threads", "0")):
            box.good("-f", *words, image.path, "file")
            # the first may be over what is nothing known, the others not
            box.good("-f", *words, image.path, name)
            want, have = read(box.path("file")), behind(name, path)
            need(have[:len(want)] == want, "%s: not the file's bytes", words)
            equal("%s: size" % (words,), len(have), size)
        # the longest was the first: a block may be filled up
        last = len(noise) - 3 * MIB
        need(have[last:] == noise[last:], "bytes behind the dump changed")


def read_back(box):
    """info, verify, dmesg, and a dump of it: noise behind the dump is none."""
    image = box.image(IMAGE)
    box.good("-d", "31", image.path, "file")
    log = box.good("dmesg", "file").out
    with device(box, 64 * MIB) as (name, _):
        box.good("-d", "31", image.path, name)
        have = json.loads(box.good("info", "--json", name).out)
        need(have["complete"], "%s", have)
        box.good("verify", name)
        equal("log", box.good("dmesg", name).out, log)
        box.good("-d", "31", name, "again")
        need(read(box.path("again")) == read(box.path("file")), "re-packed")
        result = box.bad(1, "-f", "-d", "31", name, name)
        need("is the input itself" in result.err, "%s", result.err)
        box.good("-f", "-E", "-d", "31", image.path, name)
        need(b"Kernel panic" in box.good("info", name).out, "info")
        equal("log", box.good("dmesg", name).out, log)
        box.good("-f", "-d", "31", name, "again")
        want, have = read_dump(box.path("file")), read_dump(box.path("again"))
        equal("frames", have.kept, want.kept)


def small(box):
    """A device that is full cuts the dump short; one without room for what
    stands before the pages is not written to."""
    image = box.image(IMAGE)
    with device(box, 2 * MIB) as (name, path):
        box.bad(3, "-d", "0", "-c", image.path, name)
        have = json.loads(box.good("info", "--json", name).out)
        need(not have["complete"] and have["pages_kept"] > 100, "%s", have)
        box.bad(3, "verify", name)
        part = read_dump(path)
        need(part.problems == [], "%s", part.problems)
    with device(box, 4096) as (name, path):
        noise = read(path)
        for words in ((), ("-E",)):
            box.bad(1, *words, "-d", "0", image.path, name)
            need(behind(name, path) == noise, "%s wrote", words)


def split(box):
    """A device and a file as parts of a dump; a device that is full is no reason
    for the file to lack pages; one device can't be two parts."""
    image = box.image(IMAGE)
    box.good("-z", "-d", "31", image.path, "file")
    with device(box, 32 * MIB) as (name, _):
        box.good("-z", "-d", "31", "--split", image.path, "part", name)
        box.good("verify", name, "part")
        box.good("--reassemble", name, "part", "again")
        need(read(box.path("again")) == read(box.path("file")), "reassembled")
        box.bad(1, "--split", image.path, "other", name)
        os.symlink(name, box.path("by-id"))
        result = box.bad(1, "-f", "--split", image.path, name, "by-id")
        need("is to be two files" in result.err, "%s", result.err)
    with device(box, MIB) as (name, _):
        box.bad(3, "-l", "-d", "0", "--split", image.path, name, "other")
        box.bad(3, "verify", name, "other")
        equal("not reached", read_dump(box.path("other")).not_reached, 0)
        part = json.loads(box.good("info", "--json", name).out)
        need(part["pages_not_reached"], "%s", part)


def refused(box):
    """In use, or something on it: only -f overwrites that; nothing overwrites
    what is in use."""
    image = box.image(IMAGE)
    magics = ((0x438, b"\x53\xef", "ext4"), (0, b"XFSB", "XFS"),
              (0x10040, b"_BHRfS_M", "btrfs"), (512, b"LABELONE", "LVM"),
              (4086, b"SWAPSPACE2", "swap"), (510, b"\x55\xaa", "partition"),
              (512, b"EFI PART", "GPT"), (0, b"LUKS\xba\xbe", "LUKS"),
              (4096, b"\xfc\x4e\x2b\xa9", "RAID"), (0, b"KDUMP   ", "a dump"))
    for at, magic, word in magics:
        with device(box, 32 * MIB, bytes(at) + magic) as (name, path):
            before = read(path)
            result = box.bad(1, image.path, name)
            need(word in result.err and "-f" in result.err, "%s", result.err)
            need(behind(name, path) == before, "%s: written to", word)
    with device(box, 32 * MIB, magics[0][1]) as (name, path):
        held = os.open(name, os.O_RDWR | os.O_EXCL)
        result = box.bad(1, "-f", image.path, name)
        need("is in use" in result.err, "%s", result.err)
        os.close(held)
        os.symlink(name, box.path("by-id"))
        box.good(image.path, "by-id")
        box.bad(1, image.path, "by-id")
        box.good("-f", image.path, "by-id")
        read_dump(path)
        need(os.path.islink(box.path("by-id")), "the link is gone")
        # a failed run takes nothing away
        box.bad(1, "-f", "missing", name)
        need(os.path.exists(name), "%s is gone", name)


def tests():
    yield "same", same
    yield "read-back", read_back
    yield "small", small
    yield "split", split
    yield "refused", refused
