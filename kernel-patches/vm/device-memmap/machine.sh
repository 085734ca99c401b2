# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by the machines of these cases: an NVDIMM of 512 MiB full of 0xa5, and
# the guest's scripts.
NVDIMM=512M TIMEOUT=900
PROGRAMS="$PROGRAMS /usr/bin/ndctl /usr/bin/readelf /sbin/mke2fs"
cp "$PATCHES/vm/device-memmap/guest/"* "$out/files/"

# fill_nvdimm: all but the label area, which follows it
fill_nvdimm() {
	head -c "$NVDIMM" /dev/zero | tr '\0' '\245' > "$out/nvdimm.img"
	truncate -s +128K "$out/nvdimm.img"
}
