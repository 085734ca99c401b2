/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a reservation is what it is, in plain words: see reserve.h. */
#include <inttypes.h>
#include <string.h>

#include "../base/bytes.h"
#include "../base/text.h"
#include "reserve_impl.h"

#define CAPTURE_SWIOTLB (64 * MIB)	/* of a machine with little memory */

/* A word of the command line, not too long for a line. */
#define WORD(word) (int)((word).len < 60 ? (word).len : 60), (word).text

/* "512 MiB": exact, as sizes of reservations are whole. */
static const char *size_text(uint64_t size, char *buf)
{
	static const char units[] = "KMGT";
	int unit = -1;

	while (size && !(size % 1024) && unit < 3) {
		size /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, 32, "%" PRIu64 " bytes", size);
	else
		snprintf(buf, 32, "%" PRIu64 " %ciB", size, units[unit]);
	return buf;
}

static bool ends_with(struct crashkernel_word word, const char *suffix)
{
	size_t len = strlen(suffix);

	return word.len >= len &&
	       !memcmp(word.text + word.len - len, suffix, len);
}

static void note_ignored(const struct reserve_machine *machine,
			 struct reserve_plan *plan,
			 struct crashkernel_word word)
{
	const struct crashkernel *asked = &plan->asked;
	bool cma = ends_with(word, ",cma");

	if (cma && machine->kernel < RESERVE_LINUX(6, 17))
		reserve_note(plan, true, "%.*s has no effect: kernels before 6.17 do not know ,cma",
			     WORD(word));
	else if (cma && !(machine->arch->takes & CRASHKERNEL_TAKES_CMA))
		reserve_note(plan, true, "%.*s has no effect: this kernel for %s does not know ,cma, and does not say so",
			     WORD(word), machine->arch->name);
	else if (cma && !asked->cma.len)
		reserve_note(plan, false, "%.*s has no effect: it names no size",
			     WORD(word));
	else if ((machine->arch->takes & CRASHKERNEL_LENIENT) &&
		 ends_with(word, ",low") && !asked->low_given &&
		 asked->verdict == CRASHKERNEL_OK)
		reserve_note(plan, false, "%.*s has no effect: it is not valid, and kernels before 6.7 take the default then",
			     WORD(word));
	else if ((machine->arch->takes & CRASHKERNEL_LENIENT) &&
		 !ends_with(word, ",high") && !ends_with(word, ",low") &&
		 asked->high)
		reserve_note(plan, false, "%.*s has no effect: it is not valid, and kernels before 6.7 for x86_64 look for ,high then",
			     WORD(word));
	else if ((ends_with(word, ",high") || ends_with(word, ",low")) &&
		 asked->main.len && !asked->high)
		reserve_note(plan, false, "%.*s has no effect: ,high and ,low count only without a crashkernel= that has no such ending",
			     WORD(word));
	else if (asked->main.len || cma)
		reserve_note(plan, false, "%.*s has no effect: a later word of its form counts",
			     WORD(word));
	else
		reserve_note(plan, false, "%.*s has no effect",
			     WORD(word));
}

void reserve_notes_words(const struct reserve_machine *machine,
			 struct reserve_plan *plan)
{
	const struct crashkernel *asked = &plan->asked;
	unsigned nr = asked->nr_ignored < CRASHKERNEL_MAX_IGNORED ?
		      asked->nr_ignored : CRASHKERNEL_MAX_IGNORED;
	char size[32];

	if (asked->verdict == CRASHKERNEL_NONE) {
		reserve_note(plan, false, "the command line has no crashkernel=");
		return;
	}
	if (asked->verdict == CRASHKERNEL_INVALID) {
		struct crashkernel_word word = asked->low.len ? asked->low :
					       asked->main;

		if (word.len)
			reserve_note(plan, false, "%.*s is not valid, and nothing is reserved: %s",
				     WORD(word), asked->why);
		else
			reserve_note(plan, false, "nothing is reserved: %s",
				     asked->why);
	} else {
		reserve_note(plan, false, "%.*s counts%s%.*s", WORD(asked->main),
			     asked->low.len ? ", and with it " : "",
			     WORD(asked->low));
		if (memchr(asked->main.text, ':', asked->main.len) &&
		    machine->kernel < RESERVE_LINUX(6, 0))
			reserve_note(plan, false, "of its ranges that counts in which %s lie: the machine's memory, which kernels before 6.0 do not round up",
				     size_text(plan->ram, size));
		else if (memchr(asked->main.text, ':', asked->main.len))
			reserve_note(plan, false, "of its ranges that counts in which %s lie: the machine's memory, rounded up to 128 MiB",
				     size_text(align_up(plan->ram, 128 * MIB),
					       size));
	}
	for (unsigned i = 0; i < nr; i++)
		note_ignored(machine, plan, asked->ignored[i]);
}

