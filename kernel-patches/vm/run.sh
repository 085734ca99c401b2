#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs cases: boots a kernel under QEMU (software emulation), panics it, captures
# with capdump, and has the case's judge look at what came out. README.md says
# what a case is. usage: run.sh [CASE...]        (all, where none is named)
# Prints PASS and FAIL lines; the last line is `N passed, N failed`.
# environment: VM_OUT   where results go (build/kernel-patches/vm)
set -euo pipefail
. "$(dirname "$0")/../scripts/env.sh"

results=${VM_OUT:-$TOP/build/kernel-patches/vm}
passed=0 failed=0
guest=$PATCHES/vm/guest

tell() { # LINE
	case $1 in
	PASS*) passed=$((passed + 1)) ;;
	FAIL*) failed=$((failed + 1)) ;;
	*) set -- "    $1" ;;
	esac
	echo "$1"
}

# compile_guest ARCH OUT FILE.c...: static programs, their paths are printed
compile_guest() {
	local arch cross where file tools=() machine=$1 out=$2
	shift 2
	machine_words "$machine"
	# shellcheck source=/dev/null
	. "$VM/arch/$machine.sh"
	mkdir -p "$out/bin"
	for file in "$@"; do
		BIND="$out $PATCHES" "${tools[@]}" "${cross}gcc" -std=gnu11 -O2 -Wall -static -pthread \
			-o "$out/bin/$(basename "$file" .c)" "$file"
		echo "$out/bin/$(basename "$file" .c)"
	done
}

# what QEMU gets for the case's NVDIMM
nvdimm() { # SIZE FILE
	local size
	# ndctl calls a namespace misaligned where the label area takes from it
	size=$(($(numfmt --from=iec "$1") + 131072))
	[ -e "$2" ] || truncate -s "$size" "$2"
	echo "-machine nvdimm=on -object memory-backend-file,id=nvm,share=on,mem-path=$2,size=$size -device nvdimm,id=nv1,memdev=nvm,label-size=128K"
}

boot() { # CASE OUT: in a subshell, the case's words become boot.sh's
	local ARCH=x86_64 MEM=1G NVDIMM=0 APPEND='' FIRST=patched CAPTURE=patched \
		QEMU='' CRASHKERNEL=256M CAPTURE_APPEND='' SMP=2 TIMEOUT=600 \
		PROGRAMS='' DISK=6G case=$1 out=$2 first files=()
	# shellcheck source=/dev/null
	. "$case/machine"
	first=$("$PATCHES/vm/kernel.sh" "$ARCH" "$FIRST") || return 1
	capture=$("$PATCHES/vm/kernel.sh" "$ARCH" "$CAPTURE") || return 1
	echo "$first" > "$out/kernel.first"
	echo "$capture" > "$out/kernel.capture"
	case $ARCH in
	x86_64) CAPDUMP=$TOP/build/capdump
		PROGRAMS="$PROGRAMS /usr/bin/ndctl /usr/bin/daxctl /usr/bin/readelf /sbin/mke2fs" ;;
	*) CAPDUMP=$("$VM/cross.sh" "$ARCH") || return 1 ;;
	esac
	cp "$case/first.sh" "$out/files/case_first.sh"
	cp "$case/capture.sh" "$out/files/case_capture.sh"
	cp "$guest/load_crash" "$out/files/"
	mapfile -t files < <(compgen -G "$guest/*.c" || true; compgen -G "$case/*.c")
	compile_guest "$ARCH" "$out/files" "${files[@]}" > /dev/null
	mapfile -t files < <(find "$out/files" -type f)
	if [ "$NVDIMM" != 0 ]; then
		case $MEM in *slots=*) ;; *) MEM=$MEM,slots=4,maxmem=64G ;; esac
		QEMU="$(nvdimm "$NVDIMM" "$out/nvdimm.img") $QEMU"
	fi
	# boot.sh puts crashkernel= first
	case $APPEND in *crashkernel=*)
		CRASHKERNEL="${APPEND#*crashkernel=} ${APPEND%%crashkernel=*}"
		APPEND='' ;;
	esac
	export MEM SMP TIMEOUT APPEND CAPTURE_APPEND CAPDUMP PROGRAMS DISK \
		CRASHKERNEL
	FIRST=$guest/first.sh CAPTURE=$guest/capture.sh BALLOON='' RAW='' \
		CAPTURE_KERNEL=$capture/vmlinuz QEMU_WORDS=$QEMU \
		FILES="${files[*]}" LEVELS='' \
		"$VM/boot.sh" "$first" "$out"
}

run_case() { # NAME
	local case=$PATCHES/vm/$1 out=$results/$1 line lines=0 status=0
	local started=$SECONDS
	for line in machine first.sh capture.sh judge; do
		[ -e "$case/$line" ] || { tell "FAIL $1: no $line"; return; }
	done
	rm -rf "$out" && mkdir -p "$out/files"
	(boot "$case" "$out") > "$out/run.log" 2>&1 || status=$?
	echo "$status" > "$out/boot.status"
	if [ ! -e "$out/kernel.capture" ] || [ ! -s "$out/boot.log" ]; then
		tell "FAIL $1: nothing was booted: $(tail -n 1 "$out/run.log")"
		return
	fi
	# shellcheck disable=SC2097,SC2098 # TOP is the same
	{ CAPDUMP=$TOP/build/capdump TOP=$TOP FIRST=$(cat "$out/kernel.first") \
		CAPTURE=$(cat "$out/kernel.capture") \
		"$case/judge" "$out" 2>&1 || echo "FAIL judge: exit status $?"; } \
		> "$out/judge.log"
	while IFS= read -r line; do
		case $line in
		"PASS "*|"FAIL "*) lines=$((lines + 1))
			tell "${line%% *} $1: ${line#* }" ;;
		*) tell "$line" ;;
		esac
	done < "$out/judge.log"
	[ "$lines" != 0 ] || tell "FAIL $1: the judge said nothing"
	echo "    $1: $((SECONDS - started)) s, boot.sh's status $status"
}

cases=("$@")
if [ $# = 0 ]; then
	for case in "$PATCHES"/vm/*/machine; do
		[ ! -e "$case" ] || cases+=("$(basename "$(dirname "$case")")")
	done
fi
[ ${#cases[@]} != 0 ] || tell "FAIL there are no cases"
for case in "${cases[@]}"; do run_case "$case"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
