#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots a kernel under QEMU with an initramfs that shows /proc/iomem and powers
# off; nothing crashes. Its memory and CMA ranges ("cma START-END") go to stdout,
# "cma none" if it was built without CMA.
# usage: iomem.sh KERNELDIR WORDS     WORDS for the kernel's command line
# environment: MEM (8G), CPU (one that is fast to emulate), TIMEOUT seconds
set -euo pipefail
. "$(dirname "$0")/env.sh"

[ $# = 2 ] || die "usage: iomem.sh KERNELDIR WORDS"
mem=${MEM:-8G}
kernel=$1 machine=$(machine_of "$1") triplet=''
# shellcheck source=arch/x86_64.sh # or another of arch/
. "$VM/arch/$machine.sh"
busybox=/bin/busybox
[ -z "$triplet" ] || busybox=$("$VM/sysroot.sh" "$machine")/usr/bin/busybox
work=$(mktemp -d "${TMPDIR:-/tmp}/capdump-iomem.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/sys"
cp "$busybox" "$work/root/bin/busybox"
cat > "$work/root/init" <<'I'
#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox sed 's/^/MAP:/' /proc/iomem
busybox sed 's/^/MAP:cma /' /sys/kernel/kexec/crash_cma_ranges 2>/dev/null
echo END:map
busybox poweroff -f
I
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet) > "$work/initrd"

case $machine in
arm64) cpu=cortex-a57 ;;
*) cpu='' ;;
esac
# the last -cpu counts
timeout "${TIMEOUT:-900}" "${qemu[@]}" ${cpu:+-cpu "${CPU:-$cpu}"} -accel tcg \
	-m "$mem" -smp 1 -display none -no-reboot -nic none \
	-monitor none -serial "file:$work/log" -kernel "$kernel/vmlinuz" \
	-initrd "$work/initrd" -append "console=$console $words $2" \
	< /dev/null > "$work/qemu.log" 2>&1 ||
	die "qemu: $(tail -n 1 "$work/qemu.log")"
grep -aq '^END:map' "$work/log" || { tail -n 5 "$work/log" >&2
	die "the kernel did not come up"; }
tr -d '\r' < "$work/log" | sed -n -e 's/^MAP://p' \
	-e 's/.*crashkernel CMA reservation not supported.*/cma none/p'
