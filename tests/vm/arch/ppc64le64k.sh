# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC1091
# ppc64le with pages of 64 KiB.
. "$VM/arch/ppc64le.sh"
flavour=powerpc64le-64k page_size=65536
