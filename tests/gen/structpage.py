# SPDX-License-Identifier: GPL-2.0-or-later
"""struct page, as the modelled kernel would have it, for each kind of page;
and which dump levels leave the kind out.

A 'pages' statement becomes units: a unit is what is judged as one, a
compound page, a free block, or a single frame.  The rules are makedumpfile's
(its manual page, and the order of tests described in CONSUMERS), with the
differences that tests/fixtures/README lists.
"""

import layouts as L

ANON, MOVABLE, KSM = 1, 2, 3            # low bits of page.mapping

# level bits
ZERO, CACHE, CACHE_PRIVATE, USER, FREE, ALWAYS = 1, 2, 4, 8, 16, 32

KINDS = ("kernel reserved table guard slab buddy pcp anon ksm cache swapcache "
         "hugetlb offline hwpoison unaccepted zsmalloc large_kmalloc movable "
         "vmalloc stack module percpu typed image pagetable memmap "
         "device").split()


class Unit:
    """first, nr: its frames.  drop: level bits any of which leaves it out
    (ALWAYS: every level).  poisoned: frames left out by themselves."""
    __slots__ = ("kind", "first", "nr", "drop", "poisoned", "note")

    def __init__(self, kind, first, nr, drop=0, poisoned=(), note=""):
        self.kind, self.first, self.nr = kind, first, nr
        self.drop, self.poisoned, self.note = drop, frozenset(poisoned), note


class PageArrays:
    """The memmap before it goes to physical memory: one bytearray for each
    memory section, or a single one (flat)."""

    def __init__(self, pages_per_array, page_size, first=0):
        self.per = pages_per_array
        self.first = first              # frame
        self.size = page_size           # of struct page
        self.arrays = {}

    def add(self, index):
        self.arrays[index] = bytearray(self.per * self.size)

    def place(self, pfn):
        """The array, and its element."""
        return divmod(pfn - self.first, self.per)

    def slot(self, pfn):
        index, at = self.place(pfn)
        return self.arrays.get(index), at * self.size


class Encoder:
    """Fills the arrays.  vaddr_of(pfn): address of that struct page."""

    def __init__(self, arch, layout, arrays, flag_base, vaddr_of):
        self.arch = arch
        self.words = arch.words
        self.l = layout
        self.arrays = arrays
        self.flag_base = flag_base      # pfn -> node and zone bits
        self.vaddr_of = vaddr_of
        # compound_info_has_mask(): of a size that is a power of two
        self.mask_tails = arch.fx.num("mask_tails", int(arch.MASK_TAILS)) \
            and not layout.page_size & layout.page_size - 1
        self.mapping = arch.MAPPING or arch.page_offset + 0x3456780
        # include/linux/poison.h
        self.poison1, self.poison2 = arch.POISON + 0x100, arch.POISON + 0x122
        self.tail_mapping = arch.POISON + 0x400

    def put(self, pfn, flags=0, w1=0, w2=0, mapping=0, index=0, private=0,
            mapcount=0xffffffff, refcount=1):
        buf, at = self.arrays.slot(pfn)
        if buf is None:
            return
        mask = self.words.mask
        self.words.pack_into(
            "6LII", buf, at, flags | self.flag_base(pfn), w1 & mask,
            w2 & mask, mapping & mask, index & mask, private & mask,
            mapcount & 0xffffffff, refcount & 0xffffffff)
        if self.l.page_size > self.l.memcg:
            self.words.pack_into("L", buf, at + self.l.memcg, 0)

    def fields(self, pfn, **values):
        """Overwrites fields of one struct page, by name."""
        lay = self.l
        where = {"flags": ("L", lay.page_flags), "head": ("L", lay.head),
                 "w2": ("L", 2 * lay.lru), "mapping": ("L", lay.mapping),
                 "index": ("L", lay.index), "private": ("L", lay.private),
                 "mapcount": ("I", lay.mapcount),
                 "refcount": ("I", lay.refcount),
                 "dtor": ("B", lay.dtor), "order": ("B", lay.order)}
        buf, at = self.arrays.slot(pfn)
        if buf is None:
            return
        for name, value in values.items():
            form, off = where[name]
            size = self.words.sizeof(form)
            self.words.pack_into(form, buf, at + off,
                                 value & (1 << 8 * size) - 1)

    def or_flags(self, pfn, *names):
        buf, at = self.arrays.slot(pfn)
        if buf is not None:
            old = self.words.unpack_from("L", buf, at)[0]
            self.words.pack_into("L", buf, at, old | self.l.mask(*names))

    # ---- compound pages ---------------------------------------------------
    def tail_info(self, head, order):
        """The word that makes a page a tail: pointer|1, or since 7.1
        mask|1 (page-flags.h set_compound_head)."""
        if self.l.name == "7.2" and self.mask_tails:
            shift = order + self.l.page_size.bit_length() - 1
            return (~0 << shift & self.words.mask) | 1
        return self.vaddr_of(head) | 1

    def compound(self, head, order, hugetlb=False, rmappable=False):
        """Turns frames head .. head + 2^order - 1, already put, into one
        compound page: head flag, tails, order, destructor."""
        self.or_flags(head, "head")
        info = self.tail_info(head, order)
        for pfn in range(head + 1, head + (1 << order)):
            self.put(pfn, w1=info, mapping=self.tail_mapping, refcount=0)
        one = head + 1
        if self.l.compound in ("dtor", "folio_dtor"):
            dtor = L.HUGETLB_PAGE_DTOR if hugetlb else 3 if rmappable else 1
            buf, at = self.arrays.slot(one)
            if buf is not None:
                self.words.pack_into("BBHiI", buf, at + self.l.dtor, dtor,
                                     order, 0, -1, 1 << order)
        else:
            buf, at = self.arrays.slot(one)
            if buf is not None:
                flags = self.words.unpack_from("L", buf, at)[0] | order
                if hugetlb and self.l.compound == "flags1":
                    flags |= self.l.mask("active")      # PG_hugetlb
                if rmappable:
                    flags |= self.l.mask("workingset")  # PG_large_rmappable
                # _entire_mapcount -1: an int where mapping is
                self.words.pack_into("LLLii", buf, at, flags, info, 0, -1, 0)
        if order > 1:
            # _deferred_list: pointers, where mapping is in other pages
            at = self.vaddr_of(head + 2) + 2 * self.l.lru
            self.fields(head + 2, w2=at, mapping=at)
        if hugetlb and "hugetlb" in self.l.types:
            self.fields(head, mapcount=self.l.types["hugetlb"])

    def untail(self, pfn):
        self.put(pfn)
