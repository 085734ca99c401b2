# SPDX-License-Identifier: GPL-2.0-or-later
"""Every codec into every sink with every number of threads, in one window of
memory and in many, in both orders: right, and always the same bytes. (FULL=1:
each codec at both levels.)"""

import itertools
import os

from harness import (CAPDUMP, CODECS, FULL, HERE, MIB, SANITIZED, Skip, check_dump,
                     check_stream, equal, need, same_file)
import flatstream

WEIGHT = 5
STATUS = 424            # of the header: diskdump_mod.h, struct disk_dump_header
THREADS = (0, 1, 4)
# windows are of 16 GiB; without memory to remember them they are scanned again
WINDOWS = ("kept", "again")
CELLS = (("zstd", 1), ("zstd", 31), ("zlib", 1), ("lzo", 31), ("snappy", 1),
         ("none", 31))
SPREAD = os.path.join(HERE, "three-windows.txt")


def memory(threads, window):
    """Options: as much as there is, or just enough for one window's sets and
    the threads (capture/memory.c)."""
    if window == "kept":
        return ()
    return "--memory", "%dK" % (8192 + 3080 + 3072 * threads)


def check_codecs(dump, codec):
    """Only that codec and raw pages; of real pages some do get smaller."""
    seen = set(dump.by_codec) - {"raw"}
    if codec == "none":
        equal("codecs", seen, set())
    else:
        equal("codecs", seen, {codec})


def to_file(box, image, codec, level, program, options, windows):
    """Value order and address order; the latter's file is returned."""
    first = {}
    for order, threads, window in itertools.product(
            ("value", "address"), THREADS, windows):
        out = box.path("%s.%s.%s" % (order, threads, window))
        box.good("--order", order, *options(threads, window), image.path,
                 out, program=program)
        if order not in first:
            first[order] = out
            check_codecs(check_dump(out, image, level), codec)
            continue
        same_file("%s order, %d threads, %s windows" % (
            order, threads, window), out, first[order])
        os.unlink(out)
    return first["address"]


def to_pipe(box, image, program, options, want, windows):
    """Flattened, with -F and without; put together by -R and by us."""
    first = box.path("first")
    for flag, threads, window in itertools.product(
            ((), ("-F",)), THREADS, windows):
        what = "stream, %s, %d threads, %s windows" % (
            "-F" if flag else "pipe", threads, window)
        stream, _ = box.pipe(*flag, *options(threads, window), image.path,
                             program=program)
        if not os.path.exists(first):
            check_stream(stream)
            os.rename(stream, first)
            stream = first
        else:
            same_file(what, stream, first)
        ours = box.path("ours")
        box.rearrange(stream, ours, "-f")
        same_file(what + ", rearranged", ours, want)
    with open(first, "rb") as file:
        records = flatstream.Flat(file).records
    # crash takes the older of two records for one place, others the newer:
    # INCOMPLETE must come off by a record that is sent once, and last
    need(records[-1] == (STATUS, 4), "last record: %s", records[-1])
    theirs = box.path("theirs")
    with open(first, "rb") as file, open(theirs, "wb") as out:
        flatstream.Flat(file, out)
    same_file("stream, rearranged by the second reader", theirs, want)


def check_windows(box, image):
    """There are windows, and little memory really is none for them."""
    for threads, window in itertools.product(THREADS, WINDOWS):
        said = box.good("-D", "--dry-run", "--num-threads", threads,
                        *memory(threads, window), image.path).err
        what = " %d threads, windows of 4194304 pages" % threads
        need(what in said, "%s: %s", window, said)
        need((", 0 bytes to remember" in said) == (window == "again"),
             "%s: %s", window, said)


def matrix(box, codec, level):
    image = box.image(SPREAD)
    # without a letter capdump means zstd, makedumpfile none
    program = box.makedumpfile() if codec == "none" else CAPDUMP
    letter = [CODECS[codec]] if codec in CODECS else []

    def options(threads, window):
        return [*letter, "-d", level, "--num-threads", threads,
                *memory(threads, window)]

    windows = WINDOWS
    if "--memory" not in box.good("--help").out.decode():
        windows = ("kept",)
    else:
        check_windows(box, image)
    want = to_file(box, image, codec, level, program, options, windows)
    to_pipe(box, image, program, options, want, windows)
    if windows is not WINDOWS:
        raise Skip("one window only: there is no option --memory")


def non_mmap(box):
    """read() instead of mmap() makes the same dump."""
    image = box.image("good-6.1-ragged")
    box.good("-d", "1", image.path, "mapped")
    box.good("-d", "1", "--non-mmap", image.path, "read")
    same_file("--non-mmap", box.path("read"), box.path("mapped"))


def memory_for_none(box):
    """Where there is memory for the work but not for threads, they are left
    out: the least limit that makes a dump makes all of it."""
    if SANITIZED:
        raise Skip("a limit of memory is not for a sanitizer")
    image = box.image("good-6.1-ragged")
    box.good("--num-threads", "0", image.path, "serial")
    words = []
    for limit in range(96 * MIB, 2 * MIB, -2 * MIB):
        result = box.run("-f", "--num-threads", "16", "--memory", "1G",
                         image.path, "dump", limit=limit)
        if result.code == 1:
            break
        words.append("there is no memory for 16 threads" in result.err)
        equal("status at %d MiB: %s" % (limit >> 20, result.err), result.code,
              0)
        same_file("a limit of %d MiB" % (limit >> 20), box.path("dump"),
                  box.path("serial"))
    need(words and not words[0] and words[-1],
         "no limit tells threads from none: %s", words)
    return "%d limits" % len(words)


def codec_level(box):
    """--level and --fast change how hard the codec tries, nothing else; the
    threads do not change what becomes of it."""
    image = box.image("good-6.12-vmemmap")
    size = {}
    for name, words in {"1": ("--level", "1"), "19": ("--level", "19"),
                        "own": (), "fast": ("--fast",)}.items():
        for threads in THREADS:
            box.good("-z", *words, "--num-threads", threads, image.path,
                     name + ".%d" % threads)
            same_file("%s, %d threads" % (name, threads), box.path(
                name + ".%d" % threads), box.path(name + ".0"))
        size[name] = check_dump(box.path(name + ".0"), image, 31).data_bytes
    need(size["19"] < size["1"], "--level 19 is no smaller: %s", size)
    need(len(set(size.values())) == 4, "two of them are the same: %s", size)


def tests():
    for codec, level in itertools.product(
            (*CODECS, "none"), (1, 31)) if FULL else CELLS:
        yield "%s-%d" % (codec, level), matrix, codec, level
    yield "non-mmap", non_mmap
    yield "memory-for-none", memory_for_none
    yield "codec-level", codec_level
