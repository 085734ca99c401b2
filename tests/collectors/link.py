#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""link.py FD FD: a wire between two TUN devices, whose packets it carries as it is
told on standard input, a line each: `loss PERCENT`, `delay SECONDS SPREAD`, `rate
BYTES` a second (0: any), `down`, `up`, `cut BYTES SECONDS` (down for so long once it
has carried so much). What waits longer than the queue holds is lost,
as in a router. At the end it prints how many packets were lost. The same whether the kernel has netem or not."""

import heapq
import os
import random
import selectors
import sys
import time

QUEUE = 400             # packets each way


class Way:
    """From one device to the other."""

    def __init__(self, out):
        self.out, self.waiting, self.free, self.number = out, [], 0.0, 0

    def take(self, packet, wire, now):
        if wire.is_down(len(packet), now) or random.random() < wire.loss or \
                len(self.waiting) >= QUEUE:
            wire.lost += 1
            return
        at = now + wire.delay + random.random() * wire.spread
        if wire.rate:
            self.free = max(self.free, now) + len(packet) / wire.rate
            at += self.free - now
        self.number += 1
        heapq.heappush(self.waiting, (at, self.number, packet))

    def send(self, now):
        """Those whose time has come; when the next one's comes."""
        while self.waiting and self.waiting[0][0] <= now:
            packet = heapq.heappop(self.waiting)[2]
            try:
                os.write(self.out, packet)
            except OSError:
                pass            # the device is down, or full
        return self.waiting[0][0] - now if self.waiting else None


class Wire:
    loss = delay = spread = rate = 0.0
    down = False
    carried, cut, lost = 0, None, 0

    def is_down(self, size, now):
        self.carried += size
        if self.cut and self.carried >= self.cut[0]:
            if self.down is False:
                self.down = now + self.cut[1]
            self.cut = None
        if not isinstance(self.down, bool) and \
                now >= self.down:
            self.down = False
        return self.down is not False

    def told(self, line):
        word, *values = line.split()
        values = [float(v) for v in values]
        if word == "loss":
            self.loss = values[0] / 100
        elif word == "delay":
            self.delay, self.spread = values
        elif word == "rate":
            self.rate = values[0]
        elif word == "cut":
            self.cut = values[0] + self.carried, values[1]
        else:
            self.down = word == "down"


def main():
    one, two = map(int, sys.argv[1:])
    wire, ways = Wire(), {one: Way(two), two: Way(one)}
    with selectors.DefaultSelector() as events:
        for fd in (0, one, two):
            os.set_blocking(fd, False)
            events.register(fd, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            waits = [w for w in (way.send(now) for way in ways.values())
                     if w is not None]
            for key, _ in events.select(min(waits) if waits else None):
                try:
                    data = os.read(key.fd, 65536)
                except (BlockingIOError, OSError):
                    continue
                if key.fd:
                    ways[key.fd].take(data, wire, time.monotonic())
                elif not data:
                    print(wire.lost)
                    return      # who tells us is gone
                else:
                    for line in data.decode().splitlines():
                        wire.told(line)


if __name__ == "__main__":
    main()
