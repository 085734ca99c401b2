#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches the newest package of a suite whose name matches a pattern, unpacks
# it into the cache and prints the folder. Nothing is installed. When the
# archive or the package is out of reach, the newest one in the cache serves.
# usage: fetch.sh [--only GLOB] SUITE REGEX
#   REGEX  extended, matched against the whole package name
#   GLOB   unpack only these members (vmlinux out of an 850 MB -dbg package)
# environment: ARCH, Debian's name of the architecture (amd64)
set -euo pipefail
. "$(dirname "$0")/env.sh"

only=
if [ "${1:-}" = --only ]; then only=$2; shift 2; fi
[ $# = 2 ] || die "usage: fetch.sh [--only GLOB] SUITE REGEX"
suite=$1 regex=$2
arch=${ARCH:-amd64}
root=$CACHE/apt/$suite debs=$CACHE/deb
[ "$arch" = amd64 ] || root=$root-$arch debs=$debs-$arch
mkdir -p "$root" "$debs"
lock "apt-$suite-$arch"

private_apt "$root"
apt_opts+=(-o "APT::Architecture=$arch")

refresh() {
	refresh_apt "$root" deb "$suite" || return 1
	touch "$root/fresh"
}

newest() { # of the names in the index
	apt-cache "${apt_opts[@]}" pkgnames | grep -Ex "$regex" | sort -V |
		tail -n 1
}

version() {
	apt-cache "${apt_opts[@]}" show "$1" | sed -n 's/^Version: //p' |
		head -n 1
}

cached() { # newest unpacked folder, NAME=VERSION
	local d
	for d in "$debs"/*=*; do
		d=${d##*/}
		[[ ${d%%=*} =~ ^($regex)$ ]] && echo "$d"
	done | sort -V | tail -n 1
}

unpack() { # NAME VERSION
	local dir=$debs/$1=$2 tmp=$debs/.tmp.$$ deb
	[ ! -d "$dir" ] || { echo "$dir"; return 0; }
	rm -rf "$tmp" && mkdir -p "$tmp"
	(cd "$tmp" && apt-get "${apt_opts[@]}" -q download "$1=$2" >&2) ||
		{ rm -rf "$tmp"; return 1; }
	deb=$(echo "$tmp"/*.deb)
	mkdir "$tmp/root"
	if [ -n "$only" ]; then
		dpkg-deb --fsys-tarfile "$deb" |
			tar -x -C "$tmp/root" --wildcards "$only"
	else
		dpkg-deb -x "$deb" "$tmp/root"
	fi
	mv "$tmp/root" "$dir"
	rm -rf "$tmp"
	echo "$dir"
}

if [ -z "$(find "$root/fresh" -mmin -720 2>/dev/null)" ]; then
	refresh || echo "fetch.sh: no new index for $suite" >&2
fi
name=$(newest || true)
if [ -n "$name" ] && unpack "$name" "$(version "$name")"; then exit 0; fi
# the archive moved on since the index was read: once more, then the cache
if [ -n "$name" ] && refresh; then
	name=$(newest || true)
	if [ -n "$name" ] && unpack "$name" "$(version "$name")"; then
		exit 0
	fi
fi
name=$(cached || true)
[ -n "$name" ] || die "no package $regex in $suite, none in the cache"
echo "fetch.sh: $suite has no $regex to fetch, using $name" >&2
echo "$debs/$name"
