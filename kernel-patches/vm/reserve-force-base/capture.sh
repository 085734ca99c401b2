# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
capdump -d 31 /proc/vmcore "$OUT/dump"
