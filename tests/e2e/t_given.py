# SPDX-License-Identifier: GPL-2.0-or-later
"""-i: a vmcore without VMCOREINFO, and the text that -g would write of its
kernel; where the kernel lies has to be found in its memory."""

import re
import struct

from harness import check_sets, equal, need, read_dump

# What a kernel only knows when it runs, or is a pointer's value.
RUN_TIME = re.compile(rb"(NUMBER\((phys_base|sme_mask|pgtable_l5_enabled|"
                      rb"KERNEL_IMAGE_SIZE|kimage_voffset|PHYS_OFFSET|VA_BITS|"
                      rb"TCR_EL1_T1SZ|MAX_PHYSMEM_BITS|VMALLOC_START)\)|"
                      rb"SYMBOL\(vmemmap\)|KERNELOFFSET|CRASHTIME|"
                      rb"LENGTH\(mem_section\))=")
SPARE = 0x1e0000        # bytes behind _stext: text that nobody looks at
NAME = b"VMCOREINFO\0"


class Linked:
    """An image without its note, and its kernel's text as it was linked."""

    def __init__(self, image):
        self.image = image
        self.lines = image.machine.vmcoreinfo.rstrip(b"\0").splitlines()
        self.own = b"\n".join(self.lines) + b"\n"
        self.value = dict(line.split(b"=", 1) for line in self.lines)
        self.moved = int(self.value.get(b"KERNELOFFSET", b"0"), 16)
        self.stext = int(self.value[b"SYMBOL(_stext)"], 16)
        if b"NUMBER(kimage_voffset)" in self.value:
            self.distance = int(self.value[b"NUMBER(kimage_voffset)"], 0)
        else:
            self.distance = 0xffffffff80000000 - int(
                self.value[b"NUMBER(phys_base)"])
        self.next = self.stext + SPARE
        self.text = []
        for line in self.lines:
            if RUN_TIME.match(line):
                continue
            if line.startswith(b"SYMBOL("):
                key, value = line.split(b"=")
                value = int(value, 16)
                if key == b"SYMBOL(mem_section)":
                    value = self.store(struct.pack("<Q", value))
                line = b"%s=%x" % (key, value - self.moved)
            self.text.append(line)

    def store(self, content):
        """Into the kernel's image; returns the address it runs at."""
        at = self.next
        self.next += (len(content) + 15) // 16 * 16
        paddr = (at - self.distance) % (1 << 64)
        for start, _, filesz, offset in self.image.core().loads:
            if start <= paddr and paddr + len(content) <= start + filesz:
                with open(self.image.path, "r+b") as file:
                    file.seek(offset + paddr - start)
                    file.write(content)
                return at
        raise AssertionError("%x is not in the image" % paddr)

    def variable(self, name, content):
        self.text.append(b"SYMBOL(%s)=%x" % (
            name, self.store(content) - self.moved))

    def without_note(self):
        """The same vmcore with a note of another name."""
        with open(self.image.path, "r+b") as file:
            head = file.read(1 << 20)
            need(NAME in head, "the image has no note")
            file.seek(head.index(NAME))
            file.write(b"VMCOREZNFO\0")
        self.image.raw = None

    def write(self, box, name="text", more=()):
        with open(box.path(name), "wb") as file:
            file.write(b"\n".join([*self.text, *more]) + b"\n")


def variables(linked):
    """What this machine's kernel has set itself."""
    number = linked.value
    if b"NUMBER(kimage_voffset)" in number:
        for key in (b"kimage_voffset", b"PHYS_OFFSET"):
            linked.variable(
                {b"PHYS_OFFSET": b"memstart_addr"}.get(key, key),
                struct.pack("<Q", int(number[b"NUMBER(%s)" % key], 0)))
        return
    linked.variable(b"phys_base", struct.pack(
        "<q", int(number[b"NUMBER(phys_base)"])))
    linked.variable(b"__pgtable_l5_enabled", struct.pack(
        "<I", int(number.get(b"NUMBER(pgtable_l5_enabled)", b"0"))))
    linked.variable(b"sme_me_mask", struct.pack(
        "<Q", int(number.get(b"NUMBER(sme_mask)", b"0"))))


