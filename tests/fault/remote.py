#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A capture to a server when the n-th allocation fails, or all from there on: our own,
libcurl's and that of what it loads, but not OpenSSL's: libcurl 7.88.1 does not look
whether that can hash (Curl_sha256it(), when it signs a request). No crash; what stands
there under the dump's name is the dump, or of parts one that says it is incomplete;
status 0 means that it stands there, status 1 comes with a message; an upload in parts
that is still there was told of."""

import itertools
import os
import re
import sys

import harness
from harness import COMPLETE, CUT_SHORT, NO_DUMP, SEED, Suite, capdump

# the servers' folder has a harness, too
OWN = sys.modules.pop("harness")
sys.path.insert(0, os.path.join(OWN.TOP, "tests", "e2e"))

import ftp_server                                           # noqa: E402
import s3_store                                             # noqa: E402
import tus_server                                           # noqa: E402
from collector import Collector                             # noqa: E402
from s3_store import S3Store                                # noqa: E402

RUNS = int(os.environ.get("RUNS", "70"))        # of each way and kind
SMALL = os.path.join(OWN.HERE, "small.txt")
PARTS = os.path.join(OWN.TOP, "tests", "e2e", "s3-parts.txt")

# name: (server, target, fixture)
WAYS = {
    "s3-parts": (S3Store, "s3://dumps/dump", PARTS),
    "s3-small": (S3Store, "s3://dumps/dump", SMALL),
    "put": (Collector, None, SMALL),
    "tus": (tus_server.TusServer, None, SMALL),
    "tus-parts": (lambda: tus_server.TusServer(says={
        "Tus-Version": "1.0.0", "Tus-Extension": "creation,concatenation,"
        "termination,creation-defer-length,checksum",
        "Tus-Checksum-Algorithm": "sha1"}), None, SMALL),
    "ftp": (ftp_server.FtpServer, None, SMALL),
}
KINDS = {"alloc": {}, "alloc-on": {"last": "forever"}}


def standing(server):
    """What is there under the dump's name; None: nothing."""
    have = server.whole() if hasattr(server, "whole") else server.objects
    return next((bytes(have[name]) for name in have
                 if name.strip("/") == "dump"), None)


def outcome(run, server, want, judge):
    """Problems with how a run ended. JUDGE(bytes): those of an incomplete dump."""
    have = standing(server)
    if run.crash():
        yield run.crash()
    elif run.code == CUT_SHORT and have and \
            (isinstance(server, S3Store) or "concatenation" in
             getattr(server, "says", {}).get("Tus-Extension", "")):
        # parts that stand are an incomplete dump
        yield from judge(have)
        have = None
    elif run.code not in (COMPLETE, NO_DUMP):
        yield "status"
    elif run.code == COMPLETE and have is None:
        yield "status 0, and nothing stands there"
    elif run.code == NO_DUMP and "\ncapdump: " not in "\n" + run.err:
        yield "status 1 without a word"
    if have not in (None, want):
        yield "%d bytes stand there that are not the dump" % len(have)
    if run.code == NO_DUMP and have is not None and \
            not re.search("what stands there may be|may stand there", run.err):
        yield "the dump stands there, and nobody says so"
    if getattr(server, "uploads", None) and \
            isinstance(server, S3Store) and \
            "upload" not in run.err:
        yield "an upload is left without a word"


def judge_bytes(suite, image, n, have):
    path = suite.path("have.%d" % n)
    with open(path, "wb") as file:
        file.write(have)
    problems = OWN.Judge(image).dump(path, False, all_bits=False)
    os.unlink(path)
    return problems


def attempt(suite, way, kind, want, n):
    new, target, fixture = WAYS[way]
    image = suite.image(fixture)
    with new() as server:
        options = ("--s3-endpoint", server.url) if target else ()
        run = capdump("--triage=no", "--retry-time", 1, *options, image,
                      target or server.url + "dump",
                      fault=dict(KINDS[kind], call="alloc", n=n, input=image,
                                 spare="libcrypto"))
        problems = ["%s\n%s" % (p, run) for p in outcome(
            run, server, want,
            lambda have: judge_bytes(suite, image, n, have))]
    return run, problems


def main():
    os.environ.update(AWS_ACCESS_KEY_ID=s3_store.KEY,
                      AWS_SECRET_ACCESS_KEY=s3_store.SECRET)
    suite = Suite("remote")
    for way in sys.argv[1:] or WAYS:
        image, local = suite.image(WAYS[way][2]), suite.path("local")
        capdump("-f", "--order", "address", image, local)
        with open(local, "rb") as file:
            want = file.read()
        # how many there are
        run = attempt(suite, way, "alloc", want, 0)[0]
        step = max(1, run.counts()["alloc"] // RUNS)
        for i, kind in enumerate(KINDS):
            first = 1 + (SEED + i * step // 2) % step
            OWN.sweep(suite, "%s-%s" % (way, kind),
                      itertools.count(first, step),
                      lambda n, w=way, k=kind, d=want:
                      attempt(suite, w, k, d, n))
    suite.finish()


if __name__ == "__main__":
    main()
