# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers as the modelled machine has them in memory: its byte order, and
the size of its unsigned long.  Everything that goes to its memory or notes
is packed here; a form is struct's, without byte order, 'L' is a long."""

import struct


class Words:
    def __init__(self, big, bits):
        self.order = ">" if big else "<"
        self.name = "big" if big else "little"
        self.bits = bits
        self.size = bits // 8           # of an unsigned long, of a pointer
        self.mask = (1 << bits) - 1
        self.letter = "Q" if bits == 64 else "I"
        self.forms = {}

    def form(self, text):
        if text not in self.forms:
            self.forms[text] = struct.Struct(
                self.order + text.replace("L", self.letter))
        return self.forms[text]

    def pack(self, text, *values):
        return self.form(text).pack(*values)

    def pack_into(self, text, buf, at, *values):
        self.form(text).pack_into(buf, at, *values)

    def unpack(self, text, data):
        return self.form(text).unpack(data)

    def unpack_from(self, text, buf, at):
        return self.form(text).unpack_from(buf, at)

    def sizeof(self, text):
        return self.form(text).size
