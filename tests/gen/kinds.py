# SPDX-License-Identifier: GPL-2.0-or-later
"""From a 'pages' statement to struct pages and units: one function a kind.

Each function puts the struct pages of one unit and answers the level bits
that leave it out.  page is the Pages statement, pfn the unit's first frame,
order its order.
"""

import structpage as S


def _lru(enc, pfn, *flags):
    return enc.l.mask("uptodate", *flags), dict(
        w1=enc.vaddr_of(pfn) + enc.l.lru, w2=enc.vaddr_of(pfn) + enc.l.lru)


def kernel(enc, page, pfn, order):
    enc.put(pfn)
    if order:
        enc.compound(pfn, order)
    return 0


def reserved(enc, page, pfn, order):
    enc.put(pfn, enc.l.mask("reserved"))
    return 0


def table(enc, page, pfn, order):
    # pt_mm at index, a lock in private: include/linux/mm_types.h ptdesc
    enc.put(pfn, mapcount=enc.l.types["table"], index=enc.mapping + 0x1000,
            private=0x101)
    return 0


def guard(enc, page, pfn, order):
    enc.put(pfn, mapcount=enc.l.types["guard"])
    return 0


def typed(enc, page, pfn, order):
    """type=0xNN: any page type byte, with low bits, and whatever else
    the statement sets: a typed page is the kernel's."""
    enc.put(pfn, mapcount=int(page.get("type"), 0))
    return 0


def slab(enc, page, pfn, order):
    lay = enc.l
    mapcount = lay.types.get("slab", 0xffffffff)
    flags = lay.mask("slab") if "slab" in lay.bits else 0
    if lay.compound == "dtor":
        # 5.10: slab_cache lies where mapping does; 6.1: slab_list
        enc.put(pfn, flags, w1=enc.poison1, w2=enc.poison2,
                mapping=enc.mapping + 0x40, index=enc.mapping + 0x2000,
                private=0x80100010)
    else:
        # since 6.2 a partial slab's count of slabs lies in the mapping word
        enc.put(pfn, flags, w1=enc.mapping + 0x40, w2=enc.mapping + 0x80, mapping=3,
                index=enc.mapping + 0x2000, private=0x80100010)
    enc.fields(pfn, mapcount=mapcount)
    if order:
        enc.compound(pfn, order)
    return 0


def buddy(enc, page, pfn, order):
    """Only the head of a free block says so; private is its order.
    bad_order=N: nonsense there, so that the block cannot be believed.
    stale: what the pages behind the head were before, for a filter that
    does not skip the block as one."""
    stale = page.get("stale", "0") != "0"
    for i in range(1, 1 << order):
        enc.put(pfn + i, refcount=0, private=(pfn + i) % 7 if stale else 0)
        if page.get("stale") == "buddy" and i == 1:
            # a merged block's old head: type cleared, order kept
            enc.fields(pfn + i, private=order - 1)
    bad = page.get("bad_order")
    enc.put(pfn, w1=enc.poison1, w2=enc.poison2, refcount=0,
            private=int(bad, 0) if bad else order,
            mapcount=enc.l.types["buddy"])
    return 0 if bad else S.FREE


def pcp(enc, page, pfn, order):
    """Free, but on a CPU's list: nothing in the struct page says it."""
    enc.put(pfn, w1=enc.poison1, w2=enc.poison2, refcount=0)
    return 0


def unaccepted(enc, page, pfn, order):
    for i in range(1, 1 << order):
        enc.put(pfn + i, refcount=0)
    enc.put(pfn, w1=enc.poison1, w2=enc.poison2, refcount=0,
            mapcount=enc.l.types["unaccepted"])
    # exported since 6.16 (c1a9301 of makedumpfile): 6.12 cannot be told
    return S.FREE if enc.l.name == "7.2" else 0


def anon(enc, page, pfn, order, low=S.ANON):
    names = ["swapbacked", "referenced"]
    if page.get("nolru", "0") == "0":
        names += ["lru", "active"]
    if page.get("private", "0") != "0":
        names.append("private")
    if page.get("swapcache", "0") != "0":
        names.append("swapcache")
    if page.get("mlocked", "0") != "0":
        names += ["mlocked", "unevictable"]
    flags, words = _lru(enc, pfn, *names)
    enc.put(pfn, flags, mapping=enc.mapping | low, index=0x7f1234567, mapcount=0,
            **words)
    if order:
        enc.compound(pfn, order, rmappable=True)
    return S.USER


def ksm(enc, page, pfn, order):
    return anon(enc, page, pfn, order, S.KSM)


