/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of call traces. What there is:
 *   x86:         " ? name+0x1/0x2 [module BUILDID]", "RIP: 0010:name+0x1/0x2"
 *   arm64:       " name+0x1/0x2 (P)", "pc : name+0x1/0x2"
 *   arm:         " inner from name+0x1/0x2", "PC is at name+0x1/0x2", and before
 *                5.13 "[<ADDRESS>] (inner) from [<ADDRESS>] (name+0x1/0x2)"
 *   ppc64:       "[STACK] [ADDRESS] .name+0x1/0x2 (unreliable)", "NIP [ADDRESS] "
 *   riscv, s390, loongarch: "[<ADDRESS>] name+0x1/0x2"; "epc : ", "Krnl PSW : ",
 *                "  ERA: "
 */
#include "frames.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "../base/bytes.h"

/* A line as a string that ends. */
struct text_line {
	char text[CRASH_LINE_MAX + 1];
};

static void line_copy(const struct crash_line *line, struct text_line *ret)
{
	memcpy(ret->text, line->text, line->len);
	ret->text[line->len] = '\0';
}

/* Rust's and Clang's names have the last three. */
static bool is_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.$", c));
}

/* A hexadecimal number at *P, which moves behind it; false without a digit, and
 * of more than 64 bits. */
static bool take_hex(const char **p, uint64_t *ret)
{
	unsigned digits = 0;

	for (*ret = 0; isxdigit((unsigned char)**p); ++*p, digits++)
		*ret = *ret << 4 | (uint64_t)(isdigit((unsigned char)**p) ?
			**p - '0' : (**p | 0x20) - 'a' + 10);
	return digits && digits <= 16;
}

/* The last address in brackets before END: "[<c010b5f4>]", "[c00000000139a124]",
 * or bare: "  ERA: 9000000000239268 ". */
static uint64_t address_before(const char *text, const char *end)
{
	uint64_t vaddr = 0;

	while (text < end) {
		const char *p = text;
		uint64_t v;

		if (take_hex(&p, &v) && p < end && p - text >= 8 &&
		    !is_name(*p))
			vaddr = v;
		/* to behind the next character that is of no word */
		while (text < end && is_name(*text))
			text++;
		text++;
	}
	return vaddr;
}

/* Behind the size: "[module]", "[module BUILDID]", "(unreliable)". */
static void take_module(const char *p, struct crash_frame *frame)
{
	size_t len;

	while (*p == ' ' || *p == ')')
		p++;
	if (*p++ != '[')
		return;
	len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		     "0123456789_-");
	if (len >= FRAME_MODULE_LEN || (p[len] != ']' && p[len] != ' '))
		return;
	memcpy(frame->module, p, len);
	frame->module[len] = '\0';
}

static void name_copy(const char *name, size_t len, struct crash_frame *frame)
{
	len = (size_t)min_u64(len, FRAME_NAME_LEN - 1);
	memcpy(frame->function, name, len);
	frame->function[len] = '\0';
}

/* The function that a line names with its offset; false if there is none. */
static bool frame_parse(const struct text_line *line, struct crash_frame *ret)
{
	const char *plus = strstr(line->text, "+0x"), *name = plus, *p;

	if (!plus)
		return false;
	while (name > line->text && is_name(name[-1]))
		name--;
	p = plus + 3;
	if (name == plus || !take_hex(&p, &ret->offset))
		return false;
	name_copy(name, (size_t)(plus - name), ret);
	if (!strncmp(p, "/0x", 3)) {
		p += 3;
		if (!take_hex(&p, &ret->size))
			ret->size = 0;
	}
	take_module(p, ret);
	ret->vaddr = address_before(line->text, name);
	/* s390 has the whole of such a line in parentheses (arch/s390/kernel/
	 * dumpstack.c: show_stack()) */
	ret->questionable = strstr(p, "(unreliable)") ||
			    line->text[strspn(line->text, " ")] == '(' ||
			    (name - line->text >= 2 && name[-1] == ' ' &&
			     name[-2] == '?');
	return true;
}

