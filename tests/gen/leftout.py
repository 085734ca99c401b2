# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel says that it leaves out of its dump: 'leftout' statements.

Tables of struct crash_range as kernel-patches/c-left-out has them (Linux
kernel/crash_ranges.c as patched, kdump/vmcoreinfo.rst): u64 first byte, u64
last byte, u32 reason, u32 unused; found by VMCOREINFO alone.
"""

ENTRIES = {"crash_left_out": 16, "crash_device_memmaps": 64}
DEVICE_MEMMAP = 7


def build(machine):
    """Puts the tables into the image. Every second entry is unused, as after
    ranges that came and went."""
    rows = {name: [] for name in ENTRIES}
    for first, last, why in machine.fx.left_out:
        rows["crash_device_memmaps" if why == DEVICE_MEMMAP else
             "crash_left_out"].append(machine.words.pack("QQII", first, last,
                                                         why, 0))
    machine.left_out = any(rows.values())
    if not machine.left_out:
        return
    unused = machine.words.pack("QQII", 0x1000, 0x1fff, 0, 0)
    for name, count in ENTRIES.items():
        data = b"".join(unused + row for row in rows[name])
        if len(data) > count * len(unused):
            raise SystemExit("%s has no room" % name)
        machine.symbol(name, count * len(unused), 8, data)


def vmcoreinfo(note):
    if not note.m.left_out:
        return
    note.size("crash_range", 24)
    for name, count in ENTRIES.items():
        note.sym(name)
        note.len(name, count)
