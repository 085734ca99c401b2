# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
capture_dump
mkdir -p /dax
mount -t ext4 -o dax=always /dev/pmem0 /dax && echo "mounted"
mount -t ext4 -o remount,dax=always /dev/pmem0 /dax && echo "remounted"
echo "DAX of the disk: $(cat /sys/block/pmem0/queue/dax)"
grep ' /dax ' /proc/mounts
head -c 8 /dax/file | grep -q workload && echo "the file is the process's"
