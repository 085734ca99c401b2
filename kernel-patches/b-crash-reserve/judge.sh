# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the judges of vm/reserve-*: sourced with the folder of results as $1.
out=$1

judge() { # CLAIM SEEN COMMAND...
	local claim=$1 seen=$2
	shift 2
	if "$@"; then echo "PASS $claim"; else echo "FAIL $claim: $seen"; fi
}

# the reservation in MiB: its regions, ascending, as "256 257"
regions() {
	local range
	[ -e "$out/first.iomem" ] || { echo 'not known'; return; }
	grep ': Crash kernel' "$out/first.iomem" | while read -r range _; do
		echo $(((0x${range#*-} - 0x${range%-*} + 1) >> 20))
	done | xargs
}

reserved() { # MIB...
	local is
	is=$(regions)
	judge "${*:-no} MiB are reserved" "$is" [ "$is" = "$*" ]
}

# what it is in sysfs, a line for each: "67108864 included SWIOTLB"
requirements() { # LINE...
	local is wanted
	is=$(cat "$out/requirements")
	wanted=$(printf '%s\n' "$@")
	judge "sysfs lists: $*" "$is" [ "$is" = "$wanted" ]
}

logged() { # TEXT
	judge "the log says: $1" "$(grep crashkernel: "$out/first.dmesg" | xargs -d '\n')" \
		grep -qE "crashkernel: $1\$" "$out/first.dmesg"
}

captured() {
	judge "the dump is whole" "$(tail -n 1 "$out/boot.log")" \
		"$CAPDUMP" verify "$out/dump"
}
