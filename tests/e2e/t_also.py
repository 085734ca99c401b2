# SPDX-License-Identifier: GPL-2.0-or-later
"""Several targets in one pass, and one to fall back on: each that is complete is,
byte for byte, the dump that --order address writes to a file, whatever becomes of
the others; and what became of each is told."""

import base64
import json
import os
import signal
import subprocess
import time

import s3_store
from collector import Collector, certificate, free_port
from harness import CAPDUMP, SANITIZED, equal, need, read_dump, same_file
from s3_store import S3Store

IMAGE = "good-6.12-vmemmap"
WEIGHT = 3


def local(box, image, *options):
    """The dump as a file."""
    box.good("-f", *options, "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


def account(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return dict(env, HOME="/nonexistent", AWS_ACCESS_KEY_ID=s3_store.KEY,
                AWS_SECRET_ACCESS_KEY=s3_store.SECRET, **more)


def report(box):
    with open(box.path("report"), encoding="utf-8") as file:
        return json.load(file)


def statuses(box):
    """Of all targets, in the order that they have in the report."""
    return [t["status"] for t in report(box)["targets"]]


def dead():
    """A URL where nobody is."""
    return "http://127.0.0.1:%d/dead" % free_port()


def files(box):
    """All formats, windows, levels: the first target chooses the level for all."""
    image = box.image(IMAGE)
    for options in ((), ("-E",), ("-c", "-d", "1", "--dedup"),
                    ("-d", "0", "--num-threads", "0")):
        local(box, image, *options)
        result = box.good("-f", *options, "--also", "b", "--also", "c",
                          "--report", "report", image.path, "a")
        for name in "abc":
            same_file(" ".join(options), box.path(name), box.path("local"))
            need("%s: the dump is complete" % name in result.err, "%s",
                 result.err)
        equal("targets", statuses(box), ["complete"] * 3)
    image = box.image(os.path.join(os.path.dirname(__file__),
                                   "three-windows.txt"))
    want = local(box, image)
    result = box.good("-f", "-d", "0,31", "-L", len(want), "--also", "b",
                      image.path, "a")
    need("trying less" in result.err, "%s", result.err)
    for name in "ab":
        same_file("the higher level", box.path(name), box.path("local"))


def mixed(box):
    """Files and servers, of whatever order; the triage goes to each server before
    the dump, the report after it."""
    for name, options in ((IMAGE, ()), (IMAGE, ("--memory", "32K")),
                          (os.path.join(os.path.dirname(__file__),
                                        "three-windows.txt"), ("-d", "0"))):
        image = box.image(name)
        want = local(box, image, *options)
        with Collector() as server, Collector() as other:
            url = server.url + "dump"
            for first, also in (("a", url), (url, "a")):
                server.puts.clear()
                other.objects.clear()
                box.good("-f", *options, "--also", also, "--also",
                         other.url + "b", image.path, first)
                same_file("file", box.path("a"), box.path("local"))
                for path, one in (("/dump", server), ("/b", other)):
                    need(one.objects[path] == want, "%s differs", path)
                    equal("order", [p[0] for p in one.puts][-4:],
                          [path + ".triage.json", path + ".dmesg", path,
                           path + ".report.json"])
                told = json.loads(other.objects["/b.report.json"])
                equal("status", told["status"], "complete")
                equal("bytes", [t["output_bytes"] for t in told["targets"]],
                      [len(want)] * 3)


def again(box):
    """One that wants all once more gets it when the others have it, and does not go
    to those again."""
    image = box.image(IMAGE)
    want = local(box, image)
    for fault, options in ((("reset", 600000), ()),
                           (("reset", 300000), ("--memory", "32K")),
                           (("early", 503), ()), (("lost",), ())):
        with Collector([fault]) as server, Collector() as other:
            box.good("-f", "--triage=no", *options, "--also",
                     other.url + "b", "--also", "c", "--report", "report",
                     image.path, server.url + "a")
            for name, objects in (("/a", server.objects),
                                  ("/b", other.objects)):
                need(objects[name] == want, "%s differs", name)
            same_file("file", box.path("c"), box.path("local"))
            equal("PUTs of the one", [p[0] for p in other.puts],
                  ["/b", "/b.report.json"])
            equal("retries", [t.get("retries") for t in
                              report(box)["targets"]], [1, 0, None])


def parts(box):
    """A store that wants parts once more gets them when the others have theirs, and
    one that dies is none of their business."""
    image = box.image(os.path.join(os.path.dirname(__file__), "s3-parts.txt"))
    want = local(box, image)
    env = account()
    reset = {("part", 2): [("reset", 3000000)]}
    for faults, retry, first in (
            ({}, 60, False), (reset, 60, True),
            ({"complete": [("lost",)]}, 60, False),
            (reset, 0, True), (reset, 0, False)):
        with S3Store({k: list(v) for k, v in faults.items()}) as store, \
                Collector() as server:
            targets = ["s3://dumps/a", "b"]
            if not first:
                targets.reverse()
            box.bad(0 if retry else 3, "-f", "--triage=no", "--s3-endpoint",
                    store.url, "--retry-time", retry, "--also",
                    server.url + "c", "--also", targets[1], image.path,
                    targets[0], env=env)
            same_file("beside a store", box.path("b"), box.path("local"))
            need(server.objects["/c"] == want, "another dump")
            equal("uploads left", store.uploads, {})
            need(store.objects.get("a") == (want if retry else None),
                 "%s: another object", faults)


def fails(box):
    """One that fails, whichever and however, costs the others nothing; the exit
    status and the report say so."""
    image = box.image(IMAGE)
    want = local(box, image)
    os.mkdir(box.path("folder"))
    box.text("there", "precious")
    for first in (True, False):
        for fault, text in ((("status", 501), "HTTP 501"),
                            (("reset", 600000), "given up"),
                            (("early", 403), "HTTP 403"),
                            (None, "be reached"),
                            ("folder", "folder"), ("there", "exists"),
                            ("nowhere/x", "nowhere")):
            is_file = isinstance(fault, str)
            with Collector([fault] if fault and not is_file else []) as server:
                bad = fault if is_file else \
                    server.url + "bad" if fault else dead()
                target, also = (bad, "good") if first else ("good", bad)
                result = box.bad(3, "--triage=no", "--retry-time", "0",
                                 "--also", also, "--report", "report",
                                 image.path, target)
                need(text in result.err, "%s: %s", text, result.err)
                need("good: the dump is complete" in result.err, "%s",
                     result.err)
                same_file(text, box.path("good"), box.path("local"))
                told = report(box)
                equal("status", told["status"], "incomplete")
                equal("targets", [t["status"] for t in told["targets"]],
                      ["failed", "complete"] if first else
                      ["complete", "failed"])
                equal("bytes", told["output_bytes"], len(want))
                need("/bad" not in server.objects, "an object")
            os.unlink(box.path("good"))
            os.unlink(box.path("report"))
    with open(box.path("there"), encoding="utf-8") as file:
        equal("kept", file.read(), "precious")
    result = box.bad(1, "--retry-time", "0", "--also", "folder", image.path,
                     dead())
    need("no usable dump at any target" in result.err, "%s", result.err)


def room(box):
    """Where one has no room, or gets nowhere, the others go on."""
    image = box.image(IMAGE)
    want = local(box, image, "-d", "0")
    with Collector([("stall", 400000)]) as server:
        box.bad(3, "-d", "0", "--triage=no", "--stall-time", "2",
                "--retry-time", "0", "--also", server.url + "a", image.path,
                "b")
        same_file("beside a stalled one", box.path("b"), box.path("local"))
    # a file takes what -L permits; the server has to be asked for less, alone
    with Collector() as server:
        box.bad(3, "-f", "-d", "0", "--triage=no", "-L", len(want) - 4096,
                "--also", server.url + "a", "--report", "report", image.path,
                "b")
        equal("targets", statuses(box), ["incomplete"] * 2)
        with open(box.path("a"), "wb") as file:
            file.write(server.objects["/a"])
        pages = [len(read_dump(box.path(n)).kept) for n in "ab"]
        equal("pages", [t["pages_written"] for t in report(box)["targets"]],
              [report(box)["pages_written"], pages[0]])
        need(pages[0] < pages[1], "%s pages", pages)


def fallback(box):
    """Used when the first target can't be reached, or dies, and looked at only
    then."""
    image = box.image(IMAGE)
    want = local(box, image)
    for fault, text in ((None, "be reached"), (("status", 501), "HTTP 501"),
                        (("reset", 600000), "given up")):
        with Collector([fault]) as server:
            first = server.url + "a" if fault else dead()
            result = box.good("-f", "--triage=no", "--retry-time", "0",
                              "--fallback", "b", "--report", "report",
                              image.path, first)
            need(text in result.err and "falling back to b" in result.err,
                 "%s", result.err)
            same_file(text, box.path("b"), box.path("local"))
            equal("targets", [(t["status"], t["replaced"]) for t in
                              report(box)["targets"]],
                  [("failed", True), ("complete", False)])
            equal("status", report(box)["status"], "complete")
    with Collector() as server:
        box.good("--fallback", server.url + "b", image.path, "nowhere/a")
        need(server.objects["/b"] == want, "another dump")
        need("/b.triage.json" in server.objects, "no triage")
        server.objects.clear()
        server.puts.clear()
        result = box.good("-f", "--fallback", dead(), "--report", "report",
                          image.path, server.url + "a")
        need("falling back" not in result.err, "%s", result.err)
        equal("targets", statuses(box), ["complete"])
        result = box.bad(1, "--retry-time", "0", "--fallback", "nowhere/b",
                         image.path, dead())
        need("no usable dump at any target" in result.err, "%s", result.err)


def both(box):
    """A fallback goes on in the first target's place, beside the others or after
    them."""
    image = box.image(IMAGE)
    want = local(box, image)
    for fault in (None, ("status", 501)):
        with Collector([fault]) as server, Collector() as other:
            box.good("-f", "--triage=no", "--retry-time", "0", "--fallback",
                     other.url + "b", "--also", "c", image.path,
                     server.url + "a" if fault else dead())
            need(other.objects["/b"] == want, "another dump")
            same_file("also", box.path("c"), box.path("local"))


def stopped(box):
    """A signal ends all of them: the file is valid, at the server nothing stands."""
    image = box.image(IMAGE)
    with Collector([("stall", 400000)]) as server, subprocess.Popen(
            [CAPDUMP, "--triage=no", "-d", "0", "--also", server.url + "dump",
             "--fallback", box.path("c"), image.path, box.path("a")],
            stderr=subprocess.PIPE, text=True) as child:
        try:
            while not server.puts:
                need(child.poll() is None, "it ended")
                time.sleep(0.01)
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=60)
        finally:
            child.kill()
        equal("exit status", child.returncode, 3)
        equal("objects", server.objects, {})
        need("falling back" not in err, "%s", err)
        read_dump(box.path("a"))


def passwords(box):
    """A store and another server, each with its own; no server gets the other's."""
    image, cert = box.image(IMAGE), certificate(box)
    want = local(box, image)
    box.text("netrc", "machine 127.0.0.1 login me password secret\n")
    box.text("key", "%s:%s\n" % (s3_store.KEY, s3_store.SECRET))
    for name in ("netrc", "key"):
        os.chmod(box.path(name), 0o600)
    for option, words, env in (
            ("--also", ("--credentials", "key"), {"AWS_ACCESS_KEY_ID": "none"}),
            ("--also", (), {}), ("--fallback", (), {})):
        with S3Store() as store, Collector(cert=cert) as server:
            if option == "--fallback":
                store.secret = "another"
            result = box.run(
                "--triage=no", "--cacert", cert + ".pem", "--netrc-file", "netrc",
                *words, "--s3-endpoint", store.url, option, server.url + "dump",
                image.path, "s3://dumps/dump", env=dict(account(), **env))
            equal("exit status: " + result.err, result.code, 0)
            need(server.objects.get("/dump") == want, "not there")
            equal("the store's", store.objects.get("dump"),
                  None if option == "--fallback" else want)
            equal("who", server.puts[0][2].get("Authorization"), "Basic " +
                  base64.b64encode(b"me:secret").decode())


def usage(box):
    """Combinations that make no sense, and a target that is two."""
    box.text("secret", "me:secret\n")
    os.chmod(box.path("secret"), 0o600)
    for words, text in (
            (("--also", "b", "--split", "v", "a", "c"), "--split"),
            (("--fallback", "b", "--split", "v", "a", "c"), "--split"),
            (("--also", "b", "-F", "v", "a"), "flattened"),
            (("--also", "b", "v"), "flattened"),
            (("--also", "a", "v", "a"), "twice"),
            (("--also", "a", "--fallback", "a", "v", "b"), "twice"),
            (("--also", "b", "--order", "value", "v", "a"), "--order"),
            (("--fallback", "http://h/x", "--order", "value", "v", "a"),
             "--order"),
            (("--also", "http://h/", "v", "a"), "names no file"),
            (("-E", "--also", "http://h/x", "v", "a"), "-E"),
            (("--fallback", "b", "--fallback", "c", "v", "a"),
             "more than one"),
            (("--also", "b") * 8 + ("v", "a"), "more than 7"),
            (("verify", "--also", "b", "v"), "--also"),
            (("--credentials", "secret", "--also", "https://h/x", "v",
              "https://g/x"), "one server"),
            (("--credentials", "secret", "--s3-endpoint", "https://g",
              "--also", "https://h/x", "v", "s3://b/x"), "one server"),
            (("--netrc-file", "secret", "--s3-endpoint", "https://g",
              "--also", "a", "v", "s3://b/x"), "not for s3://"),
            (("--netrc-file", "secret", "--credentials", "secret", "--also",
              "https://h/x", "v", "a"), "exclude")):
        result = box.bad(2, *words)
        need(text in result.err, "%s: %s", words, result.err)
    image = box.image(IMAGE)
    os.symlink(".", box.path("here"))
    for also in ("here/a", image.path):
        box.bad(1, "--also", also, image.path, "a")
        box.bad(1, "--fallback", also, image.path, "a")
    result = box.good("--also", "b", "--report", "b", image.path, "a")
    need("the dump and the report" in result.err, "%s", result.err)


def memory(box):
    """What three targets take."""
    image = box.image(IMAGE)
    with Collector() as server:
        result = box.run("-d", "0", "--also", server.url + "b", "--also",
                         server.url + "c", image.path, "a", watch=True)
    equal("exit status", result.code, 0)
    need(SANITIZED or result.anon < 32 << 20, "%d bytes", result.anon)
    return "%.1f MiB" % (result.anon / 1048576)


def tests():
    for function in (files, mixed, again, parts, fails, room, fallback, both,
                     passwords, stopped, usage, memory):
        yield function.__name__, function
