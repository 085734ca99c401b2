/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCOREINFO, parsed: see vmcoreinfo.h. */
#include "vmcoreinfo.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "notes.h"

struct line {
	const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	/* qsort() is not stable; lines stand in one text */
	return order ? order : x->key < y->key ? -1 : x->key > y->key;
}

/* Cuts TEXT at its newlines and its '='s; returns the number of lines. */
static size_t cut(char *text, size_t len, struct line *lines)
{
	char *end = text + len, *p = text;
	size_t nr = 0;

	while (p < end) {
		char *newline = memchr(p, '\n', (size_t)(end - p));
		char *stop = newline ? newline : end;
		char *equals;

		*stop = '\0';
		equals = strchr(p, '=');
		if (equals) {
			*equals = '\0';
			lines[nr++] = (struct line){ p, equals + 1 };
		}
		p = stop + 1;
	}
	return nr;
}

static struct error *parse_lines(struct vmcoreinfo *v)
{
	size_t max = 1, nr;
	AUTO_FREE struct line *lines = NULL;

	for (size_t i = 0; i < v->len; i++)
		max += v->text[i] == '\n';
	lines = calloc(max, sizeof(*lines));
	v->keys = calloc(max, sizeof(*v->keys));
	v->values = calloc(max, sizeof(*v->values));
	if (!lines || !v->keys || !v->values)
		return error_nomem();
	nr = cut(v->text, v->len, lines);
	qsort(lines, nr, sizeof(*lines), by_key);
	for (size_t i = 0; i < nr; i++) {
		if (i + 1 < nr && !strcmp(lines[i].key, lines[i + 1].key))
			continue;	/* the last of equal keys counts */
		v->keys[v->nr] = lines[i].key;
		v->values[v->nr++] = lines[i].value;
	}
	return NULL;
}

struct error *vmcoreinfo_parse(const char *text, size_t len,
			       struct vmcoreinfo **ret)
{
	struct vmcoreinfo *v = calloc(1, sizeof(*v));
	struct error *err;

	if (!v)
		return error_nomem();
	v->text = malloc(len + 1);
	if (!v->text) {
		vmcoreinfo_destroy(v);
		return error_nomem();
	}
	memcpy(v->text, text, len);
	v->text[len] = '\0';
	v->len = len;
	err = parse_lines(v);
	if (err) {
		vmcoreinfo_destroy(v);
		return err;
	}
	*ret = v;
	return NULL;
}

void vmcoreinfo_destroy(struct vmcoreinfo *vmcoreinfo)
{
	if (!vmcoreinfo)
		return;
	free(vmcoreinfo->keys);
	free(vmcoreinfo->values);
	free(vmcoreinfo->text);
	free(vmcoreinfo);
}

struct error *vmcoreinfo_text(const struct vmcoreinfo *v, char **ret,
			      size_t *len)
{
	FILE *file = open_memstream(ret, len);

	if (!file)
		return error_nomem();
	for (size_t i = 0; i < v->nr; i++)
		fprintf(file, "%s=%s\n", v->keys[i], v->values[i]);
	if (!fclose(file))
		return NULL;
	free(*ret);
	*ret = NULL;
	return error_nomem();
}

struct search {
	const struct image *image;
	struct note note;
	bool found;
};

static struct error *match(void *arg, const struct note *note)
{
	struct search *search = arg;

	if (search->found || strcmp(note->name, "VMCOREINFO"))
		return NULL;
	search->note = *note;
	search->found = true;
	return NULL;
}

/* LEN bytes of text at OFFSET of the file. */
static struct error *read_text(const struct image *image, uint64_t offset,
			       uint64_t len, struct log *log,
			       struct vmcoreinfo **ret)
{
	AUTO_FREE char *text = NULL;

	if (len > VMCOREINFO_MAX) {
		log_warn(log,
			 "%s: VMCOREINFO claims %llu bytes: only %u are read",
			 image->path, (unsigned long long)len, VMCOREINFO_MAX);
		len = VMCOREINFO_MAX;
	}
	text = malloc(len + 1);
	if (!text)
		return error_nomem();
	TRY(image_file_read_exact(&image->file, text, len, offset));
	return vmcoreinfo_parse(text, len, ret);
}

struct error *vmcoreinfo_read(const struct image *image, struct log *log,
			      struct vmcoreinfo **ret)
{
	struct search search = { .image = image };

	*ret = NULL;
	TRY(notes_each(image, log, match, &search));
	if (!search.found)
		return image->vmcoreinfo.len ?
		       read_text(image, image->vmcoreinfo.offset,
				 image->vmcoreinfo.len, log, ret) : NULL;
	TRY(read_text(image, search.note.desc_offset, search.note.desc_len,
		      log, ret));
	(*ret)->offset = search.note.desc_offset;
	(*ret)->note_len = search.note.desc_len;
	return NULL;
}

static int compare_key(const void *key, const void *element)
{
	return strcmp(key, *(const char *const *)element);
}

const char *vmcoreinfo_get(const struct vmcoreinfo *v, const char *key)
{
	const char **at;

	if (!v->nr)
		return NULL;
	at = bsearch(key, v->keys, v->nr, sizeof(*v->keys), compare_key);
	return at ? v->values[at - v->keys] : NULL;
}

bool vmcoreinfo_number(const struct vmcoreinfo *v, const char *kind,
		       const char *name, uint64_t *ret)
{
	char key[128];
	const char *text;
	bool hex, negative;
	uint64_t number;
	char *end;

	if (snprintf(key, sizeof(key), "%s(%s)", kind, name) >=
	    (int)sizeof(key))
		return false;
	text = vmcoreinfo_get(v, key);
	if (!text)
		return false;
	negative = *text == '-';
	hex = !strcmp(kind, "SYMBOL") || !strncmp(text, "0x", 2);
	if (!isxdigit((unsigned char)text[negative]))
		return false;
	errno = 0;
	number = negative ? (uint64_t)strtoll(text, &end, 10) :
		 strtoull(text, &end, hex ? 16 : 10);
	if (errno || (*end && *end != '\r'))
		return false;
	*ret = number;
	return true;
}

/* Before 5.11 OFFSET(uts_namespace.name) is not exported, and the name follows
 * the reference count (Linux 5.10 include/linux/utsname.h: uts_namespace). */
#define OLD_NAME_OFFSET 4

bool vmcoreinfo_utsname(const struct vmcoreinfo *v, uint64_t *ret)
{
	uint64_t offset = OLD_NAME_OFFSET;

	vmcoreinfo_number(v, "OFFSET", "uts_namespace.name", &offset);
	if (!vmcoreinfo_number(v, "SYMBOL", "init_uts_ns", ret))
		return false;
	*ret += offset;
	return true;
}

bool vmcoreinfo_phys_base(const struct vmcoreinfo *v, uint64_t *ret)
{
	return vmcoreinfo_number(v, "NUMBER", "phys_base", ret) ||
	       vmcoreinfo_number(v, "NUMBER", "PHYS_OFFSET", ret) ||
	       vmcoreinfo_number(v, "NUMBER", "phys_ram_base", ret);
}
