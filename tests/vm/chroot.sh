#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command in a cached sid chroot that has the newest crash, drgn and
# makedumpfile. The folders in BIND (absolute paths) are seen under the same
# path; mounts live in a namespace of their own and end with the command.
# usage: [BIND="DIR ..."] chroot.sh COMMAND...
#        chroot.sh --make                  only make the chroot
set -euo pipefail
. "$(dirname "$0")/env.sh"

root=$CACHE/sid-chroot
if [ ! -e "$root/.made" ]; then
	lock sid-chroot
	if [ ! -x "$root/usr/bin/crash" ]; then
		rm -rf "$root.tmp"
		debootstrap --variant=minbase \
			--include=python3-drgn,crash,makedumpfile \
			sid "$root.tmp" "$(mirror)" > "$CACHE/sid-chroot.log" 2>&1 ||
			die "debootstrap failed: see $CACHE/sid-chroot.log"
		rm -rf "$root.tmp"/var/cache/apt/archives/*.deb
		mv "$root.tmp" "$root"
	fi
	touch "$root/.made"
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
