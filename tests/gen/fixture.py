# SPDX-License-Identifier: GPL-2.0-or-later
"""The text form of a machine that crashed.  tests/fixtures/README describes
the language; this file is its only parser.

One statement a line, '#' starts a comment.  'KEY VALUE' with a key of
SETTINGS is a setting, the other statements are listed in Fixture.feed().
Numbers are decimal or 0x hex.  Ranges are FIRST-LAST, the last inclusive.
"""

import os
import re
import shlex

import fadump

# key: (default, what it is)
SETTINGS = {
    "arch": ("x86_64", "the machine's: a module of tests/gen/archs"),
    "kernel": ("6.12", "layout: 5.10 6.1 6.4 6.6 6.8 6.9 6.11 6.12 7.2"),
    "model": ("vmemmap", "flat, sparse, extreme or vmemmap"),
    "va_bits": ("", "arm64: VA_BITS of the kernel"),
    "va_actual": ("", "arm64: of the CPU"),
    "levels": ("", "of the page tables; default by arch"),
    "page_size": ("", "in bytes; default by arch"),
    "base": ("", "added to ram, kernel_paddr, arena and all frames"),
    "frames": ("0", "added to all frames"),
    "kaslr": ("0", "KERNELOFFSET: the virtual offset of the text"),
    "kernel_paddr": ("", "where the kernel image was loaded"),
    "kernel_size": ("0x400000", "its size, a multiple of 2 MiB, 4 MiB or more"),
    "arena": ("0x1400000", "where tables, memmap and node data go"),
    "page_offset": ("", "base of the direct map"),
    "vmalloc_start": ("", "base of the vmalloc area"),
    "vmemmap_start": ("", "base of the vmemmap"),
    "physmem_bits": ("", "MAX_PHYSMEM_BITS (46, or 52 with 5 levels)"),
    "struct_page": ("", "its size: 64, or 56 (CONFIG_SLAB, no cgroups)"),
    "section_flags": ("0xf", "low bits of each section_mem_map"),
    "told": ("0", "1: VMCOREINFO as of kernel-patches/d-vmcoreinfo, 64-bit"),
    "hwerr": ("", "told: COUNT@SECONDS, of each kind of hardware error"),
    "pti": ("0", "page table isolation: freed parts of the image unmapped"),
    "mmu": ("radix", "ppc64: radix or hash"),
    "pbmt": ("0", "riscv64: Svpbmt bits of all leaves"),
    "sme_bit": ("", "number of the encryption bit in page table entries"),
    "direct_leaf": ("", "largest leaf of the direct map: 4k, 2m, 1g ..."),
    "vmemmap_leaf": ("", "leaf of the vmemmap: 4k, 2m ..."),
    "mask_tails": ("", "7.2: compound_info holds a mask, not a pointer"),
    "numa": ("1", "CONFIG_NUMA"),
    "nodes": ("1", "number of NUMA nodes, RAM lines split evenly"),
    "cpus": ("2", "number of NT_PRSTATUS notes"),
    "release": ("", "uname -r"),
    "crashtime": ("1700000000", "seconds"),
    "free_pages": ("", "sum of NR_FREE_PAGES; default what is free"),
    "kallsyms": ("1", "0: the symbol table is empty; 2: it has no data"),
    "crashk": ("", "what crashk_res and crashk_low_res say: FIRST-LAST each"),
    "log": ("", "prb, records or none; default by kernel"),
    "log_caller": ("0", "caller ids in the records"),
    "log_bits": ("14", "size of the log text buffer, a power of two"),
    "log_descs": ("7", "number of descriptors, a power of two"),
    "log_pos": ("0", "start position of the first record in the buffer"),
    "log_broken": ("0", "what a reader finds in the log is not told"),
    "qemu": ("0", "as dump-guest-memory: p_vaddr 0, no text segment"),
    "text_load": ("", "a PT_LOAD of the kernel's text map"),
    "load_order": ("given", "given, reverse or shuffled"),
    "load_split": ("0", "cut the segments into pieces of so many bytes"),
    "load_overlap": ("0", "let each piece begin so many bytes earlier"),
    "note_segments": ("1", "number of PT_NOTEs"),
    "note_last": ("0", "PT_NOTEs after the PT_LOADs in the table"),
    "offset_base": ("0", "data begin at this file offset or later"),
    "unaligned_offset": ("0", "p_offset of data is not page aligned"),
    "xnum": ("0", "PN_XNUM even below 65,535 headers"),
    "section_header": ("1", "PN_XNUM: 0 none, 1 behind the table, first"),
    "elf_class": ("", "32 or 64"),
    "elf_data": ("", "little or big"),
    "elf_machine": ("", "e_machine"),
    "elf_type": ("4", "e_type"),
    "vmcoreinfo": ("1", "0: no such note"),
    "phdr_align": ("0", "p_align"),
    "garbage": ("0", "write so many bytes of noise instead of a core"),
    "empty": ("0", "write an empty file"),
    "describe": ("", "free text"),
    "expect": ("good", "good, warn, bad, unsupported or survive"),
}


QUOTES = re.compile(r"""['"#\\]""")


def number(text):
    return int(text, 0)


