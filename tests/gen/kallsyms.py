# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own symbol table, as VMCOREINFO leads to it (kernel/kallsyms.c,
scripts/kallsyms.c): names as strings of tokens, addresses as 32-bit offsets.

Up to 6.14 offsets count from kallsyms_relative_base. On x86_64, with
CONFIG_KALLSYMS_ABSOLUTE_PERCPU (init/Kconfig: nowhere else), what is not
negative is an absolute value, and negative is base - 1 - offset. In 7.2 an offset counts from its own
place.
"""

RESERVATIONS = ("crashk_res", "crashk_low_res")


class Places:
    """The image's sections, as offsets from _text, all of them multiples of
    64 KiB; the last one ends with the image."""
    TEXT_END, RODATA, RODATA_END, DATA = 0xc0000, 0x100000, 0x180000, 0x200000
    DATA_END, INIT, INIT_END, BRK_SIZE = 0x300000, 0x300000, 0x380000, 0x10000
    BIG = "symbol_with_a_name_that_takes_two_bytes_of_length_" * 3


def freed(machine, parts=None):
    """Parts of the image that the kernel gave to the page allocator after
    boot, as far as its struct pages say. As (first pfn, end pfn)."""
    return [((machine.kernel_paddr + a) // machine.page,
             (machine.kernel_paddr + b) // machine.page)
            for a, b in machine.arch.freed(machine)[:parts]]


def symbols(machine):
    """(type, name, address), by address; x86_64's per-CPU symbols are
    absolute."""
    arch = machine.arch
    table = [("A", "fixed_percpu_data", 0x0), ("A", "current_task", 0x1c0)] \
        if arch.ABSOLUTE_PERCPU else []
    table += [(kind, name, machine.text + at)
              for kind, name, at in arch.symbols(machine)]
    table += [("D", name, machine.symbols[name]) for name in
              (arch.ROOT_SYMBOL or arch.ROOT, "init_uts_ns", *arch.LISTED,
               *RESERVATIONS)
              if name in machine.symbols]
    if machine.fx.num("kallsyms") == 2:
        # scripts/kallsyms.c: symbol_valid() without CONFIG_KALLSYMS_ALL
        etext = machine.text + dict(
            (name, at) for _, name, at in arch.symbols(machine))["_etext"]
        table = [(kind, name, at) for kind, name, at in table
                 if name.startswith(("__start_", "__stop_", "_etext")) or
                 machine.text + arch.STEXT <= at < etext]
    return sorted(table, key=lambda s: s[2])


def reservations(machine):
    """Each a struct resource: start, end, name (include/linux/ioport.h)."""
    texts = machine.fx["crashk"].split()
    if not texts:
        return
    name = machine.image_vaddr(machine.symbol("crashk_name", 16, 8,
                                              b"Crash kernel\0"))
    for symbol, text in zip(RESERVATIONS, texts):
        first, _, last = text.partition("-")
        machine.symbol(symbol, 64, 8, machine.words.pack(
            "3Q", int(first, 0), int(last, 0), name))


def tokens(words):
    """One token a character; token_index has 256 entries."""
    data, index = b"", []
    for code in range(256):
        index.append(len(data))
        char = chr(code)
        data += (char.encode() if char.isalnum() and code < 128
                 or char == "_" else b"") + b"\0"
    return data, words.pack("256H", *index)


def names(table):
    data = b""
    for kind, name, _ in table:
        text = (kind + name).encode()
        size = len(text)
        data += bytes([size]) if size < 128 \
            else bytes([size & 0x7f | 0x80, size >> 7])
        data += text
    return data


def build(machine):
    if not machine.layout.kallsyms:
        return
    reservations(machine)
    table = symbols(machine) if machine.fx.flag("kallsyms") else []
    token_table, token_index = tokens(machine.words)
    text = names(table)
    put = machine.symbol
    put("kallsyms_names", max(len(text), 8), 8, text)
    machine.mem.u32(put("kallsyms_num_syms", 4, 8), len(table))
    put("kallsyms_token_table", len(token_table), 8, token_table)
    put("kallsyms_token_index", len(token_index), 8, token_index)
    where = put("kallsyms_offsets", 4 * len(table) + 4, 8)
    base = machine.text
    if "relative_base" in machine.layout.kallsyms:
        machine.mem.long(put("kallsyms_relative_base", 8), base)
    for i, (kind, _, address) in enumerate(table):
        place = machine.image_vaddr(where + 4 * i)
        if "relative_base" not in machine.layout.kallsyms:
            # absolute symbols are out of 32 bits' reach: they lie at 'base'
            offset = (base if kind == "A" else address) - place
        elif machine.arch.ABSOLUTE_PERCPU:
            offset = address if kind == "A" else base - 1 - address
        else:
            offset = address - base
        machine.mem.u32(where + 4 * i, offset)
