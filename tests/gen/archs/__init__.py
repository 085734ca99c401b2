# SPDX-License-Identifier: GPL-2.0-or-later
"""The machines that a fixture's 'arch' can name, a module each.

To add one: a file named as the architecture, with a class 'Arch' derived from
arch.Arch, which documents each attribute and method.  What it must say: ELF machine, class and byte order;
page sizes; where image, linear map, vmemmap, vmalloc area and modules lie;
levels and entries of the page tables; VMCOREINFO's last lines
(arch_crash_save_vmcoreinfo()); the registers of a PRSTATUS note; the image's
symbols, and what of it is freed after boot.  Each fact names its source in
the kernel.  Then a fixture good-ARCH-*.txt for each paging mode.
"""

import importlib
import os

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = sorted(n[:-3] for n in os.listdir(HERE)
               if n.endswith(".py") and n not in ("__init__.py", "arch.py", "lowmem.py"))


def get(fx):
    """The architecture of a fixture."""
    if fx["arch"] not in NAMES:
        raise SystemExit("arch %s: known are %s"
                         % (fx["arch"], ", ".join(NAMES)))
    return importlib.import_module("archs." + fx["arch"]).Arch(fx)
