/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check: where the dump goes: is it there, will it be there, has it room. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"
#include "../capture/estimate.h"
#include "../machine/root.h"
#include "checks.h"
#include "machine.h"
#include "mounts.h"

#define KDUMP_CONF "/etc/kdump.conf"
#define KDUMP_TOOLS "/etc/default/kdump-tools"
#define KDUMP_SUSE "/etc/sysconfig/kdump"
#define SAMPLES 1000		/* of each kind: within 5 % or so */
#define LEVEL 31

/* What the scripts' settings say. */
struct destination {
	char *path;		/* folder; owned */
	char *server;		/* or a server, as it stands there; owned */
	char *device;		/* the path is on this one; owned */
};

static void destination_deinit(struct destination *target)
{
	free(target->path);
	free(target->server);
	free(target->device);
}

static struct error *find_debian(const struct check_machine *machine,
				 struct destination *ret)
{
	static const char *const servers[] = { "SSH", "NFS", "FTP" };

	for (unsigned i = 0; i < 3 && !ret->server; i++) {
		TRY(check_setting(machine, KDUMP_TOOLS, servers[i],
				  &ret->server));
		if (ret->server && !*ret->server) {
			free(ret->server);
			ret->server = NULL;
		}
	}
	if (ret->server)
		return NULL;
	TRY(check_setting(machine, KDUMP_TOOLS, "KDUMP_COREDIR", &ret->path));
	return NULL;
}

/* kdump.conf(5) */
static struct error *find_fedora(const struct check_machine *machine,
				 struct destination *ret)
{
	static const char *const servers[] = { "ssh", "nfs", "raw" };
	static const char *const types[] = { "ext2", "ext3", "ext4", "xfs",
					     "btrfs", "minix", "virtiofs" };

	for (unsigned i = 0; i < 3 && !ret->server; i++)
		TRY(check_directive(machine, KDUMP_CONF, servers[i],
				    &ret->server));
	if (ret->server)
		return NULL;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]) &&
	     !ret->device; i++)
		TRY(check_directive(machine, KDUMP_CONF, types[i],
				    &ret->device));
	return check_directive(machine, KDUMP_CONF, "path", &ret->path);
}

/*
 * kdump(5) of SUSE: a path or an URL, the first of several; what stands before a
 * server's name may be a password.
 */
static struct error *find_suse(const struct check_machine *machine,
			       struct destination *ret)
{
	AUTO_FREE char *line = NULL;
	char *url, *rest, *host;

	TRY(check_setting(machine, KDUMP_SUSE, "KDUMP_SAVEDIR", &line));
	if (!line)
		return NULL;
	url = line + strspn(line, " \t");
	url[strcspn(url, " \t")] = '\0';
	rest = strstr(url, "://");
	if (!*url)
		return NULL;
	if (*url == '/' || !strncasecmp(url, "file://", 7)) {
		ret->path = strdup(*url == '/' ? url : rest + 3);
		return ret->path ? NULL : error_nomem();
	}
	host = rest ? rest + 3 : url;
	for (char *p = host; *p && *p != '/'; p++)
		if (*p == '@')
			host = p + 1;
	if (asprintf(&ret->server, "%.*s%s%s", rest ? (int)(rest - url) : 0,
		     url, rest ? "://" : "", host) < 0) {
		ret->server = NULL;
		return error_nomem();
	}
	return NULL;
}

/* As an absolute path; of this machine, behind symbolic links. */
static struct error *destination_named(const struct check_machine *machine,
				  char **ret)
{
	const char *name = machine->target;
	AUTO_FREE char *folder = NULL;

	*ret = machine->root ? NULL : realpath(name, NULL);
	if (*ret)
		return NULL;
	folder = machine->root ? strdup("") : getcwd(NULL, 0);
	if (!folder)
		return error_errno(errno, "the current folder");
	if (asprintf(ret, "%s%s%s", *name == '/' ? "" : folder,
		     *name == '/' ? "" : "/", name) >= 0)
		return NULL;
	*ret = NULL;
	return error_nomem();
}

/* Where the dump goes, or nothing. */
static struct error *destination_find(const struct check_machine *machine,
				 struct destination *ret)
{
	*ret = (struct destination){ 0 };
	if (machine->target)
		return destination_named(machine, &ret->path);
	if (check_has(machine, KDUMP_CONF))
		TRY(find_fedora(machine, ret));
	else if (check_has(machine, KDUMP_TOOLS))
		TRY(find_debian(machine, ret));
	else if (check_has(machine, KDUMP_SUSE))
		TRY(find_suse(machine, ret));
	else
		return NULL;
	if (ret->path || ret->server)
		return NULL;
	ret->path = strdup("/var/crash");
	return ret->path ? NULL : error_nomem();
}

/* Bytes of a dump of the running kernel, by the codec that packs worst. */
static struct error *estimate_live(const struct check_machine *machine,
				   uint64_t *ret)
{
	struct capture_options options = { .input = "/proc/kcore",
					   .foretell = true,
					   .progress_fd = -1 };
	struct input input = { .image = NULL };
	struct estimate estimate;
	struct progress progress;
	struct error *err;
	struct log quiet;

	log_init(&quiet, stderr, 0);
	err = input_open(&input, &options, &quiet);
	progress_init(&progress, machine->log, -1);
	if (!err)
		err = estimate_run(&input, SAMPLES, &progress, &estimate);
	for (unsigned i = 0; !err && i < estimate.nr_codecs; i++)
		if (estimate.codecs[i].ops)
			*ret = max_u64(*ret, estimate_size(&estimate, LEVEL,
							   i));
	input_close(&input);
	log_deinit(&quiet);
	return err;
}

