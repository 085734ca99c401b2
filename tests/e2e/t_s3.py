# SPDX-License-Identifier: GPL-2.0-or-later
"""To an S3 store, in parts: the object is, byte for byte, the dump that --order
address writes to a file, or the failure is told; and no upload is left behind."""

import hashlib
import json
import os
import signal
import struct
import subprocess
import time

import s3_store
from collector import certificate, free_port
from harness import CAPDUMP, SANITIZED, equal, need
from s3_store import MIN_PART, S3Store

WEIGHT = 3
SMALL = "good-6.12-vmemmap"
PARTS = os.path.join(os.path.dirname(__file__), "s3-parts.txt")
TARGET = "s3://dumps/crashes/dump"
OBJECT = "crashes/dump"


def account(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env.update(HOME="/nonexistent", AWS_ACCESS_KEY_ID=s3_store.KEY,
               AWS_SECRET_ACCESS_KEY=s3_store.SECRET)
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def local(box, image, *options):
    box.good("-f", *options, "--order", "address", image.path, "local")
    with open(box.path("local"), "rb") as file:
        return file.read()


def send(box, store, image, *options, target=TARGET, env=None):
    return box.run("--triage=no", *options, "--s3-endpoint", store.url,
                   image.path, target, env=env or account())


def unanswered(store, said, nr):
    """NR uploads may be there of which the store did not say that they were begun:
    without parts, and told of."""
    equal("uploads left", [u[1] for u in store.uploads.values()], [{}] * nr)
    for ident in list(store.uploads)[-1:]:
        need("was begun without an answer" in said and "'%s'" % ident in said,
             "%s: %s", ident, said)
    store.uploads.clear()


def check(store, want, name=OBJECT):
    need(store.objects.get(name) == want, "%s: another object: %s", name,
         {k: len(v) for k, v in store.objects.items()})
    equal("uploads left", store.uploads, {})


def plain(box):
    """Small ones by one request, larger ones in parts; each codec and level, and
    the keys that are hard to sign."""
    image = box.image(SMALL)
    with S3Store() as store:
        for options in ((), ("-c",), ("-d", "0"), ("-l", "--dedup"),
                        ("--num-threads", "0")):
            want = local(box, image, *options)
            result = send(box, store, image, "-f", *options)
            equal("exit status: " + result.err, result.code, 0)
            check(store, want)
        equal("no upload for a small one", store.nr_uploads, 0)
        result = send(box, store, image)
        equal("exit status", result.code, 1)
        need("exists; use -f" in result.err, "%s", result.err)
        image = box.image(PARTS)
        want = local(box, image)
        need(len(want) > 3 * MIN_PART, "the dump is small")
        for key, name in (("crashes/dump", OBJECT), ("a%20b/%C3%A4+=&c//d", "a b/ä+=&c//d"),
                          ("..x*(y)~'!", "..x*(y)~'!")):
            result = send(box, store, image, "-f", target="s3://dumps/" + key)
            equal("exit status: " + result.err, result.code, 0)
            check(store, want, name)
            equal("sizes", set(store.sizes[name][:-1]), {MIN_PART})


def reported(box):
    """What is beside the dump, and in the report: each part's SHA-256."""
    image = box.image(PARTS)
    want = local(box, image)
    with S3Store() as store:
        box.good("--s3-endpoint", store.url, image.path, TARGET, env=account())
        check(store, want)
        equal("beside it", set(store.objects),
              {OBJECT + s for s in ("", ".triage.json", ".dmesg",
                                    ".report.json")})
        report = json.loads(store.objects[OBJECT + ".report.json"])
    sums = [hashlib.sha256(want[i:i + MIN_PART])
            for i in range(0, len(want), MIN_PART)]
    equal("parts", report["parts"],
          [{"bytes": len(want[i * MIN_PART:(i + 1) * MIN_PART]),
            "sha256": s.hexdigest()} for i, s in enumerate(sums)])
    equal("SHA-256 of all", report["sha256_of_parts"], hashlib.sha256(
        b"".join(s.digest() for s in sums)).hexdigest())
    equal("SHA-256", report["sha256"], None)
    equal("status", report["status"], "complete")
    equal("size", report["output_bytes"], len(want))
    need(report["sent_bytes"] >= len(want), "sent %d", report["sent_bytes"])


LOST, DENIED = ("lost",), ("status", 403, "AccessDenied")
SLOW = ("status", 503, "SlowDown", {"Retry-After": "1"})
# what happens, and how often data of how many parts comes again at least
FAULTS = {
    "create": {"create": [("status", 500, "InternalError"), ("reset", 0),
                          ("lost",)]},
    "reset": {("part", 2): [("reset", 3000000)]},
    "reset-first": {("part", 1): [("reset", 3000000), ("lost",)]},
    "reset-late": {("part", 3): [("reset", MIN_PART - 1)]},
    "reset-last": {"short": [("reset", 100000), ("lost",)]},
    "slow-down": {("part", 2): [SLOW], ("part", 1): [SLOW]},
    "400": {("part", 3): [("status", 400, "RequestTimeout")]},
    "stall": {("part", 2): [("stall", 2000000)]},
    "lost-answers": {("part", 2): [("lost",)], ("part", 3): [("lost",)]},
    "lost-end": {"complete": [("lost",)]},
    "500-end": {"complete": [("status", 500, "InternalError"), ("reset", 10)]},
    "200-end": {"complete": [("error-200", "InternalError")]},
    "half-answers": {"create": [("half",)], ("part", 2): [("half",)],
                     ("part", 1): [("half",)], "complete": [("half",)]},
    "each": {"part": [("reset", 5000000), ("lost",), None, ("reset", 0), SLOW]},
}


def fault(box, name):
    """It goes on with what is lost, until all stands there."""
    image = box.image(PARTS)
    want = local(box, image)
    with S3Store(FAULTS[name]) as store:
        result = send(box, store, image, *(("--stall-time", "4")
                                           if name == "stall" else ()))
        equal("exit status: " + result.err, result.code, 0)
        unanswered(store, result.err, sum(
            f[0] in ("lost", "half") for f in FAULTS[name].get("create", ())))
        check(store, want)
        equal("faults left", [f for v in store.faults.values() for f in v], [])
        stood = [n for op, n, _ in store.seen if op == "part"]
    need("trying again in" in result.err, "%s", result.err)
    return "%d parts sent" % len(stood)


def given_up(box):
    """What does not pass ends the run: one error with what to do, no object, and no
    upload."""
    small, image = box.image(SMALL), box.image(PARTS)
    slow = {"part": [SLOW] * 50}
    for faults, words, more, text in (
            (slow, ("--retry-time", "2"), {}, "given up after"),
            ({"part": [("status", 503, "SlowDown")]}, ("--retry-time", "0"), {},
             "given up after 1 try"),
            ({("part", 3): [("status", 403, "AccessDenied")]}, (), {},
             "s3:PutObject"),
            ({("part", 3): [("status", 404, "NoSuchUpload")]}, (), {},
             "has dropped the upload"),
            ({"complete": [("error-200", "InvalidPart")]}, (), {},
             "lost a part"),
            ({"complete": [("status", 404, "NoSuchUpload")]}, (), {},
             "has dropped the upload"),
            ({"part": [("status", 507, "XMinioStorageFull")]}, (), {},
             "no room is left"),
            ({}, (), {"secret": "another"}, "secret is not this key's"),
            ({}, (), {"region": "eu-x-1"}, "--s3-region"),
            ({}, (), {"skew": 3600}, "hwclock"),
            ({}, (), {"token": "abc"}, "AWS_SESSION_TOKEN")):
        with S3Store(faults, **more) as store:
            result = send(box, store, small if more else image, *words)
            equal("exit status", result.code, 1)
            need(text in result.err, "%s: %s", text, result.err)
            equal("objects", store.objects, {})
            equal("uploads left", store.uploads, {})
            need(s3_store.SECRET not in result.err, "a secret is told")
    with S3Store({("part", 3): [("status", 403, "AccessDenied")],
                  "abort": [("status", 403, "AccessDenied")]}) as store:
        result = send(box, store, image)
        name, = store.uploads
        need("--upload-id 'up/load+1==&x'" in result.err and
             "abort-multipart-upload" in result.err, "%s: %s", name, result.err)
    with S3Store() as store:
        result = send(box, store, small, target="s3://other/key")
        need("no such bucket" in result.err, "%s", result.err)
    equal("nothing was begun", store.seen, [])
    with S3Store() as store:
        url, store.url = store.url, "http://127.0.0.1:%d" % free_port()
        result = send(box, store, small, "--retry-time", "0")
        need("be reached" in result.err and url, "%s", result.err)


def accounts(box):
    """Keys and regions where AWS's programs have them; files that others may read
    are refused, and TLS asked for a proof."""
    image = box.image(SMALL)
    want = local(box, image)
    os.mkdir(box.path(".aws"))
    box.text(".aws/credentials", """# profiles
[default]
aws_access_key_id = other
aws_secret_access_key = other
[ dumps ]
aws_access_key_id=%s
aws_secret_access_key = %s
aws_session_token = to/ken==
""" % (s3_store.KEY, s3_store.SECRET))
    box.text(".aws/config", "[profile dumps]\nregion = eu-x-1\n")
    box.text("secret", "%s:%s\n" % (s3_store.KEY, s3_store.SECRET))
    os.chmod(box.path("secret"), 0o600)
    none = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None,
            "HOME": box.folder}
    cert = certificate(box)
    with S3Store(region="eu-x-1", token="to/ken==", prefix="/s3/gate",
                 cert=cert) as store:
        profile = account(AWS_PROFILE="dumps", **none)
        result = send(box, store, image, "--cacert", cert + ".pem", env=profile)
        equal("exit status: " + result.err, result.code, 2)
        need("chmod 600" in result.err, "%s", result.err)
        os.chmod(box.path(".aws/credentials"), 0o600)
        result = send(box, store, image, env=profile)
        need("--cacert" in result.err, "%s", result.err)
        result = send(box, store, image, "--cacert", cert + ".pem", env=profile)
        equal("exit status: " + result.err, result.code, 0)
        check(store, want)
        store.token = None
        for env, words in ((none, ("--credentials", "secret",
                                   "--s3-region", "eu-x-1")),
                           ({"AWS_REGION": "eu-x-1"}, ())):
            result = send(box, store, image, "-f", "--insecure", *words,
                          env=account(**env))
            equal("exit status: " + result.err, result.code, 0)
            check(store, want)
    for words, env, text in (
            ((TARGET,), account(), "needs a region"),
            ((TARGET,), account(**dict(none, HOME="/")), "needs a key"),
            (("--s3-endpoint", "host", TARGET), account(), "https://host"),
            (("--s3-endpoint", "http://a@b", TARGET), account(), "https://host"),
            (("--s3-region", "a/b", TARGET), account(), "a region has"),
            (("--netrc-file", "secret", TARGET), account(), "--netrc-file"),
            (("s3://bucket",), account(), "no object"),
            (("s3://buc:ket/key",), account(), "bucket"),
            (("s3://bucket/a/%2e./key",), account(), "folders"),
            (("--s3-region", "x", "https://h/x"), account(), "for s3://")):
        result = box.run(image.path, *words, env=env)
        equal("exit status of %s: %s" % (words, result.err), result.code, 2)
        need(text in result.err, "%s: %s", text, result.err)


