# SPDX-License-Identifier: GPL-2.0-or-later
"""Notes: kept byte for byte, streamed, left out on request."""

import os

from harness import (FIXTURES, FULL, MIB, SANITIZED, check_dump, check_sets, equal, need,
                     read_dump)

WEIGHT = 9
MEMORY = 16 * MIB
CHUNK = 16 * MIB
SIZE = (512 if FULL else 128) * MIB
NT_VMCOREDD = 0x700


def noise_at(machine_note, image):
    """Fills the sparse device dump with text in places, first and last."""
    offset, size = machine_note
    with open(image, "r+b") as file:
        for at in (0, 1, size // 3, size // 2, size - 16):
            file.seek(offset + at)
            file.write(b"device-dump-%04d" % (at % 9973))


def device_dump(core):
    """Where the device dump's bytes are in the vmcore."""
    for start, length in core.notes:
        at = start
        while at + 12 <= start + length:
            namesz, descsz, kind = (int.from_bytes(
                core.map[at + i:at + i + 4], "little") for i in (0, 4, 8))
            desc = at + 12 + -(-namesz // 4) * 4
            if kind == NT_VMCOREDD:
                return desc, descsz
            at = desc + -(-descsz // 4) * 4
    raise AssertionError("no device dump in the image")


def same_notes(dump, core):
    """Piece by piece: half a GiB."""
    equal("size of the notes", dump.sub["size_note"],
          sum(n for _, n in core.notes))
    at = dump.sub["offset_note"]
    for start, length in core.notes:
        for i in range(0, length, CHUNK):
            n = min(CHUNK, length - i)
            need(dump.map[at + i:at + i + n]
                 == core.map[start + i:start + i + n],
                 "the notes differ behind byte %d", i)
        at += length


def check_memory(result):
    if not SANITIZED:
        need(result.anon <= MEMORY, "%d KiB of anonymous memory",
             result.anon >> 10)


def huge(box):
    """512 MiB under FULL=1; 128 MiB are many times the memory, too."""
    with open(os.path.join(FIXTURES, "good-6.12-devdump.txt"),
              encoding="utf-8") as file:
        text = file.read()
    for a, b in (("0x20000000", "%#x" % SIZE),
                 ("include ", "include %s/" % FIXTURES)):
        need(a in text, "%s", text)
        text = text.replace(a, b)
    image = box.image(box.text("huge.txt", text))
    where = device_dump(image.core())
    need(where[1] >= SIZE - 4096, "%d bytes only", where[1])
    noise_at(where, image.path)
    image.raw = None
    out = box.path("dump")
    result = box.good("-l", image.path, out, watch=True)
    check_memory(result)
    same_notes(check_dump(out, image, 31), image.core())
    file_size = os.path.getsize(out)
    os.unlink(out)

    stream, piped = box.pipe("-l", image.path)
    box.rearrange(stream, out)
    os.unlink(stream)
    same_notes(read_dump(out), image.core())
    os.unlink(out)

    box.good("-l", "--no-device-dumps", image.path, out)
    dump = check_dump(out, image, 31)
    need(os.path.getsize(out) <= file_size - SIZE, "%d of %d bytes left",
         os.path.getsize(out), file_size)
    need(b"VMCOREINFO" in dump.area("note"), "VMCOREINFO went with it")
    need(b"device-dump" not in dump.area("note"), "some is still there")
    return "%d KiB of memory" % (result.anon >> 10)


def small(box):
    """Three PT_NOTEs, with device dumps between the notes."""
    image = box.image("good-6.1-notes")
    box.good(image.path, "dump")
    dump = check_dump(box.path("dump"), image, 31)
    equal("notes", dump.area("note") == image.core().note_bytes(), True)
    box.good("--no-device-dumps", image.path, "without")
    dump = read_dump(box.path("without"))
    check_sets(dump, image, 31)
    kinds = []
    note = dump.area("note")
    at = 0
    while at + 12 <= len(note):
        namesz, descsz, kind = (int.from_bytes(note[at + i:at + i + 4],
                                               "little") for i in (0, 4, 8))
        kinds.append(kind)
        at += 12 + -(-namesz // 4) * 4 + -(-descsz // 4) * 4
    equal("size of the notes", at, len(note))
    need(NT_VMCOREDD not in kinds, "a device dump is still there")
    equal("PRSTATUS notes", kinds.count(1), image.fx.num("cpus"))
    equal("notes in all", len(kinds), image.fx.num("cpus") + 1)
    equal("vmcoreinfo", dump.area("vmcoreinfo"), image.machine.vmcoreinfo)


def tests():
    yield "huge", huge
    yield "small", small
