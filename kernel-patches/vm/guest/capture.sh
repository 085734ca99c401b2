# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# In the capture kernel, sourced by init: the case's capture.sh.
export OUT=/mnt/out PATH="/mnt/vm:$PATH"
cd /mnt/vm || echo "VM: no /mnt/vm"
for f in iomem meminfo cmdline; do cat /proc/$f > $OUT/capture.$f; done
{
	sh ./case_capture.sh 2>&1
	echo "$?" > $OUT/capture.status
} | tee $OUT/capture.log
echo "VM: capture.sh: status $(cat $OUT/capture.status)"
dmesg > $OUT/capture.dmesg
cd /