/* What is in the way of [paddr, paddr + size). */
static void note_collision(const struct reserve_machine *machine,
			   struct reserve_plan *plan,
			   const struct place *place)
{
	struct iomem_range used = { 0 };
	uint64_t paddr = place->base, end = paddr + place->size;
	uint64_t align = reserve_align(machine, place);
	const char *what = NULL;

	if (paddr % align) {
		char text[32];

		reserve_note(plan, false, "%#" PRIx64 " is not a multiple of %s",
			     paddr, size_text(align, text));
		return;
	}
	if (iomem_overlaps(machine->iomem, IOMEM_KERNEL, paddr, end, &used))
		what = "the kernel itself";
	else if (iomem_overlaps(machine->iomem, IOMEM_RESERVED, paddr, end,
				&used))
		what = "reserved memory";
	if (what)
		reserve_note(plan, false, "at %#" PRIx64 "-%#" PRIx64 " there is %s",
			     used.paddr, used.end - 1, what);
	else
		reserve_note(plan, false, "not all of %#" PRIx64 "-%#" PRIx64 " is RAM",
			     paddr, end - 1);
}

/* Nothing was free, where no place was asked for. */
static void note_no_room(const struct reserve_machine *machine,
			 struct reserve_plan *plan, const struct place *place,
			 const char *size)
{
	unsigned quirks = machine->arch->quirks;
	bool high = plan->asked.high;

	if (machine->arch->style != RESERVE_GENERIC || place->fell_back ||
	    (high && (quirks & RESERVE_ANYWHERE)) ||
	    place->size > plan->ram)
		reserve_note(plan, false, "there is no free piece of %s anywhere: nothing is reserved",
			     size);
	else
		reserve_note(plan, false, "there is no free piece of %s %s %#" PRIx64 ", and this kernel then looks nowhere else: nothing is reserved",
			     size, high ? "above" : "below", plan->low_limit);
}

static void note_failed(const struct reserve_machine *machine,
			struct reserve_plan *plan, const struct place *place)
{
	char size[32], low[32];

	size_text(place->size, size);
	switch (place->result) {
	case PLACE_OK:
		return;
	case PLACE_NO_LOW:
		reserve_note(plan, false, "%s have room above %#" PRIx64 ", but the %s of low memory that belong to them do not fit below: the kernel gives up both",
			     size, plan->low_limit,
			     size_text(place->low_size, low));
		return;
	case PLACE_OVER_KERNEL:
	case PLACE_NOWHERE:
		if (place->base) {
			reserve_note(plan, false, "%s are not free at %#" PRIx64 ", and the kernel tries no other place: nothing is reserved",
				     size, place->base);
			note_collision(machine, plan, place);
			return;
		}
		note_no_room(machine, plan, place, size);
		return;
	case PLACE_FIRST_CHUNK:
		reserve_note(plan, false, "the first piece of memory is smaller than %s: nothing is reserved",
			     size);
		return;
	case PLACE_BELOW_SIZE:
		reserve_note(plan, false, "%#" PRIx64 " is below %s, and the crash kernel changes places with as much memory from 0 on: nothing is reserved",
			     place->base, size);
		return;
	case PLACE_NO_BASE:
		reserve_note(plan, false, "without \"@\" this kernel takes the address for 0 and reserves nothing, though /proc/iomem may show a \"Crash kernel\" at 0");
		return;
	case PLACE_HANGS:
		reserve_note(plan, true, "the machine will not boot: %s have no room in low memory, there is no other memory here, and the kernel looks again and again (kernel/crash_reserve.c: reserve_crashkernel_generic(), since 6.7)",
			     size);
		return;
	}
}

