#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the patches of all series, as they stack. usage: list_patches.sh
set -euo pipefail
. "$(dirname "$0")/env.sh"
mapfile -t names < <(series)
patches_of "${names[@]}"
