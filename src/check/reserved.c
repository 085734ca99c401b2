/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check: what memory the crash kernel has, against what it is likely to need
 * (machine/need.h). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "../capture/memory.h"
#include "../machine/need.h"
#include "checks.h"
#include "machine.h"

#define LOW_END (1ull << 32)

/* The command that puts WORDS on the kernel's command line. */
static void fix_cmdline(const struct check_machine *machine,
			struct check_result *ret, const char *words)
{
	static const char file[] = "/etc/default/grub.d/kdump-tools.cfg";
	static const char then[] = "; then reboot";

	if (check_has(machine, "/usr/sbin/grubby") ||
	    check_has(machine, "/usr/bin/grubby"))
		check_fix(ret, "grubby --update-kernel=ALL --args=\"%s\"%s",
			  words, then);
	else if (check_has(machine, file))
		check_fix(ret, "sed -i 's/crashkernel=[^\"]*/%s/' %s; update-grub%s",
			  words, file, then);
	else
		check_fix(ret, "%s on the kernel's command line%s", words,
			  then);
}

/* Kernel code to bss. */
static uint64_t kernel_size(const struct check_machine *machine)
{
	uint64_t first = UINT64_MAX, last = 0;
	const struct resource *r;
	size_t at = 0;

	while ((r = resources_next(&machine->resources, &at, "Kernel ", 0,
				   UINT64_MAX))) {
		first = min_u64(first, r->paddr);
		last = max_u64(last, r->last);
	}
	return last > first ? last - first : 0;
}

static uint64_t ram_end(const struct check_machine *machine)
{
	const struct resource *r;
	uint64_t last = 0;
	size_t at = 0;

	while ((r = resources_next(&machine->resources, &at, "System RAM", 0,
				   UINT64_MAX)))
		last = max_u64(last, r->last);
	return last;
}

/* False: nothing is known of such machines. */
static struct error *find_need(const struct check_machine *machine,
			       struct need_asked *ret, bool *known)
{
	uint64_t swiotlb;

	*known = need_init(ret, machine->arch, machine->release);
	if (!*known)
		return NULL;
	if (!machine->root)
		ret->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	TRY(check_crash_words(machine, &ret->encryption, &swiotlb,
			      &ret->nr_cpus));
	ret->swiotlb = swiotlb;
	ret->ram = check_machine_ram(machine);
	ret->kernel = kernel_size(machine);
	ret->fadump = machine->fadump_on;
	ret->packed = machine->initrd.len;
	ret->unpacked = crash_initrd_unpacked(&machine->initrd,
					      ret->page_size);
	ret->capdump = memory_wanted(ram_end(machine) / ret->page_size,
				     ret->nr_cpus, machine->nr_files);
	return NULL;
}

/* What to have on the command line instead. */
static struct error *find_advice(const struct check_machine *machine,
				 const struct need_asked *asked,
				 struct need_advice *ret)
{
	struct reserve_machine its = {
		.arch = asked->arch, .encryption = asked->encryption,
		.cmdline = machine->cmdline,
	};
	struct iomem iomem;
	struct error *err = iomem_read(machine->root, &iomem);

	its.iomem = &iomem;
	if (!err) {
		err = need_advise(asked, &its, ret);
		iomem_deinit(&iomem);
		return err;
	}
	error_destroy(err);
	return need_advise(asked, NULL, ret);
}

static bool nothing_reserved(const struct check_machine *machine)
{
	return machine->crash_size <= 0 && !machine->reserved.nr;
}

static void say_nothing(const struct check_machine *machine, const char *words,
			struct check_result *ret)
{
	static const char text[] = "no memory is reserved for a crash kernel: ";
	struct crashkernel asked;

	crashkernel_parse(machine->cmdline, check_machine_ram(machine),
			  CRASHKERNEL_TAKES_HIGH, &asked);
	switch (asked.verdict) {
	case CRASHKERNEL_NONE:
		check_say(ret, CHECK_FATAL, "nothing-reserved",
			  "%sthere is no crashkernel= on the kernel's command line",
			  text);
		break;
	case CRASHKERNEL_INVALID:
		check_say(ret, CHECK_FATAL, "nothing-reserved", "%s%s", text,
			  asked.why);
		break;
	case CRASHKERNEL_OK:
		check_say(ret, CHECK_FATAL, "nothing-reserved",
			  "%sthe kernel did not find what %.*s asks for, or gave it back; capdump reservation tells more",
			  text, (int)asked.main.len, asked.main.text);
		break;
	}
	fix_cmdline(machine, ret, words);
}