/* Whether the low part is the default, and how large that is and why. */
static void note_low(const struct reserve_machine *machine,
		     struct reserve_plan *plan, const struct place *place)
{
	uint64_t swiotlb = reserve_swiotlb(machine, plan->ram);
	char low[32], text[32];

	if (!place->low_size)
		return;
	size_text(place->low_size, low);
	if (plan->asked.low_given)
		reserve_note(plan, false, "%s below %#" PRIx64 ", as ,low asks",
			     low, plan->low_limit);
	else if ((machine->arch->quirks & RESERVE_LOW_BY_SWIOTLB) &&
		 place->low_size > machine->arch->default_low)
		reserve_note(plan, false, "%s below %#" PRIx64 ", for devices that reach no further: by default SWIOTLB (%s) and 8 MiB",
			     low, plan->low_limit, size_text(swiotlb, text));
	else
		reserve_note(plan, false, "%s below %#" PRIx64 ", for devices that reach no further: the default without ,low",
			     low, plan->low_limit);
}

static void note_generic(const struct reserve_machine *machine,
			 struct reserve_plan *plan, const struct place *place)
{
	const struct crashkernel *asked = &plan->asked;
	bool high = place->paddr >= plan->low_limit;
	char size[32];

	size_text(place->size, size);
	if (place->base)
		reserve_note(plan, false, "%s exactly at %#" PRIx64 ", as \"@\" asks",
			     size, place->base);
	else if (place->fell_back)
		reserve_note(plan, false, "%s %s %#" PRIx64 ": there is no room for them %s, where they were to be",
			     size, high ? "above" : "below", plan->low_limit,
			     high ? "below" : "above");
	else if (asked->high && (machine->arch->quirks & RESERVE_ANYWHERE))
		reserve_note(plan, false, "%s %s %#" PRIx64 ", the highest free memory there is, which kernels before %s take for ,high",
			     size, high ? "above" : "below", plan->low_limit,
			     machine->arch->fixed_align ? "6.7" : "6.5");
	else
		reserve_note(plan, false, "%s %s %#" PRIx64 ", %s", size,
			     high ? "above" : "below", plan->low_limit,
			     asked->high ? "where the kernel looks first with ,high" :
			     "where the kernel looks first");
	note_low(machine, plan, place);
	if (asked->high && !high && asked->low_size && !place->low_size)
		reserve_note(plan, false, "no ,low beside it: all of it is low memory");
}

void reserve_notes_place(const struct reserve_machine *machine,
			 struct reserve_plan *plan, const struct place *place)
{
	char size[32], base[48];

	if (place->result != PLACE_OK) {
		note_failed(machine, plan, place);
	} else if (machine->arch->style == RESERVE_GENERIC ||
		   machine->arch->style == RESERVE_FIXED) {
		note_generic(machine, plan, place);
	} else if (machine->arch->style == RESERVE_PPC64 && !plan->asked.base) {
		reserve_note(plan, false, "%s at %#" PRIx64 ": half of the first memory%s (on PowerNV, which is no partition, 128 MiB)",
			     size_text(place->size, size), place->base,
			     machine->arch->quirks & RESERVE_BASE_CAPPED ?
			     ", 512 MiB at most" : "");
	} else {
		snprintf(base, sizeof(base), place->base ? "exactly at %#" PRIx64 :
			 "above %#" PRIx64 ", since it changes places with as much memory from 0 on",
			 place->base ? place->base : place->size);
		reserve_note(plan, false, "%s %s",
			     size_text(place->size, size), base);
	}
	if (place->size != plan->asked.size)
		reserve_note(plan, false, "sizes are rounded up to %s",
			     size_text(machine->arch->size_align, size));
}

