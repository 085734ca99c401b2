#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a folder with a small kernel (vmlinuz, vmlinux, .config as config,
# release), of Debian's source as it is or with all series. It is built once for
# a version, patches and configuration: 8 minutes on two idle cores, 3 GiB of the
# cache while it lasts. What there is serves as the base kernel: Debian's of arm64,
# riscv64 and loongarch64, fadump's of tests/vm, an x86_64-VERSION*-pmem-base.bzImage
# in CAPDUMP_KERNELS. usage: kernel.sh ARCH base|patched
# environment: CCACHE   ccache, if it is to be used
#              KEEP     keep the tree: after a change to a patch only what that
#                       touches is compiled
set -euo pipefail
. "$(dirname "$0")/../scripts/env.sh"

[ $# = 2 ] || die "usage: kernel.sh ARCH base|patched"
machine=$1 kind=$2 image='' patches=()
case $machine in
x86_64) image=arch/x86/boot/bzImage ;;
arm64) image=arch/arm64/boot/Image ;;
ppc64lefadump) image=vmlinux ;;
riscv64) image=arch/riscv/boot/Image ;;
loongarch64) image=arch/loongarch/boot/vmlinux.efi ;;
*) die "no configuration for $machine" ;;
esac
source=$("$PATCHES/scripts/source.sh")
version=${source##*/linux-}
fragments=("$PATCHES/vm/config/qemu" "$PATCHES/vm/config/$machine") start=tinyconfig
# the product's own, on top of the defaults
if [ "$machine" = ppc64lefadump ]; then
	fragments=("$VM/config/ppc64le-fadump64k") start=''
fi
if [ "$kind" = patched ]; then
	mapfile -t names < <(series)
	mapfile -t patches < <(patches_of "${names[@]}")
	for name in "${names[@]}"; do
		[ ! -e "$PATCHES/$name/config" ] ||
			fragments+=("$PATCHES/$name/config")
	done
fi

# all that is asked for; the suites where the machine's has KUnit
wanted() {
	if grep -qx 'CONFIG_KUNIT=y' "${fragments[@]}"; then
		cat "${fragments[@]}"
	else
		cat "${fragments[@]}" | grep -v '_KUNIT_TEST='
	fi
}

# keep IMAGE RELEASE DIR: as tests/vm/boot.sh takes it
keep() {
	rm -rf "$3.tmp" && mkdir -p "$3.tmp"
	cp "$1" "$3.tmp/vmlinuz"
	echo "$2" > "$3.tmp/release"
	echo "$machine" > "$3.tmp/machine"
	touch "$3.tmp/gzip"	# what its initramfs is to be packed with
}

given() {
	local at dir=$STORE/given-$machine-$version
	if [ "$machine" = ppc64lefadump ]; then
		"$VM/own-kernel.sh" "$machine-${version%%.*}.$(cut -d. -f2 <<< "$version")"
		return
	fi
	case $machine in arm64 | riscv64 | loongarch64)
		"$VM/kernel.sh" "$machine-7.2"	# Debian's: its config differs
		return ;;
	esac
	image=$(compgen -G "${CAPDUMP_KERNELS:-/nonexistent}/$machine-${version%-*}-pmem-base.bzImage") ||
		return 1
	# Linux Documentation/arch/x86/boot.rst: kernel_version
	at=$(od -An -tu2 -j 526 -N 2 "$image")
	keep "$image" "$(dd if="$image" bs=1 skip=$((at + 512)) count=64 \
		status=none | cut -d' ' -f1 | head -n 1)" "$dir"
	rm -rf "$dir" && mv "$dir.tmp" "$dir"
	echo "$dir"
}

[ "$kind" != base ] || ! given || exit 0
hash=$({ echo "$version $machine"; wanted; cat "${patches[@]}"; } |
	sha256sum | cut -c1-12)
dir=$STORE/kernel-$machine-$kind-$version-$hash
tree=$STORE/build-$machine-$kind
exec 7> "$tree.lock"
flock 7
[ ! -e "$dir" ] || { echo "$dir"; exit 0; }

build() {
	local missing
	# what was interrupted, or kept, goes on
	if [ "$(cat "$tree.source" 2> /dev/null)" != "$source" ]; then
		rm -rf "$tree"
		git -C "$source" worktree prune
		git -C "$source" worktree add -q -f --detach "$tree" debian
		echo "$source" > "$tree.source"
	fi
	[ "$kind" = base ] || "$PATCHES/scripts/stack.sh" "$tree"
	wanted > "$tree/.fragment"
	if [ -n "$start" ]; then
		kbuild "$machine" "$tree" "$start"
		(cd "$tree" && scripts/kconfig/merge_config.sh -m .config .fragment)
	else
		cp "$tree/.fragment" "$tree/.config"
	fi
	kbuild "$machine" "$tree" olddefconfig
	missing=$(not_granted "$tree/.fragment" "$tree/.config" | tr '\n' ' ')
	[ -z "$missing" ] || { echo "not granted: $missing"; return 1; }
	kbuild "$machine" "$tree" "${image##*/}"
}

started=$SECONDS log=$tree.log
machine_words "$machine"
echo "kernel.sh: building the $kind kernel for $machine: see $log" >&2
# set -e has no effect in what || follows
set +e
(set -e; build) > "$log" 2>&1
status=$?
set -e
[ "$status" = 0 ] || die "$(tail -n 1 "$log"); see $log"
[ "$image" != vmlinux ] || "${cross}strip" "$tree/vmlinux"
keep "$tree/$image" "$(kbuild "$machine" "$tree" kernelrelease)" "$dir"
[ "$image" = vmlinux ] || cp "$tree/vmlinux" "$dir.tmp/vmlinux"
cp "$tree/.config" "$dir.tmp/config"
echo "$((SECONDS - started)) s" > "$dir.tmp/time.txt"
mv "$dir.tmp" "$dir"
if [ -z "${KEEP:-}" ]; then
	rm -f "$tree.source"
	git -C "$source" worktree remove --force "$tree"
fi
echo "$dir"
