# SPDX-License-Identifier: GPL-2.0-or-later
"""The VMCOREINFO note, key for key and in the order in which each release
writes it: kernel/crash_core.c or kernel/vmcore_info.c
crash_save_vmcoreinfo_init(), kernel/printk/printk.c
log_buf_vmcoreinfo_setup(), archs/ for what
arch_crash_save_vmcoreinfo() adds."""

import layouts as L
import leftout
import told


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


class Note:
    def __init__(self, machine):
        self.m = machine
        self.lines = []

    def put(self, key, value):
        self.lines.append((key, str(value)))

    def sym(self, name):
        self.put("SYMBOL(%s)" % name, "%x" % self.m.symbols[name])

    def size(self, name, value):
        self.put("SIZE(%s)" % name, value)

    def off(self, name, value):
        self.put("OFFSET(%s)" % name, value)

    def num(self, name, value):
        self.put("NUMBER(%s)" % name, value)

    def signed(self, name, value):
        """A number that is printed as a long."""
        self.num(name, signed(value, self.m.words.bits))

    def node_data(self, m, count=1024):
        if m.pgdat.numa:
            self.sym("node_data")
            self.len("node_data", count)

    def len(self, name, value):
        self.put("LENGTH(%s)" % name, value)


def build(machine):
    """The note's text, after the fixture's own changes."""
    note = Note(machine)
    identity(note)
    memory_model(note)
    structures(note)
    printk(note)
    leftout.vmcoreinfo(note)
    page_numbers(note)
    told.page_numbers(note)
    for name in machine.layout.kallsyms:
        note.sym("kallsyms_" + name)
    machine.arch.vmcoreinfo(note)
    note.put("CRASHTIME", machine.fx["crashtime"])
    lines = note.lines
    for action, key, value in machine.fx.info:
        if action == "del":
            lines = [x for x in lines if x[0] != key]
        elif any(k == key for k, _ in lines):
            lines = [(k, value if k == key else v) for k, v in lines]
        else:
            lines.append((key, value))
    text = "".join("%s=%s\n" % x for x in lines)
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def identity(note):
    m, lay = note.m, note.m.layout
    note.put("OSRELEASE", m.fx["release"] or lay.release)
    note.put("BUILD-ID", "0123456789abcdef0123456789abcdef01234567")
    note.put("PAGESIZE", m.page)
    note.sym("init_uts_ns")
    if lay.uts_exported:
        note.off("uts_namespace.name", lay.uts_name)
    note.sym("node_online_map")
    arch = m.arch
    m.symbols[arch.ROOT] = m.symbols[arch.ROOT_SYMBOL or arch.ROOT]
    note.sym(arch.ROOT)
    note.sym("_stext")
    if lay.vmap_area:
        note.sym("vmap_area_list")
    if lay.vmalloc_start:
        note.put("NUMBER(VMALLOC_START)", "0x%x" % m.vmalloc)


def memory_model(note):
    m, lay = note.m, note.m.layout
    if not m.pgdat.numa:
        note.sym("mem_map")
        note.sym("contig_page_data")
    if m.model == "vmemmap" and lay.vmemmap_exported:
        note.put("SYMBOL(vmemmap)", "%x" % m.arch.page_struct(
            0, lay.page_size))
    if m.model != "flat":
        note.sym("mem_section")
        note.len("mem_section", m.section_roots)
        note.size("mem_section", m.section_size)
        note.off("mem_section.section_mem_map", 0)
        note.num("SECTION_SIZE_BITS", m.arch.section_bits)
        note.num("MAX_PHYSMEM_BITS", m.arch.physmem_bits)
    told.memory_model(note, signed)


def structures(note):
    m, lay, word = note.m, note.m.layout, note.m.words.size
    note.size("page", lay.page_size)
    note.size("pglist_data", m.pgdat.size)
    note.size("zone", lay.zone_size)
    note.size("free_area", lay.free_area_size)
    note.size("list_head", 2 * word)
    note.size("nodemask_t", 128 if m.pgdat.numa else word)
    note.off("page.flags", lay.page_flags)
    note.off("page._refcount", lay.refcount)
    note.off("page.mapping", lay.mapping)
    note.off("page.lru", lay.lru)
    note.off("page._mapcount", lay.mapcount)
    note.off("page.private", lay.private)
    if lay.compound == "dtor":
        note.off("page.compound_dtor", lay.dtor)
        note.off("page.compound_order", lay.order)
    if lay.compound == "folio_dtor":
        note.off("folio._folio_dtor", lay.page_size + lay.dtor)
        note.off("folio._folio_order", lay.page_size + lay.order)
    # renamed in 7.1 (f50c015 of makedumpfile)
    note.off("page.compound_info" if lay.name == "7.2"
             else "page.compound_head", lay.head)
    note.off("pglist_data.node_zones", 0)
    note.off("pglist_data.nr_zones", m.pgdat.nr_zones)
    if m.pgdat.node_mem_map is not None:
        note.off("pglist_data.node_mem_map", m.pgdat.node_mem_map)
    note.off("pglist_data.node_start_pfn", m.pgdat.start_pfn)
    note.off("pglist_data.node_spanned_pages", m.pgdat.spanned)
    note.off("pglist_data.node_id", m.pgdat.node_id)
    note.off("zone.free_area", lay.free_area)
    note.off("zone.vm_stat", lay.vm_stat)
    note.off("zone.spanned_pages", lay.spanned)
    note.off("free_area.free_list", 0)
    note.off("list_head.next", 0)
    note.off("list_head.prev", word)
    if lay.vmap_area:
        note.off("vmap_area.va_start", 0)
        note.off("vmap_area.list", 5 * word)
    note.len("zone.free_area", m.arch.nr_page_orders)


