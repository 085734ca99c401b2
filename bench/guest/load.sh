#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the guest, in the Debian root: compilers in the middle of their work,
# interpreters with large heaps, the page cache and the slabs of a walk over
# /usr, files in a tmpfs, and free pages that still hold what they held. Ends
# when all of it is there; what it started stays.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/tmp
cd /tmp || exit 1
say() { echo "$(cut -d. -f1 /proc/uptime) s: $*"; }

rss_mib() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$1/status"; }

# freed later: a tree of files in the tmpfs, a heap
cp -r /usr/lib/x86_64-linux-gnu /tmp/stale 2> /dev/null
cp -r /usr/share/perl /tmp/stale 2> /dev/null
say "stale $(du -sm /tmp/stale | cut -f1) MiB"

# the walk: names and inodes, then contents
find / -xdev -ls > /tmp/files.txt 2> /dev/null
say "found $(wc -l < /tmp/files.txt) files"
/usr/bin/python3 /bench/load.py text > /tmp/text.log 2>&1 &
/usr/bin/python3 /bench/load.py numbers > /tmp/numbers.log 2>&1 &
heaps="text numbers"
find /usr /boot /etc /lib /var -xdev -type f -print0 2> /dev/null |
	xargs -0 cat > /dev/null 2>&1
say "read"

# compilers, each stopped in the middle of its work, at another size
/usr/bin/python3 /bench/load.py source > /tmp/big.cc
compile() { # MIB OPTIONS...
	local stop_at=$1
	shift
	$(g++ -print-prog-name=cc1plus) -quiet -imultiarch x86_64-linux-gnu \
		-D_GNU_SOURCE "$@" /tmp/big.cc -o "/tmp/big.$stop_at.s" \
		> /tmp/cc.log 2>&1 &
	growing="$growing $!:$stop_at"
}
stop_grown() {
	local one rest held
	while [ -n "$growing" ]; do
		rest=''
		for one in $growing; do
			held=$(rss_mib "${one%:*}")
			if [ "${held:-0}" -ge "${one#*:}" ]; then
				kill -STOP "${one%:*}"
				say "compiler stopped: $held MiB"
			elif [ -n "$held" ]; then
				rest="$rest $one"
			else
				say "compiler ended: $(tail -n 1 /tmp/cc.log)"
			fi
		done
		growing=$rest
		sleep 0.3
	done
}
compile 180 -O0
compile 240 -O2 -g
stop_grown
compile 220 -O1 -std=c++20
compile 300 -O0 -g
stop_grown

/usr/bin/python3 /bench/load.py heap
rm -rf /tmp/stale
mkdir /tmp/keep
cp -r /usr/include /usr/share/perl /tmp/keep/
tar -cf - /usr/lib/python3* /usr/bin 2> /dev/null | gzip -1 |
	head -c 60M > /tmp/keep/archive.tar.gz
say "tmpfs $(du -sm /tmp | cut -f1) MiB"

for name in $heaps; do
	for _ in $(seq 600); do
		[ ! -e "/tmp/$name.ready" ] || break
		sleep 0.5
	done
	say "$name: $(cat "/tmp/$name.ready" "/tmp/$name.log")"
done
free -m
say "loaded"
