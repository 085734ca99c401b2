# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
capdump -d 31 -c --report "$OUT/report.json" /proc/vmcore "$OUT/d31" || exit 1
capdump triage --json /proc/vmcore > "$OUT/triage.json" || exit 1
capdump triage /proc/vmcore