/* The crash kernel's memory as need.h wants it. CMA's counts: what is not the
 * kernel's own finds room there. */
static void sum_up(const struct check_machine *machine, bool takes_high,
		   bool *high, uint64_t *main, uint64_t *low)
{
	const struct reservations *reserved = &machine->reserved;
	uint64_t all = check_reserved(machine, false), cma = 0;

	*low = check_reserved(machine, true);
	for (size_t i = 0; i < reserved->nr; i++)
		if (reserved->at[i].source == RESERVATION_CMA)
			cma += reserved->at[i].end - reserved->at[i].paddr;
	*high = takes_high && all > *low;
	*main = (*high ? all - *low : all) + cma;
	/* told by a finding of its own, where it matters */
	if (!*low)
		*low = UINT64_MAX;
}

static void say_small(enum need_verdict verdict, const struct need *need,
		      uint64_t main, struct check_result *ret)
{
	char amount[3][16];

	text_size(main, amount[0]);
	text_size(max_u64(need->boot, need->run), amount[1]);
	text_size(need->total, amount[2]);
	if (verdict == NEED_NOT_MET)
		check_say(ret, CHECK_WARNING, "reservation-small",
			  "%s are reserved, and the crash kernel is likely to need %s: it may run out of memory",
			  amount[0], amount[1]);
	else
		check_say(ret, CHECK_NOTICE, "reservation-tight",
			  "%s are reserved; %s would leave the crash kernel some room",
			  amount[0], amount[2]);
}

static struct error *judge(const struct check_machine *machine,
			   const struct need_asked *asked,
			   const struct need_advice *advice,
			   struct check_result *ret)
{
	enum need_verdict verdict;
	uint64_t main, low;
	struct need need;
	bool high;

	if (machine->fadump_on)
		return NULL;
	sum_up(machine, asked->arch->takes & CRASHKERNEL_TAKES_HIGH, &high,
	       &main, &low);
	verdict = need_judge(asked, high, main, low);
	if (verdict == NEED_MET)
		return NULL;
	need_plan(asked, high, &need);
	say_small(verdict, &need, main, ret);
	fix_cmdline(machine, ret, advice->words);
	return NULL;
}

/* "256.0 MiB at a0000000-afffffff, ..." */
void check_reserved_text(const struct check_machine *machine, char *buf,
			 size_t size)
{
	size_t used = 0;
	char amount[16];

	buf[0] = '\0';
	for (size_t i = 0; i < machine->reserved.nr && used < size; i++) {
		const struct reservation *r = &machine->reserved.at[i];

		used += (size_t)snprintf(buf + used, size - used,
			"%s%s at %" PRIx64 "-%" PRIx64 "%s", i ? ", " : "",
			text_size(r->end - r->paddr, amount), r->paddr,
			r->end - 1, r->source == RESERVATION_CMA ?
			" (CMA)" : "");
	}
}

struct error *check_reservation(const struct check_machine *machine,
				struct check_result *ret)
{
	struct need_advice advice = { .words = "crashkernel=512M" };
	struct need_asked asked;
	char where[256];
	bool known;

	if (machine->reserved_why) {
		check_say(ret, CHECK_NOTICE, "unreadable",
			  "where memory is reserved can't be told: %s",
			  machine->reserved_why);
		return NULL;
	}
	if (nothing_reserved(machine) && machine->fadump_on)
		return NULL;
	TRY(find_need(machine, &asked, &known));
	if (known)
		TRY(find_advice(machine, &asked, &advice));
	if (nothing_reserved(machine)) {
		say_nothing(machine, advice.words, ret);
		return NULL;
	}
	if (!strcmp(machine->arch, "x86_64") &&
	    check_reserved(machine, false) && !check_reserved(machine, true)) {
		check_say(ret, CHECK_WARNING, "no-low-memory",
			  "the crash kernel has no memory below 4 GiB: devices that reach no further do not work in it");
		fix_cmdline(machine, ret, "crashkernel=256M,low");
	}
	if (known && machine->reserved.nr)
		TRY(judge(machine, &asked, &advice, ret));
	if (!ret->nr) {
		check_reserved_text(machine, where, sizeof(where));
		check_good(ret, "%s", *where ? where :
			   "memory is reserved; its place is not told");
	}
	return NULL;
}