def same(box, image, *words):
    box.good("-f", "-l", *words, image.path, "dump")
    dump = read_dump(box.path("dump"))
    check_sets(dump, image, 31)
    # whatever the vmcore has, the dump has VMCOREINFO
    text = dump.area("vmcoreinfo")
    need(b"OSRELEASE=" + image.release().encode() in text, "%r", text[:80])
    need(text.rstrip(b"\0") in dump.area("note"), "it is in no note")
    box.good("verify", "dump")
    equal("the dump's log", box.good("--dump-dmesg", "dump").code, 0)


def found(box, name):
    """By its variables: the page set of the kernel's own note; its log."""
    linked = Linked(box.image(name, own=True))
    image = linked.image
    want = box.good("--dump-dmesg", image.path).out
    variables(linked)
    linked.without_note()
    linked.write(box)
    need("VMCOREINFO" in box.good("-f", "-l", image.path, "d").err,
         "the note is still there")
    same(box, image, "-i", "text")
    need(len(want) > 100, "no log")
    equal("log", box.good("--dump-dmesg", "-i", "text", image.path).out, want)
    text = box.good("info", "-i", "text", image.path).out.decode()
    need(image.release() in text, "no release in %s", text)


def own_words(box):
    """The kernel's own text in its memory counts more than what was given."""
    linked = Linked(box.image("good-6.12-kaslr", own=True))
    image = linked.image
    variables(linked)
    page = linked.store(linked.own + b"\0" * (4096 - len(linked.own)))
    linked.variable(b"vmcoreinfo_data", struct.pack("<Q", page))
    linked.without_note()
    linked.text = [line for line in linked.text
                   if not line.startswith((b"OFFSET(page.", b"SIZE(page)"))]
    linked.write(box)
    result = box.good("-f", "-l", "-D", "-i", "text", image.path, "dump")
    need("own VMCOREINFO is in its memory" in result.err, "%s", result.err)
    check_sets(read_dump(box.path("dump")), image, 31)


def as_makedumpfile(box):
    """A file with none of the variables' names: page tables tell."""
    for name in ("good-6.12-vmemmap", "good-6.12-kaslr",
                 "good-6.1-5level-kaslr"):
        linked = Linked(box.image(name, own=True))
        linked.without_note()
        linked.write(box)
        same(box, linked.image, "-i", "text")


def page_with(image, content, number):
    """CONTENT becomes a page that the kernel has nothing in: of those that -d 31
    leaves out the NUMBER-th from the last."""
    core = image.core()
    pfn = sorted(core.present() - set(image.expect(31)["keep"]))[-number]
    at = pfn * core.size
    offset, = [offset + at - start for start, _, filesz, offset in core.loads
               if start <= at and at + core.size <= start + filesz][:1]
    with open(image.path, "r+b") as file:
        file.seek(offset)
        file.write(content.ljust(core.size, b"\0"))
    image.raw = None


def by_text(box, name):
    """The kernel's own text is found in a page that nothing names; others of its
    kind, of another kernel or of one that ran elsewhere before, are not it."""
    image = box.image(name, own=True)
    own = image.machine.vmcoreinfo.rstrip(b"\0\n") + b"\n"
    value = dict(line.split(b"=", 1) for line in own.splitlines())
    with open(image.path, "r+b") as file:
        head = file.read(1 << 20)
        file.seek(head.index(NAME))
        file.write(b"VMCOREZNFO\0")
    note = bytes(12) + NAME + b"\0"
    page_with(image, own.replace(b"OSRELEASE=", b"OSRELEASE=0", 1), 4)
    elsewhere = b"SYMBOL(init_uts_ns)=%x\n" % (
        int(value[b"SYMBOL(init_uts_ns)"], 16) + 4096)
    page_with(image, note + own + elsewhere, 3)
    with open(box.path("text"), "wb") as file:
        for key in (b"OSRELEASE", b"PAGESIZE", b"BUILD-ID"):
            if key in value:
                file.write(key + b"=" + value[key] + b"\n")
    box.bad(1, "-i", "text", image.path, "dump")
    page_with(image, own, 2)
    same(box, image, "-i", "text")
    page_with(image, note + own.replace(b"CRASHTIME=1", b"CRASHTIME=2"), 1)
    same(box, image, "-i", "text")
    need(b"CRASHTIME=2" in read_dump(box.path("dump")).area("vmcoreinfo"),
         "the note is the newer")


