# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# loongarch64, pages of 16 KiB, UEFI and ACPI. Debian 12 has no firmware and no
# cross compiler for it: sid's, and QEMU, are run in a chroot of their own.
debian=loong64 flavour=loong64 triplet=loongarch64-linux-gnu page_size=16384
tools=(env ROOT_NAME=sid-loongarch64
	"ROOT_PACKAGES=qemu-system-misc,qemu-efi-loongarch64,make,binutils,gcc-$triplet,libc6-dev-loong64-cross"
	"$VM/chroot.sh")
qemu=(qemu-system-loongarch64 -machine virt -cpu la464
	-bios /usr/share/qemu-efi-loongarch64/QEMU_EFI.fd)
console=ttyS0 disk=virtio-blk-pci balloon=virtio-balloon-pci
words='' capture_words=''
guest_levels='31'
# device_shutdown() of 7.2 with nr_cpus=1 ends in a BUG (list_del corruption in
# cpu_devices): the capture kernel restarts without it
power_off='echo b > /proc/sysrq-trigger'
# what drgn can do here; the makedumpfile that reads it on this machine
drgn='core pages' peers=''
# a huge page is 32 MiB; the capture kernel takes 128 MiB for DMA
: "${MEM:=1536M}" "${CRASHKERNEL:=448M}" "${HUGE:=2}" "${TIMEOUT:=1200}"
