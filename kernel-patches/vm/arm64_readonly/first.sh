# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Loads, unloads and reloads the crash kernel, saves the kernel's page tables each
# time, and writes into the crash kernel's memory by /dev/mem.
region=$(sed -n 's/^ *\([0-9a-f]*\)-.* : Crash kernel$/\1/p' /proc/iomem)
at=$((0x$region + 0x5000000))

save() { # NAME
	cat /sys/kernel/debug/kernel_page_tables > "$OUT/$1.tables"
}

scribble() { # NAME: in a process of its own, which an oops ends
	printf capdump | dd of=/dev/mem bs=7 count=1 seek="$at" \
		oflag=seek_bytes conv=notrunc 2> /dev/null
	echo "$?" > "$OUT/$1.status"
}

echo 0 > /proc/sys/kernel/panic_on_oops
save before
scribble before
load_crash || echo "VM: not loaded"
save loaded
kexec -p -u || echo "VM: not unloaded"
save unloaded
scribble unloaded
# twice: the second one replaces the first
load_crash first_of_two || echo "VM: not loaded again"
load_crash second_of_two || echo "VM: not replaced"
save reloaded
scribble reloaded
cat /sys/kernel/kexec_crash_loaded > "$OUT/is_loaded"
