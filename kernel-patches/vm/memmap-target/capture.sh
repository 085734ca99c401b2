# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
mkdir -p /dax
mount -t ext4 -o dax /dev/pmem0 /dax || exit 1
head -c 8 /dax/file | grep -q workload && echo "mounted, the file is the process's"
ls -l /dev/pmem0
capture_dump /dax/dump || exit 1
umount /dax
mount -t ext4 /dev/pmem0 /dax
cp /dax/dump "$OUT/nvdimm.dump"
# once more: what was written has not gone over the struct pages
capture_dump
