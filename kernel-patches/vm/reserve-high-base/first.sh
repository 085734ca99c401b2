# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
cat /sys/kernel/kexec/crash_requirements > "$OUT/requirements"
cat /proc/cmdline
touch /tmp/no_crash
