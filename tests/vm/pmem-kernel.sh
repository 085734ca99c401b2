#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder with a kernel for x86_64 that has drivers for pmem and kexec
# built in and needs no modules: CAPDUMP_KERNELS names a folder with an
# x86_64-VERSION*-pmem-base.bzImage and an x86_64-VERSION*-pmem-proto.bzImage,
# which is patched to put devices' struct pages into the vmcore. README.md says
# how to build them. usage: pmem-kernel.sh VERSION base|proto
set -euo pipefail
. "$(dirname "$0")/env.sh"

version=$1 name=pmem-$2 dir=$CACHE/kernel/$1-pmem-$2
image=$({ find "${CAPDUMP_KERNELS:-/nonexistent}/" -name \
	"x86_64-$version*-$name.bzImage" 2> /dev/null || true; } |
	sort -V | tail -n 1)
[ -n "$image" ] || die "no x86_64-$version*-$name.bzImage in CAPDUMP_KERNELS: tests/vm/README.md says how to build one"
rm -rf "$dir" && mkdir -p "$dir"
cp "$image" "$dir/vmlinuz"
# Linux Documentation/arch/x86/boot.rst: kernel_version
at=$(od -An -tu2 -j 526 -N 2 "$image")
dd if="$image" bs=1 skip=$((at + 512)) count=64 status=none |
	cut -d' ' -f1 | head -n 1 > "$dir/release"
touch "$dir/gzip"	# what its initramfs is to be packed with
echo x86_64 > "$dir/machine"
echo "$dir"
