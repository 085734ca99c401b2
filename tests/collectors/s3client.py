# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of S3 by its documentation (Amazon S3 API Reference; Authenticating
Requests: AWS Signature Version 4) and Python's own library alone: what tests look at
stores with, and prove that a store is one. It shares no code with src/."""

import contextlib
import datetime
import hashlib
import hmac
import http.client
import urllib.parse
import xml.etree.ElementTree as ElementTree


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__("HTTP %d: %s" % (status, text[:400]))
        self.status, self.text = status, text


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


class Client:
    """endpoint: http://host:port; at a bucket by its path. within(): a context in
    which connections are made."""

    def __init__(self, endpoint, access, secret, region="us-east-1",
                 within=contextlib.nullcontext):
        self.within = within
        self.where = urllib.parse.urlsplit(endpoint).netloc
        self.access, self.secret, self.region = access, secret, region

    def sign(self, method, path, query, headers, now):
        day, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
        headers["x-amz-date"] = stamp
        names = sorted(headers)
        canonical = "\n".join(
            [method, path, query] + ["%s:%s" % (n, headers[n]) for n in names]
            + ["", ";".join(names), headers["x-amz-content-sha256"]])
        scope = "%s/%s/s3/aws4_request" % (day, self.region)
        headers["authorization"] = (
            "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
            % (self.access, scope, ";".join(names),
               self.signature(canonical, scope, now)))

    def send(self, method, path, query=(), body=b"", signed_payload=False):
        """The answer's (headers, body); anything but 2xx is Refused."""
        query = "&".join("%s=%s" % (quote(k), quote(str(v)))
                         for k, v in sorted(dict(query).items()))
        path = quote(path, "/")
        headers = {"host": self.where, "x-amz-content-sha256":
                   hashlib.sha256(body).hexdigest() if signed_payload
                   else "UNSIGNED-PAYLOAD"}
        self.sign(method, path, query, headers,
                  datetime.datetime.now(datetime.timezone.utc))
        connection = http.client.HTTPConnection(self.where, timeout=60)
        try:
            with self.within():
                connection.connect()
            connection.request(method, path + ("?" + query if query else ""),
                               body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        # an error may come after 200: CompleteMultipartUpload
        if answer.status // 100 != 2 or b"<Error>" in content[:200]:
            raise Refused(answer.status, content.decode(errors="replace"))
        return dict((k.lower(), v) for k, v in answer.getheaders()), content

    def presign(self, method, bucket, key, seconds):
        """A URL, for who has no key; Signature Version 4 in query parameters."""
        now = datetime.datetime.now(datetime.timezone.utc)
        scope = "%s/%s/s3/aws4_request" % (now.strftime("%Y%m%d"),
                                           self.region)
        query = "&".join("%s=%s" % (quote(k), quote(v)) for k, v in sorted({
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": self.access + "/" + scope,
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": "host"}.items()))
        path = "/%s/%s" % (bucket, quote(key, "/"))
        text = "\n".join((method, path, query, "host:" + self.where, "",
                          "host", "UNSIGNED-PAYLOAD"))
        return "http://%s%s?%s&X-Amz-Signature=%s" % (
            self.where, path, query, self.signature(text, scope, now))

    def signature(self, canonical, scope, now):
        key = ("AWS4" + self.secret).encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        return hmac.digest(key, ("AWS4-HMAC-SHA256\n%s\n%s\n%s" % (
            now.strftime("%Y%m%dT%H%M%SZ"), scope,
            hashlib.sha256(canonical.encode()).hexdigest())).encode(),
            "sha256").hex()

    def make_bucket(self, bucket):
        self.send("PUT", "/" + bucket)

    def put(self, bucket, key, body):
        self.send("PUT", "/%s/%s" % (bucket, key), body=body)

    def get(self, bucket, key):
        """None if there is no such object."""
        try:
            return self.send("GET", "/%s/%s" % (bucket, key))[1]
        except Refused as err:
            if err.status == 404:
                return None
            raise

    def keys(self, bucket):
        return texts(self.send("GET", "/" + bucket, {"list-type": 2})[1],
                     "Contents/Key")

    def create(self, bucket, key):
        return texts(self.send("POST", "/%s/%s" % (bucket, key),
                               {"uploads": ""})[1], "UploadId")[0]

    def upload(self, bucket, key, upload, number, body):
        headers, _ = self.send("PUT", "/%s/%s" % (bucket, key),
                               {"partNumber": number, "uploadId": upload},
                               body)
        return headers["etag"]

    def complete(self, bucket, key, upload, tags):
        """tags: of parts, by number."""
        body = "<CompleteMultipartUpload>%s</CompleteMultipartUpload>" % (
            "".join("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>"
                    % part for part in sorted(tags.items())))
        self.send("POST", "/%s/%s" % (bucket, key), {"uploadId": upload},
                  body.encode(), signed_payload=True)

    def abort(self, bucket, key, upload):
        self.send("DELETE", "/%s/%s" % (bucket, key), {"uploadId": upload})

    def parts(self, bucket, key, upload):
        return [int(t) for t in texts(self.send(
            "GET", "/%s/%s" % (bucket, key), {"uploadId": upload})[1],
            "Part/PartNumber")]

    def uploads(self, bucket):
        """Ids of those neither completed nor aborted."""
        return texts(self.send("GET", "/" + bucket, {"uploads": ""})[1],
                     "Upload/UploadId")


def texts(content, path):
    """With whatever namespace, or none."""
    root = ElementTree.fromstring(content)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return [e.text for e in root.findall(path)]
