#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds capdump for the guest of another architecture and prints its path.
# usage: cross.sh MACHINE        MACHINE: a file in arch/
set -euo pipefail
. "$(dirname "$0")/env.sh"

curl=''
# shellcheck source=arch/x86_64.sh # or another of arch/
. "$VM/arch/$1.sh"
root=$("$VM/sysroot.sh" "$1")
build=build/cross-$debian
# where arch/ names libcurl's packages
curl=${curl:+1}
curl=${curl:-0}
# the C library is the cross compiler's, older than the guest's: what sid's
# libraries want of a newer one is there when they run
export BIND="$TOP $root"
"${tools[@]}" env -u MAKEFLAGS -u MAKELEVEL make -C "$TOP" --no-print-directory -s -j2 LIBDW=0 "CURL=$curl" \
	"BUILD=$build" "CC=$triplet-gcc" \
	"CFLAGS=-O2 -g -isystem $root/usr/include -isystem $root/usr/include/$triplet" \
	"LDFLAGS=-L$root/usr/lib/$triplet -Wl,--allow-shlib-undefined" \
	"$build/capdump" >&2
echo "$TOP/$build/capdump"
