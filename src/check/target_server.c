/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libcurl, who is trusted, and the network card's driver: see target_server.h. */
#include "target_server.h"

#include <limits.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/io.h"
#include "../machine/machine_file.h"
#include "../machine/root.h"
#include "../sink/remote.h"
#include "initrd_programs.h"

#define MAX_ROUTES ((size_t)1 << 20)

/* Either one is loaded: sink/curl.c. */
static const char *const libcurl[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };

/* Whether this capdump was built with libcurl: then it has the names that it looks
 * up there. In one piece here, it would be in all that can check. */
static bool can_send(const struct initramfs_entry *capdump)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", "curl", "global_init");
	return memmem(capdump->bytes, capdump->len, name, strlen(name));
}

/* Whether LIBRARY is a libcurl that can sign requests to a store, as far as it says
 * what it is; else *VERSION, at least 16 bytes. It has the word in one piece
 * (lib/version.c). */
static bool can_sign(const struct initramfs_entry *library, char *version)
{
	static const char word[] = "libcurl/";
	const char *at = memmem(library->bytes, library->len, word,
				strlen(word));
	size_t left = at ? library->len -
		(size_t)(at - (const char *)library->bytes) : 0;
	unsigned major, minor;

	if (left < strlen(word) + 16)
		return true;
	snprintf(version, 16, "%.15s", at + strlen(word));
	version[strspn(version, "0123456789.")] = '\0';
	return sscanf(version, "%3u.%3u", &major, &minor) != 2 ||
	       (major << 16 | minor << 8) >= REMOTE_S3_LIBCURL;
}

/* libcurl is there, and all that it needs; else it is said what is not. */
static bool check_libcurl(const struct check_machine *machine, const char *url,
			  struct check_result *ret)
{
	const struct crash_initrd *initrd = &machine->initrd;
	const struct initramfs *image = &initrd->image;
	const struct initramfs_entry *capdump = initrd_find_capdump(image);
	const struct initramfs_entry *library =
		initramfs_find(image, libcurl[0]);
	char missing[256], version[16];

	if (capdump && !can_send(capdump)) {
		check_say(ret, CHECK_FATAL, "capdump-cannot-send",
			  "the capdump in %s was built without libcurl, and sends to no URL",
			  initrd->path);
		return false;
	}
	if (!library)
		library = initramfs_find(image, libcurl[1]);
	if (!library) {
		check_say(ret, CHECK_FATAL, "libcurl-missing",
			  "sending to a URL takes libcurl, and %s has neither %s nor %s",
			  initrd->path, libcurl[0], libcurl[1]);
		return false;
	}
	if (remote_kind(url) == REMOTE_S3 && !can_sign(library, version)) {
		check_say(ret, CHECK_FATAL, "libcurl-too-old",
			  "s3:// needs libcurl " REMOTE_S3_NEEDS " or newer; %s has libcurl %s, which does not sign all that a store wants to be signed",
			  initrd->path, version);
		return false;
	}
	initrd_find_libraries(image, library, missing, sizeof(missing));
	if (!*missing)
		return true;
	check_say(ret, CHECK_FATAL, "libcurl-library-missing",
		  "libcurl cannot be loaded in %s, which lacks %s",
		  initrd->path, missing);
	return false;
}

static bool has_path(const struct initramfs *image, const char *path)
{
	path += strspn(path, "/");
	for (size_t i = 0; i < image->nr; i++)
		if (!S_ISDIR(image->entries[i].mode) &&
		    !strcmp(image->entries[i].name, path))
			return true;
	return false;
}

/* The certificates of --cacert, or those that libcurl's builds take by themselves:
 * Debian's, Fedora's (behind two links), openSUSE's; for sftp the hosts' keys. */
static bool check_trust(const struct check_machine *machine, const char *url,
			struct check_result *ret)
{
	static const char *const bundles[] = { "ca-certificates.crt",
		"ca-bundle.crt", "tls-ca-bundle.pem", "ca-bundle.pem", NULL };
	static const char *const hosts[] = { "known_hosts", NULL };
	const struct initramfs *image = &machine->initrd.image;
	const struct remote_options *way = machine->way;
	bool ssh = remote_kind(url) == REMOTE_SFTP;
	const char *given = ssh ? way->known_hosts : way->ca_file;
	const char *const *names = ssh ? hosts : bundles;

	if (remote_kind(url) == REMOTE_S3 && way->s3_endpoint)
		url = way->s3_endpoint;
	if (way->insecure || !strncasecmp(url, "http://", 7) ||
	    !strncasecmp(url, "ftp://", 6))
		return true;
	for (unsigned i = 0; !given && names[i]; i++)
		if (initramfs_find(image, names[i]))
			return true;
	if (given && has_path(image, given))
		return true;
	check_say(ret, given ? CHECK_FATAL : CHECK_WARNING, "trust-missing",
		  "%s has no %s, which says whom to trust",
		  machine->initrd.path, given ? given : names[0]);
	if (!given)
		check_fix(ret, "capdump check --%s FILE URL, with FILE in it",
			  ssh ? "known-hosts" : "cacert");
	return false;
}

