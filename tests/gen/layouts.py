# SPDX-License-Identifier: GPL-2.0-or-later
"""What each modelled kernel's memory management looks like: page flag
bits, page types, compound encodings, structure sizes, VMCOREINFO keys.

Sources, by release (Debian x86_64 configurations, 64-byte struct page):
 5.10, 6.1   kernel/crash_core.c, include/linux/page-flags.h, and pahole on
             the distribution's kernel (5.10.223, 6.1.176)
 6.4         as 6.1 with folio._folio_dtor and _folio_order
 6.6         kernel/crash_core.c after 9c5ccf2db04b ("remove
             HUGETLB_PAGE_DTOR") and ebc1baf5c9b4 (order in _flags_1)
 6.9         kernel/vmcore_info.c after d99e3140a4d3 (hugetlb is a page
             type); vmap_area_list gone (55c49fee57af), vmemmap exported
 6.12, 7.2   kernel/vmcore_info.c, pahole (6.12.107, 7.2.13); the key lists
             were compared with real VMCOREINFO notes of 6.1, 6.12 and 7.2
Structure offsets of 6.6 and 6.9, which no archive still carries as a
binary, are those of 6.1 and 6.12: VMCOREINFO carries them anyway.
"""

# enum pageflags, bit 0 first.  CONFIG_MEMORY_FAILURE and CONFIG_MMU are on.
_FLAGS_5_10 = ("locked referenced uptodate dirty lru active workingset "
               "waiters error slab owner_priv_1 arch_1 reserved private "
               "private_2 writeback head mappedtodisk reclaim swapbacked "
               "unevictable mlocked uncached hwpoison").split()
_FLAGS_6_6 = ("locked writeback referenced uptodate dirty lru head waiters "
              "active workingset error slab owner_priv_1 arch_1 reserved "
              "private private_2 mappedtodisk reclaim swapbacked "
              "unevictable mlocked uncached hwpoison").split()
_FLAGS_6_11 = [f for f in _FLAGS_6_6 if f != "slab"]
_FLAGS_6_12 = ("locked writeback referenced uptodate dirty lru head waiters "
               "active workingset owner_priv_1 owner_2 arch_1 reserved "
               "private private_2 reclaim swapbacked unevictable mlocked "
               "hwpoison").split()
_FLAGS_7_2 = ("locked writeback referenced uptodate dirty lru head waiters "
              "active workingset owner_priv_1 owner_2 arch_1 reserved "
              "private private_2 reclaim swapbacked unevictable dropbehind "
              "mlocked hwpoison").split()

# Page types, as the 32-bit value of _mapcount/page_type.
# Before 6.12: 0xffffffff with the type's bit cleared.
_TYPES_5_10 = {"buddy": ~0x80, "offline": ~0x100, "table": ~0x400,
               "guard": ~0x800}
_TYPES_6_1 = {"buddy": ~0x80, "offline": ~0x100, "table": ~0x200,
              "guard": ~0x400}
_TYPES_6_9 = dict(_TYPES_6_1, hugetlb=~0x800)
# 6.10: slab became a type (46df8e73a4a3); 6.11: the bits moved up, so that
# owners may use the low 16 bits, and zsmalloc does.
_TYPES_6_11 = {"buddy": ~0x40000000, "offline": ~0x20000000,
               "table": ~0x10000000, "guard": ~0x08000000,
               "hugetlb": ~0x04000000, "slab": ~0x02000000,
               "zsmalloc": 0xfeff0000}
# 6.12: PGTY_x << 24.
_TYPES_6_12 = {"buddy": 0xf0 << 24, "offline": 0xf1 << 24,
               "table": 0xf2 << 24, "guard": 0xf3 << 24,
               "hugetlb": 0xf4 << 24, "slab": 0xf5 << 24,
               "zsmalloc": 0xf6 << 24, "unaccepted": 0xf7 << 24}
_TYPES_7_2 = dict(_TYPES_6_12, large_kmalloc=0xf8 << 24)


class Layout:
    """One release.  Attributes are the keys of RELEASES below plus:
    bit(name): the page flag's number; mask(names): flags or'ed."""

    def __init__(self, name, table, word, page_size):
        self.name = name
        self.word = word                # bytes of a long
        self.page_size = page_size or 8 * word      # of struct page
        self.__dict__.update(table)
        self.__dict__.update(struct_page(word))
        if word == 4:
            self.__dict__.update(NODE_32)
        self.bits = {n: i for i, n in enumerate(self.flags)}
        self.types = {k: v & 0xffffffff for k, v in self.types.items()}
        # PG_swapcache has no bit of its own: page-flags.h
        self.bits["swapcache"] = self.bits["owner_priv_1"]

    def more_orders(self, count):
        """Zones with more free lists than the 11 of the tables below."""
        if count > 0:
            more = (count * self.free_area_size + 63) & ~63
            self.vm_stat += more
            self.zone_size += more
            for name in ("pgdat_size", "nr_zones", "start_pfn", "span_pages",
                         "node_id"):
                setattr(self, name, getattr(self, name) + 5 * more)

    def bit(self, name):
        return self.bits[name]

    def mask(self, *names):
        value = 0
        for name in names:
            value |= 1 << self.bits[name]
        return value

    @property
    def typed(self):
        """Every type fits the top byte (6.12 and later)."""
        return "slab" in self.types


