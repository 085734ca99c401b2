#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints PASS and FAIL for what VMCOREINFO and capdump's triage say, beside what
drgn saw. usage: compare.py TRIAGE LOOK STRUCK REPORT"""
import json
import re
import sys

COMPRESSED = 'zsmalloc'
KINDS = ['CPU', 'memory', 'PCI', 'CXL', 'other']
WORD = (1 << 64) - 1


def claim(text, holds, seen):
    print('PASS ' + text if holds else 'FAIL %s: %s' % (text, seen))


def compare_types(said, number, look, pages):
    names, types = look['names'], {int(k): v for k, v in look['types'].items()}
    for name in ('table', 'guard', COMPRESSED, 'large_kmalloc',
                 'mapcount_underflow'):
        name = 'PGTY_' + name
        claim(name, number(name) == names[name], number(name))
    shift = number('PAGE_TYPE_SHIFT')
    claim('PAGE_TYPE_SHIFT: the exported values are the types',
          all(number('PAGE_%s_MAPCOUNT_VALUE' % n.upper()) % (1 << 32) >> shift
              == names['PGTY_' + n] for n in
              ('slab', 'buddy', 'hugetlb', 'offline')), shift)
    told = {names['PGTY_' + re.sub('_MAPCOUNT_VALUE|PAGE_', '', k[7:-1]).lower()]
            for k in said if re.match(r'NUMBER\(PAGE_\w+_MAPCOUNT', k)} | \
        {number(k[7:-1]) for k in said if k.startswith('NUMBER(PGTY_')}
    claim('every page type in the dump is exported', types and
          set(types) <= told, (sorted(types), sorted(told)))
    print('    types: %s' % {hex(k): v for k, v in sorted(types.items())})

    tables = pages['page_tables']
    claim('capdump counts the page tables that drgn sees, and keeps them',
          0 < tables['kept'] == tables['present'] ==
          types.get(names['PGTY_table']), (tables, types))
    # drgn saw their first pages
    large = pages['large_kmalloc']
    claim('and the large kmalloc pages', large['kept'] == large['present'] >=
          2 * types.get(names['PGTY_large_kmalloc'], 0), (large, types))


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        triage = json.load(file)
    with open(sys.argv[2], encoding='utf-8') as file:
        look = json.load(file)
    with open(sys.argv[3], encoding='ascii') as file:
        struck = int(file.read())
    with open(sys.argv[4], encoding='utf-8') as file:
        pages = json.load(file)['pages']
    said = dict(line.split('=', 1) for line in
                triage['vmcoreinfo'].splitlines() if '=' in line)

    def number(name, kind='NUMBER', base=10):
        return int(said.get('%s(%s)' % (kind, name), '-1'), base)

    mask = number('SECTION_MAP_MASK')
    claim("SECTION_MAP_MASK leaves out the kernel's flags",
          mask == -1 << look['flags'], (mask, look['flags']))
    maps = look['maps']
    claim('sections have the sixth flag', any(m & look['preinit']
                                              for m in maps), maps[:40])
    claim('by SECTION_MAP_MASK all sections lead to the memmap',
          maps and all(m & mask & WORD == look['memmap'] for m in maps),
          (maps[:40], look['memmap']))
    claim('a mask of five flags does not', any(
        m & ~0x1f & WORD != look['memmap'] for m in maps), maps[:40])

    tails = look['tails']
    claim('COMPOUND_INFO_HAS_MASK: all tails hold masks',
          number('COMPOUND_INFO_HAS_MASK') == 1 and
          tails.get('mask', 0) > 262144 and not tails.get('pointer'), tails)
    claim('by these they lead to a head', not tails.get('astray', 0), tails)
    print('    tails: %s' % tails)

    compare_types(said, number, look, pages)
    layout = [number('hwerr_info', 'SIZE'),
              number('hwerr_info.count', 'OFFSET'),
              number('hwerr_info.timestamp', 'OFFSET')]
    claim('SYMBOL(hwerr_data)', number('hwerr_data', 'SYMBOL', 16) ==
          look['hwerr_data'], said.get('SYMBOL(hwerr_data)'))
    claim("hwerr_info's layout", layout == look['hwerr_info'] and
          number('hwerr_data', 'LENGTH') == look['kinds'], layout)
    errors = triage['hardware_errors'] or []
    claim('capdump tells the errors that drgn sees',
          [[e['kind'], e['count'], e['last'] or 0] for e in errors] ==
          [[k, *e] for k, e in zip(KINDS, look['errors'])],
          (errors, look['errors']))
    other = next((e for e in errors if e['kind'] == 'other'), {'count': 0})
    claim('and they are the three machine checks', other['count'] == 3 and
          0 <= struck - other['last'] < 60, (errors, struck))
    size = len(look['text'].rstrip('\0'))
    claim('VMCOREINFO fits its page', 'CRASHTIME' in said and size < 4096,
          size)
    print('    VMCOREINFO: %d bytes' % size)


main()
