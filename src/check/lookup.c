/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders and settings of the machine's: see machine.h. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../machine/machine_file.h"
#include "../machine/root.h"
#include "machine.h"

#define MAX_NAMES ((size_t)65536)
#define MAX_SETTINGS ((size_t)1 << 20)

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct error *add_name(char ***names, size_t *nr, const char *name)
{
	/* room is doubled at each power of two */
	if (!(*nr & (*nr - 1))) {
		char **more = reallocarray(*names, *nr ? 2 * *nr : 1,
					   sizeof(*more));

		if (!more)
			return error_nomem();
		*names = more;
	}
	(*names)[*nr] = strdup(name);
	return (*names)[(*nr)++] ? NULL : error_nomem();
}

struct error *check_names(const struct check_machine *machine,
			  const char *folder, const char *prefix, char ***ret,
			  size_t *nr)
{
	AUTO_FREE char *path = NULL;
	struct error *err = NULL;
	struct dirent *entry;
	DIR *dir;

	*ret = NULL;
	*nr = 0;
	TRY(root_path(machine->root, folder, &path));
	dir = opendir(path);
	if (!dir)
		return NULL;
	while (!err && *nr < MAX_NAMES && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    !strncmp(entry->d_name, prefix, strlen(prefix)))
			err = add_name(ret, nr, entry->d_name);
	closedir(dir);
	if (err) {
		check_names_free(*ret, *nr);
		*ret = NULL;
		*nr = 0;
	} else if (*nr) {
		qsort(*ret, *nr, sizeof(**ret), compare);
	}
	return err;
}

void check_names_free(char **names, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		free(names[i]);
	free(names);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value of a shell assignment: quoted up to the same quote, else up to a
 * blank. */
static char *shell_value(const char *text, size_t len)
{
	const char *end;

	if (len && (*text == '"' || *text == '\'')) {
		end = memchr(text + 1, *text, len - 1);
		return strndup(text + 1, end ? (size_t)(end - text - 1) :
			       len - 1);
	}
	for (end = text; end < text + len && !isspace((unsigned char)*end);)
		end++;
	return strndup(text, (size_t)(end - text));
}

/* The rest of a line without blanks around it. */
static char *rest_value(const char *text, size_t len)
{
	while (len && is_blank(*text))
		text++, len--;
	while (len && (is_blank(text[len - 1]) || text[len - 1] == '\r'))
		len--;
	return strndup(text, len);
}

static struct error *find_setting(const struct check_machine *machine,
				  const char *path, const char *key,
				  bool shell, char **ret)
{
	AUTO_FREE char *text = NULL;
	size_t len, key_len = strlen(key);

	*ret = NULL;
	TRY(machine_file_try(machine->root, path, MAX_SETTINGS, &text, &len));
	for (const char *line = text; line && *line; ) {
		size_t rest = strcspn(line, "\n");
		const char *next = line[rest] ? line + rest + 1 : line + rest;

		while (is_blank(*line))
			line++, rest--;
		if (rest > key_len && !strncmp(line, key, key_len) &&
		    (shell ? line[key_len] == '=' : is_blank(line[key_len]))) {
			free(*ret);
			line += key_len + 1;
			rest -= key_len + 1;
			*ret = shell ? shell_value(line, rest) :
			       rest_value(line, rest);
			if (!*ret)
				return error_nomem();
		}
		line = next;
	}
	return NULL;
}

struct error *check_setting(const struct check_machine *machine,
			    const char *path, const char *key, char **ret)
{
	return find_setting(machine, path, key, true, ret);
}

struct error *check_directive(const struct check_machine *machine,
			      const char *path, const char *key, char **ret)
{
	return find_setting(machine, path, key, false, ret);
}
