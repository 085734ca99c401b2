# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# In the capture kernel: how fast plain O_DIRECT writes are on the second disk,
# then capdump to it without compression, with lzo and zstd, and the plain
# writes again. Sourced by tests/vm/guest/init; params gives names.
out=/mnt/out
mkdir /slow
mount -t ext4 /dev/vdb /slow || echo "VM: no second disk"
ln -s /usr/bin/capdump /tmp/makedumpfile
grep -E 'MemTotal|MemFree|MemAvail' /proc/meminfo > $out/capture-mem.txt

# run NAME COMMAND...: one dump, then it is gone
run() {
	name=$1
	shift
	sync
	echo 3 > /proc/sys/vm/drop_caches
	slow watch "$out/$name.json" "$@" -d 31 --message-level 4 \
		--report "$out/$name.report.json" /proc/vmcore /slow/dump \
		2> "$out/$name.log"
	echo "VM: $name: $(cat "$out/$name.json")"
	rm -f /slow/dump
}

slow direct /slow/plain 240 > $out/plain.1.json
echo "VM: plain: $(cat $out/plain.1.json)"
rm -f /slow/plain
run none /tmp/makedumpfile
run lzo capdump -l
run zstd capdump -z
slow direct /slow/plain 240 > $out/plain.2.json
rm -f /slow/plain
run none.2 /tmp/makedumpfile
umount /slow
