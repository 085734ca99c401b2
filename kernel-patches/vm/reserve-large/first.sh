# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
cat /proc/cmdline
touch /tmp/no_crash
