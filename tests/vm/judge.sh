# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # out, key: check.sh
# What check.sh claims of a dump, and how the readers are asked. Sourced.

# claim WHAT COMMAND...: PASS if the command succeeds
claim() {
	local what=$1 status=PASS log
	shift
	log=$(mktemp)
	"$@" > "$log" 2>&1 || status=FAIL
	echo "$status $what" | tee -a "$out/results.txt"
	[ $status = PASS ] || sed 's/^/    /' "$log" | tail -n 8
	rm -f "$log"
}

# quiet LOG COMMAND...: output to a log, its end shown when it fails
quiet() {
	local log=$1
	shift
	"$@" > "$log" 2>&1 || { echo "status $?"; tail -n 5 "$log"; return 1; }
}

ended_well() {
	cat "$1"
	grep -q '"status": 0}' "$1"
}

info_names() { # DIR
	local dir=$1
	"$CAPDUMP" info "$dir/d31" > "$dir/info.txt" 2>&1 ||
		{ cat "$dir/info.txt"; return 1; }
	cat "$dir/info.txt"
	grep -qF "$(cat "$dir/release")" "$dir/info.txt" &&
		grep -q 'Kernel panic - not syncing: sysrq' "$dir/info.txt"
}

# where each CPU was is kernel text, and the first that panicked says so itself
registers() { # DIR
	"$CAPDUMP" info --json "$1/d31" | /usr/bin/python3 -B "$VM/registers.py" \
		"$1/kallsyms.txt"
}

triaged() { # DIR
	"$CAPDUMP" triage --json "$1/d31" | /usr/bin/python3 -B \
		"$VM/triaged.py" "$1/release" "$1/modules.txt"
}

same_dmesg() { # DIR: raw vmcore and dump; the log ends with the panic
	local dir=$1
	"$CAPDUMP" dmesg "$dir/vmcore" > "$dir/dmesg.vmcore" || return 1
	"$CAPDUMP" dmesg "$dir/d31" > "$dir/dmesg.d31" || return 1
	cmp "$dir/dmesg.vmcore" "$dir/dmesg.d31" &&
		grep -q 'Kernel panic - not syncing: sysrq' "$dir/dmesg.d31"
}

# --- drgn (which reads dumps through libkdumpfile)

drgn_view() { # DIR DUMP: DUMP.view
	BIND="$1 $VM" timeout 300 "$VM/chroot.sh" /usr/bin/python3 -B \
		"$VM/drgn_view.py" "$2" "$1/vmlinux" > "$2.view"
}

section() { # FILE NAME
	sed -n "/^=== $2\$/,/^===/p" "$1" | grep -v '^==='
}

same_section() { # DIR DUMP NAME
	section "$1/vmcore.view" "$3" > "$1/want.txt"
	section "$2.view" "$3" > "$1/have.txt"
	[ -s "$1/want.txt" ] && diff "$1/want.txt" "$1/have.txt"
}

# drgn also names the thread or CPU that spoke, and the time once for a record
# of several lines
dmesg_is_drgns() { # DIR
	section "$1/vmcore.view" dmesg | sed -E \
		's/^(\[ *[0-9]+\.[0-9]+\]) \[ *[TC][0-9]+\] /\1 /' |
		awk '/^\[ *[0-9]+\.[0-9]+\]/ { time = substr($0, 1, index($0, "]"))
			print; next }
		$0 != "" { print time " " $0 }' > "$1/want.txt"
	diff -B "$1/want.txt" "$1/dmesg.d31"
}

drgn_dump() { # KEY DIR
	local key=$1 dir=$2 part
	claim "$key d31: drgn opens it" drgn_view "$dir" "$dir/d31"
	for part in uts tasks panic dmesg; do
		claim "$key d31: drgn's $part as in the raw vmcore" \
			same_section "$dir" "$dir/d31" $part
	done
	! drgn_can stack ||
		claim "$key d31: drgn's panic task has sysrq_handle_crash" \
			grep -q '^  sysrq_handle_crash' "$dir/d31.view"
}

drgn_can() { # WHAT: of what arch/ names
	case " $drgn " in *" $1 "*) ;; *) return 1 ;; esac
}

