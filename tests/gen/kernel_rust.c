/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To be made a unit of Rust: structs of the same names, and other layouts. */
struct list_head { char no[7]; };
struct page { char no[3]; unsigned long flags; };
enum pageflags { PG_lru = 99 };
struct page other_page;
struct list_head other_list;
enum pageflags other_flags;
int node_data_of_rust;
