# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# All pages of users; what is said of the dump and of the vmcore.
capdump -d 23 -c --report "$OUT/report.json" /proc/vmcore "$OUT/dump" \
	2> "$OUT/said" || exit 1
cat "$OUT/said"
capdump info --json /proc/vmcore > "$OUT/info.json"
capdump info /proc/vmcore