/* Arm's " inner from name+0x1": who was called, which no line names otherwise if
 * it is the first. */
static bool inner_parse(const struct text_line *line, struct crash_frame *ret)
{
	const char *end = strstr(line->text, " from "), *name;

	if (!end)
		return false;
	if (end > line->text && end[-1] == ')')
		end--;
	for (name = end; name > line->text && is_name(name[-1]); name--)
		;
	if (name == end)
		return false;
	name_copy(name, (size_t)(end - name), ret);
	return true;
}

size_t frames_parse(const struct crash_trace *trace, struct crash_frame *ret)
{
	size_t nr = 0;

	for (unsigned i = 0; i < trace->nr_lines && nr + 1 < FRAMES_MAX; i++) {
		struct text_line line;
		struct crash_frame frame = { .line = &trace->lines[i] };

		line_copy(&trace->lines[i], &line);
		if (!nr || (nr == 1 && ret[0].place))
			if (inner_parse(&line, &frame) &&
			    (!nr || strcmp(ret[0].function, frame.function))) {
				ret[nr++] = frame;
				frame = (struct crash_frame){
					.line = &trace->lines[i] };
			}
		frame.place = crash_log_is_place(trace->lines[i].text,
						 trace->lines[i].len);
		if (!frame_parse(&line, &frame))
			continue;
		/* arm64 and riscv begin their traces where the CPU was */
		if (nr == 1 && ret[0].place &&
		    !strcmp(ret[0].function, frame.function) &&
		    ret[0].offset == frame.offset)
			continue;
		ret[nr++] = frame;
	}
	return nr;
}

/* A decimal number behind WORD; -1 if there is none. */
static int64_t number_after(const char *text, const char *word)
{
	const char *p = strstr(text, word);
	int64_t v = 0;

	if (!p || !isdigit((unsigned char)p[strlen(word)]))
		return -1;
	for (p += strlen(word); isdigit((unsigned char)*p) && v < 1 << 30; p++)
		v = 10 * v + (*p - '0');
	return v;
}

/* "Tainted: G        W  OE" of what goes on with a release; "Not tainted". */
static void taint_copy(const char *text, struct crash_task *ret)
{
	const char *end = text + strlen("Not tainted");

	if (!strncmp(text, "Tainted: ", 9)) {
		end = text + 9;
		while (*end == ' ' || isupper((unsigned char)*end))
			end++;
		while (end[-1] == ' ')
			end--;
	}
	ret->taint_len = (size_t)min_u64((uint64_t)(end - text),
					 sizeof(ret->taint));
	memcpy(ret->taint, text, ret->taint_len);
}

/* Linux kernel/printk/printk.c: dump_stack_print_info(): "CPU: 1 UID: 0 PID: 1
 * Comm: init Kdump: loaded Not tainted 6.12.0 #1". */
static bool task_parse(const struct text_line *line, struct crash_task *ret)
{
	const char *comm = strstr(line->text, " Comm: "), *end, *taint;

	*ret = (struct crash_task){ .cpu = -1, .pid = -1 };
	if (strncmp(line->text, "CPU: ", 5))
		return false;
	ret->cpu = number_after(line->text, "CPU: ");
	ret->pid = number_after(line->text, " PID: ");
	if (!comm)
		return true;
	comm += strlen(" Comm: ");
	taint = strstr(comm, " Not tainted");
	if (!taint)
		taint = strstr(comm, " Tainted: ");
	if (!taint)
		return true;
	taint_copy(taint + 1, ret);
	end = strstr(comm, " Kdump: loaded");
	end = end && end < taint ? end : taint;
	ret->comm_len = (size_t)min_u64((uint64_t)(end - comm),
					sizeof(ret->comm));
	memcpy(ret->comm, comm, ret->comm_len);
	return true;
}

bool frames_task(const struct crash_trace *trace, struct crash_task *ret)
{
	for (unsigned i = 0; i < trace->nr_lines; i++) {
		struct text_line line;

		line_copy(&trace->lines[i], &line);
		if (task_parse(&line, ret))
			return true;
	}
	return false;
}
