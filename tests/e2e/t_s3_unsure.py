# SPDX-License-Identifier: GPL-2.0-or-later
"""To an S3 store of which nobody knows what it has: its answers got lost."""

from harness import equal, need
from s3_store import S3Store
from t_s3 import DENIED, LOST, OBJECT, PARTS, check, local, send, unanswered

WEIGHT = 1


def replaced(box):
    """What stood there before is not taken for ours."""
    image = box.image(PARTS)
    want = local(box, image)
    with S3Store({"complete": [("lost",)]}) as store:
        store.objects[OBJECT], store.etags[OBJECT] = bytes(len(want)), '"old"'
        result = send(box, store, image, "-f")
        equal("exit status: " + result.err, result.code, 0)
        check(store, want)


def unsure(box):
    """What nobody knows is found out, or told: an upload that may have been begun, an
    object that may stand there; an answer that is cut off, or has no end."""
    image = box.image(PARTS)
    want = local(box, image)
    for faults, code, text, stands in (
            ({"create": [LOST]}, 1, "given up", False),
            ({"create": [("says", b"\r\n<UploadId>up/l")]}, 1, "no UploadId", False),
            ({"complete": [LOST]}, 1, "what stands there may be the dump", True),
            ({("part", 2): [("says", b"\r\n" + b"x" * (8 << 20))]}, 1,
             "has no ETag", False),
            ({("part", 2): [("says", b"x: y\r\n" * 99999)]}, 1,
             "its answer does not end", False)):
        with S3Store(faults) as store:
            result = send(box, store, image, "--retry-time", "0")
            equal("exit status: " + result.err, result.code, code)
            need(text in result.err, "%s", result.err)
            equal("objects", store.objects, {OBJECT: want} if stands else {})
            unanswered(store, result.err, int("create" in faults))
    # another machine begins one at that moment
    def other(operation):
        if operation == "create":
            store.uploads["other"] = (OBJECT, {})
    for retry in ("0", "60"):
        with S3Store({"create": [LOST]}) as store:
            store.at = other
            result = send(box, store, image, "--retry-time", retry)
            need("another machine's" in result.err, "%s", result.err)
            need("other" in store.uploads, "it was taken, or removed")
            need((store.objects.get(OBJECT) == want) == (retry != "0"),
                 "%s", result.err)
    with S3Store({"create": [LOST], "uploads": [None, DENIED]}) as store:
        result = send(box, store, image, "--retry-time", "0")
        need("may have been begun" in result.err, "%s", result.err)
    # some refuse HEAD, and answer GET
    with S3Store({"head": [DENIED]}) as store:
        store.objects[OBJECT] = b"old"
        result = send(box, store, image)
        need("exists; use -f" in result.err, "%s", result.err)
        equal("objects", store.objects, {OBJECT: b"old"})


def tests():
    yield "replaced", replaced
    yield "unsure", unsure
