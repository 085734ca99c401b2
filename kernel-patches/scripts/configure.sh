#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Configures Linux in a folder beside its tree: tinyconfig, config/ARCH,
# config/ARCH-VARIANT, and what the series add. Says so and fails if the kernel's
# own rules do not grant it. usage: configure.sh ARCH[-VARIANT] TREE FOLDER [--anew]
#   --anew  the tree's Kconfig files have changed: only this again
set -euo pipefail
. "$(dirname "$0")/env.sh"

name=$1 tree=$2 out=$3
machine=${name%%-*}
mkdir -p "$out"
cat "$PATCHES/config/$machine" > "$out/fragment.new"
[ "$name" = "$machine" ] || cat "$PATCHES/config/$name" >> "$out/fragment.new"
for one in $(series); do
	[ ! -e "$PATCHES/$one/config" ] || cat "$PATCHES/$one/config"
done > "$out/fragment.series"

if ! cmp -s "$out/fragment.new" "$out/fragment"; then
	kbuild "$machine" "$tree" "O=$out" tinyconfig
	mv "$out/.config" "$out/tiny"
	mv "$out/fragment.new" "$out/fragment"
fi
(cd "$tree" && scripts/kconfig/merge_config.sh -m -O "$out" "$out/tiny" \
	"$out/fragment" "$out/fragment.series") > "$out/merge.log"
kbuild "$machine" "$tree" "O=$out" olddefconfig
# of a variant only what it is made of: other options go with that
missing=$(not_granted "$PATCHES/config/$name" "$out/.config" | tr '\n' ' ')
[ -z "$missing" ] || die "$name: not granted: $missing"
