#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder in the cache that holds the crash the benchmarks run on:
# vmcore (raw, sparse), vmlinux, and what the guest said. Made when it is not
# there: a Debian root with compilers and an interpreter (guest/), a machine of
# 8 GiB that works with them, a real panic. usage: crash.sh [--small] [KERNEL]
#   KERNEL   as tests/vm/kernel.sh takes it; default 6.1, which every
#            makedumpfile reads right
#   --small  the machine of 1 GiB that check-vm panics
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tests/vm/env.sh"

# counts the workload's versions: a new one is a new crash
workload=1
bench=$(dirname "$(readlink -f "$0")")
suite=bookworm
packages="g++ clang-14 git python3 python3-numpy perl-doc libboost1.74-dev
locales-all manpages-dev openjdk-17-jre-headless vim-runtime libqt5core5a
libicu-dev file procps"

small=
if [ "${1:-}" = --small ]; then small=1; shift; fi
mkdir -p "$CACHE/bench"
kernel=$("$VM/kernel.sh" --debug "${1:-6.1}" 2> "$CACHE/bench/kernel.log") ||
	die "no kernel: see $CACHE/bench/kernel.log"
crash=$CACHE/bench/${kernel##*/}-load$workload
[ -z "$small" ] || crash=$CACHE/bench/${kernel##*/}-small
lock bench
if [ -s "$crash/vmcore" ]; then echo "$crash"; exit 0; fi

finish() { # the crash is there, whole
	[ -s "$crash.tmp/vmcore" ] || die "no vmcore: see $crash.tmp/boot.log"
	ln -f "$kernel/vmlinux" "$crash.tmp/vmlinux"
	mv "$crash.tmp" "$crash"
	echo "$crash"
	exit 0
}

rm -rf "$crash.tmp"
if [ -n "$small" ]; then
	CAPDUMP='' "$VM/boot.sh" "$kernel" "$crash.tmp" >&2
	finish
fi

root=$CACHE/bench/root$workload
if [ ! -e "$root/.made" ]; then
	rm -rf "$root" && mkdir -p "$root"
	include=$(echo "$packages" | tr -s ' \n' ,)
	debootstrap --variant=minbase --include="${include%,}" "$suite" \
		"$root" "$(mirror)" > "$CACHE/bench/root.log" 2>&1 ||
		die "debootstrap failed: see $CACHE/bench/root.log"
	rm -rf "$root"/var/cache/apt/archives/*.deb
	touch "$root/.made"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/capdump-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$root/bench" "$root/boot"
cp "$bench"/guest/load.* "$root/bench/"
ln -f "$kernel/vmlinux" "$root/boot/vmlinux" 2> /dev/null ||
	cp "$kernel/vmlinux" "$root/boot/vmlinux"
truncate -s 6G "$work/root"
mke2fs -q -t ext4 -O ^has_journal -d "$root" "$work/root"

CAPDUMP='' FIRST=$bench/guest/first.sh MEM=8G SMP=2 DISK=12G BALLOON='' \
	WORK_MIB=0 CRASHKERNEL=512M TIMEOUT=${TIMEOUT:-2400} QEMU_WORDS="
	-drive file=$work/root,if=none,id=root,format=raw,cache=unsafe
	-device virtio-blk-pci,drive=root" \
	"$VM/boot.sh" "$kernel" "$crash.tmp" >&2
finish
