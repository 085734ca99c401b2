# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# arm64 with the newest CPU QEMU has: 52-bit virtual addresses of 4 KiB pages
# (LPA2). RAM begins at 1 GiB.
debian=arm64 flavour=arm64 triplet=aarch64-linux-gnu
packages="qemu-system-arm qemu-efi-aarch64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
# kexec is linked to Xen's, whatever it runs on
libraries='libxenmisc[0-9.]+ libxencall1 libxendevicemodel1 libxenevtchn1
libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenstore4 libxentoolcore1
libxentoollog1 libext2fs2t64 libuuid1 libyajl2 libcom-err2 libblkid1'
curl='libcurl4-openssl-dev libcurl4t64 libbrotli1 libgssapi-krb5-2 libidn2-0 libk5crypto3
libkeyutils1 libkrb5-3 libkrb5support0 libldap2 libnghttp2-14 libnghttp3-9 libngtcp2-16
libngtcp2-crypto-ossl0 libpsl5t64 libsasl2-2 libssh2-1t64 libssl3t64 libunistring5'
qemu=(qemu-system-aarch64 -machine "virt,gic-version=3" -cpu max)
console=ttyAMA0 disk=virtio-blk-pci balloon=virtio-balloon-pci
words='' capture_words=''
guest_levels='31'
# what drgn can do here; the makedumpfile that reads it on this machine
drgn='core dump stack pages' peers=''
: "${MEM:=1G}" "${CRASHKERNEL:=256M}"
