# SPDX-License-Identifier: GPL-2.0-or-later
"""What each frame was, by the kernel's own accounts.

Two witnesses: /proc/kpageflags as saved shortly before the panic (Flags) and
the struct pages at the panic as drgn and the debuginfo read them (Pages).
Both answer with one of the kinds below for each frame. Where they differ the
page changed hands in between. capdump's opinion plays no part here.
"""
import array
import json
import struct

KERNEL, FREE, CACHE, CACHE_PRIVATE, USER, POISON, OFFLINE, UNACCEPTED = range(8)
NAMES = ('kernel', 'free', 'cache', 'private cache', 'user', 'hwpoison',
         'offline', 'unaccepted')


def dropped_at(kind, level):
    """makedumpfile(8), dump level: does a page of this kind stay out?"""
    return (kind in (POISON, OFFLINE) or
            kind in (FREE, UNACCEPTED) and bool(level & 16) or
            kind == USER and bool(level & 8) or
            kind == CACHE and bool(level & 6) or
            kind == CACHE_PRIVATE and bool(level & 4))


class Flags:
    """Linux include/uapi/linux/kernel-page-flags.h and, from bit 32 on,
    include/linux/kernel-page-flags.h."""
    LRU, SLAB, BUDDY, ANON = 1 << 5, 1 << 7, 1 << 10, 1 << 12
    HEAD, TAIL, HUGE, HWPOISON = 1 << 15, 1 << 16, 1 << 17, 1 << 19
    NOPAGE, OFFLINE, PGTABLE = 1 << 20, 1 << 23, 1 << 26
    RESERVED, PRIVATE = 1 << 32, 1 << 35

    def __init__(self, path, swap=False):
        with open(path, 'rb') as f:
            self.raw = array.array('Q', f.read())
        if swap:		# of a machine of the other order of bytes
            self.raw.byteswap()
        self.kinds = []
        head = 0
        for flags in self.raw:
            if flags & self.TAIL:
                # a tail is what its head is, but for its own poison
                flags = head | flags & self.HWPOISON
            else:
                head = flags
            self.kinds.append(self.kind(flags))

    def kind(self, flags):
        if flags & self.HWPOISON:
            return POISON
        if flags & self.OFFLINE:
            return OFFLINE
        if flags & self.BUDDY:
            return FREE
        if flags & (self.SLAB | self.PGTABLE | self.RESERVED | self.NOPAGE):
            return KERNEL
        if flags & (self.HUGE | self.ANON):
            return USER
        if flags & self.LRU:
            return CACHE_PRIVATE if flags & self.PRIVATE else CACHE
        return KERNEL

    def is_tail(self, pfn):
        return pfn < len(self.raw) and bool(self.raw[pfn] & self.TAIL)

    def is_huge(self, pfn):
        return bool(self.raw[pfn] & self.HUGE)

    def must_stay(self, pfn):
        """Slab, page table or reserved, or not the kernel's at all."""
        return pfn >= len(self.raw) or self.raw[pfn] & (self.SLAB | self.PGTABLE | self.RESERVED)


class Pages:
    """The array drgn_pages.py or s390x_pages.py saved."""

    def __init__(self, stem):
        with open(stem + '.json') as f:
            self.json = json.load(f)
        with open(stem + '.bin', 'rb') as f:
            self.raw = f.read()
        field = self.json['fields']
        self.size = self.json['size']
        self.flags = self.words('Q', field['flags'])
        self.mapping = self.words('Q', field['mapping'])
        self.info = self.words('Q', field.get('compound_info',
                                              field.get('compound_head')))
        self.private = self.words('Q', field['private'])
        self.type = self.words('I', field['page_type'])
        self.types = self.json['types']
        self.bit = {n: 1 << v for n, v in self.json['flags'].items()}
        # Linux 6.1: slab and hugetlb are no page types yet
        self.old = not self.json['types_high']
        self.base = None
        self.find_kinds()

    def words(self, code, offset):
        view = memoryview(self.raw).cast(code)
        step = self.size // view.itemsize
        words = array.array(code, view[offset // view.itemsize::step].tolist())
        if self.json.get('order') == 'big':
            words.byteswap()
        return words.tolist()

    def is_tail(self, pfn):
        return pfn < len(self.info) and self.info[pfn] & 1 and \
            self.info[pfn] != (1 << 64) - 1

    def has_type(self, pfn, name):
        value, have = self.types.get(name), self.type[pfn]
        if value is None:
            return False
        if self.old:
            # Linux 6.1 page-flags.h PageType(): base bits set, one cleared
            bit = ~value & 0xffffffff
            return have & (0xf0000000 | bit) == 0xf0000000
        return have >> 24 == value >> 24

    def typed(self, pfn):
        """Has any page type, a kernel page by that."""
        have = self.type[pfn]
        if self.old:
            return have & 0xf0000000 == 0xf0000000 and \
                have < 0xffffff80 - 0 and have < 0xfffff000
        return 0xf0 <= have >> 24 < 0xff

    def is_slab(self, pfn):
        if 'PG_slab' in self.bit:
            return bool(self.flags[pfn] & self.bit['PG_slab'])
        return self.has_type(pfn, 'PGTY_slab')

    def waiters(self, pfn):
        """PG_waiters is the number that was PG_slab's, of a kernel that has
        no PG_slab, and the frame's page has it."""
        return 'PG_slab' not in self.bit and \
            self.bit.get('PG_waiters') == 1 << 7 and \
            bool(self.flags[self.heads[pfn]] & 1 << 7)

    def is_hugetlb(self, pfn):
        if not self.old:
            return self.has_type(pfn, 'PGTY_hugetlb')
        # Linux 6.1 mm.h: page[1].compound_dtor, HUGETLB_PAGE_DTOR is 2
        return bool(self.flags[pfn] & self.bit['PG_head']) and \
            pfn + 1 < len(self.flags) and \
            self.raw[(pfn + 1) * self.size + 16] == 2

    def head_kind(self, pfn):
        flags, bit = self.flags[pfn], self.bit
        if self.has_type(pfn, 'PGTY_buddy'):
            return FREE
        if self.has_type(pfn, 'PGTY_unaccepted'):
            return UNACCEPTED
        if self.has_type(pfn, 'PGTY_offline'):
            return OFFLINE
        if self.is_hugetlb(pfn):
            return USER
        if self.is_slab(pfn) or self.typed(pfn) or \
                flags & bit['PG_reserved']:
            return KERNEL
        if self.mapping[pfn] & 1:
            return USER
        if flags & bit['PG_lru'] or flags & bit['PG_swapcache'] and \
                flags & bit['PG_swapbacked']:
            return CACHE_PRIVATE if flags & bit['PG_private'] else CACHE
        return KERNEL

    def find_kinds(self):
        poison = self.bit.get('PG_hwpoison', 0)
        self.kinds, self.heads = [], []
        run, kind, head = 0, KERNEL, 0
        for pfn, flags in enumerate(self.flags):
            if flags == (1 << 64) - 1:
                self.kinds.append(KERNEL)	# no struct page here
                self.heads.append(pfn)
                run = 0
                continue
            if run:
                run -= 1
            elif not self.is_tail(pfn):
                head, kind = pfn, self.head_kind(pfn)
                if kind in (FREE, UNACCEPTED) and self.private[pfn] < 16:
                    order = self.private[pfn] if kind == FREE else 10
                    run = (1 << order) - 1
            self.heads.append(head)
            self.kinds.append(POISON if flags & poison else kind)
