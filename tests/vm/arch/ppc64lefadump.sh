# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC1091
# ppc64le with pages of 64 KiB and a kernel of our own (own-kernel.sh) that has
# firmware-assisted dump, and QEMU 11, which is such firmware: sid's, in a chroot.
# This file alone asks for no fadump: machine/fadump does.
. "$VM/arch/ppc64le64k.sh"
own_kernel=ppc64le-fadump64k linux_arch=powerpc linux_image=vmlinux
qemu=(env ROOT_NAME=sid-ppc64 ROOT_PACKAGES=qemu-system-ppc "$VM/chroot.sh"
	"${qemu[@]}")
