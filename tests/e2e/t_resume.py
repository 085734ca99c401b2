# SPDX-License-Identifier: GPL-2.0-or-later
"""--resume: a run that died is gone on with, where what it left is of this dump."""

import os
import subprocess
import time

from collector import Collector
from ftp_server import FtpServer
from harness import CAPDUMP, equal, need
from tus_server import TusServer

IMAGE = "good-6.12-vmemmap"
CUT = 600000
STALL = ("stall", CUT)


def local(box, image, *options):
    box.good("-f", *options, "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


def die(has, words):
    """capdump WORDS is killed when the server has CUT bytes."""
    with subprocess.Popen([CAPDUMP, "--triage=no", *words],
                          stderr=subprocess.DEVNULL) as child:
        end = time.monotonic() + 60
        while has() < CUT:
            need(child.poll() is None and time.monotonic() < end, "it ended")
            time.sleep(0.01)
        child.kill()


def resumed(box, words, url, what, stands):
    """With another level, and as it was begun."""
    result = box.bad(1, "--triage=no", "-d", "0", "--resume", *words, url)
    need("of another crash, level or codec" in result.err, "%s", result.err)
    equal(what + ": what came", stands(), CUT)
    box.good("--triage=no", "--resume", *words, url)


def ftp(box):
    image = box.image(IMAGE)
    want = local(box, image)
    with FtpServer([STALL]) as server:
        url = server.url + "dump"
        stands = lambda: len(server.objects.get("dump.part", b""))
        die(stands, [image.path, url])
        result = box.bad(1, "--triage=no", image.path, url)
        need("--resume goes on" in result.err, "%s", result.err)
        resumed(box, [image.path], url, "ftp", stands)
        need(server.objects["dump"] == want, "another object")
        equal("uploads", [c.split()[0] for c in server.commands
                          if c in ("STOR dump.part", "APPE dump.part")],
              ["STOR", "APPE"])
        # of another dump: with -f it is replaced
        server.objects = {"dump.part": bytearray(os.urandom(CUT))}
        box.good("--triage=no", "-f", "--resume", image.path, url)
        need(server.objects["dump"] == want, "another object")
        # all of it had come
        server.objects = {"dump.part": bytearray(want)}
        box.good("--triage=no", "--resume", image.path, url)
        need(server.objects["dump"] == want, "another object")


def tus(box):
    image = box.image(IMAGE)
    want = local(box, image)
    with TusServer([STALL]) as server:
        stands = lambda: len(server.uploads["/files/0"]["bytes"]) \
            if server.uploads else 0
        die(stands, [image.path, server.url])
        resumed(box, [image.path], server.url + "0", "tus", stands)
        need(server.uploads["/files/0"]["bytes"] == want, "another object")
        equal("PATCHes", server.uploads["/files/0"]["pieces"], [0, CUT])
        result = box.bad(1, "--triage=no", "--resume", image.path,
                         server.url + "99")
        need("no such upload" in result.err, "%s", result.err)
        # as many bytes as the dump has, and more are to come
        server.uploads["/files/9"] = {"name": "dump", "size": len(want) + 1,
                                      "bytes": bytearray(want), "pieces": [],
                                      "concat": None}
        result = box.bad(1, "--triage=no", "--resume", image.path,
                         server.url + "9")
        need("another crash" in result.err, "%s", result.err)


def ranges(box):
    image = box.image(IMAGE)
    want = local(box, image)
    with Collector([STALL], ranges="yes") as server:
        url = server.url + "dump"
        stands = lambda: len(server.objects.get("/dump", b""))
        words = ["--put-ranges", image.path]
        die(stands, [*words, url])
        resumed(box, words, url, "ranges", stands)
        need(server.objects["/dump"] == want, "another object")
        equal("ranges", [p[1] for p in server.ranges_put if p[0] == "/dump"
                         and p[2] > 16], [0, CUT])
        # a dump that is whole is another
        result = box.bad(1, "--triage=no", "--resume", *words, url)
        need("not the beginning of this dump" in result.err, "%s", result.err)
        need(server.objects["/dump"] == want, "another object")
    result = box.bad(2, "--resume", image.path, "http://h/x")
    need("--put-ranges" in result.err, "%s", result.err)


def tests():
    for function in (ftp, tus, ranges):
        yield function.__name__, function
