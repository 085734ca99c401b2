# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# s390x, big-endian. Debian's kernel has no kdump: kernel.sh takes one of our
# own (own-kernel.sh).
debian=s390x flavour='' triplet=s390x-linux-gnu
own_kernel=s390x-kdump linux_arch=s390 linux_image=arch/s390/boot/bzImage
packages="qemu-system-misc gcc-s390x-linux-gnu libc6-dev-s390x-cross"
qemu=(qemu-system-s390x -machine s390-ccw-virtio -cpu max)
console=ttysclp0 disk=virtio-blk-ccw balloon=virtio-balloon-ccw
words='' capture_words=''
guest_levels='31'
# what drgn can do here; the makedumpfile that reads it on this machine
drgn='' peers='' struct_pages=s390x_pages.py
: "${MEM:=1G}" "${CRASHKERNEL:=256M}"
