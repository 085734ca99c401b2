#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian kernel really panics, and capdump in its capture kernel saves what
# is left. Then, here: what the dump says of it. usage: demo.sh [6.1|6.12|7.2]
set -euo pipefail
. "$(dirname "$0")/env.sh"

export CAPDUMP=${CAPDUMP:-$TOP/build/capdump}
out=$TOP/build/demo
rm -rf "$out" && mkdir -p "$out"

echo "demo: fetching the kernel"
kernel=$("$VM/kernel.sh" "${1:-6.1}" 2> "$out/fetch.log") ||
	die "see $out/fetch.log"
echo "demo: booting $(cat "$kernel/release") in an emulator, to panic"
touch "$out/boot.log"
tail -F --pid=$$ "$out/boot.log" 2> /dev/null | tr -d '\r' |
	grep -a --line-buffered '^VM: ' &
RAW='' LEVELS=31 "$VM/boot.sh" "$kernel" "$out"
sleep 1
[ -s "$out/d31" ] || die "no dump: see $out/boot.log"

echo
echo "demo: \$ capdump info ${out#"$PWD"/}/d31"
"$CAPDUMP" info "$out/d31"
echo
echo "demo: \$ capdump dmesg ${out#"$PWD"/}/d31, its end"
"$CAPDUMP" dmesg "$out/d31" | sed -n '/Kernel panic/,$p'
echo
ls -l "$out/d31"
