/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers a triage, part by part: see triage.h. What needs the kernel's symbol
 * table is in triage_symbols.c. */
#include "triage.h"

#include <stdlib.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "../formats/kdump_read.h"
#include "triage_parts.h"

#define UTSNAME_LEN 65	/* Linux include/uapi/linux/utsname.h: __NEW_UTS_LEN + 1 */

void triage_lacks(struct triage *triage, const char *part, const char *why)
{
	struct triage_missing *missing = &triage->missing[triage->nr_missing];

	if (triage->nr_missing == TRIAGE_MISSING_MAX)
		return;
	missing->part = part;
	missing->why = strdup(why);
	triage->nr_missing++;
}

struct error *triage_part(struct triage *triage, const char *part,
			  struct error *err)
{
	if (!err || error_kind(err) == ERROR_STOPPED)
		return err;
	triage_lacks(triage, part, error_message(err));
	error_destroy(err);
	return NULL;
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

/* Fills *AT with string number I of a struct new_utsname. */
static void name_copy(const uint8_t *names, unsigned i, char **at)
{
	const char *name = (const char *)names + i * UTSNAME_LEN;

	if (!*at && *name)
		*at = strndup(name, UTSNAME_LEN - 1);
}

static struct error *gather_uname(struct triage *triage)
{
	const struct kernel *kernel = triage->kernel;
	uint8_t names[6 * UTSNAME_LEN];
	enum page_state state;
	uint64_t vaddr;

	if (!kernel || !kernel->has_space || !kernel->vmcoreinfo ||
	    !vmcoreinfo_utsname(kernel->vmcoreinfo, &vaddr))
		return NULL;
	TRY(space_read(&kernel->space, triage->view, vaddr, names,
		       sizeof(names), &state));
	if (state != PAGE_OK)
		return NULL;
	name_copy(names, UTS_RELEASE, &triage->release);
	name_copy(names, UTS_VERSION, &triage->version);
	name_copy(names, UTS_NODENAME, &triage->node);
	return NULL;
}

/* From VMCOREINFO, the kernel's memory, or a dump's header, in this order. */
static struct error *gather_names(struct triage *triage)
{
	const struct kdump_header *h = kdump_image_header(triage->image);
	const struct kernel *kernel = triage->kernel;
	const struct vmcoreinfo *v = kernel ? kernel->vmcoreinfo : NULL;
	const char *time = v ? vmcoreinfo_get(v, "CRASHTIME") : NULL;

