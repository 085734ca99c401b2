#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots the patched kernel of check-vm under QEMU and judges what its KUnit suites
# print at boot. usage: kunit.sh
set -euo pipefail
. "$(dirname "$0")/env.sh"

out=$TOP/build/kernel-patches/kunit
kernel=$("$PATCHES/vm/kernel.sh" x86_64 patched)
rm -rf "$out" && mkdir -p "$out"
FIRST=$PATCHES/vm/guest/kunit.sh BALLOON='' DISK=1G DONE='VM: no crash' \
	"$VM/boot.sh" "$kernel" "$out" > "$out/run.log" 2>&1 ||
	echo "FAIL kunit: $(tail -n 1 "$out/run.log")"
expected=$(for one in . $(series); do
	[ ! -e "$PATCHES/$one/kunit" ] || sed 's/#.*//' "$PATCHES/$one/kunit"
done | tr -s ' \n' ' ')
# shellcheck disable=SC2086 # words
exec "$PATCHES/scripts/ktap.py" "$out/boot.log" $expected
