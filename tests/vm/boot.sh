#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots a kernel under QEMU (software emulation), panics it, captures, and
# brings what was captured to OUT. usage: boot.sh KERNELDIR OUT
# environment:
#   CAPDUMP   the capdump to run in the guest; unset: only the raw vmcore
#   LEVELS    dump levels to capture ("31 1"), files OUT/dLEVEL
#   RAW       empty: do not save the raw vmcore
#   CAPTURE   script for the capture kernel instead of guest/capture.sh
#   FIRST     script for the first kernel instead of guest/first.sh
#   MEM SMP   guest memory (as arch/ says) and CPUs (2)
#   CRASHKERNEL APPEND CAPTURE_APPEND   kernel command line words
#   CAPTURE_KERNEL  the capture kernel's image, if it is another; the modules
#             are KERNELDIR's for both
#   CAPTURE_CPUS CRASH_CPU   CPUs of the capture kernel (1), CPU that panics
#   KEXEC_OPTIONS   for loading the capture kernel; none: it is not loaded
#   BEFORE AFTER  shell lines for the first kernel: before it makes its pages,
#             and in the capture kernel when all dumps are made
#   QEMU_WORDS MONITOR  arguments for QEMU; a command that is given the boot
#             log's name and prints what QEMU's monitor is to do
#   UP        shell lines for the capture kernel, before anything is saved
#   LIVE      shell lines for the first kernel, when all pages are made
#   WORK_MIB HUGE GIGA DIRTY BALLOON    size of the workload
#   RESETS    1: the machine starts again after a reset, as it is
#   DONE      what the console says at the end (VM: capture done)
#   PROGRAMS MODULES    further programs and modules for the guest
#   LIBRARIES CAPTURE_MODULES   further libraries, by soname; modules that UP
#             loads (/modules/capture.list)
#   FILES     further files for the guest's /mnt/vm
#   RAW_DISK  file: a second disk (/dev/vdb)
#   RECORD    file: a second, ext4 disk (/dev/vdb) whose writes are logged
#             into FILE; FILE.base is the disk before the boot
#   TIMEOUT   seconds
set -euo pipefail
. "$(dirname "$0")/env.sh"