# compound: where order and hugetlb are told, for a compound page:
#   dtor   page[1].compound_dtor / compound_order (u8 each)
#   folio_dtor  the same bytes, by another name in VMCOREINFO
#   flags1 order in the low byte of page[1].flags, PG_hugetlb beside it
#   type   order in the low byte of page[1].flags, hugetlb is a page type
RELEASES = {
    "5.10": dict(
        release="5.10.223-test-amd64", flags=_FLAGS_5_10, types=_TYPES_5_10,
        compound="dtor", uts_name=4, uts_exported=False, vmap_area=True,
        vmalloc_start=False, vmemmap_exported=False, kallsyms=(),
        zone_size=1472, vm_stat=1280, zone_start=104, spanned=120,
        zone_name=136, pgdat_size=171968, nr_zones=171232, start_pfn=171240,
        span_pages=171256, node_id=171264, free_area=192, free_area_size=88,
        migrate_types=5, prb_size=80, text_ring=40, prb_fail=72,
        desc_ring_size=40, info_size=88, dev_info=24, latched=False,
        offline_needs_hugetlb=True),
    "6.1": dict(
        release="6.1.176-test-amd64", flags=_FLAGS_5_10, types=_TYPES_6_1,
        compound="dtor", uts_name=0, uts_exported=True, vmap_area=True,
        vmalloc_start=False, vmemmap_exported=False,
        kallsyms=("names num_syms token_table token_index offsets "
                  "relative_base").split(),
        zone_size=1536, vm_stat=1344, zone_start=128, spanned=144,
        zone_name=168, pgdat_size=174208, nr_zones=171552, start_pfn=171560,
        span_pages=171576, node_id=171584, free_area=256, free_area_size=88,
        migrate_types=5, prb_size=88, text_ring=48, prb_fail=80,
        desc_ring_size=48, info_size=88, dev_info=24, latched=True,
        offline_needs_hugetlb=True),
}
# 6.3 to 6.5: the first tail page's members are struct folio's (1c5509be58f6)
RELEASES["6.4"] = dict(
    RELEASES["6.1"], release="6.4.16-test-amd64", compound="folio_dtor")
RELEASES["6.6"] = dict(
    RELEASES["6.1"], release="6.6.13-test-amd64", flags=_FLAGS_6_6,
    compound="flags1")
# stable 6.8.9 took d99e3140a4d3 (hugetlb is a page type)
RELEASES["6.8"] = dict(
    RELEASES["6.6"], release="6.8.12-test-amd64", types=_TYPES_6_9,
    compound="type", offline_needs_hugetlb=False)
RELEASES["6.9"] = dict(
    RELEASES["6.1"], release="6.9.12-test-amd64", flags=_FLAGS_6_6,
    types=_TYPES_6_9, compound="type", vmap_area=False, vmalloc_start=True,
    vmemmap_exported=True, offline_needs_hugetlb=False,
    zone_start=144, spanned=160, zone_name=184)
RELEASES["6.11"] = dict(
    RELEASES["6.9"], release="6.11.11-test-amd64", flags=_FLAGS_6_11,
    types=_TYPES_6_11)
RELEASES["6.12"] = dict(
    RELEASES["6.9"], release="6.12.107-test-amd64", flags=_FLAGS_6_12,
    types=_TYPES_6_12, pgdat_size=174464)
RELEASES["7.2"] = dict(
    RELEASES["6.12"], release="7.2.13-test-amd64", flags=_FLAGS_7_2,
    types=_TYPES_7_2,
    kallsyms="names num_syms token_table token_index offsets".split(),
    zone_size=1856, vm_stat=1536, zone_name=192, pgdat_size=176256,
    nr_zones=173152, start_pfn=173160, span_pages=173176, node_id=173184,
    free_area_size=104, migrate_types=6, info_size=112, dev_info=44)



def struct_page(word):
    """Offsets in struct page, the same in all of them (pahole), in longs:
    flags, a union of five, then two ints. 64 bytes, without the last word,
    memcg_data, where there are no cgroups and nothing wants it aligned; 32
    where a long has 4 bytes. dtor and order: of page[1], up to 6.4 only."""
    return dict(page_flags=0, head=word, lru=word, mapping=3 * word,
                index=4 * word, private=5 * word, mapcount=6 * word,
                refcount=6 * word + 4, memcg=6 * word + 8, dtor=2 * word,
                order=2 * word + 1)


# Nodes and zones with longs of 4 bytes: VMCOREINFO tells all of it.
NODE_32 = dict(
    zone_size=1024, vm_stat=768, zone_start=64, spanned=72, zone_name=92,
    free_area=128, free_area_size=52, pgdat_size=8192, nr_zones=6144,
    start_pfn=6148, span_pages=6156, node_id=6160, prb_size=48, text_ring=24,
    prb_fail=40, desc_ring_size=24)

HUGETLB_PAGE_DTOR = 2


def get(name, arch, page_size=None):
    if name not in RELEASES:
        raise ValueError("kernel %s: known are %s"
                         % (name, ", ".join(RELEASES)))
    layout = Layout(name, RELEASES[name], arch.words.size,
                    page_size or arch.PAGE_STRUCT)
    layout.more_orders(arch.nr_page_orders - 11)
    return layout
