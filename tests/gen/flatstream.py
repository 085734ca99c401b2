# SPDX-License-Identifier: GPL-2.0-or-later
"""The flattened form: a 4096-byte header ("makedumpfile", type, version as
big-endian 64-bit), then records of big-endian offset and size and so many
bytes, then a record of -1, -1 (makedumpfile.h struct makedumpfile_header,
makedumpfile_data_header)."""

import struct

SIGNATURE = b"makedumpfile\0\0\0\0"
HEADER = 4096


class Flat:
    """Reads a stream once; records: [(offset, size)], in order."""

    def __init__(self, file, out=None):
        self.problems = []
        self.records = []
        self.ended = False
        self.read(file, out)
        self.check()

    def read(self, file, out):
        head = file.read(HEADER)
        if head[:16] != SIGNATURE or len(head) < HEADER:
            self.problems.append("no flattened header")
            return
        self.type, self.version = struct.unpack_from(">qq", head, 16)
        if (self.type, self.version) != (1, 1):
            self.problems.append("type %d version %d"
                                 % (self.type, self.version))
        if any(head[32:]):
            self.problems.append("header is not zero behind its fields")
        while True:
            raw = file.read(16)
            if len(raw) < 16:
                self.problems.append("no end record")
                return
            offset, size = struct.unpack(">qq", raw)
            if offset == -1:
                self.ended = True
                if size != -1:
                    self.problems.append("end record has size %d" % size)
                break
            if offset < 0 or size <= 0:
                self.problems.append("record %d+%d" % (offset, size))
                return
            self.records.append((offset, size))
            if out:
                out.seek(offset)
            while size:
                data = file.read(min(size, 1 << 20))
                if not data:
                    self.problems.append("stream ends inside a record")
                    return
                if out:
                    out.write(data)
                size -= len(data)
        if file.read(1):
            self.problems.append("bytes behind the end record")

    def check(self):
        """Any byte sent twice: crash takes the older, others the newer."""
        self.twice = 0
        end, last = -1, None
        for offset, size in sorted(self.records):
            if offset < end:
                n = min(end, offset + size) - offset
                self.twice += n
                if len(self.problems) < 50:
                    self.problems.append(
                        "%d bytes at %d sent twice (records %d+%d, %d+%d)"
                        % (n, offset, *last, offset, size))
            if offset + size > end:
                end, last = offset + size, (offset, size)
        self.size = max(end, 0)
        self.gaps = self.size - (sum(s for _, s in self.records) - self.twice)

    def summary(self):
        back = sum(1 for a, b in zip(self.records, self.records[1:])
                   if b[0] < a[0])
        return dict(records=len(self.records), plain_size=self.size,
                    bytes=sum(s for _, s in self.records),
                    largest=max((s for _, s in self.records), default=0),
                    steps_back=back, sent_twice=self.twice,
                    gap_bytes=self.gaps, ended=self.ended,
                    first=self.records[:3], last=self.records[-3:])