read_drgn() { # KEY DIR
	local key=$1 dir=$2
	drgn_can core || return 0
	claim "$key: drgn reads the raw vmcore" drgn_view "$dir" "$dir/vmcore"
	claim "$key d31: capdump's dmesg is drgn's" dmesg_is_drgns "$dir"
	if ! drgn_can dump; then
		# whoever wrote it: "No way to translate"
		echo "NOTE $key d31: libkdumpfile has no page tables of $machine"
	elif grep -qE '^[0-9]+\.[0-9]+\.[0-9]' "$dir/release"; then
		drgn_dump "$key" "$dir"
	else
		# whoever wrote it: libkdumpfile 0.5.6 "Invalid kernel version"
		echo "NOTE $key d31: libkdumpfile translates nothing for a" \
			"release of two numbers, $(cat "$dir/release")"
	fi
	! drgn_can pages || claim "$key: drgn's struct pages" env BIND="$dir $VM" \
		"$VM/chroot.sh" /usr/bin/python3 -B "$VM/drgn_pages.py" \
		"$dir/vmcore" "$dir/vmlinux" \
		$(($(stat -c %s "$dir/kpageflags") / 8 - 1)) "$dir/pages"
}

# --- libkdumpfile itself

# Reads FILEs, together, or DUMP: they have DUMP's pages, as VMCORE has them.
in_kdumpfile() { # DIR VMCORE DUMP [FILE...]
	local dir=$1
	shift
	BIND="$dir $VM" "$VM/chroot.sh" /usr/bin/python3 -B \
		"$VM/kdumpfile.py" "$@"
}

read_kdumpfile() { # KEY DIR
	local level
	for level in 31 1; do
		claim "$1 d$level: libkdumpfile reads every page, and no other" \
			in_kdumpfile "$2" "$2/vmcore" "$2/d$level"
	done
	claim "$1 flat: libkdumpfile reads the stream, whole and cut short" \
		streams "$2" "$2/vmcore" 31
	quiet "$2/flat.log" /usr/bin/python3 "$TOP/tests/gen/mkimage.py" \
		"$TOP/tests/e2e/three-windows.txt" "$2/windows" || true
	claim "$1 flat: also where a window of memory was not reached" \
		env_page 4096 streams "$2" "$2/windows" 0
	rm -f "$2"/windows* "$2"/flat*
}

env_page() { # BYTES COMMAND...: a file with pages of another size
	local -x PAGE_SIZE=$1
	shift
	"$@"
}

# Is a dump to -R what the stream is to libkdumpfile, which puts it together by
# itself? Also where a limit ended it half-way: then bits of bitmap 2 are zero
# that nobody wrote one by one.
streams() { # DIR VMCORE LEVEL
	local dir=$1 limit status
	for limit in 1T ''; do
		limit=${limit:-$(($(stat -c %s "$dir/flat") / 2))}
		status=0
		"$CAPDUMP" -F -d "$3" -L "$limit" "$2" > "$dir/flat" \
			2> "$dir/flat.log" || status=$?
		"$CAPDUMP" -R -f "$dir/flat.dump" < "$dir/flat" || return 1
		echo "limit $limit: status $status"
		[ "$limit" = 1T ] || [ $status = 3 ] || return 1
		in_kdumpfile "$dir" "$2" "$dir/flat.dump" "$dir/flat" || return 1
	done
}

# --- crash