def cache(enc, page, pfn, order):
    names = ["lru", "referenced"]
    private = page.get("private", "0") != "0"
    if private:
        names.append("private")
    if page.get("dirty", "0") != "0":
        names.append("dirty")
    flags, words = _lru(enc, pfn, *names)
    enc.put(pfn, flags, mapping=enc.mapping, index=pfn & 0xff,
            private=enc.mapping + 0x68 if private else 0, **words)
    if order:
        enc.compound(pfn, order, rmappable=True)
    return S.CACHE_PRIVATE if private else S.CACHE | S.CACHE_PRIVATE


def swapcache(enc, page, pfn, order):
    """shmem's page in the swap cache, not (yet) on a list."""
    flags, words = _lru(enc, pfn, "swapcache", "swapbacked")
    enc.put(pfn, flags, private=0x1234, **words)
    return S.CACHE | S.CACHE_PRIVATE


def hugetlb(enc, page, pfn, order):
    flags, words = _lru(enc, pfn, "referenced")
    low = S.ANON if page.get("anon", "0") != "0" else 0
    enc.put(pfn, flags, mapping=enc.mapping + 0x100 | low, **words)
    enc.compound(pfn, order, hugetlb=True)
    return S.USER


def offline(enc, page, pfn, order):
    """Ballooned, or plugged out of a virtio-mem device."""
    enc.put(pfn, mapcount=enc.l.types["offline"])
    return S.ALWAYS


def hwpoison(enc, page, pfn, order):
    enc.put(pfn, enc.l.mask("hwpoison"))
    return S.ALWAYS


def zsmalloc(enc, page, pfn, order):
    if "zsmalloc" in enc.l.types:
        # the owner keeps an offset in the low 24 bits: mm/zpdesc.h
        enc.put(pfn, enc.l.mask("private"), mapping=enc.mapping | S.MOVABLE,
                mapcount=enc.l.types["zsmalloc"] | pfn & 0xfff)
    else:
        enc.put(pfn, enc.l.mask("private"), mapping=enc.mapping | S.MOVABLE)
    return 0


def large_kmalloc(enc, page, pfn, order):
    enc.put(pfn)
    if order:
        enc.compound(pfn, order)
    if "large_kmalloc" in enc.l.types:
        enc.fields(pfn, mapcount=enc.l.types["large_kmalloc"])
    return 0


def movable(enc, page, pfn, order):
    """A driver's page that can migrate: mapping is not an address_space."""
    enc.put(pfn, mapping=enc.mapping | S.MOVABLE)
    return 0


vmalloc = stack = module = percpu = kernel

TABLE = {name: fn for name, fn in globals().items()
         if name in S.KINDS and callable(fn)}


def place(enc, page):
    """All units of a statement; the caller checks for overlaps."""
    kind, alias = page.kind, {"thp": "anon", "ballooned": "offline"}
    arch = enc.arch
    if kind == "hwpoison" and not arch.HWPOISON:
        kind = "kernel"
    order = {"hugetlb": arch.huge_order, "thp": arch.huge_order,
             "unaccepted": arch.nr_page_orders - 1}.get(kind, 0)
    order = int(page.get("order", order))
    kind = alias.get(kind, kind)
    if kind not in TABLE:
        raise SystemExit("line %d: kind %s is not known" % (page.line, kind))
    if page.first & (1 << order) - 1 or \
            (page.last + 1 - page.first) & (1 << order) - 1:
        raise SystemExit("line %d: pages are not aligned to order %d"
                         % (page.line, order))
    if kind in ("unaccepted", ) and kind not in enc.l.types:
        raise SystemExit("line %d: %s has no %s pages"
                         % (page.line, enc.l.name, kind))
    units = []
    for pfn in range(page.first, page.last + 1, 1 << order):
        drop = TABLE[kind](enc, page, pfn, order)
        poisoned = []
        for word in page.get("poison", "").split(","):
            if not word or not arch.HWPOISON:
                continue
            if int(word, 0) >> order:
                raise SystemExit("line %d: frame %s is behind its unit"
                                 % (page.line, word))
            enc.or_flags(pfn + int(word, 0), "hwpoison")
            poisoned.append(pfn + int(word, 0))
        if pfn in poisoned and (not order or kind == "hugetlb"):
            # of a huge page the head is marked for any of its frames
            drop |= S.ALWAYS
        fields = {k[4:]: int(v, 0) for k, v in page.attrs.items()
                  if k.startswith("raw_")}
        enc.fields(pfn, **fields)
        if page.get("keep", "0") != "0":
            drop = 0
        units.append(S.Unit(kind, pfn, 1 << order, drop, poisoned,
                            "private" if page.get("private") else ""))
    return units