def stopped(box):
    """A signal ends it, and removes what was begun."""
    image = box.image(PARTS)
    with S3Store({("part", 2): [("stall", 200000)]}) as store, subprocess.Popen(
            [CAPDUMP, "--triage=no", "--s3-endpoint", store.url, image.path,
             TARGET], stderr=subprocess.PIPE, text=True, env=account()) as child:
        try:
            while not [s for s in store.seen if s[0] == "part"]:
                need(child.poll() is None, "it ended")
                time.sleep(0.01)
            child.send_signal(signal.SIGTERM)
            _, err = child.communicate(timeout=60)
        finally:
            child.kill()
        equal("exit status", child.returncode, 1)
        need("nothing stands at its target, or" in err, "%s", err)
        equal("objects", store.objects, {})
        equal("uploads left", store.uploads, {})


def killed(box, store, image, *options):
    """Runs capdump until part 3 stalls there, and kills it; what the store has of
    part 2 is one part."""
    store.faults[("part", 3)] = [("stall", 200000)]
    with subprocess.Popen(
            [CAPDUMP, "--triage=no", *options, "--s3-endpoint", store.url,
             image.path, TARGET], stderr=subprocess.PIPE, env=account()) as child:
        try:
            while store.faults[("part", 3)] or not [
                    u for u in store.uploads.values() if 2 in u[1]]:
                need(child.poll() is None, "it ended")
                time.sleep(0.01)
        finally:
            child.kill()