def without_types(box):
    """What makedumpfile -g does not say of newer kernels: told, or the kernel's own
    text has it."""
    linked = Linked(box.image("good-7.2-vmemmap", own=True))
    image = linked.image
    variables(linked)
    linked.without_note()
    linked.text = [line for line in linked.text if b"_MAPCOUNT_" not in line]
    linked.write(box)
    result = box.good("-f", "-l", "-i", "text", image.path, "dump")
    need("makedumpfile -g" in result.err, "%s", result.err)
    page_with(image, linked.own, 1)
    same(box, image, "-i", "text")


def running(box):
    """The kernel's own text from elsewhere: nothing has to be found. As an ELF
    core, too."""
    linked = Linked(box.image("good-arm64-4k-48", own=True))
    image = linked.image
    linked.without_note()
    with open(box.path("text"), "wb") as file:
        file.write(linked.own)
    same(box, image, "-i", "text")
    box.good("-f", "-E", "-d", "31", "-i", "text", image.path, "core")
    with open(box.path("core"), "rb") as file:
        head = file.read(1 << 16)
    need(NAME in head and b"OSRELEASE=" in head, "no VMCOREINFO in the core")
    box.good("-f", "-l", "core", "again")
    # what the core leaves out it does not have
    equal("pages kept", read_dump(box.path("again")).kept,
          read_dump(box.path("dump")).kept)


def refused(box):
    """Another kernel, another build, none at all; and what is no text."""
    linked = Linked(box.image("good-6.12-kaslr", own=True))
    path = linked.image.path
    variables(linked)
    release = linked.value[b"OSRELEASE"].decode()
    linked.write(box)
    same(box, linked.image, "-i", "text")       # with its note
    linked.write(box, "other", [b"OSRELEASE=6.66"])
    linked.write(box, "build", [b"BUILD-ID=" + b"ab" * 20])
    result = box.bad(1, "-i", "other", path, "out")
    need("6.66" in result.err and release in result.err, "%s", result.err)
    if b"BUILD-ID" in linked.value:
        result = box.bad(1, "-i", "build", path, "out")
        need("ab" * 20 in result.err and
             linked.value[b"BUILD-ID"].decode() in result.err, "%s",
             result.err)
    linked.without_note()
    result = box.bad(1, "-i", "other", path, "out")
    need("no kernel of release 6.66" in result.err, "%s", result.err)
    # a phys_base that can't be: nothing is believed
    linked.text = [line for line in linked.text if b"(phys_base)" not in line]
    linked.variable(b"phys_base", struct.pack("<Q", 0x123456789))
    linked.write(box, "wrong")
    result = box.bad(1, "-i", "wrong", path, "out")
    need("no kernel of release" in result.err, "%s", result.err)
    box.text("empty", "")
    box.text("letter", "Dear kernel,\n")
    box.text("large", "A=B\n" * 20000)
    for name, words in (("empty", "lacks OSRELEASE"),
                        ("letter", "lacks OSRELEASE"),
                        ("large", "larger than 65536"),
                        (".", "directory"), ("none", "No such file")):
        result = box.bad(1, "-i", name, path, "out")
        need(words in result.err, "%s: %s", name, result.err)
    box.bad(2, "-i", "text", "-x", "vmlinux", path, "out")


def tests():
    out = [("found/" + name, found, name)
           for name in ("good-6.12-kaslr", "good-6.1-5level-kaslr",
                        "good-6.12-sme", "good-arm64-4k-48",
                        "good-arm64-16k-47", "good-arm64-64k-42")]
    out += [("by_text/" + name, by_text, name)
            for name in ("good-s390x-3level", "good-s390x-6.1", "good-i386-pae",
                         "good-i386-2level", "good-arm-lpae", "good-arm-2level",
                         "good-riscv64-6.1")]
    out += [(f.__name__, f) for f in (own_words, as_makedumpfile, without_types,
                                      running, refused)]
    return out
