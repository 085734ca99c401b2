# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said on a command line of the way to a server: its secrets are in no
message, and what makes no sense is told."""

import os

from collector import Collector
from harness import equal, need

IMAGE = "good-6.12-vmemmap"
QUERY = "?X-Amz-Signature=abcdef0123&X-Amz-Expires=60"


def secrets(box):
    """Nothing that is secret of a URL is in any message, report or log."""
    image = box.image(IMAGE)
    message = b"<Error><Message>Request has expired</Message></Error>"
    with Collector([("status", 403, {}, message)]) as server:
        url = server.url + "dump" + QUERY
        for result in (box.bad(1, "-D", "--report", "report", image.path, url),
                       box.good("-f", "-D", "--message-level", "31",
                                "--report", "report2", image.path, url),
                       box.bad(2, image.path, "s3://b/k" + QUERY),
                       box.bad(2, image.path,
                               "https://me:abcdef0123@host/x" + QUERY),
                       box.bad(2, image.path,
                               "https://me:ab/abcdef0123@host/x"),
                       box.bad(2, image.path,
                               "https://me:80?abcdef0123@host/x#y")):
            texts = [result.err]
            for name in ("report", "report2"):
                if os.path.exists(box.path(name)):
                    with open(box.path(name), encoding="utf-8") as file:
                        texts.append(file.read())
            for text in texts:
                need("abcdef0123" not in text, "a secret is told: %s", text)
            if result.code == 1:
                need("presigned" in result.err and
                     "Request has expired" in result.err, "%s", result.err)
            if QUERY in url and result.code == 0:
                need("@/path" in result.err, "%s", result.err)
        equal("sent to", server.puts[0][0], "/dump" + QUERY)
        box.text("url", url + "2\r\nmore\n")
        result = box.bad(2, image.path, "@./url")
        need("chmod 600" in result.err, "%s", result.err)
        os.chmod(box.path("url"), 0o600)
        box.text("none", "here\n")
        os.chmod(box.path("none"), 0o600)
        result = box.bad(2, image.path, "@./none")
        need("is none" in result.err, "%s", result.err)
        for words in ((image.path, "@./url"),
                      (image.path, "file", "--also", "@" + box.path("url")),
                      (image.path, "/nowhere/x", "--fallback", "@./url")):
            del server.puts[:]
            result = box.run("-f", *words)
            need(server.puts and server.puts[0][0] == "/dump" + QUERY + "2",
                 "%s: %s", words, result.err)
            need("abcdef0123" not in result.err and "@/path" not in result.err,
                 "%s", result.err)


def usage(box):
    """Combinations that make no sense; exit status 2 and one line."""
    box.text("here", "")
    for words, text in (
            (("a", "gopher://host/x"), "not implemented"),
            (("a", "sftp://u@h/x"), "--ssh-key"),
            (("a", "tus+https://h"), "names no endpoint"),
            (("--credentials", "/nowhere", "a", "tus+http://h/"), "/nowhere"),
            (("a", "sftp://u:p@h/x"), "--credentials"),
            (("a", "sftp://u@h/x?y"), "%3F"),
            (("a", "ftp://h/x%0d"), "two digits"),
            (("a", "ftp://u@/x"), "names no server"),
            (("--ssh-key", "x", "a", "ftp://h/x"), "--ssh-key"),
            (("--ssh-key", "/nowhere", "a", "sftp://u@h/x"), "/nowhere"),
            (("--known-hosts", "/nowhere", "--credentials", "/nowhere", "a",
              "sftp://u@h/x"), "/nowhere"),
            (("a", "https://host/"), "names no file"),
            (("a", "https:///x"), "names no server"),
            (("a", "https://h/a b"), "blanks"),
            (("--time", "now", "a", "https://h/x"), "--time takes crash"),
            (("--time", "crash", "here", "https://h/x"),
             "here is not this machine's"),
            (("a", "https://u@h/x"), "--credentials"),
            (("-F", "a", "https://h/x"), "-F"),
            (("-E", "a", "https://h/x"), "-E"),
            (("--order", "value", "a", "https://h/x"), "--order value"),
            (("--split", "a", "https://h/x", "https://h/y"), "--split"),
            (("--dump-dmesg", "a", "https://h/x"), "the log"),
            (("--credentials", "/nowhere", "a", "https://h/x"), "/nowhere"),
            (("--credentials", "x", "--netrc-file", "y", "a", "https://h/x"),
             "exclude")):
        result = box.bad(2, *words)
        need(text in result.err, "%s: %s", words, result.err)


def tests():
    yield "secrets", secrets
    yield "usage", usage