def resumed(box):
    """--resume goes on with what the store has of a run that died, and believes
    nothing that is not the same. Without it the rest is told of."""
    image = box.image(PARTS)
    want = local(box, image)
    with S3Store() as store:
        killed(box, store, image)
        equal("uploads", len(store.uploads), 1)
        result = send(box, store, image)
        need("--resume goes on" in result.err and "1 earlier upload" in result.err,
             "%s", result.err)
        equal("uploads", len(store.uploads), 1)
        need(store.objects.pop(OBJECT) == want, "another object")
        (_, parts), = store.uploads.values()
        # another's, one that is too long, and one of the right size
        parts[4] = ('"%s"' % hashlib.md5(b"x").hexdigest(), b"x")
        parts[3] = ('"0123"', bytes(MIN_PART))
        parts[1] = (parts[2][0], parts[2][1])
        parts[9999] = ('"9"', b"")
        del store.seen[:]
        result = send(box, store, image, "--resume")
        equal("exit status: " + result.err, result.code, 0)
        check(store, want)
        sent = [n for op, n, _ in store.seen if op == "part"]
        equal("parts sent", sorted(set(sent)), [1, 3, 4])
    # a run that fails leaves it, and says so
    with S3Store({("part", 1): [("status", 403, "AccessDenied")]}) as store:
        result = send(box, store, image, "--resume")
        equal("exit status", result.code, 1)
        need("its parts stay" in result.err, "%s", result.err)
        del store.seen[:]
        result = send(box, store, image, "--resume")
        equal("exit status: " + result.err, result.code, 0)
        check(store, want)
        equal("parts sent", [n for op, n, _ in store.seen if op == "part"], [1])


