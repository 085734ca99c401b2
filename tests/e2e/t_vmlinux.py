# SPDX-License-Identifier: GPL-2.0-or-later
"""-g -x: what a kernel's debugging symbols say, and what is no kernel."""

import glob
import os
import re
import subprocess

from harness import TOP, Skip, equal, need

GEN = os.path.join(TOP, "tests", "gen")
WANT = {
    "OSRELEASE": "6.99.7-test", "PAGESIZE": "4096",
    "SIZE(page)": "56", "SIZE(list_head)": "16", "SIZE(nodemask_t)": "128",
    "SIZE(atomic_long_t)": "8", "SIZE(pageflags)": "4", "SIZE(zone)": "1184",
    "SIZE(free_area)": "104", "SIZE(mem_section)": "16",
    "OFFSET(page.flags)": "0", "OFFSET(page.lru)": "8",
    "OFFSET(page.mapping)": "24", "OFFSET(page.private)": "40",
    "OFFSET(page.compound_info)": "8", "OFFSET(page._mapcount)": "48",
    "OFFSET(page._refcount)": "52", "OFFSET(zone.free_area)": "32",
    "OFFSET(zone.spanned_pages)": "1176", "OFFSET(free_area.free_list)": "0",
    "OFFSET(list_head.next)": "0", "OFFSET(list_head.prev)": "8",
    "OFFSET(atomic_long_t.counter)": "0", "OFFSET(uts_namespace.name)": "4",
    "OFFSET(mem_section.section_mem_map)": "0",
    "LENGTH(zone.free_area)": "11", "LENGTH(free_area.free_list)": "6",
    "LENGTH(node_data)": "64",
    "NUMBER(PG_lru)": "5", "NUMBER(PG_private)": "14",
    "NUMBER(PG_swapcache)": "10", "NUMBER(PG_swapbacked)": "17",
    "NUMBER(PG_hwpoison)": "21", "NUMBER(PG_head_mask)": "64",
    "NUMBER(N_ONLINE)": "1", "NUMBER(NR_FREE_PAGES)": "0",
    "NUMBER(SECTION_SIZE_BITS)": "28",
    "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)": str((0xf0 << 24) - (1 << 32)),
    "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)": str((0xf1 << 24) - (1 << 32)),
    "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)": str((0xf5 << 24) - (1 << 32)),
    "NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)": str((0xf4 << 24) - (1 << 32)),
}


def tool(box, *words):
    subprocess.run(words, check=True, cwd=box.folder, capture_output=True,
                   timeout=120)


def need_libdw(box):
    if os.uname().machine not in ("x86_64", "aarch64"):
        raise Skip("the test's kernel is one of this machine")
    box.text("no-elf", "nothing")
    if "without libdw" in box.run("-f", "-g", "x", "-x", "no-elf").err:
        raise Skip("built without libdw")


def kernel(box, *flags, link=("-static",)):
    """vmlinux: a unit of Rust first, then the one of C."""
    tool(box, "gcc", "-S", "-g", "-dA", *flags, "-o", "rust.s",
         os.path.join(GEN, "kernel_rust.c"))
    with open(box.path("rust.s"), encoding="ascii") as file:
        text = file.read()
    # DW_LANG_Rust
    text, nr = re.subn(r"0x?\w+(\s*[#/@]+ DW_AT_language)", r"0x1c\1", text)
    need(nr, "no language in the assembler text")   # a unit a type, too
    box.text("rust.s", text)
    tool(box, "gcc", *flags, "-g", "-nostdlib", "-no-pie", *link,
         "-Wl,-e,_stext", "-Wl,--build-id", "-o", "vmlinux", "rust.s",
         os.path.join(GEN, "kernel.c"))
    return box.path("vmlinux")


def lines(path):
    with open(path, encoding="ascii") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


def symbols(box, vmlinux):
    out = subprocess.run(["nm", vmlinux], check=True, cwd=box.folder,
                         capture_output=True, text=True).stdout
    return {name: int(at, 16) for at, _, name in
            (line.split() for line in out.splitlines())}


