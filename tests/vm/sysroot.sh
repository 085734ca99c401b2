#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder in the cache with what the guest of another architecture
# needs: busybox, kexec, libraries, and what capdump is linked with. It is made
# of sid's packages once; delete it for newer ones. usage: sysroot.sh MACHINE
#   MACHINE  a file in arch/
set -euo pipefail
. "$(dirname "$0")/env.sh"

triplet='' libraries='' curl=''
# shellcheck source=arch/x86_64.sh # or another of arch/
. "$VM/arch/$1.sh"
[ -n "$triplet" ] || die "$1 is this machine's architecture"
names="busybox-static kexec-tools libc6 libgcc-s1 libstdc[+][+]6
zlib1g zlib1g-dev libelf1t64 libelf-dev libzstd1 libzstd-dev
liblzo2-2 liblzo2-dev libsnappy1v5 libsnappy-dev
libdeflate0 libdeflate-dev${libraries:+ $libraries}${curl:+ $curl}"
root=$CACHE/sysroot-$debian

lock "sysroot-$debian"
if [ "$(cat "$root/.made" 2> /dev/null)" != "$names" ]; then
	rm -rf "$root" "$root.tmp" && mkdir -p "$root.tmp"
	for name in $names; do
		package=$(ARCH=$debian "$VM/fetch.sh" sid "$name")
		cp -al "$package/." "$root.tmp/"
	done
	echo "$names" > "$root.tmp/.made"
	mv "$root.tmp" "$root"
fi
echo "$root"
