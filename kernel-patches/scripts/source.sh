#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints a git tree with Linux's source as Debian sid has it: one commit, the tag
# `debian`. It is made once for a version of the package and stays in the cache.
# Of 7.2 the newest; without that the newest of any version, which is said.
# usage: source.sh
set -euo pipefail
. "$(dirname "$0")/env.sh"

wanted='7.2'

source_package() {
	"$VM/fetch.sh" sid "linux-source-${wanted//./[.]}" && return 0
	echo "source.sh: neither sid nor the cache has Linux $wanted, taking the" \
		"newest that sid has" >&2
	"$VM/fetch.sh" sid 'linux-source-[0-9]+[.][0-9]+'
}

package=$(source_package)
tree=$STORE/linux-${package##*=}
exec 8> "$tree.lock"
flock 8
if [ ! -e "$tree/.git/made" ]; then
	rm -rf "$tree" && mkdir -p "$tree"
	tar -C "$tree" --strip-components=1 \
		-xf "$package"/usr/src/linux-source-*.tar.xz
	git -C "$tree" init -q
	git -C "$tree" config core.preloadIndex true
	git -C "$tree" config gc.auto 0
	git -C "$tree" add -A -f
	git -C "$tree" commit -q -m "Linux ${package##*=} as Debian has it"
	git -C "$tree" tag debian
	touch "$tree/.git/made"
fi
echo "$tree"
