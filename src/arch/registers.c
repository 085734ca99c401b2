/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers from NT_PRSTATUS notes. Sources, Linux 7.2: struct elf_prstatus in
 * include/linux/elfcore.h, and each machine's elf_gregset_t: struct
 * user_regs_struct in arch/{x86,arm64,riscv}/include, arch/powerpc's pt_regs
 * (asm/elf.h: ELF_NGREG), s390_regs in arch/s390/include/uapi/asm/ptrace.h,
 * arch/loongarch/include/asm/elf.h: ELF_NGREG, arch/arm/include/asm/ptrace.h.
 */
#include "registers.h"

#include <elf.h>
#include <stdlib.h>

#include "../base/bytes.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

static const char *const x86_64[] = {
	"r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8",
	"rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags",
	"rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
};

static const char *const i386[] = {
	"ebx", "ecx", "edx", "esi", "edi", "ebp", "eax", "ds", "es", "fs",
	"gs", "orig_eax", "eip", "cs", "eflags", "esp", "ss",
};

static const char *const arm64[] = {
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
	"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",
	"x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30",
	"sp", "pc", "pstate",
};

static const char *const arm[] = {
	"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",
	"fp", "ip", "sp", "lr", "pc", "cpsr", "orig_r0",
};

static const char *const ppc64[] = {
	"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",
	"r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20",
	"r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30",
	"r31", "nip", "msr", "orig_r3", "ctr", "lr", "xer", "ccr", "softe",
	"trap", "dar", "dsisr", "result",
};

/* then 16 access registers of 4 bytes */
static const char *const s390x[] = {
	"psw_mask", "psw_addr", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

static const char *const riscv64[] = {
	"pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1",
	"a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7",
	"s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

static const char *const loongarch64[] = {
	"r0", "ra", "tp", "sp", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
	"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "r21", "fp", "s0",
	"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "orig_a0", "era",
	"badv",
};

#define NAMES(machine, table, pc, sp)					\
	{ machine, sizeof(table) / sizeof(*(table)), pc, sp, false, table }

static const struct register_names machines[] = {
	NAMES(EM_X86_64, x86_64, 16, 19),
	NAMES(EM_386, i386, 12, 15),
	NAMES(EM_AARCH64, arm64, 32, 31),
	NAMES(EM_ARM, arm, 15, 13),
	NAMES(EM_PPC64, ppc64, 32, 1),
	{ EM_S390, sizeof(s390x) / sizeof(*s390x), 1, 17, true, s390x },
	NAMES(EM_RISCV, riscv64, 0, 2),
	NAMES(EM_LOONGARCH, loongarch64, 33, 3),
};

const struct register_names *registers_find(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].elf_machine == elf_machine)
			return &machines[i];
	return NULL;
}

struct error *registers_read(const struct image *image,
			     const struct note *note, struct registers *ret,
			     bool *known)
{
	/* struct elf_prstatus: two words of signals between them and the front,
	 * four ids, four times of two words */
	unsigned word = image->target.word_size;
	unsigned pid_at = 16 + 2 * word, first = pid_at + 16 + 8 * word;
	const struct register_names *of =
		registers_find(image->target.elf_machine);
	uint8_t desc[112 + 8 * REGISTERS_MAX];
	size_t len;

	*known = false;
	*ret = (struct registers){ .of = of };
	if (!of)
		return NULL;
	len = first + (size_t)of->nr * word;
	if (len > note->desc_len)
		return NULL;
	TRY(image_file_read_exact(&image->file, desc, len,
				  note->desc_offset));
	ret->pid = of->no_pid ? -1 :
		   (int32_t)get_u32(desc + pid_at, image->target.big_endian);
	for (unsigned i = 0; i < of->nr; i++)
		ret->value[i] = get_uint(desc + first + i * word, word,
					 image->target.big_endian);
	*known = true;
	return NULL;
}

struct gathering {
	const struct image *image;
	struct register_list *list;
};

static struct error *add_cpu(void *arg, const struct note *note)
{
	struct gathering *g = arg;
	struct register_list *list = g->list;
	unsigned nr = list->nr;
	struct registers *more;
	bool known;

	if (!note_is_prstatus(note))
		return NULL;
	list->nr_notes++;
	if (nr == REGISTERS_MAX_CPUS)
		return NULL;
	if (!(nr & (nr - 1))) {		/* 0 or a power of two: full */
		more = reallocarray(list->cpus, nr ? 2 * nr : 1,
				    sizeof(*more));
		if (!more)
			return error_nomem();
		list->cpus = more;
	}
	TRY(registers_read(g->image, note, &list->cpus[nr], &known));
	if (!known)
		list->cpus[nr].of = NULL;
	list->nr++;
	return NULL;
}

struct error *registers_gather(const struct image *image, struct log *log,
			       struct register_list *ret)
{
	struct gathering g = { image, ret };

	*ret = (struct register_list){ 0 };
	return notes_each(image, log, add_cpu, &g);
}

void registers_list_deinit(struct register_list *list)
{
	free(list->cpus);
}
