#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder with a kernel that Debian does not build: for s390x with
# KEXEC and CRASH_DUMP, for POWER with FA_DUMP. It is the newest of that version
# in CAPDUMP_KERNELS (a folder with MACHINE-RELEASE.IMAGE files, also .xz), or
# else the one that --build left in the cache. Nothing else ever builds one.
# usage: own-kernel.sh [--build] MACHINE-VERSION
#   MACHINE  a file in arch/ that names an own_kernel, a file in config/
#   --build  from Debian sid's source, about 12 CPU minutes and 2.5 GiB of the
#            cache while it lasts; JOBS compilers at once; again after an
#            interruption goes on. With CONFIG_ONLY=1 it ends when the
#            configuration was checked.
set -euo pipefail
. "$(dirname "$0")/env.sh"

build=
if [ "${1:-}" = --build ]; then build=1; shift; fi
[ $# = 1 ] || die "usage: own-kernel.sh [--build] MACHINE-VERSION"
machine=${1%-*} version=${1##*-} own_kernel='' linux_image=''
# shellcheck source=arch/s390x.sh # or another of arch/
[ ! -e "$VM/arch/$machine.sh" ] || . "$VM/arch/$machine.sh"
[ -n "$own_kernel" ] || die "$machine has no kernel of our own"
config=$VM/config/$own_kernel suffix=${own_kernel#*-}
kernels=$CACHE/kernel

# newest PATTERN: of the files there are, by the versions in their names
newest() {
	compgen -G "$1" | sort -V | tail -n 1 || true
}

# keep FROM RELEASE DIR: a folder as kernel.sh makes them
keep() {
	rm -rf "$3.tmp" && mkdir -p "$3.tmp"
	case $1 in
	*.xz) xz -dc "$1" > "$3.tmp/vmlinuz" ;;
	*) cp "$1" "$3.tmp/vmlinuz" ;;
	esac
	echo "$2" > "$3.tmp/release"
	echo "$machine" > "$3.tmp/machine"
	touch "$3.tmp/gzip"	# what its initramfs is to be packed with
	rm -rf "$3" && mv "$3.tmp" "$3"
}

# a kernel in CAPDUMP_KERNELS
given() {
	local image release dir
	image=$(newest "${CAPDUMP_KERNELS:-/nonexistent}/${own_kernel%%-*}-${version}[.-]*$suffix.*")
	[ -n "$image" ] || return 0
	release=${image##*/} release=${release#*-}
	release=${release%"$suffix"*}$suffix
	dir=$kernels/given-${own_kernel%%-*}-$release
	[ "$dir/vmlinuz" -nt "$image" ] || keep "$image" "$release" "$dir"
	echo "$dir"
}

compile() { # TREE
	local missing kbuild=(make -s -C "$1" "ARCH=$linux_arch"
		"CROSS_COMPILE=$triplet-" KBUILD_BUILD_USER=capdump
		KBUILD_BUILD_HOST=capdump)
	cp "$config" "$1/.config"
	"${kbuild[@]}" olddefconfig || return 1
	missing=$(not_granted "$config" "$1/.config" | tr '\n' ' ')
	[ -z "$missing" ] || die "$config: not granted: $missing"
	[ -z "${CONFIG_ONLY:-}" ] || return 0
	"${kbuild[@]}" "-j${JOBS:-$(nproc)}" "${linux_image##*/}" || return 1
	"${kbuild[@]}" kernelrelease > "$1/release" || return 1
	[ "$linux_image" != vmlinux ] || "$triplet-strip" "$1/vmlinux"
}

# Debian's source of that version, or of the newest there is
source_package() {
	"$VM/fetch.sh" sid "linux-source-${version//./[.]}" && return 0
	echo "own-kernel.sh: sid has no source of Linux $version, taking the" \
		"newest it has" >&2
	"$VM/fetch.sh" sid 'linux-source-[0-9]+[.][0-9]+'
}

make_one() {
	local package release made tree=$CACHE/build-$own_kernel log
	log=$tree.log
	"$VM/install" --kernel "$machine-$version" >&2
	lock "build-$own_kernel"
	package=$(source_package)
	# what was interrupted goes on
	if [ "$(cat "$tree.source" 2> /dev/null)" != "$package" ]; then
		rm -rf "$tree" "$tree.source" && mkdir -p "$tree"
		tar -C "$tree" --strip-components=1 --exclude='*/tools/testing' \
			-xf "$package"/usr/src/linux-source-*.tar.xz
		echo "$package" > "$tree.source"
	fi
	(compile "$tree") > "$log" 2>&1 ||
		die "$(tail -n 1 "$log"); see $log"
	[ -z "${CONFIG_ONLY:-}" ] || return 0
	release=$(cat "$tree/release")
	made=$kernels/${own_kernel%%-*}-$release=${package##*=}
	keep "$tree/$linux_image" "$release" "$made"
	rm -rf "$tree" "$tree.source"
	echo "$made"
}

if [ -n "$build" ]; then
	make_one
	exit
fi
dir=$(given)
[ -n "$dir" ] || dir=$(newest "$kernels/${own_kernel%%-*}-${version}[.-]*$suffix=*")
[ -n "$dir" ] || die "Debian has no such kernel, CAPDUMP_KERNELS names none," \
	"the cache has none: make one with tests/vm/own-kernel.sh --build $1"
echo "$dir"
