# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# Sourced by the scripts here: folders, the series, the architectures, how Linux
# is configured and made.
# shellcheck source=../../tests/vm/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../tests/vm/env.sh"
PATCHES=$TOP/kernel-patches
STORE=$CACHE/kernel-patches
mkdir -p "$STORE"
JOBS=${JOBS:-$(nproc)}
# what git makes of a patch is to depend on the patch alone
export GIT_AUTHOR_NAME=capdump GIT_AUTHOR_EMAIL=capdump@localhost
export GIT_COMMITTER_NAME=capdump GIT_COMMITTER_EMAIL=capdump@localhost
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
# the same source gives the same image
export KBUILD_BUILD_TIMESTAMP=1 KBUILD_BUILD_USER=capdump
export KBUILD_BUILD_HOST=capdump CCACHE_NOHASHDIR=1
# Linux's make is none of ours
unset MAKEFLAGS MAKELEVEL MFLAGS

# the series in the order in which they stack
series() {
	sed 's/#.*//' "$PATCHES/series" | awk 'NF { print $1 }'
}

# needs_of SERIES: what it is applied on top of, first things first
needs_of() {
	local need needs
	needs=$(sed 's/#.*//' "$PATCHES/series" | awk -v s="$1" \
		'$1 == s { for (i = 3; i <= NF; i++) print $i }')
	# words
	for need in $needs; do
		needs_of "$need"
		echo "$need"
	done | awk '!seen[$0]++'
}

patches_of() { # SERIES...
	local s
	for s in "$@"; do
		{ compgen -G "$PATCHES/$s/[0-9]*.patch" || true; } | sort
	done
}

# machine_words ARCH: sets arch (Linux's name), cross and where (the command
# before make: a chroot)
machine_words() {
	arch=$1 cross='' where=()
	case $1 in
	x86_64) ;;
	arm64) cross=aarch64-linux-gnu- ;;
	ppc64le*) arch=powerpc cross=powerpc64le-linux-gnu- ;;
	riscv*) arch=riscv cross=riscv64-linux-gnu- ;;
	s390) cross=s390x-linux-gnu- ;;
	loongarch*) arch=loongarch
		cross=loongarch64-linux-gnu-
		where=(env ROOT_NAME=sid-linux-loong64
			"ROOT_PACKAGES=$(chroot_packages)"
			"BIND=$STORE" "$VM/chroot.sh") ;;
	*) die "no architecture $1" ;;
	esac
}

# what builds Linux for loongarch: bookworm has no such compiler. W=1 has Python look
# at comments. Another list takes another ROOT_NAME: a chroot is made once.
chroot_packages() {
	echo make,gcc,libc6-dev,bc,bison,flex,libelf-dev,libssl-dev,perl,python3,gcc-loongarch64-linux-gnu
}

# kbuild ARCH TREE WORD...: make in a tree of Linux; CCACHE=ccache is put before
# the compiler, but in a chroot, which has none
kbuild() {
	local arch cross where machine=$1 tree=$2 CCACHE=${CCACHE:-}
	shift 2
	machine_words "$machine"
	[ ${#where[@]} = 0 ] || CCACHE=''
	"${where[@]}" make -s -C "$tree" "-j$JOBS" "ARCH=$arch" LOCALVERSION= \
		"CROSS_COMPILE=$cross" \
		"CC=${CCACHE:+$CCACHE }${cross}gcc" "$@"
}
