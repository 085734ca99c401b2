#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder in the cache with a vmcore of a machine with 64 KiB pages:
# Debian's 6.1 for ppc64el under QEMU, with files, heaps of text and slabs,
# panicked; QEMU writes the vmcore (dump-guest-memory). capdump's filter does
# not know that CPU yet: it is for the compressors only. usage: crash64.sh
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tests/vm/env.sh"

# counts the workload's versions
workload=1
export ARCH=ppc64el
kernel=$("$VM/fetch.sh" bookworm 'linux-image-(6\.1\.0-[0-9]+-powerpc64le)')
crash=$CACHE/bench/${kernel##*/}-load$workload
lock bench64
if [ -s "$crash/vmcore" ]; then echo "$crash"; exit 0; fi
busybox=$("$VM/fetch.sh" bookworm busybox-static)
python=$(ARCH=amd64 "$VM/fetch.sh" bookworm 'libpython3\.11-stdlib')
binaries=$(ARCH=amd64 "$VM/fetch.sh" bookworm 'libpython3\.11')
text=$(ARCH=amd64 "$VM/fetch.sh" bookworm perl-modules-5.36)

work=$(mktemp -d "${TMPDIR:-/tmp}/capdump-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,proc,sys,dev,tmp,files}
cp "$busybox/bin/busybox" "$root/bin/"
cp -r "$python/usr" "$root/files/python"
cp -r "$binaries/usr" "$root/files/binaries"
cp -r "$text/usr/share/perl" "$root/files/perl"
cp "$VM/../../bench/guest/load64.sh" "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) > "$work/initrd"

rm -rf "$crash.tmp" && mkdir -p "$crash.tmp"
log=$crash.tmp/boot.log
{
	for _ in $(seq "${TIMEOUT:-900}"); do
		! grep -aq 'Kernel panic' "$log" 2> /dev/null || break
		sleep 1
	done
	sleep 2
	echo "dump-guest-memory $crash.tmp/vmcore"
	sleep 1
	echo quit
} | timeout "${TIMEOUT:-900}" qemu-system-ppc64 -accel tcg,thread=multi \
	-machine pseries -cpu power9 -m 1G -smp 2 -display none -nic none \
	-no-reboot -no-shutdown -action panic=pause -monitor stdio \
	-serial "file:$log" -kernel "$kernel"/boot/vmlinux-* \
	-initrd "$work/initrd" -append "console=hvc0 panic=0" \
	> "$crash.tmp/qemu.log" 2>&1 ||
	die "qemu: $(tail -n 1 "$crash.tmp/qemu.log"); see $log"
[ -s "$crash.tmp/vmcore" ] || die "no vmcore: see $log"
grep -aq 'Kernel panic' "$log" || die "it did not panic: see $log"
mv "$crash.tmp" "$crash"
echo "$crash"
