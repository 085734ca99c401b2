# SPDX-License-Identifier: GPL-2.0-or-later
"""Compressed dumps by QEMU as input: tests/gen/qemudump.py. What is made of one
with another codec is, byte for byte, what is made of the vmcore."""

import itertools
import json

from harness import CODECS, equal, need, read_dump, same_file
import qemudump

IMAGE = "good-6.12-qemu"
# what QEMU 7.2 calls the machine, and what uname -m does; 11.1 has no name for
# any. QEMU's page for ppc64 is the largest that its kernels have.
MACHINES = {
    "good-6.12-vmemmap": ("x86_64", "x86_64", None),
    "good-i386-pae": ("i686", "i686", None),
    "good-arm-lpae": ("Unknown", "armv7l", None),
    "good-arm64-4k-48": ("Unknown", "aarch64", None),
    "good-ppc64le-radix-4k": ("Unknown", "ppc64le", 65536),
    "good-s390x-3level": ("S390X", "s390x", None),
    "good-riscv64-sv39": ("Unknown", "riscv64", None),
    "good-loongarch64-16k-3": ("Unknown", "loongarch64", None),
}


def make(box, image, name, **how):
    with open(box.path(name), "wb") as file:
        file.write(qemudump.build(image.path, **how))


def check(box, image, name):
    """What there is to see of the dump, against the vmcore."""
    result = box.good("verify", name)
    need("\ngood\n" in result.out.decode() and "problem" not in result.err,
         "%s%s", result.out.decode(), result.err)
    box.good("diff", image.path, name)
    equal("log", box.good("dmesg", name).out,
          box.good("dmesg", image.path).out)
    told = {at: json.loads(box.good("info", "--json", at).out)
            for at in (name, image.path)}
    for key in ("kernel", "cpus", "panic", "pages_by_kind"):
        equal(key, told[name].get(key), told[image.path].get(key))
    return told[name]


def formats(box):
    """Each codec, as it comes and raw; what is made of it, and of that."""
    image = box.image(IMAGE)
    box.good("-z", "-d", "31", image.path, "want")
    want = box.path("want")
    for codec, plain in itertools.product(("zlib", "lzo", "snappy"),
                                          (False, True)):
        make(box, image, "in", plain=plain, codec=codec, machine="x86_64")
        told = check(box, image, "in")
        equal("codec", told["codec"], codec)
        box.good("-f", "-z", "-d", "31", "in", "out")
        same_file("%s %s" % (codec, plain), box.path("out"), want)
        box.good("-f", CODECS[codec], "-d", "31", "in", "out")
        box.good("diff", "out", "want")
        if plain:
            equal("descriptors", read_dump(box.path("in")).problems, [])
    box.good("-z", "-d", "1", image.path, "want.1")
    box.good("-f", "-z", "-d", "0", "in", "out")
    same_file("all pages", box.path("out"), box.path("want.1"))
    box.good("-E", "-d", "31", image.path, "want.elf")
    box.good("-E", "-d", "31", "in", "out.elf")
    box.good("diff", "want.elf", "out.elf")


def machine(box, name):
    """The machine is known without its name; what QEMU says of it that is
    not so goes nowhere."""
    known, uname, block = MACHINES[name]
    image = box.image(name)
    box.good("-l", "-d", "31", image.path, "want")
    for called in {known, "Unknown"}:
        make(box, image, "in", machine=called, block=block)
        told = check(box, image, "in")
        equal("machine", told["machine"], uname if called == "Unknown"
              else called)
        box.good("-f", "-l", "-d", "31", "in", "out")
        same_file(called, box.path("out"), box.path("want"))
    if block:       # blocks that are no pages of the kernel's are packed anew
        for out, source in (("want", image.path), ("out", "in")):
            box.good("-f", "-c", "-d", "31", source, out)
        same_file("larger blocks, same codec", box.path("out"),
                  box.path("want"))


def cut_off(box):
    """Without the end: an INCOMPLETE dump of what came."""
    image = box.image(IMAGE)
    content = qemudump.build(image.path)
    with open(box.path("in"), "wb") as file:
        file.write(content[:len(content) * 9 // 10])
    box.bad(3, "verify", "in")
    box.bad(3, "-l", "-d", "31", "in", "out")
    box.bad(3, "verify", "out")


def tests():
    yield "QEMU's formats", formats
    yield "QEMU's, cut off", cut_off
    for name in MACHINES:
        yield "QEMU's of %s" % name, machine, name
