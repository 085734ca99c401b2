#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Panics Debian kernels, captures with capdump, and judges the dumps. Each
# claim is a line, PASS or FAIL; the last line counts them. SKIP: there is no such
# kernel, which is a failure with CI=true. NOTE: what a reader is known not to do.
# usage: check.sh KERNEL[+WORD...][@MACHINE]...
#   KERNEL   as kernel.sh takes it, arm64-7.2 for another architecture
#   WORD     for its command line (6.1+no5lvl)
#   MACHINE  a file in machine/: another shape of machine, boot.sh's variables,
#            and prepare() and also() for claims of its own
# environment:
#   CAPDUMP       default build/capdump
#   EVERY_PAGE    default build/zstd/every_page
#   MAKEDUMPFILE  the peer; default: sid's, in its chroot
#   VM_OUT        where everything is left; default build/vm
#   BESIDE        a command of further tests that is run meanwhile
#   REUSE=1       judge again what an earlier run captured, no boots
set -euo pipefail
. "$(dirname "$0")/env.sh"
. "$VM/judge.sh"

out=${VM_OUT:-$TOP/build/vm}
export CAPDUMP=${CAPDUMP:-$TOP/build/capdump}
levels="0 1 2 4 8 16 31"
every_page=${EVERY_PAGE:-$TOP/build/zstd/every_page}
for program in "$CAPDUMP" "$every_page"; do
	[ -x "$program" ] || die "no $program: build it first"
done
mkdir -p "$out" && out=$(readlink -f "$out")
: > "$out/results.txt"
"$VM/chroot.sh" --make

# each level with another codec, as long as there are codecs
codec_of() {
	case $1 in 0) echo -p ;; 2) echo -l ;; 4) echo -c ;; 16) echo -l ;; esac
}

peer() { # OPTIONS...
	if [ -n "${MAKEDUMPFILE:-}" ]; then
		"$MAKEDUMPFILE" "$@"
	else
		BIND=$out "$VM/chroot.sh" makedumpfile "$@"
	fi
}

# does arch/ trust the makedumpfile there is?
has_peer() {
	local which=sid
	[ -z "${MAKEDUMPFILE:-}" ] || which=upstream
	case " $peers " in *" $which "*) ;; *) return 1 ;; esac
}

capture() { # KEY DIR: boot, panic, capture
	local key=$1 dir=$2 kernel=$3 record='' append=${1%%@*}
	[ "$key" != 6.12 ] || record=$dir/writes
	append=${append#"${key%%[+@]*}"}
	rm -rf "$dir" && mkdir -p "$dir"
	CAPDUMP=$guest_capdump RECORD=$record APPEND="${append//+/ } ${APPEND:-}" LEVELS="$guest_levels" \
		"$VM/boot.sh" "$kernel" "$dir" || return 1
	[ ! -e "$kernel/vmlinux" ] ||
		ln -f "$kernel/vmlinux" "$dir/vmlinux" 2> /dev/null ||
		cp "$kernel/vmlinux" "$dir/vmlinux"
}

on_host() { # KEY DIR: the dumps the guest made, made again
	local key=$1 dir=$2 level
	for level in 31 1; do
		rm -f "$dir/host.$level"
		if [ -n "${HOSTED:-}" ] ||
			[[ " $guest_levels " != *" $level "* ]]; then
			rm -f "$dir/d$level"
			claim "$key d$level: capdump makes it" quiet \
				"$dir/host.log" "$CAPDUMP" -d $level \
				"$dir/vmcore" "$dir/d$level"
			continue
		fi
		claim "$key d$level: the guest's capdump ended well" \
			ended_well "$dir/d$level.cost.json"
		claim "$key d$level: capdump makes it on the host" quiet \
			"$dir/host.log" "$CAPDUMP" -d $level \
			"$dir/vmcore" "$dir/host.$level"
		claim "$key d$level: guest and host write the same bytes" \
			cmp "$dir/d$level" "$dir/host.$level"
	done
	claim "$key d31: verify" quiet "$dir/verify.log" \
		"$CAPDUMP" verify "$dir/d31"
	claim "$key d1: verify" quiet "$dir/verify.log" \
		"$CAPDUMP" verify "$dir/d1"
	claim "$key: the zstd encoder, every page, both decoders" \
		quiet "$dir/every.log" "$every_page" "$dir/vmcore" "$PAGE_SIZE"
	[ -n "${no_estimate:-}" ] ||
		claim "$key: estimate of the vmcore is what came" \
			estimated "$dir"
	# how right it was in the running kernel: claimed where nothing moves
	[ -z "${quiet_lists:-}" ] || claim "$key: estimate foretold the dumps" \
		/usr/bin/python3 -B "$VM/estimate.py" "$dir"
	[ ! -e "$dir/estimate.json" ] ||
		{ /usr/bin/python3 -B "$VM/estimate.py" "$dir" || true; } |
		sed "s/^/NOTE $key: estimate /"
	[ -n "${HOSTED:-}" ] || [ ! -e "$dir/check.json" ] ||
		claim "$key: check foretold the capture" \
			/usr/bin/python3 -B "$VM/checked.py" "$dir"
	claim "$key d31: info names release and panic" info_names "$dir"
	claim "$key d31: info knows where the CPUs were" quiet \
		"$dir/registers.log" registers "$dir"
	claim "$key d31: triage names panic, function and modules" quiet \
		"$dir/triage.log" triaged "$dir"
	claim "$key d31: dmesg is the vmcore's" same_dmesg "$dir"
}

estimated() { # DIR
	"$CAPDUMP" estimate --json --vmcore "$1/vmcore" \
		> "$1/vmcore.estimate.json" 2> "$1/estimate.log" &&
		/usr/bin/python3 -B "$VM/estimate.py" "$1" vmcore.estimate.json
}

sets() { # KEY DIR: which pages, and what is in them
	local key=$1 dir=$2 level args=() image=$2/vmcore
	[ ! -e "$dir/vmcore.peer" ] || image=$dir/vmcore.peer
	for level in $levels; do
		rm -f "$dir/set.$level" "$dir/peer.$level"
		# shellcheck disable=SC2046 # an option or nothing
		claim "$key d$level: capdump $(codec_of "$level") ends well" \
			quiet "$dir/set.log" "$CAPDUMP" $(codec_of "$level") \
			-d "$level" "$dir/vmcore" "$dir/set.$level"
		if ! has_peer; then
			args+=("$level:$dir/set.$level:")
			continue
		fi
		peer -l -d "$level" --message-level 0 "$image" \
			"$dir/peer.$level" > "$dir/peer.log" 2>&1 ||
			claim "$key d$level: the peer" false
		args+=("$level:$dir/set.$level:$dir/peer.$level")
	done
	/usr/bin/python3 -B "$VM/sets.py" "$key" "$dir" "${args[@]}" |
		tee -a "$out/results.txt" || true
	rm -f "$dir"/set.[0-9]* "$dir"/peer.[0-9]*
}

# crash reads kernels up to 6.12, drgn all of which there is debuginfo
readers() { # KEY DIR
	[ -z "$struct_pages" ] || claim "$1: the struct pages, walked to" \
		/usr/bin/python3 -B "$VM/$struct_pages" "$2/vmcore" \
		$(($(stat -c %s "$2/kpageflags") / 8 - 1)) "$2/pages"
	[ -e "$2/vmlinux" ] || return 0
	read_symbols "$1" "$2"
	read_drgn "$1" "$2"
	case $1 in 5.* | 6.1*) read_crash "$1" "$2" ;; esac
}

