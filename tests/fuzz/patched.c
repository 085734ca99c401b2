/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sound vmcore with some words changed: see patched.h. */
#include "patched.h"

#include <dirent.h>

#include "../../src/base/bytes.h"

#define MAX_BASES 16
#define MAX_FRAMES 8192
#define MAX_PATCHES 64

struct base {
	struct image *image;
	uint32_t frames[MAX_FRAMES];	/* worth changing */
	unsigned nr_frames;
};

struct patch {
	uint64_t paddr;
	uint8_t len;
	uint8_t bytes[8];
};

static struct {
	struct base *bases[MAX_BASES];
	unsigned nr_bases, nr_patches;
	struct patch patches[MAX_PATCHES];
	struct image image;		/* the base's, but for the ops */
	const struct image_ops *real;
} state;

static enum page_state patched_read(const struct image *image, void *scratch,
				    uint64_t paddr, void *buf, size_t len,
				    const struct segment *segment)
{
	enum page_state result = state.real->read(image, scratch, paddr, buf,
						  len, segment);

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

const struct image *patched_image(struct fuzz_source *source)
{
	const struct base *base;

	if (!state.nr_bases)
		load_bases();
	base = state.bases[fuzz_u8(source) % state.nr_bases];
	state.nr_patches = 0;
	while (source->len && state.nr_patches < MAX_PATCHES) {
		struct patch *patch = &state.patches[state.nr_patches++];
		unsigned frame = fuzz_u16(source) % base->nr_frames;
		unsigned offset = fuzz_u16(source) % 4096;
		uint8_t how = fuzz_u8(source);

		/* most of what a kernel holds stands at multiples of 8 */
		if (how & 8)
			offset &= ~7u;
		patch->len = 1 + how % 8;
		patch->paddr = ((uint64_t)base->frames[frame] << 12) + offset;
		fuzz_take(source, patch->bytes, patch->len);
	}
	state.image = *base->image;
	state.real = base->image->ops;
	state.image.ops = &patched_ops;
	return &state.image;
}
