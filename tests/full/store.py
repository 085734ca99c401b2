#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""store.py [-j N] [FIRST [LAST]]: $CAPDUMP sends dumps to a store that answers any
request with nonsense, by a generator with the seeds from FIRST to LAST (1 to 40).

Each run ends in bounded time. What stands there then is the dump or what stood there
before, whole; the exit status says which, or a message that nobody knows. No upload is
left without a word, no secret is told, and no sanitizer has anything to say.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import harness                                              # noqa: E402
import s3_store                                             # noqa: E402
from s3_store import MIN_PART, S3Handler, S3Store           # noqa: E402

PARTS = os.path.join(HERE, "..", "e2e", "s3-parts.txt")
OBJECT, OLD = "crashes/dump", b"what stood there" * 1000
TOKEN = "FwoGZXIvYXdzEToken+/="
SECONDS = 120
CODES = ["InternalError", "SlowDown", "NoSuchUpload", "AccessDenied", "NoSuchKey",
         "BadDigest", "RequestTimeTooSkewed", "InvalidPart", "QuotaExceeded",
         "\x1b[31mred\x07", "&amp;&lt;&#34;", "A" * 5000, "", "%s%n%s"]


def xml(random_, handler):
    """An answer's body, of this request or another."""
    ident = random_.choice([
        "x&amp;y", "\x01\x1b]0;x\x07\n", "A" * 3000, "I" * (1 << 20), "", " ",
        "%s%n%%00", "é\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
        "`id`$(id)';--", "a\0b"])
    tag = random_.choice(["UploadId", "ETag", "Code", "Message", "Key", "Part"])
    some = "<%s>%s</%s>" % (tag, ident, tag)
    parts = "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><Size>%s</Size>"
                    "</Part>" % (n, random_.choice(['"' + "0" * 32 + '"', ident[:99]]),
                                 random_.choice(["5242880", "-1", "9" * 40, ""]))
                    for n in random_.sample(range(-1, 20), 9))
    uploads = "".join("<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>"
                      % (random_.choice([OBJECT, "other"]), ident) for _ in range(3))
    return random_.choice([
        some, some * 50, "<" * 70000, "<UploadId>" * 9, "<Part>" * 20000,
        "<a>" + " " * 70000, "<Error><Code>%s</Code><Message>%s</Message></Error>"
        % (random_.choice(CODES), ident),
        "<L><IsTruncated>true</IsTruncated>%s</L>" % parts, "<L>%s</L>" % uploads,
        "<UploadId>cut", "<Error>", "", "\0" * 100,
        "<Error><Message>" + "\xc3" * 4000,
    ]).encode("utf-8", "surrogateescape")


def head(random_):
    """Of an answer."""
    status = random_.choice([
        "200 OK", "200 OK", "200 OK", "204 No", "206 Part", "301 Moved",
        "304 Same", "307 There", "308 There", "400 Bad", "401 Who", "403 No",
        "404 None", "405 No", "411 Length", "412 Pre", "416 Range", "417 Expect",
        "429 Slow", "500 Fail", "501 No", "503 Busy", "507 Full", "999 ?",
        "-1 x", "99999999999 x"])
    lines = ["HTTP/1.1 " + status]
    for line in ["Location: /dumps/crashes/dump?again", "Location: file:///etc/passwd",
                 "Location: http://127.0.0.1:1/", "Retry-After: 0", "Retry-After: 1",
                 "Retry-After: 99999999999999999999",
                 "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",
                 'ETag: ""', "ETag: ", 'ETag: "\x01\x1b[2J<&>\xff"', "ETag: " + "e" * 1000,
                 "ETag: " + '"' * 1024, "ETag: " + "x" * 60000, "Date: \x1b[2J",
                 "X-Long: " + "y" * 90000, "Transfer-Encoding: gzip",
                 "Content-Encoding: gzip", "WWW-Authenticate: Basic realm=x",
                 "WWW-Authenticate: Negotiate", "Connection: close",
                 "Content-Range: bytes 5-1/x", ": x", "nonsense", "\0\0"]:
        if random_.random() < 0.12:
            lines.append(line)
    return "\r\n".join(lines).encode("latin-1")


