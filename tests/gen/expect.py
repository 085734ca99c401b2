# SPDX-License-Identifier: GPL-2.0-or-later
"""What a dump of the image must hold, from the fixture's own description.

OUT.expect, one item a line, page frames in hex, ranges with last inclusive:
  verdict good|warn|bad|unsupported|survive  (tests/fixtures/README)
  log broken             the kernel log is damaged: reading it must end
  max_mapnr N            frames end here (exclusive)
  present RANGES         bitmap1: frames that lie at least partly in a segment
  zero RANGES            of those, all zero
  free N                 NR_FREE_PAGES as the kernel counted (hex)
  keep LEVEL RANGES      bitmap2 of that dump level
  maybe LEVEL RANGES     frames of which either is right
OUT.truth: 'FIRST-LAST KIND [NOTE]' for each run of frames of one kind.
OUT.log: the kernel log's records as JSON.
"""

import json

import kallsyms
import structpage as S
from memory import pack

LEVELS = (0, 1, 2, 4, 8, 16, 31)


class Coverage:
    """Which bytes of each frame the segments hold."""

    def __init__(self, segs, page):
        self.page = page
        self.full = set()       # wholly in segments, wholly in the file
        self.parts = {}         # pfn -> [(first byte, end byte)] in the file
        for seg in segs:
            self.add(seg.paddr, seg.filesz, True)
            self.add(seg.paddr, seg.memsz, False)

    def add(self, paddr, size, in_file):
        if not size:
            return
        page = self.page
        first, last = paddr // page, (paddr + size - 1) // page
        for pfn in range(first, last + 1):
            self.parts.setdefault(pfn, ())
        if not in_file:
            return
        self.full.update(range(-(-paddr // page), (paddr + size) // page))
        for pfn in {first, last} - self.full:
            low = max(paddr, pfn * page) - pfn * page
            high = min(paddr + size, pfn * page + page) - pfn * page
            self.parts[pfn] = (*self.parts[pfn], (low, high))

    def content(self, mem, pfn):
        page = mem.page(pfn)
        if page is None or pfn in self.full:
            return page or mem.zero
        out = bytearray(self.page)
        for low, high in self.parts[pfn]:
            out[low:high] = page[low:high]
        return bytes(out)

    def readable(self, pfn):
        """The frame's bytes are all there."""
        return pfn in self.full or pfn in self.parts


class Expect:
    def __init__(self, machine, segs):
        self.m = machine
        self.cover = Coverage(segs, machine.page)
        header = machine.fx.fadump
        if header and header.known(segs):
            self.cover.add(header.paddr, header.size, True)
        self.present = sorted(self.cover.parts)
        self.max_mapnr = max(-(-(s.paddr + s.memsz) // machine.page)
                             for s in segs) if segs else 0
        self.kernel = S.Unit("kernel", 0, 1)
        self.named = self.named_pages()

    def named_pages(self):
        """Frames of the kernel image and of what VMCOREINFO names."""
        m = self.m
        pfns = {p for p, kind in m.alloc_kind.items() if kind == "image"}
        if m.layout.kallsyms and m.fx.flag("kallsyms"):
            # the image's own symbol table tells what was freed of it
            for first, end in kallsyms.freed(m):
                pfns -= set(range(first, end))
        elif m.fx.flag("pti"):
            # the page tables do, all but .brk
            for first, end in kallsyms.freed(m, 3):
                pfns -= set(range(first, end))
        for name, vaddr in m.symbols.items():
            if "SYMBOL(%s)=" % name not in m.vmcoreinfo.decode("latin-1"):
                continue
            paddr = m.arch.translate(m, vaddr)
            if paddr is not None:
                pfns.add(paddr // self.m.page)
        return pfns

    def unit(self, pfn):
        return self.m.units.get(pfn, self.kernel)

    def struct_page_there(self, pfn):
        paddr = self.m.page_paddr(pfn)
        return paddr is not None and self.cover.readable(paddr // self.m.page)

    def judged(self, pfn):
        """The level bits that may leave the frame out, 0 for none, and
        whether it is kept at those: True, False, or None where either is
        right."""
        if pfn not in self.m.units:
            return 0, True      # plain kernel memory
        unit = self.unit(pfn)
        if unit.kind == "offline" and self.struct_page_there(pfn):
            return S.ALWAYS, False      # never to be touched
        if pfn in self.named and pfn not in unit.poisoned:
            return 0, True
        drop = S.ALWAYS if pfn in unit.poisoned else unit.drop
        if not drop:
            return 0, True
        if pfn in unit.poisoned and pfn != unit.first:
            return drop, not self.struct_page_there(pfn)
        if not self.struct_page_there(unit.first):
            return drop, True
        return drop, False if self.struct_page_there(pfn) else None

    def write(self, out):
        m, fx = self.m, self.m.fx
        with open(out + ".expect", "w", encoding="utf-8") as file:
            print("verdict", fx["expect"], file=file)
            if fx.flag("log_broken"):
                print("log broken", file=file)
            print("max_mapnr %x" % self.max_mapnr, file=file)
            print("present", pack(self.present), file=file)
            print("zero", pack(self.zero_pages()), file=file)
            print("free %x" % fx.num("free_pages", m.free_pages), file=file)
            alike = {}          # judged(): its frames
            for pfn in self.present:
                alike.setdefault(self.judged(pfn), []).append(pfn)
            for level in LEVELS:
                keep, maybe, bits = [], [], level | S.ALWAYS
                for (drop, answer), pfns in alike.items():
                    if answer is None and drop & bits:
                        maybe += pfns
                    elif answer or not drop & bits:
                        keep += pfns
                extra = {p for l, a, b in fx.maybe if l in (level, -1)
                         for p in range(a + m.base_pfn, b + m.base_pfn + 1)}
                if extra:
                    keep = set(keep) - extra
                    maybe = extra.intersection(self.present).union(maybe)
                print("keep", level, pack(sorted(keep)), file=file)
                if maybe:
                    print("maybe", level, pack(sorted(maybe)), file=file)
        self.write_truth(out + ".truth")
        with open(out + ".log", "w", encoding="utf-8") as file:
            for item in m.log.entries:
                item = dict(item, text=item["text"].decode("latin-1"))
                json.dump(item, file)
                file.write("\n")

    def zero_pages(self):
        held = self.m.mem.nonzero()
        for pfn in self.present:
            if pfn not in held or pfn not in self.cover.full and \
                    self.cover.content(self.m.mem, pfn) == self.m.mem.zero:
                yield pfn

    def write_truth(self, path):
        with open(path, "w", encoding="utf-8") as file:
            last = None
            for pfn in self.present + [None]:
                word = None
                if pfn is not None and pfn not in self.m.units \
                        and pfn not in self.named:
                    word = self.m.alloc_kind.get(pfn, "kernel")
                elif pfn is not None:
                    unit = self.unit(pfn)
                    kind = unit.kind if pfn in self.m.units \
                        else self.m.alloc_kind.get(pfn, "kernel")
                    word = " ".join(x for x in (
                        kind, unit.note,
                        "poisoned" if pfn in unit.poisoned else "",
                        "named" if pfn in self.named else "") if x)
                if last and (pfn is None or pfn != last[1] + 1
                             or word != last[2]):
                    print("%x-%x %s" % last, file=file)
                    last = None
                if pfn is not None:
                    last = (last[0] if last else pfn, pfn, word)
