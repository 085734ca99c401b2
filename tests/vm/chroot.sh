#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command in a cached sid chroot that has the newest crash, drgn and
# makedumpfile. The folders in BIND (absolute paths) are seen under the same
# path; mounts live in a namespace of their own and end with the command.
# usage: [BIND="DIR ..."] chroot.sh COMMAND...
#        chroot.sh --make                  only make the chroot
# environment: ROOT_NAME ROOT_PACKAGES   another one, its name in the cache and
#              what is in it, words between commas
set -euo pipefail
. "$(dirname "$0")/env.sh"

name=${ROOT_NAME:-sid-chroot} root=$CACHE/${ROOT_NAME:-sid-chroot}
if [ ! -e "$root/.made" ]; then
	lock "$name"
	if [ ! -e "$root/.made" ]; then
		rm -rf "$root.tmp"
		debootstrap --variant=minbase \
			"--include=${ROOT_PACKAGES:-python3-drgn,crash,makedumpfile}" \
			sid "$root.tmp" "$(mirror)" > "$CACHE/$name.log" 2>&1 ||
			die "debootstrap failed: see $CACHE/$name.log"
		rm -rf "$root.tmp"/var/cache/apt/archives/*.deb
		touch "$root.tmp/.made"
		mv -T "$root.tmp" "$root"
	fi
	exec 9>&-
fi
[ "${1:-}" != --make ] || exit 0
export BIND=${BIND:-} CHROOT=$root
# shellcheck disable=SC2016 # expanded inside
exec unshare -m --propagation unchanged sh -euc '
	# fails only where / is no mount, in a chroot
	mount --make-rprivate / 2> /dev/null || true
	for d in $BIND; do
		mkdir -p "$CHROOT$d"
		mount --bind "$d" "$CHROOT$d"
	done
	mount -t proc proc "$CHROOT/proc"
	exec chroot "$CHROOT" "$@"
' sh "$@"
