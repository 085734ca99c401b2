# SPDX-License-Identifier: GPL-2.0-or-later
"""Stores that speak S3, each of other origin: STORES. All with a bucket `dumps`."""

import contextlib
import getpass
import os
import subprocess
import sys
import time

import doc
import s3client
from server import Fail, Server, program

BUCKET = "dumps"
REGION = "us-east-1"


def cache():
    """The folder outside the tree where tests/collectors/install puts things."""
    home = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    return os.environ.get("CAPDUMP_CACHE", os.path.join(home, "capdump"))


def npm_program(path):
    """A file of the npm packages that are pinned in npm/."""
    found = os.path.join(cache(), "collectors", "npm", "node_modules", path)
    if not os.path.exists(found):
        raise Fail("no %s: tests/collectors/install puts it there" % found)
    return found


class Store(Server):
    """.endpoint, .bucket, .access, .secret, .region, .credentials (a file as AWS's
    programs read it), .environ (the same as AWS's variables); .client to look
    at what stands there (s3client.py)."""
    access, secret = "capdump", "nobodyknowsit"
    bucket, region = BUCKET, REGION
    # what it has not, of ListParts, ListMultipartUploads, Abort, and
    # whether it looks at signatures
    lacks = ()

    def ready(self):
        self.credentials = self.folder + "/credentials"
        with open(os.open(self.credentials,
                          os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  "w", encoding="ascii") as file:
            file.write("[default]\naws_access_key_id = %s\n"
                       "aws_secret_access_key = %s\n"
                       % (self.access, self.secret))
        self.environ = {"AWS_ACCESS_KEY_ID": self.access,
                        "AWS_SECRET_ACCESS_KEY": self.secret,
                        "AWS_REGION": self.region}
        end = time.monotonic() + 30
        while True:             # it listens before it can serve
            try:
                self.client.make_bucket(self.bucket)
                return
            except (OSError, s3client.Refused) as err:
                if time.monotonic() > end:
                    raise Fail("%s: no bucket: %s" % (
                        self.name, err)) from None
            time.sleep(0.1)

    def target(self, name):
        return "s3://%s/%s" % (self.bucket, name)

    def options(self):
        return ["--s3-endpoint", self.endpoint]

    @property
    def endpoint(self):
        return "http://" + self.at()    # what stands before it, too

    @property
    def client(self):
        return s3client.Client(self.endpoint, self.access, self.secret,
                               self.region, self.net.entered if self.net
                               else contextlib.nullcontext)

    def get(self, key):
        return self.client.get(self.bucket, key)

    def keys(self):
        return self.client.keys(self.bucket)


class S3rver(Store):
    """npm's s3rver (its key is built in)."""
    access = secret = "S3RVER"
    lacks = ("ListParts", "ListMultipartUploads", "Abort", "signature")

    def __init__(self, box, net=None):
        super().__init__(box, "s3rver", net)

    def commands(self):
        os.makedirs(self.folder + "/objects", exist_ok=True)
        return [[program("node", "nodejs"),
                 npm_program("s3rver/bin/s3rver.js"), "-d",
                 self.folder + "/objects", "-a", self.host, "-p",
                 str(self.port), "--no-vhost-buckets"]]


BEHIND = """[DEFAULT]
bind_ip = %(host)s
bind_port = %(port)d
workers = 0
user = %(user)s
swift_dir = %(folder)s
devices = %(folder)s/devices
mount_check = false
log_address = /nowhere
[pipeline:main]
pipeline = %(name)s-server
[app:%(name)s-server]
use = egg:swift#%(name)s
"""
PROXY = """[DEFAULT]
bind_ip = %(host)s
bind_port = %(port)d
workers = 0
user = %(user)s
swift_dir = %(folder)s
log_address = /nowhere
"""


# swift-ring-builder's lines by one interpreter: it starts in half a second
RINGS = """
import shlex, sys
from swift.cli.ringbuilder import main
for line in sys.stdin:
    try:
        main(shlex.split(line))
    except SystemExit as end:
        if end.code:
            raise
"""


class Swift(Store):
    """OpenStack Swift with its s3api: a proxy and the three servers behind it."""
    ports = 4
    access = "capdump:dumps"    # an account and its user

    def __init__(self, box, net=None):
        super().__init__(box, "swift", net)

    def configure(self):
        program("swift-proxy-server", "swift-proxy")
        program("swift-object-server", "swift-object")
        os.makedirs(self.folder + "/devices/disk", exist_ok=True)

        def write(name, text):
            with open(os.path.join(self.folder, name), "w",
                      encoding="ascii") as file:
                file.write(text)

        values = {"host": self.host, "folder": self.folder,
                  "user": getpass.getuser()}
        write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = test\n"
              "[storage-policy:0]\nname = one\ndefault = yes\n")
        for name, port in zip(("account", "container", "object"), self.more):
            write(name + ".conf", BEHIND % {**values, "name": name,
                                            "port": port})
        write("proxy.conf", doc.block("Swift", 1, words={
            "[DEFAULT]\nbind_port = 8080\n":
                PROXY % {**values, "port": self.port},
            # nobody there; a cache is asked for, and not needed
            "127.0.0.1:11211": "127.0.0.1:1"}))
        rings = doc.block("Swift", words={
            "127.0.0.1:%d/" % old: "%s:%d/" % (self.host, new)
            for old, new in zip((6202, 6201, 6200), self.more)})
        for name in ("account", "container", "object"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink("%s/%s.builder" % (self.folder, name))
        subprocess.run(["/usr/bin/python3", "-c", RINGS], input=rings,
                       text=True, check=True, cwd=self.folder,
                       stdout=subprocess.DEVNULL)

    def commands(self):
        return [["env", "SWIFT_DIR=" + self.folder,
                 "swift-%s-server" % name, "%s/%s.conf" % (self.folder, name)]
                for name in ("account", "container", "object", "proxy")]


class Moto(Store):
    """Python's moto, which AWS's own client library (botocore) parses requests for:
    packages of sid, unpacked in the cache."""
    lacks = ("signature",)
    keeps = False

    def __init__(self, box, net=None):
        super().__init__(box, "moto", net)

    def commands(self):
        path = os.path.join(cache(), "collectors", "moto")
        if not os.path.exists(path):
            raise Fail("no %s: tests/collectors/install puts it there" % path)
        return [["env", "PYTHONPATH=" + path, "/usr/bin/python3", "-B", "-m",
                 "moto.server", "-H", self.host, "-p", str(self.port)]]


STORES = {"swift": Swift, "moto": Moto, "s3rver": S3rver}


def prove(store):
    """That it is a store of multipart uploads: what it says to each request that
    capdump makes, or {request: what was refused}."""
    client, bucket, refused = store.client, store.bucket, {}
    parts = {number: os.urandom(5 << 20 if number < 3 else 1000)
             for number in (1, 2, 3)}
    upload = client.create(bucket, "a/b/whole dump")
    # parts in any order, the first one last and twice
    tags = {number: client.upload(bucket, "a/b/whole dump", upload, number,
                                  body)
            for number, body in ((3, parts[3]), (1, b"no" * 3000000),
                                 (2, parts[2]), (1, parts[1]))}
    for name, function, want in (
            ("ListParts", lambda: client.parts(
                bucket, "a/b/whole dump", upload), [1, 2, 3]),
            ("ListMultipartUploads", lambda: client.uploads(bucket),
             [upload])):
        try:
            have = function()
            if have != want:
                refused[name] = "%r, not %r" % (have, want)
        except s3client.Refused as err:
            refused[name] = str(err)
    if client.get(bucket, "a/b/whole dump") is not None:
        refused["invisible"] = "it stands there before it is complete"
    client.complete(bucket, "a/b/whole dump", upload, tags)
    if client.get(bucket, "a/b/whole dump") != b"".join(
            parts[n] for n in sorted(parts)):
        refused["Complete"] = "another object"
    upload = client.create(bucket, "aborted")
    client.upload(bucket, "aborted", upload, 1, parts[1])
    try:
        client.abort(bucket, "aborted", upload)
        if "ListMultipartUploads" not in refused and client.uploads(bucket):
            refused["Abort"] = "the upload is still there"
    except s3client.Refused as err:
        refused["Abort"] = str(err)
    wrong = s3client.Client(store.endpoint, store.access, "wrong")
    try:
        wrong.put(bucket, "stranger", b"x")
        refused["signature"] = "a wrong key is taken"
    except s3client.Refused:
        pass
    return refused


if __name__ == "__main__":
    import tempfile

    from harness import Box
    for each in sys.argv[1:] or STORES:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as scratch:
            began = time.monotonic()
            with STORES[each](Box(scratch + "/box")) as running:
                print(each, "starts: %.1f s" % (time.monotonic() - began))
                print(each, prove(running),
                      "%.1f s" % (time.monotonic() - began))
