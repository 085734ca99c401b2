# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2016
# riscv64 with the widest page tables that the kernel finds (Sv57).
debian=riscv64 flavour=riscv64 triplet=riscv64-linux-gnu
packages="qemu-system-misc gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
opensbi"
qemu=(qemu-system-riscv64 -machine virt -cpu rv64)
console=ttyS0 disk=virtio-blk-pci balloon=virtio-balloon-pci
words='' capture_words=''
guest_levels='31'
# what drgn can do here; the makedumpfile that reads it on this machine
drgn='core dump' peers=''
: "${MEM:=1G}" "${CRASHKERNEL:=320M}"

# kexec-tools 2.0.32 leaves memory out that the running kernel calls reserved,
# its struct pages among it, and takes in the firmware's, which nobody may read:
# it is shown an iomem that says neither.
before_kexec='
firmware=$(awk "/: Reserved|: reserved/ { print \$1; exit }" /proc/iomem)
grep -v -i ": reserved" /proc/iomem |
	sed "s/^${firmware%-*}-\(.*: System RAM\)/$(printf %08x $((0x${firmware#*-} + 1)))-\1/" > /tmp/iomem
mount -o bind /tmp/iomem /proc/iomem'
after_kexec='umount /proc/iomem'
