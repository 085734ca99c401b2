/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of Linux 3.5 to 5.9 (kernel/printk/printk.c, struct printk_log;
 * struct log before 3.11): records of their own length one after the other. A
 * length of 0 sends the reader back to the start.
 */
#include <stdlib.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "printk_ring.h"

#define TEXT_MAX	65535u
#define MAX_SIZE	(1ull << 31)	/* Linux: LOG_BUF_LEN_MAX */

static bool get_key(const struct kernel *kernel, const char *kind,
		    const char *strukt, const char *member, uint64_t *ret)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", strukt, *member ? "." : "",
		 member);
	return vmcoreinfo_number(kernel->vmcoreinfo, kind, name, ret);
}

static bool get_layout(const struct kernel *kernel, const char *strukt,
		       struct printk_buffer *b)
{
	return get_key(kernel, "SIZE", strukt, "", &b->record_size) &&
	       get_key(kernel, "OFFSET", strukt, "ts_nsec", &b->time) &&
	       get_key(kernel, "OFFSET", strukt, "len", &b->len) &&
	       get_key(kernel, "OFFSET", strukt, "text_len", &b->text_len) &&
	       get_key(kernel, "OFFSET", strukt, "dict_len", &b->dict_len);
}

static struct error *read_variable(const struct kernel *kernel,
				   struct view *view, const char *name,
				   unsigned size, uint64_t *ret)
{
	uint64_t vaddr;
	uint8_t buf[8];

	if (!vmcoreinfo_number(kernel->vmcoreinfo, "SYMBOL", name, &vaddr))
		return error_create(ERROR_UNSUPPORTED, "VMCOREINFO describes "
				    "no kernel log: it lacks SYMBOL(%s)", name);
	TRY(space_read_exact(&kernel->space, view, vaddr, buf, size, name));
	*ret = get_uint(buf, size, kernel->space.target.big_endian);
	return NULL;
}

struct error *printk_buffer_find(const struct kernel *kernel,
				 struct view *view, struct printk_buffer *b)
{
	if (!get_layout(kernel, "printk_log", b) &&
	    !get_layout(kernel, "log", b))
		return error_create(ERROR_UNSUPPORTED, "VMCOREINFO describes "
				    "no kernel log: it lacks struct printk_log");
	/* facility, flags and level follow dict_len, unnamed */
	if (b->record_size > 4096 || b->record_size < 8 ||
	    b->time > b->record_size - 8 || b->len > b->record_size - 2 ||
	    b->text_len > b->record_size - 2 ||
	    b->dict_len > b->record_size - 4)
		return error_create(ERROR_INVALID, "VMCOREINFO: the kernel "
				    "log's fields lie outside their struct");
	TRY(read_variable(kernel, view, "log_buf",
			  kernel->space.target.word_size, &b->text));
	TRY(read_variable(kernel, view, "log_buf_len", 4, &b->size));
	TRY(read_variable(kernel, view, "log_first_idx", 4, &b->first));
	TRY(read_variable(kernel, view, "log_next_idx", 4, &b->next));
	if (b->size < b->record_size || b->size > MAX_SIZE ||
	    b->first >= b->size || b->next > b->size)
		return error_create(ERROR_INVALID, "the kernel log claims %llu "
				    "bytes, the first record at %llu, the next "
				    "at %llu", (unsigned long long)b->size,
				    (unsigned long long)b->first,
				    (unsigned long long)b->next);
	return NULL;
}

/* One record at OFFSET; *LEN is what it takes, 0 at the turn. */
static struct error *read_record(const struct kernel *kernel, struct view *view,
				 const struct printk_buffer *b, uint64_t offset,
				 char *text, struct printk_record *record,
				 uint64_t *len)
{
	bool big_endian = kernel->space.target.big_endian;
	uint8_t head[4096];

	*len = 0;
	if (offset + b->record_size > b->size)
		return NULL;
	TRY(space_read_exact(&kernel->space, view, b->text + offset, head,
			     b->record_size, "a record of the kernel log"));
	*len = get_u16(head + b->len, big_endian);
	if (!*len)
		return NULL;
	record->nanoseconds = get_u64(head + b->time, big_endian);
	record->facility = head[b->dict_len + 2];
	record->level = big_endian ? head[b->dict_len + 3] & 7 :
			head[b->dict_len + 3] >> 5;
	record->len = get_u16(head + b->text_len, big_endian);
	record->text = text;
	if (*len < b->record_size || record->len > *len - b->record_size ||
	    *len > b->size - offset)
		return error_create(ERROR_INVALID, "the kernel log has a record "
				    "of %llu bytes with %zu of text at %llu",
				    (unsigned long long)*len, record->len,
				    (unsigned long long)offset);
	return space_read_exact(&kernel->space, view,
				b->text + offset + b->record_size, text,
				record->len, "the kernel log's text");
}

struct error *printk_buffer_each(const struct kernel *kernel, struct view *view,
				 const struct printk_buffer *b,
				 struct log *log, printk_fn *fn, void *arg)
{
	AUTO_FREE char *text = malloc(TEXT_MAX + 1);
	uint64_t offset = b->first, passed = 0;
	struct printk_record record = { 0 };
	bool turned = b->first < b->next;

	if (!text)
		return error_nomem();
	/* a log in one piece ends at `next`; one in two has to turn once */
	while (passed < b->size && (!turned || offset < b->next)) {
		struct error *err;
		uint64_t len;

		err = read_record(kernel, view, b, offset, text, &record, &len);
		if (err && error_kind(err) == ERROR_NOMEM)
			return err;
		if (err) {
			log_warn(log, "%s: what follows is lost",
				 error_message(err));
			error_destroy(err);
			break;
		}
		if (!len) {
			/* behind the turn there is no other one */
			if (turned) {
				log_warn(log, "the kernel log has a record of "
					 "0 bytes at %llu: what follows is "
					 "lost", (unsigned long long)offset);
				break;
			}
			turned = true;
			offset = 0;
			continue;
		}
		TRY(fn(arg, &record));
		record.sequence++;
		offset += len;
		passed += len;
	}
	return NULL;
}