def printk(note):
    m, lay = note.m, note.m.layout
    if m.log.kind == "records":
        # log_buf_vmcoreinfo_setup() before 5.10
        for name in ("log_buf", "log_buf_len", "log_first_idx", "clear_idx",
                     "log_next_idx"):
            note.sym(name)
        note.size("printk_log", m.log.record_size)
        note.off("printk_log.ts_nsec", 0)
        note.off("printk_log.len", 8)
        note.off("printk_log.text_len", 10)
        note.off("printk_log.dict_len", 12)
        if m.log.caller:
            note.off("printk_log.caller_id", 16)
        return
    if m.log.kind == "none":
        return
    for name in ("prb", "printk_rb_static", "clear_seq"):
        note.sym(name)
    ring(note, lay)
    if lay.latched:
        note.size("latched_seq", 24)
        note.off("latched_seq.val", 8)


def ring(note, lay):
    word = lay.word
    for key, value in (
            ("SIZE(printk_ringbuffer)", lay.prb_size),
            ("OFFSET(printk_ringbuffer.desc_ring)", 0),
            ("OFFSET(printk_ringbuffer.text_data_ring)", lay.text_ring),
            ("OFFSET(printk_ringbuffer.fail)", lay.prb_fail),
            ("SIZE(prb_desc_ring)", lay.desc_ring_size),
            ("OFFSET(prb_desc_ring.count_bits)", 0),
            ("OFFSET(prb_desc_ring.descs)", word),
            ("OFFSET(prb_desc_ring.infos)", 2 * word),
            ("OFFSET(prb_desc_ring.head_id)", 3 * word),
            ("OFFSET(prb_desc_ring.tail_id)", 4 * word),
            ("SIZE(prb_desc)", 3 * word),
            ("OFFSET(prb_desc.state_var)", 0),
            ("OFFSET(prb_desc.text_blk_lpos)", word),
            ("SIZE(prb_data_blk_lpos)", 2 * word),
            ("OFFSET(prb_data_blk_lpos.begin)", 0),
            ("OFFSET(prb_data_blk_lpos.next)", word),
            ("SIZE(printk_info)", lay.info_size),
            ("OFFSET(printk_info.seq)", 0),
            ("OFFSET(printk_info.ts_nsec)", 8),
            ("OFFSET(printk_info.text_len)", 16),
            ("OFFSET(printk_info.caller_id)", 20),
            ("OFFSET(printk_info.dev_info)", lay.dev_info),
            ("SIZE(dev_printk_info)", 64),
            ("OFFSET(dev_printk_info.subsystem)", 0),
            ("LENGTH(printk_info_subsystem)", 16),
            ("OFFSET(dev_printk_info.device)", 16),
            ("LENGTH(printk_info_device)", 48),
            ("SIZE(prb_data_ring)", 4 * word),
            ("OFFSET(prb_data_ring.size_bits)", 0),
            ("OFFSET(prb_data_ring.data)", word),
            ("OFFSET(prb_data_ring.head_lpos)", 2 * word),
            ("OFFSET(prb_data_ring.tail_lpos)", 3 * word),
            ("SIZE(atomic_long_t)", word),
            ("OFFSET(atomic_long_t.counter)", 0)):
        note.put(key, value)


def page_numbers(note):
    lay = note.m.layout
    note.len("free_area.free_list", lay.migrate_types)
    note.num("NR_FREE_PAGES", 0)
    for name in ("lru", "private", "swapcache", "swapbacked"):
        note.num("PG_" + name, lay.bit(name))

    def type_value(key, name):
        # printed as (long) of an unsigned or int: 6.12's are negative too
        note.num(key, signed(lay.types[name], 32))

    if "slab" in lay.bits:
        note.num("PG_slab", lay.bit("slab"))
    else:
        type_value("PAGE_SLAB_MAPCOUNT_VALUE", "slab")
    if note.m.arch.HWPOISON:
        note.num("PG_hwpoison", lay.bit("hwpoison"))
    note.num("PG_head_mask", lay.mask("head"))
    type_value("PAGE_BUDDY_MAPCOUNT_VALUE", "buddy")
    if lay.compound in ("dtor", "folio_dtor"):
        note.num("HUGETLB_PAGE_DTOR", L.HUGETLB_PAGE_DTOR)
    elif lay.compound == "flags1":
        note.num("PG_hugetlb", lay.bit("active"))
    else:
        type_value("PAGE_HUGETLB_MAPCOUNT_VALUE", "hugetlb")
    type_value("PAGE_OFFLINE_MAPCOUNT_VALUE", "offline")
    if lay.name == "7.2" and note.m.arch.UNACCEPTED:
        type_value("PAGE_UNACCEPTED_MAPCOUNT_VALUE", "unaccepted")