mkdir -p "$2"
kernel=$(readlink -f "$1") out=$(readlink -f "$2")
# shellcheck source=arch/x86_64.sh # or another of arch/
. "$VM/arch/$(machine_of "$kernel").sh"
mem=$MEM
ram=$(numfmt --from=iec --to-unit=Mi "${mem%%,*}")
work=$(mktemp -d "${TMPDIR:-/tmp}/capdump-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/fs/out" "$work/fs/vm"
started=$(date +%s)

"$VM/initramfs.sh" "$kernel" "$work/initrd"
cp "${CAPTURE_KERNEL:-$kernel/vmlinuz}" "$work/fs/vm/vmlinuz"
cp "$work/initrd" "$work/fs/vm/initrd"
cp "${FIRST:-$VM/guest/first.sh}" "$work/fs/vm/first.sh"
cp "${CAPTURE:-$VM/guest/capture.sh}" "$work/fs/vm/capture.sh"
for file in ${FILES:-}; do cp "$file" "$work/fs/vm/"; done
cat > "$work/fs/vm/params" <<P
mib=${WORK_MIB:-16} huge=${HUGE:-16} giga=${GIGA:-0} dirty=${DIRTY:-128}
levels="${LEVELS:-31 1}" raw=${RAW-1}
cpus=${CAPTURE_CPUS:-1} crash_cpu=${CRASH_CPU:-}
kexec_options="${KEXEC_OPTIONS:-}" power_off="${power_off:-poweroff -f}"
console=$console words="$words" capture_words="$capture_words"
capture_append="${CAPTURE_APPEND:-}" record="${RECORD:-}"
record_options="${RECORD_OPTIONS:--d 31 -z --level 10}"
P
echo "${BEFORE:-}" > "$work/fs/vm/before.sh"
echo "${LIVE:-}" > "$work/fs/vm/live.sh"
echo "${UP:-}" > "$work/fs/vm/up.sh"
echo "${AFTER:-}" > "$work/fs/vm/after.sh"
echo "${before_kexec:-}" > "$work/fs/vm/before-kexec.sh"
echo "${after_kexec:-}" > "$work/fs/vm/after-kexec.sh"
head -c 24M /dev/urandom > "$work/fs/random"
yes 'a line of a file that lies in the page cache' | head -c 16M \
	> "$work/fs/text" || true
truncate -s "${DISK:-6G}" "$work/disk"
mke2fs -q -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 -J size=16 \
	-d "$work/fs" "$work/disk"
rm -rf "$work/fs"

# shellcheck disable=SC2054 # the commas are QEMU's
qemu+=(-accel tcg,thread=multi
	-m "$mem" -smp "${SMP:-2}" -display none -nic none
	-monitor stdio -serial "file:$out/boot.log" -device "$balloon"
	-drive "file=$work/disk,if=none,id=a,format=raw,cache=unsafe,discard=unmap"
	-device "$disk,drive=a")
if [ -n "${RECORD:-}" ]; then
	rm -f "$RECORD" "$RECORD.base"
	truncate -s "${RECORD_SIZE:-1G}" "$RECORD.base"
	mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 \
		-J size=8 "$RECORD.base"
	cp --sparse=always "$RECORD.base" "$work/disk-b"
	: > "$RECORD"
	# flushes must reach the log, hence writeback and not unsafe
	# shellcheck disable=SC2054
	qemu+=(-blockdev "node-name=bf,driver=file,filename=$work/disk-b"
		-blockdev "node-name=br,driver=raw,file=bf"
		-blockdev "node-name=lf,driver=file,filename=$RECORD"
		-blockdev "node-name=b,driver=blklogwrites,file=br,log=lf"
		-device "$disk,drive=b,write-cache=on")
fi
[ -z "${RAW_DISK:-}" ] || qemu+=(-device "$disk,drive=raw" -drive
	"file=$RAW_DISK,if=none,id=raw,format=raw,cache=unsafe")
[ -n "${RESETS:-}" ] || qemu+=(-no-reboot)
# shellcheck disable=SC2206 # words
qemu+=(${QEMU_WORDS:-})
qemu+=(-kernel "$kernel/vmlinuz" -initrd "$work/initrd" -append
	"console=$console $words crashkernel=$CRASHKERNEL ${APPEND:-}")

# A kernel that dies before its first program would stay until TIMEOUT: QEMU is
# told to end. It is asked for nothing every second, which fails once it is gone.
watch_start() {
	trap '' PIPE
	while ! grep -aqs 'VM: first kernel up' "$out/boot.log" && echo; do
		! grep -aqs 'end Kernel panic' "$out/boot.log" || echo quit
		sleep 1
	done 2> /dev/null || true
	trap - PIPE
}

# what the balloon leaves is set before the guest has a driver for it
run() {
	{ [ "${BALLOON-24}" = '' ] || echo "balloon $((ram - ${BALLOON-24}))"
		sleep 1
		watch_start
		[ -z "${MONITOR:-}" ] || $MONITOR "$out/boot.log"; } |
		BIND="$work $out $kernel" timeout "${TIMEOUT:-600}" \
			"${tools[@]}" "${qemu[@]}" > "$out/qemu.log" 2>&1
}

# A kernel that dies before its first program has met QEMU's emulation (seen once:
# 7.2 and the int3 of code that was being patched, on a loaded machine) and nothing
# of ours: it gets another try.
ended=0
run || ended=$?
if ! grep -aq 'VM: first kernel up' "$out/boot.log"; then
	mv "$out/boot.log" "$out/boot.first.log"
	echo "boot.sh: no program was run: see $out/boot.first.log; once more" >&2
	ended=0
	run || ended=$?
fi
[ "$ended" = 0 ] || die "qemu: $(tail -n 1 "$out/qemu.log"); see $out/boot.log"

# a kernel that nothing follows leaves its last writes in the journal
e2fsck -fp "$work/disk" > "$out/e2fsck.log" 2>&1 || true
debugfs -R "rdump /out $work" "$work/disk" > "$out/debugfs.log" 2>&1
for f in "$work"/out/*; do
	[ ! -f "$f" ] || cp --sparse=always "$f" "$out/"
done
cp "$kernel/release" "$out/release"
grep -a 'VM: ' "$out/boot.log" | tr -d '\r' > "$out/steps.log" || true
grep -aq "${DONE:-VM: capture done}" "$out/boot.log" ||
	die "the capture did not end well: see $out/boot.log"
echo "$(($(date +%s) - started)) s" > "$out/time.txt"
