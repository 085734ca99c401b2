# SPDX-License-Identifier: GPL-2.0-or-later
"""To NAME.part by ftp, and renamed: what stands there is the dump that --order address
writes to a file, whatever broke on the way; what came before a break is not sent
again."""

import os
import signal
import subprocess
import time

from collector import certificate
from ftp_server import FtpServer
from harness import CAPDUMP, equal, need

IMAGE = "good-6.12-vmemmap"


def local(box, image):
    box.good("-f", "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


# what happens, and what is said of it
FAULTS = {
    "reset": [("reset", 300000)],
    "reset-0": [("reset", 0)],
    "twice": [("reset", 100000), ("reset", 300000)],
    "stall": [("stall", 400000)],
    "lost-answer": [("lost",)],
    "late": [("late",)],
    "extra": [("extra",)],
    "reply-421": [("reply", "421 busy")],
    "lost-rename": [("lost-rename",)],
}


def fault(box, name):
    image = box.image(IMAGE)
    want = local(box, image)
    with FtpServer(FAULTS[name]) as server:
        result = box.good("--triage=no", *(("--stall-time", "4")
                                           if name == "stall" else ()),
                          image.path, server.url + "dump")
        equal("faults left", server.faults, [])
        report = server.objects.pop("dump.report.json")
        need(report, "no report")
        need(server.objects == {"dump": want}, "another object: %s",
             {k: len(v) for k, v in server.objects.items()})
        again = [c.split()[0] for c in server.commands
                 if c in ("STOR dump.part", "APPE dump.part")]
    need("trying again in" in result.err, "%s", result.err)
    if name in ("reset", "twice", "stall"):
        equal("uploads", again, ["STOR"] + ["APPE"] * len(FAULTS[name]))


def plain(box):
    """Nothing is replaced without -f; what is beside it arrives, too."""
    image = box.image(IMAGE)
    want = local(box, image)
    with FtpServer() as server:
        box.good(image.path, server.url + "a%20folder/dump")
        name = "a folder/dump"
        equal("names", sorted(server.objects), [name] + [name + s for s in (
            ".dmesg", ".report.json", ".triage.json")])
        need(server.objects[name] == want, "another object")
        server.objects[name] = bytearray(b"precious")
        result = box.bad(1, image.path, server.url + "a%20folder/dump")
        need("exists; use -f" in result.err, "%s", result.err)
        equal("kept", server.objects[name], b"precious")
        box.good("-f", image.path, server.url + "a%20folder/dump")
        need(server.objects[name] == want, "another object")
        server.objects = {"dump.part": bytearray(b"precious")}
        result = box.bad(1, image.path, server.url + "dump")
        need("dump.part exists" in result.err, "%s", result.err)
        equal("kept", server.objects, {"dump.part": b"precious"})
        box.good("-f", "--triage=no", image.path, server.url + "dump")
        need(server.objects["dump"] == want, "another object")
        # it breaks before that of another is gone
        server.objects = {"dump.part": bytearray(b"precious")}
        server.faults = [("dele",)]
        box.good("-f", "--triage=no", image.path, server.url + "dump")
        equal("faults left", server.faults, [])
        need(server.objects["dump"] == want, "another object")
        # nobody knows what stands there
        server.objects, server.sizes = {"dump": bytearray(b"precious")}, False
        result = box.bad(1, "--triage=no", image.path, server.url + "dump")
        need("does not tell what stands there" in result.err, "%s", result.err)
        equal("kept", server.objects, {"dump": b"precious"})
        box.good("-f", "--triage=no", image.path, server.url + "dump")
        need(server.objects["dump"] == want, "another object")


def stopped(box):
    """A signal does not wait for a server that answers nothing."""
    image = box.image(IMAGE)
    with FtpServer([("stall", 900000)]) as server, subprocess.Popen(
            [CAPDUMP, "--triage=no", image.path, server.url + "dump"],
            stderr=subprocess.PIPE, text=True) as child:
        try:
            while len(server.objects.get("dump.part", "")) < 900000:
                need(child.poll() is None, "it ended")
                time.sleep(0.01)
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=30)
        finally:
            child.kill()
        equal("exit status", child.returncode, 1)
        need("stopped by signal" in err.strip().split("\n")[-1], "%s", err)
        need("dump" not in server.objects, "an object")
        need("stays on the server, as %sdump.part: --resume" % server.url in err,
             "%s", err)


def refused(box):
    """One error that says so, and no NAME."""
    image = box.image(IMAGE)
    want = local(box, image)
    for faults, text in (([("no-rename",)], "all of the dump is there, as"),
                         ([("reply", "553 no")], "refuses it"),
                         ([("reset", 1000)] * 50, "given up after"),
                         ([("reply", "502 no")], "502")):
        with FtpServer(faults) as server:
            result = box.bad(1, "--triage=no", "--retry-time", "2", image.path,
                             server.url + "dump")
            need(text in result.err, "%s: %s", text, result.err)
            need("dump" not in server.objects, "%s: an object", text)
            need(("stays on the server" in result.err) ==
                 (faults[0][0] == "reset"), "%s", result.err)
            if faults[0][0] == "no-rename":
                need(server.objects["dump.part"] == want, "another object")
    with FtpServer([("reply", "552 full")]) as server:
        result = box.good("--triage=no", "-d", "0,31", image.path,
                          server.url + "dump")
        need("trying less" in result.err, "%s", result.err)
        need(server.objects["dump"] == want, "not level 31's")


def tls(box):
    """A password goes over TLS or nowhere; who the server is has to be proved."""
    image = box.image(IMAGE)
    want = local(box, image)
    cert = certificate(box)
    box.text("secret", "me:secret\n")
    os.chmod(box.path("secret"), 0o600)
    words = ("--triage=no", "--credentials", "secret", image.path)
    with FtpServer(user="me:secret") as server:
        result = box.bad(1, *words, server.url + "dump")
        need("no TLS" in result.err, "%s", result.err)
        need(not any("PASS" in c for c in server.commands), "a password came")
    for implicit in (False, True):
        with FtpServer([("reset", 200000)], cert, implicit,
                       "me:secret") as server:
            result = box.bad(1, *words, server.url + "dump")
            need("--cacert" in result.err, "%s", result.err)
            result = box.bad(1, "--cacert", cert + ".pem", "--triage=no",
                             image.path, server.url + "dump")
            need("--credentials" in result.err, "%s", result.err)
            equal("objects", server.objects, {})
            box.good("--cacert", cert + ".pem", *words, server.url + "dump")
            need(server.objects["dump"] == want, "another object")


def tests():
    for name in FAULTS:
        yield "fault/" + name, fault, name
    for function in (plain, refused, stopped, tls):
        yield function.__name__, function
