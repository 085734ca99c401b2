# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
cat /proc/cmdline
capdump -d 31 -c /proc/vmcore "$OUT/d31" || exit 1
capdump triage --json /proc/vmcore > "$OUT/triage.json"