def limits(box):
    """A dump that is cut short is what a stream of it is that was made plain: bits of
    pages that are not there are missing. The next level is tried, too."""
    image = box.image(PARTS)
    full = local(box, image, "-d", "31")
    for limit in ("12M", "4M"):
        result = box.run("-F", "-L", limit, image.path, "flat")
        equal("exit status: " + result.err, result.code, 3)
        box.good("-f", "-R", "flat", "local")
        with S3Store() as store, open(box.path("local"), "rb") as file:
            result = send(box, store, image, "-L", limit)
            equal("exit status: " + result.err, result.code, 3)
            check(store, file.read())
        os.unlink(box.path("flat"))
    with S3Store() as store:
        result = send(box, store, image, "-d", "0,31", "-L", str(len(full)))
        equal("exit status: " + result.err, result.code, 0)
        need("trying less" in result.err, "%s", result.err)
        check(store, full)
    # which is no -f for what was not seen the first time
    with S3Store({"head": [DENIED], "get": [DENIED]}) as store:
        store.objects[OBJECT] = b"old"
        result = send(box, store, image, "-d", "0,31", "-L", str(len(full)))
        equal("exit status: " + result.err, result.code, 1)
        need("exists; use -f" in result.err, "%s", result.err)
        equal("objects", store.objects, {OBJECT: b"old"})


