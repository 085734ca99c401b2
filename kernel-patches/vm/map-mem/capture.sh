# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
capture_dump
mkdir -p /dax
mount -t ext4 -o dax=always /dev/pmem0 /dax && echo "mounted with DAX"
mount -t ext4 /dev/pmem0 /dax && echo "mounted"
head -c 8 /dax/file | grep -q workload && echo "the file is the process's"
