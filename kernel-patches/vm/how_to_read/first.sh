# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# huge pages of 2 MiB, too; then three machine checks
echo 16 > /proc/sys/vm/nr_hugepages
grep -i huge /proc/meminfo
echo "VM: strike"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	sleep 1
done
dmesg | grep -i 'mce\|machine check'
date +%s > "$OUT/struck"
