# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
dd if=/proc/vmcore of="$OUT/elf" bs=4096 count=1 2> /dev/null
capdump -d 31 /proc/vmcore "$OUT/dump"
capdump info --json "$OUT/dump" > "$OUT/info.json"
echo 1 > /sys/kernel/fadump/release_mem
# of the kernel that runs: it can be registered again
capdump info --json /proc/kcore > "$OUT/released.json"
