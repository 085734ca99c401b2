/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before the bitmaps. A field is held against another place that
 * says the same: VMCOREINFO, the notes, the file's size. Not judged, because
 * no reader looks at them and nothing else tells: total_ram_blocks,
 * device_blocks, written_blocks and the names of node and domain.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"
#include "../image/notes.h"
#include "../image/vmcoreinfo.h"
#include "kdump_shape.h"
#include "verify_impl.h"

#define KNOWN_BITS (KDUMP_STATUS_CODECS | KDUMP_STATUS_INCOMPLETE | \
		    KDUMP_STATUS_EXCLUDED_VMEMMAP)

static void check_header(struct verify *verify, const uint8_t *p)
{
	const struct kdump_header *h = verify->header;
	uint32_t codec = h->status & KDUMP_STATUS_CODECS;
	bool big = h->big_endian;
	uint32_t cpu = kdump_head_get(h->shape, p, KDUMP_H_CURRENT_CPU, big);
	uint32_t max_mapnr = kdump_head_get(h->shape, p, KDUMP_H_MAX_MAPNR,
					    big);

	if (h->status & ~KNOWN_BITS)
		verify_problem(verify, "header: status %#x has unknown bits",
			       h->status);
	if (codec & (codec - 1))
		verify_problem(verify,
			       "header: status %#x names several codecs",
			       h->status);
	if (h->version >= 6 && max_mapnr != min_u64(h->nr_frames, UINT32_MAX))
		verify_problem(verify,
			       "header: max_mapnr is %" PRIu32 ", but the sub-header's is %" PRIu64,
			       max_mapnr, h->nr_frames);
	if (h->nr_cpus > INT32_MAX || (h->nr_cpus && cpu >= h->nr_cpus))
		verify_problem(verify,
			       "header: current_cpu %" PRIu32 " of %u CPUs",
			       cpu, h->nr_cpus);
	if (h->timestamp_usec >= 1000000)
		verify_problem(verify,
			       "header: timestamp has %" PRIu64 " microseconds",
			       h->timestamp_usec);
	for (unsigned i = 0; i < 6; i++) {
		const uint8_t *name = p + KDUMP_H_UTSNAME + 65 * i;
		const uint8_t *nul = memchr(name, 0, 65);

		/* the kernel's own are zeroed beyond their end */
		if (!nul || (nul + 1 < name + 65 &&
			     (nul[1] || memcmp(nul + 1, nul + 2,
					       (size_t)(name + 65 - nul - 2)))))
			verify_problem(verify,
				       "header: utsname[%u] is not one name",
				       i);
	}
}

/* The range of a part, which stands there twice; of a whole dump there is none.
 * makedumpfile.c: write_kdump_header(). */
static void check_split(struct verify *verify, const uint8_t *p)
{
	const struct kdump_header *h = verify->header;
	uint64_t start = h->split ? h->start : 0, end = h->split ? h->end : 0;
	bool big = h->big_endian;

	if (h->version >= 6 &&
	    (kdump_sub_get(h->shape, p, KDUMP_S_START_PFN_64, big) != start ||
	     kdump_sub_get(h->shape, p, KDUMP_S_END_PFN_64, big) != end))
		verify_problem(verify,
			       "sub-header: start_pfn_64 or end_pfn_64 is set, but split is not");
	if (h->version >= 6) {
		start = min_u64(start, UINT32_MAX);
		end = min_u64(end, UINT32_MAX);
	}
	if (h->version >= 2 &&
	    (kdump_sub_get(h->shape, p, KDUMP_S_START_PFN, big) != start ||
	     kdump_sub_get(h->shape, p, KDUMP_S_END_PFN, big) != end))
		verify_problem(verify, h->split ?
			       "sub-header: start_pfn and end_pfn are not those of 64 bits" :
			       "sub-header: start_pfn or end_pfn is set, but split is not");
	if (h->split && h->start % 64)
		log_warn(verify->log,
			 "%s: begins with frame %#" PRIx64 ", no multiple of 64: crash (9.0) misreads it",
			 verify->image->path, h->start);
}

