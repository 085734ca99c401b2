# SPDX-License-Identifier: GPL-2.0-or-later
"""To a tus server that joins uploads: what it makes of the parts is, byte for byte,
what --order address writes to a file, or the failure is told, and no part is left
behind that the server lets be removed."""

import hashlib
import json
import os
import signal
import subprocess
import time

from collector import certificate
from harness import CAPDUMP, FULL, SANITIZED, equal, need
from t_s3 import local, sparse
from t_tus import IMAGE, PARTS, says
from tus_server import TusServer

JOINS = "creation,concatenation,termination"
DEFERS = JOINS + ",creation-defer-length"
SUMS = DEFERS + ",checksum"
WAYS = (JOINS, DEFERS, SUMS)


def whole(server, want):
    need(server.whole().get("dump") == want, "another object: %s",
         {k: len(v) for k, v in server.whole().items()})


def send(box, server, image, *options, status=0, name="dump"):
    result = box.run("--triage=no", "--retry-time", "4", *options, image.path,
                     server.url + name)
    equal("exit status: " + result.err, result.code, status)
    equal("faults left", (server.faults, server.post_faults), ([], []))
    return result


def plain(box):
    """One pass, in parts; levels and codecs; the last is the first block."""
    for name, options, extensions in (
            (IMAGE, (), WAYS), (IMAGE, ("-c", "-d", "0"), WAYS[:1]),
            (PARTS, (), WAYS), (PARTS, ("-l", "--dedup"), WAYS[2:]),
            (PARTS, ("--num-threads", "0"), WAYS[:1])):
        image = box.image(name)
        want = local(box, image, *options)
        for extensions in WAYS if FULL else extensions:
            with TusServer(says=says(extensions, "sha256")) as server:
                result = send(box, server, image, *options, "--report",
                              "report", "-f")
                whole(server, want)
                equal("joined", len(server.joins), 2)
                parts = [server.uploads[p] for p in server.joins[1]]
                equal("left", len(server.partial()), len(parts))
                equal("a part of its own", parts[0]["bytes"], want[:4096])
                equal("parts", b"".join(p["bytes"] for p in parts), want)
                equal("sums", [len(p["sums"]) for p in parts],
                      [len(p["pieces"]) if extensions == SUMS else 0
                       for p in parts])
                patched = [p for p in server.patched if p in server.joins[1]]
                equal("the last", patched.index(server.joins[1][0]),
                      len(patched) - 1)
                path = next(p for p, u in server.uploads.items()
                            if u["name"] == "dump")
                at = server.url[4:].removesuffix("/files/") + path
                equal("told", result.err.count("Sent to "), 2)
                need("Sent to %s\n" % at in result.err, "%s", result.err)
                need("trying again" not in result.err, "%s", result.err)
                told(box, at, parts)


def told(box, at, parts):
    with open(box.path("report"), encoding="utf-8") as file:
        report = json.load(file)
    equal("location", report["location"], at)
    equal("parts", report["parts"],
          [{"bytes": len(p["bytes"]),
            "sha256": hashlib.sha256(p["bytes"]).hexdigest()} for p in parts])


N = ("none",)
TRIAL = [N, N]      # its PATCHes
# what happens to PATCHes, to POSTs; what is told
FAULTS = {
    "reset": ([N, N, ("reset", 300000), ("reset", 0)], [], "trying again"),
    "short": ([N, ("short", 500000)], [], "has kept"),
    "lost-answer": ([N, N, ("lost",)], [], ""),
    "503": ([N, ("status", 503, {"Retry-After": "1"}), N, ("status", 429)],
            [], "trying again"),
    "locked": ([N, N, ("status", 423)], [], "somebody else"),
    "no-part": ([], [("", "status", 503), *[("", "none")] * 4,
                     ("", "status", 500)], "trying again"),
    "lost-part": ([], [*[("", "none")] * 4, ("", "lost")], "trying again"),
    "lost-end": ([], [("final", "none"), ("final", "lost")], "trying again"),
    "no-end": ([], [("final", "none"), ("final", "status", 503)],
               "trying again"),
    "no-trial": ([], [("final", "status", 503)], "trying again"),
    "gone": ([N, N, N, ("gone",)], [], "dropped the upload"),
    "damaged": ([N, N, ("damage", 5000)], [], "HTTP 460"),
    "no-sum": ([N, ("no-sum",)], [], "sent without"),
}


def fault(box, name):
    image = box.image(PARTS)
    want = local(box, image)
    faults, post_faults, text = FAULTS[name]
    way = list(FAULTS).index(name) % 2
    for extensions in WAYS[:2] if FULL else WAYS[way:way + 1]:
        if name in ("damaged", "no-sum"):
            extensions += ",checksum"
        with TusServer(TRIAL + faults,
                       says=says(extensions, "sha1")) as server:
            server.post_faults = list(post_faults)
            result = send(box, server, image)
            whole(server, want)
            equal("joined", len(server.joins), 2 + (name == "lost-end"))
            need(text in result.err, "%s", result.err)


