# SPDX-License-Identifier: GPL-2.0-or-later
"""A store that speaks Amazon's S3, on loopback, and fails as it is told.

Signatures are checked as Amazon writes it down ("Authenticating Requests (AWS
Signature Version 4)", canonical request, UriEncode(), sorted queries); it shares
nothing with libcurl. Uploads in parts have S3's rules: sizes, order, ETags.
"""

import calendar
import hashlib
import hmac
import http.server
import re
import ssl
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

from collector import Handler

KEY, SECRET, REGION = "AKID:EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", \
    "us-east-1"
MIN_PART = 5 << 20
PAGE = 2            # parts of a list, which has 1,000 elsewhere


class Refused(Exception):
    """status, code, message"""


def uri_encode(data, slash):
    """UriEncode(): of bytes."""
    return "".join(
        chr(b) if chr(b).isalnum() and b < 128 or chr(b) in "-._~" or
        (b == 0x2f and not slash) else "%%%02X" % b for b in data)


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def check_signature(store, method, target, headers, region):
    """Raises Refused unless all of it is signed as it should be."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, *"
        r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})",
        headers.get("Authorization", ""))
    if not match:
        raise Refused(403, "AccessDenied", "no signature")
    key, date, where, signed, signature = match.groups()
    if key != store.key:
        raise Refused(403, "InvalidAccessKeyId", "no such key")
    if where != region:
        raise Refused(400, "AuthorizationHeaderMalformed",
                      "the region '%s' is wrong; expecting '%s'" % (where, region))
    names = signed.split(";")
    if names != sorted(names):
        raise Refused(403, "SignatureDoesNotMatch", "headers are not sorted")
    for name in headers:
        low = name.lower()
        if (low == "host" or low.startswith("x-amz-")) and low not in names:
            raise Refused(403, "AccessDenied", "header %s is not signed" % low)
    stamp = headers.get("X-Amz-Date", "")
    if stamp[:8] != date:
        raise Refused(403, "SignatureDoesNotMatch", "dates differ")
    when = time.strptime(stamp + " UTC", "%Y%m%dT%H%M%SZ %Z")
    if abs(calendar.timegm(when) - (time.time() + store.skew)) > 900:
        raise Refused(403, "RequestTimeTooSkewed",
                      "The difference between the request time and the server's"
                      " time is too large.")
    if (headers.get("X-Amz-Security-Token") or None) != store.token:
        raise Refused(403, "InvalidToken", "another token")
    content = headers.get("X-Amz-Content-SHA256", "")
    if not re.fullmatch(r"UNSIGNED-PAYLOAD|[0-9a-f]{64}", content):
        raise Refused(400, "InvalidRequest", "x-amz-content-sha256")
    path, _, query = target.partition("?")
    raw = urllib.parse.unquote_to_bytes(path)
    pairs = [p.partition("=") for p in query.split("&")] if query else []
    for name, equals, value in pairs:
        if not equals:
            raise Refused(403, "SignatureDoesNotMatch", "query without =")
    canonical = sorted(
        (uri_encode(urllib.parse.unquote_to_bytes(n), True),
         uri_encode(urllib.parse.unquote_to_bytes(v), True))
        for n, _, v in pairs)
    request = "\n".join(
        [method, uri_encode(raw, False),
         "&".join("%s=%s" % p for p in canonical)] +
        ["%s:%s" % (n, " ".join((headers.get(n) or "").split()))
         for n in names] + ["", signed, content])
    scope = "%s/%s/s3/aws4_request" % (date, where)
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(request.encode()).hexdigest()])
    secret = mac(mac(mac(mac(("AWS4" + store.secret).encode(), date), where),
                     "s3"), "aws4_request")
    if not hmac.compare_digest(mac(secret, text).hex(), signature):
        raise Refused(403, "SignatureDoesNotMatch", "another signature")


class S3Handler(Handler):
    timeout = 60

    def xml(self, status, text, headers=()):
        self.answer(status, {**dict(headers), "Content-Type": "application/xml"},
                    b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode())

    def error(self, status, code, message="", headers=()):
        if self.command == "HEAD":
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.xml(status, "<Error><Code>%s</Code><Message>%s</Message></Error>"
                     % (code, escape(message or code)), headers)

    def handle_expect_100(self):
        return True         # once the request is known to be right

    def operation(self):
        path, _, query = self.path.partition("?")
        self.args = dict(p.partition("=")[::2] for p in query.split("&")) \
            if query else {}
        self.args = {k: urllib.parse.unquote(v) for k, v in self.args.items()}
        path = urllib.parse.unquote(path)
        if not path.startswith(self.server.prefix + "/"):
            raise Refused(404, "NoSuchBucket", "")
        self.bucket, _, self.key = path[len(self.server.prefix) + 1:] \
            .partition("/")
        if self.bucket != self.server.bucket:
            raise Refused(404, "NoSuchBucket",
                          "The specified bucket does not exist")
        names = frozenset(self.args)
        known = {
            ("POST", frozenset({"uploads"})): "create",
            ("PUT", frozenset({"partNumber", "uploadId"})): "part",
            ("POST", frozenset({"uploadId"})): "complete",
            ("DELETE", frozenset({"uploadId"})): "abort",
            ("GET", frozenset({"max-parts", "part-number-marker",
                               "uploadId"})): "list",
            ("GET", frozenset({"max-uploads", "prefix", "uploads"})): "uploads",
            ("PUT", frozenset()): "put", ("HEAD", frozenset()): "head",
            ("GET", frozenset()): "get",
        }
        if (self.command, names) not in known:
            raise Refused(501, "NotImplemented", "")
        return known[self.command, names]

    def serve(self):
        server = self.server
        self.length = int(self.headers.get("Content-Length") or 0)
        self.fault = ("none",)
        try:
            operation = self.operation()
            short = operation == "part" and self.length < MIN_PART
            self.fault = server.take(
                "short" if short else
                (operation, int(self.args.get("partNumber", 0))), operation)
            server.seen.append((operation, int(self.args.get("partNumber", 0)),
                                self.length))
            if self.fault[0] == "status":
                self.body_skip()
                status, code, *headers = self.fault[1:]
                self.error(status, code, headers=headers[0] if headers else ())
                return
            if self.fault[0] == "echo":     # what it was sent
                self.body_skip()
                said = " ".join(self.headers.get(h, "") for h in (
                    "Authorization", "X-Amz-Security-Token"))
                server.signature = said.split()[3][-64:]
                self.error(403, server.signature,
                           "%s %s" % (self.fault[1], said))
                return
            check_signature(server, self.command, self.path, self.headers,
                            server.region)
            if self.length and "100-continue" in \
                    self.headers.get("Expect", "").lower():
                self.send_response_only(100)
                self.end_headers()
            body = self.body_read()
            if body is None:
                return
            server.at(operation)
            with server.lock:
                getattr(self, "on_" + operation)(body)
        except Refused as refused:
            self.body_skip()
            self.error(*refused.args)
        except ConnectionError:
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve

    def body_skip(self):
        if self.headers.get("Expect"):
            self.close_connection = True
        else:
            self.rfile.read(self.length)

    def body_read(self):
        if self.fault[0] in ("reset", "stall"):
            self.rfile.read(min(self.fault[1], self.length))
            if self.fault[0] == "stall":
                self.server.closing.wait(60)
            self.reset()
            return None
        body = self.rfile.read(self.length)
        if len(body) != self.length:
            self.close_connection = True
            return None
        want = self.headers["X-Amz-Content-SHA256"]
        if want != "UNSIGNED-PAYLOAD" and \
                hashlib.sha256(body).hexdigest() != want:
            raise Refused(400, "XAmzContentSHA256Mismatch", "another body")
        return body

    def done(self, reply):
        """After the operation has done what it does."""
        if self.fault[0] == "lost":
            self.reset()
        elif self.fault[0] == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nDate: today\r\nCont")
            self.close_connection = True
        elif self.fault[0] == "says":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n" + self.fault[1])
            self.close_connection = True
        else:
            reply()

    def upload(self):
        upload = self.server.uploads.get(self.args["uploadId"])
        if not upload or upload[0] != self.key:
            raise Refused(404, "NoSuchUpload",
                          "The specified upload does not exist.")
        return upload

    def on_create(self, body):
        if body:
            raise Refused(400, "MalformedXML", "a body")
        server = self.server
        server.nr_uploads += 1
        name = "up/load+%d==&x" % server.nr_uploads     # as odd as they may be
        server.uploads[name] = (self.key, {})
        self.done(lambda: self.xml(
            200, "<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key>"
            "<UploadId>%s</UploadId></InitiateMultipartUploadResult>"
            % (self.bucket, escape(self.key), escape(name))))

    def on_part(self, body):
        number = int(self.args["partNumber"])
        if not 1 <= number <= 10000:
            raise Refused(400, "InvalidArgument", "part number")
        etag = '"%s"' % hashlib.md5(body).hexdigest()
        self.upload()[1][number] = (etag, body)
        self.done(lambda: self.answer(200, {"ETag": etag}))

    def on_complete(self, body):
        parts = self.upload()[1]
        wanted = [(int(n), e.replace("&#34;", '"').replace("&quot;", '"'))
                  for n, e in re.findall(
                      rb"<Part><PartNumber>(\d+)</PartNumber><ETag>([^<]*)</ETag>"
                      rb"</Part>".decode(), body.decode())]
        numbers = [n for n, _ in wanted]
        if not wanted:
            raise Refused(400, "MalformedXML", "")
        if numbers != sorted(set(numbers)):
            raise Refused(400, "InvalidPartOrder", "")
        for number, etag in wanted:
            if number not in parts or parts[number][0] != etag:
                raise Refused(400, "InvalidPart", "part %d" % number)
        sizes = [len(parts[n][1]) for n in numbers]
        if any(size < MIN_PART for size in sizes[:-1]):
            raise Refused(400, "EntityTooSmall", "sizes %s" % sizes)
        if self.fault[0] == "error-200":
            self.xml(200, "  \n<Error><Code>%s</Code><Message>try again</Message>"
                     "</Error>" % self.fault[1])
            return
        server = self.server
        server.sizes[self.key] = sizes
        etag = '"%s-%d"' % (hashlib.md5(b"".join(bytes.fromhex(
            parts[n][0].strip('"')) for n in numbers)).hexdigest(), len(numbers))
        server.objects[self.key] = b"".join(parts[n][1] for n in numbers)
        server.etags[self.key] = etag
        del server.uploads[self.args["uploadId"]]
        self.done(lambda: self.xml(
            200, "<CompleteMultipartUploadResult><ETag>%s</ETag>"
            "</CompleteMultipartUploadResult>" % escape(etag, {'"': "&quot;"})))

    def on_abort(self, body):
        self.upload()
        del self.server.uploads[self.args["uploadId"]]
        self.done(lambda: self.answer(204))

    def on_put(self, body):
        etag = '"%s"' % hashlib.md5(body).hexdigest()
        self.server.objects[self.key] = body
        self.server.etags[self.key] = etag
        self.server.order.append(self.key)
        self.done(lambda: self.answer(200, {"ETag": etag}))

    def on_head(self, _):
        have = self.server.objects.get(self.key)
        self.send_response(404 if have is None else 200)
        self.send_header("Content-Length", str(len(have or b"")))
        if have is not None:
            self.send_header("ETag", self.server.etags.get(self.key, '"x"'))
        self.end_headers()

    def on_get(self, _):
        if self.key not in self.server.objects:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        self.answer(200, {}, self.server.objects[self.key])

    def on_uploads(self, _):
        self.xml(200, "<ListMultipartUploadsResult>%s</ListMultipartUploadsResult>"
                 % "".join("<Upload><Key>%s</Key><UploadId>%s</UploadId></Upload>"
                           % (escape(key), escape(name)) for name, (key, _)
                           in self.server.uploads.items()
                           if key.startswith(self.args.get("prefix", ""))))

    def on_list(self, _):
        after = int(self.args["part-number-marker"])
        parts = [p for p in sorted(self.upload()[1].items()) if p[0] > after]
        self.xml(200, "<ListPartsResult><IsTruncated>%s</IsTruncated>%s"
                 "</ListPartsResult>" % (
                     "true" if parts[PAGE:] else "false", "".join(
                         "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag><Size>%d"
                         "</Size></Part>" % (n, escape(etag, {'"': "&quot;"}),
                                             len(body))
                         for n, (etag, body) in parts[:PAGE])))


class S3Store(http.server.ThreadingHTTPServer):
    """FAULTS: for an operation, ("part", number), or "short" for a part of less than 5
    MiB, what happens to its requests, in order; None: nothing."""
    daemon_threads = True

    def __init__(self, faults=None, cert=None, prefix="", region=REGION,
                 token=None, skew=0, secret=SECRET):
        super().__init__(("127.0.0.1", 0), S3Handler)
        self.faults = {k: list(v) for k, v in (faults or {}).items()}
        self.prefix, self.region, self.token, self.skew = prefix, region, token, \
            skew
        self.key, self.secret, self.bucket = KEY, secret, "dumps"
        self.objects, self.etags, self.sizes, self.uploads = {}, {}, {}, {}
        self.nr_uploads, self.order, self.seen = 0, [], []
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.at = lambda operation: None        # before it is done
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert + ".pem", cert + ".key")
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = "http%s://127.0.0.1:%d%s" % ("s" if cert else "",
                                                self.server_address[1], prefix)

    def take(self, *keys):
        with self.lock:
            for key in keys:
                if self.faults.get(key):
                    return self.faults[key].pop(0) or ("none",)
        return ("none",)

    def handle_error(self, *args):
        pass                    # connections that break are the point

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,),
                         daemon=True).start()
        return self

    def __exit__(self, *args):
        self.closing.set()
        self.shutdown()
        self.server_close()
