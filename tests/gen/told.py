# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel says of itself with kernel-patches/d-vmcoreinfo: how to read
section_mem_map, tails and page types, and the hardware errors that it survived
(kernel/vmcore_info.c: struct hwerr_info, one for each enum hwerr_error_type)."""

KINDS = 5       # include/uapi/linux/vmcore.h: HWERR_RECOV_MAX
TYPES = ("table", "guard", "zsmalloc", "large_kmalloc")


def build(machine):
    """hwerr: COUNT@SECONDS for each kind."""
    if not machine.fx.flag("told"):
        return
    words = machine.fx["hwerr"].split(",") if machine.fx["hwerr"] else []
    data = b""
    for word in words + ["0@0"] * (KINDS - len(words)):
        count, _, last = word.partition("@")
        data += machine.words.pack("IIQ", int(count), 0, int(last))
    machine.symbol("hwerr_data", len(data), 64, data)


def memory_model(note, signed):
    m = note.m
    if m.fx.flag("told") and m.model != "flat":
        # mmzone.h: five flags with CONFIG_ZONE_DEVICE, a sixth with
        # CONFIG_SPARSEMEM_VMEMMAP_PREINIT
        bits = max(5, m.fx.num("section_flags").bit_length())
        note.num("SECTION_MAP_MASK", signed(-1 << bits, m.words.bits))


def page_numbers(note):
    m = note.m
    if not m.fx.flag("told"):
        return
    power = not m.layout.page_size & m.layout.page_size - 1
    note.num("COMPOUND_INFO_HAS_MASK", int(bool(
        power and m.fx.num("mask_tails", int(m.arch.MASK_TAILS)))))
    note.num("PAGE_TYPE_SHIFT", 24)
    for name in TYPES:
        note.num("PGTY_" + name, m.layout.types[name] >> 24)
    note.num("PGTY_mapcount_underflow", 0xff)
    note.sym("hwerr_data")
    note.len("hwerr_data", KINDS)
    note.size("hwerr_info", 16)
    note.off("hwerr_info.count", 0)
    note.off("hwerr_info.timestamp", 8)
