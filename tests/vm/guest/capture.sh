# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154,SC2086
# In the capture kernel: the raw vmcore once, then capdump at each level of
# $levels. Sourced by init; params gives names.
out=/mnt/out

# capture NAME OPTIONS...: one dump with its report, progress and cost
capture() {
	name=$1
	shift
	workload measure $out/$name.cost.json capdump "$@" \
		--report $out/$name.report.json --progress-fd 3 \
		/proc/vmcore $out/$name \
		3> $out/$name.progress 2> $out/$name.log
	echo "VM: capdump $name: status $?"
	sed 's/^/VM: | /' $out/$name.log | tail -n 5
}

# shellcheck disable=SC1091
. /mnt/vm/up.sh
grep -E 'MemTotal|MemFree|MemAvail' /proc/meminfo | tee $out/capture-mem.txt
cat /proc/iomem > $out/capture-iomem.txt
[ -z "$raw" ] || workload copy /proc/vmcore $out/vmcore
if command -v capdump > /dev/null; then
	for level in $levels; do capture "d$level" -d "$level"; done
	grep -E 'MemFree|MemAvail' /proc/meminfo >> $out/capture-mem.txt
fi
if [ -n "$record" ] && command -v capdump > /dev/null; then
	# a disk whose writes the host records, for the power cuts
	mkdir /recorded
	mount -t ext4 /dev/vdb /recorded
	workload measure $out/recorded.cost.json capdump $record_options \
		/proc/vmcore /recorded/dump 2> $out/recorded.log
	echo "VM: recorded dump: status $?"
	umount /recorded
fi
# shellcheck disable=SC1091
. /mnt/vm/after.sh
