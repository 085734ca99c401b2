/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/iomem by name: see resources.h. */
#include "resources.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine/iomem.h"
#include "../machine/machine_file.h"

static bool parse_line(char *line, struct resource *ret)
{
	int n = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " : %n", &ret->paddr,
		   &ret->last, &n) < 2 || !n || ret->last < ret->paddr)
		return false;
	ret->name = line + n;
	return true;
}

struct error *resources_read(const char *root, struct resources *ret)
{
	size_t len, nr_lines = 1;

	*ret = (struct resources){ 0 };
	TRY(machine_file_try(root, "/proc/iomem", IOMEM_MAX_TEXT, &ret->text,
			     &len));
	if (!ret->text)
		return NULL;
	for (size_t i = 0; i < len; i++)
		nr_lines += ret->text[i] == '\n';
	ret->at = calloc(nr_lines, sizeof(*ret->at));
	if (!ret->at)
		return error_nomem();
	ret->hidden = true;
	for (char *line = ret->text; line; ) {
		char *newline = strchr(line, '\n');

		if (newline)
			*newline++ = '\0';
		if (parse_line(line, &ret->at[ret->nr]))
			ret->hidden &= !ret->at[ret->nr++].last;
		line = newline;
	}
	return NULL;
}

void resources_deinit(struct resources *resources)
{
	free(resources->at);
	free(resources->text);
}

const struct resource *resources_next(const struct resources *resources,
				      size_t *at, const char *name,
				      uint64_t paddr, uint64_t last)
{
	while (*at < resources->nr) {
		const struct resource *r = &resources->at[(*at)++];

		if (r->paddr <= last && r->last >= paddr &&
		    !strncasecmp(r->name, name, strlen(name)))
			return r;
	}
	return NULL;
}
