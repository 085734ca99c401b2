#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the initramfs that serves both kernels: busybox, kexec, the workload,
# capdump (CAPDUMP, if set) and other programs (PROGRAMS) with their libraries,
# those that are loaded by name (LIBRARIES), and modules.
# usage: initramfs.sh KERNELDIR FILE
# The programs for a kernel of another architecture come from sysroot.sh.
set -euo pipefail
. "$(dirname "$0")/env.sh"

kernel=$1 file=$2
release=$(cat "$kernel/release")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,sbin,proc,sys,dev,mnt,tmp,modules,usr/bin,usr/sbin}

cp "$VM/guest/init" "$root/init"
chmod +x "$root/init"
machine=$(machine_of "$kernel") triplet=''
# shellcheck source=arch/x86_64.sh # or another of arch/
. "$VM/arch/$machine.sh"
sysroot=''
[ -z "$triplet" ] || sysroot=$("$VM/sysroot.sh" "$machine")
busybox=/bin/busybox
[ -z "$sysroot" ] || busybox=$sysroot/usr/bin/busybox
cp "$busybox" "$root/bin/busybox"
for applet in $(busybox --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
compiler=${CC:-gcc}
[ -z "$triplet" ] || compiler=$triplet-gcc
BIND="$root $VM" "${tools[@]}" \
	"$compiler" -std=gnu11 -O2 -static -o "$root/usr/bin/workload" "$VM/workload.c"

# the libraries a program needs, and those these need, in the sysroot
needs() { # FILE
	local lib
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
	while read -r lib; do
		[ -e "$sysroot/usr/lib/$triplet/$lib" ] ||
			die "$sysroot has no $lib, which $1 needs"
		[ -e "$root/usr/lib/$triplet/$lib" ] && continue
		cp -L "$sysroot/usr/lib/$triplet/$lib" \
			"$root/usr/lib/$triplet/$lib"
		needs "$root/usr/lib/$triplet/$lib"
	done
	# the loader has a name of its own besides
	lib=$(readelf -l "$1" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
	[ -z "$lib" ] || [ -e "$root$lib" ] || {
		mkdir -p "$root${lib%/*}"
		cp "$root/usr/lib/$triplet/${lib##*/}" "$root$lib"
	}
}

put() { # FILE [NAME]: a program and its libraries
	cp -L "$1" "$root/usr/bin/${2:-$(basename "$1")}"
	put_needed "$1"
}

put_needed() { # FILE: the libraries it needs
	if [ -n "$sysroot" ]; then
		mkdir -p "$root/usr/lib/$triplet"
		needs "$1"
		return
	fi
	ldd "$1" | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$root$(dirname "$lib")"
		cp -Lu "$lib" "$root$lib"
	done
}
kexec=$sysroot/usr/sbin/kexec
[ -n "$sysroot" ] ||
	kexec=$(PATH=$PATH:/sbin:/usr/sbin command -v kexec)
put "$kexec" kexec
if [ -n "${CAPDUMP:-}" ]; then
	put "$CAPDUMP" capdump
	# as packages have it: debugging symbols are four fifths of the file
	BIND="$root $VM" "${tools[@]}" "${triplet:+$triplet-}strip" \
		"$root/usr/bin/capdump"
fi
for program in ${PROGRAMS:-}; do put "$program"; done
for library in ${LIBRARIES:-}; do
	# where the loader looks, in both roots
	folder=/usr/lib/${triplet:-$("${CC:-gcc}" -print-multiarch)}
	put_needed "$sysroot$folder/$library"
	mkdir -p "$root$folder"
	cp -L "$sysroot$folder/$library" "$root$folder/$library"
done

modules() { # LIST NAME...: files in the order to load them
	local list=$root/modules/$1 path name m
	shift
	for m in "$@"; do
		modprobe -d "$kernel" -S "$release" --show-depends "$m" \
			2> /dev/null || true
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
	while read -r path; do
		name=$(basename "$path") name=${name%.xz}
		case $path in
		*.xz) xz -dc "$path" > "$root/modules/$name" ;;
		*) cp "$path" "$root/modules/$name" ;;
		esac
		echo "$name"
	done > "$list"
}
# virtio_balloon and others only make the crashed kernel less plain
modules disk.list virtio_pci virtio_ccw virtio_blk crc32c_generic \
	crc32c-intel ext4
# shellcheck disable=SC2086 # words
modules more.list virtio_balloon virtio_net overlay loop dm_mod xfs nf_tables \
	${MODULES:-}
# shellcheck disable=SC2086
[ -z "${CAPTURE_MODULES:-}" ] || modules capture.list $CAPTURE_MODULES

pack=(zstd -q -3 -c)
[ ! -e "$kernel/gzip" ] || pack=(gzip -1)
(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) |
	"${pack[@]}" > "$file"
