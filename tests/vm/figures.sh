#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measures capdump and the peer on raw vmcores that check.sh left behind:
# seconds, CPU seconds, peak resident KiB and size, best of RUNS (3).
# usage: figures.sh VMCORE...
#   CAPDUMP, MAKEDUMPFILE: as in check.sh
set -euo pipefail
. "$(dirname "$0")/env.sh"

capdump=${CAPDUMP:-$TOP/build/capdump}
work=$(mktemp -d "${TMPDIR:-/tmp}/capdump-figures.XXXXXX")
trap 'rm -rf "$work"' EXIT
gcc -std=gnu11 -O2 -static -o "$work/measure" "$VM/workload.c"
peer=("${MAKEDUMPFILE:-makedumpfile}")
[ -n "${MAKEDUMPFILE:-}" ] || peer=("$VM/chroot.sh" "$work/measure" measure
	"$work/cost" makedumpfile)

run() { # WHAT COMMAND...: writes $work/out
	local what=$1 best='' cost i
	shift
	# shellcheck disable=SC2034 # only counts
	for i in $(seq "${RUNS:-3}"); do
		rm -f "$work/out"
		case $1 in
		*chroot.sh) BIND="$work $cores" "$@" ;;
		*) "$work/measure" measure "$work/cost" "$@" ;;
		esac > "$work/log" 2>&1 ||
			{ echo "$what: failed: $(tail -n 1 "$work/log")"
			return 0; }
		cost=$(tr -d '{}",:' < "$work/cost" | awk '{
			print $2, $4 + $6, $8 }')
		best=$(printf '%s\n%s\n' "$best" "$cost" | grep . | sort -n |
			head -n 1)
	done
	# shellcheck disable=SC2086 # three words
	printf '%-34s %8.2f s %8.2f cpu %8d KiB %12d bytes\n' "$what" $best \
		"$(stat -c %s "$work/out")"
}

for core in "$@"; do
	core=$(readlink -f "$core") cores=$(dirname "$core")
	cat "$core" > /dev/null		# into the page cache
	echo "$core"
	for level in 31 1; do
		for codec in -z -l; do
			run "capdump $codec -d $level, 0 threads" "$capdump" \
				$codec -d $level --num-threads 0 "$core" \
				"$work/out"
			run "capdump $codec -d $level, all CPUs" "$capdump" \
				$codec -d $level "$core" "$work/out"
			run "peer $codec -d $level" "${peer[@]}" $codec \
				-d $level "$core" "$work/out"
			run "peer $codec -d $level, $(nproc) threads" \
				"${peer[@]}" $codec -d $level \
				--num-threads "$(nproc)" "$core" "$work/out"
		done
	done
done
