#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""reservation.py KEY [NAME...]: boots a kernel (as kernel.sh takes it) with
each crashkernel= of its table (or those that are named), and holds what it
reserved against what `capdump reservation` says of the same command line and
of the memory map of a boot without crashkernel=, and of that boot's own. A PASS
or FAIL line each. An answer that calls itself uncertain may be wrong; the line
says so.

Environment: CAPDUMP (build/capdump), VM_OUT (build/vm); REUSE=1 judges again
what an earlier run left there."""

import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LOW = 1 << 32

# The fifteen cases of the patches for arm64 of 2022, by their names there; and
# those of which only some kernels or only one architecture know.
SERIES = {
    "1": "crashkernel=4G",
    "2": "crashkernel=4G crashkernel=512M,high crashkernel=512M,low",
    "3": "crashkernel=4G crashkernel=512M,high",
    "4": "crashkernel=4G crashkernel=512M,low",
    "5": "crashkernel=4G@0xe0000000",
    "6": "crashkernel=512M",
    "7": "crashkernel=128M",
    "8": "crashkernel=512M@0xde000000",
    "9": "crashkernel=4G,high",
    "a": "crashkernel=4G,high crashkernel=512M,low",
    "b": "crashkernel=512M,high crashkernel=128M,low",
    "c": "crashkernel=128M,high",
    "d": "crashkernel=512M,low",
    "e": "crashkernel=512M,high crashkernel=0,low",
    "f": "crashkernel=4G,high crashkernel=ab,low",
}
MORE = {
    "too-much": "crashkernel=6G,high",
    "high-falls-back": "MEM=4G crashkernel=1536M,high",
    "no-high": "MEM=3G crashkernel=512M,high",
    "5-without-cma": "cma=0 crashkernel=4G@0xe0000000",
    "8-without-cma": "cma=0 crashkernel=512M@0xde000000",
    "low-falls-back": "crashkernel=2G,high crashkernel=64M,low",
    "fixed": "crashkernel=256M@0x90000000",
    "unaligned": "crashkernel=256M@0x90100000",
    "over-kernel": "crashkernel=256M@0x40000000",
    "range": "crashkernel=1G-4G:128M,4G-16G:300M,16G-:1G",
    "no-range": "crashkernel=64G-:1G",
    "octal": "crashkernel=0200M",
    "cma": "crashkernel=128M crashkernel=256M,cma",
}
CASES = {
    "arm64": {**SERIES, **MORE},
    "x86_64": {
        "plain": "crashkernel=256M",
        "high": "crashkernel=256M,high",
        "high-low": "crashkernel=512M,high crashkernel=96M,low",
        "large": "crashkernel=3G",
        "swiotlb": "swiotlb=524288 crashkernel=256M,high",
        "cma": "crashkernel=128M crashkernel=256M,cma",
        "odd-cma": "crashkernel=128M crashkernel=64Mx,cma",
        # what kernels before 6.7 did otherwise
        "bad-low": "crashkernel=256M,high crashkernel=oops,low",
        "plain-low": "crashkernel=3G crashkernel=64M,low",
        "bad-plain": "crashkernel=oops crashkernel=256M,high",
        "fixed": "nokaslr crashkernel=256M@0x30100000",
        "fixed-high": "nokaslr crashkernel=256M@0x140000000",
        # before 6.17
        "cma-last": "crashkernel=256M,cma crashkernel=128M",
    },
    # RAM begins at 2 GiB
    "riscv64": {
        "plain": "crashkernel=256M",
        "large": "crashkernel=3G",
        "high": "crashkernel=512M,high",
        "high-low": "crashkernel=512M,high crashkernel=64M,low",
        "no-high": "MEM=2G crashkernel=256M,high",
        "cma": "crashkernel=128M crashkernel=256M,cma",
    },
}


def boot(kernel, memory, words, path):
    if os.environ.get("REUSE") and os.path.exists(path):
        return
    with open(path + ".new", "w", encoding="ascii") as out:
        subprocess.run([os.path.join(HERE, "iomem.sh"), kernel, words],
                       stdout=out, check=True,
                       env={**os.environ, "MEM": memory})
    os.rename(path + ".new", path)


def reserved(path, limit):
    """[(kind, start, end)] of a boot."""
    found = []
    with open(path, encoding="ascii") as file:
        for line in file:
            match = re.match(r"\s*([0-9a-f]+)-([0-9a-f]+) : Crash kernel",
                             line)
            if match:
                start, last = (int(x, 16) for x in match.groups())
                found.append(("high" if start >= limit else "low", start,
                              last + 1))
            match = re.match(r"cma ([0-9a-f]+)-([0-9a-f]+)", line)
            if match:
                start, last = (int(x, 16) for x in match.groups())
                found.append(("cma", start, last + 1))
    return found


def judge(real, said):
    """What is wrong with the answer, None if nothing."""
    for kind in ("high", "low", "cma"):
        size = sum(end - start for k, start, end in real if k == kind)
        if size != said[kind]:
            return "%s is %d MiB, not %d" % (kind, size >> 20,
                                             said[kind] >> 20)
    for kind, start, end in real:
        for region in said["regions"]:
            low, high = region["within"]
            if region["kind"] == kind and low <= start and end <= high:
                if region["exact"] and start != low:
                    return "%s begins at %#x" % (kind, start)
                break
        else:
            return "%s at %#x-%#x is in none of %s" % (
                kind, start, end, said["regions"])
    return None


def main():
    key = sys.argv[1]
    machine, _, version = key.rpartition("-")
    machine = machine or "x86_64"
    top = os.path.dirname(os.path.dirname(HERE))
    capdump = os.environ.get("CAPDUMP") or os.path.join(top, "build/capdump")
    out = os.path.join(os.environ.get("VM_OUT") or
                       os.path.join(top, "build/vm"), "reservation-" + key)
    kernel = subprocess.run([os.path.join(HERE, "kernel.sh"), key],
                            check=True, stdout=subprocess.PIPE,
                            text=True).stdout.strip()
    cases = CASES[machine]
    os.makedirs(out, exist_ok=True)
    failed = 0
    for name in sys.argv[2:] or cases:
        memory, words = re.match(r"(?:MEM=(\S+) )?(.*)", cases[name]).groups()
        memory = memory or "8G"
        # without what is asked about
        plain = " ".join(w for w in words.split()
                         if not w.startswith("crashkernel="))
        base = os.path.join(out, "base-%s%s.iomem" % (memory, plain))
        path = os.path.join(out, name + ".iomem")
        if not os.path.exists(base):
            boot(kernel, memory, plain, base)
        boot(kernel, memory, words, path)
        real = reserved(path, LOW)
        # the map before, and the one that the kernel itself shows then
        for what, iomem in (("before", base), ("after", path)):
            with open(iomem, encoding="ascii") as file:
                lines = [x for x in file if not x.startswith("cma ")]
            with open(path + ".map", "w", encoding="ascii") as file:
                file.writelines(lines)
            said = json.loads(subprocess.run(
                [capdump, "reservation", "--json", "--arch", machine,
                 "--kernel", version, "--iomem", path + ".map", "--cmdline", words],
                check=True, stdout=subprocess.PIPE).stdout)
            # as it was built, which nobody is asked about
            with open(path, encoding="ascii") as file:
                if "cma none\n" in file:
                    said["cma"] = 0
            wrong = judge(real, said)
            if wrong and not said["certain"]:
                print("PASS reservation/%s %s (%s): uncertain, and %s"
                      % (machine, name, what, wrong), flush=True)
                continue
            failed += bool(wrong)
            print("%s reservation/%s %s (%s): %s" % (
                "FAIL" if wrong else "PASS", key, name, what,
                wrong or "; ".join("%s %d MiB" % (k, (e - s) >> 20)
                                   for k, s, e in real) or "nothing"),
                flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