def changed(box):
    """Memory that is other when it is read again is an error, and no dump."""
    image = box.image(PARTS, own=True)

    def change(operation):
        if operation == "create":
            with open(image.path, "r+b") as file:
                file.seek(0, os.SEEK_END)
                size = file.tell()
                file.seek(size // 2)
                file.write(os.urandom(size - size // 2))

    with S3Store({("part", 2): [("reset", 3000000)]}) as store:
        store.at = change
        result = send(box, store, image)
        equal("exit status", result.code, 1)
        need("not the same" in result.err, "%s", result.err)
        equal("objects", store.objects, {})
        equal("uploads left", store.uploads, {})


def longer(box):
    """The same of the last part, when how long it is is known: memory is other once all
    of it was sent."""
    image = box.image(PARTS, own=True)
    with S3Store({("part", 3): [("stall", MIN_PART - 1)]}) as store:
        take, seen = store.take, []

        def change(*keys):
            seen.append(keys[0])
            if seen.count(("part", 3)) == 2 and ("part", 3) == keys[0]:
                size = os.path.getsize(image.path)
                with open(image.path, "r+b") as file:
                    file.seek(size // 2)
                    file.write(os.urandom(size - size // 2))
            return take(*keys)

        store.take = change
        result = send(box, store, image, "--stall-time", "2")
        equal("exit status: " + result.err, result.code, 1)
        need("longer than" in result.err or "not the same" in result.err, "%s",
             result.err)
        equal("objects", store.objects, {})
        equal("uploads left", store.uploads, {})


def sparse(box, path, *banks):
    """A vmcore without a kernel, of BANKS: where, how much, and what its middle is.
    All of it is kept."""
    with open(path, "wb") as file:
        file.write(struct.pack(
            "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56,
            len(banks), 0, 0, 0))
        offset = 1 << 16
        for i, (address, size, middle) in enumerate(banks):
            file.seek(64 + i * 56)
            file.write(struct.pack("<IIQQQQQQ", 1, 7, offset, 0, address, size,
                                   size, 4096))
            file.seek(offset + size // 2)
            file.write(middle)
            offset += size
        file.truncate(offset)
    return box.path(path)


def heads(box):
    """What lies before the data is many parts: bitmaps of 400 GiB, the descriptors
    of 1 GiB. Each comes out of order, and is held no longer than it must be."""
    class Own:
        path = sparse(box, box.path("sparse"), (0x100000, 1 << 30,
                                                os.urandom(7 << 20)),
                      (400 << 30, 1 << 20, b"end"))
    want = local(box, Own)
    with S3Store({"part": [None, ("lost",)],
                  ("part", 7): [("reset", 1000)],
                  ("part", 8): [("reset", 2000000)]}) as store:
        result = box.run("--triage=no", "--s3-endpoint", store.url, Own.path,
                         TARGET, watch=True, env=account())
        equal("exit status: " + result.err, result.code, 0)
        check(store, want)
        equal("sizes", set(store.sizes[OBJECT][:-1]), {MIN_PART})
        equal("faults left", [f for v in store.faults.values() for f in v], [])
    need(SANITIZED or result.anon < 32 << 20, "%d bytes", result.anon)
    return "%d bytes, %.1f MiB of memory" % (len(want), result.anon / 1048576)


def memory(box):
    """What sending takes more than a file, with TLS: the parts in memory."""
    image = box.image(PARTS)
    cert = certificate(box)
    with S3Store(cert=cert) as store:
        result = box.run("--cacert", cert + ".pem", "--s3-endpoint", store.url,
                         image.path, TARGET, watch=True, env=account())
    equal("exit status", result.code, 0)
    need(SANITIZED or result.anon < 32 << 20, "%d bytes", result.anon)
    return "%.1f MiB" % (result.anon / 1048576)


def tests():
    yield "plain", plain
    for name in FAULTS:
        yield "fault/" + name, fault, name
    for function in (heads, reported, given_up, accounts, stopped, resumed,
                     limits, changed, longer, memory):
        yield function.__name__.replace("_", "-"), function