def refused(box):
    """What is announced and not done, from the first part or from the last step on."""
    image = box.image(PARTS)
    want = local(box, image)
    for faults in ([("partial", "status", 400)], [("partial", "ignored")],
                   [("partial", "none"), ("partial", "status", 501)],
                   [("final", "status", 400)], [("final", "short")]):
        with TusServer(says=says(DEFERS)) as server:
            server.post_faults = list(faults)
            result = send(box, server, image)
            need("front to back" in result.err, "%s", result.err)
            whole(server, want)
            equal("uploads", sorted(u["name"] for u in server.uploads.values()),
                  ["dump", "dump.report.json"])
    for extensions, left, before in ((DEFERS, 0, [("final", "none")]),
                                     (DEFERS.replace(",termination", ""), 5, [])):
        for what in (("status", 403), ("short",)):
            with TusServer(says=says(extensions)) as server:
                server.post_faults = [*before, ("final", *what)]
                result = send(box, server, image, status=1)
                need("the server has joined has" in result.err if what == ("short",)
                     else "were not joined" in result.err, "%s", result.err)
                need(("stay on the server" in result.err) == bool(left), "%s",
                     result.err)
                # what can't be removed is named, as all that is left
                equal("whole", list(server.whole()),
                      ["dump"] if left and what == ("short",) else [])
                equal("parts left", len(server.partial()), left)
                for path in server.uploads:
                    need(path in result.err, "%s: %s", path, result.err)
    # nobody knows what became of it: then what it may refer to stays
    with TusServer(says=says(DEFERS)) as server:
        server.post_faults = [("final", "none"), ("final", "lost"),
                              ("final", "status", 400)]
        result = send(box, server, image, status=1)
        need("may stand there" in result.err and
             "stay on the server" in result.err, "%s", result.err)
        equal("parts", len(server.partial()), 5)
        whole(server, want)
    with TusServer(TRIAL + [("reset", 1000)] * 99, says=says(DEFERS)) as server:
        result = box.bad(1, "--triage=no", "--retry-time", "2", image.path,
                         server.url + "dump")
        need("given up after" in result.err, "%s", result.err)
        equal("uploads", server.uploads, {})


def other_ways(box):
    """--resume, and what comes beside a dump: front to back. A limit of the server's
    has another level tried."""
    image = box.image(IMAGE)
    want = local(box, image)
    with TusServer(says=says(DEFERS)) as server:
        server.uploads["/files/x"] = {
            "name": "dump", "size": len(want), "bytes": bytearray(want[:50000]),
            "pieces": [], "sums": [], "concat": None}
        box.good("--triage=no", "--resume", image.path, server.url + "x")
        equal("pieces", server.uploads["/files/x"]["pieces"], [50000])
        whole(server, want)
    with TusServer(says=says(DEFERS)) as server:
        box.good(image.path, server.url + "dump")
        equal("names", sorted(server.whole()), ["dump"] + ["dump" + s for s in (
            ".dmesg", ".report.json", ".triage.json")])
        whole(server, want)
    with TusServer(says={**says(DEFERS), "Tus-Max-Size": str(len(want))}) as server:
        result = send(box, server, image, "-d", "0,31")
        need("trying less" in result.err, "%s", result.err)
        whole(server, want)
        equal("parts left", len(server.partial()), 5)


def heads(box):
    """Bitmaps of 400 GiB and the descriptors of 1 GiB, with TLS, in constant memory."""
    class Own:
        path = sparse(box, box.path("sparse"), (0x100000, 1 << 30,
                                                os.urandom(7 << 20)),
                      (400 << 30, 1 << 20, b"end"))
    want = local(box, Own)
    cert = certificate(box)
    with TusServer(TRIAL + [N, N, N, ("reset", 1000), ("lost",)], cert,
                   says=says(SUMS, "sha1")) as server:
        result = box.run("--triage=no", "--cacert", cert + ".pem", Own.path,
                         server.url + "dump", watch=True)
        equal("exit status: " + result.err, result.code, 0)
        whole(server, want)
        equal("faults left", server.faults, [])
        equal("joined", len(server.joins), 2)
    need(SANITIZED or result.anon < 32 << 20, "%d bytes", result.anon)
    return "%d bytes, %.1f MiB of memory" % (len(want), result.anon / 1048576)


def stopped(box):
    """A signal: nothing is left."""
    image = box.image(PARTS)
    with TusServer(TRIAL + [N, ("stall", 100000)], says=says(DEFERS)) as server:
        with subprocess.Popen(
                [CAPDUMP, "--triage=no", image.path, server.url],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            for _ in range(400):
                if not server.faults:
                    break
                time.sleep(0.05)
            child.send_signal(signal.SIGTERM)
            err = child.stderr.read().decode()
            need(child.wait() == 1, "%s", err)
        equal("uploads: " + err, server.uploads, {})


def tests():
    for name in FAULTS:
        yield "fault/" + name, fault, name
    for function in (plain, refused, other_ways, heads, stopped):
        yield function.__name__, function