static void check_sub_header(struct verify *verify, const uint8_t *p)
{
	const struct kdump_header *h = verify->header;
	bool big = h->big_endian;
	uint64_t offset, len, end;

	if (h->level > 31)
		verify_problem(verify, "sub-header: dump_level is %u",
			       h->level);
	check_split(verify, p);
	if (h->version < 5)
		return;
	offset = kdump_sub_get(h->shape, p, KDUMP_S_OFFSET_ERASEINFO, big);
	len = kdump_sub_get(h->shape, p, KDUMP_S_SIZE_ERASEINFO, big);
	if (!offset && !len)
		return;
	if (!len || add_overflows(offset, len, &end) || end > h->bitmap ||
	    offset < h->note_offset + h->note_len ||
	    offset < h->block_size + h->shape->sub_len[6])
		verify_problem(verify,
			       "sub-header: eraseinfo (%" PRIu64 " bytes at %" PRIu64 ") is not between notes and bitmaps",
			       len, offset);
}

struct note_state {
	struct verify *verify;
	uint64_t end;		/* of the last note */
	unsigned nr_prstatus;
	bool vmcoreinfo_found;
};

static struct error *check_note(void *arg, const struct note *note)
{
	struct note_state *state = arg;
	const struct kdump_header *h = state->verify->header;

	uint8_t name_len[4];

	TRY(image_file_read_exact(&state->verify->image->file, name_len, 4,
				  note->offset));
	if (strlen(note->name) + 1 < NOTE_NAME_MAX &&
	    strlen(note->name) + 1 != get_u32(name_len, h->big_endian))
		verify_problem(state->verify,
			       "the note at %" PRIu64 " has a name of another length than it says",
			       note->offset);
	state->end = note->offset + note->len;
	state->nr_prstatus += note_is_prstatus(note);
	if (!strcmp(note->name, "VMCOREINFO") &&
	    note->desc_offset == h->vmcoreinfo_offset &&
	    note->desc_len == h->vmcoreinfo_len)
		state->vmcoreinfo_found = true;
	if (!strcmp(note->name, "VMCOREINFO") && !h->vmcoreinfo_len)
		verify_problem(state->verify,
			       "sub-header: there is a VMCOREINFO note, but size_vmcoreinfo is 0");
	return NULL;
}

/* Notes lie between sub-header and bitmaps and end where they say. */
static struct error *check_notes(struct verify *verify, uint64_t sub_end)
{
	const struct kdump_header *h = verify->header;
	struct note_state state = { .verify = verify,
				    .end = h->note_offset };

	if (!h->note_len) {
		if (h->note_offset)
			verify_problem(verify,
				       "sub-header: offset_note without size_note");
		if (h->vmcoreinfo_offset && !h->vmcoreinfo_len)
			verify_problem(verify,
				       "sub-header: offset_vmcoreinfo without size_vmcoreinfo");
		return NULL;
	}
	if (h->note_offset < sub_end ||
	    h->note_offset + h->note_len > h->bitmap) {
		verify_problem(verify,
			       "sub-header: the notes (%" PRIu64 " bytes at %" PRIu64 ") are not between sub-header and bitmaps",
			       h->note_len, h->note_offset);
		return NULL;
	}
	TRY(notes_each(verify->image, NULL, check_note, &state));
	if (state.end != h->note_offset + h->note_len)
		verify_problem(verify,
			       "the notes end at %" PRIu64 ", not at %" PRIu64 " as the sub-header says",
			       state.end, h->note_offset + h->note_len);
	/* of dumps before version 4 the number alone is left */
	if (state.nr_prstatus && h->nr_cpus != state.nr_prstatus)
		verify_problem(verify,
			       "header: nr_cpus is %u, but there are %u NT_PRSTATUS notes",
			       h->nr_cpus, state.nr_prstatus);
	if ((h->vmcoreinfo_len || h->vmcoreinfo_offset) &&
	    !state.vmcoreinfo_found)
		verify_problem(verify,
			       "sub-header: no VMCOREINFO note has its contents (%" PRIu64 " bytes) at %" PRIu64,
			       h->vmcoreinfo_len, h->vmcoreinfo_offset);
	return NULL;
}

/* QEMU knows neither release nor node. */
static void check_release(struct verify *verify, const char *release)
{
	const char *name = verify->header->utsname[UTS_RELEASE];
	AUTO_FREE char *a = text_escape(name, strlen(name));
	AUTO_FREE char *b = text_escape(release, strlen(release));

	if (strcmp(name, release) && !kdump_by_qemu(verify->header))
		verify_problem(verify,
			       "header: utsname has release '%s', VMCOREINFO '%s'",
			       a ? a : "?", b ? b : "?");
}

