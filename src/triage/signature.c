/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a signature is made of: see signature.h. Its words are in kind.c. */
#include "signature.h"

#include <stdio.h>
#include <string.h>

#define NR(array) (sizeof(array) / sizeof(*(array)))
#define PANIC "Kernel panic - not syncing: "

/* init may also be killed by itself: then an oops of long ago is none of it */
#define OOPS_RECORDS 200

static bool begins(const struct crash_line *line, const char *with)
{
	return line->len >= strlen(with) &&
	       !memcmp(line->text, with, strlen(with));
}

static bool holds(const struct crash_line *line, const char *what)
{
	return memmem(line->text, line->len, what, strlen(what));
}

/* Panics that end what went wrong before them: Linux 7.2 kernel/exit.c,
 * kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h, and
 * arch/<arch>/kernel/{traps,dumpstack}.c: die(). */
static bool is_consequence(const struct crash_log *crash)
{
	static const char *const words[] = {
		PANIC "Fatal exception", PANIC "Oops", PANIC "Aiee, killing ",
		PANIC "softlockup: ", PANIC "Hard LOCKUP", PANIC "RCU Stall",
		PANIC "hung_task: ", PANIC "BUG!",
		PANIC "Unrecoverable exception",
		PANIC "unrecoverable exception",
	};

	for (size_t i = 0; i < NR(words); i++)
		if (begins(&crash->panic, words[i]))
			return true;
	return begins(&crash->panic, PANIC "Attempted to kill ") &&
	       crash->panic_at - crash->cause_at < OOPS_RECORDS;
}

void signature_choose(const struct crash_log *crash,
		      const struct crash_line **line,
		      const struct crash_trace **trace)
{
	const struct crash_trace *of = &crash->panic_trace;
	const struct crash_trace *other = NULL;

	*line = &crash->panic;
	if (crash->warning.len && holds(&crash->panic, "panic_on_warn set")) {
		*line = &crash->warning;
		other = &crash->warning_trace;
		/* KASAN and the like say "BUG: " and then panic so */
		if (crash->cause_at > crash->warning_at) {
			*line = &crash->cause;
			other = &crash->cause_trace;
		}
	} else if (crash->cause.len &&
		   (!crash->panic.len || is_consequence(crash) ||
		    holds(&crash->panic, "panic_on_warn set"))) {
		*line = &crash->cause;
		other = &crash->cause_trace;
	}
	if (other && crash_trace_tells(other))
		of = other;
	/* an older kernel's sysrq is a null pointer: its oops has the trace */
	else if (!crash_trace_tells(of) && begins(&crash->cause, "sysrq: "))
		of = &crash->cause_trace;
	*trace = crash_trace_tells(of) ? of : NULL;
	if (!(*line)->len)
		*line = NULL;
}

bool signature_machinery(const char *function)
{
	/* those with a * begin so */
	static const char *const names[] = {
		/* that print a trace */
		"dump_stack", "dump_stack_lvl", "__dump_stack",
		"dump_backtrace", "show_stack", "show_stack_log_lvl",
		"show_trace_log_lvl", "unwind_backtrace", "walk_stackframe",
		"printk", "_printk", "vprintk*",
		/* that panic, kernel/panic.c */
		"panic", "vpanic", "nmi_panic", "crash_kexec", "__crash_kexec",
		"panic_on_this_cpu", "check_panic_on_warn", "__warn",
		"warn_slowpath*", "__stack_chk_fail", "report_bug", "handle_bug",
		/* that end an oops */
		"die", "__die", "__die_body*", "__die_header", "oops_begin",
		"oops_end", "oops_exit", "die_kernel_fault",
		/* that take a fault in kernel memory */
		"page_fault_oops", "no_context", "bad_area_nosemaphore",
		"__bad_area_nosemaphore", "__do_kernel_fault",
		"kernelmode_fixup_or_oops", "bad_page_fault",
		"__bad_page_fault", "do_kern_addr_fault", "do_user_addr_fault",
		"exc_page_fault", "asm_exc_page_fault", "do_page_fault",
		"__do_page_fault", "page_fault", "exc_invalid_op",
		"asm_exc_invalid_op", "exc_general_protection",
		"asm_exc_general_protection",
		/* of KASAN and KCSAN, mm/kasan/ */
		"print_report", "print_address_description*", "kasan_report*",
		"kasan_check_range", "check_memory_region*", "__kasan_*",
		"__asan_*", "end_report*", "kcsan_*",
	};

	for (size_t i = 0; i < NR(names); i++) {
		size_t len = strcspn(names[i], "*");

		if (names[i][len] ? !strncmp(function, names[i], len) :
		    !strcmp(function, names[i]))
			return true;
	}
	return false;
}

/* A function as the compiler's input had it. */
static void name_strip(const char *function, char *ret)
{
	size_t len;

	function += *function == '.';
	len = strcspn(function, ".");
	memcpy(ret, function, len);
	ret[len] = '\0';
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/. HASH: 32 bits each, the
 * lowest first; not every machine has numbers of 128 bits. */
static void hash_add(uint32_t hash[4], const char *text)
{
	for (; *text; text++) {
		uint64_t product[4], carry = 0;

		hash[0] ^= (unsigned char)*text;
		for (unsigned i = 0; i < 4; i++) {
			product[i] = (uint64_t)hash[i] * 0x13b;
			/* times 2^88: two words and 24 bits up */
			if (i > 1)
				product[i] += (uint32_t)(hash[i - 2] << 24);
			if (i > 2)
				product[i] += hash[i - 3] >> 8;
		}
		for (unsigned i = 0; i < 4; i++) {
			carry += product[i];
			hash[i] = (uint32_t)carry;
			carry >>= 32;
		}
	}
}

static void hash_make(struct signature *signature)
{
	uint32_t hash[4] = { 0x6295c58d, 0x62b82175, 0x07bb0142, 0x6c62272e };

	hash_add(hash, "capdump crash signature 1\n");
	hash_add(hash, signature->kind);
	hash_add(hash, "\n");
	for (unsigned i = 0; i < signature->nr_functions; i++) {
		hash_add(hash, signature->functions[i]);
		hash_add(hash, "\n");
	}
	snprintf(signature->hash, sizeof(signature->hash), "%08x%08x%08x%08x",
		 hash[3], hash[2], hash[1], hash[0]);
}

/* A kernel without an unwinder has nothing but what it found on the stack (Linux
 * arch/x86/kernel/unwind_guess.c). */
static bool all_questionable(const struct crash_frame *frames, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!frames[i].questionable && !frames[i].place)
			return false;
	return true;
}

void signature_make(const struct crash_line *line,
		    const struct crash_frame *frames, size_t nr,
		    struct signature *ret)
{
	size_t skip = begins(line, PANIC) ? strlen(PANIC) : 0;
	bool guessed = all_questionable(frames, nr);

	memset(ret, 0, sizeof(*ret));
	signature_kind(line->text + skip, line->len - skip, ret->kind);
	for (size_t i = 0; i < nr && ret->nr_functions < SIGNATURE_FRAMES;
	     i++) {
		char *name = ret->functions[ret->nr_functions];

		/* where the trace begins offset 0 is where the function does */
		if ((frames[i].questionable && !guessed) ||
		    (i && !frames[i].place && frames[i].size &&
		     !frames[i].offset))
			continue;
		name_strip(frames[i].function, name);
		if (ret->nr_functions || !signature_machinery(name))
			ret->nr_functions++;
		else
			memset(name, 0, FRAME_NAME_LEN);
	}
	hash_make(ret);
}
