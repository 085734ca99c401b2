# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# x86_64, this machine's own architecture: its programs go into the guest.
debian=amd64 flavour=amd64 triplet=''
# QEMU_IN: words of a machine/ that takes another than this Debian's
# shellcheck disable=SC2206
qemu=(${QEMU_IN:-} qemu-system-x86_64 -machine q35 -cpu max)
console=ttyS0 disk=virtio-blk-pci balloon=virtio-balloon-pci
words=no_timer_check capture_words=irqpoll
guest_levels='31 1'
# what drgn can do here; the makedumpfile that reads it on this machine
drgn='core dump stack pages' peers='sid upstream'
: "${MEM:=1G}" "${CRASHKERNEL:=256M}"
