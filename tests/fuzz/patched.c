/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sound vmcore with some words changed: see patched.h. */
#include "patched.h"

#include <dirent.h>

#include "../../src/base/bytes.h"
#include "../../src/base/io.h"
#include "../../src/image/vmcoreinfo.h"

#define MAX_BASES 32
#define MAX_FRAMES 8192
#define MAX_PATCHES 64
#define MAX_NOTES (1u << 20)	/* bytes */

struct base {
	struct image *image;
	struct vmcoreinfo *vmcoreinfo;
	uint8_t *notes;			/* all of them */
	size_t notes_len;
	uint32_t frames[MAX_FRAMES];	/* worth changing, of 4 KiB */
	unsigned nr_frames;
};

struct patch {
	uint64_t paddr;
	uint8_t len;
	uint8_t bytes[8];
};

/* VALUE for the N-th line of VMCOREINFO. */
struct line_patch {
	unsigned n;
	uint64_t value;
};

static struct {
	struct base *bases[MAX_BASES];
	const struct base *base;
	unsigned nr_bases, nr_patches, nr_lines;
	struct patch patches[MAX_PATCHES];
	struct line_patch lines[MAX_PATCHES];
	struct image image;		/* the base's, but for ops and notes */
	struct note_extent notes;	/* if VMCOREINFO is patched */
	int fd;
} state = { .fd = -1 };

static enum page_state patched_read(const struct image *image, void *scratch,
				    uint64_t paddr, void *buf, size_t len,
				    const struct segment *segment)
{
	const struct image *real = state.base->image;
	enum page_state result = real->ops->read(real, scratch, paddr, buf,
						 len, segment);

	(void)image;
	for (unsigned i = 0; result == PAGE_OK && i < state.nr_patches; i++) {
		const struct patch *patch = &state.patches[i];

		for (unsigned k = 0; k < patch->len; k++)
			if (patch->paddr + k - paddr < len)
				((uint8_t *)buf)[patch->paddr + k - paddr] =
					patch->bytes[k];
	}
	return result;
}

static const struct image_ops patched_ops = {
	.name = "patched vmcore",
	.read = patched_read,
};

static void load_regions(struct base *base, const char *path)
{
	char name[600];
	unsigned first, last;
	FILE *file;

	snprintf(name, sizeof(name), "%s.regions", path);
	file = fopen(name, "r");
	if (!file)
		abort();
	while (fscanf(file, "%x %x", &first, &last) == 2)
		for (; first <= last && base->nr_frames < MAX_FRAMES; first++)
			base->frames[base->nr_frames++] = first;
	fclose(file);
}

static void load_notes(struct base *base)
{
	const struct image *image = base->image;

	base->notes = malloc(MAX_NOTES);
	if (!base->notes)
		abort();
	for (size_t i = 0; i < image->nr_notes; i++) {
		const struct note_extent *notes = &image->notes[i];

		if (notes->len > MAX_NOTES - base->notes_len ||
		    io_pread_exact(image->file.fd, base->notes + base->notes_len,
				   notes->len, notes->offset))
			abort();
		base->notes_len += notes->len;
	}
	if (vmcoreinfo_read(image, NULL, &base->vmcoreinfo) ||
	    !base->vmcoreinfo)
		abort();
}

