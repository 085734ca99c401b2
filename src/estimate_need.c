/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the sizes come from that machine/need.h adds up: see estimate_need.h. */
#include "estimate_need.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "capture/memory.h"
#include "check/need_read.h"

#define MAX_KERNEL ((uint64_t)1 << 30)	/* larger: not believed */

/* A memory map of what is in the vmcore and what was reserved when it was made:
 * lines as iomem_parse() takes them. */
static struct error *vmcore_map(const struct input *input, struct iomem *ret,
				size_t *nr_reserved)
{
	const struct image *image = input->image;
	struct kernel_reservation own[2];
	AUTO_FREE char *text = NULL;
	struct error *err;
	size_t len = 0;
	FILE *file;

	if (image->nr_segments > IOMEM_MAX_RANGES)
		return error_create(ERROR_UNSUPPORTED, "too many segments");
	TRY(kernel_reservations(input->kernel, input->view, own, nr_reserved));
	file = open_memstream(&text, &len);
	if (!file)
		return error_nomem();
	for (size_t i = 0; i < image->nr_segments; i++)
		if (image->segments[i].memsz)
			fprintf(file, "%#" PRIx64 "+%" PRIu64 "=ram\n",
				image->segments[i].paddr,
				image->segments[i].memsz);
	for (size_t i = 0; i < *nr_reserved; i++)
		fprintf(file, "%#" PRIx64 "+%" PRIu64 "=crash\n",
			own[i].paddr, own[i].end - own[i].paddr);
	if (fclose(file))
		return error_nomem();
	err = iomem_parse(text, len, ret);
	return err ? error_wrap(err, "%s", image->path) : NULL;
}

static struct error *look_at_vmcore(const struct input *input, struct log *log,
				    struct estimate_need *need)
{
	struct reserve_machine machine = {
		.arch = need->asked.arch, .cmdline = "",
	};
	struct iomem iomem = { 0 };
	size_t nr_reserved = 0;
	struct error *err = vmcore_map(input, &iomem, &nr_reserved);

	need->asked.fadump = input->fadump.known;
	if (err) {
		log_warn(log, "the recommended crashkernel= is not checked: %s",
			 error_message(err));
		error_destroy(err);
		need->no_map = "no memory map could be made of the vmcore";
		return need_advise(&need->asked, NULL, &need->advice);
	}
	machine.iomem = &iomem;
	need->asked.ram = iomem_ram_size(&iomem);
	err = need_advise(&need->asked, &machine, &need->advice);
	iomem_deinit(&iomem);
	/* where it was may be what is missing */
	if (!need->advice.granted && !nr_reserved && !need->asked.fadump) {
		need->advice.checked = false;
		need->no_map = "the vmcore does not tell what was reserved";
	}
	return err;
}

static struct error *look_at_machine(const char *root, struct log *log,
				     struct estimate_need *need)
{
	struct reserve_machine machine;
	struct need_found found;
	struct error *err = need_read(root, log, &need->asked, &found);

	memcpy(need->initramfs, found.initramfs, sizeof(need->initramfs));
	need->closed = found.closed;
	if (!found.has_map)
		need->no_map = "there is no memory map";
	if (!err)
		err = need_advise(&need->asked,
				  need_found_machine(&need->asked, &found,
						     &machine),
				  &need->advice);
	need_found_deinit(&found);
	return err;
}

struct error *estimate_need_find(const struct options *options,
				 const struct input *input, struct log *log,
				 struct estimate_need *ret)
{
	const char *root = options->capture.machine_root;
	const struct kernel *kernel = input->kernel;
	const struct space *space = &kernel->space;
	uint64_t size = space->image.end - space->image.start;
	char release[65 + 1] = "";

	*ret = (struct estimate_need){ .name = space->ops->name };
	/* the crash is of the kernel that will be booted again */
	memcpy(release, input->facts.utsname[2], sizeof(release) - 1);
	if (!need_init(&ret->asked, ret->name, release))
		return NULL;
	ret->known = true;
	ret->live = input->image->live || root;
	ret->asked.page_size = 1ull << space->target.page_shift;
	if (kernel->has_pages)
		ret->asked.struct_page_size = kernel->layout.size;
	if (kernel->has_space && space->image.end && size <= MAX_KERNEL)
		ret->asked.kernel = size;
	ret->asked.nr_cpus = options->nr_cpus ? options->nr_cpus : 1;
	ret->asked.capdump = memory_wanted(kernel->end_pfn, options->nr_cpus,
					  options->nr_files);
	return ret->live ? look_at_machine(root, log, ret) :
			   look_at_vmcore(input, log, ret);
}
