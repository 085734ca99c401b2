# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC1091,SC2154
# In the first kernel, sourced by init: the case's first.sh, then the crash
# kernel if the case has not loaded it. Without /tmp/no_crash the kernel panics.
export OUT=/mnt/out PATH="/mnt/vm:$PATH"
mkdir -p /sys/kernel/debug
mount -t debugfs debugfs /sys/kernel/debug 2> /dev/null
cd /mnt/vm || echo "VM: no /mnt/vm"
{
	sh ./case_first.sh 2>&1
	echo "$?" > $OUT/first.status
} | tee $OUT/first.log
echo "VM: first.sh: status $(cat $OUT/first.status)"
for f in iomem meminfo cmdline; do cat /proc/$f > $OUT/first.$f; done
dmesg > $OUT/first.dmesg
if [ -e /tmp/no_crash ]; then
	cd /
	sync
	umount /mnt
	echo "VM: no crash"
	eval "$power_off"
	sleep 60
fi
if [ "$(cat /sys/kernel/kexec_crash_loaded)" != 1 ]; then
	load_crash || echo "VM: kexec failed"
fi
cat /proc/iomem > $OUT/first.iomem
