# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2154
# The suites have run when the first program does.
umount /mnt
echo "VM: no crash"
eval "$power_off"
sleep 60
