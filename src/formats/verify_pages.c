/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every page descriptor, in frame order, and the page that it describes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/progress.h"
#include "kdump_format.h"
#include "verify_impl.h"

#define AT_ONCE 512u		/* descriptors */

struct pages {
	struct verify *verify;
	struct kdump_unpacker *unpacker;
	uint8_t *page;
	uint8_t buf[AT_ONCE * KDUMP_D_LEN];
	struct kdump_desc descs[AT_ONCE];
	uint64_t first, end;	/* of descs, in the table */
	uint64_t index;		/* of the next page's descriptor */
	uint64_t bytes;		/* decoded */
	/* the last of each that was decoded: they are usually shared */
	struct kdump_desc zero, unreadable;
	struct progress progress;
};

static bool desc_equal(const struct kdump_desc *a, const struct kdump_desc *b)
{
	return a->offset == b->offset && a->size == b->size &&
	       a->flags == b->flags;
}

static bool is_zero(const uint8_t *page, size_t len)
{
	return !page[0] && !memcmp(page, page + 1, len - 1);
}

/* What no reader would take, apart from the contents. */
static const char *desc_check(const struct verify *verify,
			      const struct kdump_desc *desc)
{
	const struct kdump_header *h = verify->header;
	uint32_t codecs = h->status & KDUMP_STATUS_CODECS;

	/* a stream that was cut off never came to its status */
	if (!codecs && !h->complete)
		codecs = KDUMP_STATUS_CODECS;
	if (desc->page_flags)
		return "its page_flags are set";
	if (desc->flags & ~codecs)
		return "its flags name no codec of this dump";
	if (!desc->size || desc->size > h->block_size)
		return "its size is not from 1 byte to a page";
	if (desc->flags && desc->size == h->block_size)
		return "it is compressed to a page's length";
	if (desc->offset < h->table + h->table_len)
		return "its contents lie before the end of the table";
	if (!image_file_has(&verify->image->file, desc->offset, desc->size))
		return "its contents lie beyond the end of the file";
	return NULL;
}

static void page_bad(struct verify *verify, uint64_t pfn,
		     const struct kdump_desc *desc, const char *why)
{
	verify->report->nr_bad++;
	verify_problem(verify,
		       "page %#" PRIx64 ": %s (offset %" PRIu64 ", size %" PRIu32 ", flags %#" PRIx32 ")",
		       pfn, why, desc->offset, desc->size, desc->flags);
}

static void page_unreadable(struct verify_report *report, uint64_t pfn)
{
	if (report->nr_unreadable < VERIFY_MAX_LISTED)
		report->unreadable[report->nr_unreadable] = pfn;
	report->nr_unreadable++;
}

static void page_unreached(struct verify *verify, uint64_t pfn,
			   const struct kdump_desc *desc)
{
	if (desc->page_flags)
		verify_problem(verify,
			       "page %#" PRIx64 ": its descriptor is empty but for page_flags",
			       pfn);
	if (!verify->report->nr_unreached++ && verify->header->complete)
		verify_problem(verify,
			       "page %#" PRIx64 ": its descriptor is empty, though the dump is marked complete",
			       pfn);
}

/* Whether this program lacks the codec; then the page was counted. */
static bool page_unchecked(struct verify_report *report,
			   const struct kdump_desc *desc)
{
	const struct codec_ops *ops = desc->flags ? codec_by_flag(desc->flags) :
				      NULL;

	if (!ops || ops->create)
		return false;
	report->nr_unchecked++;
	if (!report->missing)
		report->missing = ops;
	return true;
}

/* Whether a stream was cut off between a page's descriptor and its contents. */
static bool not_sent(const struct verify *verify, const struct kdump_desc *desc)
{
	const struct image_file *file = &verify->image->file;

	return file->cut_off &&
	       !image_file_has(file, desc->offset, desc->size);
}

static void page_check(struct pages *pages, uint64_t pfn,
		       const struct kdump_desc *desc)
{
	struct verify *verify = pages->verify;
	struct verify_report *report = verify->report;
	uint32_t size = verify->header->block_size;
	const char *why;

	if (kdump_desc_empty(desc) || not_sent(verify, desc)) {
		page_unreached(verify, pfn, desc);
		return;
	}
	why = desc_check(verify, desc);
	if (!why) {
		verify->lowest_data = min_u64(verify->lowest_data,
					      desc->offset);
		if (page_unchecked(report, desc))
			return;
		if (desc_equal(desc, &pages->zero)) {
			report->nr_zero++;
			return;
		}
		if (desc_equal(desc, &pages->unreadable)) {
			page_unreadable(report, pfn);
			return;
		}
		why = kdump_unpack(pages->unpacker, desc, pages->page);
	}
	if (why) {
		page_bad(verify, pfn, desc, why);
		return;
	}
	pages->bytes += desc->size;
	if (is_zero(pages->page, size)) {
		report->nr_zero++;
		pages->zero = *desc;
	} else if (kdump_page_unreadable(pages->page, size)) {
		page_unreadable(report, pfn);
		pages->unreadable = *desc;
	} else if (desc->flags) {
		report->nr_packed++;
	} else {
		report->nr_raw++;
	}
}

static struct error *run_check(void *arg, uint64_t first, uint64_t end)
{
	struct pages *pages = arg;
	const struct image *image = pages->verify->image;
	size_t nr;

	for (uint64_t pfn = first; pfn < end; pfn++) {
		if (pages->index == pages->end) {
			TRY(kdump_descs_read(image, pages->index, AT_ONCE,
					     pages->buf, pages->descs, &nr));
			if (!nr)	/* cut off: said elsewhere */
				return NULL;
			pages->first = pages->index;
			pages->end = pages->first + nr;
			progress_update(&pages->progress, pages->index,
					pages->bytes);
		}
		page_check(pages, pfn,
			   &pages->descs[pages->index++ - pages->first]);
	}
	return NULL;
}

static struct error *pages_walk(struct pages *pages)
{
	struct verify *verify = pages->verify;
	struct error *err;

	pages->page = malloc(verify->header->block_size);
	if (!pages->page)
		return error_nomem();
	TRY(kdump_unpacker_create(verify->image, &pages->unpacker));
	progress_init(&pages->progress, verify->log, -1);
	progress_begin(&pages->progress, "verifying",
		       verify->header->nr_kept);
	err = kdump_each_run(verify->image, BITMAP_KEPT, run_check, pages);
	progress_end(&pages->progress, pages->index, pages->bytes);
	return err;
}

struct error *verify_pages(struct verify *verify)
{
	struct pages *pages = calloc(1, sizeof(*pages));
	struct error *err;

	if (!pages)
		return error_nomem();
	pages->verify = verify;
	err = pages_walk(pages);
	kdump_unpacker_destroy(pages->unpacker);
	free(pages->page);
	free(pages);
	return err;
}
