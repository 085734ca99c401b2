# SPDX-License-Identifier: GPL-2.0-or-later
"""capdump and the servers of docs/collector.md: what stands there at the end is, byte
for byte, the dump that --order address writes to a file, or the failure is told and
nothing stands there. A proxy before them breaks connections."""

import os
import random
import time

import doc
import s3
from harness import Fail, equal, need
from proxy import Fault, Proxy
from targets import ELSEWHERE, KINDS, LARGE, SOON

IMAGE = "good-6.12-vmemmap"
WEIGHT = 2


def local(box, image, *options):
    """The dump as a file."""
    box.good("-f", *options, "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


def dump_of(box, kind):
    """(image, options, the dump as a file): a small one, or one of some parts of
    5 MiB."""
    image, options = box.image(IMAGE, own=kind in LARGE), ()
    if kind in LARGE:
        options = ("-d", "0")
        with open(image.path, "r+b") as file:
            file.seek(-(12 << 20), os.SEEK_END)
            file.write(random.Random(1).randbytes(12 << 20))
    return image, options, local(box, image, *options)


def send(box, server, image, *options, name="dump", run=None):
    """capdump's result; without triage, unless that is asked for."""
    environ = {**os.environ, **server.environ}
    return (run or box.run)(*(() if "--triage" in options else
                              ("--triage=no",)), *server.options(), *options,
                            image.path, server.target(name), env=environ)


def whole(what, server, result, want, name="dump"):
    need(result.code == 0, "%s: exit %d: %s", what, result.code,
         result.err[-600:])
    have = server.get(name)
    need(have == want, "%s: %s of %d bytes, not the dump of %d", what,
         "nothing" if have is None else "another object", len(have or b""),
         len(want))


def nothing(what, server, result, *texts, name="dump"):
    need(result.code == 1, "%s: exit %d: %s", what, result.code,
         result.err[-600:])
    need(any(t in result.err for t in texts), "%s: it says %s", what,
         result.err[-600:])
    need(server.get(name) is None, "%s: an object stands there", what)


def same(box, kind):
    """Levels and codecs; again, where something stands; after a restart it is
    there."""
    image = box.image(IMAGE)
    with KINDS[kind](box) as server:
        for number, options in enumerate(((), ("-c", "-d", "0"))):
            name = "dump%d" % number
            want = local(box, image, *options)
            whole(name, server, send(box, server, image, *options, name=name),
                  want, name)
        if server.names:
            result = send(box, server, image, name=name)
            need(result.code == 1 and "exists; use -f" in result.err, "%d: %s",
                 result.code, result.err)
        need(server.get(name) == want, "it was replaced")
        if server.keeps:
            server.restart()
        want = local(box, image)
        whole("-f", server, send(box, server, image, "-f", name=name), want,
              name)
        # and all that goes with it
        result = send(box, server, image, "--triage", "yes", name="all")
        whole("triage", server, result, want, "all")
        for suffix in (".triage.json", ".dmesg", ".report.json"):
            need(server.get("all" + suffix), "no %s", suffix)
    return "%d bytes" % len(want)


def faults(size):
    """What happens to a dump of SIZE bytes on its way."""
    return {
        "reset at byte 1": Fault("reset", 1),
        "reset at byte 3000": Fault("reset", 3000),
        "reset in the middle": Fault("reset", size // 2),
        "reset near the end": Fault("reset", size - 500),
        "closed in the middle": Fault("close", size // 3),
        "no answer": Fault("reset", size, 0),
        "half an answer": Fault("close", size, 20),
    }


def broken(box, kind):
    """Each of these is survived; the object is whole."""
    image, options, want = dump_of(box, kind)
    with KINDS[kind](box) as server:
        for number, (what, fault) in enumerate(faults(len(want)).items()):
            name = "dump%d" % number
            with Proxy(server.port, [fault]) as proxy:
                server.front = proxy.port
                result = send(box, server, image, *options, name=name)
                server.front = None
                whole(what, server, result, want, name)
                equal(what + ": faults that did not come", len(proxy.left()),
                      0)
                need("trying again in" in result.err, "%s: %s", what,
                     result.err)
    return "%d faults" % (number + 1)


def stalled(box, kind):
    """Nothing moves any more, on a connection that stays."""
    image, options, want = dump_of(box, kind)
    with KINDS[kind](box) as server, Proxy(server.port, [
            Fault("stall", len(want) // 2)]) as proxy:
        server.front = proxy.port
        result = send(box, server, image, *options, "--stall-time", "3")
        server.front = None
        whole("stalled", server, result, want)
        equal("faults that did not come", len(proxy.left()), 0)
        need("trying again in" in result.err, "%s", result.err)


def given_up(box, kind):
    """From the middle on each connection breaks: told, and nothing stands there."""
    image, options, want = dump_of(box, kind)
    size = len(want)
    with KINDS[kind](box) as server, Proxy(server.port, [
            Fault("reset", size // 2) for _ in range(200)]) as proxy:
        server.front = proxy.port
        result = send(box, server, image, *options, "--retry-time", "3")
        server.front = None
        nothing("given up", server, result, "given up after")


def restarted(box, kind):
    """The server's machine loses its power in the middle, and comes back."""
    image, options, want = dump_of(box, kind)
    with KINDS[kind](box) as server:
        fault = Fault(server.restart, len(want) // 2)
        with Proxy(server.port, [fault]) as proxy:
            server.front = proxy.port
            result = send(box, server, image, *options)
            server.front = None
        whole("restarted", server, result, want)
        need(fault.done, "it did not restart")
        need("trying again in" in result.err, "%s", result.err)


def soon(box, kind):
    """Not built yet: it is said, and nothing is sent. Who builds it takes the kind
    out of SOON; the tests are there."""
    image = box.image(IMAGE)
    with KINDS[kind](box) as server:
        result = send(box, server, image)
        need(result.code == 2 and "not implemented" in result.err or
             "unknown option" in result.err or
             "is no option" in result.err, "exit %d: %s", result.code, result.err)
        need(server.get("dump") is None, "an object stands there")


def store(box, name):
    """It is one: what capdump needs of it, and what it is known to lack."""
    with s3.STORES[name](box) as server:
        lacks = s3.prove(server)
        if sorted(lacks) != sorted(server.lacks):
            raise Fail("it lacks %r, not %r" % (lacks, server.lacks))
    return "all of it" if not lacks else "but for " + ", ".join(lacks)


def ranges(box):
    """--put-ranges: Apache goes on where it broke, nginx is told not to be able to."""
    image = box.image(IMAGE)
    want = local(box, image)
    with KINDS["apache2"](box) as server:
        # FIN: what was sent before it is taken, as RST lets nobody
        fault = Fault("close", len(want) // 2)
        with Proxy(server.port, [fault]) as proxy:
            server.front = proxy.port
            result = send(box, server, image, "--put-ranges")
            server.front = None
            sent = proxy.sent
        whole("apache2", server, result, want)
        need(fault.done and sent < len(want) * 5 // 4, "sent %d", sent)
        equal("objects", [k for k in server.keys() if "trial" in k], [])
    with KINDS["nginx"](box) as server:
        nothing("nginx", server, send(box, server, image, "--put-ranges"),
                "--put-ranges")
        # it may not delete what was tried
        need(all(k.startswith("dump.trial-") for k in server.keys()), "%s",
             server.keys())


def presigned(box):
    """A URL that a store's owner signed, with no key here; one that has expired."""
    image = box.image(IMAGE)
    want = local(box, image)
    with s3.Swift(box) as server:
        url = server.client.presign("PUT", server.bucket, "dump", 600)
        result = box.run("--triage=no", image.path, url)
        whole("presigned", server, result, want)
        url = server.client.presign("PUT", server.bucket, "late", 1)
        time.sleep(2)
        result = box.run("--triage=no", image.path, url)
        nothing("expired", server, result, "presigned", name="late")


def lifecycle(box):
    """docs/collector.md's rule is one to a store."""
    with s3.Moto(box) as server:
        rule = doc.block("Amazon S3, and stores like it")
        server.client.send("PUT", "/" + server.bucket, {"lifecycle": ""},
                           rule.encode())
        kept = server.client.send("GET", "/" + server.bucket,
                                  {"lifecycle": ""})[1]
        need(s3.s3client.texts(kept, "Rule/AbortIncompleteMultipartUpload/"
                               "DaysAfterInitiation") == ["7"], "%r", kept)


def tests():
    for kind in SOON:
        yield kind + "/soon", soon, kind
    for kind, make in KINDS.items():
        if kind in SOON:
            continue
        for function in (same, broken, stalled, given_up, restarted):
            if function == restarted and not getattr(make, "keeps", True) or \
                    function != same and kind in ELSEWHERE:
                continue
            yield "%s/%s" % (kind, function.__name__.replace("_", "-")), \
                function, kind
    yield "ranges", ranges
    yield "presigned", presigned
    yield "lifecycle", lifecycle
    for name in s3.STORES:
        yield "store/" + name, store, name