/* The interface of the default route, into BUF of SIZE bytes; false if there is
 * none. Linux Documentation/filesystems/proc.rst: name, then where to. */
static struct error *find_interface(const struct check_machine *machine,
				    char *buf, size_t size, bool *found)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	*found = false;
	TRY(machine_file_try(machine->root, "/proc/net/route", MAX_ROUTES,
			     &text, &len));
	for (char *line = text; line && *line && !*found;) {
		size_t name = strcspn(line, " \t\n");
		const char *to = line + name + strspn(line + name, " \t");

		*found = name && name < size && !memchr(line, '/', name) &&
			 !strncmp(to, "00000000", 8);
		if (*found)
			snprintf(buf, size, "%.*s", (int)name, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return NULL;
}

/* The name that the link at PATH leads to; NULL: it is not there. Owned by the
 * caller. */
static struct error *link_name(const struct check_machine *machine,
			       const char *path, char **ret)
{
	AUTO_FREE char *full = NULL;
	char target[PATH_MAX], *slash;
	ssize_t len;

	*ret = NULL;
	TRY(root_path(machine->root, path, &full));
	len = readlink(full, target, sizeof(target) - 1);
	if (len < 0)
		return NULL;
	target[len] = '\0';
	slash = strrchr(target, '/');
	*ret = strdup(slash ? slash + 1 : target);
	return *ret ? NULL : error_nomem();
}

/* Whether a file is the module NAME, packed or not: in files' names a '-' may stand
 * for '_'. */
static bool is_module(const char *file, const char *name)
{
	while (*name && (*file == *name || (*file == '-' && *name == '_')))
		file++, name++;
	return !*name && !strncmp(file, ".ko", 3);
}

static bool has_module(const struct initramfs *image, const char *name)
{
	for (size_t i = 0; i < image->nr; i++)
		if (is_module(image->entries[i].own, name))
			return true;
	return false;
}

/* The driver of the card by which this machine reaches others. TOLD, of SIZE bytes:
 * what is said of it if all is well. */
static struct error *check_driver(const struct check_machine *machine,
				  char *told, size_t size,
				  struct check_result *ret)
{
	AUTO_FREE char *driver = NULL, *module = NULL;
	const struct crash_initrd *initrd = &machine->initrd;
	char name[32], path[128];
	bool found;

	snprintf(told, size, "which network card it takes is not known");
	TRY(find_interface(machine, name, sizeof(name), &found));
	if (!found)
		return NULL;
	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", name);
	TRY(link_name(machine, path, &driver));
	if (!driver) {
		snprintf(told, size, "what is behind %s is not looked into",
			 name);
		return NULL;
	}
	strcat(path, "/module");
	TRY(link_name(machine, path, &module));
	snprintf(told, size, "%s of %s is %s", module ? module : driver, name,
		 module ? "there" : "built in");
	if (!module || has_module(&initrd->image, module))
		return NULL;
	check_say(ret, CHECK_WARNING, "driver-missing",
		  "%s has no %s, the driver of %s, over which this machine reaches others",
		  initrd->path, module, name);
	return NULL;
}

/* What was not looked at. */
static struct error *say_elsewhere(const char *url, const char *what,
				   struct check_result *ret)
{
	AUTO_FREE char *masked = remote_mask(url);

	if (!masked)
		return error_nomem();
	check_say(ret, CHECK_NOTICE, "target-elsewhere",
		  "%.120s is not asked; not looked at either: %s", masked,
		  what);
	return NULL;
}

struct error *target_server_check(const struct check_machine *machine,
				  const char *url, struct check_result *ret)
{
	const struct crash_initrd *initrd = &machine->initrd;
	unsigned nr = ret->nr;
	char driver[100];
	bool good;

	if (!*initrd->path || initrd->damaged || !initrd->whole ||
	    crash_initrd_closed(initrd))
		return say_elsewhere(url, "libcurl, whom it trusts and a network in the crash kernel",
				     ret);
	good = check_libcurl(machine, url, ret);
	good = check_trust(machine, url, ret) && good;
	TRY(check_driver(machine, driver, sizeof(driver), ret));
	if (good && ret->nr == nr)
		check_good(ret, "%s has libcurl and what it needs to send; %s",
			   initrd->path, driver);
	return say_elsewhere(url, "the crash kernel's addresses, name servers and clock, the driver's own needs, and files with passwords or keys",
			     ret);
}