fails() { # LOG
	cat "$1"
	return 1
}

# other kernels than the three come and go in the archive
no_kernel() { # KEY
	case ${1%%[+@]*} in
	6.1 | 6.12 | 7.2 | arm64-* | ppc64le-* | ppc64le64k-* | riscv64-*) claim "$1: a kernel" fails "$out/kernel.log" ;;
	*) echo "SKIP $1: $(tail -n 1 "$out/kernel.log")" |
		tee -a "$out/results.txt" ;;
	esac
	return 1
}

judge() { # KEY: all claims of one crash
	local key=$1 dir=$out/${1/@/-} kernel machine=x86_64
	local guest_capdump=$CAPDUMP page_size=4096 struct_pages='' triplet=''
	prepare() { :; }
	also() { :; }
	case ${key%%[+@]*} in *-*) machine=${key%%-*} ;; esac
	# shellcheck source=arch/x86_64.sh # or another of arch/
	. "$VM/arch/$machine.sh" || return 1
	export PAGE_SIZE=$page_size
	# shellcheck disable=SC1090 # one of machine/
	[ "$key" = "${key%@*}" ] || . "$VM/machine/${key#*@}" || return 1
	{ kernel=$("$VM/kernel.sh" --debug "${key%%[+@]*}") &&
		"${tools[@]}" true && "${qemu[@]}" -version > /dev/null &&
		{ [ -z "$triplet" ] || "$VM/sysroot.sh" "$machine" > /dev/null; }
	} 2> "$out/kernel.log" ||
		no_kernel "$key" || return 0
	if [ -z "${REUSE:-}" ]; then
		if [ "$machine" != x86_64 ]; then
			claim "$key: capdump cross-built" \
				quiet "$out/cross.log" "$VM/cross.sh" "$machine"
			guest_capdump=$(tail -n 1 "$out/cross.log")
		fi
		claim "$key: panic and capture" capture "$key" "$dir" "$kernel"
	fi
	[ -s "$dir/vmcore" ] || return 0
	on_host "$key" "$dir"
	readers "$key" "$dir"
	read_kdumpfile "$key" "$dir"
	prepare "$key" "$dir"
	sets "$key" "$dir"
	also "$key" "$dir"
	[ "$key" != 6.1 ] || crash_forms "$key" "$dir"
	[ "$key" != 6.12 ] || cut_short "$key" "$dir"
	[ ! -e "$dir/writes" ] || /usr/bin/python3 -B "$VM/powercut.py" \
		"$key" "$dir" "$CAPDUMP" | tee -a "$out/results.txt" || true
}

[ $# -gt 0 ] || die "which kernels?"
[ -z "${BESIDE:-}" ] || { $BESIDE > "$out/beside.log" 2>&1 & beside=$!; }
for key in "$@"; do
	begun=$SECONDS
	# what a machine sets ends with it
	(judge "$key") || claim "$key: judged to the end" false
	echo "$key: $((SECONDS - begun)) s"
done

if [ -n "${beside:-}" ]; then
	claim "what ran beside the machines" wait "$beside"
	grep -E '^(PASS|FAIL|SKIP)' "$out/beside.log" |
		tee -a "$out/results.txt" || true
	# what explains a FAIL stands behind it
	! grep -q '^FAIL' "$out/beside.log" || cat "$out/beside.log"
fi

passed=$(grep -c '^PASS' "$out/results.txt" || true)
bad=FAIL
[ "${CI:-}" != true ] || bad='FAIL|SKIP'
failed=$(grep -cE "^($bad)" "$out/results.txt" || true)
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
