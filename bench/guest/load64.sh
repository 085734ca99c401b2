#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# PID 1 of the machine with 64 KiB pages: files from the initramfs lie in the
# page cache; heaps of text, names and inodes, pipes, free pages not zero.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=400m,nr_inodes=40000 tmp /tmp

find /files -name '*.p[ym]' -print0 | xargs -0 cat > /tmp/text
ls -l /tmp/text
# an index of words, sorted lines; both stay
head -c 6000000 /tmp/text |
	awk '{ for (i = 1; i <= NF; i++) n[$i]++; l[NR] = $0 }
		END { print NR > "/tmp/indexed"; system("sleep 100000") }' &
(cat /tmp/text; touch /tmp/sorting; sleep 100000) | sort > /dev/null &
# names and inodes
mkdir /tmp/many
(cd /tmp/many && seq 20000 | xargs touch)
gzip -1 -c /tmp/text > /tmp/text.gz
# freed, not zero
cp -r /files/binaries /tmp/stale
sort -r /tmp/text | tail -n 1
rm -r /tmp/stale
i=0
while [ $i -lt 600 ] && { [ ! -e /tmp/indexed ] || [ ! -e /tmp/sorting ]; }; do
	sleep 1
	i=$((i + 1))
done
cat /proc/meminfo
echo "VM: loaded: $(cut -d' ' -f1 /proc/uptime)"
echo c > /proc/sysrq-trigger
sleep 100