def check(box, vmlinux, have):
    for key, value in WANT.items():
        equal(key, have.get(key), value)
    at = symbols(box, vmlinux)
    for name in ("_stext", "init_uts_ns", "mem_section", "node_data", "prb"):
        equal(name, int(have["SYMBOL(%s)" % name], 16), at[name])
    equal("node_online_map", int(have["SYMBOL(node_online_map)"], 16),
          at["node_states"] + 128)
    out = subprocess.run(["readelf", "-n", vmlinux], check=True,
                         capture_output=True, text=True).stdout
    need(have["BUILD-ID"] in out, "BUILD-ID %s", have["BUILD-ID"])


def formats(box):
    """DWARF 4 and 5, compressed, type units, with the relocations left in."""
    need_libdw(box)
    kinds = [("-gdwarf-4",), ("-gdwarf-5",), ("-gdwarf-5", "-gz=zlib"),
             ("-gdwarf-4", "-fdebug-types-section"),
             ("-gdwarf-5", "-Wl,--emit-relocs")]
    for i, flags in enumerate(kinds):
        vmlinux = kernel(box, *flags)
        box.good("-g", "text%d" % i, "-x", vmlinux)
        check(box, vmlinux, lines(box.path("text%d" % i)))
    return "%d kinds" % len(kinds)


def zstd(box):
    """Compressed with zstd: read where libdw does, else named."""
    need_libdw(box)
    vmlinux = kernel(box)
    try:
        tool(box, "objcopy", "--compress-debug-sections=zstd", vmlinux, "zstd")
    except subprocess.CalledProcessError:
        raise Skip("objcopy can't make it") from None
    result = box.run("-g", "text", "-x", "zstd")
    if result.code == 0:
        check(box, vmlinux, lines(box.path("text")))
        return "read"
    equal("exit status", result.code, 1)
    need("compressed with zstd" in result.err, "%s", result.err)
    return "refused"


def apart(box):
    """Symbols apart from the kernel: named, and so is what is missing."""
    need_libdw(box)
    vmlinux = kernel(box)
    tool(box, "objcopy", "--only-keep-debug", vmlinux, "only")
    tool(box, "objcopy", "--strip-debug", vmlinux, "stripped")
    tool(box, "strip", "-o", "bare", vmlinux)
    tool(box, "gcc", "-g", "-c", "-o", "module.ko",
         os.path.join(GEN, "kernel.c"))
    tool(box, "gcc", "-g", "-o", "program",
         os.path.join(GEN, "kernel_rust.c"), "-nostdlib", "-shared")
    for name, words in (("only", "symbols only"),
                        ("stripped", "no debugging symbols"),
                        ("bare", "no symbol table"),
                        ("module.ko", "no linked kernel"),
                        ("program", "no Linux kernel"),
                        ("no-elf", "no ELF file"), (".", "no regular file"),
                        ("nothing", "No such file")):
        result = box.bad(1, "-g", "out", "-x", name)
        need(words in result.err and len(result.err.splitlines()) == 1,
             "%s: %s", name, result.err)
        need(not os.path.exists(box.path("out")), "%s: wrote", name)


def damaged(box):
    """What is in the file is not believed: an end, and no crash."""
    need_libdw(box)
    vmlinux = kernel(box, "-gdwarf-5")
    with open(vmlinux, "rb") as file:
        content = file.read()
    rounds = 0
    step = len(content) // 40
    for at in range(64, len(content), step):
        for kind in ("cut", "flip"):
            bad = bytearray(content)
            if kind == "cut":
                del bad[at:]
            else:
                for i in range(at, min(at + step, len(bad)), 13):
                    bad[i] ^= 0x81
            with open(box.path("bad"), "wb") as file:
                file.write(bad)
            result = box.run("-f", "-g", "out", "-x", "bad")
            need(result.code in (0, 1), "%s at %d: exit %d", kind, at,
                 result.code)
            rounds += 1
    return "%d files" % rounds


def words(box):
    """-g and -x belong together; an existing file needs -f."""
    need_libdw(box)
    vmlinux = kernel(box)
    for wrong in (("-g", "out"), ("-g", "out", "-x", vmlinux, "more"),
                  ("-g", "out", "-x", vmlinux, "-R")):
        box.bad(2, *wrong)
    box.good("-g", "out", "-x", vmlinux)
    first = lines(box.path("out"))
    result = box.bad(1, "-g", "out", "-x", vmlinux)
    need("out" in result.err and "-f" in result.err, "%s", result.err)
    box.good("-f", "-g", "out", "-x", vmlinux)
    box.good("-g", "out", "-x", vmlinux, program=box.makedumpfile())
    equal("the same again", lines(box.path("out")), first)


