#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints what drgn reads out of a dump, one section after the other, so that
# two dumps of one crash can be compared. usage: drgn_view.py CORE VMLINUX
import re
import sys

import drgn
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.printk import get_dmesg


def in_kernel(stack):
    """Down to where user space called: its memory may be left out."""
    for frame in stack:
        yield frame
        if not frame.pc >> 63:
            return


def walk_loongarch(prog):
    """What drgn 0.3 does not: the kernel's page tables, of three levels.
    Linux arch/loongarch/include/asm/pgtable-bits.h: a leaf is present (bit 7),
    above the last level huge (bit 6); a table's entries are addresses in the
    direct mapped window, those of an invalid table lead to another of the kind.
    """
    window, text = 0x9000 << 48, prog['VMCOREINFO'].string_().decode()
    top = int(re.search(r'^SYMBOL\(swapper_pg_dir\)=(\S+)', text, re.M)[1], 16)
    shift = int(re.search(r'^PAGESIZE=(\S+)', text, re.M)[1]).bit_length() - 1
    index = (1 << shift - 3) - 1

    def frame(address):
        table = top
        for level in (2, 1, 0):
            unit = shift + level * (shift - 3)
            entry = prog.read_u64(table + (address >> unit & index) * 8)
            if level == 0 or entry & 1 << 6:
                if not entry & 1 << 7:
                    raise drgn.FaultError('not mapped', address)
                return (entry & (1 << 48) - 1) >> unit << unit | \
                    address & (1 << unit) - 1
            table = entry

    def read(address, count, _offset, _physical):
        got = b''
        while len(got) < count:
            at = address + len(got)
            left = min(count - len(got), (1 << shift) - at % (1 << shift))
            got += prog.read(window + frame(at), left)
        return got

    prog.add_memory_segment(0xffff << 48, 1 << 48, read)


def open_core(core, vmlinux):
    prog = drgn.Program()
    prog.set_core_dump(core)
    if prog.platform.arch == drgn.Architecture.LOONGARCH64:
        walk_loongarch(prog)
    prog.load_debug_info([vmlinux])
    if prog.platform.arch == drgn.Architecture.RISCV64:
        # kexec-tools 2.0.32 writes wrong p_vaddr: the linear map by physical
        # address instead
        text = prog['VMCOREINFO'].string_().decode()
        first, ram = (int(re.search(fr'^NUMBER\({name}\)=(\S+)', text,
                                    re.M)[1], 0)
                      for name in ('PAGE_OFFSET', 'phys_ram_base'))
        prog.add_memory_segment(
            first, 1 << 40, lambda address, count, offset, physical:
            prog.read(address - first + ram, count, True))
    return prog


def view(prog):
    uts = prog['init_uts_ns'].name
    print('=== uts')
    for name in ('sysname', 'release', 'version', 'machine'):
        print(uts.member_(name).string_().decode())
    print('=== tasks')
    for task in sorted(for_each_task(prog), key=lambda t: t.pid.value_()):
        try:
            stack = list(in_kernel(prog.stack_trace(task)))
            depth = f'{len(stack)} frames, ' + ' '.join(
                f.name or '?' for f in stack)
        except (LookupError, ValueError, NotImplementedError,
                drgn.FaultError) as e:
            depth = f'no stack: {e}'
        print(task.pid.value_(), task.comm.string_().decode(),
              hex(task.value_()), depth)
    print('=== panic')
    thread = prog.crashed_thread()
    print(thread.tid, thread.object.comm.string_().decode())
    try:
        for frame in in_kernel(thread.stack_trace()):
            print(' ', frame.name, hex(frame.pc))
    except NotImplementedError as e:
        print(f'no stack: {e}')
    print('=== dmesg')
    print(get_dmesg(prog).decode(errors='replace'))


if __name__ == '__main__':
    view(open_core(*sys.argv[1:]))
