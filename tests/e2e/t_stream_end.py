# SPDX-License-Identifier: GPL-2.0-or-later
"""How a flattened stream ends that can't go on: after a signal with all that a
stream ends with; on a full disk without, and what came is a dump all the same."""

import os
import resource
import signal
import subprocess
import time

from harness import (CAPDUMP, MIB, TIMEOUT, check_stream, equal, need,
                     read_dump)
import elfdump
import flatstream
import kdumpfile

IMAGE = "good-6.12-vmemmap"


def interrupted(box, image, signum, *args):
    """The stream of a capture that gets SIGNUM when its reader has had 1 MiB; the
    reader goes on some time later, as a slow network does."""
    def heard():
        # in what a script starts in the background SIGINT is ignored
        signal.signal(signum, signal.SIG_DFL)

    with open(box.path("stream"), "wb") as file, subprocess.Popen(
            [CAPDUMP, "-F", "-d", "0", *args, image.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=box.folder,
            preexec_fn=heard) as child:
        file.write(child.stdout.read(MIB))
        child.send_signal(signum)
        time.sleep(0.2)
        while part := child.stdout.read(MIB):
            file.write(part)
        err = child.stderr.read().decode()
        equal("exit status", child.wait(TIMEOUT), 3)
    need("signal" in err, "said: %s", err)
    flat = check_stream(box.path("stream"))
    need(flat.ended, "there is no end record")
    box.rearrange(box.path("stream"), box.path("plain"), "-f")


def by_signal(box):
    """SIGTERM, SIGINT: a valid end record, a dump that says INCOMPLETE."""
    image = box.image(IMAGE)
    box.good("-d", "0", image.path, "whole")
    whole = read_dump(box.path("whole"))
    for signum in (signal.SIGTERM, signal.SIGINT):
        interrupted(box, image, signum, "--order", "address")
        dump = kdumpfile.Dump(box.path("plain"))
        need(dump.head["status"] & kdumpfile.INCOMPLETE, "it is complete")
        need(0 < len(dump.kept) < len(whole.kept), "%d of %d pages",
             len(dump.kept), len(whole.kept))
        need("incomplete, but good" in
             box.bad(3, "verify", "plain").out.decode(), "verify")
        for pfn, page in dump.pages():
            need(page == image.core().page(pfn), "frame %x differs", pfn)
        box.bad(3, "verify", "stream")


def elf_by_signal(box):
    """The same inside of an ELF dump."""
    image = box.image(IMAGE)
    interrupted(box, image, signal.SIGTERM, "-E")
    elf = elfdump.ElfDump(box.path("plain"), image.machine.page)
    need(not elf.complete, "it is complete")
    for pfn in list(elf.frames)[::16]:
        need(elf.page(pfn) == image.core().page(pfn), "frame %x differs", pfn)
    box.bad(3, "verify", "plain")


def full(box):
    """A file that may not grow: there is no room for the stream's end. The exit
    status says that this is no dump for other readers; -R makes one of it."""
    image = box.image(IMAGE)

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))

    with open(box.path("stream"), "wb") as file:
        result = subprocess.run(
            [CAPDUMP, "-F", "-d", "0", image.path], stdout=file,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
            preexec_fn=small, timeout=TIMEOUT)
    equal("exit status", result.returncode, 1)
    need(b"flattened stream" in result.stderr, "said: %s", result.stderr)
    equal("size", os.path.getsize(box.path("stream")), 2 * MIB)
    with open(box.path("stream"), "rb") as file:
        flat = flatstream.Flat(file)
        need(not flat.ended, "there is an end record")
        file.seek(0)
        box.bad(3, "-R", "plain", stdin=file)
    dump = kdumpfile.Dump(box.path("plain"))
    need(dump.head["status"] & kdumpfile.INCOMPLETE, "it is complete")
    need(len(dump.kept) > dump.not_reached, "no page has come")
    for path in ("stream", "plain"):
        need("incomplete, but good" in
             box.bad(3, "verify", path).out.decode(), "%s", path)


def elf_cut(box):
    """An ELF dump's stream that is cut off has program headers of what came: of
    each run of pages that ended 4 MiB, and what was on its way, before."""
    image = box.image(IMAGE)
    box.good("-E", "-d", "1", image.path, "whole")
    whole = elfdump.ElfDump(box.path("whole"), image.machine.page)
    box.good("-F", "-E", "-d", "1", image.path, "stream")
    with open(box.path("stream"), "rb") as file:
        stream = file.read()
    came = 0
    for quarter in (1, 2, 3):
        with open(box.path("cut"), "wb") as file:
            file.write(stream[:len(stream) * quarter // 4])
        with open(box.path("cut"), "rb") as file:
            end = max(sum(r) for r in flatstream.Flat(file).records[:-1])
            file.seek(0)
            box.bad(3, "-R", "-f", "plain", stdin=file)
        elf = elfdump.ElfDump(box.path("plain"), image.machine.page)
        need(not elf.complete, "it is complete")
        old = [load for load in whole.loads
               if load.offset + load.filesz < end - 6 * MIB]
        equal("runs that came", elf.loads[:len(old)], old)
        need(set(elf.loads) < set(whole.loads), "%s", elf.loads)
        came += len(old)
        for pfn in list(elf.frames)[::16]:
            need(elf.page(pfn) == image.core().page(pfn), "frame %x differs",
                 pfn)
    need(came > 4, "only %d runs", came)


def tests():
    for function in (by_signal, elf_by_signal, elf_cut, full):
        yield "stream-end-" + function.__name__, function
