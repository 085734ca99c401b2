# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# ppc64le, QEMU's pseries with a POWER10: pages of 4 KiB, radix page tables;
# hash page tables with disable_radix on the command line.
debian=ppc64el flavour=powerpc64le triplet=powerpc64le-linux-gnu
packages="qemu-system-ppc gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross"
qemu=(qemu-system-ppc64 -machine pseries -cpu power10)
console=hvc0 disk=virtio-blk-pci balloon=virtio-balloon-pci
words='' capture_words=''
guest_levels='31'
# what drgn can do here; the makedumpfile that reads it on this machine
drgn='core stack pages' peers=''
case ${APPEND:-}${key:-} in *disable_radix*)
	drgn='core stack'
	: "${HUGE:=1}" # of 16 MiB
esac
: "${MEM:=1G}" "${CRASHKERNEL:=384M}"
