#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""symbols.py CAPDUMP VMCORE VMLINUX: what -g says of a kernel against what the
kernel says itself, and -x in place of the vmcore's note: the same pages at -d 31.
The note is hidden while that is made, and is back afterwards."""

import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "gen"))

import kdumpfile        # noqa: E402

NAME, HIDDEN = b"VMCOREINFO\0", b"VMCOREZNFO\0"
HEAD = 16 << 20
# The kernel has the value of a pointer here, the symbol is where that is.
POINTERS = {"SYMBOL(mem_section)"}
WORD = 1 << 64


def lines(text):
    return dict(line.split("=", 1) for line in text.splitlines()
                if "=" in line)


def note(vmcore):
    """Where the note's name is, and its lines."""
    with open(vmcore, "rb") as file:
        head = file.read(HEAD)
    at = head.index(NAME)
    # memory may follow it at once
    size, = struct.unpack_from("<>"[head[5] - 1] + "I", head, at - 8)
    return at, lines(head[at + 12:at + 12 + size].split(b"\0")[0].decode())


def compare(own, said):
    """Problems: what both have has the same value, moved by KASLR."""
    moved = int(own["SYMBOL(_stext)"], 16) - int(said["SYMBOL(_stext)"], 16)
    same = 0
    for key, value in said.items():
        if key not in own or key in POINTERS:
            continue
        if key.startswith("SYMBOL("):
            value = "%x" % ((int(value, 16) + moved) % WORD)
        if value != own[key]:
            yield "%s is %s, the kernel says %s" % (key, value, own[key])
        same += 1
    print("%d lines are the kernel's, moved by %#x" % (same, moved % WORD))
    if same < 80:
        yield "only %d lines are in both" % same


def hide(vmcore, at, name):
    with open(vmcore, "r+b") as file:
        file.seek(at)
        file.write(name)


def main():
    capdump, vmcore, vmlinux = sys.argv[1:]
    at, own = note(vmcore)
    problems = []
    with tempfile.TemporaryDirectory(
            dir=os.path.dirname(os.path.abspath(vmcore))) as folder:
        text, dump, again = (os.path.join(folder, n)
                             for n in ("text", "dump", "again"))
        subprocess.run([capdump, "-g", text, "-x", vmlinux], check=True)
        with open(text, encoding="ascii") as file:
            problems += compare(own, lines(file.read()))
        subprocess.run([capdump, "-l", "-d", "31", vmcore, dump], check=True)
        hide(vmcore, at, HIDDEN)
        try:
            subprocess.run([capdump, "-l", "-d", "31", "-x", vmlinux, vmcore,
                            again], check=True)
        finally:
            hide(vmcore, at, NAME)
        have, want = (set(kdumpfile.Dump(n).kept) for n in (again, dump))
    print("%d pages with -x, %d with the note" % (len(have), len(want)))
    if have != want:
        problems.append("pages only with -x: %s; only with the note: %s" % (
            sorted(have - want)[:8], sorted(want - have)[:8]))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