# Asked for, but in no debugging symbols: macros, what is of use with a macro
# only (PGTY_mapcount_underflow), and what a kernel counts out when it boots.
# kernel/locate.c finds some of them in memory.
NOT_DERIVABLE = set("""
    SYMBOL(vmemmap) LENGTH(mem_section) NUMBER(MAX_PHYSMEM_BITS)
    NUMBER(phys_base) NUMBER(sme_mask) NUMBER(pgtable_l5_enabled)
    NUMBER(KERNEL_IMAGE_SIZE) NUMBER(VA_BITS) NUMBER(TCR_EL1_T1SZ)
    NUMBER(PHYS_OFFSET) NUMBER(kimage_voffset) NUMBER(phys_ram_base)
    NUMBER(VMALLOC_START) NUMBER(PAGE_OFFSET) NUMBER(va_kernel_pa_offset)
    NUMBER(satp) NUMBER(RADIX_MMU)
    NUMBER(SECTION_MAP_MASK) NUMBER(COMPOUND_INFO_HAS_MASK)
    NUMBER(PAGE_TYPE_SHIFT) NUMBER(PGTY_mapcount_underflow)
    """.split())
KINDS = "SYMBOL|SIZE|OFFSET|LENGTH|NUMBER"


def asked():
    """KIND(name) of all that src/kernel and src/arch ask VMCOREINFO for."""
    keys = set()
    for path in glob.glob(os.path.join(TOP, "src", "kernel", "*.c")) + \
            glob.glob(os.path.join(TOP, "src", "arch", "*.c")) + \
            [os.path.join(TOP, "src", "image", "vmcoreinfo.c")]:
        with open(path, encoding="ascii") as file:
            text = file.read()
        keys |= {"%s(%s)" % pair for pair in re.findall(
            r'"(%s)",\s*"([^"]+)"' % KINDS, text)}
        keys |= {"%s(%s)" % pair for pair in re.findall(
            r'"(%s)\(([\w.]+)\)' % KINDS, text)}
        for function, kind in (("get_field", "OFFSET"), ("get_flag", "NUMBER"),
                               ("get_type", "NUMBER")):
            keys |= {"%s(%s)" % (kind, name) for name in re.findall(
                r'%s\(\w+,\s*"([^"]+)"' % function, text)}
        keys |= {"SYMBOL(%s)" % name for name in re.findall(
            r'(?:variable\(p|read_text\(l, space, place), "(\w+)"', text)}
        for block in re.findall(r"\*const names\[\] = \{(.*?)\};", text,
                                re.S):
            keys |= {"SYMBOL(%s)" % name
                     for name in re.findall(r'"(\w+)"', block)}
    return keys


def table(box):
    """Every name that is asked for is in the table, or known to be in none."""
    with open(os.path.join(TOP, "src", "vmlinux", "wanted.c"),
              encoding="ascii") as file:
        text = file.read()
    have = {"%s(%s)" % pair for pair in
            re.findall(r'\b(%s)\("([^"]+)"' % KINDS, text)}
    with open(os.path.join(TOP, "src", "vmlinux", "vmlinux.c"),
              encoding="ascii") as file:
        text = file.read()
    have |= {"NUMBER(PAGE_%s_MAPCOUNT_VALUE)" % name
             for name in re.findall(r'print_type\(d, "(\w+)"', text)}
    have |= {"NUMBER(%s)" % name
             for name in re.findall(r'print_number\(d, "(\w+)"', text)}
    keys = asked()
    need(len(keys) > 90, "only %d names are asked for?", len(keys))
    missing = keys - have - NOT_DERIVABLE
    need(not missing, "asked for, and in no table: %s", sorted(missing))
    gone = NOT_DERIVABLE - keys
    need(not gone, "nobody asks for %s", sorted(gone))
    return "%d names asked for, %d looked up" % (len(keys), len(have))


def tests():
    return [("table", table), ("formats", formats), ("zstd", zstd),
            ("apart", apart),
            ("damaged", damaged), ("words", words)]
