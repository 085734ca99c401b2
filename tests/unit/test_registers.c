/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers from NT_PRSTATUS notes. The offsets here are those of the kernel's
 * own structures (offsetof() in struct elf_prstatus, elf_gregset_t, struct
 * user_pt_regs and the like), one by one, not those that the code computes.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../src/arch/registers.h"
#include "../../src/base/bytes.h"
#include "unit.h"

#define DESC_OFFSET 20

struct machine_case {
	const char *name;
	uint16_t elf_machine;
	uint8_t word;
	bool big_endian;
	unsigned size;		/* of struct elf_prstatus */
	unsigned pid_at;
	const char *pc, *sp, *other;
	unsigned pc_at, sp_at, other_at;	/* bytes in struct elf_prstatus */
};

static const struct machine_case cases[] = {
	{ "x86_64", EM_X86_64, 8, false, 336, 32, "rip", "rsp", "rax",
	  112 + 128, 112 + 152, 112 + 80 },
	{ "i386", EM_386, 4, false, 144, 24, "eip", "esp", "eax",
	  72 + 48, 72 + 60, 72 + 24 },
	{ "arm64", EM_AARCH64, 8, false, 392, 32, "pc", "sp", "x30",
	  112 + 256, 112 + 248, 112 + 240 },
	{ "arm", EM_ARM, 4, false, 148, 24, "pc", "sp", "lr",
	  72 + 60, 72 + 52, 72 + 56 },
	{ "ppc64le", EM_PPC64, 8, false, 504, 32, "nip", "r1", "lr",
	  112 + 256, 112 + 8, 112 + 288 },
	{ "ppc64", EM_PPC64, 8, true, 504, 32, "nip", "r1", "ctr",
	  112 + 256, 112 + 8, 112 + 280 },
	{ "s390x", EM_S390, 8, true, 336, 0, "psw_addr", "r15", "r14",
	  112 + 8, 112 + 136, 112 + 128 },
	{ "riscv64", EM_RISCV, 8, false, 376, 32, "pc", "sp", "a0",
	  112, 112 + 16, 112 + 80 },
	{ "loongarch64", 258, 8, false, 480, 32, "era", "sp", "ra",
	  112 + 264, 112 + 24, 112 + 8 },
};

static uint64_t value_of(const struct registers *r, const char *name)
{
	for (unsigned i = 0; i < r->of->nr; i++)
		if (!strcmp(r->of->names[i], name))
			return r->value[i];
	return 0;
}

static void put_word(uint8_t *p, const struct machine_case *c, uint64_t v)
{
	if (c->word == 8)
		put_u64(p, v, c->big_endian);
	else
		put_u32(p, (uint32_t)v, c->big_endian);
}

static void test_machine(const struct machine_case *c)
{
	char path[] = "/tmp/capdump-test-XXXXXX";
	struct image image = {
		.file.fd = mkstemp(path),
		.target = { .elf_machine = c->elf_machine,
			    .word_size = c->word,
			    .big_endian = c->big_endian },
	};
	struct note note = { .desc_offset = DESC_OFFSET, .desc_len = c->size };
	uint8_t desc[512] = { 0 };
	struct registers r;
	bool known;

	if (c->pid_at)
		put_u32(desc + c->pid_at, 4711, c->big_endian);
	put_word(desc + c->pc_at, c, 0xc1234567);
	put_word(desc + c->sp_at, c, 0xc7654321);
	put_word(desc + c->other_at, c, 0x55aa77cc);
	if (!CHECK(pwrite(image.file.fd, desc, c->size, DESC_OFFSET) ==
		   (ssize_t)c->size))
		return;
	CHECK_OK(registers_read(&image, &note, &r, &known));
	if (CHECK(known)) {
		CHECK(r.pid == (c->pid_at ? 4711 : -1));
		CHECK(!strcmp(r.of->names[r.of->pc], c->pc));
		CHECK(!strcmp(r.of->names[r.of->sp], c->sp));
		CHECK(r.value[r.of->pc] == 0xc1234567);
		CHECK(r.value[r.of->sp] == 0xc7654321);
		CHECK(value_of(&r, c->other) == 0x55aa77cc);
	} else {
		fprintf(stderr, "  %s\n", c->name);
	}
	/* one that ends within the registers; and one that the file ends in */
	note.desc_len = c->pc_at + 1;
	CHECK_OK(registers_read(&image, &note, &r, &known));
	CHECK(!known);
	note.desc_len = c->size;
	note.desc_offset = 4096;
	CHECK_ERROR(registers_read(&image, &note, &r, &known), "0x1000");
	close(image.file.fd);
	unlink(path);
}

int main(void)
{
	struct image sparc = { .target = { .elf_machine = EM_SPARC,
					   .word_size = 8 } };
	struct note note = { .desc_len = 336 };
	struct registers r;
	bool known = true;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		test_machine(&cases[i]);
	CHECK_OK(registers_read(&sparc, &note, &r, &known));
	CHECK(!known && !registers_find(EM_SPARC));
	return unit_end();
}
