#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots with the crashkernel= that `capdump estimate` recommends: the first boot
# asks for it, the second has exactly that, panics and captures, the third has
# half of it. Claims as check.sh's; the figures are in NOTE lines.
# usage: recommended.sh KERNEL...
#   KERNEL   as kernel.sh takes it; or a folder that it made
# environment: CAPDUMP (build/capdump), VM_OUT (build/vm)
set -euo pipefail
. "$(dirname "$0")/env.sh"
. "$VM/judge.sh"

out=${VM_OUT:-$TOP/build/vm}
export CAPDUMP=${CAPDUMP:-$TOP/build/capdump} RAW='' LEVELS=31
[ -x "$CAPDUMP" ] || die "no $CAPDUMP: build it first"
mkdir -p "$out" && out=$(readlink -f "$out")
: > "$out/results.txt"

# the running kernel's own word; its initramfs is where kdump-tools has it
ask() { # KERNELDIR DIR
	cat > "$2/first.sh" <<-'S'
	mkdir -p /var/lib/kdump
	ln -s /mnt/vm/initrd "/var/lib/kdump/initrd.img-$(uname -r)"
	capdump estimate --json > /mnt/out/estimate.json 2> /mnt/out/estimate.log ||
		echo "VM: estimate: status $?"
	cat /proc/iomem > /mnt/out/iomem.txt
	sync
	umount /mnt
	echo "VM: asked"
	eval "$power_off"
	S
	CRASHKERNEL=0M FIRST=$2/first.sh DONE='VM: asked' \
		"$VM/boot.sh" "$1" "$2"
}

value() { # FILE KEY...: of the object crash_kernel
	/usr/bin/python3 -c 'import json, sys
v = json.load(open(sys.argv[1]))["crash_kernel"]
for key in sys.argv[2:]: v = v[key]
print(v)' "$@"
}

# the usual capture, and beside it what is free, ten times a second
crash() { # KERNELDIR DIR WORDS
	mkdir -p "$2"
	{
		cat <<-'S'
		while :; do
			grep -E 'MemFree|MemAvail' /proc/meminfo
			sleep 0.1
		done > /tmp/free.txt &
		sampler=$!
		S
		cat "$VM/guest/capture.sh"
	} > "$2/capture.sh"
	CRASHKERNEL=${3#crashkernel=} CAPTURE=$2/capture.sh \
		AFTER="kill \$sampler; cp /tmp/free.txt \$out/free.txt" \
		"$VM/boot.sh" "$1" "$2"
}

reserved() { # DIR BYTES: by the kernel's own map
	/usr/bin/python3 -c 'import re, sys
got = sum(int(b, 16) - int(a, 16) + 1 for a, b in re.findall(
    "(?m)^ *([0-9a-f]+)-([0-9a-f]+) : Crash kernel", open(sys.argv[1]).read()))
print(got, "bytes are reserved,", sys.argv[2], "were recommended")
sys.exit(got != int(sys.argv[2]))' "$1/iomem.txt" "$2"
}

# what was free at the worst moment, of what was reserved
figures() { # KEY DIR BYTES
	/usr/bin/python3 -c 'import sys
key, path, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
least = {}
for line in open(path + "/free.txt"):
    name, number = line.split()[:2]
    least[name] = min(int(number), least.get(name, 1 << 40))
print("NOTE %s: %d MiB reserved; at the least %.0f MiB were free, %.0f available"
      % (key, size >> 20, least["MemFree:"] / 1024,
         least["MemAvailable:"] / 1024))' "$@" | tee -a "$out/results.txt"
}

fails() { # COMMAND...
	! "$@"
}

recommended() { # KEY
	local key=$1 kernel=$1 dir words size half
	[ -e "$1/release" ] || kernel=$("$VM/kernel.sh" "$key") || return 1
	[ "$kernel" != "$key" ] || key=$(cat "$key/release")
	dir=$out/recommended-$key
	rm -rf "$dir" && mkdir -p "$dir/asked"
	claim "$key: a boot that asks" ask "$kernel" "$dir/asked"
	words=$(value "$dir/asked/estimate.json" recommended) || return 1
	size=$(value "$dir/asked/estimate.json" size)
	echo "NOTE $key: $words" | tee -a "$out/results.txt"
	claim "$key: the kernel is expected to grant it" \
		test "$(value "$dir/asked/estimate.json" granted)" = True
	claim "$key: the initramfs was measured" \
		test "$(value "$dir/asked/estimate.json" parts \
			initramfs_unpacked assumed)" = False
	claim "$key: panic and capture with $words" \
		crash "$kernel" "$dir/crash" "$words"
	claim "$key: that was reserved" reserved "$dir/crash" \
		$((size + $(value "$dir/asked/estimate.json" low)))
	claim "$key: the guest's capdump ended well" \
		ended_well "$dir/crash/d31.cost.json"
	claim "$key: verify" quiet "$dir/verify.log" \
		"$CAPDUMP" verify "$dir/crash/d31"
	claim "$key: info names release and panic" info_names "$dir/crash"
	figures "$key" "$dir/crash" "$size" || claim "$key: figures" false
	half=$((size >> 21))
	claim "$key: half of it, ${half}M, is not enough" \
		fails crash "$kernel" "$dir/half" "crashkernel=${half}M"
}

for key in "$@"; do recommended "$key" || claim "$key: to the end" false; done
passed=$(grep -c '^PASS' "$out/results.txt" || true)
failed=$(grep -c '^FAIL' "$out/results.txt" || true)
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
