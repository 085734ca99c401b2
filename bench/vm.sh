#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016
# capdump in a real capture kernel with 205 MiB of memory, to a disk that does
# 60 MB/s, beside plain O_DIRECT writes in the same boot. The crashed machine
# holds much kernel memory (sockets, pipes), so that a dump takes a while.
# Figures: bench/results/, docs/performance.md. usage: vm.sh [KERNEL]
#   KERNEL   as tests/vm/kernel.sh takes it; default 6.1
# environment:
#   CAPDUMP SLOW  the programs; default those of build/
#   CRASHKERNEL   what the capture kernel is given; the default leaves it 205
#   VM_OUT        where everything is left; default build/bench-vm
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tests/vm/env.sh"

bench=$(dirname "$(readlink -f "$0")")
out=${VM_OUT:-$TOP/build/bench-vm}
export CAPDUMP=${CAPDUMP:-$TOP/build/capdump}
slow=${SLOW:-$TOP/build/bench/slow}
rate=60000000
kernel=$("$VM/kernel.sh" "${1:-6.1}")

work=$(mktemp -d "${TMPDIR:-/tmp}/capdump-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
rm -rf "$out" && mkdir -p "$out"
truncate -s 2G "$work/slow"
mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 "$work/slow"

PROGRAMS=$slow CAPTURE=$bench/guest/slow.sh RAW='' LEVELS='' \
	CRASHKERNEL=${CRASHKERNEL:-261M} MEM=2G BALLOON='' \
	BEFORE='cat /bin/busybox /proc/kallsyms > /tmp/content
slow fill 70000 96 /tmp/content > /tmp/fill.log 2>&1 &
i=0
while [ ! -e /tmp/filled ] && [ $i -lt 3000 ]; do sleep 0.1; i=$((i + 1)); done
sed "s/^/VM: /" /tmp/fill.log' QEMU_WORDS="
	-drive file=$work/slow,if=none,id=slow,format=raw,cache=unsafe,throttling.bps-total=$rate
	-device virtio-blk-pci,drive=slow" \
	TIMEOUT=${TIMEOUT:-1200} "$VM/boot.sh" "$kernel" "$out"
/usr/bin/python3 -B "$bench/vm.py" "$out" $rate
