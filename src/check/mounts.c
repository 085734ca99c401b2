/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/mounts and /etc/fstab: see mounts.h. */
#include "mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/io.h"
#include "../machine/machine_file.h"
#include "../machine/root.h"

#define MAX_TABLE ((size_t)4 << 20)

/* A line of either; all point into the table's text. */
struct entry {
	char *device, *point, *type, *options;
};

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* \040 and the like, in place (Linux fs/proc_namespace.c: mangle()). */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		unsigned code = 0;

		if (*p == '\\' && is_octal(p[1]) && p[1] <= '3' &&
		    is_octal(p[2]) && is_octal(p[3]))
			code = (unsigned)((p[1] - '0') << 6 |
					  (p[2] - '0') << 3 | (p[3] - '0'));
		*to++ = code ? (char)code : *p;
		p += code ? 3 : 0;
	}
	*to = '\0';
}

/* The next line that is an entry; *TEXT moves behind it. */
static bool next_entry(char **text, struct entry *ret)
{
	while (*text && **text) {
		char *line = *text, *newline = strchr(line, '\n'), *state;

		*text = newline ? newline + 1 : NULL;
		if (newline)
			*newline = '\0';
		ret->device = strtok_r(line, " \t", &state);
		ret->point = strtok_r(NULL, " \t", &state);
		ret->type = strtok_r(NULL, " \t", &state);
		ret->options = strtok_r(NULL, " \t", &state);
		if (!ret->type || *ret->device == '#')
			continue;
		if (!ret->options)
			ret->options = ret->type + strlen(ret->type);
		unescape(ret->device);
		unescape(ret->point);
		return true;
	}
	return false;
}

/* How long the mount point is if PATH is below it or is it; 0: it is not. */
static size_t covers(const char *point, const char *path)
{
	size_t len = strlen(point);

	if (*point != '/')
		return 0;
	while (len > 1 && point[len - 1] == '/')
		len--;
	if (len == 1)
		return *path == '/';
	return !strncmp(point, path, len) && (!path[len] || path[len] == '/') ?
	       len : 0;
}

static bool has_option(const char *options, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = options; (p = strstr(p, word)); p += len)
		if ((p == options || p[-1] == ',') &&
		    (!p[len] || p[len] == ','))
			return true;
	return false;
}

static struct error *read_table(const struct check_machine *machine,
				const char *path, char **ret)
{
	size_t len;

	return machine_file_try(machine->root, path, MAX_TABLE, ret, &len);
}

void mount_deinit(struct mount *mount)
{
	free(mount->point);
	free(mount->type);
}

static struct error *mount_copy(const struct entry *entry, struct mount *ret)
{
	static const char *const in_memory[] = { "tmpfs", "ramfs", "rootfs",
						 "devtmpfs" };

	mount_deinit(ret);
	ret->point = strdup(entry->point);
	ret->type = strdup(entry->type);
	ret->read_only = has_option(entry->options, "ro");
	ret->in_memory = false;
	for (size_t i = 0; i < sizeof(in_memory) / sizeof(in_memory[0]); i++)
		ret->in_memory |= !strcmp(entry->type, in_memory[i]);
	return ret->point && ret->type ? NULL : error_nomem();
}

struct error *mounts_find(const struct check_machine *machine,
			  const char *path, struct mount *ret)
{
	AUTO_FREE char *table = NULL;
	struct entry entry;
	size_t best = 0;

	*ret = (struct mount){ 0 };
	TRY(read_table(machine, "/proc/mounts", &table));
	for (char *text = table; next_entry(&text, &entry); ) {
		size_t len = covers(entry.point, path);

		/* a later one covers what was mounted there before */
		if (!len || len < best || !strcmp(entry.type, "autofs"))
			continue;
		best = len;
		TRY(mount_copy(&entry, ret));
	}
	return NULL;
}

/* *RET is left alone if it is not. */
static struct error *is_mounted(const struct check_machine *machine,
				const char *point, bool *ret)
{
	AUTO_FREE char *table = NULL;
	struct entry entry;
	size_t len = covers(point, point);

	TRY(read_table(machine, "/proc/mounts", &table));
	*ret |= !table;		/* nobody knows */
	for (char *text = table; next_entry(&text, &entry); )
		*ret |= covers(entry.point, point) == len;
	return NULL;
}

struct error *mounts_waiting(const struct check_machine *machine,
			     const char *path, char **ret)
{
	AUTO_FREE char *table = NULL;
	struct entry entry;
	size_t best = 1;	/* the root is mounted */

	*ret = NULL;
	TRY(read_table(machine, "/etc/fstab", &table));
	for (char *text = table; next_entry(&text, &entry); ) {
		size_t len = covers(entry.point, path);
		bool mounted = false;

		/* each length once, whatever the table claims */
		if (len <= best || has_option(entry.options, "noauto"))
			continue;
		best = len;
		TRY(is_mounted(machine, entry.point, &mounted));
		free(*ret);
		*ret = mounted ? NULL : strdup(entry.point);
		if (!*ret && !mounted)
			return error_nomem();
	}
	return NULL;
}

/* The device's own name, if it can be found. */
static struct error *device_path(const struct check_machine *machine,
				 const char *device, char **ret)
{
	static const char *const kinds[][2] = {
		{ "UUID=", "/dev/disk/by-uuid/" },
		{ "LABEL=", "/dev/disk/by-label/" },
		{ "PARTUUID=", "/dev/disk/by-partuuid/" },
		{ "PARTLABEL=", "/dev/disk/by-partlabel/" },
	};
	AUTO_FREE char *link = NULL, *whole = NULL;
	const char *folder = "", *name = device;

	for (unsigned i = 0; i < 4; i++)
		if (!strncmp(device, kinds[i][0], strlen(kinds[i][0]))) {
			folder = kinds[i][1];
			name = device + strlen(kinds[i][0]);
		}
	if (asprintf(&link, "%s%s", folder, name) < 0) {
		link = NULL;
		return error_nomem();
	}
	TRY(root_path(machine->root, link, &whole));
	*ret = realpath(whole, NULL);
	if (!*ret)
		*ret = strdup(whole);
	return *ret ? NULL : error_nomem();
}

struct error *mounts_of_device(const struct check_machine *machine,
			       const char *device, char **ret)
{
	AUTO_FREE char *table = NULL, *want = NULL;
	struct entry entry;

	*ret = NULL;
	TRY(device_path(machine, device, &want));
	TRY(read_table(machine, "/proc/mounts", &table));
	for (char *text = table; !*ret && next_entry(&text, &entry); ) {
		AUTO_FREE char *have = NULL;

		TRY(device_path(machine, entry.device, &have));
		if (strcmp(have, want))
			continue;
		*ret = strdup(entry.point);
		if (!*ret)
			return error_nomem();
	}
	return NULL;
}