static void check_machine(struct verify *verify)
{
	const struct kdump_header *h = verify->header;

	if (strcmp(h->utsname[UTS_SYSNAME], "Linux") && !kdump_by_qemu(h))
		verify_problem(verify, "header: utsname is not Linux's");
	if (!verify->image->target.elf_machine)
		verify_problem(verify, "header: utsname names no machine");
}

/* The number that KEY has; false if it has none. */
static bool get_number(const struct vmcoreinfo *v, const char *key,
		       uint64_t max, uint64_t *ret)
{
	const char *text = vmcoreinfo_get(v, key);
	struct error *err = text ? text_parse_number(text, max, ret) : NULL;

	error_destroy(err);
	return text && !err;
}

/* Readers take VMCOREINFO's. QEMU reads that for a hexadecimal number
 * (dump/dump.c: vmcoreinfo_update_phys_base()), or guesses. */
static void check_phys_base(struct verify *verify, const struct vmcoreinfo *v)
{
	const struct kdump_header *h = verify->header;
	uint64_t n;

	if (!vmcoreinfo_phys_base(v, &n) || n == h->phys_base)
		return;
	if (kdump_by_qemu(h))
		log_warn(verify->log,
			 "%s: sub-header: phys_base is %#" PRIx64 ", by QEMU; readers go by VMCOREINFO's, %#" PRIx64,
			 verify->image->path, h->phys_base, n);
	else
		verify_problem(verify,
			       "sub-header: phys_base is %#" PRIx64 ", VMCOREINFO has %#" PRIx64,
			       h->phys_base, n);
}

/* What VMCOREINFO says again. */
static struct error *check_vmcoreinfo(struct verify *verify)
{
	const struct kdump_header *h = verify->header;
	struct vmcoreinfo *v;
	const char *text;
	uint64_t n;

	TRY(vmcoreinfo_read(verify->image, NULL, &v));
	if (!v)
		return NULL;
	check_machine(verify);
	text = vmcoreinfo_get(v, "OSRELEASE");
	if (text)
		check_release(verify, text);
	/* makedumpfile writes its own time, with microseconds; QEMU none */
	if ((h->timestamp || !kdump_by_qemu(h)) &&
	    get_number(v, "CRASHTIME", INT64_MAX, &n) &&
	    (h->timestamp < n || (!h->timestamp_usec && h->timestamp != n)))
		verify_problem(verify,
			       "header: timestamp is %" PRIu64 ", CRASHTIME %" PRIu64,
			       h->timestamp, n);
	check_phys_base(verify, v);
	/* QEMU has the largest page of the machine's kernels: arm64, ppc64 */
	if (get_number(v, "PAGESIZE", UINT32_MAX, &n) &&
	    (kdump_by_qemu(h) ? n > h->block_size : n != h->block_size))
		verify_problem(verify,
			       "header: block_size is %u, PAGESIZE %" PRIu64,
			       h->block_size, n);
	vmcoreinfo_destroy(v);
	return NULL;
}

struct error *verify_head(struct verify *verify)
{
	const struct kdump_header *h = verify->header;
	uint64_t sub_end = h->block_size + h->shape->sub_len[h->version];
	uint8_t head[KDUMP_H_LEN], sub[KDUMP_S_LEN_MAX];
	const struct image_file *file = &verify->image->file;

	TRY(image_file_read_exact(file, head, sizeof(head), 0));
	TRY(image_file_read_exact(file, sub, sizeof(sub), h->block_size));
	check_header(verify, head);
	check_sub_header(verify, sub);
	TRY(verify_zeroes(verify, KDUMP_H_UTSNAME + 6 * 65,
			  kdump_shape_time(h->shape),
			  "between utsname and timestamp"));
	TRY(verify_zeroes(verify, kdump_shape_at(h->shape, KDUMP_H_LEN),
			  h->block_size, "after the header"));
	TRY(check_notes(verify, sub_end));
	TRY(check_vmcoreinfo(verify));
	if (h->version == 3 ||
	    (h->version >= 5 &&
	     kdump_sub_get(h->shape, sub, KDUMP_S_SIZE_ERASEINFO,
			   h->big_endian)))
		return NULL;	/* something else lies there */
	if (!h->note_len)
		return verify_zeroes(verify, sub_end, h->bitmap,
				     "after the sub-header");
	TRY(verify_zeroes(verify, sub_end, h->note_offset,
			  "between sub-header and notes"));
	return verify_zeroes(verify, h->note_offset + h->note_len, h->bitmap,
			     "between notes and bitmaps");
}
