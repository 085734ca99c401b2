#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""remote_report.py REPORT OBJECT

The report of a dump that was sent stands beside it, too, and tells of these bytes:
the SHA-256 of all, or, where parts went in another order than they stand in, of each
part. It took no more than 32 MiB of anonymous memory."""

import hashlib
import json
import sys


def main():
    with open(sys.argv[1], "rb") as file:
        text = file.read()
    with open(sys.argv[2] + ".report.json", "rb") as file:
        assert file.read() == text, "another one was sent"
    with open(sys.argv[2], "rb") as file:
        dump = file.read()
    report = json.loads(text)
    assert report["status"] == "complete", report["status"]
    assert report["output_bytes"] == len(dump), report["output_bytes"]
    if report["sha256"]:
        assert report["sha256"] == hashlib.sha256(dump).hexdigest()
    at = 0
    for part in report.get("parts") or []:
        piece = dump[at:at + part["bytes"]]
        assert part["sha256"] == hashlib.sha256(piece).hexdigest(), at
        at += part["bytes"]
    assert at == len(dump) or report["sha256"] and not at, at
    assert report["peak_anonymous_bytes"] <= 32 << 20
    print(len(dump), "bytes,", report["retries"], "retries,",
          report["peak_anonymous_bytes"], "bytes of anonymous memory")


if __name__ == "__main__":
    main()
