# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
cp /sys/kernel/fadump/registered "$OUT/registered"
cp /sys/kernel/fadump/mem_reserved "$OUT/reserved"
