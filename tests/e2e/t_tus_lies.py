# SPDX-License-Identifier: GPL-2.0-or-later
"""A tus server that says what is not so: no dump is called complete that nobody said
is whole, nobody waits for ever, and what may stay there is told of."""

import signal
import subprocess
import time

from harness import CAPDUMP, FULL, equal, need
from t_tus import IMAGE, PARTS, local, says
from t_tus_parts import DEFERS, JOINS, N, TRIAL
from tus_server import TusServer


def run(box, server, image, *options, status=1):
    result = box.run("--triage=no", "--retry-time", "1", *options, image.path,
                     server.url + "dump")
    equal("exit status: " + result.err, result.code, status)
    return result


def more(box):
    """More than was sent, once a connection broke."""
    image = box.image(IMAGE)
    want = local(box, image)

    def lie(found, headers):
        if found["pieces"] == [0] and len(found["bytes"]) == 300000:
            headers["Upload-Offset"] = len(want)
        return 200, headers
    for sums in (None, "sha1"):
        with TusServer([("reset", 300000)], says=says(
                "creation,checksum" if sums else "creation", sums)) as server:
            server.lie = lie
            run(box, server, image, status=0)
            need(server.whole().get("dump") == want, "another object: %s",
                 {k: len(v) for k, v in server.whole().items()})


def final(box):
    """The upload that was joined is not, or nobody says so."""
    image = box.image(PARTS)

    def lie(found, headers):
        if not found["name"] == "dump":
            return 200, headers
        if what == 200:
            del headers["Upload-Offset"]
        return what, headers
    for what in (200, 403, 503) if FULL else (200, 403):
        with TusServer(says=says(DEFERS)) as server:
            server.lie = lie
            result = run(box, server, image)
            at = [p for p, u in server.uploads.items() if u["name"] == "dump"]
            equal("final", len(at), 1)
            need("may stand there" in result.err and at[0] in result.err,
                 "%s", result.err)
            equal("parts", len(server.partial()), 5)


def again(box):
    """A part that is dropped each time."""
    image = box.image(PARTS)
    with TusServer(TRIAL + [N, N, ("gone",)] * 40, says=says(DEFERS)) as server:
        result = run(box, server, image)
        need("given up after" in result.err, "%s", result.err)


def twice(box):
    """Of two that were joined one is told of."""
    image = box.image(PARTS)
    with TusServer(says=says(DEFERS)) as server:
        server.post_faults = [("final", "none"), ("final", "lost")]
        result = run(box, server, image, "--retry-time", "9", status=0)
        need("once more" in result.err, "%s", result.err)
    with TusServer(says=says(DEFERS)) as server:
        server.post_faults = [("", "none")] * 4 + [("", "lost")]
        result = run(box, server, image, "--retry-time", "9", status=0)
        need("1 more may be there" in result.err, "%s", result.err)


def front(box):
    """The same of one that goes front to back."""
    image = box.image(IMAGE)
    with TusServer() as server:
        server.post_faults = [("", "lost")]
        result = run(box, server, image, "--retry-time", "9", status=0)
        need("1 more may be there" in result.err, "%s", result.err)
        equal("uploads", sorted(len(u["bytes"]) > 0 for u in
                                server.uploads.values()), [False, True, True])


def stop_at(box, server, image, *options):
    """Runs until the server's ready() says that it is to be stopped. What it says."""
    with subprocess.Popen(
            [CAPDUMP, "--triage=no", *options, image.path, server.url + "dump"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        for _ in range(400):
            if server.ready():
                break
            time.sleep(0.05)
        child.send_signal(signal.SIGTERM)
        err = child.stderr.read().decode()
        equal("exit status: " + err, child.wait(), 1)
    return err


def last(box):
    """A signal while the answer to the last byte is waited for, or to what joins."""
    want = local(box, box.image(IMAGE))
    with TusServer([("stall", 1 << 30)]) as server:
        server.ready = lambda: any(len(u["bytes"]) == len(want)
                                   for u in list(server.uploads.values()))
        err = stop_at(box, server, box.image(IMAGE))
        need("may stand there, whole" in err, "%s", err)
    with TusServer(says=says(DEFERS)) as server:
        server.post_faults = [("final", "none"), ("final", "stall")]
        server.ready = lambda: "dump" in server.whole()
        err = stop_at(box, server, box.image(PARTS))
        need("may stand there, at a URL" in err, "%s", err)
        equal("parts", len(server.partial()), 5)
        equal("named", err.count("/files/"), 5)


def silent(box):
    """No DELETE is answered: one is waited for, and all that stays is named."""
    with TusServer(TRIAL + [N, ("stall", 100000)], says=says(JOINS)) as server:
        server.nr_deleted = -3              # the trial's
        server.ready = lambda: not server.faults and not setattr(
            server, "keeps", True)
        err = stop_at(box, server, box.image(PARTS), "--stall-time", "1")
        equal("DELETEs", server.nr_deleted, 1)
        need(server.uploads, "nothing was begun")
        for path in server.uploads:
            need(path in err, "%s: %s", path, err)


def forgets(box):
    """A length that is told last is not taken: nothing relies on it."""
    image = box.image(PARTS)
    with TusServer(says=says(DEFERS)) as server:
        server.forgets = True
        result = run(box, server, image, status=0)
        need("front to back" in result.err, "%s", result.err)
        need(server.whole()["dump"] == local(box, image), "another object")
        equal("uploads", len(server.uploads), 2)


def tests():
    for function in (forgets, more, final, again, twice, front, last, silent):
        yield function.__name__, function
