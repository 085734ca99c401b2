# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2016
# Sourced by the scripts here: where caches live, and how a script ends badly.
# Nothing below CACHE is needed twice: delete it and it is fetched again.
CACHE=${CAPDUMP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/capdump}
VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$VM/../.." && pwd)
mkdir -p "$CACHE"
# before a program of the host's that takes a newer Debian: arch/ may say
tools=()

die() { echo "${0##*/}: $*" >&2; exit 1; }

# the mirror this machine's apt uses
mirror() {
	apt-get indextargets --format '$(SITE)' | grep -m 1 -v security
}

# machine_of KERNELDIR: the file in arch/ for a kernel of kernel.sh
machine_of() {
	cat "$1/machine" 2> /dev/null || echo x86_64
}

# lock NAME: one process at a time fills a part of the cache
lock() {
	exec 9> "$CACHE/$1.lock"
	flock 9
}
