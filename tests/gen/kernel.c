/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Not a kernel: what the debugging symbols of one look like, with numbers that
 * tests/e2e/t_vmlinux.py knows. Linked for the addresses that a linker gives.
 */
typedef struct { unsigned long bits[16]; } nodemask_t;
typedef struct { long counter; } atomic64_t;
typedef atomic64_t atomic_long_t;
typedef const volatile atomic_long_t often_renamed;

struct list_head { struct list_head *next, *prev; };
struct zone;			/* declared only; the definition is below */

struct page {
	unsigned long flags;
	union {
		struct {
			union {
				struct list_head lru;
				struct { void *filler; unsigned mlock; };
			};
			void *mapping;
			unsigned long index, private;
		};
		struct { unsigned long compound_info; };
	};
	union { int _mapcount; unsigned page_type; };
	int _refcount;
};

enum pageflags { PG_locked, PG_lru = 5, PG_head = 6, PG_swapbacked = 17,
		 PG_private = 14, PG_swapcache = 10, PG_hwpoison = 21 };
enum pagetype { PGTY_buddy = 0xf0, PGTY_offline = 0xf1, PGTY_slab = 0xf5,
		PGTY_hugetlb = 0xf4 };
enum zone_stat_item { NR_FREE_PAGES, NR_OTHERS };
enum node_states { N_POSSIBLE, N_ONLINE, NR_NODE_STATES };

struct free_area { struct list_head free_list[6]; unsigned long nr_free; };
struct zone_user { struct zone *zone; };
struct zone {
	unsigned long watermark[4];
	struct free_area free_area[11];
	unsigned long spanned_pages;
};
struct mem_section_usage { unsigned long subsection_map[2]; };
struct mem_section { unsigned long section_mem_map;
		     struct mem_section_usage *usage; };
struct new_utsname { char sysname[65], nodename[65], release[65]; };
struct uts_namespace { int count; struct new_utsname name; };

extern struct page *node_data[];	/* how long is not said here */
struct page *node_data[64];
nodemask_t node_states[NR_NODE_STATES];
struct mem_section **mem_section;
unsigned char empty_zero_page[4096];
struct uts_namespace init_uts_ns = {
	1, { "Linux", "(none)", "6.99.7-test" }
};
static struct page *prb = (struct page *)&empty_zero_page;
often_renamed seen;
struct page page_seen;
struct zone_user user_seen;
struct zone zone_seen;
enum pageflags flags_seen;
enum pagetype type_seen;
enum zone_stat_item item_seen;

void *_stext(void);
void *_stext(void)
{
	return &prb;
}
