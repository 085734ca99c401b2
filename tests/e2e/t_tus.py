# SPDX-License-Identifier: GPL-2.0-or-later
"""To a tus server: the upload has, byte for byte, what --order address writes to a
file; what came before a break is not sent again. Of the protocol's extensions what
the server announces is used."""

import json
import os

from collector import certificate
from harness import equal, need
from tus_server import TusServer

IMAGE = "good-6.12-vmemmap"
PARTS = os.path.join(os.path.dirname(__file__), "s3-parts.txt")


def local(box, image):
    box.good("-f", "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


# what happens, and how many uploads and PATCHes of the last there are
FAULTS = {
    "reset": ([("reset", 300000)], 1, 2),
    "reset-0": ([("reset", 0)], 1, 2),
    "twice": ([("reset", 100000), ("reset", 300000)], 1, 3),
    "lost-answer": ([("lost",)], 1, 1),
    "short": ([("short", 500000)], 1, 2),
    "locked": ([("reset", 300000), ("status", 423)], 1, 2),
    "503": ([("status", 503, {"Retry-After": "1"})], 1, 1),
    "gone": ([("reset", 300000), ("gone",)], 2, 1),
}


def fault(box, name):
    image = box.image(IMAGE)
    want = local(box, image)
    faults, uploads, pieces = FAULTS[name]
    with TusServer(faults) as server:
        result = box.good("--triage=no", image.path, server.url + "dump")
        equal("faults left", server.faults, [])
        need(server.whole().get("dump") == want, "another object: %s",
             {k: len(v) for k, v in server.whole().items()})
        dumps = [u for u in server.uploads.values() if u["name"] == "dump"]
        equal("uploads", len(dumps), uploads - (name == "gone"))
        equal("PATCHes", len(dumps[-1]["pieces"]), pieces)
    need("trying again in" in result.err, "%s", result.err)


def plain(box):
    """What is beside it are uploads of their own; each is told where it stands."""
    image = box.image(IMAGE)
    want = local(box, image)
    cert = certificate(box)
    for name, location in (("", "%s"), ("a%20b", "http://127.0.0.1:PORT%s"),
                           ("x", "//127.0.0.1:PORT%s")):
        with TusServer() as server:
            port = str(server.server_address[1])
            at = "http://127.0.0.1:" + port
            server.location = location.replace("PORT", port)
            result = box.good("--report", "report", "-f", image.path,
                              server.url + name)
            name = name.replace("%20", " ") or "dump"
            equal("names", sorted(server.whole()), [name] + [name + s for s in (
                ".dmesg", ".report.json", ".triage.json")])
            need(server.whole()[name] == want, "another object")
            path = next(p for p, u in server.uploads.items()
                        if u["name"] == name)
            need("Sent to %s%s\n" % (at, path) in result.err, "%s", result.err)
            with open(box.path("report"), encoding="utf-8") as file:
                equal("location", json.load(file)["location"], at + path)
    with TusServer([("reset", 1000)], cert) as server:
        box.good("--triage=no", "--cacert", cert + ".pem", image.path,
                 server.url + "dump")
        need(server.whole()["dump"] == want, "another object")
    # a proxy that does not tell of TLS
    with TusServer(cert=cert, location="http://127.0.0.1/files/0") as server:
        result = box.bad(1, "--triage=no", "--cacert", cert + ".pem",
                         image.path, server.url)
        need("behind a proxy" in result.err, "%s", result.err)


def refused(box):
    image = box.image(IMAGE)
    want = local(box, image)
    for more, text in (
            ({"says": {"Tus-Version": "0.2.2"}}, "does not speak tus"),
            ({"says": {"Tus-Extension": "termination"}}, "no extension"),
            ({"location": "ftp://h/x"}, "no such URL"),
            ({"location": "/a\1b"}, "no such URL"),
            ({"faults": [("status", 400)]}, "HTTP 400"),
            ({"faults": [("reset", 1000)] * 50}, "given up after")):
        with TusServer(**more) as server:
            result = box.bad(1, "--triage=no", "--retry-time", "2", image.path,
                             server.url + "dump")
            need(text in result.err, "%s: %s", text, result.err)
            equal(text, server.whole(), {})
    with TusServer() as server:
        for path in ("/files/no/such/dump", "/~/dump"):
            result = box.bad(1, "--triage=no", image.path,
                             server.url.replace("/files/", path))
            need("no tus server" in result.err, "%s", result.err)
    with TusServer(most=len(want)) as server:
        result = box.good("--triage=no", "-d", "0,31", image.path,
                          server.url + "dump")
        need("trying less" in result.err, "%s", result.err)
        need(server.whole()["dump"] == want, "not level 31's")


def says(extensions, sums=None):
    more = {"Tus-Checksum-Algorithm": sums} if sums else {}
    return {"Tus-Version": "1.0.0", "Tus-Extension": extensions, **more}


# sums that a server knows, which of them are used, what happens, what is told
SUMS = (
    ("md5,sha1,sha256", "sha256", [("damage", 0)], "HTTP 460"),
    ("sha1 ,crc32", "sha1", [("none",), ("none",), ("damage", 100000)],
     "HTTP 460"),
    # libcurl sends it again itself on another connection
    ("sha256", "sha256", [("none",), ("lost",)], "HTTP 409"),
    ("sha1", "sha1", [("none",), ("none",), ("reset", 2000000)], ""),
    ("sha1", "sha1", [("none",), ("status", 503)], "HTTP 503"),
    ("sha1", None, [("no-sum",)], "sent without"),
    ("sha1", None, [("damage", 0)] * 3, "takes no checksum for right"),
    ("md5,sha-1", None, [], ""),
)


def sums(box):
    """What is damaged on its way comes again, and nothing that came whole."""
    image = box.image(PARTS)
    want = local(box, image)
    for known, name, faults, text in SUMS:
        with TusServer(faults, says=says("creation, checksum", known)) as server:
            result = box.good("--triage=no", image.path, server.url + "dump")
            need(server.whole().get("dump") == want, "%s: another object", known)
            equal("faults left", server.faults, [])
            equal("damaged", server.mismatches,
                  sum(f[0] == "damage" for f in faults))
            need(text in result.err, "%s", result.err)
            found = server.uploads["/files/0"]
            equal("sums of " + known, found["sums"],
                  [name] * len(found["pieces"]) if name else [])
            equal("pieces", found["pieces"], list(range(
                0, len(want), 4 << 20)) if name else [0])
    with TusServer([("damage", 0)] * 2,
                   says=says("creation,checksum", "sha1")) as server:
        result = box.bad(1, "--triage=no", "--retry-time", "1", image.path,
                         server.url)
        need("given up after" in result.err, "%s", result.err)
        equal("whole", server.whole(), {})


def tests():
    for name in FAULTS:
        yield "fault/" + name, fault, name
    for function in (plain, refused, sums):
        yield function.__name__, function
