/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which machine a dump is of: its header's utsname says so, or, where QEMU wrote
 * "Unknown" there, the length of a CPU's registers. QEMU 7.2 does so of all but
 * PCs and s390x, 11.1 of those, too (dump/dump.c: ELF_MACHINE_UNAME).
 */
#include <elf.h>
#include <string.h>

#include "../image/notes.h"
#include "kdump_read.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

uint16_t kdump_machine(const char *name)
{
	static const struct { const char *name; uint16_t id; } machines[] = {
		{ "x86_64", EM_X86_64 }, { "aarch64", EM_AARCH64 },
		{ "ppc64", EM_PPC64 }, { "ppc64le", EM_PPC64 },
		{ "s390x", EM_S390 }, { "riscv64", EM_RISCV },
		{ "S390X", EM_S390 },	/* by QEMU */
		{ "loongarch64", EM_LOONGARCH }, { "i386", EM_386 },
		{ "i486", EM_386 }, { "i586", EM_386 }, { "i686", EM_386 },
	};

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(name, machines[i].name))
			return machines[i].id;
	return strncmp(name, "arm", 3) ? EM_NONE : EM_ARM;
}

/* Byte orders that a machine of the table below runs kernels in. */
enum { LITTLE = 1, BIG = 2 };

struct seen {
	bool big_endian;
	uint16_t machine;
};

/*
 * Lengths of struct elf_prstatus (Linux include/linux/elfcore.h, with each
 * machine's elf_gregset_t), and so of what QEMU writes for it (target/.../
 * arch_dump.c); those of a machine that has the same as another differ in their
 * byte order.
 */
static struct error *look(void *arg, const struct note *note)
{
	static const struct {
		uint32_t len;
		uint16_t machine;
		uint8_t orders;
	} machines[] = {
		{ 144, EM_386, LITTLE },
		{ 148, EM_ARM, LITTLE | BIG },
		{ 336, EM_X86_64, LITTLE },
		{ 336, EM_S390, BIG },
		{ 376, EM_RISCV, LITTLE },
		{ 392, EM_AARCH64, LITTLE | BIG },
		{ 480, EM_LOONGARCH, LITTLE },
		{ 504, EM_PPC64, LITTLE | BIG },
	};
	struct seen *seen = arg;

	if (seen->machine != EM_NONE || !note_is_prstatus(note))
		return NULL;
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].len == note->desc_len &&
		    machines[i].orders & (seen->big_endian ? BIG : LITTLE))
			seen->machine = machines[i].machine;
	return NULL;
}

struct error *kdump_machine_find(const struct image *image,
				 const struct kdump_header *h, uint16_t *ret)
{
	struct seen seen = { image->target.big_endian,
			     kdump_machine(h->utsname[UTS_MACHINE]) };

	/* what is wrong with the notes is said when they are wanted */
	if (seen.machine == EM_NONE && !strcmp(h->utsname[UTS_MACHINE],
					       KDUMP_QEMU_UNKNOWN))
		TRY(notes_each(image, NULL, look, &seen));
	*ret = seen.machine;
	return NULL;
}

bool kdump_by_qemu(const struct kdump_header *h)
{
	for (unsigned i = 0; i < 6; i++)
		if (i != UTS_MACHINE && h->utsname[i][0])
			return false;
	return h->utsname[UTS_MACHINE][0];
}
