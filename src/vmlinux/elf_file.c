/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF, by libelf: see elf_file.h. */
#include "elf_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/io.h"

static struct error *open_elf(struct elf_file *file)
{
	struct stat st;
	GElf_Ehdr ehdr;

	if (fstat(file->fd, &st) || !S_ISREG(st.st_mode))
		return error_create(ERROR_INVALID, "is no regular file");
	file->size = (uint64_t)st.st_size;
	elf_version(EV_CURRENT);
	file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF ||
	    !gelf_getehdr(file->elf, &ehdr))
		return error_create(ERROR_UNSUPPORTED,
				    "is no ELF file: the uncompressed kernel with debugging symbols is wanted, vmlinux");
	if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		return error_create(ERROR_UNSUPPORTED,
				    "is no linked kernel: its ELF type is %u",
				    ehdr.e_type);
	file->target = (struct target){
		.elf_machine = ehdr.e_machine,
		.word_size = gelf_getclass(file->elf) == ELFCLASS32 ? 4 : 8,
		.big_endian = ehdr.e_ident[EI_DATA] == ELFDATA2MSB,
	};
	return NULL;
}

/* The note of one section, if it is there. */
static void read_build_id(struct elf_file *file, Elf_Scn *scn)
{
	Elf_Data *block = elf_getdata(scn, NULL);
	size_t offset = 0, next, name, desc;
	GElf_Nhdr note;

	while (block && (next = gelf_getnote(block, offset, &note, &name,
					     &desc))) {
		const uint8_t *bytes = block->d_buf;

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    !memcmp(bytes + name, "GNU", 4) &&
		    note.n_descsz <= BUILD_ID_MAX) {
			file->build_id_len = note.n_descsz;
			memcpy(file->build_id, bytes + desc, note.n_descsz);
			return;
		}
		offset = next;
	}
}

struct error *elf_file_init(struct elf_file *file, const char *path)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	*file = (struct elf_file){ .fd = -1 };
	TRY(io_open_read(path, &file->fd));
	TRY(open_elf(file));
	while (!file->build_id_len && (scn = elf_nextscn(file->elf, scn)))
		if (gelf_getshdr(scn, &shdr) && shdr.sh_type == SHT_NOTE)
			read_build_id(file, scn);
	return NULL;
}

void elf_file_deinit(struct elf_file *file)
{
	if (file->elf)
		elf_end(file->elf);
	fd_cleanup(&file->fd);
}

/* Which row a name is of. */
struct name {
	const char *text;
	size_t row;
	bool global;	/* found, and as a global symbol */
};

struct search {
	struct elf_file *file;
	struct wanted_value *values;
	struct name *names;	/* sorted */
	size_t nr;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text,
		      ((const struct name *)b)->text);
}

/* The page of zeroes is one of the kernel's pages: Linux 5.10 to 7.2,
 * empty_zero_page of every machine that has several sizes. */
static void judge_page(struct elf_file *file, const char *name,
		       const GElf_Sym *sym)
{
	if (strcmp(name, "empty_zero_page"))
		return;
	for (unsigned shift = 12; shift <= 16; shift++)
		if (sym->st_size == 1u << shift)
			file->target.page_shift = shift;
}

static void judge(struct search *s, const char *name, const GElf_Sym *sym)
{
	struct name key = { .text = name }, *found;
	unsigned type = GELF_ST_TYPE(sym->st_info);
	bool global = GELF_ST_BIND(sym->st_info) != STB_LOCAL;

	if (sym->st_shndx == SHN_UNDEF || type == STT_FILE ||
	    type == STT_SECTION)
		return;
	judge_page(s->file, name, sym);
	found = bsearch(&key, s->names, s->nr, sizeof(key), by_text);
	if (!found)
		return;
	if (s->values[found->row].found && (found->global || !global))
		return;
	found->global = global;
	s->values[found->row] = (struct wanted_value){ true, sym->st_value };
}

static struct error *search_table(struct search *s, Elf_Scn *scn,
				  const GElf_Shdr *shdr)
{
	Elf_Data *block = elf_getdata(scn, NULL);
	size_t nr = shdr->sh_entsize ? shdr->sh_size / shdr->sh_entsize : 0;
	GElf_Sym sym;

	if (!block)
		return error_create(ERROR_INVALID, "the symbol table: %s",
				    elf_errmsg(-1));
	for (size_t i = 0; i < nr && gelf_getsym(block, (int)i, &sym); i++) {
		const char *name = elf_strptr(s->file->elf, shdr->sh_link,
					      sym.st_name);

		if (name)
			judge(s, name, &sym);
	}
	return NULL;
}

struct error *elf_file_symbols(struct elf_file *file,
			       struct wanted_value *values)
{
	AUTO_FREE struct name *names = calloc(nr_wanted_rows, sizeof(*names));
	struct search s = { .file = file, .values = values, .names = names };
	Elf_Scn *scn = NULL;
	bool found = false;
	GElf_Shdr shdr;

	if (!names)
		return error_nomem();
	for (size_t i = 0; i < nr_wanted_rows; i++)
		if (wanted_rows[i].kind == WANTED_SYMBOL)
			names[s.nr++] = (struct name){ wanted_rows[i].name, i,
						       false };
	qsort(names, s.nr, sizeof(*names), by_text);
	while ((scn = elf_nextscn(file->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		found = true;
		TRY(search_table(&s, scn, &shdr));
	}
	return found ? NULL :
	       error_create(ERROR_UNSUPPORTED, "has no symbol table (.symtab)");
}

bool elf_file_read(const struct elf_file *file, uint64_t vaddr, void *buf,
		   size_t len)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	while ((scn = elf_nextscn(file->elf, scn))) {
		struct error *err;

		if (!gelf_getshdr(scn, &shdr) || !(shdr.sh_flags & SHF_ALLOC) ||
		    shdr.sh_type == SHT_NOBITS ||
		    (shdr.sh_flags & SHF_COMPRESSED) ||
		    vaddr < shdr.sh_addr || vaddr - shdr.sh_addr >= shdr.sh_size ||
		    len > shdr.sh_size - (vaddr - shdr.sh_addr))
			continue;
		err = io_pread_exact(file->fd, buf, len, shdr.sh_offset +
				     (vaddr - shdr.sh_addr));
		error_destroy(err);
		return !err;
	}
	return false;
}
