# SPDX-License-Identifier: GPL-2.0-or-later
"""Straight to a server: what stands there at the end is, byte for byte, the dump
that --order address writes to a file, or the failure is told and nothing stands
there. Against nginx, and a server that fails in every way."""

import hashlib
import json
import os
import signal
import subprocess
import time

from collector import Collector, certificate, free_port, nginx
from harness import CAPDUMP, SANITIZED, equal, need, same_file

IMAGE = "good-6.12-vmemmap"
WEIGHT = 3
QUERY = "?X-Amz-Signature=abcdef0123&X-Amz-Expires=60"


def local(box, image, *options):
    """The dump as a file."""
    box.good("-f", *options, "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


def plain(box):
    """nginx; every codec and level, and what needs another way to the sizes."""
    image = box.image(IMAGE)
    runs = ((), ("-c",), ("-d", "0"), ("-d", "1", "-p"), ("-l", "--dedup"),
            ("--fast", "--num-threads", "0"), ("--num-threads", "4"))
    with nginx(box) as (url, objects):
        for options in runs:
            local(box, image, *options)
            box.good("-f", *options, image.path, url + "a/dump")
            same_file(" ".join(options), objects + "/a/dump",
                      box.path("local"))
        # no room to remember sizes: all pages a third time
        local(box, image)
        box.good("-f", "--memory", "32K", image.path, url + "a/dump")
        same_file("three passes", objects + "/a/dump", box.path("local"))
        result = box.bad(1, image.path, url + "a/dump")
        need("exists; use -f" in result.err, "%s", result.err)
        same_file("not replaced", objects + "/a/dump", box.path("local"))
    return "%d dumps" % (len(runs) + 1)


def machines(box):
    """Other page sizes, byte orders, windows, and a dump as the input."""
    names = ("good-s390x-3level", "good-ppc64-radix-64k", "good-5.10-sparse",
             "good-arm-lpae")
    with nginx(box) as (url, objects):
        for name in names:
            image = box.image(name)
            local(box, image)
            box.good("-f", image.path, url + name)
            same_file(name, objects + "/" + name, box.path("local"))
        image = box.image(os.path.join(os.path.dirname(__file__),
                                       "three-windows.txt"))
        for options in ((), ("-d", "0"), ("--memory", "16K")):
            local(box, image, *options)
            box.good("-f", *options, image.path, url + "windows")
            same_file("windows " + " ".join(options), objects + "/windows",
                      box.path("local"))
        box.good("-f", "-d", "1", image.path, "old")
        box.good("-f", "-d", "31", "--order", "address", "old", "local")
        box.good("-f", "-d", "31", "old", url + "again")
        same_file("of a dump", objects + "/again", box.path("local"))


def refused(box):
    """What nginx says no to is told with what to do; nothing stands there."""
    image = box.image(IMAGE)
    with nginx(box, full="off", limit="64k") as (url, objects):
        result = box.bad(1, "--triage=no", "--retry-time", "0",
                         image.path, url + "large")
        need("client_max_body_size" in result.err, "%s", result.err)
        equal("objects", os.listdir(objects), [])
    with nginx(box, full="off") as (url, objects):
        for path, text in (("no/dump", "no such folder"),
                           ("readonly/dump", "dav_methods")):
            result = box.bad(1, "--triage=no", "--retry-time", "0",
                             image.path, url + path)
            need(text in result.err, "%s: %s", path, result.err)
        equal("objects", os.listdir(objects), [])


def tls(box):
    """Who the server is has to be proved; passwords come from files that nobody
    else reads, and are sent to no other."""
    image = box.image(IMAGE)
    cert = certificate(box)
    box.text("secret", "me:secret\r\n")
    box.text("wrong", "me:wrong\n")
    box.text("open", "me:secret\n")
    box.text("netrc", "machine 127.0.0.1 login me password secret\n")
    for name in ("secret", "wrong", "netrc"):
        os.chmod(box.path(name), 0o600)
    os.chmod(box.path("open"), 0o640)
    want = local(box, image)
    with nginx(box, cert) as (url, objects):
        result = box.bad(1, image.path, url + "dump")
        need("--cacert" in result.err, "%s", result.err)
        equal("objects", os.listdir(objects), [])
        trust = ("-f", "--cacert", cert + ".pem", image.path)
        for more in (trust, ("-f", "--insecure", image.path)):
            box.good(*more, url + "dump")
            same_file("tls", objects + "/dump", box.path("local"))
        result = box.bad(1, *trust, url + "private/dump")
        need("--credentials" in result.err, "%s", result.err)
        result = box.bad(1, "--credentials", "wrong", *trust,
                         url + "private/dump")
        need("does not know" in result.err, "%s", result.err)
        need(not os.path.exists(objects + "/private"), "it stands there")
        for more in (("--credentials", "secret"), ("--netrc-file", "netrc")):
            box.good(*more, *trust, url + "private/dump")
            same_file("password", objects + "/private/dump",
                      box.path("local"))
        for option in ("--credentials", "--netrc-file"):
            result = box.bad(2, option, "open", *trust, url + "private/dump")
            need("chmod 600" in result.err, "%s", result.err)
    late = certificate(box, "late", "20400101000000Z")
    with Collector(cert=late) as server:
        result = box.bad(1, "--cacert", late + ".pem", image.path,
                         server.url + "dump")
        need("clock" in result.err and "hwclock" in result.err, "%s",
             result.err)
        equal("objects", server.objects, {})
    with Collector(cert=cert) as server, \
            Collector([("early", 307, {"Location": server.url + "to"})],
                      cert=cert) as first:
        box.good("--triage=no", "--credentials", "secret", *trust, first.url + "from")
        equal("redirected", server.objects, {"/to": want})
        need("Authorization" not in server.puts[0][2],
             "the password followed to another server")
    for to, text in (("http://127.0.0.1:1/x", "everybody can read it"),
                     ("s3://b/k", "not HTTP"), ("sftp://h/x", "not HTTP"),
                     ("ftp://h/x", "not HTTP"), ("tus+http://h/x", "not HTTP"),
                     ("gopher://h/x", "not implemented")):
        with Collector([("early", 307, {"Location": to})], cert) as server:
            result = box.bad(1, "--triage=no", *trust, server.url + "from")
            need("redirected" in result.err and text in result.err, "%s",
                 result.err)
    for more in (("--credentials", "secret"), ("--netrc-file", "netrc")):
        with Collector([("early", 307, {"Location": "/to"})], cert) as server:
            box.good("--triage=no", *more, *trust, server.url + "from")
            need(server.objects["/to"] == want, "another object")
            need("Authorization" in server.puts[0][2], "no password")


# what happens to the first PUT, and what is said of it ("third": while all pages are
# packed the third time)
FAULTS = {
    "reset-0": [("reset", 0)],
    "reset-table": [("reset", 300000)],
    "reset-data": [("reset", 600000)],
    "reset-third": [("reset", 300000)],
    "close": [("close", 500000)],
    "stall": [("stall", 400000)],
    "lost-answer": [("lost",)],
    "half-answer": [("half-answer",)],
    "500": [("status", 500)],
    "503": [("status", 503, {"Retry-After": "1"})],
    "503-far": [("status", 503, {"Retry-After": "9000"})],
    "429-early": [("early", 429, {"Retry-After": "1"})],
    "502-midway": [("answer-at", 300000, 502)],
    "200-midway": [("answer-at", 300000, 200)],
    "twice": [("reset", 100000), ("status", 503)],
}


def fault(box, name):
    """Sent again from its start, until it stands there."""
    image = box.image(IMAGE)
    want = local(box, image)
    faults = list(FAULTS[name])
    with Collector(faults) as server:
        # a server on a busy machine may stall without being told to
        result = box.good("--triage=no", *(("--stall-time", "4")
                                           if name == "stall" else ()),
                          *(("--memory", "32K")
                            if name == "reset-third" else ()),
                          image.path, server.url + "dump")
        report = json.loads(server.objects.pop("/dump.report.json"))
        need(server.objects == {"/dump": want}, "another object: %s",
             {k: len(v) for k, v in server.objects.items()})
        equal("PUTs that came", {p[1] for p in server.puts[:-1]}, {len(want)})
        equal("faults left", server.faults, [])
    need("trying again in" in result.err, "%s", result.err)
    equal("retries", report["retries"], len(FAULTS[name]))
    equal("status", report["status"], "complete")
    need(report["sent_bytes"] >= len(want), "sent %d", report["sent_bytes"])
    return "%d bytes" % len(want)


def given_up(box):
    """What does not pass ends the run: one error that says so, no object."""
    image = box.image(IMAGE)
    for faults, words, text in (
            ([("reset", 100000)] * 50, ("--retry-time", "2"), "given up after"),
            ([("status", 503)] * 50, ("--retry-time", "0"), "given up after 1 try"),
            ([("status", 503, {"Retry-After": "9000"})] * 50,
             ("--retry-time", "2"), "given up after"),
            ([("status", 501)], (), "HTTP 501"),
            ([("status", 304)], (), "no answer to a PUT"),
            ([("early", 307, {"Location": "ftp://127.0.0.1/x"})], (),
             "redirected"),
            ([("early", 307, {"Location": "/a\1b"})], (), "redirected: /a\\x01b"),
            ([("early", 307, {"Location": "//"})], (), "redirected: //"),
            ([("drop",)], (), "nothing stands there (HTTP 404)"),
            ([("early", 302, {"Location": "/again"})] * 20, (),
             "redirected 5 times"),
            ([("shorten", 1000)], (), "the server has 1000")):
        with Collector(faults) as server:
            result = box.bad(1, "--triage", "no", *words, image.path,
                             server.url + "dump")
            need(text in result.err, "%s: %s", text, result.err)
            need(text == "the server has 1000" or not server.objects,
                 "%s: an object", text)


def elsewhere(box):
    """What stands where a server redirects to is not replaced without -f."""
    image = box.image(IMAGE)
    want = local(box, image)
    for options in ((), ("-f",)):
        with Collector() as server, \
                Collector([("early", 307, {"Location": server.url + "to"})]) \
                as first:
            server.objects = {"/to": b"precious"}
            result = box.run("--triage=no", *options, image.path,
                             first.url + "from")
            equal("exit status", result.code, 0 if options else 1)
            need(options or "exists; use -f" in result.err, "%s", result.err)
            need(server.objects == {"/to": want if options else b"precious"},
                 "%s: another object", options)


def changed(box):
    """Memory that is read twice and differs, from its middle on, is an error and no
    dump, whether it is packed larger or smaller; so is the third time."""
    for content in (os.urandom(4096), bytes(4096)):
        for options in ((), ("--memory", "32K")):
            image = box.image(IMAGE, own=True)

            def change():
                with open(image.path, "r+b") as file:
                    size = file.seek(0, os.SEEK_END)
                    file.seek(size // 2)
                    while file.tell() + 4096 <= size:
                        file.write(content)

            with Collector() as server:
                server.at_expect = change
                result = box.bad(1, "-d", "0", "--triage=no", *options,
                                 image.path, server.url + "dump")
                need("not the same" in result.err, "%s", result.err)
                equal("objects", server.objects, {})


def unreachable(box):
    """No name, nobody there: told before anything is scanned. The name is too long
    for one, so that no DNS server is asked."""
    image = box.image(IMAGE)
    for url, text in (("http://127.0.0.1:%d/x" % free_port(), "be reached"),
                      ("http://%s.invalid/x" % ("n" * 64), "name is not found")):
        result = box.bad(1, "--retry-time", "0", "--message-level", "31",
                         image.path, url)
        need(text in result.err, "%s", result.err)


def limits(box):
    """-L holds for all of it: the next level is taken. A limited rate changes no
    byte."""
    image = box.image(IMAGE)
    want = local(box, image)
    with Collector() as server:
        result = box.good("--triage=no", "-d", "0,31", "-L", "%d" % len(want), image.path,
                          server.url + "dump")
        need("dump level 0 needs" in result.err, "%s", result.err)
        need(server.objects["/dump"] == want, "not level 31's")
        box.good("-f", "--limit-rate", "1M", image.path, server.url + "dump")
        need(server.objects["/dump"] == want, "other bytes")


def no_room(box):
    """What a server has no room for is tried with the next level."""
    image = box.image(IMAGE)
    want = local(box, image)
    for status in (507, 413):
        with Collector([("status", status)]) as server:
            result = box.good("--triage=no", "-d", "0,31", image.path,
                              server.url.replace("http", "HTTP") + "dump")
            need("trying less" in result.err, "%s", result.err)
            need(server.objects["/dump"] == want, "not level 31's")
        # what stood there before stays
        with Collector([("early", status)]) as server:
            server.objects["/dump" + QUERY] = b"precious"
            result = box.bad(1, "-d", "0,31", image.path,
                             server.url + "dump" + QUERY)
            need("trying less" in result.err and "use -f" in result.err, "%s",
                 result.err)
            equal("kept", server.objects, {"/dump" + QUERY: b"precious"})


def presigned(box):
    """Where a HEAD is not allowed the server is asked to look, if it can."""
    image = box.image(IMAGE)
    want = local(box, image)
    path = "/dump" + QUERY
    with Collector() as server:
        url = server.url[:-1] + path
        server.objects[path] = b"precious"
        result = box.bad(1, image.path, url)
        need("HTTP 412" in result.err and "use -f" in result.err, "%s",
             result.err)
        equal("kept", server.objects, {path: b"precious"})
        box.good("-f", image.path, url)
        need(server.objects == {path: want}, "not replaced")
    for faults in ([("status", 501)], [("lost",)]):
        with Collector(faults) as server:
            box.good(image.path, server.url[:-1] + path)
            need(server.objects == {path: want}, "another object")
            equal("asked", ["If-None-Match" in p[2] for p in server.puts],
                  [True, False])


def unsure(box):
    """What stands there is not replaced for a HEAD that the server did not answer; an
    answer without an end is one."""
    image = box.image(IMAGE)
    for heads, text in (([503], "exists; use -f"), ([405], "HTTP 412")):
        with Collector() as server:
            server.heads, server.objects["/dump"] = heads, b"precious"
            result = box.bad(1, "--triage=no", image.path, server.url + "dump")
            need(text in result.err, "%s", result.err)
            equal("objects", server.objects, {"/dump": b"precious"})
    with Collector([("endless",)]) as server:
        result = box.bad(1, "--triage=no", image.path, server.url + "dump")
        need("nothing stands there" in result.err, "%s", result.err)
    want = local(box, image)
    with Collector([("lost",)]) as server:
        result = box.bad(1, "--triage=no", "--retry-time", "0", image.path,
                         server.url + "dump")
        need("it may stand there, whole" in result.err, "%s", result.err)
        need(server.objects == {"/dump": want}, "another object")
    with Collector([("reset", 100000)]) as server:
        result = box.bad(1, "--triage=no", "--retry-time", "0", image.path,
                         server.url + "dump")
        need("stand there" not in result.err, "%s", result.err)


def stopped(box):
    """A signal ends it at once, and nothing stands there."""
    image = box.image(IMAGE)
    with Collector([("stall", 200000)]) as server, subprocess.Popen(
            [CAPDUMP, "--triage=no", image.path, server.url + "dump"],
            stderr=subprocess.PIPE, text=True) as child:
        try:
            while not server.puts:
                need(child.poll() is None, "it ended")
                time.sleep(0.01)
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=60)
        finally:
            child.kill()
        equal("exit status", child.returncode, 1)
        need("nothing stands at its target, or" in err, "%s", err)
        equal("objects", server.objects, {})


def reported(box):
    """The report follows the dump: its size, and the SHA-256 of what stands there
    in the end, not of what a try before it had sent."""
    image = box.image(IMAGE)
    want = local(box, image)
    with Collector([("reset", 300000)]) as server:
        box.good("--triage=no", "--report", "report", image.path,
                 server.url + "dump")
        equal("order", [p[0] for p in server.puts],
              ["/dump", "/dump", "/dump.report.json"])
        report = json.loads(server.objects["/dump.report.json"])
        equal("SHA-256", report["sha256"], hashlib.sha256(want).hexdigest())
        equal("size", report["output_bytes"], len(want))
        box.good("--report", "of-a-file", image.path, "file")
        with open(box.path("of-a-file"), encoding="utf-8") as file:
            equal("before the pages", report["metadata_bytes"],
                  json.load(file)["metadata_bytes"])
        equal("status", report["status"], "complete")
        with open(box.path("report"), encoding="utf-8") as file:
            equal("the report's", json.load(file), report)


def triage(box):
    """What capdump triage writes is there before the dump, and nothing that was
    there is lost; a triage that can't be sent costs no dump."""
    image = box.image(IMAGE)
    box.good("triage", image.path, "local")
    want = {}
    for suffix in (".triage.json", ".dmesg"):
        with open(box.path("local" + suffix), "rb") as file:
            want["/dump" + suffix] = file.read()
    with Collector() as server:
        box.good(image.path, server.url + "dump")
        equal("order", [p[0] for p in server.puts],
              ["/dump.triage.json", "/dump.dmesg", "/dump",
               "/dump.report.json"])
        for path, content in want.items():
            need(server.objects[path] == content, "%s differs", path)
        box.good("-f", "--triage=no", image.path, server.url + "only")
        need("/only.dmesg" not in server.objects, "sent with --triage=no")
        server.objects = {"/dump.triage.json": b"precious"}
        result = box.good(image.path, server.url + "dump")
        need("triage was not sent" in result.err and "exists" in result.err,
             "%s", result.err)
        equal("kept", server.objects["/dump.triage.json"], b"precious")
    with Collector([("status", 403)]) as server:
        result = box.good(image.path, server.url + "dump")
        need("triage was not sent" in result.err, "%s", result.err)
        need("/dump" in server.objects, "no dump")
    # it gets a tenth of the time
    with Collector([("status", 503)]) as server:
        result = box.good("--retry-time", "9", image.path, server.url + "dump")
        need("given up after 1 try" in result.err, "%s", result.err)
        need("/dump" in server.objects, "no dump")


def memory(box):
    """What sending takes more than a file: libcurl's buffers, and TLS."""
    image = box.image(IMAGE)
    cert = certificate(box)
    with nginx(box, cert) as (url, _):
        result = box.run("--cacert", cert + ".pem", image.path, url + "dump",
                         watch=True)
    equal("exit status", result.code, 0)
    need(SANITIZED or result.anon < 32 << 20, "%d bytes", result.anon)
    return "%.1f MiB" % (result.anon / 1048576)


def tests():
    yield "plain", plain
    yield "machines", machines
    yield "refused", refused
    yield "tls", tls
    for name in FAULTS:
        yield "fault/" + name, fault, name
    for function in (given_up, elsewhere, changed, unreachable, limits, no_room,
                     presigned, unsure, stopped, triage, reported, memory):
        yield function.__name__.replace("_", "-"), function
