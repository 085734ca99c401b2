#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts the bytes of VMCOREINFO, which Linux cuts off at a page: those that
kernels have, and what the series here add. usage: count_vmcoreinfo.py FILE...

FILE: whatever holds the text: a vmcore, a machine's memory, the text itself.
Prints a line of a Markdown table for each: what the kernel has (with CRASHTIME,
which comes at the crash), what series D adds, what C may add at most, and what
is left of the page then."""
import mmap
import re
import sys

MOST_OF_C = 200     # README.md, C: at most
CRASHTIME = "CRASHTIME=1795338904\n"
# kernel/vmcore_info.c with series D, in the order of its patches. A line's length
# depends on the kernel in the address, and on 32-bit machines in the layout.
D_SPARSE = "NUMBER(SECTION_MAP_MASK)=-64\n"
D = """NUMBER(COMPOUND_INFO_HAS_MASK)=1
NUMBER(PAGE_TYPE_SHIFT)=24
NUMBER(PGTY_table)=242
NUMBER(PGTY_guard)=243
NUMBER(PGTY_zsmalloc)=246
NUMBER(PGTY_large_kmalloc)=248
NUMBER(PGTY_mapcount_underflow)=255
SYMBOL(hwerr_data)=%s
LENGTH(hwerr_data)=5
SIZE(hwerr_info)=16
OFFSET(hwerr_info.count)=0
OFFSET(hwerr_info.timestamp)=8
"""
D_LOONGARCH = "KERNELOFFSET=%s\n" % ("0" * 8)   # RANDOMIZE_BASE_MAX_OFFSET


def find(path):
    """The longest text that begins as VMCOREINFO does: there may be a note, the
    page that it is made from, and what was printed of it."""
    best = b""
    with open(path, "rb") as file, \
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for match in re.finditer(
                rb"OSRELEASE=[^\n\0]+\n(?:[A-Z0-9a-z_-]+[(=][^\n\0]*\n)+", data):
            if b"PAGESIZE=" in match[0] and len(match[0]) > len(best):
                best = match[0]
    if not best:
        sys.exit("%s: no VMCOREINFO" % path)
    return best.decode()


def added(text):
    """What series D adds to this kernel's."""
    if "NUMBER(PAGE_TYPE_SHIFT)" in text:
        return 0
    address = re.search(r"^SYMBOL\(init_uts_ns\)=(\w+)$", text, re.M)[1]
    lines = D % address
    if "SYMBOL(mem_section)" in text:
        lines += D_SPARSE
    if "KERNELOFFSET=" not in text:     # loongarch and 32-bit machines
        lines += D_LOONGARCH
    return len(lines)


def main():
    print("| kernel | page | has | D | C, at most | left |\n|---|---|---|---|---|---|")
    for path in sys.argv[1:]:
        text = find(path)
        have = len(text) + (0 if "\nCRASHTIME=" in text else len(CRASHTIME))
        page = int(re.search(r"^PAGESIZE=(\d+)$", text, re.M)[1])
        release = re.match(r"OSRELEASE=(.*)", text)[1]
        more = added(text)
        print("| %s | %d | %d | %s | %d | %d |" % (
            release, page, have, more or "in it", MOST_OF_C,
            page - have - more - MOST_OF_C))


if __name__ == "__main__":
    main()
