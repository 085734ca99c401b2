#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump info --json DUMP | registers.py KALLSYMS

Names the kernel function that each CPU's program counter lies in, by the
crashed kernel's own /proc/kallsyms. Fails if one is not in its text, or if
none of them was on its way into the capture kernel, or in what $PANICS names.
"""

import bisect
import json
import os
import re
import sys

COUNTERS = ("rip", "eip", "pc", "nip", "psw_addr", "era")
# functions that a kernel panics through, of any architecture
PANICS = re.compile(os.environ.get(
    "PANICS", "crash_kexec|crash_fadump|machine_kdump|crash_setup_regs|"
    "riscv_crash_save_regs"))


def main():
    symbols = []
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words[1] in "tTwW" and len(words) == 3:      # no modules
                symbols.append((int(words[0], 16), words[2]))
    symbols.sort()
    cpus = json.load(sys.stdin)["registers"]
    names = []
    for cpu in cpus:
        counter = int(next(cpu[c] for c in COUNTERS if c in cpu), 16)
        at = bisect.bisect(symbols, (counter, "\x7f")) - 1
        if at < 0 or counter - symbols[at][0] > 1 << 16:
            sys.exit("%#x is in no function of the kernel" % counter)
        names.append(symbols[at][1])
        print(cpu["pid"], "%s+%#x" % (names[-1], counter - symbols[at][0]))
    if not any(PANICS.search(name) for name in names):
        sys.exit("none of the CPUs panicked: %s" % names)


if __name__ == "__main__":
    main()
