# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said on a command line of the way to a server: its secrets are in no
message, and what makes no sense is told."""

import base64
import os
import re
import subprocess

import s3_store
from collector import Collector, certificate
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


def said_back(box):
    """A server that says what it was sent, in an error's text or as its code."""
    image, cert = box.image(IMAGE), certificate(box)
    password, token = "correct+horse/staple=", "FwoGZXIvYXdzEToken+/="
    box.text("secret", "me:%s\n" % password)
    box.text("netrc", "machine 127.0.0.1 login me password %s\n" % password)
    sent = base64.b64encode(("me:" + password).encode()).decode()
    os.chmod(box.path("secret"), 0o600)
    os.chmod(box.path("netrc"), 0o600)
    trust = ("--cacert", cert + ".pem")
    env = dict(os.environ, AWS_ACCESS_KEY_ID=s3_store.KEY,
               AWS_SECRET_ACCESS_KEY=s3_store.SECRET, AWS_SESSION_TOKEN=token)
    # what the server puts before it; words for the client; what nobody may read
    for text, words, secrets_ in (
            ("", ("--credentials", "secret"), (sent,)),
            ("netrc", ("--netrc-file", "netrc"), (sent,)),
            (password, ("--netrc-file", "netrc"), (password, sent)),
            (password[:15] + "&#43;", ("--credentials", "secret"),
             (password[:15], sent)),
            ("query", QUERY, ("abcdef0123",)),
            ("s3", None, (token,)),
            (s3_store.SECRET, None, (token, s3_store.SECRET))):
        faults = [("echo", "it was " + text)]
        if words is None:
            with s3_store.S3Store({"put": faults}, token=token) as server:
                result = box.run("-D", "--triage=no", "--report", "report",
                                 "--s3-endpoint", server.url, image.path,
                                 "s3://dumps/dump", env=env)
            secrets_ += (server.signature,)
        else:
            with Collector(faults, cert=cert) as server:
                more, query = ((), words) if words is QUERY else (words, "")
                result = box.run("-D", "--triage=no", "--report", "report",
                                 *trust, *more, image.path,
                                 server.url + "dump" + query)
        equal("exit status", result.code, 1)
        need("403" in result.err and "it was" in result.err and
             "..." in result.err, "%s", result.err)
        with open(box.path("report"), encoding="utf-8") as file:
            report = file.read()
        for secret in secrets_:
            need(secret not in result.err + report, "%s is told: %s%s", secret,
                 result.err, report)


def old_libcurl(box):
    """One that does not sign what a store wants to be signed says so."""
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "src", "sink",
                           "curl.h"), encoding="utf-8") as file:
        names = re.findall(r"\bX\((curl_\w+)\)", file.read())
    os.mkdir(box.path("lib"))
    box.text("lib/old.c", "struct { int age; const char *version; unsigned nr; } info "
             "= { 0, \"7.86.0\", 0x075600 };\n"
             "void *curl_version_info(void) { return &info; }\n"
             "void *curl_multi_init(void) { return &info; }\n" + "".join(
                 "void *%s(void) { return 0; }\n" % name for name in names
                 if name not in ("curl_version_info", "curl_multi_init")))
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", box.path("lib/libcurl.so.4"),
                    box.path("lib/old.c")], check=True)
    env = dict(os.environ, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret",
               LD_LIBRARY_PATH=box.path("lib"))
    image = box.image(IMAGE)
    result = box.run("--triage=no", "--s3-endpoint", "http://127.0.0.1:1",
                     image.path, "s3://dumps/dump", env=env)
    equal("exit status", result.code, 1)
    need("this is libcurl 7.86.0" in result.err and "7.87" in result.err, "%s",
         result.err)


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
    yield "said-back", said_back
    yield "old-libcurl", old_libcurl
    yield "usage", usage
