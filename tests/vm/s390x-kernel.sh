#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder with a kernel for s390x that has KEXEC and CRASH_DUMP, which
# Debian's has not both of: CAPDUMP_KERNELS names a folder with a
# s390x-VERSION*.bzImage. usage: s390x-kernel.sh VERSION
set -euo pipefail
. "$(dirname "$0")/env.sh"

version=$1 dir=$CACHE/kernel/s390x-$1
image=$({ find "${CAPDUMP_KERNELS:-/nonexistent}/" -name \
	"s390x-$version*.bzImage" 2> /dev/null || true; } | sort -V | tail -n 1)
[ -n "$image" ] || die "no s390x kernel with kdump in CAPDUMP_KERNELS"
rm -rf "$dir" && mkdir -p "$dir"
cp "$image" "$dir/vmlinuz"
grep -aom 1 "${version}[^ ]* (" "$image" | cut -d' ' -f1 > "$dir/release"
echo s390x > "$dir/machine"
echo "$dir"
