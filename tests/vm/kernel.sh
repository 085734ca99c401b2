#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a folder with one Debian kernel and prints it: vmlinuz, release,
# lib/modules/RELEASE and, with --debug, vmlinux with its debuginfo.
# Backports has no debuginfo of its older kernels: they come without vmlinux.
# usage: kernel.sh [--debug] [MACHINE-]VERSION
#   MACHINE  a file in arch/; default x86_64
#   VERSION  7.2pmem and 7.2vmemmap: see pmem-kernel.sh
set -euo pipefail
. "$(dirname "$0")/env.sh"

debug=
if [ "${1:-}" = --debug ]; then debug=1; shift; fi
version=${1:-} machine=x86_64
if [ "$version" != "${version#*-}" ]; then
	machine=${version%-*} version=${version##*-}
fi
[ -e "$VM/arch/$machine.sh" ] || die "no machine $machine in arch/"
# shellcheck source=arch/x86_64.sh # or another of arch/
. "$VM/arch/$machine.sh"
export ARCH=$debian
if [ -n "${own_kernel:-}" ]; then
	exec "$VM/own-kernel.sh" "$machine-$version"
fi
# What is inside of a zboot image, which starts by itself as well: kexec-tools
# 2.0.32 can't load loong64's. Linux drivers/firmware/efi/libstub/zboot-header.S:
# "zimg", where the packed kernel is, its bytes, by what it is packed.
unpacked() { # VMLINUZ
	local magic offset size packer
	read -r magic offset size _ _ packer < \
		<(od -An -w24 -t x4 -j 4 -N 24 "$1")
	if [ "$magic$packer" != 676d697a6474737a ]; then # zimg, zstd
		cat "$1"
		return
	fi
	head -c "$((0x$offset + 0x$size))" "$1" | tail -c "$((0x$size))" |
		zstd -dcq
}

case $version in
*pmem) exec "$VM/pmem-kernel.sh" "${version%pmem}" base ;;
*vmemmap) exec "$VM/pmem-kernel.sh" "${version%vmemmap}" proto ;;
esac
quoted=${version//./\\.}
case $version in
5.10) suite=bullseye image="linux-image-(5\.10\.0-[0-9]+-$flavour)" ;;
6.1) suite=bookworm image="linux-image-(6\.1\.0-[0-9]+-$flavour)" ;;
6.12) suite=trixie image="linux-image-(6\.12\.[0-9.]+\+deb13-$flavour)" ;;
7.2) suite=sid image="linux-binary-(7\.2\.[0-9.]+\+deb14-$flavour)" ;;
7.3) suite=experimental image="linux-binary-(7\.3[0-9.]*-$flavour)" ;;
6.1[678]) suite=trixie-backports
	image="linux-image-($quoted\.[0-9.]+\+deb13-$flavour)" ;;
6.19 | 7.[01]) suite=trixie-backports
	image="linux-binary-($quoted\.[0-9.]+\+deb13-$flavour)" ;;
*) die "no suite is known to have Linux $version" ;;
esac

main=$("$VM/fetch.sh" "$suite" "$image")
release=${main##*/linux-*-"${version%%.*}".}
release=${version%%.*}.${release%%=*}
dir=$CACHE/kernel/$release=${main##*=}
quote=$(printf %s "$release" | sed 's/[.+]/\\&/g')

if [ ! -e "$dir/release" ]; then
	rm -rf "$dir" && mkdir -p "$dir/lib/modules"
	vmlinuz=$main/boot/vmlinuz-$release
	[ -e "$vmlinuz" ] || vmlinuz=$main/usr/lib/modules/$release/vmlinuz
	unpacked "$vmlinuz" > "$dir/vmlinuz"
	modules=$main
	# since 7.2 the modules are a package of their own
	[ -d "$modules/lib/modules" ] || [ -d "$modules/usr/lib/modules/$release/kernel" ] ||
		modules=$("$VM/fetch.sh" "$suite" "linux-modules-$quote")
	from=$modules/usr/lib/modules/$release
	[ -d "$from" ] || from=$modules/lib/modules/$release
	cp -al "$from" "$dir/lib/modules/$release"
	# the image package has the lists of what is built in
	cp -an "$main/usr/lib/modules/$release/." \
		"$dir/lib/modules/$release/" 2>/dev/null || true
	depmod -b "$dir" "$release"
	echo "$machine" > "$dir/machine"
	echo "$release" > "$dir/release"
fi
if [ -n "$debug" ] && [ $suite != trixie-backports ] &&
	[ ! -e "$dir/vmlinux" ]; then
	dbg=$("$VM/fetch.sh" --only '*/vmlinux*' "$suite" \
		"linux-image-$quote-dbg")
	found=$(find "$dbg" -type f -name 'vmlinux*' | head -n 1)
	[ -n "$found" ] || die "no vmlinux in $dbg"
	ln -f "$found" "$dir/vmlinux"
fi
echo "$dir"