def span(text):
    first, dash, last = text.partition("-")
    if not dash:
        return number(first), number(first)
    return number(first), number(last)


class Pages:
    """A 'pages' statement: a run of frames of one kind."""

    def __init__(self, first, last, kind, attrs, line):
        self.first, self.last, self.kind = first, last, kind
        self.attrs, self.line = attrs, line

    def get(self, key, default=None):
        return self.attrs.get(key, default)


class Fixture:
    def __init__(self):
        self.set = {k: v[0] for k, v in SETTINGS.items()}
        self.ram = []           # (first byte, last byte)
        self.loads = []         # dicts of explicit PT_LOADs
        self.pages = []
        self.logs = []          # (attrs, text)
        self.devdumps = []      # (name, size)
        self.devices = []       # 'device' statements, as words
        self.left_out = []      # (first byte, last byte, reason)
        self.absent = []        # frames cut from all segments, as text
        self.no_sections = []   # memory sections without a memmap
        self.info = []          # ("set" | "del", key, value)
        self.pokes = []         # statements applied to memory or the file
        self.maybe = []         # (level, first pfn, last pfn)
        self.peer = []          # how makedumpfile differs: peer statements
        self.fadump = None      # the crash header of a fadump
        self.folder = ""        # where included files lie

    def __getitem__(self, key):
        return self.set[key]

    def num(self, key, default=None):
        text = self.set[key]
        if text == "":
            return default
        return number(text)

    def flag(self, key):
        return self.num(key) != 0

    def feed(self, text, name):
        for nr, line in enumerate(text.splitlines(), 1):
            try:
                self.statement(line, nr)
            except (ValueError, IndexError) as err:
                raise SystemExit("%s:%d: %s: %s" % (name, nr, line, err))

    def statement(self, line, nr):
        if line.split()[:1] == ["log"] and not line.split()[1:2] in (
                [["prb"], ["records"], ["none"]]):
            return self.log_statement(line)
        if line.split()[:1] == ["describe"]:
            self.set["describe"] = line.split(None, 1)[1]
            return None
        words = shlex.split(line, comments=True) if QUOTES.search(line) \
            else line.split()       # the same, and much faster
        if not words:
            return None
        key, args = words[0], words[1:]
        attrs = dict(a.split("=", 1) if "=" in a else (a, "1")
                     for a in args[1:])
        if key == "ram":
            self.ram.append(span(args[0]))
        elif key == "load":
            self.loads.append({k: number(v) for k, v in (
                a.split("=", 1) for a in args)})
        elif key == "pages":
            attrs = dict(a.split("=", 1) if "=" in a else (a, "1")
                         for a in args[2:])
            self.pages.append(Pages(*span(args[0]), args[1], attrs, nr))
        elif key == "fadump":
            self.fadump = fadump.Header(number(args[0]), attrs)
        elif key == "vmcoredd":
            self.devdumps.append((args[0], number(args[1])))
        elif key == "leftout":
            self.left_out.append((*span(args[0]), number(args[1])))
        elif key == "device":
            self.devices.append(args)
        elif key == "absent":
            self.absent.append(args[0])
        elif key == "nosection":
            self.no_sections.append(args[0])
        elif key == "info":
            name, _, value = line.split(None, 1)[1].partition("=")
            self.info.append(("set", name.strip(), value.strip()))
        elif key == "noinfo":
            self.info.append(("del", args[0], None))
        elif key == "include":
            path = os.path.join(self.folder, args[0])
            with open(path, encoding="utf-8") as file:
                self.feed(file.read(), path)
        elif key == "peer":
            self.peer.append(args)
        elif key == "maybe":
            self.maybe.append((number(args[0]), *span(args[1])))
        elif key in ("pokep", "pokev", "poke", "truncate", "ptset", "ehdr",
                     "phdr"):
            self.pokes.append((key, args))
        elif key in self.set:
            self.set[key] = args[0] if args else ""
        else:
            raise ValueError("unknown statement")
        return None

    def log_statement(self, line):
        """log [ts=SECONDS] [level=N] [caller=N] [state=NAME] TEXT: the text
        is the rest of the line, with Python's escapes (\\n, \\x1b)."""
        rest = line.split(None, 1)[1]
        attrs = {}
        while rest:
            word = rest.split(None, 1)[0]
            name, eq, value = word.partition("=")
            if not eq or name not in ("ts", "level", "caller", "state",
                                      "repeat", "facility"):
                break
            attrs[name] = value
            rest = rest[len(word):].lstrip(" ")
        text = rest.encode("latin-1").decode("unicode_escape")
        for _ in range(int(attrs.get("repeat", "1"))):
            self.logs.append((attrs, text.encode("latin-1")))


def load(path, overrides=()):
    """Reads a fixture; overrides are KEY=VALUE settings."""
    fixture = Fixture()
    fixture.folder = os.path.dirname(path)
    with open(path, encoding="utf-8") as file:
        fixture.feed(file.read(), path)
    for item in overrides:
        key, eq, value = item.partition("=")
        if not eq or key not in fixture.set:
            raise SystemExit("--set %s: known keys are %s"
                             % (item, " ".join(sorted(SETTINGS))))
        fixture.set[key] = value
    return fixture
