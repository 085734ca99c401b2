# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# 96 MiB of the region are given back, and filled like the rest of memory.
grep 'Crash kernel' /proc/iomem > "$OUT/before"
echo $((160 << 20)) > /sys/kernel/kexec_crash_size
grep 'Crash kernel' /proc/iomem > "$OUT/after"
cat "$OUT/before" "$OUT/after"
mib=$(awk '/MemAvailable/ { print int($2 * 0.8 / 1024) }' /proc/meminfo)
fill "$mib" "$OUT/frames" > /tmp/filled 2>&1 &
until grep -q filled /tmp/filled || ! kill -0 $!; do sleep 0.2; done
cat /tmp/filled
sync