crash_view() { # DIR DUMP [FILE...]: DUMP.COMMAND for each command, read in FILEs
	local dir=$1 dump=$2 c
	shift 2
	[ $# -gt 0 ] || set -- "$dump"
	rm -f "$dump".crash.*
	for c in sys bt ps log 'kmem -i'; do
		echo "$c > $dump.crash.${c%% *}"
	done > "$dir/commands"
	BIND=$dir timeout 300 "$VM/chroot.sh" crash -s -i "$dir/commands" \
		"$dir/vmlinux" "$@" < /dev/null > "$dump.crash" 2>&1
	cat "$dump.crash"
	[ -s "$dump.crash.kmem" ]
}

same_crash() { # DIR DUMP COMMAND MUST-HAVE
	# what it was given, one file or several
	sed '/ DUMPFILES\{0,1\}: /d' "$1/vmcore.crash.$3" > "$1/want.txt"
	sed '/ DUMPFILES\{0,1\}: /d; / \[PARTIAL DUMP\]$/d' "$2.crash.$3" \
		> "$1/have.txt"
	grep -q "$4" "$1/have.txt" && diff "$1/want.txt" "$1/have.txt"
}

read_crash() { # KEY DIR
	local key=$1 dir=$2
	claim "$key: crash reads the raw vmcore" crash_view "$dir" "$dir/vmcore"
	claim "$key d31: crash opens it" crash_view "$dir" "$dir/d31"
	same_crash_all "$key d31" "$dir" "$dir/d31"
	claim "$key d31: crash's kmem -i as in the raw vmcore" \
		same_crash "$dir" "$dir/d31" kmem 'TOTAL MEM'
}

# other forms of the dump: an ELF dump, and the parts of a split one together
crash_forms() { # KEY DIR
	local key=$1 dir=$2 parts
	parts="$dir/part.1 $dir/part.2 $dir/part.3"
	claim "$key elf: capdump makes it" quiet "$dir/elf.log" \
		"$CAPDUMP" -f -E -d 31 "$dir/vmcore" "$dir/elf"
	claim "$key elf: crash opens it" crash_view "$dir" "$dir/elf"
	same_crash_all "$key elf" "$dir" "$dir/elf"
	# shellcheck disable=SC2086 # words
	claim "$key split: capdump makes it" quiet "$dir/split.log" \
		"$CAPDUMP" -f --split -d 31 "$dir/vmcore" $parts
	# shellcheck disable=SC2086
	claim "$key split: crash opens the parts" \
		crash_view "$dir" "$dir/split" $parts
	same_crash_all "$key split" "$dir" "$dir/split"
	# shellcheck disable=SC2086
	rm -f "$dir/elf" $parts
}

same_crash_all() { # WHAT DIR DUMP
	claim "$1: crash's sys as in the raw vmcore" \
		same_crash "$2" "$3" sys 'PANIC: "Kernel panic'
	claim "$1: crash's bt as in the raw vmcore" \
		same_crash "$2" "$3" bt sysrq_handle_crash
	claim "$1: crash's ps as in the raw vmcore" \
		same_crash "$2" "$3" ps kthreadd
	claim "$1: crash's log as in the raw vmcore" \
		same_crash "$2" "$3" log 'Kernel panic - not syncing'
}

# --- -g and -x

read_symbols() { # KEY DIR
	claim "$1: -g says what the kernel says, -x drops what its note lets drop" \
		/usr/bin/python3 -B "$VM/symbols.py" "$CAPDUMP" "$2/vmcore" \
		"$2/vmlinux"
}

# --- a dump that stops when ranks 0 and 1 are out

cut() { # DIR
	local dir=$1 limit status=0
	limit=$(/usr/bin/python3 -B "$VM/cutpoint.py" "$dir/d31") || return 1
	limit=$(((limit + 65535) / 65536 * 65536))
	rm -f "$dir/cut"
	"$CAPDUMP" -d 31 -L $limit "$dir/vmcore" "$dir/cut" || status=$?
	echo "status $status, limit $limit"
	[ $status = 3 ] && [ "$(stat -c %s "$dir/cut")" -le $limit ]
}

half_of_whole() { # DIR
	local cut whole
	cut=$(stat -c %s "$1/cut") whole=$(stat -c %s "$1/d31")
	echo "$cut of $whole bytes"
	[ $((2 * cut)) -le "$whole" ]
}

incomplete() { # DUMP: verify says so, and that what is there is good
	local status=0
	"$CAPDUMP" verify "$1" || status=$?
	[ $status = 3 ]
}

cut_short() { # KEY DIR
	local key=$1 dir=$2
	claim "$key cut: a limit after ranks 0 and 1 ends with status 3" \
		cut "$dir"
	claim "$key cut: verify says good but not complete" \
		incomplete "$dir/cut"
	claim "$key cut: no more than half of the whole dump's bytes" \
		half_of_whole "$dir"
	claim "$key cut: drgn opens it" drgn_view "$dir" "$dir/cut"
	for part in uts tasks panic dmesg; do
		claim "$key cut: drgn's $part as in the raw vmcore" \
			same_section "$dir" "$dir/cut" "$part"
	done
	crash_view "$dir" "$dir/cut" > /dev/null 2>&1 || true
	same_crash_all "$key cut" "$dir" "$dir/cut"
}
