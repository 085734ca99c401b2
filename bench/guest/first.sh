# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC1091,SC2086,SC2154
# In the kernel that will crash: what a busy machine holds. The second disk is
# a Debian root with compilers and an interpreter; load.sh runs in it. Sourced
# by tests/vm/guest/init; params gives names.
load /modules/more.list
mkdir -p /root
mount -t ext4 -o ro /dev/vdb /root || echo "VM: no second disk"
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t devtmpfs dev /root/dev
mount -t tmpfs -o size=3g tmp /root/tmp
chroot /root /bin/bash /bench/load.sh 2>&1 | sed 's/^/VM: | /'

kexec $kexec_options -p /mnt/vm/vmlinuz --initrd=/mnt/vm/initrd \
	--append="console=ttyS0 no_timer_check nr_cpus=$cpus reset_devices \
irqpoll panic=5 $capture_append" || echo "VM: kexec failed"
for f in meminfo zoneinfo buddyinfo slabinfo
do cat /proc/$f > /mnt/out/$f.txt; done
ps > /mnt/out/ps.txt