/* KERNEL's own SWIOTLB against the one that the crash kernel needs. */
static void caution_encryption(const struct reserve_machine *machine,
			       struct reserve_plan *plan,
			       const struct place *place)
{
	uint64_t swiotlb = reserve_swiotlb(machine, plan->ram);
	char text[32], low[32];

	if (machine->encryption != RESERVE_PLAIN) {
		reserve_note(plan, true, "with encrypted memory the crash kernel moves all its I/O through a SWIOTLB of 64 MiB in its low memory, and no kernel up to 7.3 adds that to what crashkernel= says: add 64 MiB yourself");
		if (!place->low_size && plan->asked.size < 256 * MIB)
			reserve_note(plan, true, "without them the crash kernel has %s",
				     size_text(place->size - min_u64(place->size, CAPTURE_SWIOTLB), text));
	}
	if ((machine->arch->quirks & RESERVE_LOW_BY_SWIOTLB) &&
	    !plan->asked.low_given &&
	    place->low_size > machine->arch->default_low)
		reserve_note(plan, true, "the low part is larger than it need be: the kernel takes it from its own SWIOTLB (%s), but a crash kernel makes one by its own memory (64 MiB). crashkernel=%lluM,low beside ,high gives the rest (of %s) back",
			     size_text(swiotlb, text),
			     (unsigned long long)(machine->arch->default_low / MIB),
			     size_text(place->low_size, low));
}

static void caution_low(const struct reserve_machine *machine,
			struct reserve_plan *plan, const struct place *place)
{
	const struct crashkernel *asked = &plan->asked;
	struct iomem_range ram;

	if (machine->arch->style != RESERVE_GENERIC)
		return;
	if (place->result == PLACE_OK && place->paddr >= plan->low_limit &&
	    !place->low_size)
		reserve_note(plan, true, "the crash kernel has no low memory: devices that reach only 32 bits, and SWIOTLB, will not work in it");
	if (place->result == PLACE_NO_LOW &&
	    !iomem_overlaps(machine->iomem, IOMEM_RAM, 0, plan->low_limit,
			    &ram))
		reserve_note(plan, true, "this machine has no memory below %#" PRIx64 " at all: only %s,high with crashkernel=0,low can be reserved",
			     plan->low_limit, "crashkernel=SIZE");
	if (machine->arch->low_limit == RESERVE_LOW_DMA &&
	    asked->verdict == CRASHKERNEL_OK && plan->low_limit == 4 * GIB)
		reserve_note(plan, false, "low memory ends at 4 GiB unless the firmware says that devices reach less (on a Raspberry Pi 4: 1 GiB)");
}

static void caution_cma(const struct reserve_machine *machine,
			struct reserve_plan *plan)
{
	char size[32];

	if (!reserve_plan_cma(plan))
		return;
	reserve_note(plan, false, "%s of CMA, in up to four pieces wherever there is room; the system goes on using it for pages that can be moved",
		     size_text(reserve_plan_cma(plan), size));
	reserve_note(plan, true, "a kernel without CONFIG_CMA makes no CMA area (Debian's up to 6.18 for x86_64 are such): /boot/config-RELEASE tells");
	reserve_note(plan, true, "what lies in the CMA area (user pages, mostly) will be missing from the vmcore, and DMA that was under way at the crash may write there under the crash kernel");
	if (machine->arch->style == RESERVE_PPC64 &&
	    plan->asked.verdict != CRASHKERNEL_OK)
		reserve_note(plan, true, "the kernel takes the CMA area although there is no crash kernel that could use it");
}

void reserve_notes_cautions(const struct reserve_machine *machine,
			    struct reserve_plan *plan,
			    const struct place *place)
{
	caution_cma(machine, plan);
	/* 5.14.0-427.13.1.el9_4.x86_64, 5.15.0-300.el9uek */
	if (machine->release && strstr(machine->release, ".el"))
		reserve_note(plan, true, "%.60s is a distribution's kernel that has got rules of later ones: --kernel names one whose rules to take",
			     machine->release);
	if (plan->asked.verdict != CRASHKERNEL_OK)
		return;
	if (!plan->certain)
		reserve_note(plan, true, "this depends on the memory that the kernel, at boot, took for itself before: what the map shows as reserved is held to be taken by then");
	caution_low(machine, plan, place);
	if (place->result == PLACE_OK)
		caution_encryption(machine, plan, place);
	if (machine->arch->style == RESERVE_PPC64 &&
	    strstr(machine->cmdline, "fadump=on"))
		reserve_note(plan, true, "with fadump=on, where the firmware can do it, the size is that of fadump's area instead, and no crash kernel is reserved");
}
