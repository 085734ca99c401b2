/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpio archives in a row: see initramfs.h. */
#include "initramfs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/bytes.h"
#include "../codec/unzip.h"

/* Linux 7.2 init/initramfs.c: do_header(), parse_header(), N_ALIGN() */
#define HEADER_LEN 110u
#define MAGIC_LEN 6u
#define FIELD_MODE 1
#define FIELD_SIZE 6
#define FIELD_NAME 11
#define MAX_NAME 4096u
#define MAX_LINKS 8

static bool get_field(const uint8_t *header, unsigned field, uint32_t *ret)
{
	const uint8_t *p = header + MAGIC_LEN + 8 * field;

	*ret = 0;
	for (unsigned i = 0; i < 8; i++) {
		if (!isxdigit(p[i]))
			return false;
		*ret = *ret << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' :
					      tolower(p[i]) - 'a' + 10);
	}
	return true;
}

static struct error *add(struct initramfs *ret,
			 const struct initramfs_entry *entry)
{
	struct initramfs_entry *more;

	if (ret->nr == INITRAMFS_MAX_ENTRIES)
		return error_create(ERROR_INVALID, "more than %zu files",
				    INITRAMFS_MAX_ENTRIES);
	/* room is doubled at each power of two */
	if (!(ret->nr & (ret->nr - 1))) {
		more = reallocarray(ret->entries, ret->nr ? 2 * ret->nr : 1,
				    sizeof(*more));
		if (!more)
			return error_nomem();
		ret->entries = more;
	}
	ret->entries[ret->nr++] = *entry;
	return NULL;
}

static bool is_header(const uint8_t *p, size_t left)
{
	return left >= MAGIC_LEN && (!memcmp(p, "070701", MAGIC_LEN) ||
				     !memcmp(p, "070702", MAGIC_LEN));
}

/* The file whose header is at AT; *NEXT: where another may be. */
static struct error *parse_entry(const uint8_t *bytes, size_t len, size_t at,
				 struct initramfs *ret, size_t *next)
{
	uint32_t mode, size, name_len;
	struct initramfs_entry entry;
	uint64_t body, end;

	if (len - at < HEADER_LEN ||
	    !get_field(bytes + at, FIELD_MODE, &mode) ||
	    !get_field(bytes + at, FIELD_SIZE, &size) ||
	    !get_field(bytes + at, FIELD_NAME, &name_len))
		return error_create(ERROR_INVALID,
				    "no whole header at offset %#zx", at);
	body = at + align_up(HEADER_LEN + (uint64_t)name_len, 4);
	end = body + size;
	if (!name_len || name_len > MAX_NAME || end > len)
		return error_create(ERROR_INVALID,
				    "the file at offset %#zx, of %u bytes with a name of %u, goes beyond the end",
				    at, size, name_len);
	entry.name = (const char *)bytes + at + HEADER_LEN;
	if (entry.name[name_len - 1])
		return error_create(ERROR_INVALID,
				    "the name at offset %#zx has no end", at);
	*next = (size_t)min_u64(align_up(end - at, 4) + at, len);
	if (!strcmp(entry.name, "TRAILER!!!"))
		return NULL;
	while (!strncmp(entry.name, "./", 2) || *entry.name == '/')
		entry.name += *entry.name == '/' ? 1 : 2;
	entry.own = strrchr(entry.name, '/');
	entry.own = entry.own ? entry.own + 1 : entry.name;
	entry.mode = mode;
	entry.bytes = bytes + body;
	entry.len = size;
	return add(ret, &entry);
}

/* Unpacked bytes hold no packed ones. */
static struct error *parse_plain(const uint8_t *bytes, size_t len,
				 struct initramfs *ret)
{
	for (size_t at = 0; at < len; ) {
		if (!bytes[at])
			at++;
		else if (is_header(bytes + at, len - at))
			TRY(parse_entry(bytes, len, at, ret, &at));
		else
			return error_create(ERROR_INVALID,
					    "neither file nor end at offset %#zx",
					    at);
	}
	return NULL;
}

static struct error *parse_packed(const uint8_t *bytes, size_t len,
				  size_t max_unpacked, struct initramfs *ret,
				  size_t *used)
{
	uint8_t **to = &ret->unpacked[ret->nr_unpacked];
	struct error *err;
	size_t made;

	*used = len;
	if (ret->nr_unpacked == INITRAMFS_MAX_ARCHIVES)
		return error_create(ERROR_INVALID, "more than %d archives",
				    INITRAMFS_MAX_ARCHIVES);
	err = unzip(bytes, len, max_unpacked - ret->unpacked_len, to, &made, used);
	if (err && error_kind(err) == ERROR_UNSUPPORTED) {
		/* nor can be told where it ends */
		ret->closed = unzip_format(bytes, len);
		*used = len;
		error_destroy(err);
		return NULL;
	}
	TRY(err);
	ret->nr_unpacked++;
	ret->unpacked_len += made;
	return parse_plain(*to, made, ret);
}

struct error *initramfs_open(const uint8_t *bytes, size_t len,
			     size_t max_unpacked, struct initramfs *ret)
{
	*ret = (struct initramfs){ 0 };
	for (size_t at = 0, used; at < len; ) {
		if (!bytes[at]) {
			at++;
		} else if (is_header(bytes + at, len - at)) {
			TRY(parse_entry(bytes, len, at, ret, &at));
		} else if (unzip_format(bytes + at, len - at)) {
			TRY(parse_packed(bytes + at, len - at, max_unpacked, ret,
					 &used));
			at += used;
		} else {
			return error_create(ERROR_INVALID,
					    "neither an archive nor packed at offset %#zx",
					    at);
		}
	}
	return NULL;
}

void initramfs_close(struct initramfs *initramfs)
{
	for (unsigned i = 0; i < initramfs->nr_unpacked; i++)
		free(initramfs->unpacked[i]);
	free(initramfs->entries);
}

static bool has_name(const struct initramfs_entry *entry, const char *name,
		     size_t len)
{
	return strnlen(entry->own, len + 1) == len &&
	       !memcmp(entry->own, name, len);
}

/* A later one replaces those before it; of hard links the last alone has the
 * bytes. */
static const struct initramfs_entry *find(const struct initramfs *initramfs,
					  const char *name, size_t len)
{
	const struct initramfs_entry *link = NULL;

	for (size_t i = initramfs->nr; i--; ) {
		const struct initramfs_entry *entry = &initramfs->entries[i];

		if (!has_name(entry, name, len))
			continue;
		if (S_ISREG(entry->mode) && entry->len)
			return entry;
		if (S_ISLNK(entry->mode) && !link)
			link = entry;
	}
	return link;
}

const struct initramfs_entry *initramfs_find(const struct initramfs *initramfs,
					     const char *name)
{
	const struct initramfs_entry *entry = NULL;
	size_t len = strlen(name);

	for (unsigned i = 0; i < MAX_LINKS; i++) {
		const uint8_t *slash;

		entry = find(initramfs, name, len);
		if (!entry || S_ISREG(entry->mode))
			return entry;
		slash = memrchr(entry->bytes, '/', entry->len);
		name = slash ? (const char *)slash + 1 :
		       (const char *)entry->bytes;
		len = entry->len - (size_t)(name - (const char *)entry->bytes);
	}
	return NULL;
}
