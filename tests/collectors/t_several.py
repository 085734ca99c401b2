# SPDX-License-Identifier: GPL-2.0-or-later
"""Several of the servers in one run (--also), one after another (--fallback), and one
that gets the rest of what a killed capture has sent (--resume)."""

import json
import os
import signal
import subprocess

from harness import CAPDUMP, equal, need
from proxy import Fault, Proxy
from t_servers import IMAGE, dump_of, local, send, whole
from targets import KINDS

WEIGHT = 2


def passwords(box, server):
    """Options for a server of PUT beside others: its password by --netrc-file."""
    path = box.text("netrc", "machine 127.0.0.1 login me password secret\n")
    os.chmod(path, 0o600)
    return ["--cacert", server.cacert, "--netrc-file", path]


def run(box, *words, environ=()):
    return box.run("--triage=no", "--report", "report", *words,
                   env={**os.environ, **dict(environ)})


def report(box):
    with open(box.path("report"), encoding="utf-8") as file:
        return json.load(file)


def statuses(box):
    return [t["status"] for t in report(box)["targets"]]


def also(box):
    """A file, a server of PUT and a store in one pass; then one of them dies half-way,
    and the others have all."""
    image, options, want = dump_of(box, "swift")
    with KINDS["nginx"](box) as put, KINDS["swift"](box) as store:
        words = (*passwords(box, put), *store.options(), *options)
        result = run(box, *words, "--also", put.target("dump"), "--also",
                     store.target("dump"), image.path, "file",
                     environ=store.environ)
        for server in put, store:
            whole("all of them", server, result, want)
        with open(box.path("file"), "rb") as file:
            need(file.read() == want, "another file")
        for dead, other in (put, store), (store, put):
            name = "dead-" + dead.name
            with Proxy(dead.port, [Fault("reset", len(want) // 2)
                                   for _ in range(200)]) as proxy:
                dead.front = proxy.port
                result = run(box, *passwords(box, put), *store.options(),
                             *options, "-f", "--retry-time", "2", "--also",
                             dead.target(name), "--also", "file", image.path,
                             other.target(name), environ=store.environ)
                dead.front = None
            equal("exit status: " + result.err[-400:], result.code, 3)
            equal("targets", statuses(box), ["complete", "failed", "complete"])
            need(other.get(name) == want, "%s: another object", other.name)
            need(dead.get(name) is None, "%s: an object", dead.name)
            with open(box.path("file"), "rb") as file:
                need(file.read() == want, "another file")


def fallback(box):
    """The first target is not there; or dies half-way, for good."""
    image, options, want = dump_of(box, "swift")
    with KINDS["nginx"](box) as put, KINDS["swift"](box) as store, \
            KINDS["sftp"](box) as ssh:
        gone = put.target("dump")
        words = (*passwords(box, put), *options, "--retry-time", "2")
        put.stop()
        result = run(box, *words, *store.options(), "--fallback",
                     store.target("dump"), image.path, gone,
                     environ=store.environ)
        whole("not there", store, result, want)
        equal("targets", statuses(box), ["failed", "complete"])
        put.start()
        with Proxy(put.port, [Fault("reset", len(want) // 2)
                              for _ in range(200)]) as proxy:
            put.front = proxy.port
            result = run(box, *words, *ssh.options(), "--fallback",
                         ssh.target("dump"), image.path, put.target("dump"))
            put.front = None
        whole("half-way", ssh, result, want)
        need(put.get("dump") is None, "an object")
        equal("targets", statuses(box), ["failed", "complete"])


def kill(box, server, image, options, at):
    """A capture that SIGKILL ends when AT bytes and some buffers are on their way."""
    children = []
    with Proxy(server.port, [Fault(lambda: children[0].kill(), at)]) as proxy:
        server.front = proxy.port
        with subprocess.Popen(
                [CAPDUMP, "--triage=no", *server.options(), *options,
                 image.path, server.target("dump")], cwd=box.folder,
                env={**os.environ, **server.environ},
                stderr=subprocess.DEVNULL) as child:
            children.append(child)
        server.front = None
    equal("how it ended", child.returncode, -signal.SIGKILL)
    need(server.get("dump") is None, "an object stands there")


def resume(box, kind):
    """What a capture has sent before SIGKILL is not sent again; the object is whole."""
    image, options, want = dump_of(box, "swift")
    with KINDS[kind](box) as server:
        kill(box, server, image, options, len(want) // 2)
        result = send(box, server, image, *options, "--resume", "--report",
                      "report")
        whole("resumed", server, result, want)
    sent = report(box)["sent_bytes"]
    need(0 < sent < len(want) * 3 // 4, "%d of %d bytes were sent", sent,
         len(want))
    return "%d of %d bytes" % (sent, len(want))


def begun_anew(box):
    """Of a PUT nothing is kept: --resume says so, and the dump is sent once more."""
    image = box.image(IMAGE)
    want = local(box, image)
    with KINDS["nginx"](box) as server:
        kill(box, server, image, (), len(want) // 2)
        result = send(box, server, image, "--resume")
        equal("exit status", result.code, 2)
        need("a server keeps nothing" in result.err, "%s", result.err)
        whole("anew", server, send(box, server, image), want)


def tests():
    yield "also", also
    yield "fallback", fallback
    for kind in "swift", "sftp":
        yield kind + "/resume", resume, kind
    yield "nginx/resume", begun_anew
