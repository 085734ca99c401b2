# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Pages that say which they are in most of memory, so that some are in CMA.
grep -i crash /proc/iomem
cat /sys/kernel/kexec_crash_cma_ranges > "$OUT/cma" 2> /dev/null
cat "$OUT/cma"
mib=$(awk '/MemAvailable/ { print int($2 * 0.8 / 1024) }' /proc/meminfo)
fill "$mib" "$OUT/frames" > /tmp/filled 2>&1 &
i=0
until grep -q filled /tmp/filled || [ $i = 600 ]; do
	sleep 0.2
	i=$((i + 1))
done
cat /tmp/filled
sync
# Debian's arm64 kernel has no kexec_file_load
load_crash || KEXEC=-c load_crash
