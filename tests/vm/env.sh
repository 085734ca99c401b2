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

# what a fragment asks for and the kernel's own rules did not grant
not_granted() { # FRAGMENT .CONFIG
	local line
	while read -r line; do
		case $line in
		CONFIG_*=n) ! grep -q "^${line%n}" "$2" || echo "$line" ;;
		CONFIG_*) grep -qxF "$line" "$2" || echo "$line" ;;
		esac
	done < "$1"
}

# private_apt FOLDER: apt_opts, of an apt with its own list of sources in FOLDER and its
# own idea of what is installed
private_apt() {
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	apt_opts=(-o "Dir::Etc::SourceList=$1/sources.list"
		-o Dir::Etc::SourceParts=/dev/null -o "Dir::State=$1"
		-o "Dir::State::Lists=$1/lists"
		-o "Dir::State::Status=$1/status" -o "Dir::Cache=$1"
		-o Acquire::Languages=none -o APT::Sandbox::User=root)
}

# refresh_apt FOLDER TYPE SUITE: reads the index anew, of TYPE deb or deb-src
refresh_apt() {
	local key=/usr/share/keyrings/debian-archive-keyring.gpg
	touch "$1/status"
	echo "$2 [signed-by=$key] $(mirror) $3 main" > "$1/sources.list"
	apt-get "${apt_opts[@]}" -q update >&2
}
