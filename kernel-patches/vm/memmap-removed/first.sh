# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
ndctl create-namespace --mode=fsdax --map=dev -f -e namespace0.0
load_crash
grep -A 4 'Persistent Memory' /proc/iomem
grep -q 'Device Backed Vmemmap' /proc/iomem || echo 'never named'
ndctl disable-namespace namespace0.0