	triage->release = copy(v ? vmcoreinfo_get(v, "OSRELEASE") : NULL);
	if (kernel && kernel->has_space)
		triage->machine = copy(arch_name(kernel->space.ops,
					kernel->space.target.big_endian));
	TRY(gather_uname(triage));
	if (h && !triage->release)
		triage->release = copy(h->utsname[UTS_RELEASE]);
	if (h && !triage->version)
		triage->version = copy(h->utsname[UTS_VERSION]);
	if (h && !triage->node)
		triage->node = copy(h->utsname[UTS_NODENAME]);
	if (h && !triage->machine)
		triage->machine = copy(h->utsname[UTS_MACHINE]);
	if (time)
		error_destroy(text_parse_number(time, INT64_MAX,
						&triage->crash_time));
	if (!triage->crash_time && h)
		triage->crash_time = h->timestamp;
	if (!triage->release)
		triage_lacks(triage, "release", "nothing tells it");
	if (!v)
		triage_lacks(triage, "vmcoreinfo", "there is no such note");
	else if (!vmcoreinfo_get(v, "BUILD-ID"))
		triage_lacks(triage, "build_id",
			     "the kernel does not tell it in VMCOREINFO");
	return NULL;
}

/* Module names have no colon, and what else follows has one. */
static bool goes_on(const struct printk_record *record)
{
	return record->len && !memchr(record->text, ':', record->len) &&
	       !memchr(record->text, '\n', record->len);
}

static void modules_line_add(struct triage_modules_line *line,
			     const struct printk_record *record)
{
	static const char words[] = "Modules linked in:";
	const char *text = memmem(record->text, record->len, words,
				  sizeof(words) - 1);
	size_t len = record->len;

	if (text) {
		text += sizeof(words) - 1;
		len -= (size_t)(text - record->text);
		line->len = 0;
		line->known = line->open = true;
	} else if (line->open && goes_on(record)) {
		text = record->text;
	} else {
		line->open = false;
		return;
	}
	len = (size_t)min_u64(len, sizeof(line->text) - line->len);
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static struct error *add_record(void *arg, const struct printk_record *record)
{
	struct triage *triage = arg;

	crash_log_add(&triage->crash, record->text, record->len);
	modules_line_add(&triage->modules_line, record);
	triage->uptime = record->nanoseconds;
	printk_record_print(record, triage->log.file);
	return NULL;
}

/* Where it breaks off is a warning, too. */
static struct error *gather_log(struct triage *triage, struct log *log)
{
	size_t warned = log ? log->nr_warnings : 0;

	if (!triage->kernel || !triage->kernel->has_space)
		return error_create(ERROR_INVALID, "%s", triage->kernel &&
				    triage->kernel->why_not_pages ?
				    triage->kernel->why_not_pages :
				    "the kernel could not be found");
	TRY(printk_each(triage->kernel, triage->view, log, add_record, triage));
	triage->log_known = true;
	for (; log && warned < log->nr_warnings; warned++)
		triage_lacks(triage, "log", log->warnings[warned]);
	if (!triage->crash.nr_records)
		triage_lacks(triage, "log", "it holds no record");
	return NULL;
}

/* What the log says of the crash; its records may be there in part. */
static void judge_log(struct triage *triage)
{
	const struct crash_log *crash = &triage->crash;

	signature_choose(crash, &triage->line, &triage->trace);
	if (triage->trace) {
		triage->nr_frames = frames_parse(triage->trace, triage->frames);
		triage->task_known = frames_task(triage->trace, &triage->task);
	}
	if (!triage->task_known)
		triage->task_known = frames_task(&crash->panic_trace,
						 &triage->task) ||
				     frames_task(&crash->cause_trace,
						 &triage->task);
	if (!triage->line)
		triage_lacks(triage, "signature",
			     "the log tells of no crash");
	else if (!triage->nr_frames)
		triage_lacks(triage, "trace", "the log holds no call trace");
}

static struct error *add_range(void *arg, uint64_t paddr, uint64_t end)
{
	struct triage *triage = arg;

	triage->memory += end - paddr;
	triage->nr_ranges++;
	return NULL;
}

static struct error *gather_memory(struct triage *triage)
{
	const struct kernel *kernel = triage->kernel;

	TRY(image_runs(triage->image, FRAMES_PRESENT, 0,
		       image_end_paddr(triage->image), add_range, triage));
	if (kernel && kernel->has_space) {
		TRY(kernel_free_pages(kernel, triage->view,
				      &triage->free_pages,
				      &triage->free_known));
		TRY(kernel_reservations(kernel, triage->view,
					triage->reservations,
					&triage->nr_reservations));
	}
	if (!triage->free_known)
		triage_lacks(triage, "free_pages",
			     "the kernel's zones could not be found");
	return NULL;
}

/* That a kernel does not name them is no news: no kernel does by itself. */
static struct error *gather_hardware(struct triage *triage)
{
	const struct kernel *kernel = triage->kernel;

	if (!kernel || !kernel->has_space || !kernel->vmcoreinfo)
		return NULL;
	return hardware_errors_read(kernel, triage->view, &triage->hardware);
}

struct error *triage_gather(struct triage *triage, const struct image *image,
			    const struct vmcoreinfo *given, struct log *log)
{
	memset(triage, 0, sizeof(*triage));
	triage->image = image;
	TRY(log_text_init(&triage->log));
	TRY(view_create(image, VIEW_RANDOM, &triage->view));
	TRY(triage_part(triage, "kernel",
			kernel_open_given(image, triage->view, given, log,
					  &triage->kernel)));
	TRY(triage_part(triage, "names", gather_names(triage)));
	TRY(triage_part(triage, "log", gather_log(triage, log)));
	judge_log(triage);
	TRY(triage_part(triage, "registers",
			registers_gather(image, log, &triage->cpus)));
	TRY(triage_part(triage, "symbols", triage_find_symbols(triage)));
	TRY(triage_part(triage, "modules", triage_settle_modules(triage)));
	triage_settle_taint(triage);
	TRY(triage_part(triage, "hardware_errors", gather_hardware(triage)));
	TRY(triage_part(triage, "memory", gather_memory(triage)));
	if (triage->line)
		signature_make(triage->line, triage->frames,
			       triage->nr_frames, &triage->signature);
	return NULL;
}

void triage_deinit(struct triage *triage)
{
	for (unsigned i = 0; i < triage->nr_missing; i++)
		free(triage->missing[i].why);
	modules_deinit(&triage->modules);
	registers_list_deinit(&triage->cpus);
	free(triage->places);
	log_text_deinit(&triage->log);
	kernel_close(triage->kernel);
	view_destroy(triage->view);
	free(triage->release);
	free(triage->version);
	free(triage->node);
	free(triage->machine);
}

void triage_print_log(struct triage *triage, FILE *file)
{
	log_text_print(&triage->log, file);
}
