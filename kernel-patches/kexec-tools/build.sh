#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the path of a kexec of Debian sid's kexec-tools (upstream's source, no
# patches of Debian's) with the patches here. Source and result stay in the cache.
# usage: build.sh [ARCH]     x86_64, arm64, ppc64le, riscv, loongarch
set -euo pipefail
# shellcheck source=../scripts/env.sh
. "$(dirname "$0")/../scripts/env.sh"

machine=${1:-x86_64}
here=$PATCHES/kexec-tools
patches=("$here"/[0-9]*.patch)
store=$STORE/kexec-tools
mkdir -p "$store"
exec 6> "$store/lock"
flock 6

fetch_source() {
	private_apt "$store/apt"
	refresh_apt "$store/apt" deb-src sid &&
		(cd "$store" && apt-get "${apt_opts[@]}" -q source \
			--download-only --tar-only kexec-tools) >&2
}

newest() {
	compgen -G "$store/kexec-tools_*.orig.tar.*z" | sort -V | tail -n 1
}

# an index of the last half day is new enough
if [ -z "$(find "$store/fresh" -mmin -720 2> /dev/null)" ]; then
	if fetch_source; then touch "$store/fresh"; fi
fi
tarball=$(newest) || die "no source of kexec-tools"
version=${tarball##*/kexec-tools_}
version=${version%.orig*}
hash=$(cat "${patches[@]}" | sha256sum | cut -c1-12)
dir=$store/$version-$hash-$machine

build() {
	# shellcheck disable=SC2034 # machine_words sets it
	local arch cross where patch words=()
	machine_words "$machine"
	# the compiler's libc, which Linux does not need
	[ "$machine" != loongarch ] ||
		where=(env ROOT_NAME=sid-kexec-loongarch
			"ROOT_PACKAGES=$(chroot_packages),libc6-dev-loong64-cross"
			"BIND=$STORE" "$VM/chroot.sh")
	words=(--without-zlib --without-lzma --without-zstd)
	[ -z "$cross" ] || words+=("--host=${cross%-}")
	tar -C "$dir.tmp" --strip-components=1 -xf "$tarball"
	for patch in "${patches[@]}"; do
		patch -s -f -d "$dir.tmp" -p1 < "$patch"
	done
	# shellcheck disable=SC2016 # expanded inside
	"${where[@]}" sh -euc 'cd "$1"; shift
		./configure -q "$@"
		make -s BUILD_CC=gcc build/sbin/kexec' sh "$dir.tmp" "${words[@]}"
}

if [ ! -e "$dir" ]; then
	rm -rf "$dir.tmp" && mkdir -p "$dir.tmp"
	# set -e has no effect in what || follows
	set +e
	(set -e; build) > "$dir.log" 2>&1
	status=$?
	set -e
	[ "$status" = 0 ] ||
		die "kexec-tools $version for $machine: see $dir.log"
	mv -T "$dir.tmp" "$dir"
fi
echo "$dir/build/sbin/kexec"
