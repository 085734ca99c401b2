# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC1091,SC2034,SC2086,SC2154
# In the kernel that will crash: make every kind of page, load the capture
# kernel, write down what lies where. Sourced by init; params gives names.
load /modules/more.list
. /mnt/vm/before.sh
workload hold "$mib" "$huge" "$giga" > /tmp/hold.log 2>&1 &

# slab: names and inodes; page cache with and without buffers; dirty files
mkdir /tmp/many /mnt/many
i=0
while [ $i -lt 1500 ]; do echo $i > /tmp/many/$i; i=$((i + 1)); done
i=0
while [ $i -lt 200 ]; do echo $i > /mnt/many/$i; i=$((i + 1)); done
cat /mnt/random /mnt/text /mnt/vm/vmlinuz > /dev/null
cat /mnt/text > /mnt/copy
dd if=/dev/vda of=/dev/null bs=1M count=32 2> /dev/null
workload dirty "$dirty"

. /mnt/vm/before-kexec.sh
[ "$kexec_options" = none ] || kexec $kexec_options -p /mnt/vm/vmlinuz \
	--initrd=/mnt/vm/initrd --append="console=$console $words nr_cpus=$cpus \
reset_devices $capture_words panic=5 $capture_append" || echo "VM: kexec failed"
. /mnt/vm/after-kexec.sh
echo "VM: crash kernel loaded: $(cat /sys/kernel/kexec_crash_loaded)"
i=0
while [ ! -e /tmp/held ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done
cat /tmp/hold.log

out=/mnt/out
for f in iomem meminfo zoneinfo buddyinfo modules cmdline kallsyms slabinfo
do cat /proc/$f > $out/$f.txt; done
dmesg > $out/dmesg.txt
cat /sys/kernel/vmcoreinfo > $out/vmcoreinfo-place.txt
# will it be captured? The initramfs has the name that kdump-utils gives it
if command -v capdump > /dev/null; then
	mkdir -p /boot
	ln -s /mnt/vm/initrd "/boot/initramfs-$(uname -r)kdump.img"
	capdump check --json $out > $out/check.json 2> $out/check.log
	echo "VM: check: status $?"
fi
# what capdump expects of a crash now; pages that were freed lie on lists of the
# CPUs for some seconds, and look as if they were in use
sleep 10
! command -v capdump > /dev/null || capdump estimate --json \
	> $out/estimate.json 2> $out/estimate.log ||
	echo "VM: estimate: status $?"
. /mnt/vm/live.sh
sync
# last, when nothing moves any more: the frames of known pages, then flags
touch /tmp/tell
i=0
while [ -e /tmp/tell ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done
cp /tmp/truth.txt $out/truth.txt
cat /proc/kpagecount > $out/kpagecount
cat /proc/kpageflags > $out/kpageflags
