# SPDX-License-Identifier: GPL-2.0-or-later
"""ppc64le: as ppc64, little-endian but for the page tables' entries."""

from archs.ppc64 import Arch as Base


class Arch(Base):
    BIG = False
    UTS = "ppc64le"
    ELF_FLAGS = 2               # of fadump's header: ABI v2
