/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table: see wanted.h. Its names are those of Linux kernel/vmcore_info.c,
 * arch/.../kernel/vmcore_info.c (5.10 to 7.2) and of makedumpfile 1.7.9
 * makedumpfile.c: write_vmcoreinfo_data().
 */
#include "wanted.h"

#include <string.h>

#define SYMBOL(n)	{ WANTED_SYMBOL, n, NULL, false }
#define SIZE(n)		{ WANTED_SIZE, n, NULL, false }
#define OFFSET(n)	{ WANTED_OFFSET, n, NULL, false }
#define LENGTH(n)	{ WANTED_LENGTH, n, NULL, false }
#define NUMBER(n, e)	{ WANTED_NUMBER, n, e, false }
#define HIDDEN(n, e)	{ WANTED_NUMBER, n, e, true }

const struct wanted wanted_rows[] = {
	/* memory */
	SYMBOL("mem_map"), SYMBOL("mem_section"), SYMBOL("contig_page_data"),
	SYMBOL("node_data"), SYMBOL("node_online_map"), SYMBOL("node_states"),
	SYMBOL("max_pfn"), SYMBOL("high_memory"),
	SYMBOL("vmap_area_list"), SYMBOL("vmlist"),
	/* the kernel itself */
	SYMBOL("_stext"), SYMBOL("init_uts_ns"), SYMBOL("linux_banner"),
	SYMBOL("swapper_pg_dir"), SYMBOL("init_top_pgt"),
	SYMBOL("init_level4_pgt"), SYMBOL("level4_kernel_pgt"),
	/* its log */
	SYMBOL("prb"), SYMBOL("printk_rb_static"), SYMBOL("clear_seq"),
	SYMBOL("log_buf"), SYMBOL("log_buf_len"), SYMBOL("log_end"),
	SYMBOL("log_first_idx"), SYMBOL("clear_idx"), SYMBOL("log_next_idx"),
	/* its symbol table */
	SYMBOL("kallsyms_names"), SYMBOL("kallsyms_num_syms"),
	SYMBOL("kallsyms_token_table"), SYMBOL("kallsyms_token_index"),
	SYMBOL("kallsyms_offsets"), SYMBOL("kallsyms_relative_base"),
	/* what is left out of its dump */
	SYMBOL("crash_left_out"), SYMBOL("crash_device_memmaps"),
	/* hardware errors that it survived */
	SYMBOL("hwerr_data"), SIZE("hwerr_info"),
	OFFSET("hwerr_info.count"), OFFSET("hwerr_info.timestamp"),
	LENGTH("hwerr_data"),
	/* ppc64 */
	SYMBOL("vmemmap_list"), SYMBOL("mmu_psize_defs"),
	SYMBOL("mmu_vmemmap_psize"), SYMBOL("cur_cpu_spec"),
	SYMBOL("cpu_pgd"), SYMBOL("demote_segment_4k"),
	/* s390x */
	SYMBOL("lowcore_ptr"),
	SYMBOL("free_huge_page"),
	/* where a kernel finds itself: kernel/locate.c reads them */
	SYMBOL("__start_notes"), SYMBOL("vmcoreinfo_note"),
	SYMBOL("vmcoreinfo_data"), SYMBOL("phys_base"),
	SYMBOL("page_offset_base"), SYMBOL("__pgtable_l5_enabled"),
	SYMBOL("sme_me_mask"), SYMBOL("kimage_voffset"),
	SYMBOL("memstart_addr"), SYMBOL("vabits_actual"),
	SYMBOL("kernel_map"), SYMBOL("phys_ram_base"),

	SIZE("page"), SIZE("mem_section"), SIZE("pglist_data"), SIZE("zone"),
	SIZE("free_area"), SIZE("list_head"), SIZE("nodemask_t"),
	{ WANTED_SIZE, "pageflags", "pageflags", false },
	SIZE("printk_ringbuffer"), SIZE("prb_desc_ring"), SIZE("prb_desc"),
	SIZE("prb_data_blk_lpos"), SIZE("printk_info"),
	SIZE("dev_printk_info"), SIZE("prb_data_ring"), SIZE("atomic_long_t"),
	SIZE("latched_seq"), SIZE("printk_log"),
	SIZE("vmemmap_backing"), SIZE("mmu_psize_def"), SIZE("crash_range"),

	OFFSET("page.flags"), OFFSET("page._refcount"), OFFSET("page.mapping"),
	OFFSET("page.lru"), OFFSET("page._mapcount"), OFFSET("page.private"),
	OFFSET("page.compound_dtor"), OFFSET("page.compound_order"),
	OFFSET("page.compound_head"), OFFSET("page.compound_info"),
	OFFSET("folio._folio_dtor"), OFFSET("folio._folio_order"),
	{ WANTED_OFFSET, "page.page_type", NULL, true },
	OFFSET("mem_section.section_mem_map"),
	{ WANTED_LENGTH, "mem_section_usage.subsection_map", NULL, true },
	OFFSET("pglist_data.node_zones"), OFFSET("pglist_data.nr_zones"),
	OFFSET("pglist_data.node_mem_map"),
	OFFSET("pglist_data.node_start_pfn"),
	OFFSET("pglist_data.node_spanned_pages"),
	OFFSET("pglist_data.node_id"),
	OFFSET("zone.free_area"), OFFSET("zone.vm_stat"),
	OFFSET("zone.spanned_pages"), OFFSET("free_area.free_list"),
	OFFSET("list_head.next"), OFFSET("list_head.prev"),
	OFFSET("vm_struct.addr"), OFFSET("vmap_area.va_start"),
	OFFSET("vmap_area.list"),
	OFFSET("printk_ringbuffer.desc_ring"),
	OFFSET("printk_ringbuffer.text_data_ring"),
	OFFSET("printk_ringbuffer.fail"),
	OFFSET("prb_desc_ring.count_bits"), OFFSET("prb_desc_ring.descs"),
	OFFSET("prb_desc_ring.infos"), OFFSET("prb_desc_ring.head_id"),
	OFFSET("prb_desc_ring.tail_id"),
	OFFSET("prb_desc.state_var"), OFFSET("prb_desc.text_blk_lpos"),
	OFFSET("prb_data_blk_lpos.begin"), OFFSET("prb_data_blk_lpos.next"),
	OFFSET("printk_info.seq"), OFFSET("printk_info.ts_nsec"),
	OFFSET("printk_info.text_len"), OFFSET("printk_info.caller_id"),
	OFFSET("printk_info.dev_info"),
	OFFSET("dev_printk_info.subsystem"), OFFSET("dev_printk_info.device"),
	OFFSET("prb_data_ring.size_bits"), OFFSET("prb_data_ring.data"),
	OFFSET("prb_data_ring.head_lpos"), OFFSET("prb_data_ring.tail_lpos"),
	OFFSET("atomic_long_t.counter"), OFFSET("latched_seq.val"),
	OFFSET("printk_log.ts_nsec"), OFFSET("printk_log.len"),
	OFFSET("printk_log.text_len"), OFFSET("printk_log.dict_len"),
	OFFSET("printk_log.caller_id"),
	OFFSET("vmemmap_backing.phys"), OFFSET("vmemmap_backing.virt_addr"),
	OFFSET("vmemmap_backing.list"), OFFSET("mmu_psize_def.shift"),
	OFFSET("cpu_spec.cpu_features"), OFFSET("cpu_spec.mmu_features"), OFFSET("uts_namespace.name"),
	OFFSET("kernel_mapping.page_offset"),
	OFFSET("kernel_mapping.va_kernel_pa_offset"),

	LENGTH("node_data"), LENGTH("mem_section"), LENGTH("zone.free_area"),
	LENGTH("free_area.free_list"),
	LENGTH("crash_left_out"), LENGTH("crash_device_memmaps"),

	NUMBER("NR_FREE_PAGES", "zone_stat_item"),
	NUMBER("N_ONLINE", "node_states"),
	NUMBER("PG_lru", "pageflags"), NUMBER("PG_private", "pageflags"),
	NUMBER("PG_swapcache", "pageflags"),
	NUMBER("PG_swapbacked", "pageflags"), NUMBER("PG_slab", "pageflags"),
	NUMBER("PG_hwpoison", "pageflags"), NUMBER("PG_hugetlb", "pageflags"),
	NUMBER("HUGETLB_PAGE_DTOR", "compound_dtor_id"),
	HIDDEN("PG_head", "pageflags"),
	/* page types: derived.c */
	HIDDEN("PGTY_buddy", "pagetype"), HIDDEN("PGTY_offline", "pagetype"),
	HIDDEN("PGTY_slab", "pagetype"), HIDDEN("PGTY_hugetlb", "pagetype"),
	HIDDEN("PGTY_unaccepted", "pagetype"),
	HIDDEN("PG_buddy", "pagetype"), HIDDEN("PG_offline", "pagetype"),
	HIDDEN("PG_slab", "pagetype"), HIDDEN("PG_hugetlb", "pagetype"),
};

const size_t nr_wanted_rows = sizeof(wanted_rows) / sizeof(wanted_rows[0]);

const char *wanted_kind_name(enum wanted_kind kind)
{
	static const char *const names[NR_WANTED_KINDS] = {
		"SYMBOL", "SIZE", "OFFSET", "LENGTH", "NUMBER",
	};

	return names[kind];
}

const uint64_t *wanted_find(const struct wanted_value *values,
			    enum wanted_kind kind, const char *within,
			    const char *name)
{
	for (size_t i = 0; i < nr_wanted_rows; i++) {
		const struct wanted *row = &wanted_rows[i];

		if (row->kind == kind && !strcmp(row->name, name) &&
		    (!within || (row->within && !strcmp(row->within, within))))
			return values[i].found ? &values[i].number : NULL;
	}
	return NULL;
}
