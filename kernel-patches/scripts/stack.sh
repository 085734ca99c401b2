#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Applies all series on top of each other to a git tree of source.sh's, where HEAD
# ends up there. PASS and FAIL lines, a patch each; the first one that fails is the
# last one tried. usage: stack.sh TREE
set -euo pipefail
. "$(dirname "$0")/env.sh"

tree=$1
mapfile -t names < <(series)

start() { # COMMIT
	git -C "$tree" am -q --abort > /dev/null 2>&1 || true
	git -C "$tree" checkout -q -f --detach "$1"
}

# What a patch was made of is merged with what others did there: git wants the
# files as they were before it, which are those of its series alone. It has them
# once the series was applied as such.
make_blobs() { # SERIES
	local own needs below
	mapfile -t own < <(patches_of "$1")
	mapfile -t needs < <(needs_of "$1")
	mapfile -t below < <(patches_of "${needs[@]}")
	start debian
	git -C "$tree" am -q "${own[@]}" > /dev/null 2>&1 && return
	[ ${#needs[@]} != 0 ] || return 0
	start debian
	git -C "$tree" am -q "${below[@]}" "${own[@]}" > /dev/null 2>&1 || true
}

stack() { # SERIES PATCH
	local head
	head=$(git -C "$tree" rev-parse HEAD)
	git -C "$tree" am -q -3 "$2" > /dev/null 2>&1 && return
	make_blobs "$1"
	start "$head"
	git -C "$tree" am -q -3 "$2" 2>&1
}

start debian
git -C "$tree" clean -q -f -d
for name in "${names[@]}"; do
	for patch in $(patches_of "$name"); do
		claim=${patch##*/} claim=stack/$name/${claim%%-*}
		if ! seen=$(stack "$name" "$patch"); then
			echo "FAIL $claim: ${seen%%$'\n'*}"
			echo "    ${seen//$'\n'/$'\n'    }"
			git -C "$tree" am -q --abort
			exit 1
		fi
		echo "PASS $claim"
	done
done