static void load_bases(void)
{
	static const struct image_ops *const kinds[] = { &elf_image_ops,
							 NULL };
	const char *folder = getenv("FUZZ_BASES");
	struct dirent **names;
	int nr = folder ? scandir(folder, &names, NULL, alphasort) : -1;

	for (int i = 0; i < nr; i++) {
		struct base *base;
		char path[512];

		if (!strstr(names[i]->d_name, ".core") ||
		    strstr(names[i]->d_name, ".core."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder,
			 names[i]->d_name);
		base = calloc(1, sizeof(*base));
		if (!base || image_open(path, kinds, IMAGE_NO_MAP, NULL,
					&base->image))
			abort();
		load_regions(base, path);
		load_notes(base);
		state.bases[state.nr_bases++] = base;
		if (state.nr_bases == MAX_BASES)
			break;
	}
	for (int i = 0; i < nr; i++)
		free(names[i]);
	if (nr >= 0)
		free(names);
	if (!state.nr_bases) {
		fprintf(stderr, "FUZZ_BASES names no folder of vmcores\n");
		exit(2);
	}
}

/* A number the way that the one at TEXT is written. */
static void print_number(FILE *file, const char *key, const char *text,
			 uint64_t value)
{
	if (!strncmp(text, "0x", 2))
		fprintf(file, "0x%llx", (unsigned long long)value);
	else if (!strncmp(key, "SYMBOL(", 7) || !strncmp(key, "KERNELOFF", 9))
		fprintf(file, "%llx", (unsigned long long)value);
	else
		fprintf(file, "%lld", (long long)value);
}

static void print_line(FILE *file, unsigned n)
{
	const struct vmcoreinfo *v = state.base->vmcoreinfo;
	const struct line_patch *patch = NULL;

	for (unsigned i = 0; i < state.nr_lines; i++)
		if (state.lines[i].n == n)
			patch = &state.lines[i];
	fprintf(file, "%s=", v->keys[n]);
	if (patch)
		print_number(file, v->keys[n], v->values[n], patch->value);
	else
		fputs(v->values[n], file);
	fputc('\n', file);
}

/* Another VMCOREINFO, and behind it all notes that there were: the first of a
 * name counts. */
static void patch_notes(void)
{
	const struct base *base = state.base;
	bool big = base->image->target.big_endian;
	static const char name[12] = "VMCOREINFO";
	uint8_t head[12];
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		abort();
	for (size_t i = 0; i < base->vmcoreinfo->nr; i++)
		print_line(file, i);
	while (ftell(file) % 4)
		fputc('\n', file);
	fclose(file);
	put_u32(head, 11, big);
	put_u32(head + 4, (uint32_t)len, big);
	put_u32(head + 8, 0, big);
	if (state.fd < 0)
		state.fd = memfd_create("notes", MFD_CLOEXEC);
	if (io_pwrite(state.fd, head, sizeof(head), 0) ||
	    io_pwrite(state.fd, name, sizeof(name), 12) ||
	    io_pwrite(state.fd, text, len, 24) ||
	    io_pwrite(state.fd, base->notes, base->notes_len, 24 + len))
		abort();
	free(text);
	state.notes = (struct note_extent){ 0, 24 + len + base->notes_len };
	state.image.file.fd = state.fd;
	state.image.notes = &state.notes;
	state.image.nr_notes = 1;
}

static void take_patch(struct fuzz_source *source)
{
	const struct base *base = state.base;
	struct patch *patch = &state.patches[state.nr_patches];
	unsigned at = fuzz_u16(source);
	unsigned offset = fuzz_u16(source) % 4096;
	uint8_t how = fuzz_u8(source);

	/* most of what a kernel holds stands at multiples of 8 */
	if (how & 8)
		offset &= ~7u;
	patch->len = 1 + how % 8;
	patch->paddr = ((uint64_t)base->frames[at % base->nr_frames] << 12) +
		       offset;
	fuzz_take(source, patch->bytes, patch->len);
	if (how & 16)
		state.lines[state.nr_lines++] = (struct line_patch){
			at % base->vmcoreinfo->nr,
			/* as it stands in the input, whatever the host */
			get_u64(patch->bytes, false) &
				UINT64_MAX >> 8 * (8 - patch->len) };
	else
		state.nr_patches++;
}

const struct image *patched_image(struct fuzz_source *source)
{
	if (!state.nr_bases)
		load_bases();
	state.base = state.bases[fuzz_u8(source) % state.nr_bases];
	state.nr_patches = state.nr_lines = 0;
	while (source->len && state.nr_patches < MAX_PATCHES &&
	       state.nr_lines < MAX_PATCHES)
		take_patch(source);
	state.image = *state.base->image;
	state.image.ops = &patched_ops;
	if (state.nr_lines)
		patch_notes();
	return &state.image;
}