def nonsense(random_, handler):
    """All of an answer, and whether the connection ends with it."""
    body = xml(random_, handler)
    top = head(random_)
    kind = random_.randrange(14)
    if kind < 5:
        return top + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body, False
    if kind == 5:
        return top + b"\r\n\r\n" + body, True
    if kind == 6:
        return top + b"\r\nContent-Length: %d\r\n\r\n" % random_.choice(
            [0, len(body) // 2, len(body) + 5, 1 << 62]) + body, True
    if kind == 7:
        return top + b"\r\nContent-Length: 99999999999999999999999\r\n\r\n" + body, True
    if kind == 8:
        return (top + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + random_.choice(
            [b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n", b"fffffffffffffffff\r\nx",
             b"-5\r\nabc", b"5\r\nab", b"0\r\n" + b"T: x\r\n" * 99 + b"\r\n"]), True)
    if kind == 9:
        return b"HTTP/1.1 100 Continue\r\n\r\n" * random_.choice([1, 5000]) + top, True
    if kind == 10:
        return top[:random_.randrange(len(top))], True
    if kind == 11:
        return random_.randbytes(5000), True
    if kind == 12:
        return b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 400000, True
    return b"", True


class Hostile(S3Handler):
    timeout = 30

    def say(self):
        """Instead of an answer, after or without what was asked for."""
        random_ = self.server.random
        with self.server.lock_random:
            what, end = nonsense(random_, self)
            kind = random_.randrange(12)
        self.server.lied |= b"<Code>" in what    # it is a store's own word
        if kind == 0:
            self.reset()
            return
        if kind == 1:
            self.server.closing.wait(4)
            self.reset()
            return
        self.wfile.write(what)
        self.wfile.flush()
        if kind == 2:           # without end
            start = time.monotonic()
            while time.monotonic() < start + 20 and not self.server.closing.is_set():
                self.wfile.write(b"x" * 65536)
        self.close_connection |= end or kind in (2, 3, 4)

    def serve(self):
        server = self.server
        with server.lock_random:
            dice = server.random.random()
            cut = server.random.randrange(1 << server.random.randrange(1, 24))
        if dice >= server.share:
            S3Handler.serve(self)
            return
        # of what is left there the store has the last word
        server.lied |= self.command == "DELETE" or "uploads=&" in self.path + "&" \
            and self.command == "GET"
        try:
            length = int(self.headers.get("Content-Length") or 0)
            if dice < server.share / 4:         # not all of it is read
                if self.headers.get("Expect") and cut % 2:
                    self.send_response_only(100)
                    self.end_headers()
                self.rfile.read(min(cut, length))
                self.close_connection = True
                self.say()
            elif dice < server.share / 2:
                self.body_skip()
                self.say()
            else:                               # it is done, too
                self.later = True
                S3Handler.serve(self)
        except (ConnectionError, socket.timeout):
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve

    later = False

    def done(self, reply):
        if self.later:
            self.later = False
            self.say()
        else:
            reply()

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


def secrets(text):
    return [s for s in (s3_store.SECRET, TOKEN, "AWS4-HMAC") if s in text]


def judge(store, child, err, old, wants, killed):
    """What is wrong."""
    code, have = child.returncode, store.objects.get(OBJECT)
    want = wants[code == 3]
    if re.search(r"Sanitizer|runtime error|Assertion|Aborted", err):
        yield "it broke"
    if code not in (0, 1, 3) and not (killed and code in (128 + killed, 4, 2, -killed)):
        yield "exit status %d" % code
    if have not in (old, *wants):
        yield "another object, %s" % (None if have is None else len(have))
    if code in (0, 3) and have != want:
        yield "exit status %d, and no dump" % code
    if code == 1 and have in wants and not store.lied and not re.search(
            "may be the dump|the server has taken it|the server has -?[0-9]+$", err,
            re.M):
        yield "exit status %d, and a dump, without a word" % code
    if store.uploads and not store.lied and not re.search(
            "could not be removed|(was|may have been) begun|not complete", err):
        yield "uploads left without a word: %s" % list(store.uploads)
    if secrets(err):
        yield "secrets: %s" % secrets(err)
    if re.search("[\x00-\x08\x0b-\x1f\x7f]", err.replace("\r", "")):
        yield "control characters"
    for name, body in store.objects.items():
        if secrets(body.decode("latin-1")):
            yield "secrets in " + name
    report = store.objects.get(OBJECT + ".report.json")
    if report and not code:
        parts = json.loads(report).get("parts") or []
        at = 0
        for part in parts:
            piece = want[at:at + part["bytes"]]
            if hashlib.sha256(piece).hexdigest() != part["sha256"]:
                yield "another sum of a part"
            at += part["bytes"]
        if parts and at != len(want):
            yield "parts of %d bytes" % at


def run(folder, image, wants, seed):
    random_ = random.Random(seed)
    token = random_.choice([None, TOKEN])
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
    env.update(HOME="/nonexistent", AWS_ACCESS_KEY_ID=s3_store.KEY,
               AWS_SECRET_ACCESS_KEY=s3_store.SECRET)
    if token:
        env["AWS_SESSION_TOKEN"] = token
    with S3Store(token=token) as store:
        store.RequestHandlerClass = Hostile
        store.random, store.lock_random = random_, threading.Lock()
        store.lied = False
        store.share = random_.choice([0.05, 0.1, 0.2, 0.3, 0.5, 0.9])
        old = random_.choice([None, OLD])
        if old:
            store.objects[OBJECT] = old
        options = ["--retry-time", str(random_.choice([2, 8, 20])), "--stall-time",
                   random_.choice(["1", "2"])]
        options += ["--triage=no"] if random_.random() < 0.7 else []
        options += ["-f"] if old or random_.random() < 0.5 else []
        options += ["--resume"] if random_.random() < 0.3 else []
        killed = random_.choice([0, 0, 0, signal.SIGTERM, signal.SIGINT])
        after = random_.random() * 6
        start = time.monotonic()
        with subprocess.Popen(
                [harness.CAPDUMP, *options, "--s3-endpoint", store.url, image,
                 "s3://dumps/" + OBJECT], env=env, cwd=folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE) as child:
            def stop():
                child.send_signal(killed)
            timer = threading.Timer(after, stop)
            if killed:
                timer.start()
            try:
                err = child.communicate(timeout=SECONDS)[1]
                wrong = []
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGABRT)
                err = child.communicate()[1]
                wrong = ["it does not end"]
            timer.cancel()
        store.share = 0
        err = err.decode("utf-8", "replace")
        wrong += judge(store, child, err, old, wants, killed)
        return (seed, child.returncode, time.monotonic() - start,
                store.objects.get(OBJECT) in wants, options, killed, wrong, err)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=4)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("seeds", type=int, nargs="*")
    args = parser.parse_intermixed_args()
    first, last = (args.seeds + [1, 40][len(args.seeds):])[:2]
    folder = tempfile.mkdtemp(prefix="capdump-store-")
    try:
        box = harness.Box(os.path.join(folder, "box"))
        image = box.image(PARTS).path
        box.good("--order", "address", image, "local")
        # what is sent where there is no room, and no other level
        box.bad(3, "-F", "-L", "60K", image, "flat")
        box.good("-R", "flat", "small")
        wants = []
        for name in "local", "small":
            with open(box.path(name), "rb") as file:
                wants.append(file.read())
        assert len(wants[0]) > 3 * MIN_PART > len(wants[1])
        failed = ended = stood = 0
        with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
            for seed, code, seconds, stands, options, killed, wrong, err in pool.map(
                    lambda s: run(folder, image, wants, s),
                    range(first, last + 1)):
                ended += not code
                stood += stands
                if wrong or args.v:
                    print("%s seed %d: exit %d after %.1f s, %s, signal %d: %s\n%s" % (
                        "FAIL" if wrong else "PASS", seed, code, seconds,
                        " ".join(options), killed, "; ".join(wrong), err))
                    sys.stdout.flush()
                failed += bool(wrong)
    finally:
        shutil.rmtree(folder)
    # a store that nobody gets anything from proves nothing
    bad = failed or (last - first >= 30 and not ended)
    print("%s full/store: %d seeds, %d ended well, %d dumps stand, %d wrong" % (
        "FAIL" if bad else "PASS", last + 1 - first, ended, stood, failed))
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
