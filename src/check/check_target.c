/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Check: where the dump goes: is it there, will it be there, has it room. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../base/bytes.h"
#include "../base/io.h"
#include "../base/text.h"
#include "../machine/root.h"
#include "../sink/remote.h"
#include "checks.h"
#include "machine.h"
#include "mounts.h"
#include "target_room.h"
#include "target_server.h"

#define KDUMP_CONF "/etc/kdump.conf"
#define KDUMP_TOOLS "/etc/default/kdump-tools"
#define KDUMP_SUSE "/etc/sysconfig/kdump"

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

/* NAME as an absolute path; of this machine, behind symbolic links. */
static struct error *destination_named(const struct check_machine *machine,
				       const char *name, char **ret)
{
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

/* Where the scripts' settings have the dump go, or nothing. */
static struct error *destination_find(const struct check_machine *machine,
				      struct destination *ret)
{
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

/* NR_FILES of the dump go to PATH; what fits there is added to ROOM. */
static struct error *check_folder(const struct check_machine *machine,
				  const char *path, unsigned nr_files,
				  struct target_room *room,
				  struct check_result *ret)
{
	AUTO_FREE char *full = NULL;
	char word[CHECK_WORD_SIZE];
	unsigned nr = ret->nr;
	struct stat st;

	TRY(check_mount(machine, path, ret));
	if (ret->nr != nr)
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
	return target_room_add(room, path, full, nr_files);
}

static struct error *check_found(const struct check_machine *machine,
				 const struct destination *target,
				 struct target_room *room,
				 struct check_result *ret)
{
	AUTO_FREE char *path = NULL, *point = NULL;
	unsigned nr = machine->nr_files;

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
		return check_folder(machine, target->path, nr, room, ret);
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
	return check_folder(machine, path, nr, room, ret);
}

static struct error *check_configured(const struct check_machine *machine,
				      struct target_room *room,
				      struct check_result *ret)
{
	struct destination target = { 0 };
	struct error *err = destination_find(machine, &target);

	if (!err)
		err = check_found(machine, &target, room, ret);
	destination_deinit(&target);
	return err;
}

static struct error *check_named(const struct check_machine *machine,
				 struct target_room *room,
				 struct check_result *ret)
{
	unsigned nr = machine->nr_targets;

	for (unsigned i = 0; i < nr; i++) {
		const char *target = machine->targets[i];
		AUTO_FREE char *path = NULL;

		if (remote_is_url(target)) {
			TRY(target_server_check(machine, target, ret));
			continue;
		}
		TRY(destination_named(machine, target, &path));
		TRY(check_folder(machine, path,
				 targets_share(machine->nr_files, i, nr), room,
				 ret));
	}
	return NULL;
}

struct error *check_target(const struct check_machine *machine,
			   struct check_result *ret)
{
	struct target_room room = { .nr = 0 };
	struct error *err = machine->nr_targets ?
			    check_named(machine, &room, ret) :
			    check_configured(machine, &room, ret);

	if (!err)
		err = target_room_check(&room, machine, ret);
	target_room_deinit(&room);
	return err;
}
