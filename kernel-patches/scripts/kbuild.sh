#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make in a tree of Linux. usage: kbuild.sh ARCH TREE WORD...
set -euo pipefail
. "$(dirname "$0")/env.sh"
kbuild "$@"
