/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flattened device tree, and what it says of a fadump; the same bytes as the
 * firmware's table. */
#include "../../src/machine/devicetree.h"
#include "../../src/machine/fadump.h"
#include "fuzz.h"

static void hear(void *arg, const char *text)
{
	unsigned *nr = arg;

	FUZZ_CHECK(text[0] && strlen(text) < 256);
	++*nr;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = fuzz_file(bytes, len);
	struct fadump_table table;
	struct fadump_header header;
	struct fadump fadump;
	unsigned nr = 0;
	char path[32];

	if (devicetree_probe(fuzz_path(fd, path))) {
		if (fuzz_ok(fadump_read_tree(path, NULL, &fadump)))
			FUZZ_CHECK(fadump.known == (fadump.has_table ||
						    fadump.opal));
		FUZZ_CHECK(fadump.area <= fadump.area_end);
		FUZZ_CHECK(fadump.nr_loads <= FADUMP_MAX_LOADS);
		fadump_check(&fadump, hear, &nr);
		fadump_deinit(&fadump);
	}
	if (fuzz_ok(fadump_table_parse(bytes, len, &table))) {
		FUZZ_CHECK(table.nr <= FADUMP_MAX_SECTIONS &&
			   table.nr <= table.nr_claimed);
		fadump_table_check(&table, len, hear, &nr);
	}
	if (len >= FADUMP_HEADER_LEN)
		(void)fadump_header_parse(bytes, len & 1, &header);
	close(fd);
	return 0;
}