/* Against the dump, if it can be estimated, else against all of RAM. */
static struct error *check_room(const struct check_machine *machine,
				const char *path, uint64_t room,
				struct check_result *ret)
{
	uint64_t ram = check_machine_ram(machine), size = 0;
	struct error *err = NULL;
	char amount[3][16], word[CHECK_WORD_SIZE];

	text_size(room, amount[0]);
	text_size(ram, amount[1]);
	if (machine->estimate)
		err = estimate_live(machine, &size);
	if (err && (error_kind(err) == ERROR_STOPPED ||
		    error_kind(err) == ERROR_NOMEM))
		return err;
	error_destroy(err);
	if (size && room < size) {
		check_say(ret, CHECK_WARNING, "target-small",
			  "%s has %s free, and a dump at level 31 would take up to %s now: it will be cut short",
			  path, amount[0], text_size(size, amount[2]));
		check_fix(ret, "make room in %s, or choose another target",
			  path);
	} else if (size) {
		check_good(ret, "%s has %s free; a dump at level 31 would take up to %s now",
			   path, amount[0], text_size(size, amount[2]));
	} else if (room < ram) {
		check_say(ret, CHECK_NOTICE, "target-below-ram",
			  "%s has %s free, less than the %s of memory: a dump may not fit",
			  path, amount[0], amount[1]);
		check_fix(ret, "capdump estimate --target %s",
			  check_quote(path, word));
	} else {
		check_good(ret, "%s has %s free", path, amount[0]);
	}
	return NULL;
}

/* The file system is not mounted, cannot be written to, or is lost with the
 * kernel. */
static struct error *check_mount(const struct check_machine *machine,
				 const char *path, struct check_result *ret)
{
	AUTO_FREE char *waiting = NULL;
	char word[CHECK_WORD_SIZE];
	struct mount mount;

	TRY(mounts_waiting(machine, path, &waiting));
	if (waiting) {
		check_say(ret, CHECK_WARNING, "target-not-mounted",
			  "%s, where the dump goes, is not mounted, though /etc/fstab has it",
			  waiting);
		check_fix(ret, "mount %s", check_quote(waiting, word));
		return NULL;
	}
	TRY(mounts_find(machine, path, &mount));
	if (mount.read_only) {
		check_say(ret, CHECK_WARNING, "target-read-only",
			  "%s, where the dump goes, is mounted read-only",
			  mount.point);
		check_fix(ret, "mount -o remount,rw %s",
			  check_quote(mount.point, word));
	} else if (mount.in_memory) {
		check_say(ret, CHECK_WARNING, "target-volatile",
			  "%s, where the dump goes, is in memory (%s): the dump will not be there after the next boot",
			  mount.point, mount.type);
		check_fix(ret, "choose a folder on a disk");
	}
	mount_deinit(&mount);
	return NULL;
}

static struct error *check_folder(const struct check_machine *machine,
				  const char *path, struct check_result *ret)
{
	AUTO_FREE char *full = NULL;
	char word[CHECK_WORD_SIZE];
	struct statvfs fs;
	struct stat st;

	TRY(check_mount(machine, path, ret));
	if (ret->nr)
		return NULL;
	TRY(root_path(machine->root, path, &full));
	if (stat(full, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			return error_errno(errno, "%s", full);
		check_say(ret, CHECK_WARNING, "target-missing",
			  "the folder %s, where the dump goes, is not there",
			  path);
		check_fix(ret, "mkdir -p %s", check_quote(path, word));
		return NULL;
	}
	if (!S_ISDIR(st.st_mode)) {
		check_say(ret, CHECK_WARNING, "target-no-folder",
			  "%s, where the dump goes, is no folder", path);
		return NULL;
	}
	/* the crash kernel writes as root, whoever asks */
	if (access(full, W_OK) && errno != EACCES && errno != EPERM) {
		check_say(ret, CHECK_WARNING, "target-read-only",
			  "%s, where the dump goes, cannot be written to: %s",
			  path, strerror(errno));
		return NULL;
	}
	if (statvfs(full, &fs))
		return error_errno(errno, "%s", full);
	return check_room(machine, path, (uint64_t)fs.f_bavail * fs.f_frsize,
			  ret);
}

static struct error *check_found(const struct check_machine *machine,
				 const struct destination *target,
				 struct check_result *ret)
{
	AUTO_FREE char *path = NULL, *point = NULL;

	if (target->server) {
		check_say(ret, CHECK_NOTICE, "target-elsewhere",
			  "the dump goes to %s, which is not looked at",
			  target->server);
		return NULL;
	}
	if (!target->path) {
		check_say(ret, CHECK_NOTICE, "target-unknown",
			  "nothing says where the dump goes: there is no "
			  KDUMP_CONF ", " KDUMP_TOOLS " or " KDUMP_SUSE);
		check_fix(ret, "capdump check TARGET");
		return NULL;
	}
	if (!target->device)
		return check_folder(machine, target->path, ret);
	TRY(mounts_of_device(machine, target->device, &point));
	if (!point) {
		check_say(ret, CHECK_NOTICE, "target-elsewhere",
			  "the dump goes to %s, which is not mounted here and not looked at",
			  target->device);
		return NULL;
	}
	if (asprintf(&path, "%s/%s", strcmp(point, "/") ? point : "",
		     target->path + (*target->path == '/')) < 0) {
		path = NULL;
		return error_nomem();
	}
	return check_folder(machine, path, ret);
}

struct error *check_target(const struct check_machine *machine,
			   struct check_result *ret)
{
	struct destination target;
	struct error *err = destination_find(machine, &target);

	if (!err)
		err = check_found(machine, &target, ret);
	destination_deinit(&target);
	return err;
}
