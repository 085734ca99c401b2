# SPDX-License-Identifier: GPL-2.0-or-later
"""--put-ranges: a PUT that goes on where it broke, where the server can do that."""

import signal
import subprocess
import time

from collector import Collector
from harness import CAPDUMP, equal, need

IMAGE = "good-6.12-vmemmap"


def local(box, image):
    box.good("-f", "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


def ranges(box):
    """Goes on where it broke, and says until its end that it is incomplete; nothing
    is sent to a server that takes a range for the whole, or not at all."""
    image = box.image(IMAGE)
    want = local(box, image)
    words = ("--triage=no", "--put-ranges", image.path)
    for faults, nr in (((), 1), ([("reset", 0), ("reset", 300000)], 3),
                       ([("lost",)], 1)):
        with Collector(faults, ranges="yes") as server:
            box.good(*words, server.url + "dump")
            del server.objects["/dump.report.json"]
            need(server.objects == {"/dump": want}, "another object: %s",
                 {k: len(v) for k, v in server.objects.items()})
            puts = [p for p in server.ranges_put if p[0] == "/dump"]
            equal("ranges", len(puts), nr + 1)      # and the status
            need(sum(p[2] for p in puts) < len(want) + 16, "sent twice")
    for kind, text in (("refuse", "does not put ranges"),
                       ("replace", "does not put ranges")):
        with Collector(ranges=kind) as server:
            server.objects["/dump"] = b"precious"
            result = box.bad(1, "-f", *words, server.url + "dump")
            need(text in result.err, "%s: %s", kind, result.err)
            equal("objects", server.objects, {"/dump": b"precious"})
    # it breaks before what stood there is gone
    with Collector([("not-emptied",)], ranges="yes") as server:
        server.objects["/dump"] = b"precious"
        box.good("-f", *words, server.url + "dump")
        equal("faults left", server.faults, [])
        need(server.objects["/dump"] == want, "another object")
    # nobody knows what stands there
    for heads, more, text in (([405], (), "does not tell whether"),
                              ([0, 0], ("--resume",), "does not tell how much")):
        with Collector(ranges="yes") as server:
            server.heads, server.objects["/dump"] = heads, b"precious"
            result = box.bad(1, *more, *words, server.url + "dump")
            need(text in result.err, "%s", result.err)
            equal("objects", server.objects, {"/dump": b"precious"})
    with Collector([("stall", 600000)], ranges="yes") as server, \
            subprocess.Popen([CAPDUMP, *words, server.url + "dump"],
                             stderr=subprocess.PIPE, text=True) as child:
        try:
            while not server.ranges_put or server.ranges_put[-1][2] < 600000:
                need(child.poll() is None, "it ended")
                time.sleep(0.01)
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=60)
        finally:
            child.kill()
        equal("exit status", child.returncode, 1)
        need("says that it is incomplete" in err, "%s", err)
        with open(box.path("part"), "wb") as file:
            file.write(server.objects["/dump"])
        result = box.run("info", "part")
        need(b"complete:    no" in result.out, "%s", result.out)


def tests():
    yield "ranges", ranges
