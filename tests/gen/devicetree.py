#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""devicetree.py TEXT OUT [--blob]

Makes a device tree of a text: a folder as /proc/device-tree is, or a flattened
one (Devicetree Specification 0.4, chapter 5).  One property a line:

    NODE/PROPERTY VALUE ...

A node is named from the root on, the root's own properties begin with /.
Values: "text" (its zero is added), u16:N u32:N u64:N, hex:BYTES; none: an empty
property.  A line that begins with '# ' is a comment.
"""

import argparse
import os
import shlex
import struct

FORMS = {"u16": ">H", "u32": ">I", "u64": ">Q"}
MAGIC, VERSION, LAST = 0xd00dfeed, 17, 16
BEGIN, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def value(word):
    kind, colon, rest = word.partition(":")
    if colon and kind in FORMS:
        return struct.pack(FORMS[kind], int(rest, 0))
    if colon and kind == "hex":
        return bytes.fromhex(rest)
    return word.encode() + b"\0"


def load(text):
    """{(node, property): bytes}, in the text's order."""
    out = {}
    for line in text.splitlines():
        if line.startswith("# ") or not line:
            continue
        words = shlex.split(line)       # names may begin with #
        if words:
            node, _, name = words[0].rpartition("/")
            out[node.strip("/"), name] = b"".join(map(value, words[1:]))
    return out


def folder(props, out):
    for (node, name), data in props.items():
        os.makedirs(os.path.join(out, node), exist_ok=True)
        with open(os.path.join(out, node, name), "wb") as file:
            file.write(data)


def words(*numbers):
    return struct.pack(">%dI" % len(numbers), *numbers)


def padded(data):
    return data + bytes(-len(data) % 4)


class Node:
    def __init__(self):
        self.props, self.nodes = {}, {}

    def at(self, path):
        node = self
        for name in filter(None, path.split("/")):
            node = node.nodes.setdefault(name, Node())
        return node

    def tokens(self, name, strings):
        out = words(BEGIN) + padded(name.encode() + b"\0")
        for prop, data in self.props.items():
            if prop not in strings:
                strings[prop] = sum(len(s) + 1 for s in strings)
            out += words(NOP, PROP, len(data), strings[prop]) + padded(data)
        for child, node in self.nodes.items():
            out += node.tokens(child, strings)
        return out + words(END_NODE)


def blob(props):
    root, strings = Node(), {}
    for (node, name), data in props.items():
        root.at(node).props[name] = data
    structs = root.tokens("", strings) + words(END)
    names = b"".join(s.encode() + b"\0" for s in strings)
    reserved = bytes(16)
    at = 40 + len(reserved)
    size = at + len(structs) + len(names)
    return words(MAGIC, size, at, at + len(structs), 40, VERSION, LAST, 0,
                 len(names), len(structs)) + reserved + structs + names


def main():
    parser = argparse.ArgumentParser(description="make a device tree")
    parser.add_argument("text")
    parser.add_argument("out")
    parser.add_argument("--blob", action="store_true",
                        help="a flattened one")
    args = parser.parse_args()
    with open(args.text, encoding="utf-8") as file:
        props = load(file.read())
    if not args.blob:
        folder(props, args.out)
        return
    with open(args.out, "wb") as file:
        file.write(blob(props))


if __name__ == "__main__":
    main()
