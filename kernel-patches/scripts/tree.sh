#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a git tree of Linux with all series applied, anew, and prints its place.
# usage: tree.sh [FOLDER]        (build/kernel-patches/linux)
set -euo pipefail
. "$(dirname "$0")/env.sh"
folder=${1:-$TOP/build/kernel-patches/linux}
source=$("$PATCHES/scripts/source.sh")
mkdir -p "$(dirname "$folder")"
folder=$(readlink -f "$folder")
[ ! -e "$folder" ] || git -C "$source" worktree remove --force "$folder"
git -C "$source" worktree prune
git -C "$source" worktree add -q --detach "$folder" debian
"$PATCHES/scripts/stack.sh" "$folder" >&2
echo "$folder"
