# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that would capture its crash, as a copy of its /proc, /sys and
settings: for t_check.py."""

import gzip
import os

from harness import CAPDUMP
from archive import cpio

RELEASE = "6.12.0-test"
INITRD = "var/lib/kdump/initrd.img-" + RELEASE
DRACUT = "boot/initramfs-%skdump.img" % RELEASE
IOMEM = """00001000-0009fbff : System RAM
00100000-bfffffff : System RAM
  01000000-02ffffff : Kernel code
  a0000000-afffffff : Crash kernel
c0000000-c00fffff : ACPI Tables
100000000-13fffffff : System RAM
"""
HIGH = IOMEM.replace("  a0000000-afffffff : Crash kernel\n", "").replace(
    "13fffffff : System RAM\n",
    "13fffffff : System RAM\n  120000000-12fffffff : Crash kernel\n")
FLAGS = "processor\t: 0\nflags\t\t: fpu %s\nbugs\t\t:\n"
RULE = 'SUBSYSTEM=="%s", ACTION=="add", PROGRAM="kdump-config try-reload"\n'


EARLY = cpio(("kernel", 0o40755, b""), ("kernel/x86", 0o40755, b""),
             ("kernel/microcode.bin", 0o100644, b"x" * 513))
PLAIN = EARLY + gzip.compress(cpio(("init", 0o100755, b"#!/bin/sh\n")), 1)


def machine():
    """Files of one on which all is well."""
    with open(CAPDUMP, "rb") as file:
        program = file.read()
    return {
        "proc/cmdline": "ro quiet crashkernel=256M\n",
        "proc/iomem": IOMEM,
        "proc/mounts": "/dev/vda1 / ext4 rw,relatime 0 0\n",
        "proc/sys/kernel/osrelease": RELEASE + "\n",
        "proc/sys/kernel/arch": "x86_64\n",
        "proc/sys/kernel/kexec_load_disabled": "0\n",
        "sys/kernel/kexec_crash_loaded": "1\n",
        "sys/kernel/kexec_crash_size": "268435456\n",
        "sys/devices/system/cpu/possible": "0-3\n",
        "sys/devices/system/cpu/present": "0-3\n",
        "etc/default/kdump-tools":
            '#KDUMP_COREDIR="/nowhere"\nKDUMP_COREDIR="/var/crash"\n',
        "usr/sbin/kdump-config": "",
        "usr/bin/makedumpfile": program,
        INITRD: PLAIN,
        "var/crash/kexec_cmd": "",
    }


def build(box, files, name="root"):
    for path, content in files.items():
        full = os.path.join(box.path(name), path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if content is None:
            if os.path.exists(full):
                os.unlink(full)
            continue
        with open(full, "wb") as file:
            file.write(content.encode() if isinstance(content, str)
                       else content)
    return box.path(name)
